"""Layers that make one tensor of several: `layers.add().apply([a, b])`."""

import functools
from collections.abc import Sequence
from typing import Any

import torch

from velveteen.errors import ArgumentError, ShapeError
from velveteen.layers._arguments import integer, integer_or_integers
from velveteen.layers.base import Layer, is_shape_list
from velveteen.ops import arithmetic
from velveteen.tensors import Shape

__all__ = [
    "Add",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
]

Size = int | None


class _Merge(Layer):
    """Merges a list of tensors; the element-wise ones broadcast, shapes being aligned at the end and after the batch."""

    supports_masking = True
    inputs_are_many = True

    def check_input_shape(self, input_shape: Any) -> None:
        if not is_shape_list(input_shape) or len(input_shape) < 2:
            raise ShapeError(
                f'Layer "{self.name}" merges a list of at least two tensors, but got '
                f"{f'{len(input_shape)} in a list' if is_shape_list(input_shape) else 'one'}. Write apply([a, b])."
            )
        batches = {shape[0] for shape in input_shape if shape[0] is not None}
        if len(batches) > 1:
            raise ShapeError(
                f'Layer "{self.name}" cannot merge batches of different sizes: {_listed(input_shape)}. '
                "Give all inputs the same number of examples."
            )
        self.check_examples(input_shape)

    def check_examples(self, input_shape: Sequence[Sequence[Size]]) -> None:
        """Raises a ShapeError unless examples of these shapes fit together."""
        functools.reduce(self._broadcast, [tuple(shape[1:]) for shape in input_shape])

    def _broadcast(self, a: tuple[Size, ...], b: tuple[Size, ...]) -> tuple[Size, ...]:
        if len(a) < len(b):
            a, b = b, a
        merged = list(a[: len(a) - len(b)])
        for i, j in zip(a[len(a) - len(b) :], b, strict=True):
            if i is not None and j is not None and i != j and 1 not in (i, j):
                raise ShapeError(
                    f'Layer "{self.name}" cannot bring examples of shape {Shape(a)} and {Shape(b)} together. '  # type: ignore[arg-type]
                    "Sizes must be equal, or 1. Use concatenate() to put them side by side."
                )
            merged.append(None if i is None or j is None else j if i == 1 else i)
        return tuple(merged)

    def compute_output_shape(self, input_shape: Sequence[Sequence[Size]]) -> tuple[Size, ...]:
        batches = [shape[0] for shape in input_shape if shape[0] is not None]
        merged = functools.reduce(self._broadcast, [tuple(shape[1:]) for shape in input_shape])
        return (batches[0] if batches else None, *merged)

    def compute_mask(self, inputs: Sequence[torch.Tensor], mask: Any = None) -> torch.Tensor | None:
        given = [each for each in mask or () if each is not None]
        return functools.reduce(torch.logical_and, given) if given else None

    def call(self, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
        rank = max(x.dim() for x in inputs)
        return self.merge([x if x.dim() == rank else _to_rank(x, rank) for x in inputs])

    def merge(self, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
        """Returns what becomes of tensors of the same rank."""
        raise NotImplementedError


def _to_rank(x: torch.Tensor, rank: int) -> torch.Tensor:
    return x.reshape(x.shape[0], *(1,) * (rank - x.dim()), *x.shape[1:])


def _listed(shapes: Sequence[Sequence[Size]]) -> str:
    return " and ".join(str(Shape(shape)) for shape in shapes)  # type: ignore[arg-type]


class Add(_Merge):
    """The sum, element by element."""

    def merge(self, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
        return functools.reduce(torch.add, inputs)


class Multiply(_Merge):
    """The product, element by element."""

    def merge(self, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
        return functools.reduce(torch.mul, inputs)


class Average(_Merge):
    """The mean, element by element."""

    def merge(self, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
        return functools.reduce(torch.add, inputs) * (1 / len(inputs))


class Maximum(_Merge):
    """The largest value, element by element; where several are, the gradient goes to the first."""

    def merge(self, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
        return functools.reduce(arithmetic.maximum, inputs)


class Minimum(_Merge):
    """The smallest value, element by element; where several are, the gradient goes to the first."""

    def merge(self, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
        return functools.reduce(arithmetic.minimum, inputs)


class Concatenate(_Merge):
    """Puts tensors one behind the other along an axis.

    Args:
        axis: counted with the batch, or from the end; the last by default.
    """

    def __init__(self, axis: int = -1, **base: Any):
        super().__init__(**base)
        self.axis = integer(axis, "axis")

    def check_examples(self, input_shape: Sequence[Sequence[Size]]) -> None:
        rank = len(input_shape[0])
        others = [[size for axis, size in enumerate(shape) if axis != self.axis % rank] for shape in input_shape]
        fits = -rank <= self.axis < rank and all(
            len(shape) == len(others[0])
            and all(None in pair or pair[0] == pair[1] for pair in zip(shape, others[0], strict=True))
            for shape in others
        )
        if not fits:
            raise ShapeError(
                f'Layer "{self.name}" puts tensors together along axis {self.axis}, so all other sizes must be equal, '
                f"but they are {_listed(input_shape)}. Pad or crop them, or choose another axis."
            )

    def compute_output_shape(self, input_shape: Sequence[Sequence[Size]]) -> tuple[Size, ...]:
        merged = list(input_shape[0])
        sizes = [shape[self.axis] for shape in input_shape]
        merged[self.axis] = None if None in sizes else sum(sizes)  # type: ignore[arg-type]
        return tuple(merged)

    def compute_mask(self, inputs: Sequence[torch.Tensor], mask: Any = None) -> torch.Tensor | None:
        if not mask or all(each is None for each in mask):
            return None
        whole = [
            torch.ones_like(x, dtype=torch.bool) if each is None else _widen(each, x)
            for x, each in zip(inputs, mask, strict=True)
        ]
        return torch.cat(whole, self.axis).all(-1)

    def call(self, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
        return torch.cat(list(inputs), self.axis)


def _widen(mask: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return mask.reshape(*mask.shape, *(1,) * (x.dim() - mask.dim())).expand(x.shape)


class Dot(_Merge):
    """The dot products of two tensors along an axis of each, example by example.

    Shapes: [batch, a] and [batch, a] → [batch, 1]; [batch, a, k] and [batch, b, k] → [batch, a, b] with axes 2.

    Args:
        axes: the axis of both, or of each, counted with the batch or from the end.
        normalize: whether to divide by the lengths, which makes it the cosine of the angle.
    """

    EPSILON = 1e-7
    """The least square of a length, so that nothing is divided by 0: TensorFlow.js's epsilon()."""

    def __init__(self, axes: int | Sequence[int], *, normalize: bool = False, **base: Any):
        super().__init__(**base)
        self.axes = integer_or_integers(axes, "axes")
        if not isinstance(self.axes, int) and len(self.axes) != 2:
            raise ArgumentError(f"axes must be an integer or two of them, one for each input, got {axes!r:.200}.")
        self.normalize = normalize

    def _places(self, ranks: Sequence[int]) -> tuple[int, int]:
        first, second = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        return first % ranks[0], second % ranks[1]

    def check_examples(self, input_shape: Sequence[Sequence[Size]]) -> None:
        if len(input_shape) != 2 or any(len(shape) not in (2, 3) for shape in input_shape):
            raise ShapeError(
                f'Layer "{self.name}" takes two tensors of rank 2 or 3, but got {_listed(input_shape)}. Reshape them.'
            )
        places = self._places([len(shape) for shape in input_shape])
        sizes = [shape[place] for shape, place in zip(input_shape, places, strict=True)]
        if 0 in places or (None not in sizes and sizes[0] != sizes[1]):
            raise ShapeError(
                f'Layer "{self.name}" multiplies along the axes {list(places)} of {_listed(input_shape)}, which have the '
                f"sizes {sizes[0]} and {sizes[1]}. Choose axes of the same size, and not the batch."
            )

    def compute_output_shape(self, input_shape: Sequence[Sequence[Size]]) -> tuple[Size, ...]:
        places = self._places([len(shape) for shape in input_shape])
        left = [
            size
            for shape, place in zip(input_shape, places, strict=True)
            for axis, size in enumerate(shape)
            if axis not in (0, place)
        ]
        return (input_shape[0][0], *(left or [1]))

    def compute_mask(self, inputs: Sequence[torch.Tensor], mask: Any = None) -> None:
        return None

    def passes_mask(self, masked: bool) -> bool:
        return False

    def call(self, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
        a, b = (x.movedim(place, -1) for x, place in zip(inputs, self._places([x.dim() for x in inputs]), strict=True))
        if self.normalize:
            a, b = self._unit(a), self._unit(b)
        a_row, b_row = a.dim() == 2, b.dim() == 2
        if a_row and b_row:
            return (a * b).sum(-1, keepdim=True)
        product = (a.unsqueeze(1) if a_row else a) @ (b.unsqueeze(1) if b_row else b).mT
        return product.squeeze(1) if a_row else product.squeeze(2) if b_row else product

    def _unit(self, x: torch.Tensor) -> torch.Tensor:
        return x * x.square().sum(-1, keepdim=True).clamp(min=self.EPSILON).rsqrt()


add = Add
multiply = Multiply
average = Average
maximum = Maximum
minimum = Minimum
concatenate = Concatenate
dot = Dot
