"""Tensors / Transformations: other shapes, dtypes and frames for the same values."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from velveteen.errors import ArgumentError, DtypeError, ShapeError
from velveteen.ops._operator import AnyDtype, Int32, operator
from velveteen.ops._semantics import like, moving, with_gradients
from velveteen.tensors import TORCH_DTYPES, Dtype, Shape, check_dtype

Paddings = Sequence[Sequence[int]]


@operator("Tensors", "Transformations", method=True)
def cast(x: AnyDtype, dtype: Dtype):
    """Returns `x` in another dtype.

    To int32, numbers are cut towards zero and wrapped at 32 bits, and NaN is 0; to bool, all but 0 is true.

    Args:
        x: tensor of any shape.
        dtype: `"float32"`, `"int32"`, `"bool"` or `"complex64"`.

    Raises:
        DtypeError: from or to string.
    """
    check_dtype(dtype)
    if (dtype == "string") != isinstance(x, np.ndarray):
        raise DtypeError("cast() changes numbers to numbers only; strings stay strings.")
    if dtype == "string":
        return x
    if dtype == "int32":
        return like(torch.empty(0, dtype=torch.int32), x)
    if x.is_complex() and dtype != "complex64":
        x = x.real
    return x.to(TORCH_DTYPES[dtype])


@operator("Tensors", "Transformations", method=True)
@moving
def reshape(x: AnyDtype, shape: Sequence[int]):
    """Returns the same values, row by row, in another shape.

    Args:
        x: tensor of any shape.
        shape: the new shape; one size may be -1 and is computed.

    Raises:
        ShapeError: the new shape has another size.
    """
    shape = [shape] if isinstance(shape, int) else list(shape)
    known = math.prod(size for size in shape if size != -1)
    fits = x.numel() == known if -1 not in shape else known and x.numel() % known == 0
    if not fits or shape.count(-1) > 1:
        raise ShapeError(
            f"reshape() cannot give the {x.numel()} values of shape {Shape(x.shape)} the shape {Shape(shape)}."
        )
    return x.reshape(shape)


@operator("Tensors", "Transformations")
@moving
def ensure_shape(x: AnyDtype, shape: Sequence[int | None]):
    """Returns `x` as it is, having checked its shape.

    Args:
        x: tensor of any shape.
        shape: the shape it should have; None stands for any size.

    Raises:
        ShapeError: it has another.
    """
    if len(shape) != x.dim() or any(
        want is not None and want != size for want, size in zip(shape, x.shape, strict=True)
    ):
        raise ShapeError(f"ensure_shape() expects shape {list(shape)}, got {Shape(x.shape)}.")
    return x


@operator("Tensors", "Transformations", method=True)
@moving
def expand_dims(x: AnyDtype, axis: int = 0):
    """Returns `x` with a dimension of size 1 more.

    Args:
        x: tensor of any shape.
        axis: where the new dimension will be.
    """
    return x.unsqueeze(axis)


@operator("Tensors", "Transformations", method=True)
@moving
def squeeze(x: AnyDtype, axis: int | Sequence[int] | None = None):
    """Returns `x` without dimensions of size 1.

    Args:
        x: tensor of any shape.
        axis: which ones; all of size 1 by default.

    Raises:
        ShapeError: one of them has another size.
    """
    if axis is None or axis == []:
        return x.squeeze()
    axes = [axis] if isinstance(axis, int) else list(axis)
    for each in axes:
        if x.shape[each] != 1:
            raise ShapeError(
                f"squeeze() removes dimensions of size 1, but dimension {each} of {Shape(x.shape)} has size "
                f"{x.shape[each]}."
            )
    return x.squeeze(tuple(axes))


@operator("Tensors", "Transformations", method=True)
def broadcast_to(x, shape: Sequence[int]):
    """Returns `x` repeated along its dimensions of size 1, and new ones before them, up to a shape.

    Args:
        x: tensor of any shape.
        shape: the shape of the result.
    """
    if any(size < 0 for size in shape):
        raise ShapeError(
            f"broadcast_to() expects sizes of 0 or more, got {list(shape)}. Write out the size that -1 means."
        )
    return x.broadcast_to(tuple(shape))


@operator("Tensors", "Transformations")
def broadcast_args(s0: Int32, s1: Int32):
    """Returns the shape, int32, that tensors of two shapes have when combined by an operator with broadcasting.

    Args:
        s0: int32 tensor of rank 1: a shape.
        s1: int32 tensor of rank 1: another.

    Raises:
        ShapeError: they cannot be combined.
    """
    if s0.dim() != 1 or s1.dim() != 1:
        raise ShapeError(f"broadcast_args() expects two vectors, got {Shape(s0.shape)} and {Shape(s1.shape)}.")
    shape = torch.broadcast_shapes(s0.tolist(), s1.tolist())
    return torch.tensor(shape, dtype=torch.int32, device=s0.device)


@operator("Tensors", "Transformations", method=True)
def pad(x, paddings: Paddings, constant_value: float = 0):
    """Returns `x` with a constant around it.

    Args:
        x: tensor of rank 1 or more.
        paddings: for each dimension, how many to put before and after.
        constant_value: what to put.
    """
    _check_paddings(x, paddings, "pad")
    around = [amount for pair in reversed(list(paddings)) for amount in pair]
    if x.dtype == torch.bool:
        return torch.nn.functional.pad(x.int(), around, value=int(constant_value)) != 0
    return torch.nn.functional.pad(x, around, value=constant_value if x.is_floating_point() else int(constant_value))


def _check_paddings(x: torch.Tensor, paddings: Paddings, operator_name: str) -> None:
    if x.dim() == 0 or len(paddings) != x.dim() or any(len(pair) != 2 for pair in paddings):
        raise ShapeError(
            f"{operator_name}() expects a pair [before, after] for each dimension of a tensor of rank 1 or more, "
            f"got {paddings} for shape {Shape(x.shape)}."
        )


@operator("Tensors", "Transformations")
def pad1d(x, paddings: Sequence[int], constant_value: float = 0):
    """Returns `pad` of a vector; `paddings` is one pair [before, after]."""
    return pad(_of_rank(x, 1, "pad1d"), [paddings], constant_value)


@operator("Tensors", "Transformations")
def pad2d(x, paddings: Paddings, constant_value: float = 0):
    """Returns `pad` of a tensor of rank 2; `paddings` has a pair a dimension."""
    return pad(_of_rank(x, 2, "pad2d"), paddings, constant_value)


@operator("Tensors", "Transformations")
def pad3d(x, paddings: Paddings, constant_value: float = 0):
    """Returns `pad` of a tensor of rank 3; `paddings` has a pair a dimension."""
    return pad(_of_rank(x, 3, "pad3d"), paddings, constant_value)


@operator("Tensors", "Transformations")
def pad4d(x, paddings: Paddings, constant_value: float = 0):
    """Returns `pad` of a tensor of rank 4; `paddings` has a pair a dimension."""
    return pad(_of_rank(x, 4, "pad4d"), paddings, constant_value)


def _of_rank(x: Any, rank: int, operator_name: str) -> Any:
    if x.dim() != rank:
        raise ShapeError(f"{operator_name}() expects a tensor of rank {rank}, got shape {Shape(x.shape)}.")
    return x


@operator("Tensors", "Transformations", method=True)
def mirror_pad(x, paddings: Paddings, mode: str):
    """Returns `x` with its own values mirrored around it.

    The gradient is TensorFlow.js's: that of the values themselves, without their mirror images.

    Args:
        x: tensor of rank 1 or more.
        paddings: for each dimension, how many to put before and after; at most its size, in mode `"reflect"` one less.
        mode: `"reflect"` (the mirror stands on the outermost value) or `"symmetric"` (behind it).

    Raises:
        ArgumentError: another mode.
        ShapeError: paddings that do not fit.
    """
    if mode not in ("reflect", "symmetric"):
        raise ArgumentError(f'mirror_pad() knows the modes "reflect" and "symmetric", got {mode!r}.')
    _check_paddings(x, paddings, "mirror_pad")
    for size, pair in zip(x.shape, paddings, strict=True):
        most = size - 1 if mode == "reflect" else size
        if not all(0 <= amount <= most for amount in pair):
            raise ShapeError(f"mirror_pad() can add 0 to {most} to a dimension of size {size}, got {list(pair)}.")

    def value(x):
        for axis, pair in enumerate(paddings):
            places = np.pad(np.arange(x.shape[axis]), tuple(pair), mode=mode)  # type: ignore[call-overload]
            x = x.index_select(axis, torch.from_numpy(places).to(x.device))
        return x

    def gradient(dy, x):
        for axis, (before, _) in enumerate(paddings):
            dy = dy.narrow(axis, before, x.shape[axis])
        return dy

    return with_gradients(value, gradient)(x)


@operator("Tensors", "Transformations", method=True)
def depth_to_space(x, block_size: int, data_format: str = "NHWC"):
    """Returns `x` with its channels laid out as blocks of pixels.

    Args:
        x: tensor of shape [batch, height, width, channels], or [batch, channels, height, width].
        block_size: side of a block, 2 or more; its square divides the channels.
        data_format: `"NHWC"` or `"NCHW"`.

    Returns:
        A tensor of shape [batch, height · block_size, width · block_size, channels / block_size²].

    Raises:
        ArgumentError: `block_size` below 2.
        ShapeError: the channels are not divisible.
    """
    if block_size < 2:
        raise ArgumentError(f"depth_to_space() expects a block_size of 2 or more, got {block_size}.")
    x = x if data_format == "NHWC" else x.permute(0, 2, 3, 1)
    batch, height, width, channels = _of_rank(x, 4, "depth_to_space").shape
    if channels % block_size**2:
        raise ShapeError(f"depth_to_space() needs channels divisible by {block_size**2}, got {channels}.")
    depth = channels // block_size**2
    blocks = x.reshape(batch, height, width, block_size, block_size, depth).permute(0, 1, 3, 2, 4, 5)
    spread = blocks.reshape(batch, height * block_size, width * block_size, depth)
    return spread if data_format == "NHWC" else spread.permute(0, 3, 1, 2)


@operator("Tensors", "Transformations", method=True)
def space_to_batch_nd(x, block_shape: Sequence[int], paddings: Paddings):
    """Returns `x` cut into blocks, with each place within a block as a batch of its own.

    Args:
        x: tensor of shape [batch, ...spatial, ...rest].
        block_shape: the size of a block in each spatial dimension.
        paddings: zeros [before, after] for each spatial dimension; the padded size is divisible by the block's.

    Returns:
        A tensor of shape [batch · product(block_shape), ...spatial / block, ...rest].

    Raises:
        ShapeError: sizes that do not fit.
    """
    dims = len(block_shape)
    if any(block < 1 for block in block_shape):
        raise ShapeError(f"space_to_batch_nd() expects blocks of 1 or more, got {list(block_shape)}.")
    if x.dim() < 1 + dims or len(paddings) != dims:
        raise ShapeError(
            f"space_to_batch_nd() expects {dims} spatial dimensions after the batch and as many paddings, "
            f"got shape {Shape(x.shape)} and {len(paddings)} paddings."
        )
    x = pad(x, [[0, 0], *paddings, *[[0, 0]] * (x.dim() - 1 - dims)])
    sizes = x.shape[1 : 1 + dims]
    if any(size % block for size, block in zip(sizes, block_shape, strict=True)):
        raise ShapeError(
            f"space_to_batch_nd() expects padded spatial sizes divisible by {list(block_shape)}, got {list(sizes)}."
        )
    split = [part for size, block in zip(sizes, block_shape, strict=True) for part in (size // block, block)]
    rest = list(range(1 + 2 * dims, x.dim() + dims))
    blocks = x.reshape(x.shape[0], *split, *x.shape[1 + dims :])
    blocks = blocks.permute(*range(2, 1 + 2 * dims, 2), 0, *range(1, 1 + 2 * dims, 2), *rest)
    return blocks.reshape(x.shape[0] * math.prod(block_shape), *split[::2], *x.shape[1 + dims :])


@operator("Tensors", "Transformations", method=True)
def batch_to_space_nd(x, block_shape: Sequence[int], crops: Paddings):
    """Returns the batches put together to blocks again: the inverse of `space_to_batch_nd`.

    Args:
        x: tensor of shape [batch, ...spatial, ...rest]; the batch is divisible by product(block_shape).
        block_shape: the size of a block in each spatial dimension.
        crops: what to cut away [before, after] in each spatial dimension of the result.

    Returns:
        A tensor of shape [batch / product(block_shape), ...spatial · block - crops, ...rest].

    Raises:
        ShapeError: sizes that do not fit.
    """
    dims = len(block_shape)
    count = math.prod(block_shape)
    if x.dim() < 1 + dims or len(crops) != dims or x.shape[0] % count:
        raise ShapeError(
            f"batch_to_space_nd() expects a batch divisible by {count}, {dims} spatial dimensions and as many crops, "
            f"got shape {Shape(x.shape)} and {len(crops)} crops."
        )
    sizes = x.shape[1 : 1 + dims]
    places = x.reshape(*block_shape, x.shape[0] // count, *x.shape[1:])
    order = [dims, *(axis for each in range(dims) for axis in (dims + 1 + each, each))]
    places = places.permute(*order, *range(1 + 2 * dims, places.dim()))
    whole = [size * block for size, block in zip(sizes, block_shape, strict=True)]
    result = places.reshape(x.shape[0] // count, *whole, *x.shape[1 + dims :])
    for axis, (before, after) in enumerate(crops):
        result = result.narrow(axis + 1, before, whole[axis] - before - after)
    return result
