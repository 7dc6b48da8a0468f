"""Attention (Vaswani et al., 2017, arXiv:1706.03762), with Keras's config and weights."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from velveteen import constraints, initializers, regularizers
from velveteen.errors import ArgumentError, ShapeError
from velveteen.layers._arguments import as_float, number, positive_integer
from velveteen.layers.base import Layer, is_shape_list
from velveteen.tensors import Shape

__all__ = ["MultiHeadAttention", "multi_head_attention"]


class _Projection(Layer):
    """A kernel and a bias of any shape: one of the four products of attention."""

    kernel: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, name: str, shape: Sequence[int], bias_shape: Sequence[int] | None, owner: "MultiHeadAttention"):
        super().__init__(name=name)
        self.shape = shape
        self.bias_shape = bias_shape
        self.kernel_options = (owner.kernel_initializer, owner.kernel_regularizer, owner.kernel_constraint)
        self.bias_options = (owner.bias_initializer, owner.bias_regularizer, owner.bias_constraint)
        self.register_parameter("bias", None)

    def build(self, input_shape: Any) -> None:
        initializer, regularizer, constraint = self.kernel_options
        self.add_weight("kernel", self.shape, initializer, regularizer=regularizer, constraint=constraint)
        if self.bias_shape is not None:
            initializer, regularizer, constraint = self.bias_options
            self.add_weight("bias", self.bias_shape, initializer, regularizer=regularizer, constraint=constraint)

    def project(self, x: torch.Tensor, equation: str) -> torch.Tensor:
        y = torch.einsum(equation, x, self.kernel)
        return y if self.bias is None else y + self.bias


class MultiHeadAttention(Layer):
    """Lets each place of a sequence look at all places of another, or of itself, several times in parallel.

    A browser cannot load it: TensorFlow.js has no such layer.

    Shapes: [batch, time, features] → [batch, time, features]; or a list of query [batch, time, features], value
    [batch, others, …] and, if it differs from the value, key [batch, others, …] → [batch, time, features]. Kernels
    [features, num_heads, key_dim] for query, key and value, [num_heads, value_dim, features] for the output.

    `apply(x, use_causal_mask=True)` lets no place look at later ones. `attention_mask`, booleans [batch, time, others],
    tells which places each may look at. Nobody looks at places that a mask (of an embedding, say) leaves out.

    Args:
        num_heads: how often in parallel.
        key_dim: the size of each head's query and key.
        value_dim: the size of each head's value; `key_dim` by default.
        dropout: the part of the attention that is dropped in training.
        use_bias: whether to add biases.
        kernel_initializer: "glorot_uniform" by default, as in Keras.
        bias_initializer: zeros by default.
        kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint: of all four; none by default.
    """

    supports_masking = True

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        *,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **base: Any,
    ):
        super().__init__(**base)
        self.num_heads = positive_integer(num_heads, "num_heads")
        self.key_dim = positive_integer(key_dim, "key_dim")
        self.value_dim = positive_integer(key_dim if value_dim is None else value_dim, "value_dim")
        self.dropout = float(number(dropout, "dropout"))
        if not 0 <= self.dropout < 1:
            raise ArgumentError(f'"dropout" must be at least 0 and below 1, got {dropout}.')
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.expects(3)

    def build(self, input_shape: Any) -> None:
        query, value, key = (shape[-1] for shape in _three(input_shape))
        if None in (query, value, key):
            raise ShapeError(
                f'Layer "{self.name}" must know the size of the last axis of its inputs. '
                "Give the model an input_shape with that size."
            )

        def projection(name: str, shape: Sequence[int], bias_shape: Sequence[int]) -> _Projection:
            made = _Projection(name, shape, bias_shape if self.use_bias else None, self)
            made.ensure_built(None)
            return made

        heads, size, value_size = self.num_heads, self.key_dim, self.value_dim
        self.query_dense = projection("query", (query, heads, size), (heads, size))
        self.key_dense = projection("key", (key, heads, size), (heads, size))
        self.value_dense = projection("value", (value, heads, value_size), (heads, value_size))
        self.output_dense = projection("attention_output", (heads, value_size, query), (query,))

    def call(
        self,
        inputs: Any,
        use_causal_mask: bool = False,
        attention_mask: torch.Tensor | None = None,
        mask: Any = None,
    ) -> torch.Tensor:
        query, value, key = (as_float(x) for x in _three(inputs))
        allowed = self._allowed(query, value, use_causal_mask, attention_mask, mask)
        projected = self.query_dense.project(query, "btf,fhd->bthd").transpose(1, 2)
        if allowed is not None:  # who may look nowhere looks everywhere alike, as in Keras
            nowhere = ~allowed.any(dim=-1, keepdim=True)
            projected, allowed = projected.masked_fill(nowhere, 0.0), allowed | nowhere
        attended = F.scaled_dot_product_attention(
            projected,
            self.key_dense.project(key, "btf,fhd->bthd").transpose(1, 2),
            self.value_dense.project(value, "btf,fhd->bthd").transpose(1, 2),
            dropout_p=self.dropout if self.training else 0.0,
            attn_mask=allowed,
            is_causal=use_causal_mask and allowed is None,
        )
        return self.output_dense.project(attended, "bhtd,hdf->btf")

    def _allowed(
        self,
        query: torch.Tensor,
        value: torch.Tensor,
        causal: bool,
        attention_mask: torch.Tensor | None,
        mask: Any,
    ) -> torch.Tensor | None:
        """Returns which places may be looked at from which, [batch or 1, 1, time, others]; None for all."""
        masks = [] if attention_mask is None else [attention_mask.to(torch.bool)]
        if mask is not None:
            of_query, of_value, of_key = _three(mask)
            masks += [] if of_query is None else [of_query.to(torch.bool).unsqueeze(2)]
            masks += [part.to(torch.bool).unsqueeze(1) for part in (of_value, of_key) if part is not None]
        if not masks:
            return None
        shape = (query.shape[0], query.shape[1], value.shape[1])
        allowed = torch.ones(shape, dtype=torch.bool, device=query.device)
        if causal:
            allowed = allowed.tril()
        for part in masks:
            allowed = allowed & part
        return allowed.unsqueeze(1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None if mask is None else _three(mask)[0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(_three(input_shape)[0])

    def check_input_shape(self, input_shape: Any) -> None:
        shapes = input_shape if is_shape_list(input_shape) else [input_shape]
        if len(shapes) > 3:
            raise ArgumentError(f'Layer "{self.name}" takes query, value and key, but got {len(shapes)} tensors.')
        for shape in shapes:
            super().check_input_shape(shape)
        _, value, key = _three(input_shape)
        if value[1] != key[1]:
            raise ShapeError(
                f'Layer "{self.name}" needs as many keys as values, but got {Shape(key)} and {Shape(value)}. '
                "Give the inputs in the order query, value, key."
            )


def _three(inputs: Any) -> tuple[Any, Any, Any]:
    """Returns query, value and key from one, two or three inputs (or their shapes)."""
    listed = inputs if isinstance(inputs, list) or is_shape_list(inputs) else [inputs]
    return listed[0], listed[min(1, len(listed) - 1)], listed[-1 if len(listed) < 3 else 2]


multi_head_attention = MultiHeadAttention
