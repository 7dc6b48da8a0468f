"""Operations / Convolution.

`conv_nd`, `conv_transpose_nd` and `depthwise_conv_nd` work on torch tensors with kernels in PyTorch's layout: layers
keep their weights so and call them directly. The operators below permute TensorFlow.js's kernels and call them too.
Channels-last inputs reach PyTorch's channels_last kernels as views, without a copy.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from velveteen.errors import ShapeError
from velveteen.ops import _matrix_convolution
from velveteen.ops._layout import CHANNELS_FIRST, CHANNELS_LAST, batched, check_channels, check_format
from velveteen.ops._operator import Float32, operator
from velveteen.ops._padding import Padding, Rounding, Windows, one_is_one, windows
from velveteen.tensors import Shape

_CONVOLUTION = {4: F.conv2d, 5: F.conv3d}
_TRANSPOSED = {4: F.conv_transpose2d, 5: F.conv_transpose3d}


def conv_nd(
    x: torch.Tensor,
    kernel: torch.Tensor,
    bias: torch.Tensor | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilations: int | Sequence[int] = 1,
    groups: int = 1,
    *,
    channels_first: bool = False,
    rounding: Rounding = None,
) -> torch.Tensor:
    """Convolves in 1, 2 or 3 dimensions.

    Args:
        x: [batch, *sizes, channels], or [batch, channels, *sizes] with `channels_first`.
        kernel: [output channels, channels / groups, *kernel sizes].
        bias: [output channels].
        strides, dilations: a number, or one a spatial dimension (tuples are remembered, lists are not).
        padding, rounding: see `velveteen.ops._padding`.

    Returns:
        [batch, *output sizes, output channels], or [batch, output channels, *output sizes] with `channels_first`.
    """
    place = windows(
        x.shape[2:] if channels_first else x.shape[1:-1],
        kernel.shape[2:],
        strides,
        padding,
        dilations,
        rounding,
        channels_first,
    )
    if x.dim() == 3:  # a line is a picture of one row, for which PyTorch has a channels_last kernel
        row = -2 if channels_first else 1
        y = _convolve(x.unsqueeze(row), kernel.unsqueeze(2), bias, place.with_row(), groups, channels_first)
        return y.squeeze(row)
    return _convolve(x, kernel, bias, place, groups, channels_first)


def _convolve(
    x: torch.Tensor,
    kernel: torch.Tensor,
    bias: torch.Tensor | None,
    place: Windows,
    groups: int,
    channels_first: bool,
) -> torch.Tensor:
    if kernel.dim() == 4:
        first = x if channels_first else x.permute(CHANNELS_FIRST[4])
        if _matrix_convolution.fits(first, kernel, place, groups):
            y = _matrix_convolution.convolve(first, kernel, bias, place)
            return y if channels_first else y.permute(CHANNELS_LAST[4])
    if not place.even:  # before the permute, so that the copy has the layout that the kernel likes
        x = F.pad(x, place.explicit if channels_first else [0, 0, *place.explicit])
    if not channels_first:
        x = x.permute(CHANNELS_FIRST[x.dim()])
    padding = place.before if place.even else 0
    if x.shape[1] == kernel.shape[1] == 1 and _makes_one_column(x, kernel, place):
        # oneDNN computes nonsense for one channel, strides and one column, when it takes the channels for the last axis.
        x, kernel = x.squeeze(1).unsqueeze(1), kernel.squeeze(1).unsqueeze(1)
    y = _CONVOLUTION[x.dim()](x, kernel, bias, place.strides, padding, place.dilations, groups)
    return y if channels_first else y.permute(CHANNELS_LAST[y.dim()])


def _makes_one_column(x: torch.Tensor, kernel: torch.Tensor, place: Windows) -> bool:
    width = x.shape[-1] + (2 * place.before[-1] if place.even else 0)
    extent = (kernel.shape[-1] - 1) * place.dilations[-1] + 1
    return place.strides[-1] > 1 and width - extent < place.strides[-1]


def depthwise_conv_nd(
    x: torch.Tensor,
    kernel: torch.Tensor,
    bias: torch.Tensor | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilations: int | Sequence[int] = 1,
    *,
    channels_first: bool = False,
    rounding: Rounding = None,
) -> torch.Tensor:
    """Convolves each channel with kernels of its own.

    Args:
        kernel: [channels, multiplier, *kernel sizes].
        x, bias, strides, padding, dilations, channels_first, rounding: as for `conv_nd`.

    Returns:
        As `conv_nd`, with channels · multiplier channels; those from one input channel stand together.
    """
    return conv_nd(
        x,
        kernel.flatten(0, 1).unsqueeze(1),
        bias,
        strides,
        padding,
        dilations,
        kernel.shape[0],
        channels_first=channels_first,
        rounding=rounding,
    )


def conv_transpose_nd(
    x: torch.Tensor,
    kernel: torch.Tensor,
    bias: torch.Tensor | None,
    sizes: Sequence[int],
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    *,
    channels_first: bool = False,
    rounding: Rounding = None,
) -> torch.Tensor:
    """Computes the gradient of a convolution with respect to its input: the transposed convolution.

    Args:
        x: [batch, *sizes, channels], or [batch, channels, *sizes] with `channels_first`.
        kernel: [channels, output channels, *kernel sizes].
        bias: [output channels].
        sizes: the output's spatial sizes.
        strides, padding, rounding: of the convolution that leads from the output's sizes to x's.

    Returns:
        [batch, *sizes, output channels], or [batch, output channels, *sizes] with `channels_first`.

    Raises:
        ShapeError: when that convolution has more windows than x has elements.
    """
    sizes = tuple(sizes)
    place = windows(sizes, kernel.shape[2:], strides, padding, 1, rounding, channels_first)
    if x.dim() == 3:
        row = -2 if channels_first else 1
        y = _transpose(x.unsqueeze(row), kernel.unsqueeze(2), bias, (1, *sizes), place.with_row(), channels_first)
        return y.squeeze(row)
    return _transpose(x, kernel, bias, sizes, place, channels_first)


def _transpose(
    x: torch.Tensor,
    kernel: torch.Tensor,
    bias: torch.Tensor | None,
    sizes: tuple[int, ...],
    place: Windows,
    channels_first: bool,
) -> torch.Tensor:
    if not channels_first:
        x = x.permute(CHANNELS_FIRST[x.dim()])
    if tuple(x.shape[2:]) != place.sizes:
        x = _first_windows(x, place, sizes)
    convolve = _TRANSPOSED[x.dim()]
    # PyTorch crops `before` at both ends and can put less than a stride back at the end.
    back = tuple(start - end for start, end in zip(place.before, place.after, strict=True))
    if min(place.before) >= 0 and all(0 <= b < stride for b, stride in zip(back, place.strides, strict=True)):
        y = convolve(x, kernel, bias, place.strides, place.before, back)
    else:
        y = convolve(x, kernel, None if _grows(place) else bias, place.strides)
        y = F.pad(y, [-size for size in place.explicit])
        if _grows(place) and bias is not None:  # what was put back has a bias as well
            y = y + bias.view(-1, *(1,) * len(sizes))
    return y if channels_first else y.permute(CHANNELS_LAST[y.dim()])


def _grows(place: Windows) -> bool:
    return min(*place.before, *place.after) < 0


def _first_windows(x: torch.Tensor, place: Windows, sizes: tuple[int, ...]) -> torch.Tensor:
    """Returns the part of x that the windows on an output of these sizes reach."""
    given = tuple(x.shape[2:])
    if any(g < needed for g, needed in zip(given, place.sizes, strict=True)):
        raise ShapeError(
            f"A transposed convolution to sizes {Shape(sizes)} needs an input of sizes {Shape(place.sizes)}, but got "
            f"{Shape(given)}. Check the output shape against the strides."
        )
    for dimension, size in enumerate(place.sizes, start=2):
        x = x.narrow(dimension, 0, size)
    return x


@operator("Operations", "Convolution", method=True)
def conv1d(
    x: Float32,
    filter: Float32,
    stride: int | Sequence[int],
    pad: Padding,
    data_format: str = "NWC",
    dilation: int | Sequence[int] = 1,
    dim_rounding_mode: Rounding = None,
):
    """Convolves sequences.

    Args:
        x: [batch, width, channels], or [width, channels].
        filter: [width, channels, output channels].
        stride, dilation: numbers; one of them must be 1.
        pad: "same", "valid", a number, or three pairs of numbers.
        data_format: "NWC", the only one that TensorFlow.js has.
        dim_rounding_mode: "floor", "round" or "ceil"; only with pad as a number or pairs.

    Returns:
        [batch, output width, output channels], without batch where x has none.
    """
    one_is_one(stride, dilation, "conv1d")
    check_format(data_format, ("NWC",), "conv1d")
    check_channels(x, filter, 1, 3, False, "conv1d")
    kernel = filter.permute(2, 1, 0)
    y = conv_nd(batched(x, 3), kernel, None, stride, pad, dilation, rounding=dim_rounding_mode)
    return y if x.dim() == 3 else y[0]


@operator("Operations", "Convolution", method=True)
def conv2d(
    x: Float32,
    filter: Float32,
    strides: int | Sequence[int],
    pad: Padding,
    data_format: str = "NHWC",
    dilations: int | Sequence[int] = 1,
    dim_rounding_mode: Rounding = None,
):
    """Convolves pictures.

    Args:
        x: [batch, height, width, channels], or without batch; [batch, channels, height, width] with "NCHW".
        filter: [height, width, channels, output channels].
        strides, dilations: a number, or one for rows and one for columns; strides or dilations must be 1.
        pad: "same", "valid", a number, or four pairs of numbers. With a number, TensorFlow.js counts the columns of the
            output by the filter's height and the vertical stride, and so does this.
        data_format: "NHWC" or "NCHW".
        dim_rounding_mode: "floor", "round" or "ceil"; only with pad as a number or pairs.

    Returns:
        [batch, output height, output width, output channels], arranged as x.
    """
    one_is_one(strides, dilations, "conv2d")
    channels_first = check_format(data_format, ("NHWC", "NCHW"), "conv2d")
    check_channels(x, filter, 2, 4, channels_first, "conv2d")
    y = conv_nd(
        batched(x, 4),
        filter.permute(3, 2, 0, 1),
        None,
        strides,
        pad,
        dilations,
        channels_first=channels_first,
        rounding=dim_rounding_mode,
    )
    return y if x.dim() == 4 else y[0]


@operator("Operations", "Convolution")
def conv3d(
    x: Float32,
    filter: Float32,
    strides: int | Sequence[int],
    pad: Padding,
    data_format: str = "NDHWC",
    dilations: int | Sequence[int] = 1,
):
    """Convolves volumes.

    Args:
        x: [batch, depth, height, width, channels], or without batch.
        filter: [depth, height, width, channels, output channels].
        strides, dilations: a number, or three; strides or dilations must be 1.
        pad: "same", "valid" or a number. As in TensorFlow.js, "same" with a stride larger than the filter does not start
            at the first element but in the middle of what is left over.
        data_format: "NDHWC", the only one that TensorFlow.js has.

    Returns:
        [batch, output depth, output height, output width, output channels].
    """
    one_is_one(strides, dilations, "conv3d")
    check_format(data_format, ("NDHWC",), "conv3d")
    check_channels(x, filter, 3, 5, False, "conv3d")
    y = conv_nd(batched(x, 5), filter.permute(4, 3, 0, 1, 2), None, strides, pad, dilations)
    return y if x.dim() == 5 else y[0]


@operator("Operations", "Convolution", method=True)
def conv2d_transpose(
    x: Float32,
    filter: Float32,
    output_shape: Sequence[int],
    strides: int | Sequence[int],
    pad: Padding,
    dim_rounding_mode: Rounding = None,
):
    """Computes the transpose of a convolution of pictures: the gradient of `conv2d` with respect to its input.

    Args:
        x: [batch, height, width, channels], or without batch.
        filter: [height, width, output channels, channels].
        output_shape: [batch, height, width, output channels], without batch where x has none.
        strides, pad, dim_rounding_mode: of the convolution that leads from the output's shape to x's.
    """
    return _transposed(x, filter, output_shape, strides, pad, dim_rounding_mode, (3, 2, 0, 1), "conv2d_transpose")


@operator("Operations", "Convolution")
def conv3d_transpose(
    x: Float32, filter: Float32, output_shape: Sequence[int], strides: int | Sequence[int], pad: Padding
):
    """Computes the transpose of a convolution of volumes: the gradient of `conv3d` with respect to its input.

    Args:
        x: [batch, depth, height, width, channels], or without batch.
        filter: [depth, height, width, output channels, channels].
        output_shape: [batch, depth, height, width, output channels], without batch where x has none.
        strides, pad: of the convolution that leads from the output's shape to x's.
    """
    return _transposed(x, filter, output_shape, strides, pad, None, (4, 3, 0, 1, 2), "conv3d_transpose")


def _transposed(x, filter, output_shape, strides, pad, rounding, layout, where):
    rank = filter.dim()
    check_channels(x, filter, rank - 1, rank, False, where)
    shape = tuple(int(size) for size in output_shape)
    expected = (*x.shape[: x.dim() - rank + 1], *shape[x.dim() - rank + 1 : -1], filter.shape[-2])
    if shape != expected:
        raise ShapeError(
            f"{where}() expects an output shape of batch and channels {Shape(expected)}, got {Shape(shape)}: "
            "x's batch first, the filter's output channels last."
        )
    y = conv_transpose_nd(
        batched(x, rank), filter.permute(layout), None, shape[1 - rank : -1], strides, pad, rounding=rounding
    )
    return y if x.dim() == rank else y[0]


@operator("Operations", "Convolution", method=True)
def depthwise_conv2d(
    x: Float32,
    filter: Float32,
    strides: int | Sequence[int],
    pad: Padding,
    data_format: str = "NHWC",
    dilations: int | Sequence[int] = 1,
    dim_rounding_mode: Rounding = None,
):
    """Convolves each channel of pictures with filters of its own.

    Args:
        x: [batch, height, width, channels], or without batch; [batch, channels, height, width] with "NCHW".
        filter: [height, width, channels, multiplier].
        strides, pad, data_format, dilations, dim_rounding_mode: as for `conv2d`.

    Returns:
        [batch, output height, output width, channels · multiplier], arranged as x.
    """
    dilations = 1 if dilations is None else dilations
    one_is_one(strides, dilations, "depthwise_conv2d")
    channels_first = check_format(data_format, ("NHWC", "NCHW"), "depthwise_conv2d")
    check_channels(x, filter, 2, 4, channels_first, "depthwise_conv2d")
    y = depthwise_conv_nd(
        batched(x, 4),
        filter.permute(2, 3, 0, 1),
        None,
        strides,
        pad,
        dilations,
        channels_first=channels_first,
        rounding=dim_rounding_mode,
    )
    return y if x.dim() == 4 else y[0]


@operator("Operations", "Convolution", method=True)
def separable_conv2d(
    x: Float32,
    depthwise_filter: Float32,
    pointwise_filter: Float32,
    strides: int | Sequence[int],
    pad: Padding,
    dilation: int | Sequence[int] = 1,
    data_format: str = "NHWC",
):
    """Convolves each channel by itself, then mixes the channels of each pixel.

    Args:
        x: [batch, height, width, channels], or without batch.
        depthwise_filter: [height, width, channels, multiplier].
        pointwise_filter: [1, 1, channels · multiplier, output channels].
        strides, pad, dilation: as for `conv2d`.
        data_format: "NHWC", the only one that TensorFlow.js has.

    Returns:
        [batch, output height, output width, output channels].
    """
    check_format(data_format, ("NHWC",), "separable_conv2d")
    if pointwise_filter.dim() != 4 or tuple(pointwise_filter.shape[:2]) != (1, 1):
        raise ShapeError(
            "separable_conv2d() expects a pointwise filter of shape [1, 1, channels · multiplier, output channels], "
            f"got {Shape(pointwise_filter.shape)}."
        )
    channels = depthwise_conv2d(x, depthwise_filter, strides, pad, data_format, dilation)
    return conv2d(channels, pointwise_filter, 1, "valid", data_format)
