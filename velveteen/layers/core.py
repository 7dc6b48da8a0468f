"""The layers that most models are made of: inputs, dense connections, activations, dropout, masking."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from velveteen import activations, constraints, initializers, regularizers
from velveteen.errors import ArgumentError, ShapeError
from velveteen.layers._arguments import (
    as_float,
    in_place,
    integer_or_none,
    no_activity_regularizer,
    number,
    positive_integer,
    sizes_or_none,
)
from velveteen.layers._graph import Node, SymbolicTensor
from velveteen.layers.base import Layer
from velveteen.ops import _dropping
from velveteen.ops._linear import linear
from velveteen.tensors import Shape, check_dtype

__all__ = [
    "Activation",
    "Dense",
    "Dropout",
    "InputLayer",
    "Masking",
    "SpatialDropout1d",
    "activation",
    "dense",
    "dropout",
    "input",
    "input_layer",
    "masking",
    "spatial_dropout1d",
]


class InputLayer(Layer):
    """Where data enters a model.

    Args:
        sparse: kept for files from TensorFlow.js; tensors are dense.
        base: `input_shape` or `batch_input_shape` is needed, `dtype` is float32 by default.

    Raises:
        ArgumentError: no shape, or both.
    """

    def __init__(self, *, sparse: bool = False, **base: Any):
        if base.get("input_shape") is not None and base.get("batch_input_shape") is not None:
            raise ArgumentError("An input layer takes either input_shape or batch_input_shape, but got both.")
        base["trainable"] = False
        super().__init__(**base)
        if self.batch_input_shape is None:
            raise ArgumentError(
                "An input layer needs an input_shape, such as input_shape=[784], or a batch_input_shape."
            )
        check_dtype(self.dtype)
        self.sparse = sparse
        self.built = True
        Node(self, [], [SymbolicTensor(self.batch_input_shape, self.dtype, self)])

    @property
    def input(self) -> SymbolicTensor:
        """The symbolic tensor to build a model on."""
        return self.output

    def apply(self, inputs: Any, **arguments: Any) -> Any:  # type: ignore[override]
        if callable(inputs) and not isinstance(inputs, torch.nn.Module):
            return super().apply(inputs)
        raise ArgumentError(
            f'"{self.name}" is an input layer: nothing goes into it. Use its output, or make it with layers.input().'
        )

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs


def input(
    shape: Sequence[int | None] | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    dtype: str | None = None,
    sparse: bool = False,
) -> SymbolicTensor:
    """Makes the symbolic tensor that a functional model starts from.

    Args:
        shape: of one example, with None where the size varies.
        batch_shape: the same with the batch size (or None) in front, instead of `shape`.
        name: of the input layer.
        dtype: "float32" by default.
        sparse: kept for programs from TensorFlow.js.

    Raises:
        ArgumentError: neither shape nor batch_shape, or both.
    """
    if (shape is None) == (batch_shape is None):
        raise ArgumentError(
            "input() takes either shape (of one example) or batch_shape (with the batch size in front), "
            f"but got {'neither' if shape is None else 'both'}. Write input([784]), for example."
        )
    layer = InputLayer(input_shape=shape, batch_input_shape=batch_shape, name=name, dtype=dtype, sparse=sparse)
    return layer.output


class Dense(Layer):
    """Computes `activation(x @ kernel + bias)` on the last axis.

    Shapes: [batch, …, features] → [batch, …, units].

    Args:
        units: how many outputs.
        activation: a name or a function of a tensor; none by default.
        use_bias: whether to add a bias.
        kernel_initializer: "glorot_normal" by default; the kernel is [features, units].
        bias_initializer: zeros by default.
        kernel_regularizer, bias_regularizer: what they add to the loss; nothing by default.
        kernel_constraint, bias_constraint: applied after each step; none by default.
        activity_regularizer: must be None.
        input_dim: short for `input_shape=[input_dim]`.
    """

    supports_masking = True

    kernel: torch.Tensor
    bias: torch.Tensor | None

    def __init__(
        self,
        units: int,
        *,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_normal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: None = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **base: Any,
    ):
        input_dim = base.pop("input_dim", None)
        if input_dim is not None and base.get("input_shape") is None and base.get("batch_input_shape") is None:
            base["input_shape"] = [input_dim]
        super().__init__(**base)
        no_activity_regularizer(activity_regularizer)
        self.units = positive_integer(units, "units")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = activity_regularizer
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._in_place = in_place(self.activation)
        self.register_parameter("bias", None)
        self.expects(min_rank=2)

    def build(self, input_shape: Sequence[int | None]) -> None:
        features = input_shape[-1]
        if features is None:
            raise ShapeError(
                f'Layer "{self.name}" must know the size of the last axis of its input, but it is null in {Shape(input_shape)}. '  # type: ignore[arg-type]
                "Give the model an input_shape with that size."
            )
        self.add_weight(
            "kernel",
            (features, self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            stored=(1, 0),
        )
        if self.use_bias:
            self.add_weight(
                "bias",
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.expects(min_rank=2, axes={-1: features}, usual_rank=len(input_shape))

    def linear(self, x: torch.Tensor) -> torch.Tensor:
        """Returns `x @ kernel + bias`."""
        return linear(as_float(x), self.kernel, self.bias)

    @property
    def before_softmax(self) -> Callable[[torch.Tensor], torch.Tensor] | None:
        return self.linear if self.activation is activations.softmax else None

    def call(self, x: torch.Tensor) -> torch.Tensor:
        y = self.linear(x)
        if self._in_place is not None and y.dim() == 2:  # of a higher rank it is a view
            return self._in_place(y)
        return self.activation(y)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.units)


class Activation(Layer):
    """Applies an activation function element by element (softmax: over the last axis).

    Args:
        activation: a name, such as "relu", or a function of a tensor.
    """

    supports_masking = True

    def __init__(self, activation: str | Callable[..., torch.Tensor], **base: Any):
        super().__init__(**base)
        self.activation = activations.get(activation)

    @property
    def before_softmax(self) -> Callable[[torch.Tensor], torch.Tensor] | None:
        return as_float if self.activation is activations.softmax else None

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return self.activation(as_float(x))


class Dropout(Layer):
    """Sets a random part of the values to zero while training, and scales the others up so that the sum stays.

    Args:
        rate: the part that is dropped, from 0 to 1; values outside are moved to the nearer end. Nothing is dropped at
            exactly 0 or 1, as in TensorFlow.js.
        noise_shape: shape of the pattern of zeros, 1 where an axis shares it, None for the input's own size.
        seed: makes the patterns of this layer repeatable. Each call draws a new one.
    """

    supports_masking = True

    def __init__(
        self, rate: float, *, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **base: Any
    ):
        super().__init__(**base)
        self.rate = max(min(float(number(rate, "rate")), 1.0), 0.0)
        self.noise_shape = sizes_or_none(noise_shape, "noise_shape")
        self.seed = integer_or_none(seed, "seed")
        self._generator: torch.Generator | None = None

    def pattern_shape(self, x: torch.Tensor) -> Sequence[int] | None:
        """Returns the shape of the pattern of zeros, None for that of `x`."""
        if self.noise_shape is None:
            return None
        if len(self.noise_shape) != x.dim():
            raise ShapeError(
                f'Layer "{self.name}" has the noise_shape {Shape(self.noise_shape)}, but got input of shape '  # type: ignore[arg-type]
                f"{Shape(x.shape)}. Give a size for each axis, the batch included."
            )
        return [own if size is None else size for size, own in zip(self.noise_shape, x.shape, strict=True)]

    def call(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or not 0 < self.rate < 1:
            return x
        shape = self.pattern_shape(x)
        if shape is None and self.seed is None:
            return _dropping.dropout(x, self.rate)
        pattern = torch.empty(shape or x.shape, dtype=x.dtype, device=x.device)
        pattern.bernoulli_(1 - self.rate, generator=self._seeded(x.device)).div_(1 - self.rate)
        return x * pattern

    def _seeded(self, device: torch.device) -> torch.Generator | None:
        if self.seed is not None and (self._generator is None or self._generator.device.type != device.type):
            self._generator = torch.Generator(device).manual_seed(self.seed)
        return self._generator


class SpatialDropout1d(Dropout):
    """Drops whole channels of a sequence while training.

    Shapes: [batch, time, channels] → the same.

    Args:
        rate: the part of the channels that is dropped.
        seed: makes the patterns of this layer repeatable.
    """

    class_name = "SpatialDropout1D"

    def __init__(self, rate: float, *, seed: int | None = None, **base: Any):
        base.pop("noise_shape", None)  # TensorFlow.js's files have it, as null
        super().__init__(rate, seed=seed, **base)
        self.expects(3)

    def pattern_shape(self, x: torch.Tensor) -> Sequence[int]:
        return [x.shape[0], 1, x.shape[2]]


class Masking(Layer):
    """Masks the steps of a sequence in which all features equal `mask_value`, and sets them to zero.

    Shapes: [batch, time, …, features] → the same.

    Args:
        mask_value: the value that marks a step to skip.
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **base: Any):
        super().__init__(**base)
        self.mask_value = number(mask_value, "mask_value")

    @property
    def makes_mask(self) -> bool:
        return True

    def compute_mask(self, inputs: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        return (inputs != self.mask_value).any(-1)

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return x * (x != self.mask_value).any(-1, keepdim=True)


input_layer = InputLayer
dense = Dense
activation = Activation
dropout = Dropout
spatial_dropout1d = SpatialDropout1d
masking = Masking
