"""A training step recorded once as a CUDA graph and replayed: in small networks the GPU waits for Python otherwise.

A replayed step launches the kernels of the recorded one on the same memory, and nothing of Python runs. So the first steps
of a `fit` are taken as ever; then one is recorded, with tensors of its own for the batch, into which every further batch of
the same shape is copied. Whatever is not of that shape, such as a last, smaller batch, is computed as ever. Only steps are
recorded that do not need Python (see `reason_against`), so that the results are those of steps that are not.
`VELVETEEN_CUDA_GRAPHS=off` turns it off.
"""

import json
import logging
import math
import os
from collections.abc import Callable
from typing import Any, Protocol

import torch

from velveteen import backend
from velveteen.layers.core import Dropout
from velveteen.layers.preprocessing import RandomWidth
from velveteen.training._update_rules import UpdateRule
from velveteen.training.arrays import Arrays
from velveteen.training.losses import UserFunction
from velveteen.training.step import Stepper

SWITCH = "VELVETEEN_CUDA_GRAPHS"
WARM_UPS = 3
"""Steps before the recorded one, in which libraries choose their kernels and optimizers make their memory."""
FEWEST_STEPS = 30
"""With fewer in all, recording takes longer than it saves."""

_log = logging.getLogger(__name__)
_Step = Callable[[], torch.Tensor]


class Graph(Protocol):
    """What records a step."""

    def has_room(self) -> bool:
        """Returns whether there is memory for a recorded step beside the others."""

    def warm_up(self, step: _Step) -> torch.Tensor:
        """Takes a step where recording will take place."""

    def record(self, step: _Step, generators: list[torch.Generator]) -> torch.Tensor:
        """Records what a step does, without doing it; `replay` writes into the tensor that it returns.

        Args:
            step: what to record.
            generators: of random numbers that it draws, beside the device's own.
        """

    def replay(self) -> None:
        """Does what was recorded."""


class CudaGraph:
    """A graph of the GPU in use."""

    def __init__(self) -> None:
        self._graph: Any = None
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

    def record(self, step: _Step, generators: list[torch.Generator]) -> torch.Tensor:
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
                return step()
        except BaseException:
            for generator, state in states:  # they would believe for ever that they are being recorded
                generator.graphsafe_set_state(state)
            raise

    def replay(self) -> None:
        self._graph.replay()


class Steps:
    """Takes the steps of a fit.

    Args:
        stepper: what takes a step.
        make_graph: makes what records one; None where no step is to be recorded.
    """

    def __init__(self, stepper: Stepper, make_graph: Callable[[], Graph] | None):
        self._stepper = stepper
        self._make_graph = make_graph
        self._graph: Graph | None = None
        self._kind: Any = None
        self._warm_ups = 0
        self._recording: _Recording | None = None

    def of_epoch(self) -> Callable[[Arrays], torch.Tensor]:
        """Returns what takes a step on a batch and returns the measurements before it, which hold until the next step."""
        if self._make_graph is None:
            return self._stepper.train
        if self._recording is not None and self._recording.is_outdated():
            self._forget()
        return self._take

    def _forget(self) -> None:
        self._recording = self._graph = self._kind = None

    def _take(self, batch: Arrays) -> torch.Tensor:
        kind = _kind(batch)
        if self._recording is not None:
            return self._recording.replay(batch) if kind == self._kind else self._stepper.train(batch)
        if self._make_graph is None:
            return self._stepper.train(batch)
        if kind != self._kind or self._graph is None:
            self._kind, self._graph, self._warm_ups = kind, self._make_graph(), 0
        if self._warm_ups < WARM_UPS:
            self._warm_ups += 1
            return self._graph.warm_up(lambda: self._stepper.train(batch))
        self._recording = self._recorded(self._graph, batch)
        return self._take(batch)

    def _recorded(self, graph: Graph, batch: Arrays) -> "_Recording | None":
        """Returns the recording of a step, or None, and then does not try again."""
        try:
            if graph.has_room():
                return _Recording(self._stepper, graph, batch)
            reason = "there is too little memory"
        except Exception as error:  # of whatever kind: which operations cannot be recorded only PyTorch knows
            reason = f"{error!s:.300}"
        _log.debug("Steps are not replayed: %s", reason)
        self._make_graph = None
        self._forget()
        return None


class _Recording:
    """A recorded step."""

    def __init__(self, stepper: Stepper, graph: Graph, batch: Arrays):
        self._stepper = stepper
        self._graph = graph
        self._batch = Arrays(
            [tensor.clone() for tensor in batch.inputs],
            [tensor.clone() for tensor in batch.targets],
            [None if tensor is None else tensor.clone() for tensor in batch.weights],
        )
        self._tensors = _tensors(self._batch)
        self._optimizer = stepper.compilation.optimizer
        generators = [layer._generator for layer in stepper.model.modules() if isinstance(layer, Dropout)]
        taken = self._optimizer.iterations
        try:
            self._measured = graph.record(
                lambda: stepper.train(self._batch), [each for each in generators if each is not None]
            )
        finally:
            self._optimizer.iterations = taken  # nothing was computed
            for parameter in stepper.model.parameters():
                parameter.grad = None
        self._made_of = _ingredients(stepper)

    def replay(self, batch: Arrays) -> torch.Tensor:
        """Takes the step on another batch of the same kind."""
        torch._foreach_copy_(self._tensors, _tensors(batch))
        self._graph.replay()
        self._optimizer.iterations += 1
        return self._measured

    def is_outdated(self) -> bool:
        """Returns whether a callback has changed what the step was made of."""
        return _ingredients(self._stepper) != self._made_of


def steps_of(stepper: Stepper, hears_batches: bool, count: float | None) -> Steps:
    """Returns what takes the steps of a fit.

    Args:
        stepper: what takes a step.
        hears_batches: whether a callback is told of each batch.
        count: how many steps there will be, None where nobody knows.
    """
    if backend.get_backend() != "cuda":
        return Steps(stepper, None)
    reason = reason_against(stepper, hears_batches, math.inf if count is None else count)
    if reason is not None:
        _log.debug("Steps are not recorded: %s", reason)
    return Steps(stepper, CudaGraph if reason is None else None)


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


def _ingredients(stepper: Stepper) -> Any:
    """Returns what a recorded step has in it for good: settings of layers, and where the weights and their rate lie."""
    assert stepper.optimizer is not None
    model = stepper.model
    tensors = [*model.parameters(), *model.buffers(), *(group["lr"] for group in stepper.optimizer.param_groups)]
    places = [each.data_ptr() if isinstance(each, torch.Tensor) else each for each in tensors]
    return json.dumps(model.get_config(), default=repr), places
