"""What the operators share: JavaScript's integers, TensorFlow.js's gradients, axes, and strings that are moved about."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from velveteen import backend
from velveteen.errors import ShapeError

Axis = int | Sequence[int] | None


def to_int32(x: torch.Tensor) -> torch.Tensor:
    """Returns `x` as JavaScript stores a number in an Int32Array: cut towards zero, modulo 2³², not finite is 0."""
    if x.is_complex():
        x = x.real
    if x.is_floating_point():
        x = torch.fmod(x.nan_to_num(0.0, 0.0, 0.0), 2.0**32)  # exact, so float32 is wide enough
    return x.to(torch.int64).to(torch.int32)


def like(x: torch.Tensor, result: torch.Tensor) -> torch.Tensor:
    """Returns `result` in the dtype of `x`: TensorFlow.js's kernels write into an array of their input's kind."""
    if result.dtype == x.dtype:
        return result
    if x.dtype == torch.int32:
        return to_int32(result)
    if x.dtype == torch.bool:
        return to_int32(result) & 255 != 0
    return result


def matched(a: Any, b: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns both in the wider of their dtypes: bool < int32 < float32 < complex64; one may be a Python number."""
    if not isinstance(a, torch.Tensor):
        a = torch.as_tensor(a, dtype=b.dtype, device=b.device)
    if not isinstance(b, torch.Tensor):
        b = torch.as_tensor(b, dtype=a.dtype, device=a.device)
    dtype = torch.promote_types(a.dtype, b.dtype)
    return a.to(dtype), b.to(dtype)


def is_integral(x: torch.Tensor) -> bool:
    """Returns whether `x` is int32 or bool."""
    return not (x.is_floating_point() or x.is_complex())


def with_gradients(value: Callable[..., torch.Tensor], *gradients: Callable[..., torch.Tensor]) -> Callable[..., Any]:
    """Returns `value` with TensorFlow.js's gradients, where PyTorch's own differ.

    Args:
        value: a function of torch tensors.
        gradients: for each of its arguments, a function of dy and all arguments; what broadcasting repeated is
            summed up here.
    """

    def compute(*tensors: torch.Tensor) -> torch.Tensor:
        if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
            return _WithGradients.apply(value, gradients, *tensors)
        return value(*tensors)

    return compute


class _WithGradients(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, value: Any, gradients: Any, *tensors: torch.Tensor) -> torch.Tensor:
        context.gradients = gradients
        context.save_for_backward(*tensors)
        return value(*tensors)

    @staticmethod
    def backward(context: Any, *dy: torch.Tensor) -> Any:
        tensors = context.saved_tensors
        needed = context.needs_input_grad[2:]
        return (
            None,
            None,
            *(
                gradient(dy[0], *tensors).sum_to_size(tensor.shape) if wanted else None
                for gradient, tensor, wanted in zip(context.gradients, tensors, needed, strict=True)
            ),
        )


def axes_of(x: torch.Tensor, axis: Axis) -> tuple[int, ...]:
    """Returns the axes to reduce, sorted and not negative; None means all.

    Raises:
        ShapeError: for an axis that `x` does not have, or that is named twice.
    """
    if axis is None:
        return tuple(range(x.dim()))
    given = [axis] if isinstance(axis, int) else list(axis)
    for each in given:
        if not -x.dim() <= each < x.dim():
            raise ShapeError(
                f"Axis {each} does not exist in a tensor of rank {x.dim()} (shape {list(x.shape)}). "
                f"Use one from {-x.dim()} to {x.dim() - 1}."
            )
    axes = {each % x.dim() for each in given}
    if len(axes) < len(given):
        raise ShapeError(f"Each axis can be reduced once, but {given} names one twice. Leave the second one out.")
    return tuple(sorted(axes))


def reduce(x: torch.Tensor, axis: Axis, keep_dims: bool, function: Callable[..., torch.Tensor]) -> torch.Tensor:
    """Returns `function(x, axes)`, which keeps the axes with size 1, with or without them.

    No axes (a scalar, or an empty list) means that every element stays for itself.
    """
    axes = axes_of(x, axis)
    if not axes:
        return function(x[None], (0,)).squeeze(0)
    result = function(x, axes)
    return result if keep_dims else result.squeeze(axes)


def moving(function: Callable[..., Any]) -> Callable[..., Any]:
    """Makes an operator that only moves values about work on strings too.

    PyTorch has no strings, so the places of the strings are moved instead. The first argument is the tensor, or a list
    of tensors.
    """

    @functools.wraps(function)
    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        many = isinstance(x, list)
        if not isinstance(x[0] if many and x else x, np.ndarray):
            return function(x, *args, **kwargs)
        arrays = x if many else [x]
        pool = np.concatenate([array.reshape(-1) for array in arrays])
        places = []
        first = 0
        for array in arrays:
            last = first + array.size
            places.append(torch.arange(first, last, device=backend.device()).reshape(array.shape))
            first = last
        moved = function(places if many else places[0], *args, **kwargs)
        if isinstance(moved, list):
            return [_pick(pool, part) for part in moved]
        return _pick(pool, moved)

    return call


def _pick(pool: np.ndarray, places: torch.Tensor) -> np.ndarray:
    return pool[places.reshape(-1).cpu().numpy()].reshape(tuple(places.shape))
