"""Counts the floating-point operations of a training step, as the matrix products and convolutions have them."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from bench import work
from bench.peers.torch_worker import NETWORKS


def of_step(network: str) -> int:
    """Returns the operations of a step, forward and backward; a multiplication and an addition are two."""
    described = work.NETWORKS[network]
    shape = described.input_shape
    if len(shape) == 3:
        shape = (shape[2], *shape[:2])
    # On "meta" nothing is computed, and the LSTM is made of matrix products that the counter knows.
    with torch.device("meta"):
        model = NETWORKS[network]()
        x = torch.empty(described.batch_size, *shape)
    with FlopCounterMode(display=False) as counter:
        model(x).sum().backward()
    return counter.get_total_flops()
