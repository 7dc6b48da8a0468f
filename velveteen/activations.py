"""Activation functions: what a layer applies to its output, by TensorFlow.js's names.

They work on torch tensors, by PyTorch's fused kernels, and are known in files by their names in snake_case.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from velveteen.errors import ArgumentError, ArgumentTypeError
from velveteen.ops._tanh import tanh as _tanh
from velveteen.serialization import named

Activation = Callable[[torch.Tensor], torch.Tensor]


def elu(x: torch.Tensor) -> torch.Tensor:
    """Returns `x` where it is positive, else `exp(x) - 1` (Clevert et al., 2015, arXiv:1511.07289)."""
    return functional.elu(x)


def selu(x: torch.Tensor) -> torch.Tensor:
    """Returns the scaled `elu` that keeps mean 0 and variance 1 (Klambauer et al., 2017, arXiv:1706.02515)."""
    return torch.selu(x)


def relu(x: torch.Tensor) -> torch.Tensor:
    """Returns `max(x, 0)`."""
    return torch.relu(x)


def relu6(x: torch.Tensor) -> torch.Tensor:
    """Returns `min(max(x, 0), 6)`."""
    return functional.relu6(x)


def linear(x: torch.Tensor) -> torch.Tensor:
    """Returns `x` itself."""
    return x


def sigmoid(x: torch.Tensor) -> torch.Tensor:
    """Returns `1 / (1 + exp(-x))`."""
    return torch.sigmoid(x)


def hard_sigmoid(x: torch.Tensor) -> torch.Tensor:
    """Returns `0.2·x + 0.5`, kept between 0 and 1."""
    # PyTorch's own hardsigmoid has slope 1/6, so this is its fused kernel on a steeper line.
    return functional.hardsigmoid(x * 1.2)


def softplus(x: torch.Tensor) -> torch.Tensor:
    """Returns `ln(1 + exp(x))`."""
    return functional.softplus(x)


def softsign(x: torch.Tensor) -> torch.Tensor:
    """Returns `x / (1 + |x|)`."""
    return functional.softsign(x)


def tanh(x: torch.Tensor) -> torch.Tensor:
    """Returns the hyperbolic tangent."""
    return _tanh(x)


def softmax(x: torch.Tensor, axis: int = -1) -> torch.Tensor:
    """Returns `exp(x) / sum(exp(x))` along `axis`: positive numbers that sum to 1."""
    return torch.softmax(x, axis)


def log_softmax(x: torch.Tensor, axis: int = -1) -> torch.Tensor:
    """Returns the logarithm of `softmax`, without its loss of precision."""
    return torch.log_softmax(x, axis)


def gelu(x: torch.Tensor) -> torch.Tensor:
    """Returns `x·Φ(x)`, with the normal distribution's Φ (Hendrycks & Gimpel, 2016, arXiv:1606.08415)."""
    return functional.gelu(x)


def gelu_new(x: torch.Tensor) -> torch.Tensor:
    """Returns `gelu` in its approximation by tanh.

    TensorFlow.js 4.22 saves a model with it under a name that it then cannot load; velveteen loads it.
    """
    return functional.gelu(x, approximate="tanh")


def mish(x: torch.Tensor) -> torch.Tensor:
    """Returns `x·tanh(softplus(x))` (Misra, 2019, arXiv:1908.08681)."""
    return functional.mish(x)


def swish(x: torch.Tensor) -> torch.Tensor:
    """Returns `x·sigmoid(x)` (Ramachandran et al., 2017, arXiv:1710.05941); Keras calls it silu."""
    return functional.silu(x)


_ACTIVATIONS: dict[str, Activation] = {
    function.__name__: function
    for function in (
        elu,
        selu,
        relu,
        relu6,
        linear,
        sigmoid,
        hard_sigmoid,
        softplus,
        softsign,
        tanh,
        softmax,
        log_softmax,
        gelu,
        gelu_new,
        mish,
        swish,
    )
}
_KERAS_NAMES = {"silu": "swish"}


def names() -> list[str]:
    """Returns the names of all activations, as files have them."""
    return sorted(_ACTIVATIONS)


def get(identifier: Any) -> Activation:
    """Returns the activation function that `identifier` stands for.

    Args:
        identifier: a name in either spelling ("hardSigmoid", "hard_sigmoid"), a function on tensors, None for
            `linear`, or an activation saved as `{"class_name", "config"}`.

    Raises:
        UnknownNameError: no activation has that name.
        ArgumentTypeError: it is nothing of those.
    """
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier
    name = identifier
    if isinstance(identifier, dict):
        name = identifier.get("class_name")
        if name == "function":  # how Keras 3 wraps a name
            name = identifier.get("config")
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f'An activation must be a name such as "relu" or a function on tensors, got {identifier!r:.200}.'
        )
    return named(_ACTIVATIONS, _KERAS_NAMES.get(name, name), "activation")


def serialize(function: Activation) -> str:
    """Returns the name of an activation in files.

    Raises:
        ArgumentError: for a function that is not one of this module's, which no file can hold.
    """
    name = getattr(function, "__name__", "")
    if _ACTIVATIONS.get(name) is not function:
        raise ArgumentError(
            f"The activation {function!r} cannot be saved, since a file holds only names. "
            f"Use one of {', '.join(names())}, or write a layer of your own."
        )
    return name
