"""How a model was compiled, between Keras's words and these: optimizer, loss and metrics."""

import warnings
from collections.abc import Mapping
from typing import Any

from velveteen.errors import ArgumentError, VelveteenError
from velveteen.models import Model
from velveteen.serialization import snake_case

# Keras's name, ours, and what is called otherwise: Keras's key to ours.
_OPTIMIZERS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("SGD", "SGD", {}),
    ("SGD", "Momentum", {"momentum": "momentum", "nesterov": "useNesterov"}),
    ("RMSprop", "RMSProp", {"rho": "decay", "momentum": "momentum", "epsilon": "epsilon", "centered": "centered"}),
    ("Adam", "Adam", {"beta_1": "beta1", "beta_2": "beta2", "epsilon": "epsilon"}),
    ("Adamax", "Adamax", {"beta_1": "beta1", "beta_2": "beta2", "epsilon": "epsilon"}),
    ("Adagrad", "Adagrad", {"initial_accumulator_value": "initialAccumulatorValue"}),
    ("Adadelta", "Adadelta", {"rho": "rho", "epsilon": "epsilon"}),
)
# What changes no step while it has no value, and no step at all.
_EMPTY = (None, False, 0, 0.0)
_HARMLESS = ("name", "ema_momentum", "jit_compile", "is_legacy_optimizer")
_ADAGRAD_EPSILON = 1e-7  # fixed in TensorFlow.js, and Keras's default
_NAMES = {
    "accuracy", "acc", "binary_accuracy", "binary_crossentropy", "categorical_accuracy", "categorical_crossentropy",
    "categorical_hinge", "cosine_similarity", "hinge", "mae", "mape", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error", "mse", "msle", "poisson",
    "sparse_categorical_accuracy", "sparse_categorical_crossentropy", "squared_hinge",
}  # fmt: skip


def compile_as_saved(model: Model, config: Any) -> None:
    """Compiles a model as its file says; where that is not possible, a warning tells why, and the model is not compiled.

    Args:
        config: Keras 3's `compile_config`, or the `training_config` of an .h5; None when it was not compiled.
    """
    if not isinstance(config, dict) or not (config.get("optimizer") or config.get("optimizer_config")):
        return
    try:
        training = {
            "optimizer_config": _optimizer_from_keras(config.get("optimizer") or config["optimizer_config"]),
            "loss": _names_from_keras(config.get("loss")),
            "metrics": _names_from_keras(config.get("metrics")),
            "loss_weights": config.get("loss_weights"),
        }
        model.compile_from_config(training)
    except (VelveteenError, TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        warnings.warn(
            f'Model "{model.name}" is loaded, but not compiled: {error!s:.300} Call compile() to train it further.',
            stacklevel=2,
        )


def compile_config(training: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Returns Keras 3's `compile_config`, None when the model is not compiled or with what Keras does not have.

    Args:
        training: what `Model.get_training_config` returned.
    """
    if training is None:
        return None
    optimizer = _optimizer_to_keras(training["optimizer_config"])
    loss, metrics = (_names_to_keras(training.get(key)) for key in ("loss", "metrics"))
    if optimizer is None or not {*_leaves(loss), *_leaves(metrics)} <= _NAMES:
        return None
    return {"optimizer": optimizer, "loss": loss, "loss_weights": training.get("loss_weights"), "metrics": metrics}


def _optimizer_from_keras(saved: Any) -> dict[str, Any]:
    class_name, config = saved["class_name"], dict(saved["config"])
    rate = config.pop("learning_rate", config.pop("lr", None))
    if not isinstance(rate, int | float):
        raise ArgumentError("Its learning rate changes by a schedule, which velveteen does not read from a file.")
    ours = "Momentum" if class_name == "SGD" and config.get("momentum") else None
    for theirs, candidate, keys in _OPTIMIZERS:
        if theirs == class_name and candidate == (ours or candidate):
            found = {ours_key: config.pop(key) for key, ours_key in keys.items() if config.get(key) is not None}
            if class_name == "Adagrad" and config.get("epsilon") == _ADAGRAD_EPSILON:
                config.pop("epsilon")
            left = {key: value for key, value in config.items() if key not in _HARMLESS and value not in _EMPTY}
            if left.get("ema_overwrite_frequency") and not config.get("use_ema"):
                left.pop("ema_overwrite_frequency")
            if left:
                raise ArgumentError(f"Its optimizer {class_name} has {left!s:.100}, which velveteen does not read.")
            return {"class_name": candidate, "config": {"learningRate": float(rate), **found}}
    raise ArgumentError(f"velveteen has no optimizer {class_name!s:.40}.")


def _optimizer_to_keras(saved: Mapping[str, Any]) -> dict[str, Any] | None:
    config = dict(saved["config"])
    rate = config.pop("learningRate", None)
    for theirs, ours, keys in _OPTIMIZERS:
        if ours == saved["class_name"] and isinstance(rate, int | float):
            found = {key: config.pop(ours_key) for key, ours_key in keys.items() if ours_key in config}
            if any(value not in _EMPTY for value in config.values()):
                return None
            found["learning_rate"] = rate
            return {"module": "keras.optimizers", "class_name": theirs, "config": found, "registered_name": None}
    return None


def _names_from_keras(value: Any) -> Any:
    if isinstance(value, dict) and "class_name" not in value:
        return {key: _names_from_keras(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_names_from_keras(part) for part in value]
    if not isinstance(value, dict):
        return value
    config = value.get("config") or {}
    if isinstance(config, str):
        return config
    left = {
        key: part
        for key, part in config.items()
        if key not in ("name", "dtype", "reduction", "fn", "axis", "ignore_class", "threshold") and part not in _EMPTY
    }
    reduction = config.get("reduction") or "sum_over_batch_size"
    if left or reduction not in ("sum_over_batch_size", "auto", "mean"):
        raise ArgumentError(f"{value['class_name']!s:.60} has options that velveteen does not read: {left!s:.100}.")
    return snake_case(str(value["class_name"]))


def _names_to_keras(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _names_to_keras(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_names_to_keras(part) for part in value]
    return snake_case(value) if isinstance(value, str) else value


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for part in value for leaf in _leaves(part)]
    return [] if value is None else [value]
