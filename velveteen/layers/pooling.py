"""Pooling: the largest value or the mean of windows, or of everything."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from velveteen.layers._arguments import choice, integers
from velveteen.layers._arguments import data_format as check_data_format
from velveteen.layers._windows import Size, check_sizes, join_shape, split_shape, windows_length
from velveteen.layers.base import Layer
from velveteen.ops import reduction
from velveteen.ops.pooling import pool_nd

__all__ = [
    "AveragePooling1d",
    "AveragePooling2d",
    "AveragePooling3d",
    "GlobalAveragePooling1d",
    "GlobalAveragePooling2d",
    "GlobalMaxPooling1d",
    "GlobalMaxPooling2d",
    "MaxPooling1d",
    "MaxPooling2d",
    "MaxPooling3d",
    "average_pooling1d",
    "average_pooling2d",
    "average_pooling3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "avg_pooling1d",
    "avg_pooling2d",
    "avg_pooling3d",
    "global_average_pooling1d",
    "global_average_pooling2d",
    "global_max_pool1d",
    "global_max_pool2d",
    "global_max_pooling1d",
    "global_max_pooling2d",
    "max_pool1d",
    "max_pool2d",
    "max_pooling1d",
    "max_pooling2d",
    "max_pooling3d",
]


class _Pooling(Layer):
    """What all poolings of windows have in common.

    Args:
        pool_size: the window: an integer, or one a spatial dimension; 2 by default.
        strides: from one window to the next; by default the window's size.
        padding: "valid" (none) or "same" (the output has the input's size divided by the strides, rounded up).
            What is padded counts for neither the maximum nor the mean.
        data_format: "channels_last" or "channels_first".
    """

    rank: ClassVar[int]
    kind: ClassVar[str]

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        *,
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        **base: Any,
    ):
        super().__init__(**base)
        self.pool_size = integers(pool_size, self.rank, "pool_size")
        self.strides = self.pool_size if strides is None else integers(strides, self.rank, "strides")
        self.padding = choice(padding, ("valid", "same"), "padding")
        self.data_format = check_data_format(data_format)
        self.channels_first = self.data_format == "channels_first"
        self.expects(self.rank + 2)

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return pool_nd(x, self.kind, self.pool_size, self.strides, self.padding, channels_first=self.channels_first)

    def compute_output_shape(self, input_shape: Sequence[Size]) -> tuple[Size, ...]:
        batch, sizes, channels = split_shape(input_shape, self.channels_first)
        out = [
            windows_length(size, window, self.padding, stride)
            for size, window, stride in zip(sizes, self.pool_size, self.strides, strict=True)
        ]
        check_sizes(self.name, input_shape, out)
        return join_shape(batch, out, channels, self.channels_first)


class MaxPooling1d(_Pooling):
    """The largest value of each window on sequences. `max_pooling1d(pool_size, …)`.

    Shapes: [batch, time, channels] → [batch, new time, channels]. TensorFlow.js has only "channels_last" here.
    """

    class_name = "MaxPooling1D"
    rank = 1
    kind = "max"


class AveragePooling1d(_Pooling):
    """The mean of each window on sequences. `average_pooling1d(pool_size, …)`.

    Shapes: [batch, time, channels] → [batch, new time, channels]. TensorFlow.js has only "channels_last" here.
    """

    class_name = "AveragePooling1D"
    rank = 1
    kind = "avg"


class MaxPooling2d(_Pooling):
    """The largest value of each window on pictures. `max_pooling2d(pool_size, …)`.

    Shapes: [batch, height, width, channels] → [batch, new height, new width, channels].
    """

    class_name = "MaxPooling2D"
    rank = 2
    kind = "max"


class AveragePooling2d(_Pooling):
    """The mean of each window on pictures. `average_pooling2d(pool_size, …)`.

    Shapes: [batch, height, width, channels] → [batch, new height, new width, channels].
    """

    class_name = "AveragePooling2D"
    rank = 2
    kind = "avg"


class MaxPooling3d(_Pooling):
    """The largest value of each window on volumes. `max_pooling3d(pool_size, …)`.

    Shapes: [batch, depth, height, width, channels] → [batch, new depth, new height, new width, channels].
    """

    class_name = "MaxPooling3D"
    rank = 3
    kind = "max"


class AveragePooling3d(_Pooling):
    """The mean of each window on volumes. `average_pooling3d(pool_size, …)`.

    Shapes: [batch, depth, height, width, channels] → [batch, new depth, new height, new width, channels].
    """

    class_name = "AveragePooling3D"
    rank = 3
    kind = "avg"


class _GlobalPooling1d(Layer):
    """Shapes: [batch, time, channels] → [batch, channels]."""

    def __init__(self, **base: Any):
        super().__init__(**base)
        self.expects(3)

    def compute_output_shape(self, input_shape: Sequence[Size]) -> tuple[Size, ...]:
        return (input_shape[0], input_shape[2])


class GlobalAveragePooling1d(_GlobalPooling1d):
    """The mean over time of each channel.

    Shapes: [batch, time, channels] → [batch, channels].
    """

    class_name = "GlobalAveragePooling1D"

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(1)


class GlobalMaxPooling1d(_GlobalPooling1d):
    """The largest value over time of each channel.

    Shapes: [batch, time, channels] → [batch, channels].
    """

    class_name = "GlobalMaxPooling1D"

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return reduction.max(x, 1)


class _GlobalPooling2d(Layer):
    """Shapes: [batch, height, width, channels] → [batch, channels].

    Args:
        data_format: "channels_last" or "channels_first".
    """

    def __init__(self, *, data_format: str | None = "channels_last", **base: Any):
        super().__init__(**base)
        self.data_format = check_data_format(data_format)
        self._axes = (2, 3) if self.data_format == "channels_first" else (1, 2)
        self.expects(4)

    def compute_output_shape(self, input_shape: Sequence[Size]) -> tuple[Size, ...]:
        return (input_shape[0], input_shape[1 if self.data_format == "channels_first" else 3])


class GlobalAveragePooling2d(_GlobalPooling2d):
    """The mean over each picture, channel by channel.

    Shapes: [batch, height, width, channels] → [batch, channels].
    """

    class_name = "GlobalAveragePooling2D"

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(self._axes)


class GlobalMaxPooling2d(_GlobalPooling2d):
    """The largest value of each picture, channel by channel.

    Shapes: [batch, height, width, channels] → [batch, channels].
    """

    class_name = "GlobalMaxPooling2D"

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return reduction.max(x, self._axes)


max_pooling1d = max_pool1d = MaxPooling1d
max_pooling2d = max_pool2d = MaxPooling2d
max_pooling3d = MaxPooling3d
average_pooling1d = avg_pooling1d = avg_pool1d = AveragePooling1d
average_pooling2d = avg_pooling2d = avg_pool2d = AveragePooling2d
average_pooling3d = avg_pooling3d = avg_pool3d = AveragePooling3d
global_average_pooling1d = GlobalAveragePooling1d
global_average_pooling2d = GlobalAveragePooling2d
global_max_pooling1d = global_max_pool1d = GlobalMaxPooling1d
global_max_pooling2d = global_max_pool2d = GlobalMaxPooling2d
