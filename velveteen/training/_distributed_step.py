"""One step in several processes: every process on its part of the batch, the gradients added up on their way."""

import itertools
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from velveteen.training import _sharding
from velveteen.training.arrays import Arrays
from velveteen.training.compilation import Compilation, Function
from velveteen.training.step import Stepper


class DistributedStepper(Stepper):
    """Trains and tests a model on this process's part of each batch.

    Args:
        share: tells how many examples a part counts.
        root: through what a model with divided weights is called, else None.
    """

    def __init__(
        self, model: Any, compilation: Compilation, share: Callable[[Arrays], float], root: _sharding.Call | None
    ):
        self._share = share
        self._root = root
        self._call: Any = root
        self._whole = 0  # examples in the batch of which this process has a part; 0 when it has all
        super().__init__(model, compilation)
        self._metrics = [(self._of_whole_batch(function), index) for function, index in self._metrics]

    def to_be_stepped(self, weights: list[Any]) -> list[torch.Tensor]:
        parameters = super().to_be_stepped(weights)
        if self._root is not None:
            _sharding.check_optimizer(self.compilation)
            return self._root.own_parts(parameters)
        return parameters

    def train(self, batch: Arrays) -> torch.Tensor:
        if self._call is None:
            self._call = self._replicas()
        total, measured = self._measured(self._call, batch, training=True)
        # The gradients are averaged over the processes, where each should count by its examples.
        self.descend(total * (self._share(batch) * dist.get_world_size() / batch.batch_size))
        if self._root is None:
            self.settle()
        return measured

    def test(self, batch: Arrays) -> torch.Tensor:
        with torch.no_grad():
            return self._measured(self._root or _directly, batch, training=False)[1]

    def _measured(self, call: Any, batch: Arrays, training: bool) -> tuple[torch.Tensor, torch.Tensor]:
        self._whole = batch.batch_size if batch.size < batch.batch_size else 0
        return call(self._measure, batch, training)

    def _replicas(self) -> Any:
        """Returns what calls the model and averages the gradients afterwards; all processes get the first one's weights."""
        if self.optimizer is None:
            return _directly
        # The graph is the same in every step, and a part of it may have no gradient.
        return DistributedDataParallel(_sharding.Call(self.model), forward_sync_buffers=False, static_graph=True)

    def descend(self, total: torch.Tensor) -> None:
        if self._root is None or self.optimizer is None:
            super().descend(total)
            return
        total.backward()
        self._root.step(self.optimizer)

    def whole(self, parameter: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
        return _sharding.whole(parameter, tensor)

    def part(self, parameter: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
        return _sharding.part(parameter, tensor)

    def _of_whole_batch(self, function: Function) -> Function:
        """Returns a metric that gets the whole batch where it gives one figure for all, such as precision."""

        def measure(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
            result = function(y_true, y_pred)
            if result.dim() or not self._whole:
                return result
            return function(gathered_rows(y_true, self._whole), gathered_rows(y_pred, self._whole))

        return measure


def gathered_rows(part: torch.Tensor, count: int) -> torch.Tensor:
    """Returns all rows from every process's part of them.

    Args:
        part: this process's rows.
        count: how many there are in all processes, at least one in each.
    """
    processes = dist.get_world_size()
    bounds = [count * index // processes for index in range(processes + 1)]
    sizes = [end - start for start, end in itertools.pairwise(bounds)]
    sent = part.new_zeros((max(sizes), *part.shape[1:]), dtype=torch.uint8 if part.dtype == torch.bool else part.dtype)
    sent[: part.shape[0]] = part
    received = [torch.empty_like(sent) for _ in sizes]
    dist.all_gather(received, sent)
    rows = torch.cat([each[:size] for each, size in zip(received, sizes, strict=True)])
    return rows.to(part.dtype)


def _directly(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)
