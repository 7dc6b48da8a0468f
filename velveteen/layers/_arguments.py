"""What the layers' constructors check and tidy in their arguments, and how they end a kernel's result."""

import numbers
import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch

from velveteen import activations
from velveteen.errors import ArgumentError, ArgumentTypeError, unknown_name
from velveteen.serialization import snake_case

Activation = Callable[[torch.Tensor], torch.Tensor]

LARGEST = 2**31 - 1
"""The largest size, count and index: those of TensorFlow.js are int32, and PyTorch's kernels trip over larger ones."""

# Their gradients need the result only, so they may overwrite what a kernel just made.
_IN_PLACE: dict[Activation, Activation] = {
    activations.get("relu"): torch.relu_,
    activations.get("sigmoid"): torch.sigmoid_,
    activations.get("linear"): activations.get("linear"),
}


def in_place(activation: Activation) -> Activation | None:
    """Returns the form of `activation` that overwrites its argument, None where there is none.

    It is for what a kernel just made and nobody else holds. Not for a view of it: autograd would copy.
    """
    return _IN_PLACE.get(activation)


def as_float(x: torch.Tensor) -> torch.Tensor:
    """Returns `x` as floating point: pictures and indices often come as integers."""
    return x if x.is_floating_point() else x.to(torch.float32)


def integer(value: Any, name: str, least: int = -LARGEST, kind: str = "an integer") -> int:
    """Returns `value`, or raises unless it is an integer from `least` to LARGEST."""
    if _is_number(value) and value == value // 1:
        if least <= value <= LARGEST:
            return int(value)
        limit = f" of at most {LARGEST}" if value > LARGEST else ""
        raise ArgumentError(f'"{name}" must be {kind}{limit}, got {value!r:.100}.')
    raise ArgumentTypeError(f'"{name}" must be {kind}, got {value!r:.100}.')


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def positive_integer(value: Any, name: str) -> int:
    """Returns `value`, or raises unless it is an integer above zero."""
    return integer(value, name, 1, "a positive integer")


def integer_or_integers(value: Any, name: str) -> int | tuple[int, ...]:
    """Returns an integer, or several as a tuple."""
    if isinstance(value, list | tuple):
        return tuple(integer(part, name) for part in value)
    return integer(value, name, kind="an integer or a list of integers")


def integer_or_none(value: Any, name: str) -> int | None:
    """Returns None, or `value` if it is an integer."""
    return None if value is None else integer(value, name)


def number(value: Any, name: str) -> float:
    """Returns `value`, or raises unless it is a finite number."""
    if not _is_number(value):
        raise ArgumentTypeError(f'"{name}" must be a number, got {value!r:.100}.')
    if not -sys.float_info.max <= value <= sys.float_info.max:
        raise ArgumentError(f'"{name}" must be a finite number, got {value!r:.100}.')
    return value if isinstance(value, int) and abs(value) <= LARGEST else float(value)  # an integer stays one in files


def number_or_none(value: Any, name: str) -> float | None:
    """Returns None, or `value` if it is a finite number."""
    return None if value is None else number(value, name)


def sizes_or_none(value: Any, name: str) -> list[int | None] | None:
    """Returns None, or a shape: a list of sizes, with None for those that the input has."""
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise ArgumentTypeError(f'"{name}" must be a list of sizes, got {value!r:.100}.')
    return [None if size is None else integer(size, name, 0, "a list of sizes") for size in value]


def integers(value: int | Sequence[int], count: int, name: str) -> tuple[int, ...]:
    """Returns `count` positive integers: those given, or one repeated."""
    if isinstance(value, list | tuple):
        if len(value) != count:
            raise ArgumentError(f'"{name}" must be an integer or {count} integers, got {len(value)}: {list(value)}.')
        return tuple(positive_integer(size, name) for size in value)
    return (positive_integer(value, name),) * count


def choice(value: str, allowed: Sequence[str], name: str) -> str:
    """Returns `value` in snake_case, or raises unless it is one of `allowed`."""
    chosen = snake_case(value) if isinstance(value, str) else value
    if chosen not in allowed:
        raise unknown_name(name, value, allowed)
    return chosen


def data_format(value: str | None) -> str:
    """Returns "channels_last" (the default) or "channels_first"."""
    return choice(value or "channels_last", ("channels_last", "channels_first"), "data_format")


def no_activity_regularizer(value: Any) -> None:
    """Raises unless there is none: TensorFlow.js has the argument, but cannot compute with it."""
    if value is not None:
        raise ArgumentError(
            "activity_regularizer must be None: TensorFlow.js does not support it either. "
            "Regularize the weights instead, with kernel_regularizer or bias_regularizer."
        )
