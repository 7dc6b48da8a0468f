"""TensorBuffer: a mutable array, to fill value by value."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from velveteen.errors import ShapeError
from velveteen.tensors import Dtype, Shape, Tensor, TensorLike, check_dtype


class TensorBuffer:
    """A mutable array to fill value by value, then turn into a Tensor.

    Args:
        shape: the shape.
        dtype: the dtype, float32 by default.
        values: flat values to start from; by default zeros (empty strings for a string buffer).
    """

    def __init__(self, shape: Sequence[int], dtype: Dtype = "float32", values: TensorLike = None):
        check_dtype(dtype)
        self.shape = Shape(shape)
        self.dtype = dtype
        self.size = int(np.prod(self.shape, dtype=np.int64))
        kind: Any = {"string": object, "complex64": np.complex64}.get(dtype, dtype)
        if values is None:
            self.values = np.full(self.size, "" if dtype == "string" else 0, dtype=kind)
        else:
            self.values = np.array(values, dtype=kind).reshape(-1)
            if self.values.size != self.size:
                raise ShapeError(f"A buffer of shape {self.shape} needs {self.size} values, got {self.values.size}.")

    @property
    def rank(self) -> int:
        return len(self.shape)

    def set(self, value: Any, *location: int) -> None:
        """Stores `value` at `location`, one index a dimension (none for index 0 of every dimension)."""
        self.values[self._offset(location)] = value

    def get(self, *location: int) -> Any:
        """Returns the value at `location`, one index a dimension (none for index 0 of every dimension)."""
        value = self.values[self._offset(location)]
        return value.item() if isinstance(value, np.generic) else value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = self.values.reshape(self.shape)
        return values.copy() if dtype is None else values.astype(dtype)

    def to_tensor(self) -> Tensor:
        """Returns an immutable copy."""
        return Tensor(self.values.reshape(self.shape), dtype=self.dtype)

    def _offset(self, location: tuple[int, ...]) -> int:
        location = location or (0,) * self.rank
        if len(location) != self.rank or any(not 0 <= i < n for i, n in zip(location, self.shape, strict=True)):
            raise ShapeError(f"Location {list(location)} is outside of a buffer of shape {self.shape}.")
        return int(np.ravel_multi_index(location, self.shape)) if location else 0
