"""Regularizers: what a weight adds to the loss, so that weights stay small."""

from typing import Any

import torch

from velveteen.errors import ArgumentError, ArgumentTypeError
from velveteen.ops._absolute import absolute
from velveteen.serialization import Serializable, deserialize, named, register_class


class Regularizer(Serializable):
    """Base of all regularizers; a subclass writes `__call__` and is saved under its class's name."""

    def __init_subclass__(cls, **options: Any):
        super().__init_subclass__(**options)
        register_class(cls)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the scalar to add to the loss for a weight `x`."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, x).")


class L1L2(Regularizer):
    """Adds `l1·sum(|x|) + l2·sum(x²)` to the loss.

    Args:
        l1: how much of the absolute values.
        l2: how much of the squares.
    """

    def __init__(self, l1: float | None = 0.01, l2: float | None = 0.01):
        # None stands for the default, as in files of TensorFlow.js.
        self.l1 = 0.01 if l1 is None else _check(l1, "l1")
        self.l2 = 0.01 if l2 is None else _check(l2, "l2")

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        if self.l1 and self.l2:
            return self.l1 * absolute(x).sum() + self.l2 * x.square().sum()
        if self.l1:
            return self.l1 * absolute(x).sum()
        return self.l2 * x.square().sum()


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """Returns the regularizer that adds `l1·sum(|x|) + l2·sum(x²)` to the loss."""
    return L1L2(l1, l2)


def l1(l1: float = 0.01) -> L1L2:
    """Returns the regularizer that adds `l1·sum(|x|)` to the loss, which drives weights to exactly 0."""
    return L1L2(l1, 0)


def l2(l2: float = 0.01) -> L1L2:
    """Returns the regularizer that adds `l2·sum(x²)` to the loss, which keeps weights small."""
    return L1L2(0, l2)


_FACTORIES = {"l1": l1, "l2": l2, "l1_l2": l1_l2}


def get(identifier: Any) -> Any:
    """Returns the regularizer that `identifier` stands for: None, or a function from a torch tensor to a scalar.

    Args:
        identifier: None, a name ("l1", "l2", "l1_l2" or "l1l2"), a regularizer, a function, or one saved as
            `{"class_name", "config"}`.

    Raises:
        UnknownNameError: no regularizer has that name.
        ArgumentTypeError: it is nothing of those.
    """
    if identifier is None or callable(identifier):
        return identifier
    if isinstance(identifier, str):
        return named(_FACTORIES, identifier, "regularizer")()
    if isinstance(identifier, dict):
        if identifier.get("class_name") in ("L1", "L2"):  # Keras saves the halves under names of their own
            half = _FACTORIES[identifier["class_name"].lower()]
            return half(**{k: v for k, v in (identifier.get("config") or {}).items() if k in ("l1", "l2")})
        return deserialize(identifier, Regularizer, "regularizer")
    raise ArgumentTypeError(
        f'A regularizer must be a name such as "l2" or made by regularizers.l2(), got {identifier!r:.200}.'
    )


def _check(amount: Any, name: str) -> float:
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise ArgumentError(f"{name} must be a number, got {amount!r:.200}.")
    return amount
