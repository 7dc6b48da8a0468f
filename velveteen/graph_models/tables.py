"""Hash tables: from keys to values, filled by a model's initializer."""

from typing import Any

import numpy as np
import torch

from velveteen.errors import DtypeError, ShapeError
from velveteen.tensors import dtype_name


class HashTable:
    """A table from numbers or texts to values.

    Args:
        key_dtype, value_dtype: velveteen's dtypes; None where the file does not say.
    """

    def __init__(self, key_dtype: str | None, value_dtype: str | None):
        self._key_dtype = key_dtype
        self._value_dtype = value_dtype
        self._values: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self._values)

    def fill(self, keys: Any, values: Any) -> None:
        """Replaces the content: the first of `values` belongs to the first key, and so on."""
        self._check(keys, values)
        names = keys.reshape(-1).tolist()
        if len(names) != (values.shape[0] if values.ndim else -1):
            raise ShapeError(f"A table needs a value for each of its {len(names)} keys, got {list(values.shape)}.")
        self._values = dict(zip(names, values, strict=True))

    def find(self, keys: Any, default: Any) -> Any:
        """Returns the values of keys, `default` for one that is not in the table; [keys, …]."""
        self._check(keys, default)
        found = [self._values.get(key, default) for key in keys.reshape(-1).tolist()]
        if isinstance(default, np.ndarray):
            return np.array([each.item() if isinstance(each, np.ndarray) else each for each in found], dtype=object)
        return torch.stack([each.reshape(default.shape) for each in found]) if found else default.new_zeros(0)

    def _check(self, keys: Any, values: Any) -> None:
        for what, expected, found in (("keys", self._key_dtype, keys), ("values", self._value_dtype, values)):
            if expected is not None and dtype_name(found) != expected:
                raise DtypeError(f"The {what} of this table are {expected}, got {dtype_name(found)}.")
