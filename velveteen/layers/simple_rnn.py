"""The plain recurrent network (Elman, 1990)."""

from collections.abc import Sequence

import torch

from velveteen import activations
from velveteen.layers._fused import Kernel, register_second_bias, run_fused
from velveteen.layers.recurrent import _RecurrentLayer
from velveteen.layers.recurrent_cells import States, _Formula, _FormulaCell

__all__ = ["SimpleRNN", "SimpleRNNCell", "simple_rnn", "simple_rnn_cell"]

_KERNELS: dict[activations.Activation, Kernel] = {
    activations.tanh: Kernel("RNN_TANH", torch.rnn_tanh),
    activations.relu: Kernel("RNN_RELU", torch.rnn_relu),
}


class _SimpleRNNFormula(_Formula):
    """The weights and step of a plain recurrent network, for the layer and for its cell."""

    gates = 1

    def make_weights(self, step_shape: Sequence[int | None]) -> None:
        super().make_weights(step_shape)
        register_second_bias(self)

    def fused(self, x: torch.Tensor, states: States, sequences: bool) -> tuple[torch.Tensor, States] | None:
        kernel = _KERNELS.get(self.activation)
        return run_fused(kernel, self, x, states, sequences) if kernel is not None else None

    def step(self, projected: torch.Tensor, states: States, dropped: torch.Tensor) -> States:
        # h' = act(x @ kernel + bias + h @ recurrent_kernel)
        return [self.activation(torch.addmm(projected, dropped, self.recurrent_kernel.t()))]


class SimpleRNNCell(_SimpleRNNFormula, _FormulaCell):
    """One step of a plain recurrent network: [x, h] → [h', h'].

    Args: those of `layers.simple_rnn`, without the ones about sequences.
    """


class SimpleRNN(_SimpleRNNFormula, _RecurrentLayer):
    """The plain recurrent network over a sequence: `h' = activation(x @ kernel + h @ recurrent_kernel + bias)`.

    Shapes: [batch, time, features] → [batch, units], or [batch, time, units] with `return_sequences`. The state, h, is
    [batch, units].

    Args:
        units: the size of the output and of the state.
        activation: "tanh" by default.
        use_bias: whether to add a bias.
        kernel_initializer: "glorot_normal" by default; the kernel is [features, units].
        recurrent_initializer: "orthogonal" by default; the recurrent kernel is [units, units].
        bias_initializer: zeros by default.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: what they add to the loss; nothing by default.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each step of training.
        activity_regularizer: must be None.
        dropout: the part of the inputs that is dropped in training, the same at every step.
        recurrent_dropout: the part of the state that is dropped in training, the same at every step.
        options: those of all recurrent layers: `return_sequences`, `return_state`, `go_backwards`, `stateful`,
            `unroll`; and those of all layers.
    """


simple_rnn = SimpleRNN
simple_rnn_cell = SimpleRNNCell
