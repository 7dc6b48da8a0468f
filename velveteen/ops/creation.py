"""Tensors / Creation: tensors from values, and tensors of a pattern."""

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from velveteen import backend
from velveteen.buffers import TensorBuffer
from velveteen.errors import ArgumentError, DtypeError, ShapeError
from velveteen.formatting import tensor_to_string
from velveteen.ops._operator import AnyDtype, Int32, operator
from velveteen.ops._semantics import to_int32, with_gradients
from velveteen.tensors import TORCH_DTYPES, Dtype, Shape, Tensor, TensorLike, check_dtype
from velveteen.variables import Variable


@operator("Tensors", "Creation")
def tensor(values: TensorLike, shape: Sequence[int] | None = None, dtype: Dtype | None = None):
    """Returns a tensor with a copy of values.

    Args:
        values: a number, boolean or string, nested lists of them, an array, or a tensor.
        shape: the shape to give it; by default the nesting of `values`.
        dtype: by default float32 for numbers, bool for booleans, string for strings; arrays keep their kind.

    Raises:
        ShapeError: ragged lists, or a shape that does not fit.
        DtypeError: values that have no such dtype.
    """
    return Tensor(values, shape, dtype)


@operator("Tensors", "Creation")
def scalar(value: TensorLike, dtype: Dtype | None = None):
    """Returns a tensor of rank 0.

    Args:
        value: a number, boolean or string.
        dtype: as for `tensor`.

    Raises:
        ShapeError: `value` is a list.
    """
    made = Tensor(value, None, dtype)
    if made.rank:
        raise ShapeError(f"scalar() expects a single value, got shape {made.shape}. Use tensor().")
    return made


@operator("Tensors", "Creation")
def tensor1d(values: TensorLike, dtype: Dtype | None = None):
    """Returns a tensor of rank 1 from a list of values.

    Raises:
        ShapeError: the values are not a flat list.
    """
    return _of_rank(values, 1, None, dtype)


@operator("Tensors", "Creation")
def tensor2d(values: TensorLike, shape: Sequence[int] | None = None, dtype: Dtype | None = None):
    """Returns a tensor of rank 2 from nested lists, or from a flat list and a shape.

    Raises:
        ShapeError: the nesting is another, or a flat list has no shape.
    """
    return _of_rank(values, 2, shape, dtype)


@operator("Tensors", "Creation")
def tensor3d(values: TensorLike, shape: Sequence[int] | None = None, dtype: Dtype | None = None):
    """Returns a tensor of rank 3 from nested lists, or from a flat list and a shape.

    Raises:
        ShapeError: the nesting is another, or a flat list has no shape.
    """
    return _of_rank(values, 3, shape, dtype)


@operator("Tensors", "Creation")
def tensor4d(values: TensorLike, shape: Sequence[int] | None = None, dtype: Dtype | None = None):
    """Returns a tensor of rank 4 from nested lists, or from a flat list and a shape.

    Raises:
        ShapeError: the nesting is another, or a flat list has no shape.
    """
    return _of_rank(values, 4, shape, dtype)


@operator("Tensors", "Creation")
def tensor5d(values: TensorLike, shape: Sequence[int] | None = None, dtype: Dtype | None = None):
    """Returns a tensor of rank 5 from nested lists, or from a flat list and a shape.

    Raises:
        ShapeError: the nesting is another, or a flat list has no shape.
    """
    return _of_rank(values, 5, shape, dtype)


@operator("Tensors", "Creation")
def tensor6d(values: TensorLike, shape: Sequence[int] | None = None, dtype: Dtype | None = None):
    """Returns a tensor of rank 6 from nested lists, or from a flat list and a shape.

    Raises:
        ShapeError: the nesting is another, or a flat list has no shape.
    """
    return _of_rank(values, 6, shape, dtype)


def _of_rank(values: TensorLike, rank: int, shape: Sequence[int] | None, dtype: Dtype | None) -> Tensor:
    if shape is not None and len(shape) != rank:
        raise ShapeError(f"tensor{rank}d() expects a shape of {rank} numbers, got {Shape(shape)}.")
    made = Tensor(values, None, dtype)
    if made.rank == 1 and shape is None and rank > 1:
        raise ShapeError(f"tensor{rank}d() needs a shape when the values are a flat list.")
    if made.rank not in (rank, 1):
        raise ShapeError(f"tensor{rank}d() expects values nested {rank} deep, got shape {made.shape}.")
    return made if shape is None else Tensor(made, shape)


@operator("Tensors", "Creation", method=True)
def variable(initial_value: TensorLike, trainable: bool = True, name: str | None = None, dtype: Dtype | None = None):
    """Returns a tensor whose value can be replaced with `assign`.

    Args:
        initial_value: anything tensor-like; it is copied.
        trainable: whether optimizers and `variable_grads` change it when no list of variables is given.
        name: a name; by default `variable_1`, `variable_2`, …
        dtype: as for `tensor`.
    """
    return Variable(initial_value, trainable, name, dtype)


@operator("Tensors", "Creation")
def buffer(shape: Sequence[int], dtype: Dtype | None = "float32", values: TensorLike = None) -> TensorBuffer:
    """Returns a mutable array to fill value by value: `buffer.set(value, *location)`, then `buffer.to_tensor()`.

    Args:
        shape: the shape.
        dtype: float32 by default.
        values: flat values to start from; zeros by default.
    """
    return TensorBuffer(shape, dtype or "float32", values)


@operator("Tensors", "Creation", method=True)
def clone(x: AnyDtype):
    """Returns a tensor with the same values."""
    return x.copy() if isinstance(x, np.ndarray) else x.clone()


@operator("Tensors", "Creation")
def complex(real, imag):
    """Returns complex64 numbers.

    Args:
        real: tensor of the real parts.
        imag: tensor of the imaginary parts, of the same shape.
    """
    if real.shape != imag.shape:
        raise ShapeError(
            f"complex() expects two tensors of one shape, got {Shape(real.shape)} and {Shape(imag.shape)}."
        )
    return torch.complex(real.float(), imag.float())


@operator("Tensors", "Creation")
def real(input):
    """Returns the real parts, as float32."""
    return input.real.float()


@operator("Tensors", "Creation")
def imag(input):
    """Returns the imaginary parts, as float32."""
    return input.imag.clone() if input.is_complex() else torch.zeros_like(input, dtype=torch.float32)


@operator("Tensors", "Creation")
def diag(x):
    """Returns a tensor of shape [...x.shape, ...x.shape] with `x` on its diagonal and 0 elsewhere."""
    return torch.diag(x.reshape(-1)).reshape((*x.shape, *x.shape))


@operator("Tensors", "Creation")
def eye(
    num_rows: int,
    num_columns: int | None = None,
    batch_shape: Sequence[int] | None = None,
    dtype: Dtype | None = "float32",
):
    """Returns a matrix with 1 on its diagonal and 0 elsewhere.

    Args:
        num_rows: rows.
        num_columns: columns; as many as rows by default.
        batch_shape: how often, as leading dimensions.
        dtype: float32 by default.
    """
    columns = num_rows if num_columns is None else num_columns
    matrix = torch.eye(num_rows, columns, dtype=_numeric(dtype), device=backend.device())
    return matrix.repeat(*(batch_shape or ()), 1, 1)


@operator("Tensors", "Creation")
def fill(shape: Sequence[int], value: Any, dtype: Dtype | None = None):
    """Returns a tensor in which every element is `value`.

    Args:
        shape: the shape.
        value: a number, boolean or string.
        dtype: by default as `tensor(value)` has it.
    """
    store = Tensor(value).value if dtype == "int32" else Tensor(value, None, dtype).value
    if dtype == "int32" and isinstance(store, torch.Tensor):
        store = to_int32(store)
    if isinstance(store, np.ndarray):
        return np.full(tuple(shape), value, dtype=object)
    return store.expand(tuple(shape)).clone()


@operator("Tensors", "Creation")
def ones(shape: Sequence[int], dtype: Dtype | None = "float32"):
    """Returns a tensor of ones.

    Args:
        shape: the shape.
        dtype: float32 by default.
    """
    return torch.ones(tuple(shape), dtype=_numeric(dtype), device=backend.device())


@operator("Tensors", "Creation")
def zeros(shape: Sequence[int], dtype: Dtype | None = "float32"):
    """Returns a tensor of zeros.

    Args:
        shape: the shape.
        dtype: float32 by default.
    """
    return torch.zeros(tuple(shape), dtype=_numeric(dtype), device=backend.device())


def _numeric(dtype: Dtype | None) -> torch.dtype:
    dtype = dtype or "float32"
    check_dtype(dtype)
    if dtype == "string":
        raise DtypeError('This operator makes numbers. For strings, use fill(shape, "").')
    return TORCH_DTYPES[dtype]


@operator("Tensors", "Creation", method=True)
def ones_like(x):
    """Returns ones of the shape and dtype of `x`."""
    return _constant(torch.ones_like)(x)


@operator("Tensors", "Creation", method=True)
def zeros_like(x):
    """Returns zeros of the shape and dtype of `x`."""
    return _constant(torch.zeros_like)(x)


def _constant(function):
    # The gradient of a constant is 0; without it, asking for the gradient is an error.
    return with_gradients(function, lambda dy, x: torch.zeros_like(x))


@operator("Tensors", "Creation")
def linspace(start: float, stop: float, num: int):
    """Returns numbers at equal distances, float32.

    Args:
        start: the first.
        stop: the last.
        num: how many, 1 or more.
    """
    if num <= 0:
        raise ArgumentError(f"linspace() expects one number or more, got num={num}.")
    return torch.linspace(float(start), float(stop), num, device=backend.device())


@operator("Tensors", "Creation")
def range(start: float, stop: float, step: float = 1, dtype: Dtype | None = "float32"):
    """Returns the numbers from `start` on, before `stop`.

    Args:
        start: the first.
        stop: where to end; this number is not among them.
        step: the distance; with the default, a `stop` below `start` counts down.
        dtype: float32 by default.

    Raises:
        ArgumentError: `step` is 0.
    """
    if step == 0:
        raise ArgumentError("range() expects a step other than 0.")
    if step == 1 and stop < start:
        step = -1
    torch_dtype = _numeric(dtype)
    if torch_dtype == torch.complex64:
        raise DtypeError("range() gives real numbers, not complex64. Put vt.complex() around two of them.")
    count = builtins.max(0, math.ceil((stop - start) / step))
    # An int32 array drops the fraction of each number before the next one is computed from it.
    step = int(step) if torch_dtype == torch.int32 else step
    numbers = torch.arange(count, dtype=torch.float64) * step + start
    return (to_int32(numbers) if torch_dtype == torch.int32 else numbers.to(torch_dtype)).to(backend.device())


@operator("Tensors", "Creation", method=True)
def one_hot(indices: Int32, depth: int, on_value: float = 1, off_value: float = 0, dtype: Dtype | None = "int32"):
    """Returns a row for each index, with `on_value` at that place and `off_value` elsewhere.

    Args:
        indices: int32 tensor of any shape; an index outside of the row sets nothing.
        depth: the length of a row, 2 or more.
        on_value: the value at the index.
        off_value: the value elsewhere.
        dtype: int32 by default.

    Returns:
        A tensor of shape [...indices.shape, depth].
    """
    if depth < 2:
        raise ArgumentError(f"one_hot() expects a depth of 2 or more, got {depth}.")
    places = torch.arange(depth, device=indices.device)
    rows = torch.where(indices[..., None] == places, float(on_value), float(off_value))
    return to_int32(rows) if dtype == "int32" else rows.to(_numeric(dtype))


@operator("Tensors", "Creation")
def print(x: TensorLike, verbose: bool = False) -> None:
    """Prints a tensor.

    Args:
        x: anything tensor-like.
        verbose: whether to say dtype, rank and shape first.
    """
    builtins.print(tensor_to_string(x if isinstance(x, Tensor) else Tensor(x), verbose))
