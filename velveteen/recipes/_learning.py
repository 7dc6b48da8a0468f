"""What trainings of several recipes do beside their steps: move the learning rate, and average the weights."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

import velveteen as vt

WARM_UP = 100
"""Steps in which the learning rate climbs; by then Adam's means know the size of the gradients."""
LAST_RATE = 0.02
"""Of the learning rate, at the end."""
AVERAGING = 0.99
"""How slowly the average of the weights forgets, a step."""


def cosine(highest: float, epoch: int, epochs: int) -> float:
    """Returns the rate of an epoch (the first is 0): half a cosine from the highest down to almost nothing.

    Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, equation 5.
    """
    return highest * (1 + math.cos(math.pi * epoch / epochs)) / 2


class CosineSchedule(vt.callbacks.Callback):
    """Sets the learning rate before each step: up in WARM_UP steps, then down along half a cosine.

    Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, equation 5.

    Args:
        highest: the learning rate to come down from.
        steps: of an epoch.
        epochs: of the whole training.
    """

    def __init__(self, highest: float, steps: int, epochs: int):
        self.highest = highest
        self.steps = steps
        self.total = steps * epochs
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any]) -> None:
        self._epoch = epoch

    def on_batch_begin(self, batch: int, logs: dict[str, Any]) -> None:
        self.model.optimizer.learning_rate = self.rate(self._epoch * self.steps + batch)

    def rate(self, step: int) -> float:
        """Returns the rate of a step, counted from 0."""
        rise = min(1.0, (step + 1) / min(WARM_UP, max(1, self.total // 10)))
        fall = (1 + math.cos(math.pi * min(1.0, step / self.total))) / 2
        return self.highest * rise * (LAST_RATE + (1 - LAST_RATE) * fall)


class AveragedWeights(vt.callbacks.Callback):
    """Keeps a running average of the weights, which predicts better than the weights of any one step.

    Source: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992; exponential, as in Keras.
    """

    def __init__(self) -> None:
        self.averages: list[torch.Tensor] = []
        self.steps = 0

    @property
    def wants_batch_logs(self) -> bool:
        return False

    @torch.no_grad()
    def on_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        self.steps += 1
        # An average over few steps forgets faster, so that it does not keep to the random start.
        kept = min(AVERAGING, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self.ready(), list(self.model.parameters()), 1 - kept)

    @torch.no_grad()
    def ready(self) -> list[torch.Tensor]:
        """Returns the averages, which begin as the weights themselves."""
        if not self.averages:
            self.averages = [parameter.detach().clone() for parameter in self.model.parameters()]
        return self.averages

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Lets the model have the averaged weights for a while."""
        parameters = list(self.model.parameters())
        own = [parameter.detach().clone() for parameter in parameters]
        try:
            _copy(self.ready(), parameters)
            yield
        finally:
            _copy(own, parameters)


def _copy(sources: list[torch.Tensor], targets: list[Any]) -> None:
    with torch.no_grad():
        torch._foreach_copy_(targets, sources)
