"""Nodes that compute element by element: arithmetic, basic math, comparisons, logic."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from velveteen import ops
from velveteen.graph_models.kinds._reading import channels_first, one
from velveteen.graph_models.registry import Call, Function, kind, plain
from velveteen.ops._semantics import matched

plain(
    {
        "Add": ops.add,
        "AddV2": ops.add,
        "Sub": ops.sub,
        "Mul": ops.mul,
        "RealDiv": ops.div,
        "Div": ops.div,
        "DivNoNan": ops.div_no_nan,
        "FloorDiv": ops.floor_div,
        "Maximum": ops.maximum,
        "Minimum": ops.minimum,
        "Pow": ops.pow,
        "SquaredDifference": ops.squared_difference,
        "Mod": ops.mod,
        "FloorMod": ops.mod,
        "AddN": lambda *tensors: ops.add_n(list(tensors)),
    }
)
plain(
    {
        "Abs": ops.abs,
        "ComplexAbs": ops.abs,
        "Acos": ops.acos,
        "Acosh": ops.acosh,
        "Asin": ops.asin,
        "Asinh": ops.asinh,
        "Atan": ops.atan,
        "Atan2": ops.atan2,
        "Atanh": ops.atanh,
        "Ceil": ops.ceil,
        "Complex": ops.complex,
        "Cos": ops.cos,
        "Cosh": ops.cosh,
        "Elu": ops.elu,
        "Erf": ops.erf,
        "Exp": ops.exp,
        "Expm1": ops.expm1,
        "Floor": ops.floor,
        "Imag": ops.imag,
        "IsFinite": ops.is_finite,
        "IsInf": ops.is_inf,
        "IsNan": ops.is_nan,
        "Log": ops.log,
        "Log1p": ops.log1p,
        "Neg": ops.neg,
        "Real": ops.real,
        "Reciprocal": ops.reciprocal,
        "Relu": ops.relu,
        "Relu6": ops.relu6,
        "Round": ops.round,
        "Rsqrt": ops.rsqrt,
        "Selu": ops.selu,
        "Sigmoid": ops.sigmoid,
        "Sign": ops.sign,
        "Sin": ops.sin,
        "Sinh": ops.sinh,
        "Softplus": ops.softplus,
        "Sqrt": ops.sqrt,
        "Square": ops.square,
        "Tan": ops.tan,
        "Tanh": ops.tanh,
    }
)
plain(
    {
        "Equal": ops.equal,
        "NotEqual": ops.not_equal,
        "Greater": ops.greater,
        "GreaterEqual": ops.greater_equal,
        "Less": ops.less,
        "LessEqual": ops.less_equal,
        "LogicalAnd": ops.logical_and,
        "LogicalNot": ops.logical_not,
        "LogicalOr": ops.logical_or,
        "BitwiseAnd": ops.bitwise_and,
    }
)


@kind("BiasAdd")
def bias_add(call: Call) -> Function:
    if not channels_first(call):
        return ops.add
    return lambda x, bias: ops.add(x, bias.reshape(-1, *[1] * (x.dim() - 2)))


@kind("ClipByValue", numbers=(1, 2))
def clip_by_value(call: Call) -> Function:
    return lambda x, low, high: ops.clip_by_value(x, one(low), one(high))


@kind("LeakyRelu")
def leaky_relu(call: Call) -> Function:
    alpha = call.attributes.number("alpha", 0.2)
    return lambda x: ops.leaky_relu(x, alpha)


@kind("Prelu")
def prelu(call: Call) -> Function:
    return slope


def slope(x: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
    """Returns `prelu`, in one kernel where there is a slope for each channel of pictures."""
    if x.dim() == 4 and alpha.numel() == alpha.shape[-1] == x.shape[-1]:
        return F.prelu(x.permute(0, 3, 1, 2), alpha.reshape(-1)).permute(0, 2, 3, 1)
    return ops.prelu(x, alpha)


@kind("Select", "SelectV2")
def select(call: Call) -> Function:
    is_first = call.op == "Select"

    def compute(condition: torch.Tensor, a: Any, b: Any) -> Any:
        if isinstance(a, np.ndarray):
            return np.where(condition.cpu().numpy(), a, b).astype(object)
        if is_first and condition.dim() == 1 and a.dim() > 1:  # the older kind chooses whole rows
            condition = condition.reshape(-1, *[1] * (a.dim() - 1))
        return torch.where(condition, *matched(a, b))

    return compute
