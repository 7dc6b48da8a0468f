"""Models that TensorFlow.js saved, with what it then predicted and how it then trained."""

import json
from typing import Any

import numpy as np
import pytest

import velveteen as vt
from tests.conftest import conformance_folder


def cases(kind: str) -> list[Any]:
    """Returns every folder of a kind as a parameter; a single skipped one where the recordings are not there."""
    root = conformance_folder()
    if root is None:
        reason = "the recordings of TensorFlow.js are not beside this checkout"
        return [pytest.param(None, id="none", marks=pytest.mark.skip(reason=reason))]
    return [pytest.param(folder, id=folder.name) for folder in sorted((root / "layers" / kind).iterdir())]


def to_numpy(tensor: dict[str, Any]) -> np.ndarray:
    kind = {"float32": np.float32, "int32": np.int32, "bool": np.bool_}[tensor["dtype"]]
    # "NaN", "Infinity" and "-Infinity" stand for themselves.
    return np.array([float(value) for value in tensor["data"]]).astype(kind).reshape(tensor["shape"])


def one_or_list(tensors: Any) -> Any:
    if isinstance(tensors, dict):
        return to_numpy(tensors)
    return to_numpy(tensors[0]) if len(tensors) == 1 else [to_numpy(tensor) for tensor in tensors]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("folder", cases("predict"))
def test_predict(folder):
    recorded = json.loads((folder / "io.json").read_text())
    predicted = as_list(vt.load_layers_model(folder).predict(one_or_list(recorded["inputs"])))
    assert len(predicted) == len(recorded["outputs"])
    for ours, theirs in zip(predicted, recorded["outputs"], strict=True):
        assert ours.dtype == theirs["dtype"]
        assert ours.shape == theirs["shape"]
        np.testing.assert_allclose(ours.numpy(), to_numpy(theirs), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("folder", cases("train"))
def test_train(folder):
    recorded = json.loads((folder / "io.json").read_text())
    model = vt.load_layers_model(folder)
    assert [weight.name for weight in model.weights] == recorded["weight_names"]
    settings = dict(recorded["compile"])
    optimizer = dict(settings.pop("optimizer"))
    make_optimizer = getattr(vt.train, optimizer.pop("name"))
    model.compile(optimizer=make_optimizer(**optimizer), **settings)
    x, y = one_or_list(recorded["x"]), one_or_list(recorded["y"])

    history = model.fit(x, y, verbose=False, **recorded["fit"]).history

    assert set(history) == set(recorded["history"])
    for key, theirs in recorded["history"].items():
        np.testing.assert_allclose(history[key], theirs, rtol=1e-3, atol=1e-4, err_msg=key)
    measured = [float(value) for value in as_list(model.evaluate(x, y))]
    np.testing.assert_allclose(measured, as_list(recorded["evaluate"]), rtol=1e-3, atol=1e-4)
    for weight, theirs in zip(model.weights, recorded["final_weights"], strict=True):
        np.testing.assert_allclose(weight.numpy(), to_numpy(theirs), rtol=1e-3, atol=1e-4, err_msg=weight.name)
