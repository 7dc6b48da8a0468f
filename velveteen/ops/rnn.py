"""Operations / RNN."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from velveteen.errors import ShapeError
from velveteen.ops._operator import operator
from velveteen.tensors import Shape, Tensor, TensorLike

Cell = Callable[[Any, Any, Any], Sequence[Any]]
"""A function of data, c and h that returns the new c and h, such as one that calls `basic_lstm_cell`."""


@operator("Operations", "RNN")
def basic_lstm_cell(forget_bias, lstm_kernel, lstm_bias, data, c, h):
    """Computes one step of an LSTM (Hochreiter & Schmidhuber 1997) with gates in the order input, new, forget, output.

    Args:
        forget_bias: scalar, added to the forget gate.
        lstm_kernel: [input size + units, 4 · units].
        lstm_bias: [4 · units].
        data: [batch, input size].
        c, h: state and output of the step before, [batch, units].

    Returns:
        The new c and h.
    """
    if data.dim() != 2 or h.dim() != 2 or data.shape[1] + h.shape[1] != lstm_kernel.shape[0]:
        raise ShapeError(
            f"basic_lstm_cell() expects a kernel of as many rows as data and h have columns, got kernel "
            f"{Shape(lstm_kernel.shape)}, data {Shape(data.shape)} and h {Shape(h.shape)}."
        )
    gates = torch.cat([data, h], 1) @ lstm_kernel + lstm_bias
    i, j, f, o = gates.chunk(4, 1)
    new_c = torch.sigmoid(i) * torch.tanh(j) + c * torch.sigmoid(forget_bias + f)
    new_h = torch.tanh(new_c) * torch.sigmoid(o)
    return [new_c, new_h]


@operator("Operations", "RNN")
def multi_rnn_cell(lstm_cells: Sequence[Cell], data: TensorLike, c: Sequence[TensorLike], h: Sequence[TensorLike]):
    """Computes one step of LSTM cells stacked on each other: the output of one is the data of the next.

    Args:
        lstm_cells: functions of data, c and h that return the new c and h.
        data: [batch, input size].
        c, h: for each cell its state and its output of the step before, [batch, units].

    Returns:
        The list of the new c, and the list of the new h.
    """
    if not len(lstm_cells) == len(c) == len(h):
        raise ShapeError(
            f"multi_rnn_cell() expects a c and an h for each cell, got {len(lstm_cells)} cells, {len(c)} c and {len(h)} h."
        )
    given, states = data if isinstance(data, Tensor | torch.Tensor) else Tensor(data), []
    for cell, cell_c, cell_h in zip(lstm_cells, c, h, strict=True):
        states.append(cell(given, cell_c, cell_h))
        given = states[-1][1]
    return [[state[0] for state in states], [state[1] for state in states]]
