"""Gated recurrent units (Cho et al., 2014, arXiv:1406.1078)."""

from typing import Any

import torch
import torch.nn.functional as F

from velveteen import activations
from velveteen.layers.recurrent import _RecurrentLayer
from velveteen.layers.recurrent_cells import States, _Formula, _FormulaCell

__all__ = ["GRU", "GRUCell", "gru", "gru_cell"]


class _GRUFormula(_Formula):
    """The arguments, weights and step of a GRU, for the layer and for its cell."""

    gates = 3

    def __init__(
        self,
        units: int,
        *,
        recurrent_activation: Any = "sigmoid",
        reset_after: bool = False,
        implementation: int | None = None,
        **options: Any,
    ):
        super().__init__(units, **options)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = reset_after
        self.implementation = implementation

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    @property
    def input_bias(self) -> torch.Tensor | None:
        return self.bias[0] if self.reset_after and self.bias is not None else self.bias

    def step(self, projected: torch.Tensor, states: States, dropped: torch.Tensor) -> States:
        # z, r = gates of x @ kernel + h @ recurrent_kernel + bias;  h' = z·h + (1 − z)·candidate
        both = 2 * self.units
        if self.reset_after:
            recurrent = F.linear(dropped, self.recurrent_kernel, self.bias[1] if self.bias is not None else None)
            gates = projected[:, :both] + recurrent[:, :both]
        else:
            gates = torch.addmm(projected[:, :both], dropped, self.recurrent_kernel[:both].t())
        z, r = gates.chunk(2, dim=1)
        z, r = self.recurrent_activation(z), self.recurrent_activation(r)
        if self.reset_after:
            candidate = torch.addcmul(projected[:, both:], r, recurrent[:, both:])
        else:
            candidate = torch.addmm(projected[:, both:], r * dropped, self.recurrent_kernel[both:].t())
        candidate = self.activation(candidate)
        return [torch.addcmul(candidate, z, states[0] - candidate)]


class GRUCell(_GRUFormula, _FormulaCell):
    """One step of a GRU: [x, h] → [h', h'].

    Args: those of `layers.gru`, without the ones about sequences.
    """


class GRU(_GRUFormula, _RecurrentLayer):
    """Gated recurrent units over a sequence.

    Shapes: [batch, time, features] → [batch, units], or [batch, time, units] with `return_sequences`. The state, h, is
    [batch, units].

    Args:
        units: the size of the output and of the state.
        activation: of the candidate; "tanh" by default.
        recurrent_activation: of the gates; "sigmoid" by default (in TensorFlow.js "hard_sigmoid", which files carry).
        use_bias: whether to add a bias.
        kernel_initializer: "glorot_normal" by default; the kernel is [features, 3·units]: update, reset, candidate.
        recurrent_initializer: "orthogonal" by default; the recurrent kernel is [units, 3·units].
        bias_initializer: zeros by default.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: what they add to the loss; nothing by default.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each step of training.
        activity_regularizer: must be None.
        dropout: the part of the inputs that is dropped in training, the same at every step.
        recurrent_dropout: the part of the state that is dropped in training, the same at every step.
        reset_after: whether the reset gate acts after the product with the recurrent kernel, as Keras does by default;
            the bias is [2, 3·units] then. TensorFlow.js has no such GRU: a browser cannot load a model with it.
        implementation: kept for files; it changes nothing.
        options: those of all recurrent layers: `return_sequences`, `return_state`, `go_backwards`, `stateful`,
            `unroll`; and those of all layers.
    """


gru = GRU
gru_cell = GRUCell
