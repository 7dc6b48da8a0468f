"""What computes one step of a sequence: RNNCell, StackedRNNCells, and what the cells with a number of units share."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Self

import torch
import torch.nn.functional as F
from torch import nn

from velveteen import activations, constraints, initializers, regularizers
from velveteen.errors import ArgumentError, ArgumentTypeError, ShapeError
from velveteen.layers._arguments import as_float, no_activity_regularizer, number, positive_integer
from velveteen.layers.base import Layer, is_shape_list
from velveteen.layers.weights import name_scope
from velveteen.ops._linear import linear
from velveteen.serialization import deserialize
from velveteen.tensors import Shape

__all__ = ["RNNCell", "StackedRNNCells", "stacked_rnn_cells"]

States = list[torch.Tensor]


def unroll(
    step: Callable[[torch.Tensor, States], tuple[torch.Tensor, States]],
    inputs: Iterable[torch.Tensor],
    states: States,
    mask: torch.Tensor | None,
    sequences: bool,
) -> tuple[torch.Tensor, States]:
    """Computes step after step.

    Args:
        step: takes the input of one step and the states, returns the output and the new states.
        inputs: one [batch, …] a step.
        states: to start with, each [batch, …].
        mask: [batch, time]; where it is false, states stay as they are and the output is the first state.
        sequences: whether to return the outputs of all steps.

    Returns:
        The last output, or [batch, time, …] of all; and the last states.
    """
    valid_steps = None if mask is None else mask.reshape(mask.shape[:2]).bool().unbind(1)
    outputs = []
    for time, current in enumerate(inputs):
        output, new_states = step(current, states)
        if valid_steps is not None:
            valid = valid_steps[time]
            output = _choose(valid, output, states[0])
            new_states = [_choose(valid, new, old) for new, old in zip(new_states, states, strict=True)]
        states = new_states
        if sequences:
            outputs.append(output)
    return (torch.stack(outputs, dim=1) if sequences else output), states


def _choose(valid: torch.Tensor, new: torch.Tensor, old: torch.Tensor) -> torch.Tensor:
    return torch.where(valid.reshape(-1, *[1] * (new.dim() - 1)), new, old)


class RNNCell(Layer):
    """Base of all cells: what a recurrent layer does at each step.

    A subclass sets `state_size` (an integer, or a list with one integer a state; the first is the size of the output),
    and writes `build(input_shape)` and `call([x, *states])`, which returns `[output, *new_states]`; all [batch, size].
    """

    state_size: int | Sequence[int]

    def call(self, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
        raise NotImplementedError(f"{type(self).__name__} must define call(self, inputs).")

    def scan(
        self, x: torch.Tensor, states: States, mask: torch.Tensor | None, sequences: bool
    ) -> tuple[torch.Tensor, States]:
        """Computes a whole sequence: [batch, time, …] and the first states → output(s) and the last states."""

        def step(current: torch.Tensor, states: States) -> tuple[torch.Tensor, States]:
            output, *new_states = self.call([current, *states])
            return output, new_states

        return unroll(step, x.unbind(1), states, mask, sequences)

    def compute_output_shape(self, input_shape: Any) -> Any:
        batch = input_shape[0][0] if is_shape_list(input_shape) else input_shape[0]
        sizes = state_sizes(self)
        return [(batch, size) for size in (sizes[0], *sizes)]

    def check_input_shape(self, input_shape: Any) -> None:
        count = len(state_sizes(self))
        if not is_shape_list(input_shape) or len(input_shape) != 1 + count:
            raise ArgumentError(
                f'Cell "{self.name}" takes a list of {1 + count} tensors, the input and {count} state(s), '
                f"but got {len(input_shape) if is_shape_list(input_shape) else 'a single tensor'}. "
                "Write cell.apply([x, *states]), or put the cell into layers.rnn(cell)."
            )


def state_sizes(cell: Any) -> list[int]:
    """Returns the size of each state of a cell."""
    size = cell.state_size
    return list(size) if isinstance(size, list | tuple) else [size]


class StackedRNNCells(RNNCell):
    """Several cells, each one's output the next one's input.

    The states are those of the last cell first, as in TensorFlow.js.

    Args:
        cells: the cells, the first sees the input.

    Raises:
        ArgumentTypeError: something in `cells` is no cell.
    """

    def __init__(self, cells: Sequence[RNNCell], **base: Any):
        super().__init__(**base)
        self._cells = nn.ModuleList(check_cell(cell) for cell in cells)
        if not self._cells:
            raise ArgumentError("Stacked cells need at least one cell, such as layers.lstm_cell(32).")
        self.state_size = [size for cell in reversed(self.cells) for size in state_sizes(cell)]

    @property
    def cells(self) -> list[RNNCell]:
        return list(self._cells)  # type: ignore[arg-type]

    def build(self, input_shape: Any) -> None:
        shape = input_shape[0] if is_shape_list(input_shape) else input_shape
        for place, cell in enumerate(self.cells):
            with name_scope(f"RNNCell_{place}"):
                cell.build_in_scope(shape)
            shape = (shape[0], state_sizes(cell)[0])

    def call(self, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
        x, *states = inputs
        outputs, states = self.scan(x.unsqueeze(1), states, None, sequences=False)
        return [outputs, *states]

    def scan(
        self, x: torch.Tensor, states: States, mask: torch.Tensor | None, sequences: bool
    ) -> tuple[torch.Tensor, States]:
        # Cell after cell over the whole sequence gives the same as step after step through all cells, and lets each
        # cell compute its sequence as fast as it can.
        new_states: States = []
        end = len(states)
        for cell in self.cells:
            start = end - len(state_sizes(cell))
            is_last = cell is self.cells[-1]
            x, cell_states = cell.scan(x, states[start:end], mask, sequences if is_last else True)
            new_states = [*cell_states, *new_states]
            end = start
        return x, new_states

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        cells = config.get("cells")
        if not isinstance(cells, list):
            raise ArgumentError(f'Stacked cells must be saved with a list "cells", got {cells!r:.200}.')
        return super().from_config({**config, "cells": [deserialize(cell, RNNCell, "cell") for cell in cells]})


def check_cell(cell: Any) -> RNNCell:
    """Returns `cell`, or raises an ArgumentTypeError that says what a cell is."""
    if not isinstance(cell, RNNCell):
        raise ArgumentTypeError(
            f"Expected a cell such as layers.lstm_cell(32), or a subclass of layers.RNNCell, got {cell!r:.100}."
        )
    if getattr(cell, "state_size", None) is None:
        raise ArgumentTypeError(
            f'{type(cell).__name__} must set "state_size": the size of its state, or a list with one size a state.'
        )
    return cell


class _Formula(Layer):
    """What a recurrent layer and the cell of the same kind share: arguments, weights, and the formula of one step.

    A subclass writes `make_weights`, `project` and `step`. Kernels are kept transposed, [gates·units, inputs], as
    PyTorch's kernels like them.
    """

    gates: ClassVar[int]
    state_count: ClassVar[int] = 1
    state_size: int | Sequence[int]
    kernel: torch.Tensor
    recurrent_kernel: torch.Tensor
    bias: torch.Tensor | None
    second_bias: torch.Tensor
    flat_addresses: list[int] | None = None  # where the weights lay when they were last put together for cuDNN

    def __init__(
        self,
        units: int,
        *,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_normal",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: None = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **base: Any,
    ):
        super().__init__(**base)
        no_activity_regularizer(activity_regularizer)
        self.units = positive_integer(units, "units")
        self.state_size = [self.units] * self.state_count
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = activity_regularizer
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = min(max(float(number(dropout, "dropout")), 0.0), 1.0)
        self.recurrent_dropout = min(max(float(number(recurrent_dropout, "recurrent_dropout")), 0.0), 1.0)
        self.register_parameter("bias", None)

    def make_weights(self, step_shape: Sequence[int | None]) -> None:
        """Makes the weights for steps of [batch, features]."""
        features = step_shape[-1]
        if features is None:
            raise ShapeError(
                f'Layer "{self.name}" must know the size of the last axis of its input, but it is null in '
                f"{Shape(step_shape)}. Give the model an input_shape with that size."  # type: ignore[arg-type]
            )
        width = self.gates * self.units
        self.add_weight(
            "kernel",
            (features, width),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            stored=(1, 0),
        )
        self.add_weight(
            "recurrent_kernel",
            (self.units, width),
            self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
            stored=(1, 0),
        )
        if self.use_bias:
            self.add_weight(
                "bias",
                self.bias_shape,
                self.initial_bias,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def initial_bias(self, shape: Sequence[int], dtype: str = "float32") -> torch.Tensor:
        """Returns the bias to start from."""
        return self.bias_initializer(shape, dtype)

    @property
    def input_bias(self) -> torch.Tensor | None:
        """What `project` adds."""
        return self.bias

    def sequence_kernels(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns kernel and recurrent kernel for a whole sequence at once; a subclass may leave out parts of them."""
        return self.kernel, self.recurrent_kernel

    def project(self, x: torch.Tensor) -> torch.Tensor:
        """Returns what of all steps can be computed at once: the inputs times the kernel."""
        return linear(x, self.kernel, self.input_bias)

    def project_places(self, places: torch.Tensor) -> torch.Tensor:
        """Returns what `project` does for one-hot rows, given as [batch] places of the ones: it looks up instead."""
        rows = self.kernel.index_select(1, places).t()
        return rows if self.input_bias is None else rows + self.input_bias

    def step(self, projected: torch.Tensor, states: States, dropped: torch.Tensor) -> States:
        """Computes one step.

        Args:
            projected: [batch, gates·units], the step's part of `project`.
            states: the states before, each [batch, units].
            dropped: the first state after dropout, for the products with the recurrent kernel.

        Returns:
            The states after; the first is the output.
        """
        raise NotImplementedError

    def scan(
        self, x: torch.Tensor, states: States, mask: torch.Tensor | None, sequences: bool
    ) -> tuple[torch.Tensor, States]:
        """Computes a whole sequence: [batch, time, features] and the first states → output(s) and the last states."""
        # One mask a sequence, the same at every step (Gal & Ghahramani, 2016, arXiv:1512.05287).
        x = as_float(x)
        if self._drops(self.dropout):
            x = x * F.dropout(torch.ones_like(x[:, :1]), self.dropout)
        if not self._drops(self.recurrent_dropout):
            fused = self.fused(x, states, sequences) if mask is None else self.fused_masked(x, states, mask, sequences)
            if fused is not None:
                return fused
        states = [state.to(self.kernel.dtype) for state in states]
        kept = None
        if self._drops(self.recurrent_dropout):
            kept = F.dropout(torch.ones_like(states[0]), self.recurrent_dropout)

        def step(projected: torch.Tensor, states: States) -> tuple[torch.Tensor, States]:
            new_states = self.step(projected, states, states[0] if kept is None else states[0] * kept)
            return new_states[0], new_states

        return unroll(step, self.project(x.transpose(0, 1)).unbind(0), states, mask, sequences)

    def fused(self, x: torch.Tensor, states: States, sequences: bool) -> tuple[torch.Tensor, States] | None:
        """Computes a whole sequence by one kernel of PyTorch's, or returns None where it has none for this formula."""
        return None

    def fused_masked(
        self, x: torch.Tensor, states: States, mask: torch.Tensor, sequences: bool
    ) -> tuple[torch.Tensor, States] | None:
        """As `fused`, with a mask [batch, time]."""
        return None

    def fused_step(self, x: torch.Tensor, states: States) -> States | None:
        """Computes one step by one kernel of PyTorch's, [batch, features] → the states after; or returns None."""
        return None

    def _drops(self, rate: float) -> bool:
        return self.training and 0.0 < rate < 1.0  # at exactly 1 nothing is dropped, as in TensorFlow.js


class _FormulaCell(_Formula, RNNCell):
    """A cell whose step is a formula's."""

    def build(self, input_shape: Any) -> None:
        self.make_weights(input_shape[0] if is_shape_list(input_shape) else input_shape)

    def call(self, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
        x, *states = inputs
        output, states = self.scan(x.unsqueeze(1), states, None, sequences=False)
        return [output, *states]


stacked_rnn_cells = StackedRNNCells
