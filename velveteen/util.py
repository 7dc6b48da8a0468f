"""What TensorFlow.js keeps in `tf.util`: small help with lists, shapes and texts, public as `vt.util`."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from velveteen.errors import ArgumentError, ArgumentTypeError, ShapeError

# Lists and numbers


def shuffle(array: Any) -> None:
    """Puts a list or numpy array into a random order, in place; `vt.set_random_seed` makes it repeatable.

    Raises:
        ArgumentTypeError: it cannot be changed in place, as a Tensor cannot.
    """
    shuffle_combo(array)


def shuffle_combo(array: Any, array2: Any = None) -> None:
    """Puts two lists or numpy arrays of one length into the same random order, in place.

    Raises:
        ArgumentTypeError: one cannot be changed in place.
        ArgumentError: they have different lengths.
    """
    arrays = [array] if array2 is None else [array, array2]
    for each in arrays:
        if not isinstance(each, list | np.ndarray):
            raise ArgumentTypeError(
                f"shuffle() changes a list or a numpy array in place, got {type(each).__name__}. "
                "For a tensor use vt.gather(t, vt.util.create_shuffled_indices(t.shape[0]))."
            )
    if len({len(each) for each in arrays}) > 1:
        raise ArgumentError(
            f"Lists that are shuffled together must have one length, got {' and '.join(str(len(a)) for a in arrays)}."
        )
    order = create_shuffled_indices(len(array))
    for each in arrays:
        each[:] = each[order] if isinstance(each, np.ndarray) else [each[place] for place in order]


def create_shuffled_indices(n: int) -> np.ndarray:
    """Returns 0 … n - 1 in a random order, int32."""
    return torch.randperm(n).numpy().astype(np.int32)


def flatten(arr: Any, result: list[Any] | None = None) -> list[Any]:
    """Returns the values of nested lists, tuples, arrays and tensors as one list.

    Args:
        arr: anything nested; a single value gives a list of one.
        result: a list to append to, which is returned then.
    """
    found = [] if result is None else result
    if hasattr(arr, "tolist"):
        arr = arr.tolist()
    elif hasattr(arr, "array_sync"):
        arr = arr.array_sync()
    if isinstance(arr, list | tuple):
        for part in arr:
            flatten(part, found)
    else:
        found.append(arr)
    return found


def clamp(min: float, x: float, max: float) -> float:  # TensorFlow.js's names and order
    """Returns the number between `min` and `max` that is nearest to `x`."""
    return min if x < min else max if x > max else x


def nearest_larger_even(val: int) -> int:
    """Returns `val` if it is even, else the number after it."""
    return val + val % 2


def nearest_divisor(size: int, start: int) -> int:
    """Returns the least divisor of `size` that is at least `start`; `size` itself where there is none."""
    return next((divisor for divisor in range(max(start, 1), size) if size % divisor == 0), size)


def rand_uniform(a: float, b: float) -> float:
    """Returns a random number from `a` (included) to `b`."""
    return a + (b - a) * float(torch.rand(()))


def dist_squared(a: Sequence[float], b: Sequence[float]) -> float:
    """Returns the sum of the squared differences."""
    return math.fsum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True))


def arrays_equal(n1: Any, n2: Any) -> bool:
    """Returns whether two flat lists hold the same values."""
    if n1 is n2:
        return True
    return n1 is not None and n2 is not None and list(n1) == list(n2)


# Shapes


def size_from_shape(shape: Sequence[int]) -> int:
    """Returns how many values a tensor of this shape has."""
    return math.prod(shape)


def is_scalar_shape(shape: Sequence[int]) -> bool:
    """Returns whether a tensor of this shape has no axes."""
    return len(shape) == 0


def compute_strides(shape: Sequence[int]) -> list[int]:
    """Returns how far apart neighbours are along each axis but the last, counted in values."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape) - 1)]


def infer_from_implicit_shape(shape: Sequence[int], size: int) -> list[int]:
    """Returns `shape` with its one -1 replaced by what is left of `size` values.

    Raises:
        ShapeError: several sizes are -1, another is negative, or the sizes do not make up `size`.
    """
    open_axes = [axis for axis, length in enumerate(shape) if length == -1]
    known = math.prod(length for length in shape if length != -1)
    fits = len(open_axes) <= 1 and all(length >= -1 for length in shape)
    if not fits or (known == 0 or size % known if open_axes else known != size):
        raise ShapeError(f"{size} values do not fit into shape {list(shape)}. At most one size may be -1.")
    return [size // known if length == -1 else length for length in shape]


def parse_axis_param(axis: int | Sequence[int], shape: Sequence[int]) -> list[int]:
    """Returns axes as a list, counted from the start.

    Raises:
        ArgumentError: the shape has no such axis.
    """
    rank = len(shape)
    axes = [axis] if isinstance(axis, int) else list(axis)
    for each in axes:
        if not -rank <= each < rank:
            raise ArgumentError(f"A tensor of rank {rank} has the axes {-rank} to {rank - 1}, got {each}.")
    return [each % rank for each in axes]


def squeeze_shape(shape: Sequence[int], axis: Sequence[int] | None = None) -> tuple[list[int], list[int]]:
    """Returns the shape without sizes of 1 (or without those among `axis`), and the axes that are left."""
    given = None if axis is None else parse_axis_param(axis, shape)
    for each in given or ():
        if shape[each] != 1:
            raise ShapeError(f"Axis {each} of {list(shape)} cannot be squeezed: its size is {shape[each]}, not 1.")
    kept = [i for i, size in enumerate(shape) if size != 1 or (given is not None and i not in given)]
    return [shape[i] for i in kept], kept


def to_nested_array(shape: Sequence[int], a: Any) -> Any:
    """Returns flat values as nested lists of this shape; for no axes the single value."""
    infer_from_implicit_shape(shape, len(a))
    return np.asarray(a).reshape(tuple(shape)).tolist()


# Checks


def assert_(expr: Any, msg: str | Callable[[], str]) -> None:
    """Raises an ArgumentError unless `expr` is true (`tf.util.assert`, which in Python is a keyword).

    Args:
        expr: what must be true.
        msg: the message, or a function that returns it.
    """
    if not expr:
        raise ArgumentError(msg() if callable(msg) else str(msg))


def assert_shapes_match(shape_a: Sequence[int], shape_b: Sequence[int], error_message_prefix: str = "") -> None:
    """Raises a ShapeError unless two shapes are equal."""
    if list(shape_a) != list(shape_b):
        raise ShapeError(f"{error_message_prefix} Shapes {list(shape_a)} and {list(shape_b)} must match.".lstrip())


def assert_non_null(a: Any) -> None:
    """Raises an ArgumentError for None."""
    assert_(a is not None, "Expected a tensor or values, got None.")


def is_int(a: float) -> bool:
    """Returns whether a number has no fraction."""
    return a % 1 == 0


def is_string(value: Any) -> bool:
    """Returns whether it is a text."""
    return isinstance(value, str)


def is_boolean(value: Any) -> bool:
    """Returns whether it is True or False."""
    return isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Returns whether it is a number (True and False are none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_function(f: Any) -> bool:
    """Returns whether it can be called."""
    return callable(f)


def is_typed_array(a: Any) -> bool:
    """Returns whether it is a numpy array, which stands for JavaScript's typed arrays here."""
    return isinstance(a, np.ndarray)


# Texts and time


def encode_string(s: str, encoding: str = "utf-8") -> bytes:
    """Returns a text as bytes."""
    return s.encode(encoding)


def decode_string(bytes: bytes, encoding: str = "utf-8") -> str:  # TensorFlow.js's name
    """Returns bytes as a text; what is no text becomes "�"."""
    return bytes.decode(encoding, errors="replace")


def right_pad(a: str, size: int) -> str:
    """Returns a text with spaces behind it, `size` characters long."""
    return a.ljust(size)


def now() -> float:
    """Returns milliseconds since some time in the past, to measure how long something takes."""
    return 1000 * time.perf_counter()
