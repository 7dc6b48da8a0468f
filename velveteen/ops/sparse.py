"""Operations / Sparse: the namespace `sparse`."""

from typing import NamedTuple

import numpy as np
import torch

from velveteen.errors import ArgumentError, DtypeError, ShapeError
from velveteen.ops._operator import AnyDtype, Int32, operator
from velveteen.tensors import Shape


class SparseFillEmptyRows(NamedTuple):
    """What `sparse_fill_empty_rows` returns."""

    output_indices: torch.Tensor
    output_values: torch.Tensor | np.ndarray
    empty_row_indicator: torch.Tensor
    reverse_index_map: torch.Tensor


class SparseReshape(NamedTuple):
    """What `sparse_reshape` returns."""

    output_indices: torch.Tensor
    output_shape: torch.Tensor


@operator("Operations", "Sparse", namespace="sparse")
def sparse_fill_empty_rows(indices: Int32, values: AnyDtype, dense_shape: Int32, default_value: AnyDtype):
    """Gives each empty row of a sparse matrix a first element.

    Args:
        indices: int32 [n, rank], where the values stand.
        values: [n], of any dtype.
        dense_shape: int32 [rank].
        default_value: scalar, what to put into empty rows.

    Returns:
        `output_indices` and `output_values`, ordered by rows; `empty_row_indicator`: bool, a row each; `reverse_index_map`:
        int32 [n], the new place of each value.
    """
    _check_rank(indices, 2, "indices", "sparse_fill_empty_rows")
    _check_rank(values, 1, "values", "sparse_fill_empty_rows")
    _check_rank(dense_shape, 1, "dense_shape", "sparse_fill_empty_rows")
    _check_rank(default_value, 0, "default_value", "sparse_fill_empty_rows")
    strings = isinstance(values, np.ndarray)
    if strings != isinstance(default_value, np.ndarray):
        raise DtypeError(
            "sparse.sparse_fill_empty_rows() expects values and default_value both as strings or as numbers."
        )
    height, rows = int(dense_shape[0]), indices[:, 0].long()
    if len(rows) and (int(rows.min()) < 0 or int(rows.max()) >= height):
        raise ArgumentError(
            f"sparse.sparse_fill_empty_rows() expects rows from 0 to {height - 1}, as dense_shape says, got rows from "
            f"{int(rows.min())} to {int(rows.max())}."
        )
    counts = torch.bincount(rows, minlength=height)
    empty = counts == 0
    filled = counts.clamp(min=1)
    starts = filled.cumsum(0) - filled
    # Values keep their order within a row.
    order = torch.argsort(rows, stable=True)
    places = torch.empty_like(rows)
    ordered = rows[order]
    places[order] = starts[ordered] + torch.arange(len(rows), device=rows.device) - (counts.cumsum(0) - counts)[ordered]
    total = int(filled.sum())
    output_indices = indices.new_zeros((total, indices.shape[1]))
    output_indices[places] = indices
    output_indices[starts[empty], 0] = torch.nonzero(empty)[:, 0].to(indices.dtype)
    if strings:
        output_values = np.full(total, default_value.item(), dtype=object)
        output_values[places.cpu().numpy()] = values
    else:
        output_values = default_value.to(values.dtype).expand(total).clone().index_put((places,), values)
    return SparseFillEmptyRows(output_indices, output_values, empty, places.to(torch.int32))


@operator("Operations", "Sparse", namespace="sparse")
def sparse_reshape(input_indices: Int32, input_shape: Int32, new_shape: Int32):
    """Gives a sparse tensor another shape.

    Args:
        input_indices: int32 [n, rank], where the values stand.
        input_shape: int32 [rank].
        new_shape: int32 [new rank]; one size may be -1, for what is left.

    Returns:
        `output_indices`: int32 [n, new rank]; `output_shape`: int32 [new rank].
    """
    _check_rank(input_indices, 2, "input_indices", "sparse_reshape")
    _check_rank(input_shape, 1, "input_shape", "sparse_reshape")
    _check_rank(new_shape, 1, "new_shape", "sparse_reshape")
    before, after = input_shape.tolist(), new_shape.tolist()
    size = int(np.prod(before, dtype=np.int64))
    if after.count(-1) > 1 or min(after, default=0) < -1:
        raise ArgumentError(f"sparse.sparse_reshape() expects sizes, of which at most one is -1, got {after}.")
    if -1 in after:
        known = int(np.prod([s for s in after if s != -1], dtype=np.int64))
        after[after.index(-1)] = size // known if known else 0
    if int(np.prod(after, dtype=np.int64)) != size:
        raise ShapeError(
            f"sparse.sparse_reshape() cannot give a tensor of shape {Shape(before)} the shape {Shape(new_shape.tolist())}: "
            f"the number of elements, {size}, must stay."
        )
    flat = (input_indices.long() * _steps(before).to(input_indices.device)).sum(1)
    steps = _steps(after).to(input_indices.device)
    sizes = torch.tensor(after, device=input_indices.device)
    places = (flat[:, None] // steps) % sizes.clamp(min=1)
    return SparseReshape(places.to(torch.int32), sizes.to(torch.int32))


def _steps(shape: list[int]) -> torch.Tensor:
    """Returns how many elements apart neighbours of each dimension are; 1 at least, so that it can divide."""
    steps = [int(np.prod(shape[place + 1 :], dtype=np.int64)) for place in range(len(shape))]
    return torch.tensor(steps, dtype=torch.int64).clamp(min=1)


@operator("Operations", "Sparse", namespace="sparse")
def sparse_segment_sum(data, indices: Int32, segment_ids: Int32):
    """Sums rows of a tensor by segments.

    Args:
        data: [rows, …].
        indices: int32 [n], which rows.
        segment_ids: int32 [n], the segment of each of them, in ascending order.

    Returns:
        [last segment + 1, …], zeros for segments without a row.
    """
    return _segment_sum(data, indices, segment_ids, "sparse_segment_sum")


@operator("Operations", "Sparse", namespace="sparse")
def sparse_segment_mean(data, indices: Int32, segment_ids: Int32):
    """Averages rows of a tensor by segments.

    Args:
        data, indices, segment_ids: as for `sparse_segment_sum`.

    Returns:
        [last segment + 1, …], zeros for segments without a row.
    """
    sums = _segment_sum(data, indices, segment_ids, "sparse_segment_mean")
    counts = torch.bincount(segment_ids.long(), minlength=sums.shape[0]).clamp(min=1)
    counts = counts.reshape(-1, *(1,) * (sums.dim() - 1))
    return sums / counts if sums.is_floating_point() else torch.div(sums, counts, rounding_mode="trunc")


def _segment_sum(data: torch.Tensor, indices: torch.Tensor, segment_ids: torch.Tensor, where: str) -> torch.Tensor:
    if data.dim() < 1:
        raise ShapeError(f"sparse.{where}() expects data of rank 1 or more, got a scalar.")
    _check_rank(indices, 1, "indices", where)
    if segment_ids.shape != indices.shape:
        raise ShapeError(
            f"sparse.{where}() expects a segment id for each index, got {Shape(indices.shape)} indices and "
            f"{Shape(segment_ids.shape)} segment ids."
        )
    segments, rows = segment_ids.tolist(), indices.tolist()
    if segments != sorted(segments) or (segments and segments[0] < 0):
        raise ArgumentError(
            f"sparse.{where}() expects segment ids of 0 or more, in ascending order, got {segments[:20]}."
        )
    if rows and not (min(rows) >= 0 and max(rows) < data.shape[0]):
        raise ArgumentError(
            f"sparse.{where}() expects indices from 0 to {data.shape[0] - 1}, got {min(rows)} to {max(rows)}."
        )
    sums = data.new_zeros((segments[-1] + 1 if segments else 0, *data.shape[1:]))
    return sums.index_add(0, segment_ids.long(), data.index_select(0, indices.long()))


def _check_rank(tensor: torch.Tensor | np.ndarray, rank: int, argument: str, where: str) -> None:
    if len(tensor.shape) != rank:
        raise ShapeError(f"sparse.{where}() expects {argument} of rank {rank}, got shape {Shape(tensor.shape)}.")
