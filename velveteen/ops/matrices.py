"""Operations / Matrices: products, norms, transposition."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from velveteen.errors import ArgumentError, ShapeError
from velveteen.ops import basic_math, reduction
from velveteen.ops._operator import operator
from velveteen.ops._semantics import Axis, is_integral, like, matched
from velveteen.tensors import Shape


@operator("Operations", "Matrices", method=True)
def mat_mul(a, b, transpose_a: bool = False, transpose_b: bool = False):
    """Returns the matrix products `a @ b`; the dimensions before the last two are broadcast.

    Args:
        a: tensor of shape [..., rows, inner].
        b: tensor of shape [..., inner, columns].
        transpose_a: whether `a` is [..., inner, rows] instead.
        transpose_b: whether `b` is [..., columns, inner] instead.

    Returns:
        A tensor of shape [..., rows, columns].

    Raises:
        ShapeError: a rank below 2, or inner dimensions that differ.
    """
    if a.dim() < 2 or b.dim() < 2:
        raise ShapeError(
            f"mat_mul() expects two tensors of rank 2 or more, got {Shape(a.shape)} and {Shape(b.shape)}. "
            "Use dot() for vectors, or reshape."
        )
    a = a.transpose(-1, -2) if transpose_a else a
    b = b.transpose(-1, -2) if transpose_b else b
    if a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"mat_mul() expects inner dimensions that are equal, got {a.shape[-1]} of {Shape(a.shape)} "
            f"and {b.shape[-2]} of {Shape(b.shape)}. Transpose one, with transpose_a or transpose_b."
        )
    return _product(a, b)


def _product(a, b):
    a, b = matched(a, b)
    if not is_integral(a):
        return torch.matmul(a, b)
    # PyTorch multiplies matrices of integers on the CPU only.
    return like(a, torch.matmul(a.int().cpu(), b.int().cpu()).to(a.device))


@operator("Operations", "Matrices", method=True)
def dot(t1, t2):
    """Returns the dot product of two vectors, or the product of vector and matrix, or of matrices.

    Args:
        t1: tensor of rank 1 or 2.
        t2: tensor of rank 1 or 2; its first dimension is as long as the last of `t1`.

    Raises:
        ShapeError: other ranks, or lengths that differ.
    """
    if t1.dim() not in (1, 2) or t2.dim() not in (1, 2) or t1.shape[-1] != t2.shape[0]:
        raise ShapeError(
            "dot() expects tensors of rank 1 or 2 whose inner dimensions are equal, "
            f"got {Shape(t1.shape)} and {Shape(t2.shape)}. Use mat_mul() for higher ranks."
        )
    return _product(t1, t2)


@operator("Operations", "Matrices")
def outer_product(v1, v2):
    """Returns the matrix of all products of an element of `v1` (rows) and one of `v2` (columns).

    Args:
        v1: tensor of shape [rows].
        v2: tensor of shape [columns].
    """
    if v1.dim() != 1 or v2.dim() != 1:
        raise ShapeError(f"outer_product() expects two vectors, got {Shape(v1.shape)} and {Shape(v2.shape)}.")
    return v1[:, None] * v2[None, :]


@operator("Tensors", "Matrices")
def einsum(equation: str, *tensors):
    """Returns a sum of products in Einstein's notation: `einsum("ij,jk->ik", a, b)` is `a @ b`.

    Args:
        equation: the axes of each tensor, a letter each, an arrow, and the axes of the result.
        tensors: as many as the equation has.
    """
    first, *rest = tensors
    for tensor in rest:
        first, _ = matched(first, tensor)
    return torch.einsum(equation, [tensor.to(first.dtype) for tensor in tensors])


@operator("Operations", "Matrices", method=True)
def norm(x, ord: Any = "euclidean", axis: Axis = None, keep_dims: bool = False):
    """Returns the norm of vectors (one axis) or matrices (two axes); without axes, of all elements as one vector.

    Args:
        x: tensor of any shape.
        ord: `"euclidean"`, 1, 2, `math.inf` or `-math.inf` for vectors; `"euclidean"`, `"fro"`, 1, `math.inf` or
            `-math.inf` for matrices.
        axis: one or two axes; all by default.
        keep_dims: whether the reduced axes stay, with size 1.

    Raises:
        ArgumentError: another `ord`, or more than two axes.
    """
    axes = [axis] if isinstance(axis, int) else axis
    if x.dim() == 0:
        return basic_math.abs(x)
    if axes is None:
        flat = _vector_norm(x.reshape(-1), ord, [0])
        return flat.reshape([1] * x.dim()) if keep_dims else flat.reshape([])
    if len(axes) not in (1, 2):
        raise ArgumentError(f"norm() takes one axis for vectors or two for matrices, got {list(axes)}.")
    result = _vector_norm(x, ord, axes) if len(axes) == 1 else _matrix_norm(x, ord, axes)
    return result if keep_dims else result.squeeze(tuple(axes))


# Built from operators, since its gradients are theirs: NaN at 0, all of it for each of several equal extremes.
def _vector_norm(x, ord, axes):
    if ord in ("euclidean", 2):
        size = basic_math.abs(x)
        return torch.sqrt(reduction.sum(size * size, axes, True))
    if ord == 1:
        return reduction.sum(basic_math.abs(x), axes, True)
    if ord == math.inf:
        return reduction.max(basic_math.abs(x), axes, True)
    if ord == -math.inf:
        return reduction.min(basic_math.abs(x), axes, True)
    raise ArgumentError(f'norm() knows ord "euclidean", 1, 2, inf and -inf for vectors, got {ord!r}.')


def _matrix_norm(x, ord, axes):
    first, last = axes
    if ord in ("euclidean", "fro"):
        return torch.sqrt(reduction.sum(x * x, axes, True))
    if ord == 1:
        return reduction.max(reduction.sum(basic_math.abs(x), first, True), last, True)
    if ord == math.inf:
        return reduction.max(reduction.sum(basic_math.abs(x), last, True), first, True)
    if ord == -math.inf:
        return reduction.min(reduction.sum(basic_math.abs(x), last, True), first, True)
    raise ArgumentError(f'norm() knows ord "euclidean", "fro", 1, inf and -inf for matrices, got {ord!r}.')


@operator("Operations", "Matrices", method=True)
def euclidean_norm(x, axis: Axis = None, keep_dims: bool = False):
    """Returns `norm(x, "euclidean", axis, keep_dims)`.

    Args:
        x: tensor of any shape.
        axis: one or two axes; all by default.
        keep_dims: whether the reduced axes stay, with size 1.
    """
    return norm(x, "euclidean", axis, keep_dims)


@operator("Operations", "Matrices", method=True)
def transpose(x, perm: Sequence[int] | None = None, conjugate: bool = False):
    """Returns `x` with its axes in another order.

    Args:
        x: tensor of any shape.
        perm: for each axis of the result, the axis of `x`; by default the reverse order.
        conjugate: whether complex numbers are conjugated too.

    Raises:
        ShapeError: `perm` does not name every axis once.
    """
    perm = tuple(reversed(range(x.dim()))) if perm is None else tuple(perm)
    if sorted(perm) != list(range(x.dim())):
        raise ShapeError(
            f"transpose() expects perm to name each of the {x.dim()} axes of {Shape(x.shape)} once, got {list(perm)}."
        )
    turned = x.permute(perm)
    return turned.conj().resolve_conj() if conjugate else turned
