"""What convolution and pooling layers share: sizes that windows leave over, and where the channels are."""

from collections.abc import Sequence

from velveteen.errors import ShapeError

Size = int | None


def windows_length(size: Size, kernel: int, padding: str, stride: int, dilation: int = 1) -> Size:
    """Returns how many windows fit along an axis of `size`; None when that is not known.

    Source: https://www.tensorflow.org/api_docs/python/tf/nn/convolution
    """
    if size is None:
        return None
    extent = 1 if padding in ("same", "causal") else (kernel - 1) * dilation + 1
    return (size - extent) // stride + 1


def transposed_length(size: Size, kernel: int, padding: str, stride: int) -> Size:
    """Returns the size along an axis that a transposed convolution makes of `size`; None when that is not known."""
    if size is None:
        return None
    return size * stride + (max(kernel - stride, 0) if padding == "valid" else 0)


def split_shape(shape: Sequence[Size], channels_first: bool) -> tuple[Size, list[Size], Size]:
    """Returns the batch size, the spatial sizes and the number of channels of `shape`."""
    if channels_first:
        return shape[0], list(shape[2:]), shape[1]
    return shape[0], list(shape[1:-1]), shape[-1]


def join_shape(batch: Size, sizes: Sequence[Size], channels: Size, channels_first: bool) -> tuple[Size, ...]:
    """Returns the shape with those parts."""
    return (batch, channels, *sizes) if channels_first else (batch, *sizes, channels)


def check_sizes(name: str, input_shape: Sequence[Size], sizes: Sequence[Size]) -> None:
    """Raises a ShapeError when the windows of layer `name` leave nothing over."""
    if any(size is not None and size < 1 for size in sizes):
        raise ShapeError(
            f'Layer "{name}" has windows that do not fit into its input of shape {list(input_shape)}. '
            'Make them smaller, use padding="same", or pool less before.'
        )
