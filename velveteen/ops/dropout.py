"""Operations / Dropout."""

from collections.abc import Sequence

import torch

from velveteen.errors import ArgumentError
from velveteen.ops import _dropping
from velveteen.ops._operator import Float32, operator


@operator("Operations", "Dropout")
def dropout(x: Float32, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None):
    """Sets a random part of the values to zero and scales the others up, so that the mean stays.

    Args:
        x: tensor of any shape.
        rate: the part to drop, at least 0 and less than 1.
        noise_shape: where 1 stands instead of x's size, values along that dimension fall together; None means x's size.
        seed: an integer; the same seed drops the same places.
    """
    if not 0 <= rate < 1:
        raise ArgumentError(f"dropout() expects a rate of at least 0 and less than 1, got {rate}.")
    if rate == 0:
        return x
    if noise_shape is None and seed is None:
        return _dropping.dropout(x, rate)
    shape = x.shape if noise_shape is None else noise_shape
    if len(shape) == x.dim():
        shape = [size if wanted is None else wanted for wanted, size in zip(shape, x.shape, strict=True)]
    generator = None if seed is None else torch.Generator(x.device).manual_seed(int(seed))
    keep = 1 - rate
    kept = torch.rand(tuple(shape), generator=generator, device=x.device, dtype=x.dtype) < keep
    return x * (kept.to(x.dtype) / keep)
