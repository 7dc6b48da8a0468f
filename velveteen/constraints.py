"""Constraints: the sets that weights are put back into.

Axes are those of TensorFlow.js's layout: a dense kernel is [inputs, units], so axis 0 limits the weights of each unit.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from velveteen.errors import ArgumentTypeError, ShapeError
from velveteen.serialization import Serializable, deserialize, named, register_class

_EPSILON = 1e-7  # TensorFlow.js's, so that a weight of norm 0 stays 0

Axis = int | Sequence[int]


class Constraint(Serializable):
    """Base of all constraints; a subclass writes `__call__` and is saved under its class's name."""

    def __init_subclass__(cls, **options: Any):
        super().__init_subclass__(**options)
        register_class(cls)

    def __call__(self, w: torch.Tensor) -> torch.Tensor:
        """Returns the weight `w`, in TensorFlow.js's layout, put back into the allowed set."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, w).")


class MaxNorm(Constraint):
    """Scales weights down whose norm along `axis` is more than `max_value`."""

    def __init__(self, max_value: float = 2, axis: Axis = 0):
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: torch.Tensor) -> torch.Tensor:
        norms = _norms(w, self.axis)
        return w * (norms.clamp(max=self.max_value) / (norms + _EPSILON))


class MinMaxNorm(Constraint):
    """Scales weights so that their norm along `axis` moves towards the range from `min_value` to `max_value`.

    Args:
        min_value, max_value: the range.
        rate: how far it moves: 1 for all the way, less for a part of it.
        axis: the axes that the norm sums over.
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0):
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: torch.Tensor) -> torch.Tensor:
        norms = _norms(w, self.axis)
        desired = self.rate * norms.clamp(self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (desired / (norms + _EPSILON))


class NonNeg(Constraint):
    """Sets negative weights to 0."""

    def __call__(self, w: torch.Tensor) -> torch.Tensor:
        return torch.relu(w)


class UnitNorm(Constraint):
    """Scales weights to norm 1 along `axis`."""

    def __init__(self, axis: Axis = 0):
        self.axis = axis

    def __call__(self, w: torch.Tensor) -> torch.Tensor:
        return w / (_norms(w, self.axis) + _EPSILON)


def max_norm(max_value: float = 2, axis: Axis = 0) -> MaxNorm:
    """Returns the constraint that scales weights down whose norm along `axis` is more than `max_value`."""
    return MaxNorm(max_value, axis)


def min_max_norm(min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0) -> MinMaxNorm:
    """Returns the constraint that moves the weights' norm along `axis` into a range; see `MinMaxNorm`."""
    return MinMaxNorm(min_value, max_value, rate, axis)


def non_neg() -> NonNeg:
    """Returns the constraint that sets negative weights to 0."""
    return NonNeg()


def unit_norm(axis: Axis = 0) -> UnitNorm:
    """Returns the constraint that scales weights to norm 1 along `axis`."""
    return UnitNorm(axis)


_FACTORIES: dict[str, Callable[..., Constraint]] = {
    "max_norm": max_norm,
    "min_max_norm": min_max_norm,
    "non_neg": non_neg,
    "unit_norm": unit_norm,
}


def get(identifier: Any) -> Any:
    """Returns the constraint that `identifier` stands for: None, or a function from a torch tensor to a torch tensor.

    Args:
        identifier: None, a name in either spelling ("maxNorm", "max_norm"), a constraint, a function, or one saved as
            `{"class_name", "config"}`.

    Raises:
        UnknownNameError: no constraint has that name.
        ArgumentTypeError: it is nothing of those.
    """
    if identifier is None or callable(identifier):
        return identifier
    if isinstance(identifier, str):
        return named(_FACTORIES, identifier, "constraint")()
    if isinstance(identifier, dict):
        return deserialize(identifier, Constraint, "constraint")
    raise ArgumentTypeError(
        f'A constraint must be a name such as "max_norm" or made by constraints.max_norm(), got {identifier!r:.200}.'
    )


def _norms(w: torch.Tensor, axis: Axis) -> torch.Tensor:
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    if any(not -w.dim() <= each < w.dim() for each in axes):
        raise ShapeError(
            f"The constraint sums over axis {axis}, but the weight has shape {list(w.shape)}. Give an axis that it has."
        )
    return torch.linalg.vector_norm(w, dim=axes, keepdim=True)
