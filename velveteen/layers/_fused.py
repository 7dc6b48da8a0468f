"""PyTorch's kernels for whole sequences, given our own weights (see torch/nn/modules/rnn.py)."""

import torch
from torch import nn
from torch.backends.cudnn import rnn as cudnn_rnn


def sequence_weights(module: nn.Module, mode: str) -> list[torch.Tensor]:
    """Returns the weights of a recurrent layer as PyTorch's kernels take them.

    Args:
        module: with `kernel`, `recurrent_kernel`, `bias` (or None) and the buffer `second_bias` of zeros, since
            cuDNN's formula has two.
        mode: PyTorch's name of the formula, such as "LSTM".
    """
    weights: list[torch.Tensor] = [module.kernel, module.recurrent_kernel]  # type: ignore[list-item]
    if module.bias is not None:
        weights += [module.bias, module.second_bias]  # type: ignore[list-item]
    if weights[0].is_cuda and not torch.compiler.is_compiling() and torch.backends.cudnn.is_acceptable(weights[0]):
        addresses = [weight.data_ptr() for weight in weights]
        if addresses != getattr(module, "_flat_addresses", None):
            _make_contiguous(weights, mode)
            module._flat_addresses = [weight.data_ptr() for weight in weights]  # type: ignore[assignment]
    return weights


def _make_contiguous(weights: list[torch.Tensor], mode: str) -> None:
    """Moves the weights into one piece of memory, where cuDNN wants them; otherwise it copies them at each call."""
    units = weights[1].shape[1]
    with torch.inference_mode(False), torch.no_grad(), torch.cuda.device_of(weights[0]):
        torch._cudnn_rnn_flatten_weight(  # type: ignore[attr-defined]
            weights,
            len(weights),
            weights[0].shape[1],
            cudnn_rnn.get_cudnn_mode(mode),
            units,
            0,  # no projection
            1,  # layer
            True,  # batch first
            False,  # one direction
        )
