"""Graphs answer as TensorFlow.js did when record.py asked it: nearly every kind of node, control flow, lists."""

import json
from pathlib import Path

import numpy as np
import pytest

import velveteen as vt
from tests.graph_models._graphs import artifacts, tensor

CASES = json.loads(Path(__file__).with_name("recorded.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{n}-{case['name']}") for n, case in enumerate(CASES)])
def test_recorded(case):
    weights = {name: read(weight) for name, weight in case["weights"].items()}
    model = vt.load_graph_model(vt.io.from_memory(artifacts(case["model"]["modelTopology"], weights)))
    results = model.execute({name: read(value) for name, value in case["inputs"].items()}, case["outputs"])
    for result, answer in zip(results if isinstance(results, list) else [results], case["answers"], strict=True):
        assert result.shape == answer["shape"]
        assert result.dtype == answer["dtype"]
        if result.dtype == "string":
            assert result.data_sync().tolist() == answer["values"]
        else:
            expected = np.array(answer["values"], dtype=np.float64)  # infinities are texts
            np.testing.assert_allclose(result.data_sync().astype(np.float64), expected, rtol=1e-4, atol=1e-5)


def read(described):
    return tensor(described["values"], described["dtype"]).reshape(described["shape"])
