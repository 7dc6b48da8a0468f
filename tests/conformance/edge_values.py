"""What calls at the edges are made of: special numbers, 32-bit integers, nothing at all."""

from collections.abc import Sequence
from typing import Any

import numpy as np

Arguments = list[Any]
NAN, INF, LEAST = "NaN", "Infinity", "-Infinity"


def tensor(data: Sequence[Any], dtype: str = "float32", shape: Sequence[int] | None = None) -> dict[str, Any]:
    """Returns a tensor as cases hold it; without a shape it is of rank 1."""
    return {"$t": 1, "dtype": dtype, "shape": [len(data)] if shape is None else list(shape), "data": list(data)}


def filled(shape: Sequence[int], dtype: str = "float32") -> dict[str, Any]:
    """Returns a tensor with the numbers from 1 on."""
    size = int(np.prod(shape))
    return tensor([n % 2 if dtype == "bool" else n for n in range(1, size + 1)], dtype, shape)


def int32(*data: Any) -> dict[str, Any]:
    return tensor(data, "int32")


def complex64(real: Sequence[Any], imag: Sequence[Any]) -> dict[str, Any]:
    return {"$t": 1, "dtype": "complex64", "shape": [len(real)], "data": {"real": list(real), "imag": list(imag)}}


SPECIAL = tensor([NAN, INF, LEAST, 0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 1e-30, 3e38, -3e38])
EXTREME = int32(2147483647, -2147483648, -2147483647, 0, 1, -1, 7, -7, 65536, 46341)
BOOLEAN = tensor([1, 0], "bool")
COMPLEX = complex64([1, 0], [-2, 0.5])
TEXT = tensor(["a", ""], "string")
SCALAR = tensor([2.5], shape=[])
NOTHING = [tensor([], shape=shape) for shape in ([0], [0, 3], [2, 0])]
NO_INTEGERS, NO_BOOLEANS = tensor([], "int32"), tensor([], "bool")
MATRIX = tensor([NAN, INF, LEAST, 0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, 1e10, 1], shape=[2, 7])
