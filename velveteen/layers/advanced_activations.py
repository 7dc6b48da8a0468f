"""Activations that have settings or weights, as layers."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from velveteen import constraints, initializers, regularizers
from velveteen.errors import ArgumentError, ShapeError
from velveteen.layers._arguments import as_float, integer_or_integers, number, number_or_none
from velveteen.layers.base import Layer
from velveteen.tensors import Shape

__all__ = [
    "Elu",
    "LeakyRelu",
    "Prelu",
    "Relu",
    "Softmax",
    "ThresholdedRelu",
    "elu",
    "leaky_relu",
    "prelu",
    "relu",
    "softmax",
    "thresholded_relu",
]


class Relu(Layer):
    """Returns `max(x, 0)`, and at most `max_value`.

    Args:
        max_value: the upper limit; none by default.
    """

    class_name = "ReLU"
    supports_masking = True

    def __init__(self, max_value: float | None = None, **base: Any):
        super().__init__(**base)
        self.max_value = number_or_none(max_value, "max_value")

    def call(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(as_float(x))
        return y if self.max_value is None else y.clamp(0.0, float(self.max_value))


class LeakyRelu(Layer):
    """Returns `x` where it is positive, else `alpha·x`.

    Args:
        alpha: the slope below zero.
    """

    class_name = "LeakyReLU"

    def __init__(self, alpha: float = 0.3, **base: Any):
        super().__init__(**base)
        self.alpha = number(alpha, "alpha")

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return F.leaky_relu(as_float(x), self.alpha)


class Prelu(Layer):
    """Returns `x` where it is positive, else `alpha·x` with a trainable alpha (He et al., 2015, arXiv:1502.01852).

    Args:
        alpha_initializer: zeros by default; alpha has the shape of one example.
        alpha_regularizer, alpha_constraint: none by default.
        shared_axes: the axes along which alpha is the same: [1, 2] for one alpha a channel of a picture.
    """

    class_name = "PReLU"
    supports_masking = True

    alpha: torch.Tensor

    def __init__(
        self,
        *,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **base: Any,
    ):
        super().__init__(**base)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        shared = None if shared_axes is None else integer_or_integers(shared_axes, "shared_axes")
        self.shared_axes = (shared,) if isinstance(shared, int) else shared

    def build(self, input_shape: Sequence[int | None]) -> None:
        shared = self.shared_axes or ()
        if any(not 1 <= axis < len(input_shape) for axis in shared):
            raise ArgumentError(
                f'Layer "{self.name}": shared_axes are counted with the batch, so they are from 1 to '
                f"{len(input_shape) - 1} here, got {list(shared)}."
            )
        shape = [1 if axis in shared else size for axis, size in enumerate(input_shape)][1:]
        if None in shape:
            raise ShapeError(
                f'Layer "{self.name}" has an alpha for each value, so it must know the sizes, but its input is '
                f"{Shape(input_shape)}. Give a complete input_shape, or put the open axes into shared_axes."  # type: ignore[arg-type]
            )
        self.add_weight(
            "alpha",
            shape,  # type: ignore[arg-type]
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        sizes = {axis: size for axis, size in enumerate(input_shape) if axis and axis not in shared}
        self.expects(len(input_shape), axes=sizes)  # type: ignore[arg-type]

    def call(self, x: torch.Tensor) -> torch.Tensor:
        if self.alpha.numel() == self.alpha.shape[-1]:  # one a channel: PyTorch has a kernel, with channels second
            return F.prelu(x.movedim(-1, 1), self.alpha.flatten()).movedim(1, -1)
        return torch.where(x > 0, x, self.alpha * x)


class Elu(Layer):
    """Returns `x` where it is positive, else `exp(x) - 1` (Clevert et al., 2015, arXiv:1511.07289).

    Args:
        alpha: must be 1, the only value that TensorFlow.js computes with.
    """

    class_name = "ELU"

    def __init__(self, alpha: float = 1.0, **base: Any):
        super().__init__(**base)
        if alpha != 1:
            raise ArgumentError(f"elu() has alpha 1 in TensorFlow.js and no other, got {alpha}. Leave it out.")
        self.alpha = alpha

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return F.elu(as_float(x))


class ThresholdedRelu(Layer):
    """Returns `x` where it is above `theta`, else 0.

    Args:
        theta: the threshold.
    """

    class_name = "ThresholdedReLU"

    def __init__(self, theta: float = 1.0, **base: Any):
        super().__init__(**base)
        self.theta = number(theta, "theta")

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return F.threshold(as_float(x), self.theta, 0.0)


class Softmax(Layer):
    """Returns `exp(x) / sum(exp(x))`: positive numbers that sum to 1.

    Args:
        axis: along which they sum to 1, or a list; 1 by default, as in TensorFlow.js, which cannot compute any single
            axis but the last. Write axis=-1 for anything of a rank above 2.
    """

    MASKED = -1e9
    """What is added where the mask is false: enough that the exponential is 0."""

    def __init__(self, axis: int | Sequence[int] = 1, **base: Any):
        super().__init__(**base)
        self.axis = integer_or_integers(axis, "axis")

    def call(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        x = as_float(x)
        if mask is not None:
            x = x + (1 - mask.to(x.dtype)) * self.MASKED
        if isinstance(self.axis, int):
            return torch.softmax(x, self.axis)
        return torch.exp(x - torch.logsumexp(x, self.axis, keepdim=True))


relu = Relu
leaky_relu = LeakyRelu
prelu = Prelu
elu = Elu
thresholded_relu = ThresholdedRelu
softmax = Softmax
