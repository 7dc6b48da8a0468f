"""One step: what happens between a batch and the changed weights."""

from typing import Any

import torch

from velveteen.training import _vanishing, losses
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
        self._penalties = model.losses
        self._use_logits()
        self._metrics = compilation.metric_functions
        self._optimizer = compilation.torch_optimizer(self.to_be_stepped(weights)) if weights else None
        self._steps = 0

    def to_be_stepped(self, weights: list[Any]) -> list[torch.Tensor]:
        """Returns the parameters as the optimizer sees them."""
        return [weight.parameter for weight in weights]

    @property
    def optimizer(self) -> torch.optim.Optimizer | None:
        """PyTorch's optimizer, None for a model without trainable weights."""
        return self._optimizer

    def _use_logits(self) -> None:
        """Lets the loss be computed from logits where the model ends with a softmax and the loss knows how to."""
        by_output = [losses.from_logits(function) for function in self.compilation.loss_functions]
        self._is_logits = {i for i, loss in enumerate(by_output) if loss is not None and self.model.graph.has_logits(i)}
        self._train_graph = self.model.graph.for_training(list(self._is_logits))
        self._train_losses = [
            loss if loss is not None and i in self._is_logits else function
            for i, (loss, function) in enumerate(zip(by_output, self.compilation.loss_functions, strict=True))
        ]

    def train(self, batch: Arrays) -> torch.Tensor:
        """Does one step of the optimizer; returns the measurements before it."""
        measured = self.take(batch)
        self.settle()
        return measured

    def take(self, batch: Arrays) -> torch.Tensor:
        """Does what is the same in every step; returns the measurements before it. `settle` must follow."""
        total, measured = self._measure(batch, training=True)
        self.descend(total)
        return measured

    def descend(self, total: torch.Tensor) -> None:
        """Changes the weights so that `total` falls."""
        if self._optimizer is None:
            return
        total.backward()
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)

    def settle(self) -> None:
        """Does what comes after a step, or now and then."""
        if self._optimizer is None:
            return
        self._steps += 1
        if self._steps % _vanishing.EVERY == 0:
            _vanishing.forget_what_vanished(self._optimizer)
        if self.compilation.apply_constraints:
            for weight in self.constrained:
                weight.constrain()

    def whole(self, parameter: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
        """Returns what an optimizer remembers of a parameter for all of it, where this process has only a part."""
        return tensor

    def part(self, parameter: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
        """Returns this process's part of what `whole` returned."""
        return tensor

    def test(self, batch: Arrays) -> torch.Tensor:
        """Returns the measurements without changing anything."""
        with torch.no_grad():
            return self._measure(batch, training=False)[1]

    def _measure(self, batch: Arrays, training: bool) -> tuple[torch.Tensor, torch.Tensor]:
        compilation = self.compilation
        graph = self._train_graph if training else self.model.graph
        with compilation.autocast():
            outputs = graph.run(batch.inputs)
        outputs = [output.float() for output in outputs]
        functions = self._train_losses if training else compilation.loss_functions
        means = []
        for function, target, output, counts in zip(functions, batch.targets, outputs, batch.weights, strict=True):
            values = function(target, output)
            if counts is not None:
                values = values * counts.reshape(counts.shape + (1,) * (values.dim() - counts.dim()))
            means.append(values.mean())
        total = means[0] * compilation.loss_scales[0] if compilation.loss_scales[0] != 1 else means[0]
        for mean, scale in zip(means[1:], compilation.loss_scales[1:], strict=True):
            total = total + mean * scale
        if training:  # as in TensorFlow.js, the loss that evaluate reports is without the regularizers
            for penalty in self._penalties:
                total = total + penalty()
        with torch.no_grad():
            measured = [total, *(means if len(means) > 1 else ())]
            for function, index in self._metrics:
                output = outputs[index].detach()
                if training and index in self._is_logits:
                    output = torch.softmax(output, -1)
                measured.append(function(batch.targets[index], output).float().mean())
            return total, torch.stack([value.detach() for value in measured])


class Meter:
    """The mean of measurements over examples, kept on the device until someone reads it."""

    def __init__(self) -> None:
        self._sum: torch.Tensor | None = None
        self._count: float = 0

    def add(self, measured: torch.Tensor, examples: float) -> None:
        """Counts the measurements of a batch of so many examples."""
        if self._sum is None:
            self._sum = measured * examples
        else:
            self._sum.add_(measured, alpha=examples)
        self._count += examples

    def read(self) -> list[float]:
        """Returns the means so far; this waits for the device."""
        total, count = self.state
        return (total / count).tolist()

    def totals(self) -> tuple[list[float], float]:
        """Returns the sums so far, and over how many examples; this waits for the device."""
        return ([] if self._sum is None else self._sum.tolist()), self._count

    @property
    def state(self) -> tuple[torch.Tensor, float]:
        """The sums over the examples so far, on the device, and how many examples."""
        assert self._sum is not None
        return self._sum, self._count

    @state.setter
    def state(self, state: tuple[torch.Tensor, float]) -> None:
        self._sum, self._count = state
