"""Batches: many elements of one structure become one element of tensors."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from velveteen import backend
from velveteen.errors import DataError, ShapeError, VelveteenError
from velveteen.tensors import Shape, Tensor


def batches(items: Iterable[Any], size: int, small_last: bool) -> Iterator[Any]:
    """Yields so many elements at a time, collated."""
    rows: list[Any] = []
    for item in items:
        rows.append(item)
        if len(rows) == size:
            yield collate(rows)
            rows = []
    if rows and small_last:
        yield collate(rows)


def regrouped(
    blocks: Iterable[tuple[np.ndarray, ...]], size: int, small_last: bool
) -> Iterator[tuple[np.ndarray, ...]]:
    """Yields arrays of so many rows each, from arrays of any numbers of rows that belong together."""
    waiting: list[tuple[np.ndarray, ...]] = []
    count = 0
    for block in blocks:
        waiting.append(block)
        count += len(block[0])
        while count >= size:
            whole = tuple(np.concatenate(parts) for parts in zip(*waiting, strict=True))
            yield tuple(part[:size] for part in whole)
            waiting, count = [tuple(part[size:] for part in whole)], count - size
    if count and small_last:
        yield tuple(np.concatenate(parts) for parts in zip(*waiting, strict=True))


def collate(rows: Sequence[Any], place: str = "") -> Any:
    """Returns one element of tensors, the batch first, from elements of one structure.

    Dicts and tuples are structure and stay; everything else, lists too, becomes a tensor.
    """
    first = rows[0]
    if isinstance(first, dict):
        return {key: collate(_column(rows, key, place), f"{place}[{key!r}]") for key in first}
    if isinstance(first, tuple):
        parts = [collate(_column(rows, at, place), f"{place}[{at}]") for at in range(len(first))]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    try:
        return _stack(rows)
    except VelveteenError as error:
        where = f"element{place} of " if place else ""
        raise type(error)(f"batch() cannot join {where}{len(rows)} elements: {error}") from error


def _column(rows: Sequence[Any], key: Any, place: str) -> list[Any]:
    try:
        return [row[key] for row in rows]
    except (KeyError, IndexError, TypeError) as error:
        bad = next(at for at, row in enumerate(rows) if not _has(row, key))
        raise DataError(
            f"batch() needs elements of one structure, but element {bad} of the batch has no {place}[{key!r}], as the "
            "first one has. Bring them into one form with map(), or leave some out with filter()."
        ) from error


def _has(row: Any, key: Any) -> bool:
    if isinstance(row, dict):
        return key in row
    return isinstance(row, tuple) and isinstance(key, int) and key < len(row)


def _stack(rows: Sequence[Any]) -> Tensor:
    first = rows[0]
    if isinstance(first, Tensor) and not isinstance(first.value, np.ndarray):
        values = [row.value if isinstance(row, Tensor) else Tensor(row).value for row in rows]
        _check_shapes(values)
        return Tensor.wrap(torch.stack(values).to(backend.device()))
    if isinstance(first, torch.Tensor):
        values = [torch.as_tensor(row) for row in rows]
        _check_shapes(values)
        return Tensor.wrap(torch.stack(values).to(backend.device()))
    if isinstance(first, np.ndarray | np.generic):
        values = [np.asarray(row) for row in rows]
        _check_shapes(values)
        return Tensor(np.stack(values))
    if all(row is None or type(row) in (float, int) for row in rows):
        return Tensor(np.array(rows, dtype=np.float32))  # None becomes NaN
    if any(row is None for row in rows):
        raise DataError(
            "a value is missing (None) among others that are not numbers. Fill it in with map(), drop the element with "
            "filter(), or give the column of a CSV file a default."
        )
    return Tensor(list(rows))


def _check_shapes(values: Sequence[Any]) -> None:
    shapes = {tuple(value.shape) for value in values}
    if len(shapes) > 1:
        differing = " and ".join(str(Shape(shape)) for shape in sorted(shapes)[:2])
        raise ShapeError(f"their shapes differ ({differing}). Bring them to one shape with map().")
