"""Operations / Convolution: pooling.

`pool_nd` works on torch tensors of 1, 2 or 3 spatial dimensions; layers call it directly, as do the operators below it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
import torch.nn.functional as F

from velveteen.errors import ArgumentError, DtypeError, ShapeError
from velveteen.ops._layout import CHANNELS_FIRST, CHANNELS_LAST, batched, check_format
from velveteen.ops._operator import Float32, operator
from velveteen.ops._padding import Padding, Rounding, Windows, one_is_one, windows
from velveteen.ops._semantics import like
from velveteen.tensors import Shape, dtype_name

_MAXIMUM = {4: F.max_pool2d, 5: F.max_pool3d}
_AVERAGE = {4: F.avg_pool2d, 5: F.avg_pool3d}


class MaxPoolWithArgmax(NamedTuple):
    """What `max_pool_with_argmax` returns."""

    result: torch.Tensor
    indexes: torch.Tensor


def pool_nd(
    x: torch.Tensor,
    kind: str,
    window: int | Sequence[int],
    strides: int | Sequence[int],
    padding: Padding = "valid",
    *,
    channels_first: bool = False,
    rounding: Rounding = None,
) -> torch.Tensor:
    """Pools in 1, 2 or 3 dimensions.

    Args:
        x: [batch, *sizes, channels], or [batch, channels, *sizes] with `channels_first`.
        kind: "max" or "avg". An average leaves the padding out of its count; its gradient, as TensorFlow.js's, does not.
        window, strides: a number, or one a spatial dimension (tuples are remembered, lists are not).
        padding, rounding: see `velveteen.ops._padding`.

    Returns:
        As x, with the output sizes.
    """
    place = windows(
        x.shape[2:] if channels_first else x.shape[1:-1], window, strides, padding, 1, rounding, channels_first
    )
    if x.dim() == 3:  # a line is a picture of one row, for which PyTorch has a channels_last kernel
        row = -2 if channels_first else 1
        x, place = x.unsqueeze(row), place.with_row()
        return _pool(x, kind, place, channels_first).squeeze(row)
    return _pool(x, kind, place, channels_first)


def _pool(x: torch.Tensor, kind: str, place: Windows, channels_first: bool) -> torch.Tensor:
    if not channels_first:
        x = x.permute(CHANNELS_FIRST[x.dim()])
    if kind == "max":
        y = _maximum(x, place)
    elif kind == "avg":
        y = _average(x, place)
    else:
        raise ArgumentError(f'Pooling is "max" or "avg", got {kind!r}.')
    return y if channels_first else y.permute(CHANNELS_LAST[y.dim()])


def _maximum(x: torch.Tensor, place: Windows) -> torch.Tensor:
    if not x.is_floating_point():  # PyTorch has no kernel; a double holds every int32
        return like(x, _maximum(x.double(), place))
    if _pads_itself(place):
        return _MAXIMUM[x.dim()](x, place.kernel, place.strides, place.before)
    return _MAXIMUM[x.dim()](F.pad(x, place.explicit, value=-torch.inf), place.kernel, place.strides)


def _average(x: torch.Tensor, place: Windows) -> torch.Tensor:
    average = _AVERAGE[x.dim()]
    if _pads_itself(place):
        y = average(x, place.kernel, place.strides, place.before)
    else:
        y = average(F.pad(x, place.explicit), place.kernel, place.strides)
    if not place.padded:
        return y
    # The kernel counted the padding. TensorFlow.js does so in the gradient only, hence the detour.
    scale = _correction(place, tuple(x.shape[2:])).to(y)
    return y + (y * (scale - 1)).detach() if y.requires_grad else y * scale


def _pads_itself(place: Windows) -> bool:
    """Returns whether PyTorch's pooling makes these windows by itself: it pads half a window at most."""
    return place.even and all(2 * start <= size for start, size in zip(place.before, place.kernel, strict=True))


@lru_cache(maxsize=256)
def _correction(place: Windows, sizes: tuple[int, ...]) -> torch.Tensor:
    """Returns, for each window, its size divided by how many elements of the input it holds."""
    counts = torch.ones(())
    for dimension, size in enumerate(sizes):
        start = torch.arange(place.sizes[dimension]) * place.strides[dimension] - place.before[dimension]
        held = (start + place.kernel[dimension]).clamp(max=size) - start.clamp(min=0)
        counts = counts.unsqueeze(-1) * held.clamp(min=0)
    volume = torch.tensor(place.kernel).prod()
    # A window without any element averages to 0 / 0, but to 0 in a volume.
    return volume / (counts.clamp(min=1) if len(sizes) == 3 else counts)


@operator("Operations", "Convolution", method=True)
def max_pool(
    x,
    filter_size: int | Sequence[int],
    strides: int | Sequence[int],
    pad: Padding,
    dim_rounding_mode: Rounding = None,
):
    """Returns the largest value of each window on pictures.

    Args:
        x: [batch, height, width, channels], or without batch.
        filter_size, strides: a number, or one for rows and one for columns.
        pad: "same", "valid", a number, or four pairs of numbers. With a number, TensorFlow.js counts the columns of the
            output by the window's height and the vertical stride, and so does this.
        dim_rounding_mode: "floor", "round" or "ceil"; only with pad as a number or pairs.
    """
    return _pooled(x, "max", 4, filter_size, strides, pad, dim_rounding_mode, "max_pool")


@operator("Operations", "Convolution", method=True)
def avg_pool(
    x: Float32,
    filter_size: int | Sequence[int],
    strides: int | Sequence[int],
    pad: Padding,
    dim_rounding_mode: Rounding = None,
):
    """Returns the mean of each window on pictures; padding does not count.

    Args:
        x: [batch, height, width, channels], or without batch.
        filter_size, strides, pad, dim_rounding_mode: as for `max_pool`.
    """
    return _pooled(x, "avg", 4, filter_size, strides, pad, dim_rounding_mode, "avg_pool")


@operator("Operations", "Convolution")
def max_pool3d(
    x,
    filter_size: int | Sequence[int] = (1, 1, 1),
    strides: int | Sequence[int] = 1,
    pad: Padding = "valid",
    dim_rounding_mode: Rounding = None,
    data_format: str = "NDHWC",
):
    """Returns the largest value of each window on volumes.

    Args:
        x: [batch, depth, height, width, channels], or without batch.
        filter_size, strides: a number, or three.
        pad: "same", "valid" or a number.
        dim_rounding_mode: "floor", "round" or "ceil"; only with pad as a number.
        data_format: "NDHWC", the only one that TensorFlow.js has.
    """
    check_format(data_format, ("NDHWC",), "max_pool3d")
    return _pooled(x, "max", 5, filter_size, strides, pad, dim_rounding_mode, "max_pool3d")


@operator("Operations", "Convolution")
def avg_pool3d(
    x: Float32,
    filter_size: int | Sequence[int],
    strides: int | Sequence[int],
    pad: Padding,
    dim_rounding_mode: Rounding = None,
    data_format: str = "NDHWC",
):
    """Returns the mean of each window on volumes; padding does not count.

    Args:
        x: [batch, depth, height, width, channels], or without batch.
        filter_size, strides, pad, dim_rounding_mode, data_format: as for `max_pool3d`.
    """
    check_format(data_format, ("NDHWC",), "avg_pool3d")
    return _pooled(x, "avg", 5, filter_size, strides, pad, dim_rounding_mode, "avg_pool3d")


def _pooled(x, kind, rank, filter_size, strides, pad, rounding, where):
    if x.dim() not in (rank, rank - 1):
        raise ShapeError(
            f"{where}() expects x of rank {rank}, or {rank - 1} without batch, got shape {Shape(x.shape)}."
        )
    y = pool_nd(batched(x, rank), kind, filter_size, strides, pad, rounding=rounding)
    return y if x.dim() == rank else y[0]


@operator("Operations", "Convolution")
def max_pool_with_argmax(
    x,
    filter_size: int | Sequence[int],
    strides: int | Sequence[int],
    pad: Padding,
    include_batch_in_index: bool = False,
):
    """Returns the largest value of each window on pictures, and where it stands.

    Args:
        x: [batch, height, width, channels].
        filter_size, strides, pad: as for `max_pool`.
        include_batch_in_index: whether an index counts from the start of the batch rather than of its picture.

    Returns:
        `result`, and `indexes` (int32): (row · width + column) · channels + channel, of the first of equals; -1 where a
            window holds nothing but padding.
    """
    if x.dim() != 4:
        raise ShapeError(f"max_pool_with_argmax() expects x of rank 4, got shape {Shape(x.shape)}.")
    batch, height, width, channels = x.shape
    place = windows((height, width), filter_size, strides, pad)
    # Padded beforehand, so that the kernel's indexes are those of the padded picture whatever the padding.
    padded = F.pad(x.permute(0, 3, 1, 2).double(), place.explicit, value=-torch.inf)
    result, flat = F.max_pool2d(padded, place.kernel, place.strides, return_indices=True)
    rows = flat // padded.shape[3] - place.before[0]
    columns = flat % padded.shape[3] - place.before[1]
    indexes = (rows * width + columns) * channels + torch.arange(channels, device=x.device)[:, None, None]
    if include_batch_in_index:
        indexes = indexes + torch.arange(batch, device=x.device)[:, None, None, None] * (height * width * channels)
    indexes = torch.where(result > -torch.inf, indexes, -1)
    result = result.to(x.dtype) if x.is_floating_point() else like(x, result)
    return MaxPoolWithArgmax(result.permute(0, 2, 3, 1), indexes.permute(0, 2, 3, 1).to(torch.int32))


@operator("Operations", "Convolution", method=True)
def pool(
    input,
    window_shape: int | Sequence[int],
    pooling_type: str,
    pad: Padding,
    dilations: int | Sequence[int] | None = None,
    strides: int | Sequence[int] | None = None,
    dim_rounding_mode: Rounding = None,
):
    """Pools pictures, with dilation if asked for.

    Args:
        input: [batch, height, width, channels], or without batch.
        window_shape: a number, or one for rows and one for columns.
        pooling_type: "max" or "avg".
        pad: as for `max_pool`. With dilation, "same" pads with zeros, which count like any other value, and numbers mean
            "valid", all as in TensorFlow.js.
        dilations, strides: numbers or pairs, 1 by default; one of them must be 1.
        dim_rounding_mode: "floor", "round" or "ceil"; only with pad as a number or pairs, and no dilation.
    """
    dilations = 1 if dilations is None else dilations
    strides = 1 if strides is None else strides
    pad = "valid" if pad == 0 else pad
    one_is_one(strides, dilations, "pool")
    if pooling_type not in ("max", "avg"):
        raise ArgumentError(f'pool() expects pooling_type "max" or "avg", got {pooling_type!r}.')
    if input.dim() not in (3, 4):
        raise ShapeError(f"pool() expects input of rank 4, or 3 without batch, got shape {Shape(input.shape)}.")
    if pooling_type == "avg" and not input.is_floating_point():
        raise DtypeError(f'pool() averages float32, but got {dtype_name(input)}. Convert it with .cast("float32").')
    x = batched(input, 4)
    place = windows(x.shape[1:-1], window_shape, strides, pad, dilations)
    if place.dilations == (1, 1):
        y = pool_nd(x, pooling_type, place.kernel, place.strides, pad, rounding=dim_rounding_mode)
    else:
        y = _dilated(x, pooling_type, place.kernel, pad, place.dilations)
    return y if input.dim() == 4 else y[0]


def _dilated(
    x: torch.Tensor, kind: str, kernel: tuple[int, ...], pad: Padding, dilations: tuple[int, ...]
) -> torch.Tensor:
    x = x.permute(0, 3, 1, 2)
    if pad == "same":
        (top, bottom), (left, right) = (
            ((k - 1) * d // 2, (k - 1) * d - (k - 1) * d // 2) for k, d in zip(kernel, dilations, strict=True)
        )
        x = F.pad(x, [left, right, top, bottom])
    if kind == "max":
        values = x if x.is_floating_point() else x.double()
        y = like(x, F.max_pool2d(values, kernel, 1, dilation=dilations))
    else:  # PyTorch's average knows no dilation, its convolution does
        mean = torch.full((x.shape[1], 1, *kernel), 1 / (kernel[0] * kernel[1]), dtype=x.dtype, device=x.device)
        y = F.conv2d(x, mean, dilation=dilations, groups=x.shape[1])
    return y.permute(0, 2, 3, 1)
