"""Embedding: a vector of its own for each whole number."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from velveteen import constraints, initializers, regularizers
from velveteen.errors import ArgumentError, ShapeError
from velveteen.layers._arguments import integer, no_activity_regularizer, positive_integer
from velveteen.layers.base import Layer
from velveteen.tensors import Shape

__all__ = ["Embedding", "embedding"]


class Embedding(Layer):
    """Looks up a trainable vector for each whole number.

    Shapes: [batch, …] → [batch, …, output_dim].

    Args:
        input_dim: how many numbers there are: the inputs are 0 … input_dim - 1.
        output_dim: the size of each vector.
        embeddings_initializer: "random_uniform" by default; the weight is [input_dim, output_dim].
        embeddings_regularizer, embeddings_constraint: none by default.
        activity_regularizer: must be None.
        mask_zero: whether 0 is padding, which later layers skip.
        input_length: the length of the sequences (a list for several axes), when it is fixed.
    """

    embeddings: torch.Tensor

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        *,
        embeddings_initializer: Any = "random_uniform",
        embeddings_regularizer: Any = None,
        activity_regularizer: None = None,
        embeddings_constraint: Any = None,
        mask_zero: bool | None = False,
        input_length: int | Sequence[int | None] | None = None,
        **base: Any,
    ):
        if base.get("batch_input_shape") is None and base.get("input_shape") is None:
            base["input_shape"] = _lengths(input_length) or (None,)
        super().__init__(**base)
        no_activity_regularizer(activity_regularizer)
        self.input_dim = positive_integer(input_dim, "input_dim")
        self.output_dim = positive_integer(output_dim, "output_dim")
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.activity_regularizer = activity_regularizer
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = bool(mask_zero)
        self.input_length = input_length

    @property
    def makes_mask(self) -> bool:
        return self.mask_zero

    def build(self, input_shape: Sequence[int | None]) -> None:
        self.add_weight(
            "embeddings",
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def compute_mask(self, inputs: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor | None:
        return inputs != 0 if self.mask_zero else None

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        lengths = _lengths(self.input_length)
        if not lengths:
            return (*input_shape, self.output_dim)
        given = tuple(input_shape[1:])
        if len(lengths) != len(given) or any(
            None not in pair and pair[0] != pair[1] for pair in zip(lengths, given, strict=True)
        ):
            raise ShapeError(
                f'Layer "{self.name}" has input_length {self.input_length}, but got input of shape '
                f"{Shape(input_shape)}. Leave input_length out for sequences of any length."  # type: ignore[arg-type]
            )
        known = [size if length is None else length for length, size in zip(lengths, given, strict=True)]
        return (input_shape[0], *known, self.output_dim)

    def call(self, x: torch.Tensor) -> torch.Tensor:
        indices = x if x.dtype in (torch.int32, torch.int64) else x.to(torch.int64)
        try:
            return F.embedding(indices, self.embeddings)
        except IndexError as error:
            raise ArgumentError(
                f'Layer "{self.name}" has vectors for 0 … {self.input_dim - 1}, but got numbers from {indices.min()} to '
                f"{indices.max()}. Make input_dim larger than the largest number."
            ) from error


def _lengths(input_length: int | Sequence[int | None] | None) -> tuple[int | None, ...]:
    if input_length is None:
        return ()
    lengths = input_length if isinstance(input_length, list | tuple) else [input_length]
    return tuple(None if length is None else integer(length, "input_length", 0) for length in lengths)


embedding = Embedding
