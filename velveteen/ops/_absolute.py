"""The absolute value with TensorFlow.js's gradient."""

import torch


def absolute(x: torch.Tensor) -> torch.Tensor:
    """Returns `|x|`, whose gradient at 0 is -1 as in TensorFlow.js (PyTorch's is 0).

    The difference shows in a first step of training, when a weight or an error is exactly 0.
    """
    return torch.where(x > 0, x, -x)
