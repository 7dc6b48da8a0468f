"""What users pass to fit, evaluate and predict, checked and turned into torch tensors, on the device if they fit there."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from velveteen.errors import ArgumentError, ArgumentTypeError, DataError, DtypeError, ShapeError
from velveteen.layers._expecting import shape_hint
from velveteen.tensors import Shape, Tensor, copy_to_store
from velveteen.training.placing import is_there, on_device, placed, sent


class Arrays(NamedTuple):
    """Examples: one torch tensor a model input and output, and what each example counts for each output."""

    inputs: list[torch.Tensor]
    targets: list[torch.Tensor]
    weights: list[torch.Tensor | None]
    whole: int = 0
    """Examples of the batch, of which these are one process's part; 0 where these are all."""

    @property
    def size(self) -> int:
        return self.inputs[0].shape[0]

    @property
    def batch_size(self) -> int:
        """Examples of the batch in all processes together."""
        return self.whole or self.size

    def select(self, index: Any) -> "Arrays":
        """Returns the examples at a slice, or at a tensor of places."""
        return Arrays(
            [_pick(t, index) for t in self.inputs],
            [_pick(t, index) for t in self.targets],
            [None if w is None else _pick(w, index) for w in self.weights],
        )

    @property
    def is_on_device(self) -> bool:
        """Whether all of them are where the model computes."""
        return all(each is None or is_there(each) for each in (*self.inputs, *self.targets, *self.weights))

    def sent(self) -> "Arrays":
        """Returns these examples on the device, where they are not there as a whole."""
        weights = [None if w is None else sent(w) for w in self.weights]
        return self._replace(
            inputs=[sent(t) for t in self.inputs], targets=[sent(t) for t in self.targets], weights=weights
        )


def predict_inputs(model: Any, x: Any, in_batches: bool = False) -> list[torch.Tensor]:
    """Returns one torch tensor a model input, on the device, or raises an error that says what does not fit.

    Args:
        in_batches: whether what does not fit on the device may stay where it is, to be sent there batch by batch.
    """
    tensors: Any = _inputs(model, x)
    return placed(tensors) if in_batches else [on_device(tensor) for tensor in tensors]  # type: ignore[return-value]


def _inputs(model: Any, x: Any) -> list[torch.Tensor]:
    _build_for(model, x)
    names = model.input_names
    tensors = [_numbers(part, f'input "{name}"') for name, part in zip(names, _listed(x, names, "x"), strict=True)]
    for tensor, symbolic in zip(tensors, model.inputs, strict=True):
        _check_shape(model, "x", symbolic.source_layer.name, tensor, symbolic.shape)
    _check_lengths(zip(names, tensors, strict=True))
    return tensors


def training_arrays(
    model: Any, compilation: Any, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None
) -> Arrays:
    """Returns everything that training or evaluating needs, or raises an error that says what does not fit."""
    inputs = _inputs(model, x)
    compilation.resolve(model)
    names = model.output_names
    targets = [_numbers(part, f'target "{name}"') for name, part in zip(names, _listed(y, names, "y"), strict=True)]
    expected = compilation.target_shapes(model)
    targets = [_with_last_axis(target, shape) for target, shape in zip(targets, expected, strict=True)]
    for target, shape, name, loss in zip(targets, expected, names, compilation.loss_names, strict=True):
        _check_target(model, name, target, shape, loss)
    _check_lengths([*zip(model.input_names, inputs, strict=True), *zip(names, targets, strict=True)])
    for what, tensor in [*(("x", t) for t in inputs), *(("y", t) for t in targets)]:
        _check_numbers(what, tensor)
    for target, symbolic, name, loss in zip(targets, model.outputs, names, compilation.loss_names, strict=True):
        if loss == "sparse_categorical_crossentropy":
            _check_classes(target, name, symbolic.shape[-1])
    weights = _weights(targets, names, expected, sample_weight, class_weight)
    tensors: list[Any] = placed([*inputs, *targets, *weights])
    at, end = len(inputs), len(inputs) + len(targets)
    return Arrays(tensors[:at], tensors[at:end], tensors[end:])


def split(arrays: Arrays, validation_split: float) -> tuple[Arrays, Arrays]:
    """Returns the training examples and, from the end, the part kept for validation."""
    at = int(arrays.size * (1 - validation_split))
    if at == 0 or at == arrays.size:
        raise DataError(
            f"validation_split={validation_split} of {arrays.size} examples leaves one part empty. "
            "Give more examples or another split."
        )
    return arrays.select(slice(0, at)), arrays.select(slice(at, None))


def _pick(tensor: torch.Tensor, index: Any) -> torch.Tensor:
    return tensor[index] if isinstance(index, slice) else tensor.index_select(0, index.to(tensor.device))


def _build_for(model: Any, x: Any) -> None:
    if not model.built:
        first = x[0] if isinstance(x, list | tuple) and x and _is_array(x[0]) else x
        if isinstance(first, dict):
            raise ArgumentTypeError(f'Model "{model.name}" is not built yet. Give its first layer an input_shape.')
        shape = _numbers(first, "x").shape
        if len(shape) == 0:
            raise ShapeError(f'Model "{model.name}" expects a batch of examples, got a single number.')
        model.ensure_built((None, *shape[1:]))


def _is_array(value: Any) -> bool:
    return isinstance(value, Tensor | torch.Tensor | np.ndarray)


def _listed(values: Any, names: Sequence[str], what: str) -> list[Any]:
    """Returns one value a name from a single value, a list, or a dict by names."""
    if isinstance(values, dict):
        missing = [name for name in names if name not in values]
        unknown = [name for name in values if name not in names]
        if missing or unknown:
            raise ArgumentError(
                f"{what} must have the keys {', '.join(names)}, "
                + (f"but {', '.join(missing)} is missing." if missing else f"but has {', '.join(map(str, unknown))}.")
            )
        return [values[name] for name in names]
    if len(names) == 1:
        single = isinstance(values, list | tuple) and len(values) == 1 and _is_array(values[0])
        return [values[0] if single else values]
    if not isinstance(values, list | tuple) or len(values) != len(names):
        given = f"{len(values)}" if isinstance(values, list | tuple) else type(values).__name__
        raise ArgumentError(f"{what} must be a list of {len(names)} arrays ({', '.join(names)}), got {given}.")
    return list(values)


def _to_torch(value: Any, what: str) -> torch.Tensor:
    return on_device(_numbers(value, what))


def _numbers(value: Any, what: str) -> torch.Tensor:
    """Returns a torch tensor of what a user gave, wherever that lies."""
    if value is None:
        raise ArgumentTypeError(f"The data for {what} is missing (None).")
    if isinstance(value, Tensor):
        store = value.value
    elif isinstance(value, torch.Tensor):
        store = value.detach()
    elif isinstance(value, np.ndarray) and value.dtype == np.float32 and value.flags.writeable:
        store = torch.from_numpy(np.ascontiguousarray(value))  # shared: training only reads it
    else:
        store = copy_to_store(value)
    if not isinstance(store, torch.Tensor):
        raise DtypeError(
            f"The data for {what} are strings, but a model computes on numbers. Turn them into numbers first."
        )
    return store.to(torch.float32) if store.dtype == torch.float64 or store.dtype.is_complex else store


def _check_shape(model: Any, what: str, name: str, tensor: torch.Tensor, expected: Shape) -> None:
    given = Shape(tensor.shape)
    fits = len(given) == len(expected) and all(
        size is None or size == found for size, found in zip(expected[1:], given[1:], strict=True)
    )
    if fits and given[0] == 0:
        raise DataError(f'{what} for "{name}" is empty: it has shape {given}. Give at least one example.')
    if not fits:
        axes = {-1: expected[-1]} if len(expected) and expected[-1] is not None else {}
        raise ShapeError(
            f'Model "{model.name}" expects {what} of shape {expected} for "{name}" but got {given}. '
            f"{shape_hint((len(expected),), axes, given)}"
        )


def _with_last_axis(target: torch.Tensor, expected: Shape) -> torch.Tensor:
    """Returns targets [batch] as [batch, 1] where the output has one value an example."""
    return target.unsqueeze(-1) if target.dim() == len(expected) - 1 and expected[-1] == 1 else target


def _check_target(model: Any, name: str, target: torch.Tensor, expected: Shape, loss: str) -> None:
    given = Shape(target.shape)
    if len(given) == len(expected) and all(
        size is None or size == found for size, found in zip(expected[1:], given[1:], strict=True)
    ):
        return
    hint = "The target must look like the model's output."
    if (loss == "categorical_crossentropy" and len(given) < len(expected)) or given[-1:] == (1,):
        hint = (
            'For class numbers use the loss "sparseCategoricalCrossentropy", or turn them into vt.one_hot(y, classes).'
        )
    elif loss == "sparse_categorical_crossentropy":
        hint = 'For one-hot targets use the loss "categoricalCrossentropy".'
    raise ShapeError(
        f'Model "{model.name}" with loss "{loss}" expects y of shape {expected} for "{name}" but got {given}. {hint}'
    )


def _check_lengths(named: Any) -> None:
    lengths = {name: tensor.shape[0] for name, tensor in named}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f'"{name}" {count}' for name, count in lengths.items())
        raise DataError(f"x and y must have the same number of examples, but they have: {listed}.")


def _check_numbers(what: str, tensor: torch.Tensor) -> None:
    if not tensor.dtype.is_floating_point or torch.isfinite(tensor.sum()):
        return  # a sum is finite only if all numbers are, and is one pass without a copy
    bad = ~torch.isfinite(tensor.reshape(tensor.shape[0], -1)).all(dim=1)
    rows = torch.nonzero(bad).flatten()
    if len(rows):
        kind = "NaN" if torch.isnan(tensor).any() else "infinity"
        raise DataError(
            f"{what} contains {kind} in {len(rows)} of {tensor.shape[0]} examples, the first at place {int(rows[0])}. "
            "Remove these examples or replace the values: a single one spoils all weights."
        )


def _check_classes(target: torch.Tensor, name: str, classes: int) -> None:
    least, most = int(target.min()), int(target.max())
    if least < 0 or most >= classes:
        raise DataError(
            f'y for "{name}" has class {least if least < 0 else most}, but the output has {classes} classes, '
            f"numbered from 0 to {classes - 1}. Number the classes from 0, or give the last layer more units."
        )


def _weights(
    targets: list[torch.Tensor], names: list[str], expected: list[Shape], sample_weight: Any, class_weight: Any
) -> list[torch.Tensor | None]:
    samples = _per_output(sample_weight, names, "sample_weight")
    classes = _per_output(class_weight, names, "class_weight")
    weights: list[torch.Tensor | None] = []
    for target, name, sample, by_class in zip(targets, names, samples, classes, strict=True):
        weight = None if by_class is None else _class_weights(target, by_class)
        if sample is not None:
            given = _numbers(sample, "sample_weight").to(target.device, torch.float32)
            if given.shape[:1] != target.shape[:1] or given.dim() > max(1, target.dim() - 1):
                raise ShapeError(
                    f'sample_weight for "{name}" must have shape [{target.shape[0]}], one weight an example, '
                    f"got {Shape(given.shape)}."
                )
            weight = given if weight is None else weight * given
        weights.append(weight)
    return weights


def _per_output(value: Any, names: list[str], what: str) -> list[Any]:
    if value is None:
        return [None] * len(names)
    if isinstance(value, dict) and value and all(key in names for key in value):
        return [value.get(name) for name in names]
    if len(names) == 1:
        return [value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict) else value]
    if isinstance(value, list | tuple) and len(value) == len(names):
        return list(value)
    raise ArgumentError(f"{what} must be a list or dict with one entry an output ({', '.join(names)}).")


def _class_weights(target: torch.Tensor, by_class: Any) -> torch.Tensor:
    """Returns each example's weight from {class: weight}; classes that are not named count 1."""
    if not isinstance(by_class, dict):
        raise ArgumentTypeError(
            f"class_weight must be a dict of class number to weight, got {type(by_class).__name__}."
        )
    classes = target.argmax(-1) if target.shape[-1] > 1 else target.reshape(target.shape[:-1]).long()
    table = torch.ones(max(int(classes.max()), *map(int, by_class)) + 1, device=target.device)
    for number, weight in by_class.items():
        table[int(number)] = float(weight)
    return table[classes]
