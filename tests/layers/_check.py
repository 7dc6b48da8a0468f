"""`check_layer` asks a layer every question that all layers are asked."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from velveteen.errors import ShapeError
from velveteen.layers import Layer, SymbolicTensor, input
from velveteen.serialization import deserialize
from velveteen.tensors import Tensor

BATCH = 2


def check_layer(
    make: Callable[[], Layer],
    *input_shapes: Sequence[int],
    output_shape: Sequence[int],
    weights: int = 0,
    below: int | None = None,
    open_axes: Sequence[int] = (),
    open_output: Sequence[int | None] | None = None,
    wrong_rank: bool = True,
) -> Layer:
    """Checks config, shapes, dtype, weights, gradients and errors of a layer.

    Args:
        make: makes a new layer.
        input_shapes: of one example, for each input.
        output_shape: of one example.
        weights: how many weights there should be.
        below: inputs are whole numbers below this one; else normally distributed.
        open_axes: axes of the first input (counted with the batch) whose size may stay unknown.
        open_output: the output's shape then, without the batch.
        wrong_rank: whether an input with another rank must be refused.

    Returns:
        the layer, built.
    """
    torch.manual_seed(0)
    layer = make()
    values = [_values((BATCH, *shape), below) for shape in input_shapes]

    symbolic = _symbolic(layer, [(None, *shape) for shape in input_shapes])
    assert symbolic.shape == [None, *output_shape]
    real = _apply(layer, values)
    assert real.shape == [BATCH, *output_shape]
    assert real.dtype == symbolic.dtype == "float32"
    assert layer.compute_output_shape(_one_or_all([tuple(v.shape) for v in values])) == (BATCH, *output_shape)
    assert len(layer.weights) == weights
    assert all(weight.name.startswith(f"{layer.name}/") for weight in layer.weights)

    _check_config(layer, values, real)
    _check_training_step(layer, values)
    if open_axes:
        shape: list[int | None] = [None, *input_shapes[0]]
        for axis in open_axes:
            shape[axis] = None
        others: list[Sequence[int | None]] = [(None, *other) for other in input_shapes[1:]]
        assert _symbolic(make(), [shape, *others]).shape == [None, *(open_output or output_shape)]
    if wrong_rank:
        with pytest.raises(ShapeError, match=rf'"{layer.name}".* (expects|takes|merges) .*got .*\. \w+.*\.$'):
            layer.apply(Tensor(np.ones((BATCH,), np.float32)))
    return layer


def _values(shape: tuple[int, ...], below: int | None) -> torch.Tensor:
    return torch.randn(shape) if below is None else torch.randint(0, below, shape, dtype=torch.int32)


def _one_or_all(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items


def _symbolic(layer: Layer, shapes: Sequence[Sequence[int | None]]) -> SymbolicTensor:
    return layer.apply(_one_or_all([input(batch_shape=shape) for shape in shapes]))


def _apply(layer: Layer, values: list[torch.Tensor]) -> Tensor:
    return layer.apply(_one_or_all([Tensor(value) for value in values]))


def _check_config(layer: Layer, values: list[torch.Tensor], expected: Tensor) -> None:
    config = json.loads(json.dumps(layer.get_config()))
    copy = deserialize({"class_name": layer.class_name, "config": config}, Layer, "layer")
    assert type(copy) is type(layer)
    assert json.loads(json.dumps(copy.get_config())) == config
    _apply(copy, values)  # builds it
    copy.set_weights(layer.get_weights())
    np.testing.assert_array_equal(_apply(copy, values).numpy(), expected.numpy())


def _check_training_step(layer: Layer, values: list[torch.Tensor]) -> None:
    inputs = [value.requires_grad_() if value.is_floating_point() else value for value in values]
    layer.train()
    result = layer(_one_or_all(inputs))
    (result * torch.randn(result.shape)).sum().backward()
    for weight in layer.trainable_weights:
        assert weight.parameter.grad is not None, weight.name
        assert weight.parameter.grad.isfinite().all(), weight.name
    assert all(value.grad is not None for value in inputs if value.is_floating_point())
    layer.eval()
