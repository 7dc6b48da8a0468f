"""Convolutions of sequences, pictures and volumes, and their transposes.

Weights live in PyTorch's layout, and channels-last data reaches PyTorch's channels_last kernels as views.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from velveteen import activations, constraints, initializers, regularizers
from velveteen.errors import ArgumentError, ShapeError
from velveteen.layers._arguments import (
    as_float,
    choice,
    in_place,
    integers,
    no_activity_regularizer,
    positive_integer,
)
from velveteen.layers._arguments import data_format as check_data_format
from velveteen.layers._windows import Size, check_sizes, join_shape, split_shape, transposed_length, windows_length
from velveteen.layers.base import Layer
from velveteen.ops._padding import one_is_one
from velveteen.ops.convolution import conv_nd, conv_transpose_nd
from velveteen.serialization import snake_case
from velveteen.tensors import Shape

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv2dTranspose",
    "Conv3d",
    "Conv3dTranspose",
    "conv1d",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "conv3d_transpose",
]


class _Convolution(Layer):
    """What all convolutions have in common.

    Args:
        kernel_size: an integer, or one a spatial dimension.
        strides: an integer, or one a spatial dimension; 1 by default.
        padding: "valid" (none) or "same" (the output has the input's size divided by the strides, rounded up).
        data_format: "channels_last" or "channels_first".
        dilation_rate: an integer, or one a spatial dimension; 1 unless the strides are.
        activation: a name or a function of a tensor; none by default.
        use_bias: whether to add a bias.
        bias_initializer, bias_regularizer, bias_constraint: zeros and none by default.
        activity_regularizer: must be None.
    """

    rank: ClassVar[int]
    ignores_dilation: ClassVar[bool] = False
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")

    bias: torch.Tensor | None

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        *,
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        bias_initializer: Any = "zeros",
        bias_regularizer: Any = None,
        activity_regularizer: None = None,
        bias_constraint: Any = None,
        **base: Any,
    ):
        super().__init__(**base)
        no_activity_regularizer(activity_regularizer)
        self.kernel_size = integers(kernel_size, self.rank, "kernel_size")
        self.strides = integers(strides, self.rank, "strides")
        self.padding = choice(padding, self.paddings, "padding")
        self.data_format = check_data_format(data_format)
        self.dilation_rate = integers(dilation_rate, self.rank, "dilation_rate")
        if not self.ignores_dilation:
            one_is_one(self.strides, self.dilation_rate, snake_case(self.class_name))
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = activity_regularizer
        self.bias_constraint = constraints.get(bias_constraint)
        self.channels_first = self.data_format == "channels_first"
        self._in_place = in_place(self.activation) if self.rank > 1 else None  # a line's result is a view
        self._to_first = (0, self.rank + 1, *range(1, self.rank + 1))
        self._to_last = (0, *range(2, self.rank + 2), 1)
        self.register_parameter("bias", None)
        self.expects(self.rank + 2)

    def input_channels(self, input_shape: Sequence[Size]) -> int:
        """Returns the number of channels, which from now on every input must have."""
        axis = 1 if self.channels_first else -1
        channels = input_shape[axis]
        if channels is None:
            raise ShapeError(
                f'Layer "{self.name}" must know the number of channels of its input, but it is null in '
                f"{Shape(input_shape)}. Give the model an input_shape with that size."  # type: ignore[arg-type]
            )
        self.expects(self.rank + 2, axes={axis: channels})
        return channels

    def add_bias(self, channels: int) -> None:
        """Makes the bias for that many output channels, if there is to be one."""
        if self.use_bias:
            self.add_weight(
                "bias",
                (channels,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, x: torch.Tensor) -> torch.Tensor:
        if self._in_place is None:
            return self.activation(self.before_activation(x))
        x = as_float(x)
        if self.channels_first:
            return self._in_place(self.convolve(x))
        # In place before the view that makes the channels last.
        return self._in_place(self.convolve(x.permute(self._to_first))).permute(self._to_last)

    def before_activation(self, x: torch.Tensor) -> torch.Tensor:
        """Returns what the activation is applied to."""
        x = as_float(x)
        return (
            self.convolve(x) if self.channels_first else self.convolve(x.permute(self._to_first)).permute(self._to_last)
        )

    def convolve(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the convolution with bias, channels first."""
        raise NotImplementedError

    def output_sizes(self, sizes: Sequence[Size]) -> list[Size]:
        """Returns the spatial sizes of the output."""
        return [
            windows_length(size, kernel, self.padding, stride, dilation)
            for size, kernel, stride, dilation in zip(
                sizes, self.kernel_size, self.strides, self.dilation_rate, strict=True
            )
        ]

    def output_channels(self, channels: Size) -> Size:
        """Returns the number of channels of the output."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Sequence[Size]) -> tuple[Size, ...]:
        batch, sizes, channels = split_shape(input_shape, self.channels_first)
        out = self.output_sizes(sizes)
        check_sizes(self.name, input_shape, out)
        return join_shape(batch, out, self.output_channels(channels), self.channels_first)


class _DenseConvolution(_Convolution):
    """A convolution whose outputs each see all input channels.

    Args:
        filters: how many output channels.
        kernel_initializer: "glorot_normal" by default.
        kernel_regularizer, kernel_constraint: none by default.
    """

    kernel: torch.Tensor

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        *,
        kernel_initializer: Any = "glorot_normal",
        kernel_regularizer: Any = None,
        kernel_constraint: Any = None,
        **options: Any,
    ):
        super().__init__(kernel_size, **options)
        self.filters = positive_integer(filters, "filters")
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        """Returns the kernel's shape in TensorFlow.js's layout."""
        return (*self.kernel_size, channels, self.filters)

    def build(self, input_shape: Sequence[Size]) -> None:
        self.add_weight(
            "kernel",
            self.kernel_shape(self.input_channels(input_shape)),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            stored=(self.rank + 1, self.rank, *range(self.rank)),
        )
        self.add_bias(self.filters)

    def convolve(self, x: torch.Tensor) -> torch.Tensor:
        return conv_nd(x, self.kernel, self.bias, self.strides, self.padding, self.dilation_rate, channels_first=True)

    def output_channels(self, channels: Size) -> int:
        return self.filters


class Conv1d(_DenseConvolution):
    """Convolves sequences. `conv1d(filters, kernel_size, …)`.

    Shapes: [batch, time, channels] → [batch, new time, filters]; kernel [kernel_size, channels, filters].

    TensorFlow.js has only "channels_last" here. With padding "causal" no output sees what comes after it: the zeros are
    all at the start. A browser loads such a layer, but TensorFlow.js 4.22 cannot compute it.
    """

    class_name = "Conv1D"
    rank = 1
    paddings = ("valid", "same", "causal")

    def convolve(self, x: torch.Tensor) -> torch.Tensor:
        if self.padding != "causal":
            return super().convolve(x)
        before = (self.kernel_size[0] - 1) * self.dilation_rate[0]
        padded = F.pad(x, (before, 0))
        return conv_nd(padded, self.kernel, self.bias, self.strides, "valid", self.dilation_rate, channels_first=True)


class Conv2d(_DenseConvolution):
    """Convolves pictures. `conv2d(filters, kernel_size, …)`.

    Shapes: [batch, height, width, channels] → [batch, new height, new width, filters];
    kernel [height, width, channels, filters].
    """

    class_name = "Conv2D"
    rank = 2


class Conv3d(_DenseConvolution):
    """Convolves volumes. `conv3d(filters, kernel_size, …)`.

    Shapes: [batch, depth, height, width, channels] → [batch, new depth, new height, new width, filters];
    kernel [depth, height, width, channels, filters].
    """

    class_name = "Conv3D"
    rank = 3


class _TransposedConvolution(_DenseConvolution):
    """A convolution backwards: strides make the output larger."""

    def __init__(self, filters: int, kernel_size: int | Sequence[int], **options: Any):
        super().__init__(filters, kernel_size, **options)
        if max(self.dilation_rate) > 1:
            raise ArgumentError(
                f'Layer "{self.name}": a transposed convolution has no dilation in TensorFlow.js, so dilation_rate '
                f"must be 1, got {list(self.dilation_rate)}. Use a larger kernel_size."
            )

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        return (*self.kernel_size, self.filters, channels)

    def output_sizes(self, sizes: Sequence[Size]) -> list[Size]:
        return [
            transposed_length(size, kernel, self.padding, stride)
            for size, kernel, stride in zip(sizes, self.kernel_size, self.strides, strict=True)
        ]

    def convolve(self, x: torch.Tensor) -> torch.Tensor:
        sizes: Any = self.output_sizes(x.shape[2:])
        return conv_transpose_nd(x, self.kernel, self.bias, sizes, self.strides, self.padding, channels_first=True)


class Conv2dTranspose(_TransposedConvolution):
    """Enlarges pictures by the transpose of a convolution. `conv2d_transpose(filters, kernel_size, …)`.

    Shapes: [batch, height, width, channels] → [batch, height·stride, width·stride, filters] with padding "same", and
    larger by `kernel_size - stride` (if positive) with "valid"; kernel [height, width, filters, channels].
    """

    class_name = "Conv2DTranspose"
    rank = 2


class Conv3dTranspose(_TransposedConvolution):
    """Enlarges volumes by the transpose of a convolution. `conv3d_transpose(filters, kernel_size, …)`.

    Shapes: as for `conv2d_transpose`, with a depth before the height; kernel [depth, height, width, filters, channels].
    """

    class_name = "Conv3DTranspose"
    rank = 3


conv1d = Conv1d
conv2d = Conv2d
conv3d = Conv3d
conv2d_transpose = Conv2dTranspose
conv3d_transpose = Conv3dTranspose
