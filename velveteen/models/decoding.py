"""Writing sequences with a model that foretells the next symbol: the likeliest each time, or several versions at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from velveteen.errors import ArgumentError, ShapeError
from velveteen.tensors import Shape, TensorLike
from velveteen.training.arrays import _to_torch

Step = Callable[[torch.Tensor, list[torch.Tensor]], Sequence[Any]]


@dataclass(frozen=True)
class Decoded:
    """A sequence that was written.

    Attributes:
        symbols: its numbers, without the end.
        probability: that the model gives to it as a whole, its end included.
        notes: what the step told beside the probabilities, [symbols and the end, …]; None if it told nothing.
    """

    symbols: list[int]
    probability: float
    notes: np.ndarray | None = None


def beam_search(
    step: Step, states: Sequence[TensorLike], *, end: int, length: int, start: int | None = None, beams: int = 1
) -> list[list[Decoded]]:
    """Writes a sequence for each example, symbol after symbol, until its end.

    With one beam it takes the likeliest symbol each time (greedy decoding). With more it keeps so many beginnings, those
    that are likeliest as a whole, and tries every symbol behind each (Lowerre, "The HARPY speech recognition system", 1976).

    Args:
        step: takes the last symbol of each row, [rows] of int64, and the states; returns the probabilities of the next
            symbol, [rows, symbols], and the new states; and as a third, if you like, something about this step to keep,
            [rows, …], such as the attention.
        states: what the first step takes, each [examples, …]. In a step there are `beams` rows an example.
        end: the number of the symbol that ends a sequence.
        length: the most symbols to write, the end counted; a sequence that has none by then is cut off.
        start: the number that the first step takes; by default `end`, as if another sequence had ended before.
        beams: how many beginnings to keep.

    Returns:
        For each example its sequences, the likeliest first: `beams` of them, or fewer where no others are possible.

    Raises:
        ArgumentError: `beams` or `length` is not positive, there are no states, or `end` is no symbol.
        ShapeError: states of different numbers of examples, or probabilities of another shape.
    """
    if beams < 1 or length < 1:
        raise ArgumentError(f"beams and length must be positive, got beams={beams} and length={length}.")
    kept = [
        state.repeat_interleave(beams, dim=0) for state in _checked([_to_torch(state, "a state") for state in states])
    ]
    rows, device = len(kept[0]), kept[0].device
    first_rows = torch.arange(0, rows, beams, device=device)[:, None]
    scores = torch.full((rows // beams, beams), -torch.inf, device=device)
    scores[:, 0] = 0  # all beginnings are the same yet, and one of them is enough
    last = torch.full((rows,), end if start is None else start, device=device)
    written = last.new_empty((rows, 0))
    noted: list[torch.Tensor] = []
    has_ended = torch.zeros(rows, dtype=torch.bool, device=device)
    with torch.no_grad():
        for _ in range(length):
            probabilities, kept, *notes = _answered(step(last, kept), rows, end)
            logs = probabilities.log()
            logs[has_ended] = -torch.inf  # what has ended only ends again, which costs nothing
            logs[has_ended, end] = 0
            together = scores[:, :, None] + logs.unflatten(0, scores.shape)
            scores, chosen = together.flatten(1).topk(beams)
            origins = (first_rows + chosen // logs.shape[1]).flatten()
            last = (chosen % logs.shape[1]).flatten()
            kept = [state[origins] for state in kept]
            written = torch.cat([written[origins], last[:, None]], dim=1)
            noted = [note[origins] for note in (*noted, *notes)]
            has_ended = has_ended[origins] | (last == end)
            if has_ended.all():
                break
    decoded = [
        _decoded(symbols, score, end, [note[row] for note in noted])
        for row, (symbols, score) in enumerate(zip(written.tolist(), scores.flatten().tolist(), strict=True))
    ]
    groups = [decoded[first : first + beams] for first in range(0, rows, beams)]
    return [[each for each in group if each.probability > 0] or group[:1] for group in groups]


def _decoded(symbols: list[int], score: float, end: int, noted: list[torch.Tensor]) -> Decoded:
    count = symbols.index(end) if end in symbols else len(symbols)
    notes = torch.stack(noted[: count + 1]).cpu().numpy() if noted else None
    return Decoded(symbols[:count], float(np.exp(score)), notes)


def _checked(states: list[torch.Tensor]) -> list[torch.Tensor]:
    counts = {len(state) if state.dim() else 0 for state in states}
    if not states or 0 in counts:
        raise ArgumentError(
            "beam_search() needs at least one state of at least one example, [examples, …]: what the encoder returned."
        )
    if len(counts) > 1:
        raise ShapeError(
            f"The states must have a row an example each, but have {', '.join(str(Shape(s.shape)) for s in states)}."
        )
    return states


def _answered(answer: Sequence[Any], rows: int, end: int) -> list[Any]:
    probabilities, states, *notes = answer
    probabilities = _to_torch(probabilities, "the probabilities").float()
    if probabilities.dim() != 2 or len(probabilities) != rows:
        raise ShapeError(
            f"A step must return probabilities of shape [{rows}, symbols], got {Shape(probabilities.shape)}. "
            "Leave the axis of time out: probabilities[:, -1]."
        )
    if not 0 <= end < probabilities.shape[1]:
        raise ArgumentError(f"The end is symbol {end}, but there are {probabilities.shape[1]}, counted from 0.")
    return [
        probabilities,
        [_to_torch(state, "a state") for state in states],
        *(_to_torch(note, "what a step keeps") for note in notes),
    ]
