"""Layers that give the same values another shape, and up_sampling2d, which repeats them."""

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from velveteen.errors import ArgumentError, ArgumentTypeError, ShapeError
from velveteen.layers._arguments import as_float, choice, integer, integers, positive_integer
from velveteen.layers._arguments import data_format as check_data_format
from velveteen.layers._pixels import PixelLayer, resize_centers
from velveteen.layers._windows import Size, join_shape, split_shape
from velveteen.layers.base import Layer
from velveteen.tensors import Shape

__all__ = [
    "Flatten",
    "Permute",
    "RepeatVector",
    "Reshape",
    "UpSampling2d",
    "flatten",
    "permute",
    "repeat_vector",
    "reshape",
    "up_sampling2d",
]


class Flatten(Layer):
    """Puts all values of an example into one row.

    Shapes: [batch, a, b, …] → [batch, a·b·…].

    Args:
        data_format: "channels_first" moves the channels to the end before, so that the order is that of
            "channels_last"; by default nothing is moved.
    """

    def __init__(self, *, data_format: str | None = None, **base: Any):
        super().__init__(**base)
        self.data_format = None if data_format is None else check_data_format(data_format)
        self.expects(min_rank=3)

    def check_input_shape(self, input_shape: Any) -> None:
        if len(input_shape) == 2:
            raise ShapeError(
                f'Layer "{self.name}" expects input of at least three axes, but got {Shape(input_shape)}. '
                "This is flat already: leave the layer out."
            )
        super().check_input_shape(input_shape)

    def compute_output_shape(self, input_shape: Sequence[Size]) -> tuple[Size, ...]:
        sizes = list(input_shape[1:])
        if None in sizes:
            raise ShapeError(
                f'Layer "{self.name}" must know all sizes but the batch to flatten them, got {Shape(input_shape)}. '  # type: ignore[arg-type]
                "Give the model a complete input_shape, or use global pooling, which takes any size."
            )
        return (input_shape[0], math.prod(sizes))  # type: ignore[arg-type]

    def call(self, x: torch.Tensor) -> torch.Tensor:
        if self.data_format == "channels_first":
            x = x.movedim(1, -1)
        return x.flatten(1)


class Reshape(Layer):
    """Gives each example another shape.

    Shapes: [batch, …] → [batch, *target_shape].

    Args:
        target_shape: without the batch; one size may be -1 or None, for what is left.
    """

    def __init__(self, target_shape: Sequence[int | None], **base: Any):
        super().__init__(**base)
        if not isinstance(target_shape, list | tuple):
            raise ArgumentTypeError(f'"target_shape" must be a list of sizes, got {target_shape!r:.100}.')
        sizes = [None if size is None else integer(size, "target_shape") for size in target_shape]
        self.target_shape = tuple(None if size is None or size < 0 else size for size in sizes)
        if self.target_shape.count(None) > 1:
            raise ArgumentError(f"Only one size of target_shape can be left open, got {list(target_shape)}.")
        self._built_for: tuple[Size, ...] = (None,)

    def build(self, input_shape: Sequence[Size]) -> None:
        self._built_for = tuple(input_shape[1:])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, an open size as a number where it is known: TensorFlow.js does not find it by itself."""
        shapes = {self._built_for, *(tuple(node.inputs[0].shape[1:]) for node in self.inbound_nodes)}
        target = self.resolve(self._built_for) if len(shapes) == 1 else self.target_shape
        return super().get_config() | {"target_shape": list(target)}

    def resolve(self, sizes: Sequence[Size]) -> tuple[Size, ...]:
        """Returns the target shape for examples of these sizes, with None only where it cannot be known."""
        known = math.prod(size for size in self.target_shape if size is not None)
        if None in sizes:
            return self.target_shape
        total = math.prod(sizes)  # type: ignore[arg-type]
        is_open = None in self.target_shape
        if (known == 0 or total % known) if is_open else total != known:
            raise ShapeError(
                f'Layer "{self.name}" cannot reshape examples of shape {Shape(sizes)} ({total} values) to '  # type: ignore[arg-type]
                f"{Shape(self.target_shape)} ({known} values{' or a multiple' if is_open else ''}). "  # type: ignore[arg-type]
                "Both must hold the same number of values."
            )
        return tuple(total // known if size is None else size for size in self.target_shape)

    def compute_output_shape(self, input_shape: Sequence[Size]) -> tuple[Size, ...]:
        return (input_shape[0], *self.resolve(input_shape[1:]))

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(x.shape[0], *self.resolve(x.shape[1:]))  # type: ignore[arg-type]


class Permute(Layer):
    """Reorders the axes of each example.

    Args:
        dims: for each new axis, which one it was, counted from 1: [2, 1] swaps the first two after the batch.
    """

    def __init__(self, dims: Sequence[int], **base: Any):
        super().__init__(**base)
        axes = [integer(axis, "dims") for axis in dims] if isinstance(dims, list | tuple) else []
        if not axes or sorted(axes) != list(range(1, len(axes) + 1)):
            raise ArgumentError(f"dims must be the numbers from 1 on in some order, such as [2, 1], got {dims!r:.100}.")
        self.dims = tuple(axes)
        self._axes = (0, *self.dims)
        self.expects(len(self._axes))

    def compute_output_shape(self, input_shape: Sequence[Size]) -> tuple[Size, ...]:
        return tuple(input_shape[axis] for axis in self._axes)

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(self._axes)


class RepeatVector(Layer):
    """Makes a sequence of `n` equal steps.

    Shapes: [batch, features] → [batch, n, features].

    Args:
        n: how many steps.
    """

    def __init__(self, n: int, **base: Any):
        super().__init__(**base)
        self.n = positive_integer(n, "n")
        self.expects(2)

    def compute_output_shape(self, input_shape: Sequence[Size]) -> tuple[Size, ...]:
        return (input_shape[0], self.n, input_shape[1])

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return x.unsqueeze(1).expand(-1, self.n, -1)


class UpSampling2d(PixelLayer):
    """Enlarges pictures: repeats rows and columns, or interpolates between them.

    Shapes: [batch, height, width, channels] → [batch, height·size[0], width·size[1], channels].

    Args:
        size: how often each row and each column comes; an integer for both.
        data_format: "channels_last" or "channels_first".
        interpolation: "nearest" or "bilinear".
        half_pixel_centers: whether "bilinear" takes a pixel's center to lie in the middle between its edges, as Keras
            does. A browser would compute otherwise: TensorFlow.js has no such option.
    """

    class_name = "UpSampling2D"

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2),
        *,
        data_format: str | None = "channels_last",
        interpolation: str = "nearest",
        half_pixel_centers: bool = False,
        **base: Any,
    ):
        super().__init__(**base)
        self.half_pixel_centers = bool(half_pixel_centers)
        self.size = integers(size, 2, "size")
        self.data_format = check_data_format(data_format)
        self.interpolation = choice(interpolation, ("nearest", "bilinear"), "interpolation")
        self.channels_first = self.data_format == "channels_first"
        self.expects(4)

    def compute_output_shape(self, input_shape: Sequence[Size]) -> tuple[Size, ...]:
        batch, sizes, channels = split_shape(input_shape, self.channels_first)
        larger = [None if size is None else size * times for size, times in zip(sizes, self.size, strict=True)]
        return join_shape(batch, larger, channels, self.channels_first)

    def call(self, x: torch.Tensor) -> torch.Tensor:
        x = as_float(x) if self.channels_first else as_float(x).permute(0, 3, 1, 2)
        height, width = x.shape[2] * self.size[0], x.shape[3] * self.size[1]
        if self.interpolation == "nearest":
            # "nearest" suffers from rounding at large sizes; for whole factors, "nearest-exact" is the same without.
            y = F.interpolate(x, size=(height, width), mode="nearest-exact")
        elif self.half_pixel_centers:
            y = resize_centers(x, (height, width), "bilinear")
        else:
            # TensorFlow.js puts the first pixels onto each other and repeats the last: with one more pixel at the end,
            # this is the interpolation that PyTorch calls align_corners.
            longer = F.pad(x, (0, 1, 0, 1), mode="replicate")
            y = F.interpolate(longer, size=(height + 1, width + 1), mode="bilinear", align_corners=True)
            y = y[..., :-1, :-1]
        return y if self.channels_first else y.permute(0, 2, 3, 1)


flatten = Flatten
reshape = Reshape
permute = Permute
repeat_vector = RepeatVector
up_sampling2d = UpSampling2d
