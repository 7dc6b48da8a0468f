"""Metrics: what training reports beside the loss. Public as `vt.metrics`, and by name in `model.compile(metrics=…)`.

Each takes `y_true` and `y_pred` of shape [batch, …, last]. Those that average return one value an example, the others a
scalar, as in TensorFlow.js.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from velveteen.errors import ArgumentTypeError, UnknownNameError, unknown_name
from velveteen.ops._operator import operator
from velveteen.serialization import named, registered_function, reserve_names
from velveteen.training import losses

Metric = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@operator("Metrics", "", namespace="metrics")
def binary_accuracy(y_true, y_pred):
    """Returns the share of predictions on the right side of 0.5, one value an example.

    Args:
        y_true: labels 0 and 1.
        y_pred: probabilities.
    """
    return ((y_pred > 0.5) == y_true).float().mean(-1)


@operator("Metrics", "", namespace="metrics")
def categorical_accuracy(y_true, y_pred):
    """Returns 1 for each example whose largest prediction is at the largest label, else 0.

    Args:
        y_true: one-hot labels, [batch, …, classes].
        y_pred: probabilities or logits of the same shape.
    """
    return (_arg_max(y_true) == _arg_max(y_pred)).float()


@operator("Metrics", "", namespace="metrics")
def sparse_categorical_accuracy(y_true, y_pred):
    """Returns 1 for each example whose largest prediction is at the right class, else 0.

    Args:
        y_true: numbers of the classes, [batch, …] or [batch, …, 1].
        y_pred: probabilities or logits, [batch, …, classes].
    """
    if y_true.dim() == y_pred.dim():
        y_true = y_true.squeeze(-1)
    return (y_true == y_pred.argmax(-1)).float()


@operator("Metrics", "", namespace="metrics")
def precision(y_true, y_pred):
    """Returns the share of predicted ones that are ones: a scalar, 0 when no one is predicted.

    Args:
        y_true, y_pred: zeros and ones; threshold probabilities first.
    """
    hits = ((y_true == 1) & (y_pred == 1)).sum()
    return _share(hits, hits + ((y_true == 0) & (y_pred == 1)).sum())


@operator("Metrics", "", namespace="metrics")
def recall(y_true, y_pred):
    """Returns the share of ones that are predicted: a scalar, 0 when there is no one.

    Args:
        y_true, y_pred: zeros and ones; threshold probabilities first.
    """
    hits = ((y_true == 1) & (y_pred == 1)).sum()
    return _share(hits, hits + ((y_true == 1) & (y_pred == 0)).sum())


@operator("Metrics", "", namespace="metrics")
def r2_score(y_true, y_pred):
    """Returns how much of the variance of `y_true` the prediction explains: a scalar, 1 when all."""
    y_true = y_true.float()
    return 1 - (y_true - y_pred).square().sum() / (y_true - y_true.mean()).square().sum()


@operator("Metrics", "", namespace="metrics")
def mean_squared_error(y_true, y_pred):
    """Returns `mean((y_pred - y_true)²)`, one value an example."""
    return losses.mean_squared_error(y_true, y_pred)


@operator("Metrics", "", namespace="metrics")
def mean_absolute_error(y_true, y_pred):
    """Returns `mean(|y_pred - y_true|)`, one value an example."""
    return losses.mean_absolute_error(y_true, y_pred)


@operator("Metrics", "", namespace="metrics")
def mean_absolute_percentage_error(y_true, y_pred):
    """Returns `100·mean(|(y_true - y_pred) / y_true|)`, one value an example."""
    return losses.mean_absolute_percentage_error(y_true, y_pred)


@operator("Metrics", "", namespace="metrics")
def binary_crossentropy(y_true, y_pred):
    """Returns `-mean(y_true·ln(y_pred) + (1 - y_true)·ln(1 - y_pred))`, one value an example."""
    return losses.binary_crossentropy(y_true, y_pred)


@operator("Metrics", "", namespace="metrics")
def categorical_crossentropy(y_true, y_pred):
    """Returns `-sum(y_true·ln(y_pred))` for one-hot labels, one value an example."""
    return losses.categorical_crossentropy(y_true, y_pred)


@operator("Metrics", "", namespace="metrics")
def sparse_categorical_crossentropy(y_true, y_pred):
    """Returns `-ln(y_pred of the right class)` for numbers of classes, one value an example."""
    return losses.sparse_categorical_crossentropy(y_true, y_pred)


@operator("Metrics", "", namespace="metrics")
def cosine_proximity(y_true, y_pred):
    """Returns `-cos(angle between y_true and y_pred)`, one value an example."""
    return losses.cosine_proximity(y_true, y_pred)


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
cosine = cosine_proximity

_METRICS: dict[str, Metric] = {
    "binary_accuracy": binary_accuracy,
    "categorical_accuracy": categorical_accuracy,
    "sparse_categorical_accuracy": sparse_categorical_accuracy,
    "precision": precision,
    "recall": recall,
    "r2_score": r2_score,
    "binary_crossentropy": binary_crossentropy,
    "categorical_crossentropy": categorical_crossentropy,
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
    "cosine_proximity": cosine_proximity,
    "cosine": cosine_proximity,
    "mean_squared_error": mean_squared_error,
    "mse": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "mae": mean_absolute_error,
    "mean_absolute_percentage_error": mean_absolute_percentage_error,
    "mape": mean_absolute_percentage_error,
}
_BY_LOSS = {"accuracy": "acc", "acc": "acc", "crossentropy": "ce", "ce": "ce"}
reserve_names([*_METRICS, *_BY_LOSS])


def get(identifier: Any, loss: Any = None, output_shape: Sequence[int | None] | None = None) -> tuple[str, Metric]:
    """Returns a metric's name in logs and the function on torch tensors.

    Args:
        identifier: a name in either spelling, which then is its name in logs; "accuracy" (or "acc", called "acc" in logs)
            and "crossentropy" (or "ce", called "ce") choose what fits the loss and the output; or a function of `y_true`
            and `y_pred`, written for Tensors or for torch tensors.
        loss: the loss of that output, as in `compile`.
        output_shape: the shape of that output.

    Raises:
        UnknownNameError: no metric has that name.
        ArgumentTypeError: it is neither a name nor a function.
    """
    if isinstance(identifier, str):
        short = _BY_LOSS.get(identifier)
        if short is not None:
            return short, _fitting(short, loss, output_shape)
        try:
            return identifier, named(losses.by_name() | _METRICS, identifier, "metric")
        except UnknownNameError as error:
            registered = registered_function(identifier)
            if registered is not None:
                return identifier, losses.UserFunction(registered)
            raise unknown_name("metric", identifier, {*_METRICS, *losses.by_name(), *_BY_LOSS}) from error
    if callable(identifier):
        function = losses.as_user_function(identifier, _METRICS)
        return function.__name__, function
    raise ArgumentTypeError(
        f'A metric must be a name such as "accuracy" or a function of y_true and y_pred, got {identifier!r:.200}.'
    )


def _fitting(short: str, loss: Any, output_shape: Sequence[int | None] | None) -> Metric:
    """Returns the accuracy or the crossentropy that fits, by TensorFlow.js's rule."""
    name = loss if isinstance(loss, str) else losses.name(loss) if loss is not None else ""
    name = name.replace("_", "").lower()
    if (output_shape and output_shape[-1] == 1) or name == "binarycrossentropy":
        return binary_accuracy if short == "acc" else binary_crossentropy
    if name == "sparsecategoricalcrossentropy":
        return sparse_categorical_accuracy if short == "acc" else sparse_categorical_crossentropy
    return categorical_accuracy if short == "acc" else categorical_crossentropy


def _arg_max(x: torch.Tensor) -> torch.Tensor:
    return (x.to(torch.uint8) if x.dtype == torch.bool else x).argmax(-1)


def _share(part: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
    return torch.where(whole > 0, part / whole, 0.0)
