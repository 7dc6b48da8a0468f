"""Optimizers, public as `vt.train`: TensorFlow.js's seven, with its formulas, defaults and order of arguments.

Each also takes `weight_decay`, and one of `clipvalue`, `clipnorm` and `global_clipnorm`, as in Keras (see `Optimizer`).
"""

from collections.abc import Callable
from typing import Any

import torch

from velveteen.errors import ArgumentError, ArgumentTypeError, unknown_name
from velveteen.serialization import named
from velveteen.training._update_rules import AdagradRule, AdamaxRule, AdamRule, RMSPropRule
from velveteen.training.optimizer import Optimizer, check_number, folded

EPSILON = 1e-7
"""TensorFlow.js's, on every backend that computes in float32."""

_FUSED_DEVICES = ("cpu", "cuda", "mps", "xpu")


class SGD(Optimizer):
    """Stochastic gradient descent: `w -= learning_rate·g`."""

    def make_torch_optimizer(self, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, lr=self.learning_rate, fused=_can_fuse(parameters))


class Momentum(Optimizer):
    """Gradient descent that keeps moving: `m = momentum·m + g; w -= learning_rate·m`.

    Args:
        learning_rate: the size of a step.
        momentum: how much of the last move stays.
        use_nesterov: look ahead: `w -= learning_rate·(g + momentum·m)`.
    """

    def __init__(self, learning_rate: float, momentum: float, use_nesterov: bool = False, **options: Any):
        super().__init__(learning_rate, **options)
        self.momentum = check_number("momentum", momentum)
        self.use_nesterov = use_nesterov

    def make_torch_optimizer(self, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
        return torch.optim.SGD(
            parameters,
            lr=self.learning_rate,
            momentum=self.momentum,
            nesterov=self.use_nesterov and self.momentum != 0,  # without momentum it is the same, and PyTorch refuses
            fused=_can_fuse(parameters),
        )


class RMSProp(Optimizer):
    """Divides by the running root mean square of the gradients (Hinton, 2012); see `RMSPropRule` for the formula.

    Args:
        learning_rate: the size of a step.
        decay: how slowly the mean square forgets.
        momentum: how much of the last move stays.
        epsilon: keeps the division finite; 1e-7 by default.
        centered: divide by the standard deviation instead.
    """

    def __init__(
        self,
        learning_rate: float,
        decay: float = 0.9,
        momentum: float = 0.0,
        epsilon: float | None = None,
        centered: bool = False,
        **options: Any,
    ):
        super().__init__(learning_rate, **options)
        self.decay = check_number("decay", decay)
        self.momentum = check_number("momentum", momentum)
        self.epsilon = _epsilon(epsilon)
        self.centered = centered

    def make_torch_optimizer(self, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
        return RMSPropRule(
            parameters,
            {
                "lr": self.learning_rate,
                "decay": self.decay,
                "momentum": self.momentum,
                "epsilon": self.epsilon,
                "centered": self.centered,
            },
        )


class Adam(Optimizer):
    """Running means of gradients and squares, both corrected for their start at 0 (Kingma & Ba, 2014, arXiv:1412.6980).

    Args:
        learning_rate: the size of a step.
        beta1, beta2: how slowly the means of gradients and of squares forget.
        epsilon: keeps the division finite; 1e-7 by default.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float | None = None,
        **options: Any,
    ):
        super().__init__(learning_rate, **options)
        self.beta1 = check_number("beta1", beta1)
        self.beta2 = check_number("beta2", beta2)
        self.epsilon = _epsilon(epsilon)

    def make_torch_optimizer(self, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
        if _can_fuse(parameters):
            settings = {"beta1": self.beta1, "beta2": self.beta2, "epsilon": self.epsilon}
            return AdamRule(parameters, {"lr": self.learning_rate, **settings})
        return torch.optim.Adam(
            parameters, lr=self.learning_rate, betas=(self.beta1, self.beta2), eps=self.epsilon, fused=False
        )


class Adadelta(Optimizer):
    """TensorFlow.js's Adadelta, which comes to `w -= learning_rate·g`.

    Zeiler's rule (2012, arXiv:1212.5701) scales the gradient by the ratio of two running means, of past moves and of
    gradients. TensorFlow.js takes both from before the step; so they start equal, the first move is the gradient itself,
    and they stay equal for ever.

    Args:
        learning_rate: the size of a step.
        rho, epsilon: settings of the means, kept for files; epsilon is 1e-7 by default.
    """

    def __init__(self, learning_rate: float = 0.001, rho: float = 0.95, epsilon: float | None = None, **options: Any):
        super().__init__(learning_rate, **options)
        self.rho = check_number("rho", rho)
        self.epsilon = _epsilon(epsilon)

    def make_torch_optimizer(self, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, lr=self.learning_rate, fused=_can_fuse(parameters))


class Adamax(Optimizer):
    """Adam by the largest gradient (Kingma & Ba, 2014, section 7.1); see `AdamaxRule` for the formula.

    Args:
        learning_rate: the size of a step.
        beta1, beta2: how slowly the mean and the largest forget.
        epsilon: keeps the division finite; 1e-7 by default.
        decay: the learning rate is divided by `1 + decay·steps`.
    """

    def __init__(
        self,
        learning_rate: float = 0.002,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float | None = None,
        decay: float = 0.0,
        **options: Any,
    ):
        super().__init__(learning_rate, **options)
        self.beta1 = check_number("beta1", beta1)
        self.beta2 = check_number("beta2", beta2)
        self.epsilon = _epsilon(epsilon)
        self.decay = check_number("decay", decay)

    def make_torch_optimizer(self, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
        return AdamaxRule(
            parameters,
            {
                "lr": self.learning_rate,
                "beta1": self.beta1,
                "beta2": self.beta2,
                "epsilon": self.epsilon,
                "decay": self.decay,
            },
        )


class Adagrad(Optimizer):
    """Divides by the root of the sum of all squared gradients (Duchi et al., 2011); see `AdagradRule` for the formula.

    Args:
        learning_rate: the size of a step.
        initial_accumulator_value: what the sum starts from.
    """

    def __init__(self, learning_rate: float, initial_accumulator_value: float = 0.1, **options: Any):
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = check_number("initial_accumulator_value", initial_accumulator_value)

    def make_torch_optimizer(self, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
        return AdagradRule(
            parameters,
            {
                "lr": self.learning_rate,
                "initial_accumulator_value": self.initial_accumulator_value,
                "epsilon": EPSILON,
            },
        )


def sgd(learning_rate: float, **options: Any) -> SGD:
    """Returns the optimizer of stochastic gradient descent; see `SGD`."""
    return SGD(learning_rate, **options)


def momentum(learning_rate: float, momentum: float, use_nesterov: bool = False, **options: Any) -> Momentum:
    """Returns the optimizer of gradient descent with momentum; see `Momentum`."""
    return Momentum(learning_rate, momentum, use_nesterov, **options)


def rmsprop(
    learning_rate: float,
    decay: float = 0.9,
    momentum: float = 0.0,
    epsilon: float | None = None,
    centered: bool = False,
    **options: Any,
) -> RMSProp:
    """Returns the RMSProp optimizer; see `RMSProp`."""
    return RMSProp(learning_rate, decay, momentum, epsilon, centered, **options)


def adam(
    learning_rate: float = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float | None = None,
    **options: Any,
) -> Adam:
    """Returns the Adam optimizer; see `Adam`."""
    return Adam(learning_rate, beta1, beta2, epsilon, **options)


def adadelta(learning_rate: float = 0.001, rho: float = 0.95, epsilon: float | None = None, **options: Any) -> Adadelta:
    """Returns the Adadelta optimizer; see `Adadelta`."""
    return Adadelta(learning_rate, rho, epsilon, **options)


def adamax(
    learning_rate: float = 0.002,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float | None = None,
    decay: float = 0.0,
    **options: Any,
) -> Adamax:
    """Returns the Adamax optimizer; see `Adamax`."""
    return Adamax(learning_rate, beta1, beta2, epsilon, decay, **options)


def adagrad(learning_rate: float, initial_accumulator_value: float = 0.1, **options: Any) -> Adagrad:
    """Returns the Adagrad optimizer; see `Adagrad`."""
    return Adagrad(learning_rate, initial_accumulator_value, **options)


# What compile("adam") stands for. TensorFlow.js has other defaults here than in its functions above.
_BY_NAME: dict[str, Callable[[], Optimizer]] = {
    "sgd": lambda: SGD(0.01),
    "rmsprop": lambda: RMSProp(0.001),
    "adam": lambda: Adam(),
    "adadelta": lambda: Adadelta(1.0),
    "adamax": lambda: Adamax(),
    "adagrad": lambda: Adagrad(0.01),
}


def get(identifier: Any) -> Optimizer:
    """Returns the optimizer that `identifier` stands for.

    Args:
        identifier: an optimizer, a name ("adam", "Adam", "RMSProp", …) for one with TensorFlow.js's defaults, or one saved
            as `{"class_name", "config"}`.

    Raises:
        UnknownNameError: no optimizer has that name.
        ArgumentError: a config without what the optimizer needs.
        ArgumentTypeError: it is nothing of those.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        if folded(identifier) == "momentum":
            raise ArgumentError('The optimizer "momentum" needs its numbers: use train.momentum(0.01, 0.9), say.')
        return named(_BY_NAME, folded(identifier), "optimizer")()
    if isinstance(identifier, dict):
        return _load(identifier)
    raise ArgumentTypeError(
        f'An optimizer must be a name such as "adam" or made by train.adam(), got {identifier!r:.200}.'
    )


def _load(data: dict[str, Any]) -> Optimizer:
    classes = {folded(cls.class_name): cls for cls in _all_subclasses(Optimizer)}
    name = str(data.get("class_name"))
    cls = classes.get(folded(name))
    if cls is None:
        raise unknown_name("optimizer", name, [each.class_name for each in classes.values()])
    try:
        return cls.from_config(data.get("config") or {})
    except TypeError as error:
        raise ArgumentError(f'The saved optimizer "{name}" lacks what it needs: {error}') from error


def _all_subclasses(cls: type[Optimizer]) -> list[type[Optimizer]]:
    return [found for child in cls.__subclasses__() for found in (child, *_all_subclasses(child))]


def _can_fuse(parameters: list[torch.Tensor]) -> bool:
    return all(parameter.device.type in _FUSED_DEVICES for parameter in parameters)


def _epsilon(epsilon: float | None) -> float:
    return EPSILON if epsilon is None else check_number("epsilon", epsilon)
