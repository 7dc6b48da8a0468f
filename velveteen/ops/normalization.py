"""Operations / Normalization."""

import torch
import torch.nn.functional as F

from velveteen.errors import ArgumentError, ShapeError
from velveteen.ops._operator import operator
from velveteen.tensors import Shape


@operator("Operations", "Normalization", method=True)
def batch_norm(x, mean, variance, offset=None, scale=None, variance_epsilon: float | None = 0.001):
    """Returns `(x - mean) / sqrt(variance + variance_epsilon) · scale + offset`.

    Args:
        x: tensor of any shape.
        mean, variance: of x's last dimensions, or broadcastable with x.
        offset, scale: shaped as mean; 0 and 1 by default.
        variance_epsilon: added to the variance, so that nothing is divided by zero.
    """
    for name, tensor in (("variance", variance), ("offset", offset), ("scale", scale)):
        if tensor is not None and tensor.dim() != mean.dim():
            raise ShapeError(
                f"batch_norm() expects mean and {name} of one rank, got mean of shape {Shape(mean.shape)} and {name} of "
                f"{Shape(tensor.shape)}. Reshape one of them."
            )
    factor = torch.rsqrt(variance + (0.001 if variance_epsilon is None else variance_epsilon))
    if scale is not None:
        factor = factor * scale
    y = (x - mean) * factor
    return y if offset is None else y + offset


@operator("Operations", "Normalization")
def batch_norm2d(x, mean, variance, offset=None, scale=None, variance_epsilon: float | None = 0.001):
    """`batch_norm` of a tensor of rank 2; mean, variance, offset and scale have rank 1 or 2."""
    return _batch_norm(x, mean, variance, offset, scale, variance_epsilon, 2)


@operator("Operations", "Normalization")
def batch_norm3d(x, mean, variance, offset=None, scale=None, variance_epsilon: float | None = 0.001):
    """`batch_norm` of a tensor of rank 3; mean, variance, offset and scale have rank 1 or 3."""
    return _batch_norm(x, mean, variance, offset, scale, variance_epsilon, 3)


@operator("Operations", "Normalization")
def batch_norm4d(x, mean, variance, offset=None, scale=None, variance_epsilon: float | None = 0.001):
    """`batch_norm` of a tensor of rank 4; mean, variance, offset and scale have rank 1 or 4."""
    return _batch_norm(x, mean, variance, offset, scale, variance_epsilon, 4)


def _batch_norm(x, mean, variance, offset, scale, variance_epsilon, rank):
    if x.dim() != rank:
        raise ShapeError(f"batch_norm{rank}d() expects x of rank {rank}, got shape {Shape(x.shape)}. Use batch_norm().")
    for name, tensor in (("mean", mean), ("variance", variance), ("offset", offset), ("scale", scale)):
        if tensor is not None and tensor.dim() not in (1, rank):
            raise ShapeError(
                f"batch_norm{rank}d() expects {name} of rank 1 or {rank}, got shape {Shape(tensor.shape)}."
            )
    return batch_norm(x, mean, variance, offset, scale, variance_epsilon)


@operator("Operations", "Normalization", method=True)
def local_response_normalization(x, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5):
    """Divides each value by a power of the squares of its neighbours in the channels.

    `y = x / (bias + alpha · Σ x²)^beta`, the sum running over `depth_radius` channels on either side
    (Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", section 3.3).

    Args:
        x: [batch, height, width, channels], or without batch.
        depth_radius: how many channels on either side.
        bias, alpha, beta: numbers.
    """
    if x.dim() not in (3, 4):
        raise ShapeError(f"local_response_normalization() expects x of rank 3 or 4, got shape {Shape(x.shape)}.")
    if depth_radius != int(depth_radius) or depth_radius < 0:
        raise ArgumentError(f"local_response_normalization() expects a whole depth_radius, got {depth_radius}.")
    radius = int(depth_radius)
    near = F.pad(x * x, [radius, radius]).unfold(-1, 2 * radius + 1, 1).sum(-1)
    return x * (bias + alpha * near) ** -beta
