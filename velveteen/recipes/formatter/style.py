"""What a style is made of: the classes that the network chooses from, and the numbers that describe a whole repository."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from velveteen.recipes.formatter.batch import Batch
from velveteen.recipes.formatter.layout import ANCHORS, Layout, anchors, columns
from velveteen.recipes.formatter.tokens import MOST_BLANKS

_MOST_SPACES = 5
_MOST_INDENTS = 10
_RARE = 0.0003
"""The share below which a class is not worth having."""


@dataclass(frozen=True)
class Style:
    """The classes, and what holds for all files.

    Args:
        spaces: what may stand in a gap other than a line break; the class behind the last of them is a line break.
        indents: pairs of the number of an anchor (see `layout.ANCHORS`) and the columns to add.
        blanks: pairs of the least and the most blank lines; in between, the source's stay.
        tabs: whether lines are indented with tabs.
        unit: a step of indentation, in columns; also the width of a tab.
        limit: how many columns lines may have.
        star_comments: whether the lines of a comment that begin with stars are moved below its first one.
    """

    spaces: tuple[str, ...]
    indents: tuple[tuple[int, int], ...]
    blanks: tuple[tuple[int, int], ...]
    tabs: bool
    unit: int
    limit: int
    star_comments: bool

    @property
    def line_break(self) -> int:
        """The number of the class for a line break."""
        return len(self.spaces)

    def widths(self) -> np.ndarray:
        """Returns the columns of each class of space; 0 for the line break."""
        return np.array([len(space.replace("\t", " " * self.unit)) for space in self.spaces] + [0], np.int64)

    def indentation(self, columns: int) -> str:
        """Returns the white space at the beginning of a line."""
        columns = max(columns, 0)
        if not self.tabs:
            return " " * columns
        return "\t" * (columns // self.unit) + " " * (columns % self.unit)

    def to_json(self) -> dict[str, Any]:
        """Returns plain values, for a model's metadata."""
        return {
            "spaces": list(self.spaces),
            "indents": [list(pair) for pair in self.indents],
            "blanks": [list(pair) for pair in self.blanks],
            "tabs": self.tabs,
            "unit": self.unit,
            "limit": self.limit,
            "star_comments": self.star_comments,
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "Style":
        """Returns what `to_json` wrote."""
        return Style(
            tuple(value["spaces"]),
            tuple((int(anchor), int(delta)) for anchor, delta in value["indents"]),
            tuple((int(low), int(high)) for low, high in value["blanks"]),
            bool(value["tabs"]),
            int(value["unit"]),
            int(value["limit"]),
            bool(value["star_comments"]),
        )


@dataclass(frozen=True)
class Labels:
    """What is right at each gap, as sets of classes, 1 for each that is: all of them where nothing can be said.

    Args:
        kinds: [gaps, spaces + 1].
        indents: [gaps, indents].
        blanks: [gaps, blanks].
    """

    kinds: np.ndarray
    indents: np.ndarray
    blanks: np.ndarray


def indentation_unit(texts: Sequence[bytes]) -> tuple[bool, int]:
    """Returns whether files are indented with tabs, and their step in columns (2 for tabs, as prettier has it)."""
    tabs, steps = 0, Counter[int]()
    lines = 0
    for text in texts:
        before = 0
        for line in text.split(b"\n"):
            body = line.lstrip(b" \t")
            if not body or body[:1] == b"*":
                continue
            margin = line[: len(line) - len(body)]
            lines += bool(margin)
            tabs += b"\t" in margin
            indent = len(margin)
            if indent > before and b"\t" not in margin:
                steps[indent - before] += 1
            before = indent
    if tabs * 2 > lines:
        return True, 2
    likely = {step: count for step, count in steps.items() if 2 <= step <= 8}
    return False, max(likely, key=lambda step: (likely[step], -step)) if likely else 2


def line_limit(widths: np.ndarray, candidates: Sequence[int] = (72, 79, 80, 88, 90, 95, 99, 100, 110, 120, 140)) -> int:
    """Returns the width of lines after which there are suddenly much fewer.

    Args:
        widths: the columns of all lines.
    """
    counts = np.bincount(widths.clip(0, 400), minlength=401)
    best, best_ratio = 80, 0.0
    for limit in candidates:
        ratio = (counts[limit - 3 : limit + 1].sum() + 1) / (counts[limit + 1 : limit + 5].sum() + 1)
        ratio *= np.log1p(counts[limit - 3 : limit + 1].sum())
        if ratio > best_ratio:
            best, best_ratio = limit, ratio
    return best


def learn(batches: Sequence[Batch], laid_out: Sequence[tuple[Layout, np.ndarray]], tabs: bool, unit: int) -> Style:
    """Returns the style's classes as they are in laid out files.

    Args:
        batches, laid_out: the files, and what `layout.true_layout` says of them.
        tabs, unit: from `indentation_unit`.
    """
    spaces: Counter[str] = Counter()
    differences, ends, blanks = [], [], np.zeros(MOST_BLANKS + 1, np.int64)
    right = total = 0
    for batch, (layout, texts) in zip(batches, laid_out, strict=True):
        spaces.update(texts[~layout.breaks].tolist())
        breaks = layout.breaks & ~batch.ends_file
        following = np.flatnonzero(breaks)
        differences.append(layout.starts[following + 1][:, None] - anchors(batch, layout)[following])
        ends.append(layout.ends[layout.breaks])
        blanks += np.bincount(batch.blanks[breaks], minlength=MOST_BLANKS + 1)
        below, stars = _star_comments(batch, layout)
        right, total = right + below, total + stars
    enough = _RARE * max(1, sum(map(len, batches)))
    frequent = {"", " "} | {space for space, count in spaces.most_common(_MOST_SPACES) if count > enough}
    most = int(np.flatnonzero(blanks > 0.002 * max(blanks.sum(), 1)).max(initial=0))
    return Style(
        tuple(sorted(frequent)),
        _indents(np.concatenate(differences), unit, enough / 3),
        tuple((low, high) for low in range(most + 1) for high in range(low, most + 1)),
        tabs,
        unit,
        line_limit(np.concatenate(ends)),
        total > 0 and right >= 0.9 * total,
    )


def _indents(differences: np.ndarray, unit: int, enough: float) -> tuple[tuple[int, int], ...]:
    """Returns the ways to count indentations that together explain the most of them.

    Args:
        differences: [line breaks, anchors], the indentation less what it could be counted from.
        unit: a step, in columns.
        enough: how many line breaks make a way worth having.
    """
    pairs: list[tuple[int, int]] = []
    unexplained = np.ones(len(differences), bool)
    while len(pairs) < _MOST_INDENTS and unexplained.any():
        counts = {
            (anchor, int(delta)): int(number)
            for anchor in range(len(ANCHORS))
            for delta, number in zip(*np.unique(differences[unexplained, anchor], return_counts=True), strict=True)
            if -4 * unit <= delta <= 8 * unit
        }
        best = max(counts, key=lambda pair: (counts[pair], -pair[0], -abs(pair[1])), default=None)
        if best is None or (pairs and counts[best] <= enough):
            break
        pairs.append(best)
        unexplained &= differences[:, best[0]] != best[1]
    return tuple(pairs) or ((0, 0),)


def label(batch: Batch, layout: Layout, texts: np.ndarray, style: Style, blanks: np.ndarray) -> Labels:
    """Returns the classes that explain how files are laid out.

    Args:
        batch, layout, texts: the files, from `layout.true_layout`.
        style: the classes.
        blanks: [gaps], the blank lines that the network would find; the batch's own are what is right.
    """
    breaks = layout.breaks
    kinds = np.zeros((len(batch), len(style.spaces) + 1), np.float32)
    for number, space in enumerate(style.spaces):
        kinds[:, number] = texts == space
    kinds[:, -1] = breaks
    kinds[batch.ends_file] = 1
    after = np.minimum(np.arange(len(batch)) + 1, len(batch) - 1)
    given = anchors(batch, layout)
    proposed = np.stack([given[:, anchor] + delta for anchor, delta in style.indents], axis=1)
    indents = proposed.clip(0) == layout.starts[after][:, None]
    low, high = np.array(style.blanks).T
    kept = np.clip(blanks[:, None], low, high) == batch.blanks[:, None]
    free = ~breaks | batch.ends_file
    indents[free], kept[free] = True, True
    return Labels(_open(kinds), _open(indents), _open(kept))


def _open(sets: np.ndarray) -> np.ndarray:
    """Returns the sets with empty ones made full: nothing can be said where no class is right."""
    sets = sets.astype(np.float32)
    sets[~sets.any(axis=1)] = 1
    return sets


def _star_comments(batch: Batch, layout: Layout) -> tuple[int, int]:
    """Returns how many comments have their stars below each other, one column in, and how many have stars."""
    right = total = 0
    place = 0
    for source in batch.sources:
        for number in np.flatnonzero(source.comments & (source.tails >= 0)).tolist():
            lines = source.token(number).split(b"\n")[1:]
            if all(line.lstrip(b" \t").startswith(b"*") for line in lines):
                margin = layout.starts[place + number] + 1
                total += 1
                right += all(columns(line[: len(line) - len(line.lstrip(b" \t"))], 1) == margin for line in lines)
        place += len(source)
    return right, total
