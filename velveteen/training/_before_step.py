"""What may happen to gradients and weights before an optimizer's own rule: clipping and weight decay, as in Keras."""

from typing import Any

import torch

from velveteen.errors import ArgumentError

CLIPPINGS = ("clipvalue", "clipnorm", "global_clipnorm")


class BeforeStep:
    """Clips the gradients and shrinks the weights; a step pre-hook of a torch optimizer.

    Args:
        weight_decay: weights with more than one axis become `w·(1 - learning_rate·weight_decay)`, apart from the
            gradient (Loshchilov & Hutter, 2019, arXiv:1711.05101). Biases and scales stay: they gain nothing by it.
        clipvalue: the largest magnitude of a gradient's element.
        clipnorm: the largest Euclidean norm of each gradient.
        global_clipnorm: the largest Euclidean norm of all gradients together (Pascanu et al., 2013, arXiv:1211.5063).

    Raises:
        ArgumentError: a negative number, or several ways to clip.
    """

    def __init__(
        self,
        weight_decay: float | None,
        clipvalue: float | None,
        clipnorm: float | None,
        global_clipnorm: float | None,
    ):
        given = {"weight_decay": weight_decay, "clipvalue": clipvalue, "clipnorm": clipnorm}
        given["global_clipnorm"] = global_clipnorm
        for name, value in given.items():
            if value is not None and value < 0:
                raise ArgumentError(f"An optimizer's {name} must not be negative, got {value}.")
        clippings = [name for name in CLIPPINGS if given[name] is not None]
        if len(clippings) > 1:
            raise ArgumentError(f"An optimizer clips in one way, but got {' and '.join(clippings)}. Choose one.")
        self.weight_decay = weight_decay
        self.clipvalue = clipvalue
        self.clipnorm = clipnorm
        self.global_clipnorm = global_clipnorm
        self.does_nothing = not weight_decay and not clippings

    @torch.no_grad()
    def __call__(self, optimizer: torch.optim.Optimizer, arguments: Any, options: Any) -> None:
        for group in optimizer.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            self._clip([parameter.grad for parameter in parameters])
            matrices = [parameter for parameter in parameters if parameter.dim() > 1]
            if self.weight_decay and matrices:
                torch._foreach_mul_(matrices, 1 - group["lr"] * self.weight_decay)

    def _clip(self, gradients: list[torch.Tensor]) -> None:
        if not gradients:
            return
        if self.clipvalue is not None:
            torch._foreach_clamp_max_(gradients, self.clipvalue)
            torch._foreach_clamp_min_(gradients, -self.clipvalue)
        elif self.clipnorm is not None:
            norms = torch._foreach_norm(gradients)
            torch._foreach_mul_(gradients, [_factor(norm, self.clipnorm) for norm in norms])
        elif self.global_clipnorm is not None:
            norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
            torch._foreach_mul_(gradients, _factor(norm, self.global_clipnorm))


def _factor(norm: torch.Tensor, most: float) -> torch.Tensor:
    return most / norm.clamp(min=most) if most > 0 else torch.zeros_like(norm)
