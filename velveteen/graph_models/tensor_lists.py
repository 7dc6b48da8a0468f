"""What loops collect tensors in: TensorList and the older TensorArray.

Both are changed in place, as in TensorFlow.js.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from velveteen import backend, ops
from velveteen.errors import ArgumentError, DtypeError, ShapeError
from velveteen.graph_models.registry import unwrap
from velveteen.tensors import TORCH_DTYPES, Shape, dtype_name

_SIZE_LIMIT = 2**24
"""Most elements of a list: an index from a file must not allocate what it likes."""

ElementShape = list[int] | None
"""The sizes of each element, -1 where any fits; None for any rank."""


class TensorList:
    """Tensors of one dtype.

    Args:
        shape: of each element.
        dtype: of each element; None for any.
        limit: most elements; None for any number.
        tensors: the first elements.
    """

    def __init__(self, shape: ElementShape, dtype: str | None, limit: int | None = None, tensors: Sequence[Any] = ()):
        self.shape = shape
        self.dtype = dtype
        self._limit = limit
        self._tensors: list[Any] = []
        for tensor in tensors:
            self.push(tensor)

    def __len__(self) -> int:
        return len(self._tensors)

    def push(self, tensor: Any) -> None:
        """Adds a tensor at the end."""
        if self._limit == len(self):
            raise ArgumentError(f"A tensor list of {self._limit} elements is full.")
        self._check(tensor)
        self._tensors.append(tensor)

    def pop(self, shape: ElementShape) -> Any:
        """Takes the last tensor away."""
        if not self._tensors:
            raise ArgumentError("Nothing can be taken from an empty tensor list.")
        full = self._element_shape(shape)
        return self._filled(self._tensors.pop(), full)

    def get(self, index: int, shape: ElementShape) -> Any:
        """Returns the tensor at an index."""
        if not 0 <= index < len(self):
            raise ArgumentError(f"A tensor list of {len(self)} elements has none at {index}.")
        return self._filled(self._tensors[index], self._element_shape(shape))

    def set(self, index: int, tensor: Any) -> None:
        """Replaces the tensor at an index; the list grows to hold it."""
        limit = _SIZE_LIMIT if self._limit is None else self._limit
        if not 0 <= index < limit:
            raise ArgumentError(f"A tensor list of at most {limit} elements has no place {index}.")
        self._check(tensor)
        self._tensors.extend([None] * (index + 1 - len(self)))
        self._tensors[index] = tensor

    def resized(self, size: int) -> "TensorList":
        """Returns a new list of another length, with nothing at new places."""
        limit = _SIZE_LIMIT if self._limit is None else self._limit
        if not 0 <= size <= limit:
            raise ArgumentError(f"A tensor list has between 0 and {limit} elements, got {size}.")
        result = TensorList(self.shape, self.dtype, self._limit)
        result._tensors = self._tensors[:size] + [None] * (size - len(self))
        return result

    def gather(self, indices: Sequence[int], shape: ElementShape) -> Any:
        """Returns the tensors at indices, stacked; indices beyond the list's length are left out from the end."""
        full = self._element_shape(shape)
        chosen = [self.get(index, full) for index in indices[: len(self)]]
        return ops.stack(chosen) if chosen else self._nothing(full)

    def stack(self, shape: ElementShape, count: int = -1) -> Any:
        """Returns all tensors stacked."""
        if count not in (-1, len(self)):
            raise ArgumentError(f"A tensor list should have {count} elements, but it has {len(self)}.")
        return self.gather(range(len(self)), shape)

    def concat(self, shape: ElementShape) -> Any:
        """Returns all tensors joined along their first dimension."""
        if not self._tensors:
            return self._nothing(self._element_shape(shape))
        return ops.concat(self._tensors)

    def _check(self, tensor: Any) -> None:
        if self.dtype is not None and dtype_name(tensor) != self.dtype:
            raise DtypeError(f"A list of {self.dtype} tensors cannot hold one of {dtype_name(tensor)}.")
        merge_shapes(self.shape, list(tensor.shape))

    def _element_shape(self, shape: ElementShape) -> list[int]:
        """Returns the sizes of all elements, found from what is known of them."""
        merged = merge_shapes(self.shape, shape)
        for tensor in self._tensors if merged is None or -1 in merged else ():
            if tensor is not None:
                merged = merge_shapes(merged, list(tensor.shape))
        if merged is None or -1 in merged:
            raise ShapeError("A tensor list without tensors needs elements of known sizes.")
        return merged

    def _filled(self, tensor: Any, shape: list[int]) -> Any:
        """Returns a tensor; zeros or empty texts where nothing was put."""
        if tensor is None and self.dtype == "string":
            return np.full(tuple(shape), "", dtype=object)
        if tensor is None:
            dtype: Any = self.dtype or "float32"
            return torch.zeros(shape, dtype=TORCH_DTYPES.get(dtype, torch.float32), device=backend.device())
        return tensor.reshape(shape)

    def _nothing(self, shape: list[int]) -> Any:
        return self._filled(None, [0, *shape])


class TensorArray:
    """Tensors of one dtype, each written once.

    Args:
        dtype: of each tensor; None for any.
        size: how many.
        shape: of each tensor.
        grows: whether there may be more.
        clears: whether a tensor can be read only once.
    """

    def __init__(self, dtype: str | None, size: int, shape: ElementShape, grows: bool, clears: bool):
        self._dtype = dtype
        self._limit = _SIZE_LIMIT if grows else size
        self._shape = shape or None  # TensorFlow.js takes a shape without sizes for an unknown one
        self._clears = clears
        self._tensors: dict[int, Any] = {}
        self._read: set[int] = set()
        self._is_closed = False

    def __len__(self) -> int:
        return max(self._tensors, default=-1) + 1

    def write(self, index: int, tensor: Any) -> None:
        """Puts a tensor at an index."""
        self._check_open()
        if not 0 <= index < self._limit:
            raise ArgumentError(f"A tensor array of {self._limit} elements has no place {index}.")
        if self._dtype is not None and dtype_name(tensor) != self._dtype:
            raise DtypeError(f"An array of {self._dtype} tensors cannot hold one of {dtype_name(tensor)}.")
        if index in self._tensors:
            raise ArgumentError(f"Place {index} of a tensor array was written already.")
        self._shape = merge_shapes(self._shape, list(tensor.shape)) if self._tensors or self._shape else None
        self._shape = self._shape or list(tensor.shape)
        self._tensors[index] = tensor

    def read(self, index: int) -> Any:
        """Returns the tensor at an index."""
        self._check_open()
        if index not in self._tensors:
            raise ArgumentError(f"Nothing was written to place {index} of a tensor array.")
        if self._clears and index in self._read:
            raise ArgumentError(f"Place {index} of a tensor array was read already, which cleared it.")
        self._read.add(index)
        return self._tensors[index]

    def gather(self, indices: Sequence[int]) -> Any:
        """Returns the tensors at indices, stacked."""
        chosen = [self.read(index) for index in indices[: len(self)]]
        return ops.stack(chosen) if chosen else self._nothing()

    def concat(self) -> Any:
        """Returns all tensors joined along their first dimension."""
        return ops.concat([self.read(index) for index in range(len(self))]) if self._tensors else self._nothing()

    def scatter(self, indices: Sequence[int], tensor: Any) -> None:
        """Puts the rows of a tensor at indices."""
        _check_count(len(indices), tensor.shape[0])
        for index, row in zip(indices, rows(tensor), strict=True):
            self.write(index, row)

    def split(self, tensor: Any, lengths: Sequence[int]) -> None:
        """Puts pieces of a tensor, of these lengths, at the places from 0 on."""
        for index, piece in enumerate(cut(tensor, lengths)):
            self.write(index, piece)

    def close(self) -> None:
        """Forgets the tensors."""
        self._tensors = {}
        self._is_closed = True

    def _nothing(self) -> torch.Tensor:
        return torch.zeros([0, *(self._shape or [])], device=backend.device())

    def _check_open(self) -> None:
        if self._is_closed:
            raise ArgumentError("The tensor array has been closed already.")


def scattered(
    tensor: Any, indices: Sequence[int], shape: ElementShape, dtype: str | None, count: int | None
) -> TensorList:
    """Returns a list with the rows of a tensor at indices."""
    _check_count(len(indices), tensor.shape[0])
    result = TensorList(shape, dtype or dtype_name(tensor), None if count in (None, -1) else count)
    for index, row in zip(indices, rows(tensor), strict=True):
        result.set(index, row)
    return result


def cut(tensor: Any, lengths: Sequence[int]) -> list[Any]:
    """Returns pieces of a tensor, of these lengths along its first dimension."""
    if sum(lengths) != tensor.shape[0]:
        raise ShapeError(f"Pieces of {list(lengths)} rows do not make up a tensor of shape {Shape(tensor.shape)}.")
    return [unwrap(piece) for piece in ops.split(tensor, list(lengths), 0)]


def rows(tensor: Any) -> list[Any]:
    """Returns the slices of a tensor along its first dimension."""
    return [unwrap(row) for row in ops.unstack(tensor, 0)]


def merge_shapes(a: ElementShape, b: ElementShape) -> ElementShape:
    """Returns what two shapes say together.

    Raises:
        ShapeError: they contradict each other.
    """
    if a is None or b is None:
        return b if a is None else a
    if len(a) != len(b) or any(i != j and i >= 0 and j >= 0 for i, j in zip(a, b, strict=True)):
        raise ShapeError(f"A list's elements have the shape {Shape(a)}, which {Shape(b)} does not fit.")
    return [max(i, j) for i, j in zip(a, b, strict=True)]


def _check_count(indices: int, rows: int) -> None:
    if indices != rows:
        raise ShapeError(f"There are {indices} indices for a tensor of {rows} rows. Give one index a row.")
