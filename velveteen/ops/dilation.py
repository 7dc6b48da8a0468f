"""Operations / Convolution: morphological dilation."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from velveteen.errors import ShapeError
from velveteen.ops._layout import batched, check_format
from velveteen.ops._operator import operator
from velveteen.ops._padding import Padding, windows
from velveteen.ops._semantics import like
from velveteen.tensors import Shape

_LOWEST = -(2.0**53 - 1)
"""What TensorFlow.js takes the maximum from, so the value of a window without any pixel."""


@operator("Operations", "Convolution", method=True)
def dilation2d(
    x,
    filter,
    strides: int | Sequence[int],
    pad: Padding,
    dilations: int | Sequence[int] = 1,
    data_format: str = "NHWC",
):
    """Computes the grayscale dilation: the maximum of window plus filter.

    Args:
        x: [batch, height, width, channels], or without batch.
        filter: [height, width, channels].
        strides, dilations: a number, or one for rows and one for columns.
        pad: "same", "valid" or a number. Padding never is the maximum.
        data_format: "NHWC", the only one that TensorFlow.js has.

    Returns:
        [batch, output height, output width, channels].
    """
    check_format(data_format, ("NHWC",), "dilation2d")
    if x.dim() not in (3, 4) or filter.dim() != 3 or x.shape[-1] != filter.shape[-1]:
        raise ShapeError(
            "dilation2d() expects x of rank 4, or 3 without batch, and a filter [height, width, channels] of as many "
            f"channels, got shapes {Shape(x.shape)} and {Shape(filter.shape)}."
        )
    pictures = batched(x, 4).permute(0, 3, 1, 2)
    place = windows(pictures.shape[2:], tuple(filter.shape[:2]), strides, pad, dilations)
    extents = [(size - 1) * dilation + 1 for size, dilation in zip(place.kernel, place.dilations, strict=True)]
    padded = F.pad(pictures.to(torch.promote_types(x.dtype, torch.float32)), place.explicit, value=_LOWEST)
    views = padded.unfold(2, extents[0], place.strides[0]).unfold(3, extents[1], place.strides[1])
    views = views[..., :: place.dilations[0], :: place.dilations[1]]
    sums = views + filter.permute(2, 0, 1)[:, None, None]
    y = like(x, sums.flatten(-2).max(-1).values.permute(0, 2, 3, 1))
    return y if x.dim() == 4 else y[0]
