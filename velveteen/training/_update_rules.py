"""The update rules of TensorFlow.js that no optimizer of PyTorch has to the epsilon, on all parameters at once."""

from collections.abc import Callable
from typing import Any, ClassVar

import torch

Tensors = list[torch.Tensor]


class UpdateRule(torch.optim.Optimizer):
    """Base: gathers parameters, gradients and state, and lets the subclass update them in place.

    The learning rate, `group["lr"]`, is a number, or a tensor on the parameters' device that may change between steps.
    """

    recordable: ClassVar[bool] = True
    """Whether a step depends on tensors only, so that it can be recorded once and replayed (see `capture`)."""

    def update(self, group: dict[str, Any], parameters: Tensors, gradients: Tensors) -> None:
        raise NotImplementedError

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Changes every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            if parameters:
                self.update(group, parameters, [parameter.grad for parameter in parameters])
        return loss

    def slots(self, name: str, parameters: Tensors, start: float = 0.0) -> Tensors:
        """Returns the tensors that the rule remembers under `name`, one a parameter."""
        found = []
        for parameter in parameters:
            state = self.state[parameter]
            if name not in state:
                state[name] = torch.full_like(parameter, start, memory_format=torch.preserve_format)
            elif state[name].stride() != parameter.stride():  # loaded from elsewhere
                state[name] = torch.empty_like(parameter).copy_(state[name])
            found.append(state[name])
        return found


class AdagradRule(UpdateRule):
    """The rule `a += g²; w -= lr·g / sqrt(a + ε)`."""

    def update(self, group: dict[str, Any], parameters: Tensors, gradients: Tensors) -> None:
        sums = self.slots("accumulator", parameters, group["initial_accumulator_value"])
        torch._foreach_addcmul_(sums, gradients, gradients)
        divisors = list(torch._foreach_add(sums, group["epsilon"]))
        torch._foreach_sqrt_(divisors)
        _descend(parameters, gradients, divisors, group["lr"])


class AdamRule(UpdateRule):
    """The rule `m = β1·m + (1 - β1)·g; v = β2·v + (1 - β2)·g²; w -= lr·m̂ / (sqrt(v̂) + ε)`, by PyTorch's fused kernel.

    It is torch.optim.Adam's, with its state. But on CPUs that one copies what is not contiguous at each step, as the weights
    of convolutions are in channels_last; here the kernel sees each weight as the flat piece of memory that it is.
    """

    def update(self, group: dict[str, Any], parameters: Tensors, gradients: Tensors) -> None:
        moments = self.slots("exp_avg", parameters)
        squares = self.slots("exp_avg_sq", parameters)
        steps = [self._step_count(parameter) for parameter in parameters]
        torch._foreach_add_(steps, 1)
        torch._fused_adam_(
            _flat(parameters, parameters),
            _flat(gradients, parameters),
            _flat(moments, parameters),
            _flat(squares, parameters),
            [],
            steps,
            lr=group["lr"],
            beta1=group["beta1"],
            beta2=group["beta2"],
            weight_decay=0.0,
            eps=group["epsilon"],
            amsgrad=False,
            maximize=False,
        )

    def _step_count(self, parameter: torch.Tensor) -> torch.Tensor:
        state = self.state[parameter]
        if "step" not in state:
            state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
        elif state["step"].device != parameter.device:  # loaded from elsewhere
            state["step"] = state["step"].to(parameter.device, torch.float32)
        return state["step"]


def _flat(tensors: Tensors, weights: Tensors) -> Tensors:
    """Returns the tensors, one a weight, in the order of the weights' memory; no copy where they lie like the weights."""
    found = []
    for tensor, weight in zip(tensors, weights, strict=True):
        alike = tensor if tensor.stride() == weight.stride() else torch.empty_like(weight).copy_(tensor)
        # Kernels of GPUs take any order as it is, and there each view would hold up the launching of work.
        is_plain = weight.is_contiguous() or weight.is_cuda
        found.append(alike if is_plain else alike.as_strided((weight.numel(),), (1,)))
    return found


def _descend(parameters: Tensors, moves: Tensors, divisors: Tensors, rate: float | torch.Tensor) -> None:
    """Computes `w -= rate·move / divisor`."""
    if isinstance(rate, torch.Tensor):
        quotients = torch._foreach_div(moves, divisors)
        torch._foreach_mul_(quotients, rate)
        torch._foreach_sub_(parameters, quotients)
    else:
        torch._foreach_addcdiv_(parameters, moves, divisors, -rate)


class AdamaxRule(UpdateRule):
    """The rule `m = β1·m + (1 - β1)·g; u = max(β2·u, |g|); w -= lr / (1 - β1ᵗ) · m / (u + ε)`.

    With `decay`, `lr` is divided by `1 + decay·(t - 1)`. The steps `t` are counted by Python, in double precision.
    """

    recordable = False

    def update(self, group: dict[str, Any], parameters: Tensors, gradients: Tensors) -> None:
        moments = self.slots("m", parameters)
        norms = self.slots("v", parameters)
        group["steps"] = group.get("steps", 0) + 1
        beta1, beta2, steps = group["beta1"], group["beta2"], group["steps"]
        torch._foreach_mul_(moments, beta1)
        torch._foreach_add_(moments, gradients, alpha=1 - beta1)
        torch._foreach_mul_(norms, beta2)
        torch._foreach_maximum_(norms, torch._foreach_abs(gradients))
        rate = group["lr"] / (1 + (steps - 1) * group["decay"]) / (1 - beta1**steps)
        _descend(parameters, moments, list(torch._foreach_add(norms, group["epsilon"])), rate)


class RMSPropRule(UpdateRule):
    """The rule `a = ρ·a + (1 - ρ)·g²; m = μ·m + lr·g / sqrt(a + ε); w -= m`.

    Centered, the divisor is `sqrt(a - b² - ε)`, with the running mean `b` of the gradients: TensorFlow.js subtracts ε.
    Where that is the root of a negative number, its weights become NaN for good; here ε itself is the square then.
    """

    def update(self, group: dict[str, Any], parameters: Tensors, gradients: Tensors) -> None:
        squares = self.slots("rms", parameters)
        decay, epsilon = group["decay"], group["epsilon"]
        torch._foreach_mul_(squares, decay)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - decay)
        if group["centered"]:
            means = self.slots("mg", parameters)
            torch._foreach_mul_(means, decay)
            torch._foreach_add_(means, gradients, alpha=1 - decay)
            variances = torch._foreach_sub(squares, torch._foreach_add(torch._foreach_mul(means, means), epsilon))
            divisors = [torch.where(variance > 0, variance, epsilon) for variance in variances]
        else:
            divisors = list(torch._foreach_add(squares, epsilon))
        torch._foreach_sqrt_(divisors)
        if not group["momentum"]:
            _descend(parameters, gradients, divisors, group["lr"])
            return
        moments = self.slots("momentum", parameters)
        torch._foreach_mul_(moments, group["momentum"])
        _descend(moments, gradients, divisors, -group["lr"])
        torch._foreach_sub_(parameters, moments)
