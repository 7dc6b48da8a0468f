"""Operations / Slicing and Joining, by index: elements or slices of a tensor read and written at lists of places.

A list of places is an int32 tensor of shape [..., depth]: each row indexes the first `depth` dimensions. A vector is a
list of places in the first dimension.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from velveteen.errors import DtypeError, ShapeError
from velveteen.ops._operator import AnyDtype, Int32, operator
from velveteen.ops._semantics import moving
from velveteen.tensors import Shape, Tensor, dtype_name


@operator("Operations", "Slicing and Joining")
def gather_nd(x: AnyDtype, indices: Int32):
    """Returns the elements or slices of `x` at a list of places.

    Args:
        x: tensor of rank 1 or more.
        indices: int32 tensor of shape [..., depth].

    Returns:
        A tensor of shape indices.shape[:-1] + x.shape[depth:].

    Raises:
        ShapeError: a place outside of `x`.
    """
    if indices.dim() == 0 or indices.shape[-1] > x.ndim:
        raise ShapeError(
            f"gather_nd() expects indices of shape [..., at most {x.ndim}] for {Shape(x.shape)}, "
            f"got {Shape(indices.shape)}."
        )
    return _gather_nd(x, indices)


@moving
def _gather_nd(x, indices):
    depth = indices.shape[-1]
    rows = _rows(indices, x.shape[:depth], "gather_nd")
    flat = x.reshape(math.prod(x.shape[:depth]), *x.shape[depth:])
    return flat.index_select(0, rows.reshape(-1).long()).reshape((*indices.shape[:-1], *x.shape[depth:]))


@operator("Operations", "Slicing and Joining")
def scatter_nd(indices: Int32, updates, shape: Sequence[int]):
    """Returns zeros with elements or slices added at a list of places; those with the same place add up.

    Args:
        indices: int32 tensor of shape [..., depth].
        updates: tensor of shape indices.shape[:-1] + shape[depth:].
        shape: the shape of the result.

    Raises:
        ShapeError: updates of another shape, or a place outside.
    """
    indices = _check(indices, updates, shape, "scatter_nd")
    depth = indices.shape[-1]
    rows = _rows(indices, shape[:depth], "scatter_nd").reshape(-1)
    zeros = torch.zeros(math.prod(shape[:depth]), *shape[depth:], dtype=updates.dtype, device=updates.device)
    return zeros.index_add(0, rows, updates.reshape(-1, *shape[depth:])).reshape(tuple(shape))


@operator("Operations", "Slicing and Joining")
def tensor_scatter_update(tensor, indices: Int32, updates):
    """Returns `tensor` with elements or slices replaced at a list of places; of the same place the last counts.

    Args:
        tensor: tensor of rank 1 or more.
        indices: int32 tensor of shape [..., depth].
        updates: tensor of shape indices.shape[:-1] + tensor.shape[depth:], of the same dtype.

    Raises:
        ShapeError: updates of another shape, or a place outside.
        DtypeError: updates of another dtype.
    """
    if tensor.dtype != updates.dtype:
        raise DtypeError(
            f"tensor_scatter_update() expects updates of the tensor's dtype, {tensor.dtype}, got {updates.dtype}. "
            "Use cast()."
        )
    indices = _check(indices, updates, tensor.shape, "tensor_scatter_update")
    return _replace(tensor, indices, updates, "tensor_scatter_update")


@operator("Operations", "Normalization")
def sparse_to_dense(
    sparse_indices: Int32, sparse_values: AnyDtype, output_shape: Sequence[int], default_value: Any = 0
):
    """Returns a tensor with values at a list of places and a default everywhere else; the last of a place counts.

    Args:
        sparse_indices: int32 scalar, vector (places of a vector), or tensor of shape [places, rank].
        sparse_values: a value for each place, or one for all; numbers or strings.
        output_shape: the shape of the result.
        default_value: scalar of the values' dtype, what stands elsewhere.

    Raises:
        ShapeError: a place outside, or a number of values that does not fit.
        DtypeError: a default of another dtype than the values.
    """
    if sparse_indices.dim() > 2 or sparse_values.ndim > 1:
        raise ShapeError(
            "sparse_to_dense() expects indices of rank 2 at most and values of rank 1 at most, "
            f"got {Shape(sparse_indices.shape)} and {Shape(sparse_values.shape)}."
        )
    indices = sparse_indices.reshape(-1, 1) if sparse_indices.dim() < 2 else sparse_indices
    if sparse_values.ndim == 1 and len(sparse_values) != len(indices):
        raise ShapeError(f"sparse_to_dense() got {len(sparse_values)} values for {len(indices)} places.")
    default = default_value.value if isinstance(default_value, Tensor) else default_value
    found = dtype_name(default) if isinstance(default, torch.Tensor | np.ndarray) else None
    wanted = dtype_name(sparse_values)
    if (found or wanted) != wanted or (isinstance(default, str) and wanted != "string"):
        raise DtypeError(
            f"sparse_to_dense() expects a default_value of the values' dtype, {wanted}, got {found or 'string'}. "
            "Use cast()."
        )
    if isinstance(sparse_values, np.ndarray):  # PyTorch has no strings: their places are put there instead
        texts = [*sparse_values.reshape(-1).tolist(), _only_text(default)]
        places = torch.arange(len(texts) - 1, device=indices.device).reshape(sparse_values.shape)
        dense = _dense(indices, places, output_shape, torch.tensor(len(texts) - 1, device=indices.device))
        return np.array(texts, dtype=object)[dense.cpu().numpy()].reshape(tuple(output_shape))
    default = torch.as_tensor(default, device=sparse_values.device).to(sparse_values.dtype)
    return _dense(indices, sparse_values, output_shape, default)


def _dense(indices, values, output_shape, default):
    return _replace(default.expand(tuple(output_shape)), indices, values.expand(len(indices)), "sparse_to_dense")


def _only_text(value):
    text = value.item() if isinstance(value, np.ndarray) and value.size == 1 else value
    if not isinstance(text, str):
        raise DtypeError(f"sparse_to_dense() of strings needs a text as default_value, got {value!r:.80}.")
    return text


def _replace(tensor, indices, updates, operator_name):
    depth = indices.shape[-1]
    rows = _rows(indices, tensor.shape[:depth], operator_name).reshape(-1)
    flat = tensor.reshape(math.prod(tensor.shape[:depth]), *tensor.shape[depth:])
    # Which update each row takes is decided first: with a place twice, PyTorch does not say which one it writes.
    order = torch.arange(len(rows), device=rows.device)
    chosen = torch.full((len(flat),), -1, device=rows.device).scatter_reduce(0, rows, order, "amax")
    if len(rows) == 0:
        return tensor.clone()
    picked = updates.reshape(len(rows), *tensor.shape[depth:]).index_select(0, chosen.clamp(min=0))
    replaced = (chosen >= 0).reshape(-1, *[1] * (flat.dim() - 1))
    return torch.where(replaced, picked, flat).reshape(tensor.shape)


def _check(indices, updates, shape, operator_name):
    """Returns the indices as [..., depth], having checked that the updates fit."""
    if indices.dim() == 1:
        indices = indices[:, None]
    if indices.dim() == 0 or tuple(updates.shape) != (*indices.shape[:-1], *shape[indices.shape[-1] :]):
        raise ShapeError(
            f"{operator_name}() expects updates of shape indices.shape[:-1] + shape[depth:], "
            f"got updates {Shape(updates.shape)}, indices {Shape(indices.shape)} and shape {Shape(shape)}."
        )
    return indices


def _rows(indices, sizes, operator_name):
    """Returns for each place its number, counting row by row through dimensions of these sizes."""
    limits = torch.tensor(list(sizes), device=indices.device)
    if bool(((indices < 0) | (indices >= limits)).any()):
        raise ShapeError(f"{operator_name}() got a place outside of the dimensions {Shape(sizes)}.")
    strides = torch.tensor([math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))], device=indices.device)
    return (indices.long() * strides).sum(-1)
