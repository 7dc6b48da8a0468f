"""One step: what happens between a batch and the changed weights."""

from typing import Any

import torch

from velveteen.training.arrays import Arrays
from velveteen.training.compilation import Compilation


class Stepper:
    """Trains and tests a model batch by batch.

    What is measured (the names are `compilation.names`) stays on the device until `read`.
    """

    def __init__(self, model: Any, compilation: Compilation):
        self.model = model
        self.compilation = compilation
        weights = model.trainable_weights
        trained = {id(weight.parameter) for weight in weights}
        for parameter in model.parameters():
            parameter.requires_grad_(id(parameter) in trained)
        self.constrained = [weight for weight in weights if weight.constraint is not None]
        self._optimizer = compilation.torch_optimizer([weight.parameter for weight in weights]) if weights else None

    def train(self, batch: Arrays) -> torch.Tensor:
        """Does one step of the optimizer; returns the measurements before it."""
        total, measured = self._measure(batch, training=True)
        if self._optimizer is not None:
            total.backward()
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
            if self.compilation.apply_constraints:
                for weight in self.constrained:
                    weight.constrain()
        return measured

    def test(self, batch: Arrays) -> torch.Tensor:
        """Returns the measurements without changing anything."""
        with torch.no_grad():
            return self._measure(batch, training=False)[1]

    def _measure(self, batch: Arrays, training: bool) -> tuple[torch.Tensor, torch.Tensor]:
        compilation = self.compilation
        with compilation.autocast():
            result = self.model(batch.inputs if len(batch.inputs) > 1 else batch.inputs[0])
        outputs = [part.float() for part in result] if isinstance(result, list) else [result.float()]
        losses = []
        for function, target, output, weight in zip(
            compilation.loss_functions, batch.targets, outputs, batch.weights, strict=True
        ):
            values = function(target, output)
            if weight is not None:
                values = values * weight.reshape(weight.shape + (1,) * (values.dim() - weight.dim()))
            losses.append(values.mean())
        total = losses[0] * compilation.loss_scales[0] if compilation.loss_scales[0] != 1 else losses[0]
        for loss, scale in zip(losses[1:], compilation.loss_scales[1:], strict=True):
            total = total + loss * scale
        if training:  # as in TensorFlow.js, the loss that evaluate reports is without the regularizers
            for penalty in self.model.regularization_losses():
                total = total + penalty
        with torch.no_grad():
            measured = [total.detach(), *(losses if len(losses) > 1 else ())]
            for function, index in compilation.metric_functions:
                measured.append(function(batch.targets[index], outputs[index]).float().mean())
            return total, torch.stack([value.detach() for value in measured])


class Meter:
    """The mean of measurements over examples, kept on the device until someone reads it."""

    def __init__(self) -> None:
        self._sum: torch.Tensor | None = None
        self._count = 0

    def add(self, measured: torch.Tensor, examples: int) -> None:
        """Counts the measurements of a batch of so many examples."""
        if self._sum is None:
            self._sum = measured * examples
        else:
            self._sum.add_(measured, alpha=examples)
        self._count += examples

    def read(self) -> list[float]:
        """Returns the means so far; this waits for the device."""
        assert self._sum is not None
        return (self._sum / self._count).tolist()
