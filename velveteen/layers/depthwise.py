"""Convolutions that treat each channel by itself: depthwise, and separable, which then mixes the channels."""

import sys
from collections.abc import Sequence
from typing import Any

import torch

from velveteen import constraints, initializers, regularizers
from velveteen.errors import ArgumentError
from velveteen.layers._arguments import positive_integer
from velveteen.layers._windows import Size, windows_length
from velveteen.layers.convolutional import _Convolution
from velveteen.ops.convolution import conv_nd, depthwise_conv_nd

__all__ = ["DepthwiseConv2d", "SeparableConv2d", "depthwise_conv2d", "separable_conv2d"]


class _Depthwise(_Convolution):
    """A convolution with kernels of its own for each input channel.

    Args:
        depth_multiplier: how many outputs each input channel has.
        depthwise_initializer: "glorot_normal" by default; the kernel is [height, width, channels, depth_multiplier].
        depthwise_regularizer, depthwise_constraint: none by default.
    """

    rank = 2

    depthwise_kernel: torch.Tensor

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        *,
        depth_multiplier: int = 1,
        depthwise_initializer: Any = "glorot_normal",
        depthwise_regularizer: Any = None,
        depthwise_constraint: Any = None,
        **options: Any,
    ):
        super().__init__(kernel_size, **options)
        self.depth_multiplier = positive_integer(depth_multiplier, "depth_multiplier")
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)

    def add_depthwise_kernel(self, channels: int) -> None:
        """Makes the kernels for that many input channels."""
        self.add_weight(
            "depthwise_kernel",
            (*self.kernel_size, channels, self.depth_multiplier),
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
            stored=(2, 3, 0, 1),
        )


class DepthwiseConv2d(_Depthwise):
    """Convolves each channel of pictures with kernels of its own. `depthwise_conv2d(kernel_size, …)`.

    Shapes: [batch, height, width, channels] → [batch, new height, new width, channels·depth_multiplier].

    Args:
        dilation_rate: is stored, but has no effect: TensorFlow.js computes this layer without it, and a model must give
            the same answers there.
    """

    class_name = "DepthwiseConv2D"
    ignores_dilation = True

    def __init__(self, kernel_size: int | Sequence[int], **options: Any):
        super().__init__(kernel_size, **options)
        if max(self.dilation_rate) > 1:
            print(
                f'velveteen: layer "{self.name}" ignores its dilation_rate, as TensorFlow.js does. '
                "separable_conv2d() has one that works.",
                file=sys.stderr,
            )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "DepthwiseConv2d":
        """Makes the layer from its config in a file."""
        # TensorFlow.js writes the regularizer a second time in the constraint's place.
        constraint = config.get("depthwise_constraint")
        if constraint is not None and constraint == config.get("depthwise_regularizer"):
            config = {**config, "depthwise_constraint": None}
        return super().from_config(config)

    def build(self, input_shape: Sequence[Size]) -> None:
        channels = self.input_channels(input_shape)
        self.add_depthwise_kernel(channels)
        self.add_bias(channels * self.depth_multiplier)

    def convolve(self, x: torch.Tensor) -> torch.Tensor:
        return depthwise_conv_nd(x, self.depthwise_kernel, self.bias, self.strides, self.padding, channels_first=True)

    def output_sizes(self, sizes: Sequence[Size]) -> list[Size]:
        return [
            windows_length(size, kernel, self.padding, stride)
            for size, kernel, stride in zip(sizes, self.kernel_size, self.strides, strict=True)
        ]

    def output_channels(self, channels: Size) -> Size:
        return None if channels is None else channels * self.depth_multiplier


class SeparableConv2d(_Depthwise):
    """Convolves each channel of pictures by itself, then mixes the channels of each pixel.

    `separable_conv2d(filters, kernel_size, …)`.

    Shapes: [batch, height, width, channels] → [batch, new height, new width, filters].

    Args:
        filters: how many output channels.
        pointwise_initializer: "glorot_uniform" by default, as is depthwise_initializer here; the kernel is
            [1, 1, channels·depth_multiplier, filters].
        pointwise_regularizer, pointwise_constraint: none by default.
    """

    class_name = "SeparableConv2D"

    pointwise_kernel: torch.Tensor

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        *,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        pointwise_regularizer: Any = None,
        pointwise_constraint: Any = None,
        **options: Any,
    ):
        for argument in ("kernel_initializer", "kernel_regularizer", "kernel_constraint"):
            if options.pop(argument, None) is not None:
                raise ArgumentError(
                    f"A separable convolution has two kernels, so {argument} is not clear. Use "
                    f"{argument.replace('kernel', 'depthwise')} and {argument.replace('kernel', 'pointwise')}."
                )
        super().__init__(kernel_size, depthwise_initializer=depthwise_initializer, **options)
        self.filters = positive_integer(filters, "filters")
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build(self, input_shape: Sequence[Size]) -> None:
        channels = self.input_channels(input_shape)
        self.add_depthwise_kernel(channels)
        self.add_weight(
            "pointwise_kernel",
            (1, 1, channels * self.depth_multiplier, self.filters),
            self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
            stored=(3, 2, 0, 1),
        )
        self.add_bias(self.filters)

    def call(self, x: torch.Tensor) -> torch.Tensor:
        if not self.channels_first:
            return super().call(x)
        # Unlike the other convolutions, TensorFlow.js activates this one while its channels are last.
        return self.activation(self.convolve(x).permute(self._to_last)).permute(self._to_first)

    def convolve(self, x: torch.Tensor) -> torch.Tensor:
        channels = depthwise_conv_nd(
            x,
            self.depthwise_kernel,
            None,
            self.strides,
            self.padding,
            self.dilation_rate,
            channels_first=True,
        )
        return conv_nd(channels, self.pointwise_kernel, self.bias, channels_first=True)

    def output_channels(self, channels: Size) -> int:
        return self.filters


depthwise_conv2d = DepthwiseConv2d
separable_conv2d = SeparableConv2d
