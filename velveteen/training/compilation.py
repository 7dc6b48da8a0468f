"""What `model.compile` was told: optimizer, losses, metrics and precision, resolved for a model's outputs."""

import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Self

import torch

from velveteen import backend
from velveteen.errors import ArgumentError, unknown_name
from velveteen.serialization import name_in_files, serialize, snake_case
from velveteen.tensors import Shape
from velveteen.training import losses, metrics, optimizers
from velveteen.training.precision import gains_from_bfloat16

PRECISIONS = ("float32", "bfloat16", "auto")
DISTRIBUTED = ("auto", "ddp", "fsdp", "alone")
Function = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Compilation:
    """How a model is trained.

    Args: as `Model.compile`.

    Attributes:
        names: what `evaluate` returns: "loss", a loss an output where there are several, then the metrics.
        loss_functions: one an output.
        metric_functions: (function, index of the output) each.
        gains_from_bfloat16: what precision "auto" goes by; None as long as nobody has asked. Of several processes the
            first one decides.
    """

    def __init__(
        self,
        optimizer: Any,
        loss: Any,
        metrics: Any,
        loss_weights: Any,
        precision: str = "float32",
        apply_constraints: bool = False,
        distributed: str = "auto",
        sync_batch_normalization: bool = False,
    ):
        if distributed not in DISTRIBUTED:
            raise unknown_name("way to train in several processes", distributed, DISTRIBUTED)
        if precision not in PRECISIONS:
            raise unknown_name("precision", precision, PRECISIONS)
        if loss is None:
            raise ArgumentError('compile() needs a loss, such as loss="categoricalCrossentropy" or "meanSquaredError".')
        self.optimizer = optimizers.get(optimizer)
        self.loss = loss
        self.metrics = metrics
        self.loss_weights = loss_weights
        self.precision = precision
        self.apply_constraints = apply_constraints
        self.distributed = distributed
        self.sync_batch_normalization = sync_batch_normalization
        self.gains_from_bfloat16: bool | None = None
        self.names: list[str] = []
        self.loss_functions: list[Function] = []
        self.loss_names: list[str] = []
        self.loss_scales: list[float] = []
        self.metric_functions: list[tuple[Function, int]] = []
        self._bound: tuple[list[torch.Tensor], torch.optim.Optimizer] | None = None
        for each in loss.values() if isinstance(loss, dict) else loss if isinstance(loss, list | tuple) else [loss]:
            losses.get(each)  # a misspelt name is told here, not at the first fit

    def resolve(self, model: Any) -> Self:
        """Looks up the losses and metrics for the model's outputs, once these are known."""
        if self.names:
            return self
        self.optimizer.model = weakref.ref(model)
        outputs = model.output_names
        chosen = _per_output(self.loss, outputs, "loss")
        if any(each is None for each in chosen):
            missing = [name for name, each in zip(outputs, chosen, strict=True) if each is None]
            raise ArgumentError(f'compile() has no loss for the output "{missing[0]}".')
        self.loss_functions = [losses.get(each) for each in chosen]
        self.loss_names = [losses.name(each) for each in chosen]
        scales = _per_output(self.loss_weights, outputs, "loss_weights")
        self.loss_scales = [1.0 if each is None else float(each) for each in scales]
        names = ["loss"]
        if len(outputs) > 1:
            names += [f"{output}_loss" for output in outputs]
        self.metric_functions = []
        for index, output in enumerate(outputs):
            for each in _metrics_of(self.metrics, outputs, index):
                short, function = metrics.get(each, chosen[index], model.outputs[index].shape)
                self.metric_functions.append((function, index))
                names.append(f"{output}_{short}" if len(outputs) > 1 else short)
        self.names = [name if names.count(name) == 1 else _numbered(names, i) for i, name in enumerate(names)]
        return self

    def target_shapes(self, model: Any) -> list[Shape]:
        """Returns the shape that each output's target must have."""
        return [
            Shape((*symbolic.shape[:-1], 1)) if name == "sparse_categorical_crossentropy" else symbolic.shape
            for symbolic, name in zip(model.outputs, self.loss_names, strict=True)
        ]

    def torch_optimizer(self, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
        """Returns PyTorch's optimizer for these parameters; the same one, with its state, as long as they stay."""
        if self._bound is not None:
            bound, optimizer = self._bound
            if len(bound) == len(parameters) and all(a is b for a, b in zip(bound, parameters, strict=True)):
                return optimizer
        optimizer = self.optimizer.torch_optimizer(parameters)
        self._bound = (parameters, optimizer)
        return optimizer

    @property
    def bound(self) -> tuple[list[torch.Tensor], torch.optim.Optimizer] | None:
        """The parameters last trained and their optimizer with its state, if there was any training."""
        return self._bound

    def autocast(self) -> AbstractContextManager[Any]:
        """Returns the context in which layers compute in the precision asked for."""
        if not self.uses_bfloat16():
            return nullcontext()
        return torch.autocast(backend.get_backend(), dtype=torch.bfloat16)

    def uses_bfloat16(self) -> bool:
        """Returns whether layers compute in bfloat16."""
        if self.precision != "auto":
            return self.precision == "bfloat16"
        if self.gains_from_bfloat16 is None:
            self.gains_from_bfloat16 = gains_from_bfloat16()
        return self.gains_from_bfloat16

    def get_config(self) -> dict[str, Any]:
        """Returns TensorFlow.js's `trainingConfig`."""
        return {
            "loss": _names(self.loss),
            "metrics": _names(self.metrics) if self.metrics is not None else None,
            "weighted_metrics": None,
            "sample_weight_mode": None,
            "loss_weights": self.loss_weights,
            "optimizer_config": serialize(self.optimizer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes it from a file's `trainingConfig`."""
        return cls(
            config.get("optimizer_config"),
            config.get("loss"),
            config.get("metrics"),
            config.get("loss_weights"),
        )


def _per_output(value: Any, outputs: list[str], what: str) -> list[Any]:
    """Returns one value an output from a single value (for all), a list, or a dict by the outputs' names."""
    if isinstance(value, dict):
        for key in value:
            if key not in outputs:
                raise unknown_name(f"output in {what}", key, outputs)
        return [value.get(name) for name in outputs]
    if isinstance(value, list | tuple):
        if len(value) != len(outputs):
            raise ArgumentError(f"{what} must have one entry an output ({', '.join(outputs)}), got {len(value)}.")
        return list(value)
    return [value] * len(outputs)


def _metrics_of(value: Any, outputs: list[str], index: int) -> list[Any]:
    """Returns the metrics of one output: all get the same list, unless there is a dict or a list of lists."""
    if value is None:
        return []
    if isinstance(value, dict):
        for key in value:
            if key not in outputs:
                raise unknown_name("output in metrics", key, outputs)
        value = value.get(outputs[index], [])
    elif isinstance(value, list | tuple) and value and all(isinstance(each, list | tuple) for each in value):
        if len(value) != len(outputs):
            raise ArgumentError(f"metrics must have one list an output ({', '.join(outputs)}), got {len(value)}.")
        value = value[index]
    return list(value) if isinstance(value, list | tuple) else [value]


def _numbered(names: list[str], index: int) -> str:
    before = names[:index].count(names[index])
    return f"{names[index]}_{before}"


def _name_of(function: Any) -> str:
    return str(name_in_files(function) or getattr(function, "__name__", type(function).__name__))


def _names(value: Any) -> Any:
    """Returns losses or metrics as names, in the structure they were given in."""
    if isinstance(value, dict):
        return {key: _names(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_names(each) for each in value]
    return snake_case(value) if isinstance(value, str) else _name_of(value)
