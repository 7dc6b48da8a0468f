"""Which shapes a layer expects, and what it says of others."""

from collections.abc import Sequence
from typing import Any

from velveteen.errors import ShapeError
from velveteen.layers._arguments import LARGEST
from velveteen.tensors import Shape


class Expecting:
    """What a layer knows of the shape of its input."""

    name: str

    def expects(self, *ranks: int, min_rank: int = 0, axes: dict[int, int] | None = None, usual_rank: int = 0) -> None:
        """Says which inputs fit, for `check_input_shape`.

        Args:
            ranks: the ranks that fit; none for any.
            min_rank: the least rank.
            axes: sizes that some axes must have.
            usual_rank: among those from `min_rank` on, the one to name in errors.
        """
        self._expected_ranks = ranks
        self._min_rank = min_rank
        self._usual_rank = usual_rank
        self._expected_axes = axes or {}

    def check_input_shape(self, input_shape: Any) -> None:
        """Raises a ShapeError that says what to do, unless the shape fits what `expects` was told."""
        if is_shape_list(input_shape):
            return
        rank = len(input_shape)
        fits = (not self._expected_ranks or rank in self._expected_ranks) and rank >= self._min_rank
        if fits:
            fits = all(input_shape[axis] in (None, size) for axis, size in self._expected_axes.items())
        if not fits:
            raise ShapeError(
                f'Layer "{self.name}" expects input of shape {self._expectation(rank)} but got {Shape(input_shape)}. '
                f"{shape_hint(self._expected_ranks or (self._usual_rank or self._min_rank,), self._expected_axes, input_shape)}"
            )

    def _expectation(self, rank_given: int) -> str:
        rank = self._expected_ranks[0] if self._expected_ranks else self._usual_rank or max(rank_given, self._min_rank)
        sizes: list[Any] = ["null"] * rank
        for axis, size in self._expected_axes.items():
            sizes[axis] = size
        return "[" + ", ".join(map(str, sizes)) + ("]" if self._expected_ranks else ", …]" if not sizes else "]")


def check_shape(shape: Any, where: str) -> Shape:
    """Returns a batch input shape, or raises a ShapeError that says what is wrong with it."""
    sizes = list(shape) if isinstance(shape, list | tuple) else None
    if sizes is None or not all(size is None or (isinstance(size, int) and 0 <= size <= LARGEST) for size in sizes):
        raise ShapeError(
            f'The input shape of "{where}" must be a list of sizes, with None for those that vary, got {shape!r:.200}.'
        )
    return Shape(sizes)


def is_shape_list(shape: Any) -> bool:
    """Returns whether `shape` is a list of shapes rather than one shape."""
    return isinstance(shape, list | tuple) and bool(shape) and isinstance(shape[0], list | tuple)


def shape_hint(ranks: Sequence[int], axes: dict[int, int], given: Sequence[int | None]) -> str:
    """Returns what to do about a shape that does not fit."""
    rank = ranks[0] if ranks else len(given)
    if rank == 2 and len(given) > 2:
        return "Add layers.flatten() before it, or reshape."
    if rank == len(given) + 1 and rank > 2 and axes.get(-1, 1) == 1:
        return "Add an axis for the channels, with layers.reshape() or tensor.expand_dims(-1)."
    if rank == len(given) + 1:
        return "Is the batch axis missing? Put one example into a batch with tensor.expand_dims(0)."
    return "Reshape the data, or change the model's input_shape."
