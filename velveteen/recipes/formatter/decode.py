"""From the network's probabilities to decisions: each gap's knows those before it, yet all are computed at once.

The decisions are guessed, all of them are made anew from the guess, and so on until nothing changes (Jacobi's iteration;
Song et al., "Accelerating Feedforward Computation via Parallel Nonlinear Equation Solving", 2021). As a decision depends
only on earlier ones, what comes out is exactly what going from left to right would give; and since a line break makes most
of what was before it irrelevant, a few rounds are enough.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

import velveteen as vt
from velveteen.recipes.formatter.batch import Batch
from velveteen.recipes.formatter.contexts import ALWAYS
from velveteen.recipes.formatter.features import STATE, Facts, state
from velveteen.recipes.formatter.layout import Layout, anchor_tokens, lay_out
from velveteen.recipes.formatter.model import HEADS, READ
from velveteen.recipes.formatter.style import Style
from velveteen.recipes.formatter.tokens import (
    APART,
    AS_IT_IS,
    LINE_ENDS,
    LINE_GOES_ON,
    MUST_BREAK,
    NO_BREAK,
    NO_SPACE,
    TOGETHER,
    WORDS,
)

_CORE = 384
_MARGIN = 64
"""Gaps that the LSTM reads at once, and how many more on both sides."""
_LENGTHS, _WINDOWS, _ROWS = (64, 128, 256, _CORE + 2 * _MARGIN), 16, 1024
"""The shapes in which the network computes, filled up with zeros: as sums are rounded otherwise in other shapes, a file would
depend on those beside it."""
_FULL_ROUNDS, _WINDOW = 16, 2048
"""After so many rounds only this many gaps are decided anew at once, from the first that is not settled: a table of numbers
takes as many rounds as it has lines."""
_MOST_WORK = 50_000_000
"""Rounds times gaps, at most. What people write takes a hundredth of it; what is nested ten thousand deep would take more."""


Chances = tuple[np.ndarray, np.ndarray, np.ndarray]
Window = tuple[int, int, int, int]


class Decider(Protocol):
    """What gives probabilities: `Network`, or `counted.Counted`."""

    def read(self, facts: Facts) -> torch.Tensor:
        """Returns what is known around each gap, [gaps, …]."""

    def decide(self, read: torch.Tensor, seen: np.ndarray, rows: np.ndarray) -> Chances:
        """Returns the probabilities of the classes of some gaps: of what stands there, of indentation, of blank lines.

        Args:
            read: of all gaps.
            seen: [rows, STATE], what was decided before each of these gaps.
            rows: the numbers of the gaps.
        """


@dataclass(frozen=True)
class Decisions:
    """What was decided: the class of each gap, the class of its indentation, its blank lines, and where all stands.

    `settled` says for how many gaps, from the first, that is the end of it: all of them, but for what takes too long.
    """

    kinds: np.ndarray
    indents: np.ndarray
    blanks: np.ndarray
    layout: Layout
    settled: int


def decide(network: Decider, facts: Facts, style: Style) -> Decisions:
    """Returns the likeliest decision for each gap, given those before it."""
    batch = facts.batch
    read = network.read(facts)
    allowed = _allowed(batch, style)
    widths = style.widths()
    kinds = np.where(facts.breaking == ALWAYS, style.line_break, facts.space.clip(0, len(style.spaces) - 1))
    indents = np.zeros(len(batch), np.int64)
    blanks = np.zeros(len(batch), np.int64)
    known = np.full((len(batch), STATE), np.nan, np.float32)
    first = 0
    for round_ in range(_MOST_WORK // len(batch) + _FULL_ROUNDS):
        layout = _place(batch, kinds, indents, widths, style)
        rows = np.arange(first, len(batch) if round_ < _FULL_ROUNDS else min(first + _WINDOW, len(batch)))
        seen = state(facts, layout, style.limit, style.unit, rows)
        changed = (seen != known[rows]).any(axis=1)
        if not changed.any():
            first = int(rows[-1]) + 1
            if first == len(batch):
                break
            continue
        first += int(changed.argmax())
        rows, seen = rows[changed], seen[changed]
        known[rows] = seen
        gap, indent, blank = network.decide(read, seen, rows)
        kinds[rows] = (gap * allowed[rows]).argmax(axis=1)
        indents[rows] = indent.argmax(axis=1)
        blanks[rows] = blank.argmax(axis=1)
    low, high = np.array(style.blanks).T
    return Decisions(kinds, indents, np.clip(batch.blanks, low[blanks], high[blanks]), layout, first)


def probabilities(network: Decider, facts: Facts, style: Style, seen: np.ndarray) -> Chances:
    """Returns how likely each class is at each gap, of what stands there, of indentation and of blank lines.

    Args:
        network, facts, style: as for `decide`.
        seen: [gaps, STATE], what was decided before each gap, from `features.state`.
    """
    gap, indent, blank = network.decide(network.read(facts), seen, np.arange(len(facts.batch)))
    gap = gap * _allowed(facts.batch, style)
    return gap / gap.sum(axis=1, keepdims=True), indent, blank


def _place(batch: Batch, kinds: np.ndarray, indents: np.ndarray, widths: np.ndarray, style: Style) -> Layout:
    """Returns where tokens stand; indentations are counted from earlier lines, so one line after the other."""
    breaks = (kinds == style.line_break) | batch.ends_file
    spaces = np.where(batch.rules == AS_IT_IS, batch.spaces, widths[kinds])
    columns = np.zeros(len(batch), np.int64)
    loose = lay_out(batch, breaks, spaces, columns)
    gaps = np.flatnonzero(breaks)
    anchor, delta = np.array(style.indents, np.int64)[indents[gaps]].T
    token, by_column = anchor_tokens(batch, gaps, anchor)
    # Behind the last line of a token of several lines, columns do not depend on the line's indentation.
    moves = ~by_column | (loose.lines[token] == loose.lines[loose.line_firsts[token]])
    offset = np.where(by_column, loose.starts[token], 0) + delta
    fresh = (token < 0) | batch.ends_file[gaps]
    line = np.where(moves, np.cumsum(np.append(False, breaks[:-1]))[token] - 1, -1)
    found = [0] * len(gaps)
    for number, (start, more, is_fresh) in enumerate(zip(line.tolist(), offset.tolist(), fresh.tolist(), strict=True)):
        if not is_fresh:
            found[number] = max((found[start] if start >= 0 else 0) + more, 0)
    columns[gaps] = found
    return lay_out(batch, breaks, spaces, columns)


def _allowed(batch: Batch, style: Style) -> np.ndarray:
    """Returns 1 for each class that the rules of a gap allow, a very small number for the others."""
    allowed = np.ones((len(batch), len(style.spaces) + 1), np.float32)
    space = np.array([bool(text) for text in style.spaces] + [False])
    line_break = np.array([False] * len(style.spaces) + [True])
    refused = {
        MUST_BREAK: ~line_break,
        NO_BREAK: line_break,
        WORDS: ~space & ~line_break,
        NO_SPACE: space,
        AS_IT_IS: line_break,
        LINE_ENDS: ~line_break,
        LINE_GOES_ON: line_break,
        TOGETHER: space | line_break,
        APART: ~space & ~line_break,
    }
    for rule, classes in refused.items():
        allowed[np.ix_(batch.rules == rule, classes)] = 0
    allowed[batch.ends_file] = line_break
    return allowed + np.float32(1e-30)


class Network:
    """A trained network, in the two parts that decoding needs: what reads the file once, and what decides."""

    def __init__(self, model: Any):
        self.model = model
        self._measures = model.inputs[2].shape[-1]
        self._reader = vt.model(model.inputs[:3], model.get_layer(READ).output)
        self._decided, self._hidden = model.get_layer("decided"), model.get_layer("hidden")
        self._heads = [model.get_layer(name) for name in HEADS]

    @torch.inference_mode()
    def read(self, facts: Facts) -> torch.Tensor:
        """Returns what the network has read around each gap, [gaps, units]. Files do not see each other."""
        batch = facts.batch
        measures = facts.measures[:, : self._measures]
        result = None
        for length, group in _grouped(_windows(batch)):
            starts, ends = (
                np.array([window[part] for window in group] + [0] * (_WINDOWS - len(group))) for part in (0, 1)
            )
            places = starts[:, None] + np.arange(length)
            inside = places < ends[:, None]
            places = np.where(inside, places, 0)
            inputs = [
                torch.from_numpy(np.where(inside[..., None], table[places], 0).astype(dtype))
                for table, dtype in ((facts.kinds, np.int64), (facts.words, np.int64), (measures, np.float32))
            ]
            read = self._reader(inputs)
            if result is None:
                result = torch.zeros(len(batch), read.shape[-1])
            for row, (start, _, first, last) in zip(read, group, strict=False):
                result[first:last] = row[first - start : last - start]
        assert result is not None
        return result

    @torch.inference_mode()
    def decide(self, read: torch.Tensor, seen: np.ndarray, rows: np.ndarray) -> Chances:
        """Returns the probabilities of the classes of some gaps: of what stands there, of indentation, of blank lines."""
        parts = []
        for start in range(0, len(rows), _ROWS):
            some = torch.from_numpy(rows[start : start + _ROWS])
            inputs = torch.zeros(_ROWS, seen.shape[1])
            inputs[: len(some)] = torch.from_numpy(seen[start : start + _ROWS])
            decided = self._decided(inputs)
            decided[: len(some)] += read[some]
            hidden = self._hidden(torch.relu(decided))
            parts.append([head(hidden)[: len(some)].numpy() for head in self._heads])
        gap, indent, blank = (np.concatenate(part) for part in zip(*parts, strict=True))
        return gap, indent, blank


def _windows(batch: Batch) -> Iterator[Window]:
    """Yields what the LSTM reads at once: the gaps from … to, and those of them that it is read for."""
    for begin, end in zip(batch.offsets[:-1].tolist(), batch.offsets[1:].tolist(), strict=True):
        for first in range(begin, end, _CORE):
            last = min(first + _CORE, end)
            yield max(first - _MARGIN, begin), min(last + _MARGIN, end), first, last


def _grouped(windows: Iterable[Window]) -> Iterator[tuple[int, list[Window]]]:
    """Yields the windows that are filled up to the same length, and this length."""
    by_length: dict[int, list[Window]] = {}
    for window in windows:
        length = next(length for length in _LENGTHS if length >= window[1] - window[0])
        by_length.setdefault(length, []).append(window)
    for length, some in by_length.items():
        for start in range(0, len(some), _WINDOWS):
            yield length, some[start : start + _WINDOWS]
