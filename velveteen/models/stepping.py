"""A recurrent model one step at a time: the states go in, and come out."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

from velveteen.errors import ArgumentError, DataError, ShapeError
from velveteen.layers import Layer
from velveteen.layers._arguments import as_float
from velveteen.layers.advanced_activations import Elu, LeakyRelu, Relu, Softmax, ThresholdedRelu
from velveteen.layers.core import Activation, Dense, Dropout
from velveteen.layers.embeddings import Embedding
from velveteen.layers.merge import Add, Average, Concatenate, Maximum, Minimum, Multiply
from velveteen.layers.noise import AlphaDropout, GaussianDropout, GaussianNoise
from velveteen.layers.normalization import BatchNormalization, LayerNormalization
from velveteen.layers.preprocessing import Rescaling
from velveteen.layers.recurrent import _RecurrentLayer
from velveteen.layers.recurrent_cells import States, _Formula, state_sizes
from velveteen.layers.wrappers import TimeDistributed
from velveteen.models.container import _Container
from velveteen.models.graph import Graph, Step
from velveteen.tensors import Shape, Tensor, TensorLike
from velveteen.training.arrays import _to_torch
from velveteen.training.loop import _inference_mode

# Layers that compute each step of a sequence from that step alone, along axes other than that of time.
_STEPWISE: tuple[type[Layer], ...] = (
    *(Activation, Dense, Dropout, Embedding, Rescaling, TimeDistributed),
    *(Elu, LeakyRelu, Relu, Softmax, ThresholdedRelu, AlphaDropout, GaussianDropout, GaussianNoise),
    *(Add, Average, Concatenate, Maximum, Minimum, Multiply, BatchNormalization, LayerNormalization),
)


class _Call(NamedTuple):
    """One layer's part in a step."""

    compute: Callable[[Any, States], list[Any]]  # what goes in and the states → what goes to the targets, new states
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    as_list: bool
    layer: _RecurrentLayer | None  # whose states they are
    state_count: int


class SequenceStepper:
    """Computes a recurrent model step after step: the same as `predict` on the whole sequence, but each step when it
    comes, as for text that is written letter by letter, or sound as it is heard.

    It computes with the model's own weights, so it follows later training.

    Args:
        model: made of recurrent layers that go forwards, layers that treat each step by itself (dense, embedding,
            normalization, time_distributed, …), and any layers behind a recurrent one that returns its last output.

    Raises:
        ArgumentError: a layer that looks at several steps, or a mask.
        StateError: the model is not built yet.
    """

    def __init__(self, model: _Container):
        self.model = model
        graph = model.graph
        if graph.has_masks:
            raise ArgumentError(
                f'Model "{model.name}" masks steps, but one step at a time knows no mask. '
                "Leave the masking out, and do not call with the steps that it would skip."
            )
        self._slot_count = graph._slot_count
        self._output_slots = graph._output_slots
        self._shapes = [tuple(tensor.shape) for tensor in graph.inputs]
        self._by_place = [_taken_by_place(graph, slot) for slot in range(len(graph.inputs))]
        timed = set(range(len(graph.inputs)))  # slots whose values, in a whole sequence, have an axis of time
        self._calls = [_call_of(step, timed) for step in graph.steps]
        self._state_count = sum(call.state_count for call in self._calls)
        if self._state_count == 0:
            raise ArgumentError(f'Model "{model.name}" has no recurrent layer, so there are no steps. Call predict().')

    def __call__(self, x: Any, state: Sequence[TensorLike] | None = None) -> tuple[Any, list[Tensor]]:
        """Computes one step.

        Args:
            x: the step of each sequence, [batch, features], or [batch] for an embedding; for several inputs a list.
                Where the model takes [features] a step, [batch] means the places of the only 1 among zeros (one-hot).
            state: what the step before returned; zeros by default, which begins new sequences.

        Returns:
            The output after this step (a Tensor, or a list for several outputs), and the state.

        Raises:
            ShapeError, DataError: x or the state does not fit.
        """
        inputs = self._inputs(x)
        given = None if state is None else [_to_torch(part, "the state") for part in state]
        if given is not None and len(given) != self._state_count:
            raise ShapeError(
                f"The state of this model is {self._state_count} tensors, got {len(given)}. "
                "Pass on what the step before returned, or None to begin."
            )
        values: list[Any] = [*inputs, *[None] * (self._slot_count - len(inputs))]
        kept: States = []
        with torch.no_grad(), _inference_mode(self.model):
            for call in self._calls:
                source = [values[slot] for slot in call.sources] if call.as_list else values[call.sources[0]]
                before: States = []
                if call.layer is not None:
                    before = self._states_for(call, source, given, len(kept))
                results = call.compute(source, before)
                for slot, result in zip(call.targets, results, strict=False):
                    values[slot] = result
                if call.state_count:
                    kept += results[-call.state_count :]
        outputs = [Tensor.wrap(values[slot]) for slot in self._output_slots]
        return outputs[0] if len(outputs) == 1 else outputs, [Tensor.wrap(part) for part in kept]

    def _states_for(self, call: _Call, source: Any, given: States | None, start: int) -> States:
        assert call.layer is not None
        if given is None:
            return call.layer.zero_states(source.unsqueeze(1))
        states = given[start : start + call.state_count]
        call.layer._check_states([tuple(state.shape) for state in states], tuple(source.shape))
        return states

    def _inputs(self, x: Any) -> list[torch.Tensor]:
        names = self.model.input_names
        parts = [x] if len(names) == 1 else list(x)
        if len(parts) != len(names):
            raise ArgumentError(
                f"A step of this model takes a list of {len(names)} ({', '.join(names)}), got {len(parts)}."
            )
        return [
            _step_of(name, _to_torch(part, f'input "{name}"'), shape, by_place)
            for name, part, shape, by_place in zip(names, parts, self._shapes, self._by_place, strict=True)
        ]


def _taken_by_place(graph: Graph, slot: int) -> bool:
    """Returns whether all that an input goes to can look one-hot rows up by the places of their ones."""
    readers = [step.layer for step in graph.steps if slot in step.inputs]
    return slot not in graph._output_slots and all(isinstance(layer, _Formula) for layer in readers)


def _step_of(name: str, x: torch.Tensor, sequence: tuple[int | None, ...], by_place: bool) -> torch.Tensor:
    """Returns one step for an input whose sequences have that shape; [batch] places if they are taken as such."""
    if x.dim() == 1 and len(sequence) == 3 and sequence[2] is not None:
        places = x.long()
        least, most = (int(end) for end in torch.aminmax(places)) if len(places) else (0, 0)
        if least < 0 or most >= sequence[2]:
            raise DataError(
                f'A step of "{name}" is a place from 0 to {sequence[2] - 1} a sequence, but got places from '
                f"{least} to {most}."
            )
        return places if by_place else F.one_hot(places, sequence[2]).float()
    step = (sequence[0], *sequence[2:])
    if len(step) != x.dim() or any(
        wanted not in (None, size) for wanted, size in zip(step[1:], x.shape[1:], strict=True)
    ):
        raise ShapeError(
            f'A step of "{name}" has shape {Shape(step)}, but got {Shape(x.shape)}. '  # type: ignore[arg-type]
            "Give one step of each sequence, without the axis of time."
        )
    return x


def _call_of(step: Step, timed: set[int]) -> _Call:
    """Returns how a layer computes one step, and notes which of its outputs have an axis of time."""
    layer, has_time = step.layer, [slot in timed for slot in step.inputs]
    if isinstance(layer, _RecurrentLayer):
        if len(step.inputs) > 1 or not has_time[0]:
            raise _refusal(layer, "it starts from something that the model computes from a whole sequence")
        if layer.go_backwards:
            raise _refusal(layer, "it goes backwards, so it begins with the last step")
        if layer.return_sequences:
            timed.add(step.outputs[0])
        count = len(state_sizes(layer))
        return _Call(_recurrence(layer), step.inputs, step.outputs, False, layer, count)
    if not any(has_time):
        return _Call(_plain(step), step.inputs, step.outputs, step.as_list, None, 0)
    if not all(has_time) or not isinstance(layer, _STEPWISE) or not _spares_time(layer):
        raise _refusal(layer, "it looks at several steps of the sequence, or may do so")
    timed.update(step.outputs)
    return _Call(_stepwise(step), step.inputs, step.outputs, step.as_list, None, 0)


def _recurrence(layer: _RecurrentLayer) -> Callable[[Any, States], list[Any]]:
    if isinstance(layer, _Formula):
        # For a single step, the formula with its two products is faster than PyTorch's kernels for whole sequences,
        # which turn the weights around at each call.
        def by_formula(x: torch.Tensor, states: States) -> list[Any]:
            if x.dim() == 1:  # places, see _taken_by_place
                new_states = layer.step(layer.project_places(x), states, states[0])
            else:
                x = as_float(x)
                fused = layer.fused_step(x, states)
                new_states = layer.step(layer.project(x[None])[0], states, states[0]) if fused is None else fused
            return [new_states[0], *new_states]

        return by_formula

    def by_scan(x: torch.Tensor, states: States) -> list[Any]:
        output, new_states = layer.scan(x.unsqueeze(1), states, None, False)
        return [output, *new_states]

    return by_scan


def _plain(step: Step) -> Callable[[Any, States], list[Any]]:
    def compute(x: Any, states: States) -> list[Any]:
        result = step.layer(x, **step.arguments)
        return [result] if len(step.outputs) == 1 else list(result)

    return compute


def _stepwise(step: Step) -> Callable[[Any, States], list[Any]]:
    def compute(x: Any, states: States) -> list[Any]:
        sequence = [part.unsqueeze(1) for part in x] if step.as_list else x.unsqueeze(1)
        return [step.layer(sequence, **step.arguments).squeeze(1)]

    return compute


def _spares_time(layer: Layer) -> bool:
    """Returns whether a layer that works along axes leaves out the one of time, the second."""
    axis = getattr(layer, "axis", -1)
    return all(each == -1 or each >= 2 for each in (axis if isinstance(axis, list | tuple) else [axis]))


def _refusal(layer: Layer, reason: str) -> ArgumentError:
    return ArgumentError(
        f'Layer "{layer.name}" ({layer.class_name}) cannot go one step at a time: {reason}. '
        "Use predict() on whole sequences, or layers.time_distributed() around a layer that needs no other step."
    )
