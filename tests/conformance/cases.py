"""Operator calls recorded from TensorFlow.js: how a case is read, called and compared.

A tensor is `{"$t": 1, "dtype", "shape", "data"}`; "NaN" and "Infinity" stand for those numbers.
"""

import csv
import functools
import math
from typing import Any

import numpy as np

import velveteen as vt
from tests.conftest import conformance_folder
from velveteen.serialization import snake_case

_DTYPES = {"float32": np.float32, "int32": np.int32, "bool": np.bool_}
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@functools.cache
def names() -> dict[str, str]:
    """Returns velveteen's name for each of TensorFlow.js's, where the list of them is there."""
    folder = conformance_folder()
    if folder is None:
        return {}
    with open(folder / "api.csv") as file:
        rows = list(csv.reader(file))
    top = {row[1]: row[2] for row in rows if row[0] == "top"}
    return top | {f"{row[0]}.{row[1]}": row[2] for row in rows if row[0] != "top"}


def find(op: str) -> Any:
    """Returns velveteen's function for an operator of TensorFlow.js, or None."""
    found: Any = vt
    usual = snake_case(op.removesuffix("Async").replace("NaN", "Nan"))
    for part in names().get(op, usual).split("."):
        found = getattr(found, part, None)
    return found


def read(value: Any) -> Any:
    """Returns what an argument in a case stands for."""
    if isinstance(value, dict) and "$t" in value:
        return (
            vt.tensor(to_numpy(value))
            if value["dtype"] != "string"
            else vt.tensor(value["data"], value["shape"], "string")
        )
    if isinstance(value, list):
        return [read(part) for part in value]
    return _NUMBERS.get(value, value) if isinstance(value, str) else value


def to_numpy(tensor: dict[str, Any]) -> np.ndarray:
    data = tensor["data"]
    if tensor["dtype"] == "string":
        return np.array(data, dtype=object).reshape(tensor["shape"])
    if tensor["dtype"] == "complex64":
        real, imag = (np.array([float(each) for each in data[part]]) for part in ("real", "imag"))
        return (real + 1j * imag).astype(np.complex64).reshape(tensor["shape"])
    return np.array([float(each) for each in data]).astype(_DTYPES[tensor["dtype"]]).reshape(tensor["shape"])


def call(case: dict[str, Any], *replaced: tuple[int, Any]) -> Any:
    """Returns velveteen's answer to a case, with some arguments replaced."""
    args = [read(arg) for arg in case["args"]]
    for place, value in replaced:
        args[place] = value
    options = {}
    if args and isinstance(args[-1], dict):
        options = {snake_case(key): value for key, value in args.pop().items()}
    return find(case["op"])(*args, **options)


def compare(found: Any, expected: Any) -> None:
    """Asserts that values, shape and dtype are those recorded."""
    if isinstance(expected, dict) and "$t" in expected:
        assert isinstance(found, vt.Tensor)
        assert found.dtype == expected["dtype"]
        assert found.shape == expected["shape"]
        values = to_numpy(expected)
        if values.dtype.kind in "fc":
            np.testing.assert_allclose(found.numpy(), values, rtol=1e-4, atol=1e-5)
        else:
            np.testing.assert_array_equal(found.numpy(), values)
    elif isinstance(expected, dict):
        for key, part in expected.items():
            compare(found[snake_case(key)] if isinstance(found, dict) else getattr(found, snake_case(key)), part)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, part in zip(found, expected, strict=True):
            compare(one, part)
    else:
        assert found == read(expected)


def check_case(case: dict[str, Any]) -> None:
    """Asserts that velveteen answers a case, and differentiates it, as TensorFlow.js did."""
    compare(call(case), case["out"])
    if "grad_of" in case:
        places = case["grad_of"]

        def sum_of_squares(*values: vt.Tensor) -> vt.Tensor:
            return call(case, *zip(places, values, strict=True)).square().sum()

        gradients = vt.grads(sum_of_squares)([read(case["args"][place]) for place in places])
        compare(gradients, case["grads_of_sum_of_squares"])
