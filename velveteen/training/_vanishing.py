"""What an optimizer remembers of weights that no longer learn: numbers so small that CPUs compute them slowly.

The gradient of a unit that is never active is zero, and what a moving average remembers of it shrinks at each step, until
it sticks at subnormal numbers (below 1.2e-38), with which most CPUs compute ten to a hundred times as slowly: a network
that has learned its data by heart then took twice as long a step.
"""

import torch

EVERY = 64
"""Steps between two looks. A moving average that keeps 0.9 a step takes 87 from `SMALLEST` to subnormal numbers."""

SMALLEST = 1e-34
"""Moves no weight: divided by the smallest epsilon in use (1e-10), it is far below the last digit of any of them."""


def forget_what_vanished(optimizer: torch.optim.Optimizer) -> None:
    """Sets to zero whatever an optimizer on the CPU remembers that is smaller than `SMALLEST`."""
    for state in optimizer.state.values():
        for tensor in state.values():
            if type(tensor) is torch.Tensor and tensor.dim() and tensor.is_floating_point() and tensor.is_cpu:
                torch.ops.aten.hardshrink.out(tensor, SMALLEST, out=tensor)
