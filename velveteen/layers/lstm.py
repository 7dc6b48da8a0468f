"""Long short-term memory (Hochreiter & Schmidhuber, 1997)."""

from collections.abc import Sequence
from typing import Any

import torch

from velveteen import activations, initializers
from velveteen.layers._fused import Kernel, register_second_bias, run_fused, run_masked
from velveteen.layers.recurrent import _RecurrentLayer
from velveteen.layers.recurrent_cells import States, _Formula, _FormulaCell

__all__ = ["LSTM", "LSTMCell", "lstm", "lstm_cell"]

_KERNEL = Kernel("LSTM", torch.lstm)
_SHUT = 1e4
"""Behind it a sigmoid is 0 or 1, whatever else goes in."""


class _LSTMFormula(_Formula):
    """The arguments, weights and step of an LSTM, for the layer and for its cell."""

    gates = 4
    state_count = 2

    def __init__(
        self,
        units: int,
        *,
        recurrent_activation: Any = "sigmoid",
        unit_forget_bias: bool | None = None,
        implementation: int | None = None,
        **options: Any,
    ):
        super().__init__(units, **options)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.implementation = implementation

    def make_weights(self, step_shape: Sequence[int | None]) -> None:
        super().make_weights(step_shape)
        register_second_bias(self)

    def initial_bias(self, shape: Sequence[int], dtype: str = "float32") -> torch.Tensor:
        if not self.unit_forget_bias:
            return self.bias_initializer(shape, dtype)
        input_gate = self.bias_initializer((self.units,), dtype)
        others = self.bias_initializer((2 * self.units,), dtype)
        return torch.cat([input_gate, initializers.get("ones")((self.units,), dtype), others])

    def fused(self, x: torch.Tensor, states: States, sequences: bool) -> tuple[torch.Tensor, States] | None:
        return run_fused(_KERNEL, self, x, states, sequences) if self._is_pytorchs else None

    def fused_masked(
        self, x: torch.Tensor, states: States, mask: torch.Tensor, sequences: bool
    ) -> tuple[torch.Tensor, States] | None:
        # Not on a GPU, where cuDNN wants the weights as they lie; nor for ONNX, which cannot sort so.
        if not self._is_pytorchs or x.device.type != "cpu" or torch.compiler.is_compiling():
            return None
        # Input gate shut, forget gate open, so c stays; output gate shut, so h is 0 until it is looked up.
        held = (-_SHUT, _SHUT, 0.0, -_SHUT)
        return run_masked(_KERNEL, self, x, states, mask, sequences, held)

    def fused_step(self, x: torch.Tensor, states: States) -> States | None:
        if not self._is_pytorchs:
            return None
        second = None if self.bias is None else self.second_bias
        return list(torch.lstm_cell(x, states, self.kernel, self.recurrent_kernel, self.bias, second))

    @property
    def _is_pytorchs(self) -> bool:
        return (self.activation, self.recurrent_activation) == (activations.tanh, activations.sigmoid)

    def step(self, projected: torch.Tensor, states: States, dropped: torch.Tensor) -> States:
        gates = torch.addmm(projected, dropped, self.recurrent_kernel.t())
        return self.new_states(gates.chunk(4, dim=1), states[1])

    def new_states(self, gates: Sequence[torch.Tensor], carried: torch.Tensor) -> States:
        """Returns h and c from the sums that go into input gate, forget gate, candidate and output gate."""
        # i, f, o = gates of x @ kernel + h @ recurrent_kernel + bias;  c' = f·c + i·act(candidate);  h' = o·act(c')
        i, f, candidate, o = gates
        i, f, o = self.recurrent_activation(i), self.recurrent_activation(f), self.recurrent_activation(o)
        c = torch.addcmul(f * carried, i, self.activation(candidate))
        return [o * self.activation(c), c]


class LSTMCell(_LSTMFormula, _FormulaCell):
    """One step of an LSTM: [x, h, c] → [h', h', c'].

    Args: those of `layers.lstm`, without the ones about sequences.
    """


class LSTM(_LSTMFormula, _RecurrentLayer):
    """Long short-term memory over a sequence.

    Shapes: [batch, time, features] → [batch, units], or [batch, time, units] with `return_sequences`. The states, h
    and c, are [batch, units].

    With "tanh" and "sigmoid" and no recurrent dropout, PyTorch's kernel computes the whole sequence (with a mask only on a
    CPU); anything else goes step by step and is several times slower.

    Args:
        units: the size of the output and of each state.
        activation: of the candidate and of the output; "tanh" by default.
        recurrent_activation: of the gates; "sigmoid" by default (in TensorFlow.js "hard_sigmoid", which files carry).
        use_bias: whether to add a bias.
        kernel_initializer: "glorot_normal" by default; the kernel is [features, 4·units]: input, forget, candidate,
            output.
        recurrent_initializer: "orthogonal" by default; the recurrent kernel is [units, 4·units].
        bias_initializer: zeros by default.
        unit_forget_bias: whether the forget gate's bias starts at 1 (Jozefowicz et al., 2015).
        kernel_regularizer, recurrent_regularizer, bias_regularizer: what they add to the loss; nothing by default.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each step of training.
        activity_regularizer: must be None.
        dropout: the part of the inputs that is dropped in training, the same at every step.
        recurrent_dropout: the part of the state that is dropped in training, the same at every step.
        implementation: kept for files; it changes nothing.
        options: those of all recurrent layers: `return_sequences`, `return_state`, `go_backwards`, `stateful`,
            `unroll`; and those of all layers.
    """


lstm = LSTM
lstm_cell = LSTMCell
