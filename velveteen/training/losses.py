"""Losses by name, as `model.compile(loss=…)` takes them.

Each is a function of torch tensors, `y_true` and `y_pred` of equal shape [batch, …, last], and reduces the last axis only,
so there is one value for each example (or each of its places). The formulas and clipping are TensorFlow.js's; they
compute in float32 whatever the precision of the model is.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from velveteen.errors import ArgumentTypeError, UnknownNameError, unknown_name
from velveteen.ops._absolute import absolute
from velveteen.serialization import name_in_files, named, registered_function, reserve_names
from velveteen.tensors import Tensor

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

EPSILON = 1e-7
"""How far probabilities stay away from 0 and 1, so that logarithms are finite."""


def mean_squared_error(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns `mean((y_pred - y_true)²)`."""
    y_true, y_pred = _float32(y_true, y_pred)
    return (y_pred - y_true).square().mean(-1)


def mean_absolute_error(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns `mean(|y_pred - y_true|)`."""
    y_true, y_pred = _float32(y_true, y_pred)
    return absolute(y_pred - y_true).mean(-1)


def mean_absolute_percentage_error(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns `100·mean(|(y_true - y_pred) / y_true|)`."""
    y_true, y_pred = _float32(y_true, y_pred)
    return 100 * absolute((y_true - y_pred) / y_true.abs().clamp(min=EPSILON)).mean(-1)


def mean_squared_logarithmic_error(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns `mean((ln(1 + y_pred) - ln(1 + y_true))²)`; values below 0 count as 0."""
    y_true, y_pred = _float32(y_true, y_pred)
    difference = torch.log1p(y_pred.clamp(min=EPSILON)) - torch.log1p(y_true.clamp(min=EPSILON))
    return difference.square().mean(-1)


def squared_hinge(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns `mean(max(0, 1 - y_true·y_pred)²)`, for labels -1 and 1."""
    y_true, y_pred = _float32(y_true, y_pred)
    return torch.relu(1 - y_true * y_pred).square().mean(-1)


def hinge(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns `mean(max(0, 1 - y_true·y_pred))`, for labels -1 and 1."""
    y_true, y_pred = _float32(y_true, y_pred)
    return torch.relu(1 - y_true * y_pred).mean(-1)


def categorical_hinge(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns `max(0, 1 + best wrong class - right class)`, for one-hot labels."""
    y_true, y_pred = _float32(y_true, y_pred)
    right = (y_true * y_pred).sum(-1)
    wrong = ((1 - y_true) * y_pred).amax(-1)
    return torch.relu(1 + wrong - right)


def logcosh(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns `mean(ln(cosh(y_pred - y_true)))`: like the squared error near 0, like the absolute one far away."""
    y_true, y_pred = _float32(y_true, y_pred)
    difference = y_pred - y_true
    return (difference + functional.softplus(-2 * difference) - math.log(2)).mean(-1)


def categorical_crossentropy(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns `-sum(y_true·ln(y_pred))` for one-hot labels; predictions are scaled to sum to 1 first."""
    y_true, y_pred = _float32(y_true, y_pred)
    probabilities = y_pred / y_pred.sum(-1, keepdim=True)
    return -(y_true * probabilities.clamp(EPSILON, 1 - EPSILON).log()).sum(-1)


def sparse_categorical_crossentropy(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns `-ln(prediction for the right class)`.

    Args:
        y_true: the numbers of the right classes, [batch, …] or [batch, …, 1].
        y_pred: probabilities, [batch, …, classes].
    """
    probabilities = y_pred.float().clamp(EPSILON, 1 - EPSILON)
    right = probabilities.gather(-1, _class_numbers(y_true, y_pred).unsqueeze(-1)).squeeze(-1)
    return -(right / probabilities.sum(-1)).clamp(EPSILON, 1 - EPSILON).log()


def binary_crossentropy(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns `-mean(y_true·ln(y_pred) + (1 - y_true)·ln(1 - y_pred))`."""
    y_true, y_pred = _float32(y_true, y_pred)
    # Not functional.binary_cross_entropy: that one raises on NaN, on a GPU for good.
    logits = torch.logit(y_pred, eps=EPSILON)
    return functional.binary_cross_entropy_with_logits(logits, y_true, reduction="none").mean(-1)


def kullback_leibler_divergence(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns `sum(y_true·ln(y_true / y_pred))`, how far one distribution is from another."""
    y_true, y_pred = _float32(y_true, y_pred)
    return (y_true * (y_true.clamp(EPSILON, 1) / y_pred.clamp(EPSILON, 1)).log()).sum(-1)


def poisson(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns `mean(y_pred - y_true·ln(y_pred))`, for counts."""
    y_true, y_pred = _float32(y_true, y_pred)
    return (y_pred - y_true * (y_pred + EPSILON).log()).mean(-1)


def cosine_proximity(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns minus the cosine of the angle between the two."""
    y_true, y_pred = _float32(y_true, y_pred)
    return -(_unit_length(y_true) * _unit_length(y_pred)).sum(-1)


_LOSSES: dict[str, Loss] = {
    function.__name__: function
    for function in (
        mean_squared_error,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_logarithmic_error,
        squared_hinge,
        hinge,
        categorical_hinge,
        logcosh,
        categorical_crossentropy,
        sparse_categorical_crossentropy,
        binary_crossentropy,
        kullback_leibler_divergence,
        poisson,
        cosine_proximity,
    )
}
_ABBREVIATIONS: dict[str, Loss] = {
    "mse": mean_squared_error,
    "mae": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "msle": mean_squared_logarithmic_error,
    "kld": kullback_leibler_divergence,
    "kl_divergence": kullback_leibler_divergence,
    "cosine": cosine_proximity,
}
reserve_names([*_LOSSES, *_ABBREVIATIONS])


def get(identifier: Any) -> Loss:
    """Returns the loss that `identifier` stands for.

    Args:
        identifier: a name in either spelling ("meanSquaredError", "mean_squared_error"), an abbreviation ("mse"), or a
            function of `y_true` and `y_pred`, written for Tensors or for torch tensors, that returns one value an example or
            a scalar.

    Raises:
        UnknownNameError: no loss has that name.
        ArgumentTypeError: it is nothing of those.
    """
    if isinstance(identifier, str):
        try:
            return named(by_name(), identifier, "loss")
        except UnknownNameError as error:
            registered = registered_function(identifier)
            if registered is not None:
                return UserFunction(registered)
            if "softmaxcrossentropy" in identifier.replace("_", "").lower():
                raise UnknownNameError(
                    f'Unknown loss "{identifier}". As a loss by name it is "categorical_crossentropy".'
                ) from error
            raise unknown_name("loss", identifier, _LOSSES) from error
    if callable(identifier):
        return as_user_function(identifier, _LOSSES)
    raise ArgumentTypeError(
        f'A loss must be a name such as "mean_squared_error" or a function of y_true and y_pred, got {identifier!r:.200}.'
    )


def by_name() -> dict[str, Loss]:
    """Returns all losses by their names and abbreviations."""
    return _LOSSES | _ABBREVIATIONS


def name(loss: Any) -> str:
    """Returns the name of a loss in files and logs: TensorFlow.js's in snake_case, or the user function's own."""
    return get(loss).__name__


def from_logits(loss: Any) -> Loss | None:
    """Returns the function that computes `loss` of `softmax(logits)` from the logits, faster and more exactly.

    It gives the same numbers within 1e-5 (times a hundredth of the number of classes, where TensorFlow.js rounds), with
    the same clipping, and the same gradients.

    Args:
        loss: anything that `get` takes.

    Returns:
        A function of `y_true` and logits, or None for a loss that has no such form. Binary cross-entropy has none: there
        TensorFlow.js's numbers are those of the rounded probability.
    """
    return _FROM_LOGITS.get(get(loss))


def as_user_function(function: Callable[..., Any], known: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    """Returns `function` as one of torch tensors, itself if it is one of the `known` ones."""
    if isinstance(function, UserFunction) or function in known.values():
        return function
    return UserFunction(function)


class UserFunction:
    """A user's loss or metric as a function of torch tensors, whether it was written for Tensors or for torch tensors.

    Attributes:
        __name__: of the user's function.
    """

    def __init__(self, function: Callable[..., Any]):
        self.function = function
        self.__name__ = name_in_files(function) or getattr(function, "__name__", type(function).__name__)
        self._wants_torch: bool | None = None

    def __call__(self, y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        if self._wants_torch is None:
            return self._first_call(y_true, y_pred)
        if self._wants_torch:
            return self._store(self.function(y_true, y_pred))
        return self._store(self.function(Tensor.wrap(y_true), Tensor.wrap(y_pred)))

    def _first_call(self, y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        try:
            result = self.function(Tensor.wrap(y_true), Tensor.wrap(y_pred))
            self._wants_torch = False
        except (TypeError, AttributeError) as error:  # what a torch function says of a Tensor
            try:
                result = self.function(y_true, y_pred)
            except Exception:
                raise error from None
            self._wants_torch = True
        return self._store(result)

    def _store(self, result: Any) -> torch.Tensor:
        store = result.value if isinstance(result, Tensor) else result
        if not isinstance(store, torch.Tensor):
            raise ArgumentTypeError(
                f"The function {self.__name__}(y_true, y_pred) must return a tensor of numbers, "
                f"but returned {type(result).__name__}."
            )
        return store


def _categorical_crossentropy_from_logits(y_true: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    y_true, logits = _float32(y_true, logits)
    return -(y_true * torch.log_softmax(logits, -1).clamp(_LOG_LEAST, _LOG_MOST)).sum(-1)


def _sparse_categorical_crossentropy_from_logits(y_true: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    classes = _class_numbers(y_true, logits)
    flat = functional.cross_entropy(logits.float().flatten(0, -2), classes.flatten(), reduction="none")
    return flat.clamp(-_LOG_MOST, -_LOG_LEAST).view(classes.shape)


_LOG_LEAST = math.log(EPSILON)
_LOG_MOST = math.log(1 - EPSILON)
_FROM_LOGITS: dict[Loss, Loss] = {
    categorical_crossentropy: _categorical_crossentropy_from_logits,
    sparse_categorical_crossentropy: _sparse_categorical_crossentropy_from_logits,
}


def _float32(y_true: torch.Tensor, y_pred: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return y_true.float(), y_pred.float()


def _class_numbers(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    return y_true.reshape(y_pred.shape[:-1]).long()


def _unit_length(x: torch.Tensor) -> torch.Tensor:
    return x * x.square().sum(-1, keepdim=True).clamp(min=EPSILON).rsqrt()
