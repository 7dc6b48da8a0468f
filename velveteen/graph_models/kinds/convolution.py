"""Nodes that convolve and pool. Constant filters are laid out for PyTorch's kernels once, when the program is made."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from velveteen import ops
from velveteen.errors import unknown_name
from velveteen.graph_models.kinds._reading import channels_first, integers, last_to_first, padding, spatial
from velveteen.graph_models.kinds.arithmetic import slope
from velveteen.graph_models.registry import Call, Function, kind
from velveteen.ops.convolution import conv_nd, conv_transpose_nd
from velveteen.ops.pooling import pool_nd

# In place, since what they work on was made by the convolution and is seen by nobody else.
_ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "linear": lambda y: y,
    "relu": torch.relu_,
    "relu6": lambda y: F.hardtanh_(y, 0.0, 6.0),
    "elu": F.elu_,
    "sigmoid": torch.sigmoid_,
    "tanh": torch.tanh_,
}


def fused_operations(call: Call) -> tuple[bool, Function]:
    """Returns whether a node adds a bias, and what it does after that: a function of its result and the slopes, if any."""
    names = [name.lower() for name in call.attributes.texts("fused_ops")]
    activation = next((name for name in names if name != "biasadd"), "linear")
    if activation == "prelu":
        return "biasadd" in names, slope
    if activation == "leakyrelu":
        alpha = call.attributes.number("leakyrelu_alpha", 0.2)
        return "biasadd" in names, lambda y: F.leaky_relu_(y, alpha)
    if activation not in _ACTIVATIONS:
        raise unknown_name("fused operation", activation[:80], (*_ACTIVATIONS, "prelu", "leakyrelu", "biasadd"))
    return "biasadd" in names, _ACTIVATIONS[activation]


def _full_kernel(filter: torch.Tensor) -> torch.Tensor:
    return filter.permute(3, 2, 0, 1)


def _depthwise_kernel(filter: torch.Tensor) -> torch.Tensor:
    return filter.permute(2, 3, 0, 1).flatten(0, 1).unsqueeze(1)


def _convolution(call: Call, lay_out: Callable[[torch.Tensor], torch.Tensor], depthwise: bool) -> Function:
    first = channels_first(call)
    strides, dilations = spatial(call, "strides", first), spatial(call, "dilations", first)
    pad = padding(call)
    has_bias, activate = fused_operations(call)
    known = None
    if 1 in call.constants:
        known = lay_out(call.constants[1]).contiguous(memory_format=torch.channels_last)

    def compute(x: torch.Tensor, filter: torch.Tensor, *extra: torch.Tensor) -> torch.Tensor:
        kernel = lay_out(filter) if known is None else known
        bias = extra[0].reshape(-1) if has_bias else None
        slopes = extra[1:] if has_bias else extra
        groups = filter.shape[2] if depthwise else 1
        y = conv_nd(x, kernel, bias, strides, pad, dilations, groups, channels_first=first)
        return activate(y, *slopes)

    return compute


@kind("Conv2D", "_FusedConv2D")
def conv2d(call: Call) -> Function:
    return _convolution(call, _full_kernel, depthwise=False)


@kind("DepthwiseConv2d", "DepthwiseConv2dNative", "FusedDepthwiseConv2dNative")
def depthwise_conv2d(call: Call) -> Function:
    return _convolution(call, _depthwise_kernel, depthwise=True)


@kind("Conv2DBackpropInput", "Conv2dTranspose", numbers=(0,))
def conv2d_transpose(call: Call) -> Function:
    first = channels_first(call)
    strides, pad = spatial(call, "strides", first), padding(call)
    known = None
    if 1 in call.constants:
        known = _full_kernel(call.constants[1]).contiguous(memory_format=torch.channels_last)

    def compute(shape: Any, filter: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        sizes = tuple(integers(shape)[2:] if first else integers(shape)[1:-1])
        kernel = _full_kernel(filter) if known is None else known
        return conv_transpose_nd(x, kernel, None, sizes, strides, pad, channels_first=first)

    return compute


@kind("Conv1D")
def conv1d(call: Call) -> Function:
    stride, dilation = call.attributes.number("stride", 1), call.attributes.number("dilation", 1)
    pad = padding(call)
    compute: Function = lambda x, filter: ops.conv1d(x, filter, stride, pad, "NWC", dilation)  # noqa: E731
    return last_to_first(compute) if channels_first(call) else compute


@kind("Conv3D")
def conv3d(call: Call) -> Function:
    first = channels_first(call)
    strides, dilations, pad = _three(call, "strides", first), _three(call, "dilations", first), padding(call)
    return lambda x, filter: conv_nd(
        x, filter.permute(4, 3, 0, 1, 2), None, strides, pad, dilations, channels_first=first
    )


@kind("Dilation2D")
def dilation2d(call: Call) -> Function:
    strides, rates, pad = spatial(call, "strides", False), spatial(call, "rates", False), padding(call)
    return lambda x, filter: ops.dilation2d(x, filter, strides, pad, rates)


@kind("AvgPool", "MaxPool")
def pool2d(call: Call) -> Function:
    first = channels_first(call)
    window, strides, pad = spatial(call, "ksize", first), spatial(call, "strides", first), padding(call)
    what = "max" if call.op == "MaxPool" else "avg"
    return lambda x: pool_nd(x, what, window, strides, pad, channels_first=first)


@kind("AvgPool3D", "MaxPool3D")
def pool3d(call: Call) -> Function:
    first = channels_first(call)
    window, strides, pad = _three(call, "ksize", first), _three(call, "strides", first), padding(call)
    what = "max" if call.op == "MaxPool3D" else "avg"
    return lambda x: pool_nd(x, what, window, strides, pad, channels_first=first)


@kind("MaxPoolWithArgmax", outputs=("output", "argmax"), many=True)
def max_pool_with_argmax(call: Call) -> Function:
    window, strides, pad = spatial(call, "ksize", False), spatial(call, "strides", False), padding(call)
    with_batch = call.attributes.boolean("include_batch_in_index")
    return lambda x: list(ops.max_pool_with_argmax(x, window, strides, pad, with_batch))


def _three(call: Call, attribute: str, first: bool) -> tuple[int, ...]:
    """Returns the spatial numbers of a volume's attribute."""
    return spatial(call, attribute, first) if call.attributes.numbers(attribute) else (1, 1, 1)
