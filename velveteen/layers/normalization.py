"""Normalization over the batch, or over each example."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from velveteen import constraints, initializers, regularizers
from velveteen.errors import ArgumentError, ShapeError
from velveteen.layers._arguments import as_float, integer, integer_or_integers, number
from velveteen.layers.base import Layer
from velveteen.tensors import Shape

__all__ = ["BatchNormalization", "LayerNormalization", "batch_normalization", "layer_normalization"]


class BatchNormalization(Layer):
    """Gives each channel mean 0 and variance 1, then scales and shifts it (Ioffe & Szegedy, 2015, arXiv:1502.03167).

    While training, mean and variance are those of the batch; else those that moved along during training. Both
    variances divide by the number of values, as TensorFlow.js's do, and not by one less.

    Args:
        axis: the axis of the channels, counted with the batch; the last by default.
        momentum: how much of the moving mean and variance a batch leaves as it is.
        epsilon: added to the variance.
        center, scale: whether there is a beta to add, and a gamma to multiply with.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: zeros, ones, zeros and
            ones by default.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: none by default.
    """

    supports_masking = True

    gamma: torch.Tensor | None
    beta: torch.Tensor | None
    moving_mean: torch.Tensor
    moving_variance: torch.Tensor
    sum_over_processes: Callable[[torch.Tensor], torch.Tensor] | None = None
    """Set while several processes train with one mean and variance."""

    def __init__(
        self,
        *,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **base: Any,
    ):
        super().__init__(**base)
        self.axis = integer(axis, "axis")
        self.momentum = number(momentum, "momentum")
        self.epsilon = number(epsilon, "epsilon")
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.register_parameter("gamma", None)
        self.register_parameter("beta", None)
        self.expects(min_rank=2)

    def build(self, input_shape: Sequence[int | None]) -> None:
        (axis,) = _axes_within(self.axis, input_shape, self.name)
        shape = (_known(input_shape, axis, self.name),)
        if self.scale:
            self.add_weight(
                "gamma",
                shape,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.add_weight(
                "beta",
                shape,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )
        self.add_weight("moving_mean", shape, self.moving_mean_initializer, trainable=False)
        self.add_weight("moving_variance", shape, self.moving_variance_initializer, trainable=False)
        self.expects(len(input_shape), axes={axis if axis < len(input_shape) - 1 else -1: shape[0]})

    def call(self, x: torch.Tensor) -> torch.Tensor:
        x = as_float(x)
        if (
            x.dim() == 3 and self.axis % 3
        ):  # a line is a picture of one row, for which PyTorch has a channels_last kernel
            axis = self.axis % 3 + 1
            return self._normalize(x.unsqueeze(1).movedim(axis, 1)).movedim(1, axis).squeeze(1)
        return self._normalize(x.movedim(self.axis, 1)).movedim(1, self.axis)

    def _normalize(self, x: torch.Tensor) -> torch.Tensor:
        """Normalizes x, whose channels are its second axis."""
        if not self.training:
            return F.batch_norm(x, self.moving_mean, self.moving_variance, self.gamma, self.beta, eps=self.epsilon)
        if self.sum_over_processes is not None:
            return self._with_others(x, self.sum_over_processes)
        count = x.numel() // x.shape[1]
        if count == 1:
            return self._of_one_value(x)
        # PyTorch's kernel writes the batch's mean and variance here; it keeps what it is given for the backward pass,
        # so the moving ones, which change, cannot be handed in.
        mean, variance = torch.zeros_like(self.moving_mean), torch.ones_like(self.moving_variance)
        y = F.batch_norm(x, mean, variance, self.gamma, self.beta, training=True, momentum=1.0, eps=self.epsilon)
        with torch.no_grad():
            self.moving_mean.lerp_(mean, 1 - self.momentum)
            # PyTorch divides by count - 1, TensorFlow.js by count.
            self.moving_variance.lerp_(variance * (1 - 1 / count), 1 - self.momentum)
        return y

    def _with_others(self, x: torch.Tensor, total: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """Normalizes x, a part of the batch, by the mean and variance of all parts."""
        axes = [axis for axis in range(x.dim()) if axis != 1]
        channels = [1, -1] + [1] * (x.dim() - 2)
        values = x.float()
        count = total(values.new_tensor(float(x.numel() // x.shape[1])))
        mean = total(values.sum(axes)) / count
        centered = values - mean.view(channels)
        variance = total(centered.square().sum(axes)) / count
        with torch.no_grad():
            self.moving_mean.lerp_(mean, 1 - self.momentum)
            self.moving_variance.lerp_(variance, 1 - self.momentum)
        scale = torch.rsqrt(variance + self.epsilon)
        y = centered * (scale if self.gamma is None else scale * self.gamma).view(channels)
        return (y if self.beta is None else y + self.beta.view(channels)).to(x.dtype)

    def _of_one_value(self, x: torch.Tensor) -> torch.Tensor:
        """Normalizes a single value a channel, which PyTorch refuses: it is its own mean, with variance 0."""
        channels = [1, -1] + [1] * (x.dim() - 2)
        with torch.no_grad():
            self.moving_mean.lerp_(x.flatten().to(self.moving_mean.dtype), 1 - self.momentum)
            self.moving_variance.mul_(self.momentum)
        y = (x - x) if self.gamma is None else (x - x) * self.gamma.view(channels)
        return y if self.beta is None else y + self.beta.view(channels)


class LayerNormalization(Layer):
    """Gives each example mean 0 and variance 1 along some axes, then scales and shifts (Ba et al., 2016, arXiv:1607.06450).

    Args:
        axis: the axis or axes, counted with the batch; the last by default.
        epsilon: added to the variance.
        center, scale: whether there is a beta to add, and a gamma to multiply with.
        beta_initializer, gamma_initializer: zeros and ones by default; both weights have the sizes of the axes.
        beta_regularizer, gamma_regularizer: none by default.
    """

    supports_masking = True

    gamma: torch.Tensor | None
    beta: torch.Tensor | None

    def __init__(
        self,
        *,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **base: Any,
    ):
        super().__init__(**base)
        self.axis = integer_or_integers(axis, "axis")
        self.epsilon = number(epsilon, "epsilon")
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.register_parameter("gamma", None)
        self.register_parameter("beta", None)

    def build(self, input_shape: Sequence[int | None]) -> None:
        axes = _axes_within(self.axis, input_shape, self.name)
        shape = [_known(input_shape, axis, self.name) for axis in axes]
        if self.scale:
            self.add_weight("gamma", shape, self.gamma_initializer, regularizer=self.gamma_regularizer)
        if self.center:
            self.add_weight("beta", shape, self.beta_initializer, regularizer=self.beta_regularizer)
        # TensorFlow.js reads the weights along the axes in ascending order, in whatever order they were given.
        self._axes = tuple(sorted(axes))
        self._sizes = tuple(_known(input_shape, axis, self.name) for axis in self._axes)
        self._last = tuple(range(-len(axes), 0))
        self._are_last = self._axes == tuple(range(len(input_shape) - len(axes), len(input_shape)))
        self.expects(len(input_shape), axes=dict(zip(self._axes, self._sizes, strict=True)))

    def call(self, x: torch.Tensor) -> torch.Tensor:
        x = as_float(x)
        gamma = None if self.gamma is None else self.gamma.reshape(self._sizes)
        beta = None if self.beta is None else self.beta.reshape(self._sizes)
        if self._are_last:
            return F.layer_norm(x, self._sizes, gamma, beta, self.epsilon)
        moved = x.movedim(self._axes, self._last)
        return F.layer_norm(moved, self._sizes, gamma, beta, self.epsilon).movedim(self._last, self._axes)


def _axes_within(axis: int | Sequence[int], shape: Sequence[int | None], name: str) -> list[int]:
    """Returns the axes counted from the start, or raises unless the shape has them and each comes once."""
    axes = [axis] if isinstance(axis, int) else list(axis)
    rank = len(shape)
    found = [each % rank for each in axes if isinstance(each, int) and -rank <= each < rank]
    if len(found) != len(axes) or len(set(found)) != len(found) or not found:
        raise ArgumentError(
            f'Layer "{name}" normalizes along axis {axis}, but its input of shape {Shape(shape)} has the axes '  # type: ignore[arg-type]
            f"{-rank} to {rank - 1}, each to be named once."
        )
    return found


def _known(shape: Sequence[int | None], axis: int, name: str) -> int:
    size = shape[axis]
    if size is None:
        raise ShapeError(
            f'Layer "{name}" must know the size of axis {axis} of its input, but it is null in {Shape(shape)}. '  # type: ignore[arg-type]
            "Give the model an input_shape with that size."
        )
    return size


batch_normalization = BatchNormalization
layer_normalization = LayerNormalization
