"""Tensors print character by character as TensorFlow.js printed them when record_printing.js asked it."""

import json
from pathlib import Path

import pytest

import velveteen as vt
from tests.conformance.cases import read
from velveteen.formatting import javascript_number

PRINTED = json.loads(Path(__file__).with_name("printed.json").read_text())


@pytest.mark.parametrize("case", PRINTED, ids=lambda case: f"{case['tensor']['dtype']}-{case['tensor']['shape']}")
def test_prints_as_tensorflowjs(case):
    tensor = read(case["tensor"])
    assert tensor.to_string() == str(tensor) == case["short"]
    assert tensor.to_string(True) == case["verbose"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.1, "0.1"),
        (-0.0, "0"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (-1.5e300, "-1.5e+300"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (123.456, "123.456"),
        (1e16, "10000000000000000"),
    ],
)
def test_numbers_are_written_as_javascript_does(number, text):
    assert javascript_number(number) == text


def test_print_writes_to_standard_output(capsys):
    vt.print([1, 2])
    vt.tensor([1, 2]).print(True)
    vt.tensor([True]).print()
    assert capsys.readouterr().out.split("Tensor\n")[1:] == [
        "    [1, 2]\n",
        "  dtype: float32\n  rank: 1\n  shape: [2]\n  values:\n    [1, 2]\n",
        "    [true]\n",
    ]


def test_variable_says_its_name():
    assert repr(vt.variable([1.0], name="weights")) == 'Variable "weights"\nTensor\n    [1]'
