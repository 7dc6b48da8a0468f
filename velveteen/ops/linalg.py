"""Operations / Linear Algebra: the namespace `linalg`."""

from typing import NamedTuple

import torch

from velveteen.errors import ArgumentError, ArgumentTypeError, ShapeError
from velveteen.ops._operator import operator
from velveteen.tensors import Shape, Tensor, TensorLike


class QR(NamedTuple):
    """What `qr` returns."""

    q: torch.Tensor
    r: torch.Tensor


@operator("Operations", "Linear Algebra", namespace="linalg")
def band_part(a, num_lower, num_upper):
    """Returns matrices with all but a band around the diagonal set to zero.

    Args:
        a: [..., rows, columns].
        num_lower: how many diagonals below the main one stay; all of them where negative.
        num_upper: how many diagonals above the main one stay; all of them where negative.
    """
    if a.dim() < 2:
        raise ShapeError(f"linalg.band_part() expects rank 2 or more, got shape {Shape(a.shape)}.")
    rows, columns = a.shape[-2:]
    lower = _diagonals(num_lower, rows, "num_lower", "rows")
    upper = _diagonals(num_upper, columns, "num_upper", "columns")
    distance = torch.arange(rows, device=a.device)[:, None] - torch.arange(columns, device=a.device)
    return torch.where((distance <= lower) & (-distance <= upper), a, torch.zeros((), dtype=a.dtype, device=a.device))


def _diagonals(count: torch.Tensor, size: int, argument: str, what: str) -> int:
    number = count.item()
    if number != int(number) or number > size:
        raise ArgumentError(
            f"linalg.band_part() expects {argument} as an integer of at most {size}, the number of {what}, got {number}."
        )
    return size if number < 0 else int(number)


@operator("Operations", "Linear Algebra", namespace="linalg")
def gram_schmidt(xs: TensorLike):
    """Makes vectors orthogonal to each other and of length 1, by the Gram-Schmidt process.

    Args:
        xs: a list of vectors, or a matrix with a vector in each row; at most as many vectors as each has values.

    Returns:
        A list where xs is one, else a matrix.
    """
    if isinstance(xs, list | tuple) and xs and isinstance(xs[0], Tensor | torch.Tensor):
        vectors = [x.value if isinstance(x, Tensor) else x for x in xs]
        if len({tuple(vector.shape) for vector in vectors}) > 1:
            shapes = ", ".join(str(Shape(vector.shape)) for vector in vectors)
            raise ShapeError(f"linalg.gram_schmidt() expects vectors of one length, got shapes {shapes}.")
        return list(_orthonormal(vectors))
    matrix = xs if isinstance(xs, torch.Tensor) else (xs if isinstance(xs, Tensor) else Tensor(xs)).value
    return torch.stack(_orthonormal(list(matrix)))


def _orthonormal(vectors: list[torch.Tensor]) -> list[torch.Tensor]:
    if not vectors or vectors[0].dim() != 1:
        raise ShapeError(
            "linalg.gram_schmidt() expects one or more vectors of rank 1, in a list or as a matrix's rows."
        )
    if len(vectors) > len(vectors[0]):
        raise ShapeError(
            f"linalg.gram_schmidt() got {len(vectors)} vectors of {len(vectors[0])} values; there cannot be more "
            "orthogonal vectors than values. Leave some out."
        )
    done: list[torch.Tensor] = []
    for vector in vectors:
        for other in done:
            vector = vector - (other * vector).sum() * other
        done.append(vector / (vector * vector).sum().sqrt())
    return done


@operator("Operations", "Linear Algebra", namespace="linalg")
def qr(x, full_matrices: bool = False):
    """Factors matrices into an orthogonal and an upper triangular one, `x = q @ r`, by Householder reflections.

    The signs are those of TensorFlow.js: each step reflects the column to the side opposite of its first value, the last
    step of a square matrix as well, where LAPACK stops one earlier.

    Args:
        x: float32 [..., m, n].
        full_matrices: whether q is [..., m, m] and r [..., m, n], also where m is larger than n.

    Returns:
        `q` [..., m, min(m, n)] and `r` [..., min(m, n), n], unless `full_matrices`.
    """
    if x.dim() < 2:
        raise ShapeError(f"linalg.qr() expects rank 2 or more, got shape {Shape(x.shape)}.")
    if not x.is_floating_point():
        raise ArgumentTypeError('linalg.qr() expects float32. Convert x with .cast("float32").')
    m, n = x.shape[-2:]
    q = torch.eye(m, dtype=x.dtype, device=x.device).expand(*x.shape[:-2], m, m)
    r = x
    for j in range(min(m, n)):
        column = r[..., j:, j : j + 1]
        length = (column * column).sum((-2, -1), keepdim=True).sqrt()
        first = column[..., :1, :]
        sign = torch.where(first > 0, -1.0, 1.0)
        u = first - sign * length
        ones = torch.ones_like(first)
        w = torch.cat([ones, column[..., 1:, :] / u], -2)
        scaled = (-sign * u / length) * w
        below = r[..., j:, :]
        r = torch.cat([r[..., :j, :], below - scaled @ (w.mT @ below)], -2)
        right = q[..., :, j:]
        q = torch.cat([q[..., :, :j], right - (right @ w) @ scaled.mT], -1)
    if not full_matrices and m > n:
        q, r = q[..., :, :n], r[..., :n, :]
    return QR(q, r)
