"""PyTorch's kernels for whole sequences, called with our own weights as torch/nn/modules/rnn.py calls them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch.backends.cudnn import rnn as cudnn_rnn

from velveteen.layers.recurrent_cells import States, _Formula


class Kernel(NamedTuple):
    """A kernel of PyTorch's: the name of its formula, and the function."""

    mode: str
    function: Callable[..., Any]


def register_second_bias(layer: _Formula) -> None:
    """Gives a layer that has a bias `second_bias`, zeros: PyTorch's formulas have two, as cuDNN's do."""
    if layer.bias is not None:
        zeros = torch.zeros_like(layer.bias.detach())
        layer.register_buffer("second_bias", zeros, persistent=False)


def run_fused(
    kernel: Kernel, layer: _Formula, x: torch.Tensor, states: States, sequences: bool
) -> tuple[torch.Tensor, States]:
    """Computes a whole sequence.

    Args:
        kernel: the formula.
        layer: whose weights they are.
        x: [batch, time, features].
        states: to start from, each [batch, units].
        sequences: whether to return the outputs of all steps.

    Returns:
        The last output, or [batch, time, units] of all; and the last states.
    """
    outputs, last = _run(kernel, layer, _weights(kernel, layer), x, states)
    return (outputs if sequences else last[0]), last


def run_masked(
    kernel: Kernel,
    layer: _Formula,
    x: torch.Tensor,
    states: States,
    mask: torch.Tensor,
    sequences: bool,
    held: tuple[float, ...],
) -> tuple[torch.Tensor, States]:
    """Computes a whole sequence, as `run_fused`; where the mask is false, states stay and the output is repeated.

    The steps that are left out are moved to the end, where an additional input of 1 holds the gates open or shut. So states
    other than the output stay as they are, exactly; outputs are looked up.

    Args:
        mask: [batch, time].
        held: what each gate gets of the additional input, so large that a sigmoid of it is 0 or 1.
    """
    valid = mask.reshape(mask.shape[:2]).bool()
    order = valid.byte().argsort(dim=1, descending=True, stable=True)
    left_out = ~valid.gather(1, order)
    moved = x.gather(1, order.unsqueeze(-1).expand_as(x))
    weights = _weights(kernel, layer)
    column = weights[0].new_tensor(held).repeat_interleave(layer.units).unsqueeze(1)
    weights[0] = torch.cat([weights[0], column], dim=1)
    inputs = torch.cat([moved, left_out.unsqueeze(-1).to(x.dtype)], dim=-1)
    outputs, last = _run(kernel, layer, weights, inputs, states)
    outputs = torch.cat([states[0].unsqueeze(1).to(outputs.dtype), outputs], dim=1)
    outputs = outputs.gather(1, valid.cumsum(1).unsqueeze(-1).expand(-1, -1, outputs.shape[-1]))
    last[0] = outputs[:, -1]
    return (outputs if sequences else last[0]), last


def _run(
    kernel: Kernel, layer: _Formula, weights: list[torch.Tensor], x: torch.Tensor, states: States
) -> tuple[torch.Tensor, States]:
    first = [state.unsqueeze(0) for state in states]
    outputs, *last = kernel.function(
        x,
        first if len(first) > 1 else first[0],
        weights,
        layer.bias is not None,
        1,  # layer
        0.0,  # dropout
        torch.is_grad_enabled(),  # whether to keep what the gradient needs
        False,  # one direction
        True,  # batch first
    )
    return outputs, [state[0] for state in last]


def _weights(kernel: Kernel, layer: _Formula) -> list[torch.Tensor]:
    weights: list[Any] = [*layer.sequence_kernels()]
    if layer.bias is not None:
        weights += [layer.bias, layer.second_bias]
    are_own = weights[0] is layer.kernel and weights[1] is layer.recurrent_kernel
    if (
        are_own
        and weights[0].is_cuda
        and not torch.compiler.is_compiling()
        and torch.backends.cudnn.is_acceptable(weights[0])
    ):
        addresses = [weight.data_ptr() for weight in weights]
        if addresses != layer.flat_addresses:  # new, or moved by module.to()
            _make_contiguous(kernel, weights)
            layer.flat_addresses = [weight.data_ptr() for weight in weights]
    return weights


def _make_contiguous(kernel: Kernel, weights: list[torch.Tensor]) -> None:
    """Moves the weights into one piece of memory, where cuDNN wants them; otherwise it copies them at each call."""
    units, features = weights[1].shape[1], weights[0].shape[1]
    with torch.inference_mode(False), torch.no_grad(), torch.cuda.device_of(weights[0]):
        torch._cudnn_rnn_flatten_weight(
            weights,
            len(weights),
            features,
            cudnn_rnn.get_cudnn_mode(kernel.mode),
            units,
            0,  # no projection
            1,  # layer
            True,  # batch first
            False,  # one direction
        )
