"""Training in several processes that torchrun has started: each computes on a part of every batch.

With the same batch size the weights and the history are those of a single process: a part counts as many examples as it
has, so what comes out is the mean over the batch, and not a mean of means.
"""

import atexit
import contextlib
import datetime
import os
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.distributed as dist

from velveteen import backend
from velveteen.errors import ArgumentError, DataError, StateError
from velveteen.layers.core import Dropout
from velveteen.layers.normalization import BatchNormalization
from velveteen.training import _sharding
from velveteen.training._distributed_step import DistributedStepper, gathered_rows
from velveteen.training._meeting import meet, transport
from velveteen.training.arrays import Arrays
from velveteen.training.ranks import ALONE, Alone, own_random_state
from velveteen.training.step import Meter, Stepper

_SECONDS_TO_MEET = 300
"""How long a call outside of training waits for the other processes: they may still be reading data."""
_MARKS = 4
"""How many numbers of a tensor are compared, to tell whether the processes read the same batches."""

_control: Any = None
"""The group in which small things are told, on the CPU also where the gradients go through nccl."""


class Ranks(Alone):
    """This process among all.

    Args:
        shards: whether the weights are divided among the processes (FSDP).
        divides: whether the examples are; otherwise each process computes on all of them.

    Attributes:
        index: this process's number, from 0.
        count: how many there are.
    """

    def __init__(self, shards: bool, divides: bool = True):
        self.index = dist.get_rank()
        self.count = dist.get_world_size()
        self._shards = shards
        self._divides = divides
        self._hears_batches = False
        self._common = torch.get_rng_state()
        self._asked: tuple[Any, torch.Tensor] | None = None

    @classmethod
    def joined(cls, shards: bool) -> "Ranks":
        """Returns this process's place, having met the others if that is the first time."""
        global _control
        if not dist.is_initialized():
            meet(transport(backend.get_backend(), *_places()))
            atexit.register(_leave)
        if _control is None:
            _control = dist.new_group(backend="gloo")
        return cls(shards)

    def for_call(self, model: Any, what: str, batches: int | None) -> Alone:
        """Returns the place in a call outside of training (see `ranks_of_call`)."""
        is_sharded = _sharding.root_of(model) is not None
        if batches == 1 and not is_sharded:
            return ALONE
        try:
            dist.monitored_barrier(_control, datetime.timedelta(seconds=_SECONDS_TO_MEET))
        except RuntimeError as error:
            raise StateError(
                f"{what}() shares its work among the {self.count} processes, but not all of them called it within "
                f"{_SECONDS_TO_MEET} s. Call it in every process, not only in the first. ({error!s:.200})"
            ) from error
        self._agree_on_precision(model)
        return Ranks(is_sharded, divides=not is_sharded)

    @contextlib.contextmanager
    def training(self, model: Any, examples: int | None, hears_batches: bool) -> Iterator[None]:
        self._check(model, examples)
        self._agree_on_precision(model)
        self._hears_batches = self.any(hears_batches)
        self._start_random(model)
        synchronized = _normalizations(model) if model.compilation.sync_batch_normalization else []
        for layer in synchronized:
            layer.sum_over_processes = _SumOverProcesses.apply
        try:
            yield
        finally:
            for layer in synchronized:
                layer.sum_over_processes = None
            self._answer()
            torch.set_rng_state(self._common)  # what is drawn next is alike again

    def _check(self, model: Any, examples: int | None) -> None:
        stateful = [module for module in model.modules() if getattr(module, "stateful", False)]
        if stateful:
            raise ArgumentError(
                f'Layer "{stateful[0].name}" is stateful: it goes on where the batch before ended, which a part of a '
                'batch cannot. Train it in one process, or with compile(distributed="alone").'
            )
        sizes = self._of_all(torch.tensor([-1.0 if examples is None else examples], dtype=torch.float64))
        if len(set(sizes.flatten().tolist())) > 1:
            told = ", ".join(f"process {index} {size:.0f}" for index, size in enumerate(sizes.flatten().tolist()))
            raise DataError(
                f"All processes must call fit() with the same examples, but their numbers are: {told}. "
                "Give all examples to each process: it takes its part of every batch by itself."
            )

    def _agree_on_precision(self, model: Any) -> None:
        """Lets "auto" be what the first process finds: another one may measure something else, even on a machine alike."""
        compilation = model._compilation
        if compilation is not None and compilation.precision == "auto":
            answer = torch.tensor([float(self.is_first and compilation.uses_bfloat16())])
            dist.broadcast(answer, 0, group=_control)
            compilation.gains_from_bfloat16 = bool(answer)

    def stepper(self, model: Any, compilation: Any) -> Stepper:
        root = _sharding.shard(model) if self._shards else None
        return DistributedStepper(model, compilation, self.share, root)

    def runner(self, model: Any) -> Callable[[list[torch.Tensor]], list[torch.Tensor]]:
        root = _sharding.root_of(model)
        return model.graph.run if root is None else lambda inputs: root(model.graph.run, inputs)

    # Data

    @contextlib.contextmanager
    def common_random(self) -> Iterator[None]:
        own = torch.get_rng_state()
        torch.set_rng_state(self._common)
        try:
            yield
        finally:
            self._common = torch.get_rng_state()
            torch.set_rng_state(own)

    def part(self, start: int, end: int) -> tuple[int, int]:
        size = end - start
        if size < self.count or not self._divides:  # each computes on all, and counts a part
            return start, end
        return start + size * self.index // self.count, start + size * (self.index + 1) // self.count

    def parts_of(self, batches: Iterator[Arrays]) -> Iterator[Arrays]:
        while True:
            batch = next(batches, None)
            self._check_same(batch)
            if batch is None:
                return
            first, last = self.part(0, batch.size)
            yield batch.select(slice(first, last))._replace(whole=batch.size)

    def _check_same(self, batch: Arrays | None) -> None:
        marks = torch.zeros(1 + 2 * _MARKS, dtype=torch.float64)
        if batch is not None:
            marks[0] = batch.size
            for place, tensor in enumerate((batch.inputs[0], batch.targets[0])):
                few = tensor.flatten()[:: max(1, tensor.numel() // _MARKS)][:_MARKS]
                marks[1 + place * _MARKS :][: len(few)] = few.cpu()
        if not (self._of_all(marks) == marks).all():
            raise DataError(
                "The processes read different batches from the dataset, so examples would be learned twice or never. "
                "Each must read the same ones: give shuffle() a seed, sort what is read from a folder, "
                "and call vt.set_random_seed(…) first."
            )

    def rows(self, part: torch.Tensor, count: int) -> torch.Tensor:
        return gathered_rows(part, count) if self._divides and count >= self.count else part

    # Figures

    def share(self, batch: Arrays) -> float:
        is_divided = self._divides and batch.batch_size >= self.count
        return batch.size if is_divided else batch.batch_size / self.count

    def of_batch(self, measured: torch.Tensor, batch: Arrays) -> torch.Tensor:
        if not self._hears_batches:
            return measured
        figures = measured.to("cpu", torch.float64) * (self.share(batch) / batch.batch_size)
        dist.all_reduce(figures, group=_control)
        return figures

    def totals(self, meter: Meter) -> tuple[torch.Tensor, float]:
        sums, count = meter.state
        together = torch.cat([sums.to("cpu", torch.float64), torch.tensor([count], dtype=torch.float64)])
        dist.all_reduce(together, group=_control)
        return together[:-1], float(together[-1])

    def read(self, meter: Meter) -> list[float]:
        sums, count = self.totals(meter)
        return (sums / count).float().tolist()

    # Stopping

    def stops_after_batch(self, wanted: bool) -> bool:
        if self._hears_batches:  # they may want it at a batch that all know
            return self.any(wanted)
        # Nobody waits for the answer: it is read after the next batch, by all processes alike.
        stops = self._answer()
        flag = torch.tensor([float(wanted)])
        self._asked = (dist.all_reduce(flag, dist.ReduceOp.MAX, group=_control, async_op=True), flag)
        return stops

    def _answer(self) -> bool:
        if self._asked is None:
            return False
        (work, flag), self._asked = self._asked, None
        work.wait()
        return bool(flag)

    def any(self, value: bool) -> bool:
        flag = torch.tensor([float(value)])
        dist.all_reduce(flag, dist.ReduceOp.MAX, group=_control)
        return bool(flag)

    def gather_statistics(self, model: Any) -> None:
        for layer in _normalizations(model):
            for statistic in (layer.moving_mean, layer.moving_variance):
                dist.all_reduce(statistic.div_(self.count))

    # Randomness

    def _start_random(self, model: Any) -> None:
        state = torch.get_rng_state()
        dist.broadcast(state, 0, group=_control)
        self._common = state
        drawn = torch.Generator()
        drawn.set_state(state)
        torch.manual_seed(int(torch.randint(2**31, (), generator=drawn)) + self.index)
        for layer in model.modules():
            if self.index and isinstance(layer, Dropout) and layer.seed is not None and layer._generator is None:
                layer._generator = torch.Generator(backend.device()).manual_seed(layer.seed + self.index)

    def random_state(self, model: Any) -> torch.Tensor:
        return self._of_all(own_random_state(model))

    def common_random_state(self) -> torch.Tensor:
        return self._common

    def set_common_random_state(self, state: torch.Tensor) -> None:
        self._common = state

    def from_first(self, content: Callable[[], bytes]) -> bytes:
        read = bytearray(content()) if self.is_first else bytearray()
        size = torch.tensor([len(read)])
        dist.broadcast(size, 0, group=_control)
        if not int(size):
            return b""
        data = torch.frombuffer(read, dtype=torch.uint8) if read else torch.empty(int(size), dtype=torch.uint8)
        dist.broadcast(data, 0, group=_control)
        return data.numpy().tobytes()

    def _of_all(self, tensor: torch.Tensor) -> torch.Tensor:
        """Returns a small tensor of all processes, one row each."""
        parts = [torch.empty_like(tensor) for _ in range(self.count)]
        dist.all_gather(parts, tensor, group=_control)
        return torch.stack(parts)


class _SumOverProcesses(torch.autograd.Function):
    """The sum over all processes; so is its gradient, since every process's loss depends on it."""

    @staticmethod
    def forward(context: Any, values: torch.Tensor) -> torch.Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> torch.Tensor:
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total


def _normalizations(model: Any) -> list[Any]:
    return [layer for layer in model.modules() if isinstance(layer, BatchNormalization)]


def _places() -> tuple[int, int]:
    """Returns how many processes torchrun has started on this machine, and how many GPUs it has."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1")), torch.cuda.device_count()


def _leave() -> None:
    """Ends the groups before the process does: their threads must have ended when the last of C++'s objects go."""
    global _control
    _control = None
    if dist.is_initialized():
        dist.destroy_process_group()
