"""Muon: an optimizer for the hidden layers of networks, with which these learn the same in fewer steps than with Adam.

Source: Jordan and others, "Muon: An optimizer for hidden layers in neural networks", 2024; the size of its steps is from Liu and others,
"Muon is Scalable for LLM Training", 2025, equation 4, so that it takes Adam's learning rates.
"""

from typing import Any

import torch

from velveteen.training._update_rules import AdamRule, Tensors
from velveteen.training.optimizer import Optimizer, check_number
from velveteen.training.optimizers import EPSILON

MOMENTUM = 0.95
_LIKE_ADAM = 0.2
"""The root mean square of a step of Adam's, of learning rate 1."""
_LEAST = 16
"""Channels on both sides that a hidden layer has at least; others, and whatever is no kernel of a convolution, are Adam's."""
_ROUNDS = 5
_ITERATION = (3.4445, -4.7750, 2.0315)
"""Coefficients of the source's iteration: of x, x³ and x⁵."""


class Muon(Optimizer):
    """Moves the kernels of hidden convolutions by `MuonRule`, and all other weights as Adam does.

    Args:
        learning_rate: the size of a step.
        beta1, beta2: of Adam.
    """

    def __init__(self, learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, **options: Any):
        super().__init__(learning_rate, **options)
        self.beta1 = check_number("beta1", beta1)
        self.beta2 = check_number("beta2", beta2)

    def make_torch_optimizer(self, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
        settings = {"lr": self.learning_rate, "beta1": self.beta1, "beta2": self.beta2, "epsilon": EPSILON}
        return MuonRule(parameters, settings)


class MuonRule(AdamRule):
    """The rule `m = μ·m + (1 - μ)·g; w -= lr · 0.2 · sqrt(longer side) · U·Vᵀ`, with `U·S·Vᵀ = (1 - μ)·g + μ·m`.

    A kernel is a matrix here: a row for each filter. So all directions in which filters could change are taken alike, those
    that gradients seldom have too.
    """

    def update(self, group: dict[str, Any], parameters: Tensors, gradients: Tensors) -> None:
        pairs = list(zip(parameters, gradients, strict=True))
        others = [pair for pair in pairs if not _is_hidden(pair[0])]
        if others:
            super().update(group, *map(list, zip(*others, strict=True)))
        for parameter, gradient in pairs:
            if _is_hidden(parameter):
                [moment] = self.slots("momentum", [parameter])
                moment.lerp_(gradient, 1 - MOMENTUM)
                filters = gradient.lerp(moment, MOMENTUM).permute(0, 2, 3, 1)
                matrix = filters.flatten(1)
                step = orthogonalized(matrix).view(filters.shape).permute(0, 3, 1, 2)
                parameter.sub_(step * (group["lr"] * _LIKE_ADAM * max(matrix.shape) ** 0.5))


def orthogonalized(matrix: torch.Tensor) -> torch.Tensor:
    """Returns nearly `U·Vᵀ` of a matrix `U·S·Vᵀ`: its singular values become 0.7 to 1.2, by a Newton-Schulz iteration."""
    is_high = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if is_high else matrix
    x = x / (x.norm() + EPSILON)
    first, third, fifth = _ITERATION
    # Each round multiplies x by a polynomial of x·xᵀ. As these are square, and x is long, it is multiplied once.
    squares = x @ x.T
    ones = torch.eye(len(x), dtype=x.dtype, device=x.device)
    all_rounds = ones
    for _ in range(_ROUNDS):
        polynomial = torch.addmm(third * squares + first * ones, squares, squares, beta=1, alpha=fifth)
        all_rounds = polynomial @ all_rounds
        squares = polynomial @ squares @ polynomial
    return (all_rounds @ x).T if is_high else all_rounds @ x


def _is_hidden(parameter: torch.Tensor) -> bool:
    return parameter.ndim == 4 and min(parameter.shape[:2]) >= _LEAST
