"""Operations / Arithmetic: element-wise, with broadcasting.

The result has the wider dtype of the two (bool < int32 < float32 < complex64). int32 wraps around at 32 bits.
"""

import math

import torch

from velveteen.errors import ArgumentError, DtypeError, ShapeError
from velveteen.ops._operator import Tensors, operator
from velveteen.ops._semantics import is_integral, like, matched, to_int32, with_gradients
from velveteen.tensors import Shape


@operator("Operations", "Arithmetic", method=True)
def add(a, b):
    """Returns `a + b` element-wise, with broadcasting.

    Args:
        a: tensor of any shape.
        b: tensor broadcastable with `a`.
    """
    return a + b


@operator("Operations", "Arithmetic", method=True)
def sub(a, b):
    """Returns `a - b` element-wise, with broadcasting.

    Args:
        a: tensor of any shape.
        b: tensor broadcastable with `a`.
    """
    a, b = matched(a, b)
    return a ^ b if a.dtype == torch.bool else a - b


@operator("Operations", "Arithmetic", method=True)
def mul(a, b):
    """Returns `a * b` element-wise, with broadcasting.

    Args:
        a: tensor of any shape.
        b: tensor broadcastable with `a`.
    """
    return a * b


@operator("Operations", "Arithmetic", method=True)
def div(a, b):
    """Returns `a / b` element-wise, with broadcasting; of two int32 tensors, the quotient rounded down.

    Args:
        a: tensor of any shape.
        b: tensor broadcastable with `a`; division of integers by zero gives 0.
    """
    a, b = matched(a, b)
    if a.dtype == torch.int32:
        return _floor_divide_integers(a, b)
    return like(a, a / b)


@operator("Operations", "Arithmetic", method=True)
def div_no_nan(a, b):
    """Returns `a / b` element-wise, with broadcasting, and 0 where `b` is 0.

    Args:
        a: tensor of any shape.
        b: tensor broadcastable with `a`.
    """
    a, b = matched(a, b)
    is_zero = b == 0
    # Zeros are replaced before dividing, since the gradient of x / 0 is not a number even where it is not used.
    quotient = div(a, torch.where(is_zero, torch.ones_like(b), b))
    return torch.where(is_zero, torch.zeros_like(quotient), quotient)


@operator("Operations", "Arithmetic", method=True)
def floor_div(a, b):
    """Returns the largest integers that are not above `a / b`, as int32, element-wise, with broadcasting.

    Args:
        a: tensor of any shape.
        b: tensor broadcastable with `a`; where it is 0, the result is 0.
    """
    a, b = _matched_reals(a, b)
    # In 64 bits as JavaScript does, so that a quotient beyond 2²⁴ is rounded once.
    return _floor_divide_integers(a, b) if is_integral(a) else to_int32(torch.floor(a.double() / b.double()))


@operator("Operations", "Arithmetic", method=True)
def mod(a, b):
    """Returns the remainder of `a / b` with the sign of `b`, element-wise, with broadcasting.

    Args:
        a: tensor of any shape.
        b: tensor broadcastable with `a`.
    """
    a, b = _matched_reals(a, b)
    if not is_integral(a):
        return _mod(a, b)
    divisor, is_zero = _without_zeros(b)
    return like(a, torch.remainder(a.to(torch.int64), divisor).masked_fill(is_zero, 0))


def _javascript_mod(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Returns the remainder as TensorFlow.js gets it; with infinite and huge divisors PyTorch's is another."""
    dtype = a.dtype
    a, b = a.double(), b.double()
    remainder = torch.fmod(a, b)
    same_sign = (a < 0) & (b < 0) | (a >= 0) & (b >= 0)
    return torch.where(same_sign, remainder, torch.fmod(remainder + b, b)).to(dtype)


_mod = with_gradients(_javascript_mod, lambda dy, a, b: dy, lambda dy, a, b: -dy * torch.floor(a / b))


@operator("Operations", "Arithmetic", method=True)
def pow(base, exp):
    """Returns `base` to the power of `exp` element-wise, with broadcasting.

    Args:
        base: tensor of any shape.
        exp: tensor broadcastable with `base`.
    """
    base, exp = matched(base, exp)
    if is_integral(base):
        return like(base, torch.pow(base.double(), exp.double()))
    return torch.pow(base, exp) if base.is_complex() else _pow(base, exp)


def _javascript_pow(base: torch.Tensor, exp: torch.Tensor) -> torch.Tensor:
    # ±1 to the power of what is not finite is 1 in IEEE 754, and NaN in JavaScript.
    return torch.pow(base, exp).masked_fill_(~torch.isfinite(exp) & (base.abs() == 1), math.nan)


# TensorFlow.js takes the gradient in the exponent as 0 where the base is not positive; PyTorch's would be NaN.
_pow = with_gradients(
    _javascript_pow,
    lambda dy, base, exp: dy * exp * torch.pow(base, exp - 1),
    lambda dy, base, exp: dy * torch.pow(base, exp) * torch.log(torch.where(base > 0, base, torch.ones_like(base))),
)


@operator("Operations", "Arithmetic", method=True)
def maximum(a, b):
    """Returns the larger of `a` and `b` element-wise, with broadcasting; booleans become int32.

    Where both are equal, the gradient goes to `a`.

    Args:
        a: tensor of any shape.
        b: tensor broadcastable with `a`.
    """
    a, b = matched(a, b)
    if a.dtype == torch.bool:
        a, b = a.int(), b.int()
    return _maximum(a, b)


@operator("Operations", "Arithmetic", method=True)
def minimum(a, b):
    """Returns the smaller of `a` and `b` element-wise, with broadcasting; booleans become int32.

    Where both are equal, the gradient goes to `a`.

    Args:
        a: tensor of any shape.
        b: tensor broadcastable with `a`.
    """
    a, b = matched(a, b)
    if a.dtype == torch.bool:
        a, b = a.int(), b.int()
    return _minimum(a, b)


_maximum = with_gradients(torch.maximum, lambda dy, a, b: dy * (a >= b), lambda dy, a, b: dy * (a < b))
_minimum = with_gradients(torch.minimum, lambda dy, a, b: dy * (a <= b), lambda dy, a, b: dy * (a > b))


@operator("Operations", "Arithmetic", method=True)
def squared_difference(a, b):
    """Returns `(a - b) * (a - b)` element-wise, with broadcasting.

    Args:
        a: tensor of any shape.
        b: tensor broadcastable with `a`.
    """
    difference = sub(*matched(a, b))
    return difference * difference


@operator("Operations", "Arithmetic")
def add_n(tensors: Tensors):
    """Returns the sum of tensors of one shape and dtype, element-wise.

    Args:
        tensors: list of at least one tensor.

    Raises:
        ArgumentError: the list is empty.
        ShapeError, DtypeError: the tensors differ in shape or dtype.
    """
    if not tensors:
        raise ArgumentError("add_n() expects at least one tensor, got an empty list.")
    total = tensors[0]
    for tensor in tensors[1:]:
        if tensor.shape != total.shape:
            raise ShapeError(
                f"add_n() expects tensors of one shape, got {Shape(total.shape)} and {Shape(tensor.shape)}. "
                "Use add() to broadcast."
            )
        if tensor.dtype != total.dtype:
            raise DtypeError(f"add_n() expects tensors of one dtype, got {total.dtype} and {tensor.dtype}. Use cast().")
        total = total + tensor
    return total.clone() if len(tensors) == 1 else total


def _floor_divide_integers(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    divisor, is_zero = _without_zeros(b)
    # In 64 bits, as -2147483648 / -1 stops the process in 32.
    return torch.div(a.to(torch.int64), divisor, rounding_mode="floor").masked_fill(is_zero, 0).to(torch.int32)


def _matched_reals(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    a, b = matched(a, b)
    if a.is_complex():
        raise DtypeError("Expected numbers that can be rounded, got complex64. Take real() or abs() first.")
    return a, b


def _without_zeros(b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns `b` in 64 bits with 1 in place of 0, and where that happened: PyTorch raises where JavaScript has 0."""
    is_zero = b == 0
    return b.to(torch.int64).masked_fill(is_zero, 1), is_zero
