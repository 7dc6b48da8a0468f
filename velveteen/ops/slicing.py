"""Tensors / Slicing and Joining: parts of tensors, and tensors of parts. All of them move strings too."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from velveteen.errors import ArgumentError, ArgumentTypeError, DtypeError, ShapeError
from velveteen.ops._operator import AnyDtype, AnyTensors, Bool, Int32, operator
from velveteen.ops._semantics import axes_of, like, moving
from velveteen.tensors import Shape, index_backwards


@operator("Tensors", "Slicing and Joining", method=True)
@moving
def slice(x: AnyDtype, begin: int | Sequence[int], size: int | Sequence[int] | None = None):
    """Returns a box cut out of `x`.

    Args:
        x: tensor of rank 1 or more.
        begin: where the box begins in each dimension; those left out begin at 0.
        size: how long it is; -1, and those left out, reach to the end.

    Raises:
        ShapeError: the box reaches out of `x`.
    """
    begin = [begin] if isinstance(begin, int) else list(begin)
    size = [] if size is None else [size] if isinstance(size, int) else list(size)
    if not 0 < x.dim() >= max(len(begin), len(size)):
        raise ShapeError(f"slice() got {len(begin)} begins and {len(size)} sizes for shape {Shape(x.shape)}.")
    begin += [0] * (x.dim() - len(begin))
    size += [-1] * (x.dim() - len(size))
    for axis, (first, length) in enumerate(zip(begin, size, strict=True)):
        length = x.shape[axis] - first if length == -1 else length
        if first < 0 or length < 0 or first + length > x.shape[axis]:
            raise ShapeError(
                f"slice() cannot take {length} elements from {first} on along dimension {axis} of {Shape(x.shape)}."
            )
        x = x.narrow(axis, first, length)
    return x


@operator("Tensors", "Slicing and Joining")
def slice1d(x: AnyDtype, begin: int, size: int):
    """Returns `slice` of a vector."""
    return slice(_of_rank(x, 1, "slice1d"), [begin], [size])


@operator("Tensors", "Slicing and Joining")
def slice2d(x: AnyDtype, begin: Sequence[int], size: Sequence[int]):
    """Returns `slice` of a tensor of rank 2."""
    return slice(_of_rank(x, 2, "slice2d"), begin, size)


@operator("Tensors", "Slicing and Joining")
def slice3d(x: AnyDtype, begin: Sequence[int], size: Sequence[int]):
    """Returns `slice` of a tensor of rank 3."""
    return slice(_of_rank(x, 3, "slice3d"), begin, size)


@operator("Tensors", "Slicing and Joining")
def slice4d(x: AnyDtype, begin: Sequence[int], size: Sequence[int]):
    """Returns `slice` of a tensor of rank 4."""
    return slice(_of_rank(x, 4, "slice4d"), begin, size)


def _of_rank(x: Any, rank: int, operator_name: str) -> Any:
    if x.ndim != rank:
        raise ShapeError(f"{operator_name}() expects a tensor of rank {rank}, got shape {Shape(x.shape)}.")
    return x


@operator("Operations", "Slicing and Joining", method=True)
@moving
def strided_slice(
    x: AnyDtype,
    begin: Sequence[int],
    end: Sequence[int],
    strides: Sequence[int] | None = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
):
    """Returns what `x[begin:end:stride, ...]` takes, the parts of the index given as lists.

    Args:
        x: tensor of rank 1 or more.
        begin: where to begin in each place of the index; negative counts from the end.
        end: before which element to end.
        strides: which step to take; 1 by default.
        begin_mask: bits of the places that begin at the beginning (or, for negative strides, at the end).
        end_mask: bits of the places that go through to the end.
        ellipsis_mask: bit of the place that stands for all dimensions not mentioned.
        new_axis_mask: bits of the places that insert a dimension of size 1.
        shrink_axis_mask: bits of the places that take one element and drop the dimension.

    Raises:
        ArgumentError: more than one ellipsis, or a stride of 0.
        ShapeError: an index out of `x`.
    """
    strides = [1] * len(begin) if strides is None else strides
    if ellipsis_mask & (ellipsis_mask - 1):
        raise ArgumentError("strided_slice() takes one ellipsis at most.")
    if 0 in strides:
        raise ArgumentError(f"strided_slice() takes no stride of 0, got {list(strides)}.")
    index: list[Any] = []
    for place in range(len(begin)):
        bit = 1 << place
        if ellipsis_mask & bit:
            index.append(...)
        elif new_axis_mask & bit:
            index.append(None)
        elif shrink_axis_mask & bit:
            index.append(begin[place])
        else:
            first = None if begin_mask & bit else begin[place]
            last = None if end_mask & bit else end[place]
            index.append(_python_slice(first, last, strides[place]))
    return index_backwards(x, tuple(index))


# The built-in of that name is hidden by the operator.
_python_slice = type(np.s_[:])


@operator("Tensors", "Slicing and Joining")
def concat(tensors: AnyTensors, axis: int = 0):
    """Returns tensors joined along an axis, in the dtype of the first.

    Args:
        tensors: list of at least one tensor; all dimensions but `axis` are equal.
        axis: the axis to join along.
    """
    if not tensors:
        raise ArgumentError("concat() expects at least one tensor, got an empty list.")
    if len({isinstance(tensor, np.ndarray) for tensor in tensors}) > 1:
        raise DtypeError("concat() expects either strings or numbers, got both. Turn the numbers into strings first.")
    if len({tensor.ndim for tensor in tensors}) > 1:  # PyTorch passes over an empty vector among matrices
        raise ShapeError(
            f"concat() expects tensors of one rank, got shapes {', '.join(str(Shape(t.shape)) for t in tensors)}. "
            "Reshape them, or use stack()."
        )
    return _concat(tensors, axis)


@moving
def _concat(tensors, axis):
    return torch.cat([like(tensors[0], tensor).to(tensors[0].dtype) for tensor in tensors], axis)


@operator("Tensors", "Slicing and Joining")
def concat1d(tensors: AnyTensors):
    """Returns vectors joined one after the other."""
    return concat(tensors, 0)


@operator("Tensors", "Slicing and Joining")
def concat2d(tensors: AnyTensors, axis: int = 0):
    """Returns tensors of rank 2 joined along an axis."""
    return concat(tensors, axis)


@operator("Tensors", "Slicing and Joining")
def concat3d(tensors: AnyTensors, axis: int = 0):
    """Returns tensors of rank 3 joined along an axis."""
    return concat(tensors, axis)


@operator("Tensors", "Slicing and Joining")
def concat4d(tensors: AnyTensors, axis: int = 0):
    """Returns tensors of rank 4 joined along an axis."""
    return concat(tensors, axis)


@operator("Tensors", "Slicing and Joining")
def stack(tensors: AnyTensors, axis: int = 0):
    """Returns tensors of one shape stacked along a new axis.

    Args:
        tensors: list of at least one tensor; all of one shape and dtype.
        axis: where the new axis will be.

    Raises:
        ArgumentError: the list is empty.
        DtypeError: the dtypes differ.
    """
    if not tensors:
        raise ArgumentError("stack() expects at least one tensor, got an empty list.")
    if len({tensor.dtype for tensor in tensors}) > 1:
        raise DtypeError(f"stack() expects tensors of one dtype, got {[str(t.dtype) for t in tensors]}. Use cast().")
    return _stack(tensors, axis)


@moving
def _stack(tensors, axis):
    return torch.stack(tensors, axis)


@operator("Tensors", "Slicing and Joining", method=True)
@moving
def unstack(x: AnyDtype, axis: int = 0):
    """Returns the list of the slices of `x` along an axis, without it.

    Args:
        x: tensor of rank 1 or more.
        axis: the axis to take apart.
    """
    return list(torch.unbind(x, axis))


@operator("Tensors", "Slicing and Joining", method=True)
@moving
def split(x: AnyDtype, num_or_size_splits: int | Sequence[int], axis: int = 0):
    """Returns the list of the parts of `x` along an axis.

    Args:
        x: tensor of rank 1 or more.
        num_or_size_splits: how many equal parts, or the size of each; one of the sizes may be -1, for the rest.
        axis: the axis to cut.

    Raises:
        ShapeError: parts that do not add up.
    """
    length = x.shape[axis]
    if isinstance(num_or_size_splits, int):
        if num_or_size_splits < 1 or length % num_or_size_splits:
            raise ShapeError(f"split() cannot cut {length} into {num_or_size_splits} equal parts. Give their sizes.")
        sizes = [length // num_or_size_splits] * num_or_size_splits
    else:
        sizes = list(num_or_size_splits)
        if sizes.count(-1) == 1:
            sizes[sizes.index(-1)] = length - sum(sizes) - 1
        if sum(sizes) != length or min(sizes, default=0) < 0:
            raise ShapeError(f"split() expects sizes that add up to {length}, got {list(num_or_size_splits)}.")
    return list(torch.split(x, sizes, axis))


@operator("Tensors", "Slicing and Joining", method=True)
@moving
def tile(x: AnyDtype, reps: Sequence[int]):
    """Returns `x` repeated along each dimension.

    Args:
        x: tensor of rank 1 or more.
        reps: how often, for each dimension.
    """
    if len(reps) != x.dim():
        raise ShapeError(f"tile() expects a number for each dimension of {Shape(x.shape)}, got {list(reps)}.")
    return x.tile(tuple(reps))


@operator("Tensors", "Slicing and Joining", method=True)
@moving
def reverse(x: AnyDtype, axis: int | Sequence[int] | None = None):
    """Returns `x` with the order of its elements reversed along axes.

    Args:
        x: tensor of any shape.
        axis: the axes; all by default.
    """
    return x.flip(axes_of(x, axis))


@operator("Tensors", "Slicing and Joining")
def reverse1d(x: AnyDtype):
    """Returns a vector backwards."""
    return reverse(_of_rank(x, 1, "reverse1d"), 0)


@operator("Tensors", "Slicing and Joining")
def reverse2d(x: AnyDtype, axis: int | Sequence[int] | None = None):
    """Returns `reverse` of a tensor of rank 2."""
    return reverse(_of_rank(x, 2, "reverse2d"), axis)


@operator("Tensors", "Slicing and Joining")
def reverse3d(x: AnyDtype, axis: int | Sequence[int] | None = None):
    """Returns `reverse` of a tensor of rank 3."""
    return reverse(_of_rank(x, 3, "reverse3d"), axis)


@operator("Tensors", "Slicing and Joining")
def reverse4d(x: AnyDtype, axis: int | Sequence[int] | None = None):
    """Returns `reverse` of a tensor of rank 4."""
    return reverse(_of_rank(x, 4, "reverse4d"), axis)


@operator("Operations", "Slicing and Joining")
def meshgrid(x=None, y=None, *, indexing: str = "xy"):
    """Returns the coordinates of all points of a grid.

    Args:
        x: vector of the coordinates along the first axis; without it, the result is empty.
        y: vector of the coordinates along the second; without it, the result is `x` alone.
        indexing: `"xy"` for shape [len(y), len(x)], `"ij"` for [len(x), len(y)].

    Returns:
        A list of two tensors.
    """
    if indexing not in ("xy", "ij"):
        raise ArgumentTypeError(f'meshgrid() expects indexing "xy" or "ij", got {indexing!r}.')
    vectors = [vector for vector in (x, y) if vector is not None]
    if len(vectors) < 2:
        return vectors
    across, down = (x.reshape(1, -1), y.reshape(-1, 1)) if indexing == "xy" else (x.reshape(-1, 1), y.reshape(1, -1))
    return list(torch.broadcast_tensors(across, down))


@operator("Tensors", "Slicing and Joining")
def boolean_mask(tensor: AnyDtype, mask: Bool, axis: int = 0):
    """Returns the elements, or slices, of `tensor` where `mask` is true.

    Args:
        tensor: tensor of rank 1 or more.
        mask: bool tensor; its shape is that of some dimensions of `tensor`, from `axis` on.
        axis: the first of them.

    Raises:
        ShapeError: the mask has another shape.
    """
    if mask.dim() == 0 or tuple(tensor.shape[axis : axis + mask.dim()]) != tuple(mask.shape):
        raise ShapeError(
            f"boolean_mask() expects a mask of the dimensions of {Shape(tensor.shape)} from {axis} on, "
            f"got {Shape(mask.shape)}."
        )
    return _take_masked(tensor, mask, axis)


@moving
def _take_masked(tensor, mask, axis):
    places = torch.nonzero(mask.reshape(-1)).reshape(-1)
    return tensor.flatten(axis, axis + mask.dim() - 1).index_select(axis, places)


@operator("Tensors", "Slicing and Joining", method=True)
def gather(x: AnyDtype, indices: Int32, axis: int = 0, batch_dims: int = 0):
    """Returns the slices of `x` along an axis that `indices` names.

    Args:
        x: tensor of rank 1 or more.
        indices: int32 tensor of any shape, from 0 to the size of the axis - 1.
        axis: the axis to take from.
        batch_dims: how many first dimensions `x` and `indices` share, row for row.

    Returns:
        A tensor of shape x.shape[:axis] + indices.shape[batch_dims:] + x.shape[axis + 1:].

    Raises:
        ShapeError: an index out of the axis.
    """
    size = x.shape[axis]
    if batch_dims > axis % x.ndim:
        raise ArgumentError(f"gather() expects batch_dims to be at most the axis ({axis % x.ndim}), got {batch_dims}.")
    if indices.numel() and not 0 <= int(indices.min()) <= int(indices.max()) < size:
        raise ShapeError(
            f"gather() expects indices from 0 to {size - 1}, got {int(indices.min())} to {int(indices.max())}."
        )
    return _gather(x, indices, axis, batch_dims)


@moving
def _gather(x, indices, axis, batch_dims):
    axis, batch_dims = axis % x.dim(), batch_dims % max(indices.dim(), 1)
    shape = (*x.shape[:axis], *indices.shape[batch_dims:], *x.shape[axis + 1 :])
    if batch_dims == 0:
        return x.index_select(axis, indices.reshape(-1)).reshape(shape)
    rows = indices.shape[:batch_dims].numel()
    boxes = x.reshape(rows, x.shape[batch_dims:axis].numel(), x.shape[axis], x.shape[axis + 1 :].numel())
    places = indices.long().reshape(rows, 1, -1, 1).expand(-1, boxes.shape[1], -1, boxes.shape[3])
    return boxes.gather(2, places).reshape(shape)
