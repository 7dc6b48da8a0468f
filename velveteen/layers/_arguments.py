"""What the layers' constructors check and tidy in their arguments, and how they end a kernel's result."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from velveteen import activations
from velveteen.errors import ArgumentError, ArgumentTypeError, unknown_name
from velveteen.serialization import snake_case

Activation = Callable[[torch.Tensor], torch.Tensor]

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


def positive_integer(value: Any, name: str) -> int:
    """Returns `value`, or raises unless it is an integer above zero."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentTypeError(f'"{name}" must be a positive integer, got {value!r}.')
    if value <= 0:
        raise ArgumentError(f'"{name}" must be a positive integer, got {value}.')
    return value


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
