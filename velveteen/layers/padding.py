"""Layers that put a border around pictures, or cut one off."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from velveteen.errors import ArgumentError
from velveteen.layers._arguments import LARGEST
from velveteen.layers._arguments import data_format as check_data_format
from velveteen.layers._windows import Size, check_sizes, join_shape, split_shape
from velveteen.layers.base import Layer

__all__ = ["Cropping2d", "ZeroPadding2d", "cropping2d", "zero_padding2d"]

Border = int | Sequence[int] | Sequence[Sequence[int]]
Edges = tuple[tuple[int, int], tuple[int, int]]


def _edges(value: Border, name: str) -> Edges:
    """Returns ((top, bottom), (left, right)) from one number, one for rows and one for columns, or all four."""
    parts = value if isinstance(value, list | tuple) else (value, value)
    pairs = [tuple(part) if isinstance(part, list | tuple) else (part, part) for part in parts]
    sound = all(
        len(pair) == 2 and all(isinstance(size, int) and 0 <= size <= LARGEST for size in pair) for pair in pairs
    )
    if not sound or len(pairs) != 2:
        raise ArgumentError(
            f"{name} must be an integer, [rows, columns] or [[top, bottom], [left, right]], none negative, got {value!r:.200}."
        )
    return tuple(pairs)  # type: ignore[return-value]


class ZeroPadding2d(Layer):
    """Puts rows and columns of zeros around pictures.

    Shapes: [batch, height, width, channels] → [batch, top + height + bottom, left + width + right, channels].

    Args:
        padding: how many: one number, [rows, columns] or [[top, bottom], [left, right]]; 1 by default.
        data_format: "channels_last" or "channels_first".
    """

    class_name = "ZeroPadding2D"

    def __init__(self, padding: Border | None = None, *, data_format: str | None = "channels_last", **base: Any):
        super().__init__(**base)
        self.padding = _edges(1 if padding is None else padding, "padding")
        self.data_format = check_data_format(data_format)
        self.channels_first = self.data_format == "channels_first"
        (top, bottom), (left, right) = self.padding
        around = (left, right, top, bottom)
        self._around = around if self.channels_first else (0, 0, *around)
        self.expects(4)

    def compute_output_shape(self, input_shape: Sequence[Size]) -> tuple[Size, ...]:
        batch, sizes, channels = split_shape(input_shape, self.channels_first)
        out = [None if size is None else size + sum(pair) for size, pair in zip(sizes, self.padding, strict=True)]
        return join_shape(batch, out, channels, self.channels_first)

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return F.pad(x, self._around)


class Cropping2d(Layer):
    """Cuts rows and columns off the edges of pictures.

    Shapes: [batch, height, width, channels] → [batch, height - top - bottom, width - left - right, channels].

    Args:
        cropping: how many: one number, [rows, columns] or [[top, bottom], [left, right]].
        data_format: "channels_last" or "channels_first".
    """

    class_name = "Cropping2D"

    def __init__(self, cropping: Border, *, data_format: str | None = "channels_last", **base: Any):
        super().__init__(**base)
        self.cropping = _edges(cropping, "cropping")
        self.data_format = check_data_format(data_format)
        self.channels_first = self.data_format == "channels_first"
        self.expects(4)

    def compute_output_shape(self, input_shape: Sequence[Size]) -> tuple[Size, ...]:
        batch, sizes, channels = split_shape(input_shape, self.channels_first)
        out = [None if size is None else size - sum(pair) for size, pair in zip(sizes, self.cropping, strict=True)]
        check_sizes(self.name, input_shape, out)
        return join_shape(batch, out, channels, self.channels_first)

    def call(self, x: torch.Tensor) -> torch.Tensor:
        first_axis = 2 if self.channels_first else 1
        for axis, (before, after) in enumerate(self.cropping, start=first_axis):
            x = x.narrow(axis, before, x.shape[axis] - before - after)
        return x


zero_padding2d = ZeroPadding2d
cropping2d = Cropping2d
