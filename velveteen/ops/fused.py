"""Operations / Convolution and Matrices: the namespace `fused`, a product with the bias and activation behind it."""

from collections.abc import Sequence
from typing import Any

import torch

from velveteen.errors import ArgumentError, unknown_name
from velveteen.ops import activation as activations
from velveteen.ops import convolution, matrices
from velveteen.ops._operator import Float32, operator
from velveteen.ops.convolution import Padding, Rounding

_ACTIVATIONS = {
    "linear": lambda y: y,
    "relu": activations.relu,
    "relu6": activations.relu6,
    "elu": activations.elu,
    "sigmoid": activations.sigmoid,
}


@operator("Operations", "Convolution", namespace="fused")
def conv2d(
    x: Float32,
    filter: Float32,
    strides: int | Sequence[int],
    pad: Padding,
    data_format: str = "NHWC",
    dilations: int | Sequence[int] = 1,
    dim_rounding_mode: Rounding = None,
    bias=None,
    activation: str | None = "linear",
    prelu_activation_weights=None,
    leakyrelu_alpha: float = 0.2,
):
    """Convolves pictures, adds a bias, and applies an activation function.

    Args:
        x, filter, strides, pad, data_format, dilations, dim_rounding_mode: as for `conv2d`.
        bias: [output channels], or what is broadcast with the output where the channels are last.
        activation: "linear", "relu", "relu6", "elu", "sigmoid", "prelu" or "leakyrelu".
        prelu_activation_weights: the slopes below 0 of "prelu", shaped as `bias` may be.
        leakyrelu_alpha: the slope below 0 of "leakyrelu".

    Returns:
        [batch, output height, output width, output channels], arranged as x.
    """
    y = convolution.conv2d(x, filter, strides, pad, data_format, dilations, dim_rounding_mode)
    return _finished(y, bias, activation, prelu_activation_weights, leakyrelu_alpha, data_format == "NCHW")


@operator("Operations", "Convolution", namespace="fused")
def depthwise_conv2d(
    x: Float32,
    filter: Float32,
    strides: int | Sequence[int],
    pad: Padding,
    data_format: str = "NHWC",
    dilations: int | Sequence[int] = 1,
    dim_rounding_mode: Rounding = None,
    bias=None,
    activation: str | None = "linear",
    prelu_activation_weights=None,
    leakyrelu_alpha: float = 0.2,
):
    """Convolves each channel of pictures by itself, adds a bias, and applies an activation function.

    Args:
        x, filter, strides, pad, data_format, dilations, dim_rounding_mode: as for `depthwise_conv2d`.
        bias, activation, prelu_activation_weights, leakyrelu_alpha: as for `fused.conv2d`.

    Returns:
        [batch, output height, output width, channels · multiplier], arranged as x.
    """
    y = convolution.depthwise_conv2d(x, filter, strides, pad, data_format, dilations, dim_rounding_mode)
    return _finished(y, bias, activation, prelu_activation_weights, leakyrelu_alpha, data_format == "NCHW")


@operator("Operations", "Matrices", namespace="fused")
def mat_mul(
    a,
    b,
    transpose_a: bool = False,
    transpose_b: bool = False,
    bias=None,
    activation: str | None = "linear",
    prelu_activation_weights=None,
    leakyrelu_alpha: float = 0.2,
):
    """Returns the matrix products `a @ b`, plus a bias, through an activation function.

    Args:
        a, b, transpose_a, transpose_b: as for `mat_mul`.
        bias: tensor that is broadcast with the product.
        activation, prelu_activation_weights, leakyrelu_alpha: as for `fused.conv2d`.

    Returns:
        A tensor of shape [..., rows, columns].
    """
    y = matrices.mat_mul(a, b, transpose_a, transpose_b)
    return _finished(y, bias, activation, prelu_activation_weights, leakyrelu_alpha, False)


def _finished(y: Any, bias: Any, activation: str | None, slopes: Any, alpha: float, channels_first: bool) -> Any:
    if bias is not None:
        y = y + _by_channel(bias, channels_first)
    if activation == "prelu":
        if slopes is None:
            raise ArgumentError('The activation "prelu" needs prelu_activation_weights, the slopes below 0.')
        return activations.prelu(y, _by_channel(slopes, channels_first))
    if activation == "leakyrelu":
        return activations.leaky_relu(y, alpha)
    activation = activation or "linear"
    if activation not in _ACTIVATIONS:
        raise unknown_name("fused activation", activation, (*_ACTIVATIONS, "prelu", "leakyrelu"))
    return _ACTIVATIONS[activation](y)


def _by_channel(values: torch.Tensor, channels_first: bool) -> torch.Tensor:
    return values[:, None, None] if channels_first and values.dim() == 1 else values
