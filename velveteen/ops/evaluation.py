"""Operations / Evaluation: the largest, the different, the missing, and where a value would stand."""

import math
from typing import Any, NamedTuple

import numpy as np
import torch

from velveteen.errors import ArgumentError, DtypeError, ShapeError
from velveteen.ops._operator import AnyDtype, operator
from velveteen.ops._semantics import matched
from velveteen.tensors import Shape


class TopK(NamedTuple):
    """What `topk` returns."""

    values: torch.Tensor
    indices: torch.Tensor


class Unique(NamedTuple):
    """What `unique` returns."""

    values: Any
    indices: Any


@operator("Operations", "Evaluation", method=True)
def topk(x, k: int = 1, sorted: bool = True):
    """Returns the `k` largest values along the last dimension, and where they are; of equal ones the first.

    NaN comes behind all numbers.

    Args:
        x: tensor of rank 1 or more.
        k: how many, at most the size of the last dimension.
        sorted: whether the largest comes first; otherwise the order is that of TensorFlow.js's selection.

    Returns:
        A named tuple (values, indices); the indices are int32.

    Raises:
        ShapeError: a scalar.
        ArgumentError: `k` is negative or too large.
    """
    if x.dim() == 0:
        raise ShapeError("topk() expects a tensor of rank 1 or more, got a scalar.")
    size = x.shape[-1]
    if not 0 <= k <= size:
        raise ArgumentError(f"topk() expects k from 0 to {size}, the size of the last dimension, got {k}.")
    comparable = torch.nan_to_num(x, -math.inf, math.inf, -math.inf) if x.is_floating_point() else x
    order = torch.sort(comparable, dim=-1, descending=True, stable=True).indices
    if not sorted:
        order = _selection(order, k)
    indices = order[..., :k]
    return TopK(torch.gather(x, -1, indices), indices.int())


def _selection(order: torch.Tensor, k: int) -> torch.Tensor:
    """Returns the order in which Floyd and Rivest's selection leaves each row (Algorithm 489, CACM 18(3), 1975)."""
    if k >= order.shape[-1]:
        return torch.arange(order.shape[-1], device=order.device).expand(order.shape)
    ranks = torch.argsort(order, -1).reshape(-1, order.shape[-1]).tolist()
    rows = []
    for ranks_of_row in ranks:
        row = list(range(len(ranks_of_row)))
        _select(row, ranks_of_row, k, 0, len(row) - 1)
        rows.append(row)
    return torch.tensor(rows, device=order.device).reshape(order.shape)


def _select(row: list[int], rank: list[int], k: int, left: int, right: int) -> None:
    """Moves the elements of ranks below `k` before place `k`."""
    while right > left:
        if right - left > 600:  # a sample first, so that the pivot is close to the k-th
            n, i = right - left + 1, k - left + 1
            z = np.log(n)
            s = 0.5 * np.exp(2 * z / 3)
            spread = 0.5 * np.sqrt(z * s * (n - s) / n) * np.sign(i - n / 2)
            _select(
                row,
                rank,
                k,
                max(left, int(np.floor(k - i * s / n + spread))),
                min(right, int(np.floor(k + (n - i) * s / n + spread))),
            )
        pivot = rank[row[k]]
        low, high = left, right
        row[left], row[k] = row[k], row[left]
        if rank[row[right]] > pivot:
            row[left], row[right] = row[right], row[left]
        while low < high:
            row[low], row[high] = row[high], row[low]
            low, high = low + 1, high - 1
            while rank[row[low]] < pivot:
                low += 1
            while rank[row[high]] > pivot:
                high -= 1
        if rank[row[left]] == pivot:
            row[left], row[high] = row[high], row[left]
        else:
            high += 1
            row[high], row[right] = row[right], row[high]
        if high <= k:
            left = high + 1
        if k <= high:
            right = high - 1


@operator("Operations", "Evaluation")
def in_top_k(predictions, targets, k: int = 1):
    """Returns whether the target is among the `k` largest predictions, as bool.

    Args:
        predictions: tensor of shape [..., classes].
        targets: tensor of shape [...]: a class each.
        k: from 1 to the number of classes.

    Raises:
        ShapeError: shapes that do not fit.
        ArgumentError: `k` out of its range.
    """
    if predictions.dim() < 2 or predictions.shape[:-1] != targets.shape:
        raise ShapeError(
            "in_top_k() expects predictions of shape [..., classes] and targets of shape [...], "
            f"got {Shape(predictions.shape)} and {Shape(targets.shape)}."
        )
    if not 0 < k <= predictions.shape[-1]:
        raise ArgumentError(f"in_top_k() expects k from 1 to {predictions.shape[-1]}, the number of classes, got {k}.")
    return (topk(predictions, k).indices == targets[..., None]).any(-1)


@operator("Operations", "Evaluation")
def lower_bound(sorted_sequence, values):
    """Returns, for each value, before which element it could be inserted, the first such place: `search_sorted` left."""
    return search_sorted(sorted_sequence, values, "left")


@operator("Operations", "Evaluation")
def upper_bound(sorted_sequence, values):
    """Returns, for each value, before which element it could be inserted, the last such place: `search_sorted` right."""
    return search_sorted(sorted_sequence, values, "right")


@operator("Operations", "Evaluation")
def search_sorted(sorted_sequence, values, side: str = "left"):
    """Returns where each value would have to be inserted so that its row stays sorted, int32.

    Args:
        sorted_sequence: tensor of shape [..., n]; each row is sorted.
        values: tensor of shape [..., m], of as many rows.
        side: `"left"` for the place before equal elements, `"right"` for the one behind them.

    Returns:
        A tensor of shape [rows, m].

    Raises:
        ArgumentError: another side.
        ShapeError: the numbers of rows differ.
    """
    if side not in ("left", "right"):
        raise ArgumentError(f'search_sorted() expects side "left" or "right", got {side!r}.')
    rows, values = matched(sorted_sequence, values)
    rows, values = rows.reshape(-1, rows.shape[-1]), values.reshape(-1, values.shape[-1])
    if len(rows) != len(values):
        raise ShapeError(
            f"search_sorted() expects as many rows of values as of sequences, got {len(values)}, {len(rows)}."
        )
    return torch.searchsorted(rows.contiguous(), values.contiguous(), right=side == "right").int()


@operator("Operations", "Evaluation", method=True)
def unique(x: AnyDtype, axis: int = 0):
    """Returns the different slices of `x` along an axis, in the order in which they come, and which one each is.

    Args:
        x: tensor of rank 1 or more.
        axis: the axis.

    Returns:
        A named tuple (values, indices); the indices are int32, one for each slice of `x`.
    """
    if x.ndim == 0:
        raise ShapeError("unique() expects a tensor of rank 1 or more, got a scalar.")
    slices = np.moveaxis(x if isinstance(x, np.ndarray) else x.detach().cpu().numpy(), axis, 0)
    seen: dict[str, int] = {}
    firsts: list[int] = []
    indices: list[int] = []
    for place, row in enumerate(slices.reshape(len(slices), math.prod(slices.shape[1:])).tolist()):
        number = seen.setdefault(str(row), len(seen))  # as text, so that NaN equals NaN
        if number == len(firsts):
            firsts.append(place)
        indices.append(number)
    kept = np.moveaxis(slices[firsts], 0, axis)
    places = torch.tensor(indices, dtype=torch.int32)
    if isinstance(x, np.ndarray):
        return Unique(kept.copy(), places)
    return Unique(torch.from_numpy(kept.copy()).to(x.device), places.to(x.device))


@operator("Tensors", "Transformations")
def setdiff1d(x: AnyDtype, y: AnyDtype):
    """Returns the elements of `x` that are not in `y`, and their places in `x`, int32.

    Args:
        x: tensor of rank 1.
        y: tensor of rank 1 and of the same dtype.

    Returns:
        A list of two tensors.

    Raises:
        ShapeError, DtypeError: other ranks, or dtypes that differ.
    """
    if x.ndim != 1 or y.ndim != 1:
        raise ShapeError(f"setdiff1d() expects two vectors, got {Shape(x.shape)} and {Shape(y.shape)}.")
    if x.dtype != y.dtype:
        raise DtypeError(f"setdiff1d() expects two vectors of one dtype, got {x.dtype} and {y.dtype}. Use cast().")
    excluded = set(y.tolist())
    places = [place for place, value in enumerate(x.tolist()) if value not in excluded]
    kept = x[places] if places else x[:0]
    return [kept, torch.tensor(places, dtype=torch.int32)]
