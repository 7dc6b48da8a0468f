"""Whether TensorFlow.js predicts the same: asked in Node, where that is there."""

import math
from typing import Any, NamedTuple

import numpy as np

from velveteen import tensor
from velveteen.errors import VelveteenError
from velveteen.formats._obstacles import described_layers, obstacles
from velveteen.formats._tensorflowjs import find_tensorflowjs, predictions
from velveteen.graph_models import GraphModel
from velveteen.models import Model

__all__ = ["Comparison", "compare", "find_tensorflowjs", "obstacles", "random_inputs"]

_EXAMPLES = 2
_FREE_SIZE = 16
_FREE_PIXELS = 224
"""Rows and columns of a graph's pictures, where any number fits: what most networks for pictures were trained on."""


class Comparison(NamedTuple):
    """How far TensorFlow.js's predictions are from velveteen's."""

    largest_difference: float | None
    """As part of the largest value where that is above 1; None where one of both could not compute the model."""
    error: str | None
    """Why TensorFlow.js could not."""
    skipped: str | None = None
    """Why velveteen could not compute with inputs that are made up."""


def compare(model: Model | GraphModel, timeout: float = 300) -> Comparison | None:
    """Lets TensorFlow.js predict on random inputs in Node; returns None where Node or TensorFlow.js is not there.

    TensorFlow.js is looked for as a program in the current folder would find it, then in the folders of NODE_PATH.

    Args:
        timeout: seconds.
    """
    found = find_tensorflowjs()
    if found is None:
        return None
    inputs = random_inputs(model)
    try:
        ours = _predicted(model, inputs)
    except VelveteenError as error:
        if isinstance(model, Model):
            raise
        return Comparison(None, None, f"{error!s:.300}")
    theirs, fault = predictions(found, model, inputs, timeout)
    if fault is not None:
        return Comparison(None, fault)
    if [list(y.shape) for y in ours] != [y["shape"] for y in theirs]:
        return Comparison(None, f"the outputs' shapes differ: {[y['shape'] for y in theirs]}")
    differences = [_difference(y, other["data"]) for y, other in zip(ours, theirs, strict=True)]
    return Comparison(max(differences, default=0.0), None)


def random_inputs(model: Model | GraphModel) -> list[np.ndarray]:
    """Returns random examples for each input, repeatable: two for layers, one for a graph.

    Whole numbers are small where an embedding looks them up, else those of a picture; a text is a word.
    """
    random = np.random.default_rng(0)
    if isinstance(model, GraphModel):
        return [_for_graph(random, info.shape, info.dtype) for info in model.inputs]
    configs = [config for _, class_name, config in described_layers(model.to_json()) if class_name == "Embedding"]
    largest = min((config["input_dim"] for config in configs), default=0)
    inputs = []
    for each in model.inputs:
        shape = [each.shape[0] or _EXAMPLES, *(size or _FREE_SIZE for size in each.shape[1:])]
        if largest or each.dtype == "int32":
            whole = random.integers(0, largest or 2, shape)
            inputs.append(whole.astype(np.int32 if each.dtype == "int32" else np.float32))
        else:
            inputs.append(random.normal(size=shape).astype(np.float32))
    return inputs


def _for_graph(random: np.random.Generator, shape: Any, dtype: str | None) -> np.ndarray:
    is_picture = shape is not None and len(shape) == 4
    sizes = [
        size or (1 if place == 0 else _FREE_PIXELS if is_picture and place < 3 else _FREE_SIZE)
        for place, size in enumerate([1] if shape is None else shape)
    ]
    if dtype == "string":
        return np.full(sizes, "word", dtype=object)
    if dtype == "bool":
        return np.zeros(sizes, dtype=bool)
    if dtype == "int32":
        return random.integers(0, 256, sizes).astype(np.int32)
    return random.random(sizes).astype(np.float32)


def _predicted(model: Model | GraphModel, inputs: list[np.ndarray]) -> list[np.ndarray]:
    if isinstance(model, GraphModel):
        given = dict(zip(model.input_nodes, map(tensor, inputs), strict=True))
        predicted = model.execute(given, model.output_nodes)
    else:
        predicted = model.predict(inputs if len(inputs) > 1 else inputs[0])
    return [each.numpy() for each in (predicted if isinstance(predicted, list) else [predicted])]


def _difference(ours: np.ndarray, theirs: list[Any]) -> float:
    """Returns the largest difference, as part of the largest value where that is above 1."""
    if ours.dtype == object:
        return 0.0 if ours.ravel().tolist() == theirs else math.inf
    expected = np.array([float(value) for value in theirs]).reshape(ours.shape)
    both = np.isnan(expected) & np.isnan(ours) | (expected == ours)
    differences = np.abs(np.where(both, 0, ours - expected))
    largest = float(differences.max(initial=0))
    return (
        math.inf
        if math.isnan(largest)
        else largest / max(1.0, float(np.abs(np.where(both, 0, expected)).max(initial=0)))
    )
