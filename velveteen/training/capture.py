"""A training step recorded once and replayed without its Python, which in small networks takes longer than computing.

On a GPU it is recorded as a CUDA graph: a replayed step launches the kernels of the recorded one on the same memory. On
the CPU it is recorded as a list of operators (see `_operator_graph`). So the first steps of a `fit` are taken as ever; then
one is recorded, and replayed on every further batch of the same shape. Whatever is not of that shape, such as a last,
smaller batch, is computed as ever. Only steps are recorded that do not need Python (see `reason_against`), so that the
results are those of steps that are not. `VELVETEEN_REPLAY=off` turns it off.
"""

import json
import logging
import math
import os
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import torch

from velveteen import backend
from velveteen.layers.core import Dropout
from velveteen.layers.preprocessing import RandomWidth
from velveteen.training._operator_graph import NotRecorded, OperatorGraph
from velveteen.training._update_rules import UpdateRule
from velveteen.training.arrays import Arrays
from velveteen.training.losses import UserFunction
from velveteen.training.step import Stepper

SWITCH = "VELVETEEN_REPLAY"
WARM_UPS = 3
"""Steps before the recorded one, in which libraries choose their kernels and optimizers make their memory."""
FEWEST_STEPS = 100
"""With fewer in all, or between two changes of what a step is made of, recording takes longer than it saves."""

_log = logging.getLogger(__name__)
_Step = Callable[[], torch.Tensor]


class Graph(Protocol):
    """What records a step."""

    records_by_doing: ClassVar[bool]
    """Whether a step is taken while it is recorded."""

    def has_room(self) -> bool:
        """Returns whether there is memory for a recorded step beside the others."""

    def warm_up(self, step: _Step) -> torch.Tensor:
        """Takes a step where recording will take place."""

    def record(self, step: _Step, batch: list[torch.Tensor], generators: list[torch.Generator]) -> torch.Tensor:
        """Records what a step does; returns what it measures.

        Args:
            step: what to record.
            batch: the tensors that it finds the batch in.
            generators: of random numbers that it draws, beside the device's own.

        Raises:
            NotRecorded: the step was taken, but cannot be replayed.
        """

    def replay(self, batch: list[torch.Tensor]) -> torch.Tensor:
        """Does what was recorded on another batch; returns what it measures, which holds until the next step."""


class CudaGraph:
    """A graph of the GPU in use."""

    records_by_doing: ClassVar[bool] = False

    def __init__(self) -> None:
        self._graph: Any = None
        self._batch: list[torch.Tensor] = []
        self._measured = torch.empty(0)
        self._stream = torch.cuda.Stream()  # nothing can be recorded in the default one

    def has_room(self) -> bool:
        # Its memory is its own as long as it lives; no step needed more than the most that was ever needed.
        needed = torch.cuda.max_memory_allocated() - torch.cuda.memory_allocated()
        kept = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        return 2 * needed <= torch.cuda.mem_get_info()[0] + kept

    def warm_up(self, step: _Step) -> torch.Tensor:
        current = torch.cuda.current_stream()
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            measured = step()
        current.wait_stream(self._stream)
        return measured

    def record(self, step: _Step, batch: list[torch.Tensor], generators: list[torch.Generator]) -> torch.Tensor:
        self._batch = batch
        self._graph = torch.cuda.CUDAGraph()
        own = torch.cuda.default_generators[torch.cuda.current_device()]
        states = [(generator, generator.clone_state()) for generator in (own, *generators)]
        for generator in generators:
            self._graph.register_generator_state(generator)
        try:
            # Other threads may go on reading data meanwhile. The stream of now comes back by the first context; when an
            # operation cannot be recorded, the second one leaves its own behind.
            with (
                torch.cuda.stream(torch.cuda.current_stream()),
                torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode="thread_local"),
            ):
                self._measured = step()
        except BaseException:
            for generator, state in states:  # they would believe for ever that they are being recorded
                generator.graphsafe_set_state(state)
            raise
        return self._measured

    def replay(self, batch: list[torch.Tensor]) -> torch.Tensor:
        torch._foreach_copy_(self._batch, batch)
        self._graph.replay()
        return self._measured


class Steps:
    """Takes the steps of a fit.

    Args:
        stepper: what takes a step.
        make_graph: makes what records one; None where no step is to be recorded.
        is_watched: whether a callback may change something between two epochs.
    """

    def __init__(self, stepper: Stepper, make_graph: Callable[[], Graph] | None, is_watched: bool = True):
        self._stepper = stepper
        self._make_graph = make_graph
        self._is_watched = is_watched
        self._graph: Graph | None = None
        self._kind: Any = None
        self._warm_ups = 0
        self._recording: _Recording | None = None

    def of_epoch(self) -> Callable[[Arrays], torch.Tensor]:
        """Returns what takes a step on a batch and returns the measurements before it, which hold until the next step."""
        if self._make_graph is None:
            return self._stepper.train
        if self._recording is not None and self._is_watched and self._recording.is_outdated():
            self._forget()
        return self._take

    def _forget(self) -> None:
        if self._recording is not None and self._recording.replays < FEWEST_STEPS:
            self._make_graph = None
        self._recording = self._graph = self._kind = None

    def _take(self, batch: Arrays) -> torch.Tensor:
        if self._recording is not None and not self._recording.has_its_rate():
            self._forget()
        if self._recording is not None:
            return self._recording.replay(batch) if _kind(batch) == self._kind else self._stepper.train(batch)
        if self._make_graph is None:
            return self._stepper.train(batch)
        kind = _kind(batch)
        if kind != self._kind or self._graph is None:
            self._kind, self._graph, self._warm_ups = kind, self._make_graph(), 0
        if self._warm_ups < WARM_UPS:
            self._warm_ups += 1
            return self._graph.warm_up(lambda: self._stepper.train(batch))
        return self._record(self._graph, batch)

    def _record(self, graph: Graph, batch: Arrays) -> torch.Tensor:
        """Takes a step, and replays it from now on; where it cannot be recorded, does not try again."""
        measured = None
        reason: Any = "there is too little memory"
        if graph.has_room():
            try:
                self._recording = _Recording(self._stepper, graph, batch)
                return self._recording.first if graph.records_by_doing else self._recording.replay(batch)
            except NotRecorded as error:
                measured, reason = error.measured, error
            except Exception as error:  # of whatever kind: which operations cannot be recorded only PyTorch knows
                if graph.records_by_doing:
                    raise
                reason = error
        _log.debug("Steps are not replayed: %.300s", reason)
        self._make_graph = None
        self._forget()
        return self._stepper.train(batch) if measured is None else measured


class _Recording:
    """A recorded step.

    Attributes:
        first: what was measured when it was recorded; nothing on a GPU, which computed nothing then.
        replays: how often it was replayed.
    """

    def __init__(self, stepper: Stepper, graph: Graph, batch: Arrays):
        self._stepper = stepper
        self._graph = graph
        own = Arrays(
            [tensor.clone() for tensor in batch.inputs],
            [tensor.clone() for tensor in batch.targets],
            [None if tensor is None else tensor.clone() for tensor in batch.weights],
        )
        self._optimizer = stepper.compilation.optimizer
        generators = [layer._generator for layer in stepper.model.modules() if isinstance(layer, Dropout)]
        taken = self._optimizer.iterations
        try:
            self.first = graph.record(
                lambda: stepper.take(own), _tensors(own), [each for each in generators if each is not None]
            )
        finally:
            if not graph.records_by_doing:
                self._optimizer.iterations = taken  # nothing was computed
                for parameter in stepper.model.parameters():
                    parameter.grad = None
        if graph.records_by_doing:
            stepper.settle()
        self.replays = 0
        self._rate = self._optimizer.learning_rate if _has_rates_in_python(stepper) else None
        self._made_of = _ingredients(stepper)

    def replay(self, batch: Arrays) -> torch.Tensor:
        """Takes the step on another batch of the same kind."""
        measured = self._graph.replay(_tensors(batch))
        self.replays += 1
        self._optimizer.iterations += 1
        self._stepper.settle()
        return measured

    def has_its_rate(self) -> bool:
        """Returns whether the learning rate is still what was recorded, where that is a number."""
        return self._rate is None or self._rate == self._optimizer.learning_rate

    def is_outdated(self) -> bool:
        """Returns whether a callback has changed what the step was made of."""
        return _ingredients(self._stepper) != self._made_of


def steps_of(stepper: Stepper, hears_batches: bool, count: float | None, is_watched: bool = True) -> Steps:
    """Returns what takes the steps of a fit.

    Args:
        stepper: what takes a step.
        hears_batches: whether a callback is told of each batch.
        count: how many steps there will be, None where nobody knows.
        is_watched: whether a callback may change something between two epochs.
    """
    makers: dict[str, Callable[[], Graph]] = {
        "cuda": CudaGraph,
        "cpu": lambda: OperatorGraph(lambda: _kept(stepper)),
    }
    make = makers.get(backend.get_backend())
    if make is None:
        return Steps(stepper, None)
    reason = reason_against(stepper, hears_batches, math.inf if count is None else count)
    if reason is not None:
        _log.debug("Steps are not recorded: %s", reason)
    return Steps(stepper, make if reason is None else None, is_watched)


def reason_against(stepper: Stepper, hears_batches: bool, count: float) -> str | None:
    """Returns why steps are not to be recorded, None where nothing speaks against it."""
    if os.environ.get(SWITCH) == "off":
        return f"{SWITCH}=off"
    if type(stepper) is not Stepper:
        return "several processes train together"
    if count < FEWEST_STEPS:
        return "there are few"
    if hears_batches:
        return "a callback hears of every batch"
    optimizer = stepper.optimizer
    is_sgd = type(optimizer) is torch.optim.SGD and optimizer.defaults["fused"]
    if not is_sgd and not (isinstance(optimizer, UpdateRule) and optimizer.recordable):
        return "the optimizer needs Python"
    if stepper.compilation.apply_constraints and stepper.constrained:
        return "there are constraints"
    functions = [
        *stepper.compilation.loss_functions,
        *(function for function, _ in stepper.compilation.metric_functions),
    ]
    if not all(map(_is_own, functions)):
        return "a loss or metric is the user's"
    for layer in stepper.model.modules():
        if not _is_own(type(layer)) or not all(_is_own(part) for part in vars(layer).values() if callable(part)):
            return f"a layer is the user's: {type(layer).__name__}"
        if getattr(layer, "stateful", False) or isinstance(layer, RandomWidth):
            return f"a layer decides in Python: {type(layer).__name__}"
        if layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks or layer._backward_pre_hooks:
            return f"a layer has hooks: {type(layer).__name__}"
        if getattr(layer, "_added_losses", None):
            return f"a layer adds a loss of the user's: {type(layer).__name__}"
    weights = stepper.model.weights
    if not all(_is_own(weight.regularizer) for weight in weights if weight.regularizer is not None):
        return "a regularizer is the user's"
    if any(weight.parameter._backward_hooks for weight in weights):
        return "a weight has hooks"
    return None


def _is_own(thing: Any) -> bool:
    """Returns whether a class or function is one of velveteen's or PyTorch's, which need no Python at each step."""
    if isinstance(thing, UserFunction):
        thing = thing.function
    return str(getattr(thing, "__module__", None)).partition(".")[0] in ("velveteen", "torch")


def _kind(batch: Arrays) -> Any:
    every = (*batch.inputs, *batch.targets, *batch.weights)
    return [None if tensor is None else (tensor.shape, tensor.dtype, tensor.device) for tensor in every]


def _tensors(batch: Arrays) -> list[torch.Tensor]:
    return [tensor for tensor in (*batch.inputs, *batch.targets, *batch.weights) if tensor is not None]


def _kept(stepper: Stepper) -> list[torch.Tensor]:
    """Returns the tensors that every step finds where the one before left them."""
    assert stepper.optimizer is not None
    remembered = (value for state in stepper.optimizer.state.values() for value in state.values())
    rates = (group["lr"] for group in stepper.optimizer.param_groups)
    tensors = [*stepper.model.parameters(), *stepper.model.buffers(), *remembered, *rates]
    return [each for each in tensors if isinstance(each, torch.Tensor)]


def _has_rates_in_python(stepper: Stepper) -> bool:
    assert stepper.optimizer is not None
    return not all(isinstance(group["lr"], torch.Tensor) for group in stepper.optimizer.param_groups)


def _ingredients(stepper: Stepper) -> Any:
    """Returns what a recorded step has in it for good: settings of layers, and where what it changes lies."""
    return json.dumps(stepper.model.get_config(), default=repr), [tensor.data_ptr() for tensor in _kept(stepper)]
