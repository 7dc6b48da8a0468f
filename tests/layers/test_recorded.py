"""Single layers against what TensorFlow.js 4.22.0 answered: outputs, gradients, moved statistics.

`record.js` made the file.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from velveteen.layers import Layer
from velveteen.models.dialects import usual_topology
from velveteen.serialization import deserialize
from velveteen.tensors import Tensor

CASES = json.loads(Path(__file__).with_name("recorded.json").read_text())


def _array(recorded: dict[str, Any]) -> np.ndarray:
    return np.array(recorded["data"], np.float32).reshape(recorded["shape"])


def _close(found: Any, recorded: dict[str, Any], what: str) -> None:
    np.testing.assert_allclose(np.asarray(found), _array(recorded), rtol=1e-4, atol=1e-5, err_msg=what)


def _short(name: str) -> str:
    return name.rpartition("/")[2]


@pytest.mark.parametrize("case", CASES, ids=[f"{i}-{case['class_name']}" for i, case in enumerate(CASES)])
def test_layer(case):
    config = {key: value for key, value in case["config"].items() if value is not None}
    saved = usual_topology({"class_name": case["class_name"], "config": config})
    layer = deserialize(saved, Layer, "layer")
    inputs = [torch.from_numpy(_array(each)).requires_grad_() for each in case["inputs"]]
    given = inputs if len(inputs) > 1 else inputs[0]
    layer.apply([Tensor(x) for x in inputs] if len(inputs) > 1 else Tensor(given))
    assert {_short(w.name): list(w.shape) for w in layer.weights} == {
        name: weight["shape"] for name, weight in case["weights"].items()
    }
    layer.set_weights([_array(case["weights"][_short(weight.name)]) for weight in layer.weights])
    _close(layer(given).detach(), case["outputs"], "outputs")

    if "factors" not in case:
        return
    layer.train()
    (layer(given) * torch.from_numpy(_array(case["factors"]))).sum().backward()
    for x, recorded in zip(inputs, case["input_gradients"], strict=True):
        _close(x.grad, recorded, "gradient of an input")
    for weight in layer.trainable_weights:
        _close(weight.outside(weight.parameter.grad), case["weight_gradients"][_short(weight.name)], weight.name)
    for weight in layer.weights:
        _close(weight.value, case["weights_after"][_short(weight.name)], f"{weight.name} after training")
