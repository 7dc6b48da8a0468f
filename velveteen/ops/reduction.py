"""Operations / Reduction: sums, means, extremes, counts over some or all axes.

`axis` is an int, a list of them, or None for all. `keep_dims` keeps the reduced axes with size 1.
"""

import builtins
import math
from typing import NamedTuple

import torch

from velveteen.errors import ArgumentError, ShapeError
from velveteen.ops._operator import Bool, Int32, operator
from velveteen.ops._semantics import Axis, axes_of, is_integral, like, reduce, with_gradients
from velveteen.tensors import Shape


class Moments(NamedTuple):
    """What `moments` returns."""

    mean: torch.Tensor
    variance: torch.Tensor


@operator("Operations", "Reduction", method=True)
def all(x: Bool, axis: Axis = None, keep_dims: bool = False):
    """Returns whether all elements along the axes are true.

    Args:
        x: bool tensor.
        axis: the axes to reduce; all by default.
        keep_dims: whether the reduced axes stay, with size 1.
    """
    return reduce(x, axis, keep_dims, lambda x, axes: torch.all(x, axes, keepdim=True))


@operator("Operations", "Reduction", method=True)
def any(x: Bool, axis: Axis = None, keep_dims: bool = False):
    """Returns whether any element along the axes is true.

    Args:
        x: bool tensor.
        axis: the axes to reduce; all by default.
        keep_dims: whether the reduced axes stay, with size 1.
    """
    return reduce(x, axis, keep_dims, lambda x, axes: torch.any(x, axes, keepdim=True))


@operator("Operations", "Reduction", method=True)
def arg_max(x, axis: int = 0):
    """Returns the index of the largest element along an axis, int32; of equal ones the first.

    NaN is passed over unless it comes first, and of no elements the answer is 0, as in TensorFlow.js.

    Args:
        x: tensor of rank 1 or more.
        axis: the axis to reduce.
    """
    return _arg_extreme(x, axis, torch.argmax, -math.inf)


@operator("Operations", "Reduction", method=True)
def arg_min(x, axis: int = 0):
    """Returns the index of the smallest element along an axis, int32; of equal ones the first.

    NaN is passed over unless it comes first, and of no elements the answer is 0, as in TensorFlow.js.

    Args:
        x: tensor of rank 1 or more.
        axis: the axis to reduce.
    """
    return _arg_extreme(x, axis, torch.argmin, math.inf)


def _arg_extreme(x, axis, find, never):
    (axis,) = axes_of(x, axis)[:1]
    if x.shape[axis] == 0:
        return torch.zeros([*x.shape[:axis], *x.shape[axis + 1 :]], dtype=torch.int32, device=x.device)
    if x.dtype == torch.bool:
        x = x.int()
    if not x.is_floating_point():
        return find(x, axis).int()
    missing = torch.isnan(x)
    found = find(torch.where(missing, never, x), axis)
    return torch.where(missing.select(axis, 0), 0, found).int()


@operator("Operations", "Reduction")
def bincount(x: Int32, weights, size: int):
    """Returns how often each of the integers below `size` occurs in `x`, or the sum of their weights.

    Args:
        x: int32 tensor of any shape, not negative; values of `size` and more are not counted.
        weights: tensor of the size of `x`, or an empty one to count each as 1.
        size: how many numbers to count.

    Returns:
        A tensor of shape [size] and the dtype of `weights`.

    Raises:
        ArgumentError: negative numbers.
        ShapeError: `weights` is neither empty nor of the size of `x`.
    """
    return _count(x.reshape(1, -1), weights, size, False, "bincount")[0]


@operator("Operations", "Reduction")
def dense_bincount(x: Int32, weights, size: int, binary_output: bool = False):
    """Counts as `bincount`, each row of a matrix for itself.

    Args:
        x: int32 tensor of shape [n] or [rows, n], not negative.
        weights: tensor of the shape of `x`, or an empty one to count each as 1.
        size: how many numbers to count.
        binary_output: whether a row's result says 1 for every number that occurs, however often. As in TensorFlow.js it
            has no effect on an `x` of rank 1.

    Returns:
        A tensor of shape [size] or [rows, size] and the dtype of `weights`.
    """
    if x.dim() > 2:
        raise ShapeError(f"dense_bincount() expects x of rank 1 or 2, got shape {Shape(x.shape)}. Reshape it first.")
    if x.dim() == 2:
        return _count(x, weights, size, binary_output, "dense_bincount")
    return _count(x.reshape(1, -1), weights, size, False, "dense_bincount")[0]


def _count(x, weights, size, binary_output, operator_name):
    if size < 0:
        raise ArgumentError(f"{operator_name}() expects a size of 0 or more, got {size}.")
    if weights.numel() not in (0, x.numel()):
        raise ShapeError(
            f"{operator_name}() expects weights of the size of x ({x.numel()}) or none, got {weights.numel()}."
        )
    if builtins.bool((x < 0).any()):
        raise ArgumentError(f"{operator_name}() counts numbers from 0 up, but x has negative ones.")
    rows = x.shape[0]
    each = torch.ones_like(x, dtype=weights.dtype) if weights.numel() == 0 else weights.reshape(x.shape)
    # One column more, for all that is too large to be counted.
    counts = torch.zeros(rows, size + 1, dtype=weights.dtype, device=x.device)
    counts = counts.scatter_add(1, x.long().clamp(max=size), each)[:, :size]
    return (counts != 0).to(counts.dtype) if binary_output else counts


@operator("Operations", "Reduction", method=True)
def log_sum_exp(x, axis: Axis = None, keep_dims: bool = False):
    """Returns `log(sum(exp(x)))` along the axes, without overflow, as float32.

    Args:
        x: tensor of any shape.
        axis: the axes to reduce; all by default.
        keep_dims: whether the reduced axes stay, with size 1.
    """
    x = x.float() if is_integral(x) else x
    return reduce(x, axis, keep_dims, lambda x, axes: torch.logsumexp(x, axes, keepdim=True))


@operator("Operations", "Reduction", method=True)
def max(x, axis: Axis = None, keep_dims: bool = False):
    """Returns the largest elements along the axes, in the dtype of `x`; NaN if there is one, or nothing at all.

    Every element that equals the largest gets the whole gradient, as in TensorFlow.js.

    Args:
        x: tensor of any shape.
        axis: the axes to reduce; all by default.
        keep_dims: whether the reduced axes stay, with size 1.
    """
    return reduce(x, axis, keep_dims, lambda x, axes: _extreme(x, axes, torch.amax))


@operator("Operations", "Reduction", method=True)
def min(x, axis: Axis = None, keep_dims: bool = False):
    """Returns the smallest elements along the axes, in the dtype of `x`; NaN if there is one, or nothing at all.

    Every element that equals the smallest gets the whole gradient, as in TensorFlow.js.

    Args:
        x: tensor of any shape.
        axis: the axes to reduce; all by default.
        keep_dims: whether the reduced axes stay, with size 1.
    """
    return reduce(x, axis, keep_dims, lambda x, axes: _extreme(x, axes, torch.amin))


def _extreme(x, axes, find):
    if builtins.any(x.shape[axis] == 0 for axis in axes):
        shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
        return x.new_full(shape, math.nan if x.is_floating_point() else 0)

    def value(x):
        return find(x, axes, keepdim=True)

    return with_gradients(value, lambda dy, x: dy * (x == value(x)))(x)


@operator("Operations", "Reduction", method=True)
def mean(x, axis: Axis = None, keep_dims: bool = False):
    """Returns the mean along the axes, as float32; 0 of nothing.

    Args:
        x: tensor of any shape.
        axis: the axes to reduce; all by default.
        keep_dims: whether the reduced axes stay, with size 1.
    """
    x = x.float() if is_integral(x) else x

    def average(x, axes):
        count = math.prod(x.shape[axis] for axis in axes)
        return torch.sum(x, axes, keepdim=True) / (count or 1)

    return reduce(x, axis, keep_dims, average)


@operator("Operations", "Normalization")
def moments(x, axis: Axis = None, keep_dims: bool = False):
    """Returns the mean and the (population) variance along the axes, as float32.

    Args:
        x: tensor of any shape.
        axis: the axes to reduce; all by default.
        keep_dims: whether the reduced axes stay, with size 1.

    Returns:
        A named tuple (mean, variance).
    """
    x = x.float() if is_integral(x) else x
    centre = mean(x, axis, True)
    deviation = x - centre
    variance = mean(deviation * deviation, axis, keep_dims)
    return Moments(centre.reshape(variance.shape), variance)


@operator("Operations", "Reduction", method=True)
def prod(x, axis: Axis = None, keep_dims: bool = False):
    """Returns the product along the axes; of bool, as int32.

    Args:
        x: tensor of any shape.
        axis: the axes to reduce; all by default.
        keep_dims: whether the reduced axes stay, with size 1.
    """
    x = x.int() if x.dtype == torch.bool else x

    def multiply(x, axes):
        kept = [axis for axis in builtins.range(x.dim()) if axis not in axes]
        shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
        product = torch.prod(x.permute(*kept, *axes).flatten(len(kept)), -1)  # PyTorch takes one axis only
        return like(x, product.reshape(shape))

    return reduce(x, axis, keep_dims, multiply)


@operator("Operations", "Reduction", method=True)
def sum(x, axis: Axis = None, keep_dims: bool = False):
    """Returns the sum along the axes; of bool, as int32.

    Args:
        x: tensor of any shape.
        axis: the axes to reduce; all by default.
        keep_dims: whether the reduced axes stay, with size 1.
    """
    dtype = torch.int32 if is_integral(x) else x.dtype
    return reduce(x, axis, keep_dims, lambda x, axes: torch.sum(x, axes, keepdim=True, dtype=dtype))
