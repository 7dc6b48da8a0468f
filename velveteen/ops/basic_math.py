"""Operations / Basic math: element-wise.

Of an int32 tensor the result is int32 again, cut towards zero as JavaScript does; operators that would make no sense on
integers take float32 only, as in TensorFlow.js.
"""

import torch

from velveteen.errors import ArgumentError, DtypeError
from velveteen.ops._operator import Float32, operator
from velveteen.ops._semantics import is_integral, like, matched, with_gradients
from velveteen.ops._tanh import tanh as _tanh


@operator("Operations", "Basic math", method=True)
def abs(x):
    """Returns `|x|` element-wise; of complex64, the length, as float32. The gradient at 0 is -1, as in TensorFlow.js."""
    if x.dtype == torch.bool:
        return x
    return torch.abs(x) if x.is_complex() else _abs(x)


_abs = with_gradients(torch.abs, lambda dy, x: torch.where(x > 0, dy, -dy))


@operator("Operations", "Basic math", method=True)
def acos(x):
    """Returns the inverse cosine in radians, element-wise; NaN outside of [-1, 1]."""
    return like(x, torch.acos(x))


@operator("Operations", "Basic math", method=True)
def acosh(x):
    """Returns the inverse hyperbolic cosine element-wise; NaN below 1."""
    return like(x, torch.acosh(x))


@operator("Operations", "Basic math", method=True)
def asin(x):
    """Returns the inverse sine in radians, element-wise; NaN outside of [-1, 1]."""
    return like(x, torch.asin(x))


@operator("Operations", "Basic math", method=True)
def asinh(x):
    """Returns the inverse hyperbolic sine element-wise."""
    return like(x, torch.asinh(x))


@operator("Operations", "Basic math", method=True)
def atan(x):
    """Returns the inverse tangent in radians, element-wise."""
    return like(x, torch.atan(x))


@operator("Operations", "Basic math", method=True)
def atan2(a, b):
    """Returns the angle of the points `(b, a)` in radians, from -π to π, element-wise, with broadcasting."""
    a, b = matched(a, b)
    return like(a, torch.atan2(a, b))


@operator("Operations", "Basic math", method=True)
def atanh(x):
    """Returns the inverse hyperbolic tangent element-wise; NaN outside of [-1, 1]."""
    return like(x, torch.atanh(x))


@operator("Operations", "Basic math", method=True)
def ceil(x: Float32):
    """Returns the smallest integers that are not below `x`, element-wise, as float32."""
    return torch.ceil(x)


@operator("Operations", "Basic math", method=True)
def clip_by_value(x, clip_value_min: float, clip_value_max: float):
    """Returns `x` limited to a range, element-wise.

    Args:
        x: tensor of any shape.
        clip_value_min: lower end of the range.
        clip_value_max: upper end of the range.

    Raises:
        ArgumentError: the lower end is above the upper end.
    """
    if clip_value_min > clip_value_max:
        raise ArgumentError(
            f"clip_by_value() expects clip_value_min <= clip_value_max, got {clip_value_min} and {clip_value_max}. "
            "Swap them."
        )
    if clip_value_min == clip_value_max:
        return like(x, torch.full(x.shape, float(clip_value_min), device=x.device))
    if is_integral(x):
        return like(x, torch.clamp(x.double(), clip_value_min, clip_value_max))
    return torch.clamp(x, clip_value_min, clip_value_max)


@operator("Operations", "Basic math", method=True)
def cos(x: Float32):
    """Returns the cosine of `x` in radians, element-wise."""
    return torch.cos(x)


@operator("Operations", "Basic math", method=True)
def cosh(x: Float32):
    """Returns the hyperbolic cosine element-wise."""
    return torch.cosh(x)


@operator("Operations", "Basic math", method=True)
def erf(x):
    """Returns the Gauss error function element-wise, as float32.

    Raises:
        DtypeError: `x` is bool or complex64.
    """
    if x.dtype == torch.bool or x.is_complex():
        raise DtypeError('erf() expects float32 or int32 for "x". Convert it with .cast("float32").')
    return torch.erf(x)


@operator("Operations", "Basic math", method=True)
def exp(x):
    """Returns `e` to the power of `x`, element-wise, as float32."""
    return torch.exp(x)


@operator("Operations", "Basic math", method=True)
def expm1(x):
    """Returns `e` to the power of `x`, minus 1, element-wise, exact for small `x`."""
    return like(x, torch.expm1(x))


@operator("Operations", "Basic math", method=True)
def floor(x: Float32):
    """Returns the largest integers that are not above `x`, element-wise, as float32."""
    return torch.floor(x)


@operator("Operations", "Basic math", method=True)
def is_finite(x):
    """Returns whether each element is neither infinite nor NaN, as bool."""
    return torch.isfinite(x)


@operator("Operations", "Basic math", method=True)
def is_inf(x):
    """Returns whether each element is Infinity or -Infinity, as bool."""
    return torch.isinf(x)


@operator("Operations", "Basic math", method=True)
def is_nan(x):
    """Returns whether each element is NaN, as bool."""
    return torch.isnan(x)


@operator("Operations", "Basic math", method=True)
def log(x: Float32):
    """Returns the natural logarithm element-wise."""
    return torch.log(x)


@operator("Operations", "Basic math", method=True)
def log1p(x):
    """Returns `ln(1 + x)` element-wise, exact for small `x`."""
    return like(x, torch.log1p(x))  # in float32, log(1 + x) is 0 for every x below 6e-8


@operator("Operations", "Basic math", method=True)
def neg(x):
    """Returns `-x` element-wise."""
    return x if x.dtype == torch.bool else -x


@operator("Operations", "Basic math", method=True)
def reciprocal(x):
    """Returns `1 / x` element-wise."""
    return like(x, torch.reciprocal(x))


@operator("Operations", "Basic math", method=True)
def round(x):
    """Returns the nearest integers element-wise, in the dtype of `x`; halves go to the even neighbour."""
    return x if is_integral(x) else torch.round(x)


@operator("Operations", "Basic math", method=True)
def rsqrt(x: Float32):
    """Returns `1 / sqrt(x)` element-wise."""
    return torch.rsqrt(x)


@operator("Operations", "Basic math", method=True)
def sign(x):
    """Returns -1, 0 or 1 element-wise; 0 for NaN."""
    return torch.sign(x) if is_integral(x) else torch.sign(x).nan_to_num(0.0)


@operator("Operations", "Basic math", method=True)
def sin(x: Float32):
    """Returns the sine of `x` in radians, element-wise."""
    return torch.sin(x)


@operator("Operations", "Basic math", method=True)
def sinh(x):
    """Returns the hyperbolic sine element-wise."""
    return like(x, torch.sinh(x))


@operator("Operations", "Basic math", method=True)
def sqrt(x: Float32):
    """Returns the square root element-wise; NaN below 0."""
    return torch.sqrt(x)


@operator("Operations", "Basic math", method=True)
def square(x):
    """Returns `x * x` element-wise."""
    return x * x


@operator("Operations", "Basic math", method=True)
def tan(x: Float32):
    """Returns the tangent of `x` in radians, element-wise."""
    return torch.tan(x)


@operator("Operations", "Basic math", method=True)
def tanh(x: Float32):
    """Returns the hyperbolic tangent element-wise."""
    return _tanh(x)
