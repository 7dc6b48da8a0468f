"""Layers over sequences: what they share, and RNN, which takes any cell."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import torch

from velveteen.errors import ArgumentError, ShapeError, StateError
from velveteen.layers._graph import SymbolicTensor
from velveteen.layers.base import Layer, is_shape_list
from velveteen.layers.recurrent_cells import RNNCell, StackedRNNCells, States, check_cell, state_sizes
from velveteen.serialization import deserialize
from velveteen.tensors import Shape, Tensor, TensorLike, copy_to_store

__all__ = ["RNN", "rnn"]


class _RecurrentLayer(Layer):
    """What all layers over sequences share. Where a mask is false, state and output stay as they were.

    A subclass offers `state_size`, `make_weights` and `scan`, by itself or by its cell; and where its steps are not
    [batch, features], also `sequence_rank`, `feature_axis` and `state_shapes`.

    Args:
        return_sequences: whether to return the outputs of all steps, not only the last.
        return_state: whether to return a list: the output and the last states.
        go_backwards: whether to start at the end; the outputs come in the order in which they are computed.
        stateful: whether each batch starts from the states that the one before ended with. The batch size must be
            fixed then.
        unroll: kept for files from TensorFlow.js; it changes nothing.
    """

    supports_masking = True
    sequence_rank: ClassVar[int] = 3

    def __init__(
        self,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **base: Any,
    ):
        super().__init__(**base)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self._step_shape: tuple[int | None, ...] = ()
        self._kept: States | None = None
        self.expects(self.sequence_rank)

    # What a subclass offers

    state_size: int | Sequence[int]

    def make_weights(self, step_shape: Sequence[int | None]) -> None:
        """Makes the weights for steps of this shape (without the time axis)."""
        raise NotImplementedError

    def scan(
        self, x: torch.Tensor, states: States, mask: torch.Tensor | None, sequences: bool
    ) -> tuple[torch.Tensor, States]:
        """Computes a whole sequence: [batch, time, …] and the first states → output(s) and the last states."""
        raise NotImplementedError

    @property
    def feature_axis(self) -> int:
        """The axis of a sequence whose size the weights depend on."""
        return -1

    def state_shapes(self, step_shape: Sequence[int | None]) -> list[tuple[int | None, ...]]:
        """Returns the shape of each state for steps of this shape (without the time axis); the first is the output's."""
        return [(step_shape[0], size) for size in state_sizes(self)]

    # Calling

    def apply(self, inputs: Any, initial_state: Any = None, **arguments: Any) -> Any:  # type: ignore[override]
        """Calls the layer.

        Args:
            inputs: [batch, time, features]; or a list of that and the states to start from.
            initial_state: the states to start from, each [batch, units]; zeros by default.
            arguments: more for `call`, such as `training=True` or `mask`.
        """
        if initial_state is not None:
            inputs = join_states(inputs, initial_state)
        return super().apply(inputs, **arguments)

    def build(self, input_shape: Any) -> None:
        shape = input_shape[0] if is_shape_list(input_shape) else input_shape
        self.make_weights(_step_shape(shape))
        self.expects(self.sequence_rank, axes={self.feature_axis: shape[self.feature_axis]})
        if self.stateful:
            self._step_shape = _step_shape(shape)
            if shape[0] is None:
                raise ShapeError(
                    f'Layer "{self.name}" is stateful, so it must know the batch size, but the input\'s shape is '
                    f"{Shape(shape)}. Give the first layer a batch_input_shape, or a batch_size beside input_shape."
                )

    def call(self, inputs: Any, mask: Any = None, initial_state: Any = None) -> Any:
        x, states = split_states(inputs, initial_state)
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        if x.shape[1] == 0:
            raise ShapeError(f'Layer "{self.name}" got sequences of length 0, shape {Shape(x.shape)}. Leave them out.')
        if self.stateful:
            self._check_batch(x.shape[0])
        if not states:
            states = self.zero_states(x) if self._kept is None else [state.to(x.device) for state in self._kept]
        self._check_states([tuple(state.shape) for state in states], _step_shape(x.shape))
        if self.go_backwards:
            x = x.flip(1)
            mask = None if mask is None else mask.flip(1)
        output, states = self.scan(x, states, mask, self.return_sequences)
        if self.stateful:
            self._kept = [state.detach() for state in states]
        return [output, *states] if self.return_state else output

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = input_shape[0] if is_shape_list(input_shape) else input_shape
        states = self.state_shapes(_step_shape(shape))
        output = (shape[0], shape[1], *states[0][1:]) if self.return_sequences else states[0]
        return [output, *states] if self.return_state else output

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        passed = mask if self.return_sequences else None
        return [passed, *(None for _ in state_sizes(self))] if self.return_state else passed

    def passes_mask(self, masked: bool) -> bool:
        return masked and self.return_sequences

    def check_input_shape(self, input_shape: Any) -> None:
        shapes = input_shape if is_shape_list(input_shape) else [input_shape]
        super().check_input_shape(shapes[0])
        if len(shapes) > 1:
            self._check_states(shapes[1:], _step_shape(shapes[0]))

    def _check_states(self, shapes: Sequence[Sequence[int | None]], step_shape: Sequence[int | None]) -> None:
        expected = self.state_shapes(step_shape)
        fits = len(shapes) == len(expected) and all(
            len(shape) == len(wanted)
            and all(None in pair or pair[0] == pair[1] for pair in zip(shape, wanted, strict=True))
            for shape, wanted in zip(shapes, expected, strict=True)
        )
        if not fits:
            raise ShapeError(
                f'Layer "{self.name}" expects {len(expected)} state(s) to start from, of shape '
                f"{', '.join(str(Shape(shape)) for shape in expected)}, but got "  # type: ignore[arg-type]
                f"{', '.join(str(Shape(shape)) for shape in shapes)}. "  # type: ignore[arg-type]
                "Give one state each, in the order that return_state=True returns them."
            )

    def zero_states(self, x: torch.Tensor) -> States:
        """Returns the states to start from by default, for an input [batch, time, …]."""
        dtype = x.dtype if x.is_floating_point() else torch.float32
        shapes: Any = self.state_shapes(_step_shape(x.shape))
        return [torch.zeros(shape, dtype=dtype, device=x.device) for shape in shapes]

    # States between batches

    @property
    def states(self) -> list[Tensor] | None:
        """Copies of the states that the next batch of a stateful layer starts from; None for zeros."""
        return None if self._kept is None else [Tensor(state) for state in self._kept]

    def reset_states(self, states: TensorLike | Sequence[TensorLike] | None = None) -> None:
        """Lets the next batch start anew.

        Args:
            states: what to start from, one [batch, units] a state; zeros by default.

        Raises:
            StateError: the layer is not stateful.
            ShapeError: a state of another shape.
        """
        if not self.stateful:
            raise StateError(
                f'Layer "{self.name}" is not stateful, so it has no states to reset. Make it with stateful=True.'
            )
        if states is None:
            self._kept = None
            return
        single = isinstance(states, Tensor | torch.Tensor)
        stores: list[Any] = [copy_to_store(state) for state in ([states] if single else states)]
        self._check_states([tuple(store.shape) for store in stores], self._step_shape)
        self._kept = stores

    def get_states(self) -> list[Tensor | None]:
        """Returns copies of the states that the next batch of a stateful layer starts from, each None for zeros."""
        return [None] * len(state_sizes(self)) if self._kept is None else [Tensor(state) for state in self._kept]

    def set_states(self, states: TensorLike | Sequence[TensorLike]) -> None:
        """Lets the next batch start from these states: the same as `reset_states(states)`."""
        self.reset_states(states)

    def _check_batch(self, batch: int) -> None:
        fixed = self._step_shape[0]
        if batch != fixed:
            raise ShapeError(
                f'Layer "{self.name}" is stateful with batches of {fixed}, but got a batch of {batch}. '
                f"Pass batch_size={fixed} and a number of examples that it divides."
            )


class RNN(_RecurrentLayer):
    """A layer over sequences that computes each step with a cell.

    Shapes: [batch, time, features] → [batch, units], or [batch, time, units] with `return_sequences`.

    Args:
        cell: such as `layers.lstm_cell(32)`, a subclass of `layers.RNNCell`, or a list of cells to stack.
        options: those of all recurrent layers: `return_sequences`, `return_state`, `go_backwards`, `stateful`,
            `unroll`; and those of all layers.

    Raises:
        ArgumentTypeError: `cell` is no cell.
    """

    def __init__(self, cell: RNNCell | Sequence[RNNCell], **options: Any):
        super().__init__(**options)
        self.cell = StackedRNNCells(cell) if isinstance(cell, list | tuple) else check_cell(cell)
        self.state_size = state_sizes(self.cell)

    def make_weights(self, step_shape: Sequence[int | None]) -> None:
        self.cell.build_in_scope(step_shape)

    def scan(
        self, x: torch.Tensor, states: States, mask: torch.Tensor | None, sequences: bool
    ) -> tuple[torch.Tensor, States]:
        return self.cell.scan(x, states, mask, sequences)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return super().from_config({**config, "cell": deserialize(config.get("cell"), RNNCell, "cell")})


def _step_shape(shape: Sequence[int | None]) -> tuple[int | None, ...]:
    """Returns the shape of one step of a sequence of this shape."""
    return (shape[0], *shape[2:])


def join_states(inputs: Any, initial_state: Any) -> list[Any]:
    """Returns the list of inputs for a call with states: [x, *states]."""
    states = list(initial_state) if isinstance(initial_state, list | tuple) else [initial_state]
    kinds = Tensor | torch.Tensor | SymbolicTensor
    if isinstance(inputs, list | tuple) and any(isinstance(part, kinds) for part in inputs):
        raise ArgumentError(
            "Give the states either in the list of inputs, apply([x, *states]), or as initial_state, not both."
        )
    return [inputs if isinstance(inputs, kinds) else Tensor(inputs), *states]


def split_states(inputs: Any, initial_state: Any = None) -> tuple[torch.Tensor, States]:
    """Returns the sequence and the states to start from (none for zeros) from what a call was given."""
    if initial_state is not None:
        inputs = join_states(inputs, initial_state)
    if isinstance(inputs, list | tuple):
        return inputs[0], list(inputs[1:])
    return inputs, []


rnn = RNN
