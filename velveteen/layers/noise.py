"""Noise against overfitting: added to, or multiplied with, what passes while training."""

from collections.abc import Sequence
from typing import Any

import torch

from velveteen.layers._arguments import number, sizes_or_none
from velveteen.layers.base import Layer

__all__ = [
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "alpha_dropout",
    "gaussian_dropout",
    "gaussian_noise",
]


class GaussianNoise(Layer):
    """Adds normally distributed noise while training.

    Args:
        stddev: the noise's standard deviation; its mean is 0.
    """

    supports_masking = True

    def __init__(self, stddev: float, **base: Any):
        super().__init__(**base)
        self.stddev = number(stddev, "stddev")

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.randn_like(x) * self.stddev if self.training else x


class GaussianDropout(Layer):
    """Multiplies with normally distributed noise of mean 1 while training (Srivastava et al., 2014, JMLR 15, section 10).

    Args:
        rate: as for dropout: the noise's variance is `rate / (1 - rate)`. Outside of 0 to 1, nothing happens.
    """

    supports_masking = True

    def __init__(self, rate: float, **base: Any):
        super().__init__(**base)
        self.rate = number(rate, "rate")

    def call(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or not 0 < self.rate < 1:
            return x
        deviation = (self.rate / (1 - self.rate)) ** 0.5
        return x * (1 + torch.randn_like(x) * deviation)


class AlphaDropout(Layer):
    """Dropout for networks of selu, whose mean and variance it keeps (Klambauer et al., 2017, arXiv:1706.02515).

    Args:
        rate: the part of the values that is set to selu's lower end. Outside of 0 to 1, nothing happens.
        noise_shape: shape of the pattern of dropped values, 1 where an axis shares it.
    """

    supports_masking = True

    LOWER_END = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946
    """Selu's limit towards minus infinity: minus its alpha times its scale."""

    def __init__(self, rate: float, *, noise_shape: Sequence[int] | None = None, **base: Any):
        super().__init__(**base)
        self.rate = number(rate, "rate")
        self.noise_shape = sizes_or_none(noise_shape, "noise_shape")

    def call(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or not 0 < self.rate < 1:
            return x
        given = self.noise_shape or [None] * x.dim()
        shape = [own if size is None else size for size, own in zip(given, x.shape, strict=True)]
        dropped = torch.rand(shape, device=x.device) < self.rate
        slope = ((1 - self.rate) * (1 + self.rate * self.LOWER_END**2)) ** -0.5
        return slope * x.masked_fill(dropped, self.LOWER_END) - slope * self.LOWER_END * self.rate


gaussian_noise = GaussianNoise
gaussian_dropout = GaussianDropout
alpha_dropout = AlphaDropout
