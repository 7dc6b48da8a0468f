"""Optimizer: what every optimizer has, so that one says only its settings and its rule."""

import math
import numbers
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Self

import torch

from velveteen.errors import ArgumentError, ArgumentTypeError, StateError, did_you_mean
from velveteen.gradients import VariableGrads, variable_grads
from velveteen.serialization import Serializable, constructor_parameters, register_class
from velveteen.tensors import Tensor
from velveteen.training._before_step import CLIPPINGS, BeforeStep
from velveteen.training._update_rules import UpdateRule
from velveteen.training._variable_slots import VariableSlots
from velveteen.variables import Variable

_RATE_ON_DEVICE = ("cuda",)
"""Where the learning rate is a tensor, so that steps recorded once follow it (see `capture`)."""


class Optimizer(Serializable):
    """Base of all optimizers; a subclass writes `make_torch_optimizer`.

    Args:
        learning_rate: the size of a step. It can be set at any time, and what is being trained follows.
        weight_decay, clipvalue, clipnorm, global_clipnorm: what happens before the rule (see `BeforeStep`); nothing by
            default. TensorFlow.js, which has none of these, reads files with them and leaves them out.
    """

    file_names: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls, **options: Any):
        super().__init_subclass__(**options)
        register_class(cls)
        # In files the keys are TensorFlow.js's, "learningRate".
        cls.file_names = {name: _camel_case(name) for name in constructor_parameters(cls)}

    def __init__(
        self,
        learning_rate: float,
        *,
        weight_decay: float | None = None,
        clipvalue: float | None = None,
        clipnorm: float | None = None,
        global_clipnorm: float | None = None,
    ):
        self.weight_decay = _number_or_none("weight_decay", weight_decay)
        self.clipvalue = _number_or_none("clipvalue", clipvalue)
        self.clipnorm = _number_or_none("clipnorm", clipnorm)
        self.global_clipnorm = _number_or_none("global_clipnorm", global_clipnorm)
        self._before_step = BeforeStep(self.weight_decay, self.clipvalue, self.clipnorm, self.global_clipnorm)
        self._live: weakref.WeakSet[torch.optim.Optimizer] = weakref.WeakSet()
        self._slots: VariableSlots | None = None
        self._iterations = 0
        self.model: weakref.ref[Any] | None = None  # the one that was compiled with it last
        self.learning_rate = learning_rate

    @property
    def learning_rate(self) -> float:
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: float) -> None:
        self._learning_rate = check_number("learning_rate", learning_rate)
        for optimizer in self._live:
            for group in optimizer.param_groups:
                if isinstance(group["lr"], torch.Tensor):
                    group["lr"].fill_(self._learning_rate)
                else:
                    group["lr"] = self._learning_rate

    def set_learning_rate(self, learning_rate: float) -> None:
        """Sets `learning_rate`."""
        self.learning_rate = learning_rate

    @property
    def iterations(self) -> int:
        """How many steps were taken with this optimizer."""
        return self._iterations

    @iterations.setter
    def iterations(self, iterations: int) -> None:
        self._iterations = iterations

    def get_weights(self) -> list[dict[str, Any]]:
        """Returns what this optimizer remembers for the model that was compiled with it: a list of `{"name", "tensor"}`.

        First comes "iter", the number of steps; then moments and the like, in the order of TensorFlow.js's files.

        Raises:
            StateError: no model was compiled with it.
        """
        return [{"name": name, "tensor": tensor} for name, tensor in _state().named_state(self._trained_model())]

    def set_weights(self, weight_values: Sequence[Any]) -> None:
        """Replaces what this optimizer remembers.

        Args:
            weight_values: as `get_weights` returned them, or the tensors alone, in that order.

        Raises:
            StateError: no model was compiled with it.
            FileFormatError: they do not fit the model's trainable weights; then nothing has changed.
        """
        tensors = [value["tensor"] if isinstance(value, dict) else value for value in weight_values]
        stores = [value if isinstance(value, Tensor) else Tensor(value) for value in tensors]
        _state().set_state(self._trained_model(), stores)

    def _trained_model(self) -> Any:
        model = None if self.model is None else self.model()
        if model is None:
            raise StateError(
                f"{type(self).__name__} does not know which weights it is for. Give it to model.compile() first."
            )
        return model

    def make_torch_optimizer(self, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
        """Returns a new torch optimizer with this one's rule."""
        raise NotImplementedError(f"{type(self).__name__} must define make_torch_optimizer(self, parameters).")

    def torch_optimizer(self, parameters: Iterable[torch.Tensor]) -> torch.optim.Optimizer:
        """Returns a torch optimizer for `parameters` with this one's rule, that follows its learning rate.

        Raises:
            ArgumentError: there are no parameters.
        """
        parameters = list(parameters)
        if not parameters:
            raise ArgumentError(
                "There is nothing to train: no weight is trainable. Set trainable = True on a layer that has weights."
            )
        optimizer = self.make_torch_optimizer(parameters)
        if parameters[0].device.type in _RATE_ON_DEVICE and _takes_tensor_rate(optimizer):
            for group in optimizer.param_groups:
                group["lr"] = torch.full((), self._learning_rate, dtype=torch.float32, device=parameters[0].device)
        if not self._before_step.does_nothing:
            optimizer.register_step_pre_hook(self._before_step)
        optimizer.register_step_post_hook(_Counter(self))
        self._live.add(optimizer)
        return optimizer

    def minimize(
        self, f: Callable[[], Tensor], return_cost: bool = False, var_list: Sequence[Variable] | None = None
    ) -> Tensor | None:
        """Takes one step down the gradient of `f`.

        Args:
            f: takes nothing, returns a scalar Tensor.
            return_cost: whether to return the scalar.
            var_list: the variables (or layers' weights) to change; by default all trainable ones that `f` uses.
        """
        value, gradients = self.compute_gradients(f, var_list)
        self._step([(_find(name, var_list), gradient) for name, gradient in gradients.items()])
        return value if return_cost else None

    def compute_gradients(self, f: Callable[[], Tensor], var_list: Sequence[Variable] | None = None) -> VariableGrads:
        """Returns the value of `f` and its gradients by the variables' names."""
        return variable_grads(f, var_list)

    def apply_gradients(self, variable_gradients: Any) -> None:
        """Takes one step with gradients that are there already.

        Args:
            variable_gradients: a dict from variables' names to gradients, or a list of `(name, gradient)` or
                `{"name", "tensor"}`. The gradient of a layer's weight has TensorFlow.js's layout. None is skipped.

        Raises:
            ArgumentError: a name that no variable has, or several have.
            ShapeError: a gradient of another shape than its variable.
        """
        pairs = variable_gradients.items() if isinstance(variable_gradients, dict) else variable_gradients
        named_gradients = [_name_and_gradient(pair) for pair in pairs]
        self._step([(_find(name, None), gradient) for name, gradient in named_gradients if gradient is not None])

    def _step(self, pairs: list[tuple[Variable, Tensor]]) -> None:
        if self._slots is None:
            self._slots = VariableSlots(self.torch_optimizer)
        self._slots.step(pairs)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments under their names in TensorFlow.js's files, such as "learningRate"."""
        config = super().get_config()
        unused = {name for name in ("weight_decay", *CLIPPINGS) if config[name] is None}
        return {self.file_names[name]: value for name, value in config.items() if name not in unused}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes an optimizer from a config with names in either spelling; Keras's "lr" and "beta_1" are known too."""
        arguments = {folded(name): name for name in constructor_parameters(cls)} | {"lr": "learning_rate"}
        return cls(**{arguments[folded(key)]: value for key, value in config.items() if folded(key) in arguments})


def _takes_tensor_rate(optimizer: torch.optim.Optimizer) -> bool:
    is_fused_sgd = type(optimizer) is torch.optim.SGD and optimizer.defaults["fused"]
    return is_fused_sgd or isinstance(optimizer, UpdateRule)


def _state() -> Any:
    from velveteen.training import optimizer_state  # it knows all the rules, so it is imported when needed

    return optimizer_state


class _Counter:
    """Counts the steps of a torch optimizer for the Optimizer that it was made by, without keeping that alive."""

    def __init__(self, optimizer: Optimizer):
        self._optimizer = weakref.ref(optimizer)

    def __call__(self, *_: Any) -> None:
        optimizer = self._optimizer()
        if optimizer is not None:
            optimizer._iterations += 1


def check_number(name: str, value: Any) -> float:
    """Returns an optimizer's setting as a float, or raises an ArgumentError."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise ArgumentError(f"An optimizer's {name} must be a number, got {value!r:.100}.")
    return float(value)


def _number_or_none(name: str, value: Any) -> float | None:
    return None if value is None else check_number(name, value)


def folded(name: str) -> str:
    """Returns a name without its spelling: "learningRate" and "learning_rate" become "learningrate"."""
    return name.replace("_", "").lower()


def _find(name: str, var_list: Sequence[Variable] | None) -> Variable:
    """Returns the variable of that name, among the given or all living ones."""
    candidates = list(var_list) if var_list is not None else Variable.trainable_variables()
    found = [variable for variable in candidates if variable.name == name]
    if not found:
        names = [str(variable.name) for variable in candidates]
        raise ArgumentError(f'No trainable variable is called "{name}".{did_you_mean(name, names)}')
    if len(found) > 1:
        raise ArgumentError(
            f'{len(found)} trainable variables are called "{name}". Give each a name of its own, or minimize with var_list.'
        )
    return found[0]


def _name_and_gradient(pair: Any) -> tuple[str, Any]:
    if isinstance(pair, dict):
        return pair["name"], pair["tensor"]
    if isinstance(pair, tuple | list) and len(pair) == 2:
        return pair[0], pair[1]
    raise ArgumentTypeError(
        'Gradients must be a dict from names to tensors, or a list of (name, tensor) or {"name", "tensor"}, '
        f"but this entry is {pair!r:.100}."
    )


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)
