"""What random operator calls are made of.

A tensor is what `tests.conformance.cases` reads, `{"$t": 1, "dtype", "shape", "data"}`. Values stay away from where
float32 loses digits, since TensorFlow.js and PyTorch lose different ones.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

Arguments = list[Any]


class Random:
    """Draws what calls are made of."""

    def __init__(self, seed: Sequence[int]):
        self.generator = np.random.default_rng(seed)

    def chance(self, likelihood: float = 0.5) -> bool:
        return bool(self.generator.random() < likelihood)

    def whole(self, low: int, high: int) -> int:
        """Returns an integer, `high` included."""
        return int(self.generator.integers(low, high + 1))

    def one_of(self, *choices: Any) -> Any:
        return choices[self.whole(0, len(choices) - 1)]

    def shape(self, least: int = 0, most: int = 4, size: int = 4) -> list[int]:
        return [self.whole(1, size) for _ in range(self.whole(least, most))]

    def floats(self, shape: Sequence[int], low: float = -2.0, high: float = 2.0) -> dict[str, Any]:
        return tensor(self.generator.uniform(low, high, shape).astype(np.float32))

    def steps(self, shape: Sequence[int]) -> dict[str, Any]:
        """Returns floats with many equal ones."""
        return tensor((self.generator.integers(-3, 4, shape) / 2).astype(np.float32))

    def integers(self, shape: Sequence[int], low: int = -9, high: int = 9) -> dict[str, Any]:
        return tensor(self.generator.integers(low, high + 1, shape).astype(np.int32))

    def booleans(self, shape: Sequence[int]) -> dict[str, Any]:
        return tensor(self.generator.integers(0, 2, shape).astype(bool))

    def numbers(self, shape: Sequence[int]) -> dict[str, Any]:
        """Returns a tensor of any dtype that computes."""
        return self.one_of(self.floats, self.floats, self.steps, self.integers, self.booleans)(shape)

    def complex(self, shape: Sequence[int]) -> dict[str, Any]:
        parts = [self.floats(shape)["data"] for _ in range(2)]
        return {"$t": 1, "dtype": "complex64", "shape": list(shape), "data": {"real": parts[0], "imag": parts[1]}}

    def broadcastable(self, size: int = 3) -> tuple[list[int], list[int]]:
        """Returns two shapes that broadcast."""
        whole = self.shape(0, 4, size)
        pair = [[1 if self.chance(0.25) else n for n in whole[self.whole(0, len(whole)) :]], list(whole)]
        self.generator.shuffle(pair)
        return pair[0], pair[1]

    def axis(self, rank: int) -> int:
        return self.whole(-rank, rank - 1)

    def axes(self, rank: int) -> Any:
        """Returns None, an axis, or several."""
        if rank == 0 or self.chance(0.25):
            return None
        if self.chance():
            return self.axis(rank)
        chosen = self.generator.permutation(rank)[: self.whole(1, rank)].tolist()
        return [axis - rank if self.chance(0.3) else axis for axis in chosen]

    def permutation(self, count: int) -> list[int]:
        return self.generator.permutation(count).tolist()


def tensor(array: np.ndarray) -> dict[str, Any]:
    """Returns an array as cases hold it."""
    values = [float(value) if array.dtype.kind == "f" else int(value) for value in array.ravel()]
    return {"$t": 1, "dtype": str(array.dtype), "shape": list(array.shape), "data": values}


def float_places(args: Arguments) -> list[int]:
    """Returns which arguments have gradients."""
    return [i for i, arg in enumerate(args) if isinstance(arg, dict) and arg.get("dtype") == "float32"]
