"""Operations / Logical: comparisons and Boolean algebra, element-wise, with broadcasting."""

import operator as python_operators
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from velveteen import backend
from velveteen.errors import ArgumentTypeError, DtypeError, ShapeError
from velveteen.ops._operator import AnyDtype, Bool, Int32, operator
from velveteen.tensors import Shape


@operator("Operations", "Logical", method=True)
def equal(a: AnyDtype, b: AnyDtype):
    """Returns whether `a == b`, element-wise, as bool.

    Args:
        a: tensor of numbers or of strings.
        b: tensor of the same kind, broadcastable with `a`.
    """
    return _compare(python_operators.eq, a, b)


@operator("Operations", "Logical", method=True)
def not_equal(a: AnyDtype, b: AnyDtype):
    """Returns whether `a != b`, element-wise, as bool.

    Args:
        a: tensor of numbers or of strings.
        b: tensor of the same kind, broadcastable with `a`.
    """
    return _compare(python_operators.ne, a, b)


@operator("Operations", "Logical", method=True)
def less(a: AnyDtype, b: AnyDtype):
    """Returns whether `a < b`, element-wise, as bool.

    Args:
        a: tensor of numbers or of strings.
        b: tensor of the same kind, broadcastable with `a`.
    """
    return _compare(python_operators.lt, a, b)


@operator("Operations", "Logical", method=True)
def less_equal(a: AnyDtype, b: AnyDtype):
    """Returns whether `a <= b`, element-wise, as bool.

    Args:
        a: tensor of numbers or of strings.
        b: tensor of the same kind, broadcastable with `a`.
    """
    return _compare(python_operators.le, a, b)


@operator("Operations", "Logical", method=True)
def greater(a: AnyDtype, b: AnyDtype):
    """Returns whether `a > b`, element-wise, as bool.

    Args:
        a: tensor of numbers or of strings.
        b: tensor of the same kind, broadcastable with `a`.
    """
    return _compare(python_operators.gt, a, b)


@operator("Operations", "Logical", method=True)
def greater_equal(a: AnyDtype, b: AnyDtype):
    """Returns whether `a >= b`, element-wise, as bool.

    Args:
        a: tensor of numbers or of strings.
        b: tensor of the same kind, broadcastable with `a`.
    """
    return _compare(python_operators.ge, a, b)


@operator("Operations", "Logical", method=True)
def logical_and(a: Bool, b: Bool):
    """Returns whether both are true, element-wise.

    Args:
        a: bool tensor of any shape.
        b: bool tensor broadcastable with `a`.
    """
    return torch.logical_and(a, b)


@operator("Operations", "Logical", method=True)
def logical_or(a: Bool, b: Bool):
    """Returns whether one or both are true, element-wise.

    Args:
        a: bool tensor of any shape.
        b: bool tensor broadcastable with `a`.
    """
    return torch.logical_or(a, b)


@operator("Operations", "Logical", method=True)
def logical_xor(a: Bool, b: Bool):
    """Returns whether exactly one is true, element-wise.

    Args:
        a: bool tensor of any shape.
        b: bool tensor broadcastable with `a`.
    """
    return torch.logical_xor(a, b)


@operator("Operations", "Logical", method=True)
def logical_not(x: Bool):
    """Returns false where `x` is true and true where it is false.

    Args:
        x: bool tensor of any shape.
    """
    return torch.logical_not(x)


@operator("Operations", "Logical")
def bitwise_and(x: Int32, y: Int32):
    """Returns the bits that are set in both, element-wise.

    Args:
        x: int32 tensor of any shape.
        y: int32 tensor of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    if x.shape != y.shape:
        raise ShapeError(f"bitwise_and() expects two tensors of one shape, got {Shape(x.shape)} and {Shape(y.shape)}.")
    return torch.bitwise_and(x, y)


@operator("Operations", "Logical")
def where(condition: Bool, a=None, b=None):
    """Returns the elements of `a` where `condition` is true, of `b` where it is false, with broadcasting.

    With `condition` alone, returns the places where it is true, one row of indices a place.

    Args:
        condition: bool tensor.
        a: tensor broadcastable with `condition`.
        b: tensor broadcastable with `condition`.

    Returns:
        A tensor of the wider dtype of `a` and `b`; or, with `condition` alone, int32 of shape [places, rank].

    Raises:
        ArgumentTypeError: only one of `a` and `b` is given.
    """
    if (a is None) != (b is None):
        raise ArgumentTypeError("where() takes a condition alone, or a condition and both a and b.")
    return torch.nonzero(condition).int() if a is None else torch.where(condition, a, b)


def _compare(comparison: Callable[[Any, Any], Any], a: Any, b: Any) -> torch.Tensor:
    strings = [isinstance(each, np.ndarray) for each in (a, b)]
    if not any(strings):
        return comparison(a, b)
    if not all(strings):
        raise DtypeError("Strings can be compared with strings only, and numbers with numbers.")
    try:
        return torch.as_tensor(np.asarray(comparison(a, b), dtype=bool), device=backend.device())
    except ValueError as error:
        raise ShapeError(f"Cannot compare shapes {Shape(a.shape)} and {Shape(b.shape)}: {error}.") from error
