"""Where tokens stand once it is decided what is in the gaps: lines, columns and indentations."""

from dataclasses import dataclass

import numpy as np

from velveteen.recipes.formatter.batch import Batch

ANCHORS = ("line of node", "line before", "column of node", "column of first part", "line of parent", "margin")
"""What an indentation is counted from."""


@dataclass(frozen=True)
class Layout:
    """`starts` and `ends` are the tokens' columns, `line_firsts` the first token of each one's line, `indents` the
    columns that line is indented by, and `lines` counts the lines."""

    breaks: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    line_firsts: np.ndarray
    indents: np.ndarray
    lines: np.ndarray


def lay_out(batch: Batch, breaks: np.ndarray, spaces: np.ndarray, indents: np.ndarray) -> Layout:
    """Returns where the tokens stand.

    Args:
        batch: the files.
        breaks: [gaps], whether the gap is a line break.
        spaces: [gaps], the columns of a gap that is none.
        indents: [gaps], the indentation after one that is, in columns.
    """
    count = len(batch)
    numbers = np.arange(count)
    begins = np.ones(count, bool)
    begins[1:] = breaks[:-1]
    indent = np.zeros(count, np.int64)
    indent[1:] = np.where(breaks[:-1], indents[:-1], 0)
    before = np.zeros(count, np.int64)
    before[1:] = np.where(breaks[:-1], 0, spaces[:-1])
    moved = np.cumsum(before + batch.widths)
    has_break = batch.tails >= 0
    base = np.where(has_break, batch.tails, indent + batch.widths)
    fixed = np.maximum.accumulate(np.where(begins | has_break, numbers, 0))
    ends = base[fixed] + moved - moved[fixed]
    line_firsts = np.maximum.accumulate(np.where(begins, numbers, 0))
    starts = np.where(begins, indent, 0)
    starts[1:] += np.where(begins[1:], 0, ends[:-1] + before[1:])
    lines = np.cumsum(begins)
    lines[1:] += np.cumsum(has_break)[:-1]
    return Layout(breaks, starts, ends, line_firsts, indent[line_firsts], lines)


def anchors(batch: Batch, layout: Layout) -> np.ndarray:
    """Returns the columns that the indentation after each gap may be counted from, [gaps, anchors]."""
    first = batch.node_firsts[batch.common]
    parent = batch.enclosing[batch.common]
    second = first_gaps(batch) + 1
    is_first = second > np.arange(len(batch))
    return np.stack(
        [
            layout.indents[first],
            layout.indents,
            layout.starts[first],
            np.where(is_first, layout.starts[first], layout.starts[np.minimum(second, len(batch) - 1)]),
            layout.indents[batch.node_firsts[parent]],
            np.zeros(len(batch), np.int64),
        ],
        axis=1,
    )


def anchor_tokens(batch: Batch, gaps: np.ndarray, anchor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the tokens whose lines or columns `anchors` counts from (-1: the margin), and whether it is the column.

    Args:
        batch: the files.
        gaps: some gaps.
        anchor: [gaps], numbers of ANCHORS.
    """
    common = batch.common[gaps]
    first = batch.node_firsts[common]
    second = first_gaps(batch)[gaps] + 1
    parent = batch.node_firsts[batch.enclosing[common]]
    choices = np.stack([first, gaps, first, np.where(second > gaps, first, second), parent, np.full(len(gaps), -1)])
    return choices[anchor, np.arange(len(gaps))], (anchor == 2) | (anchor == 3)


def first_gaps(batch: Batch) -> np.ndarray:
    """Returns for each gap the first one that has the same node around it."""
    firsts = np.full(len(batch.node_kinds), len(batch), np.int64)
    np.minimum.at(firsts, batch.common, np.arange(len(batch)))
    return firsts[batch.common]


def true_layout(batch: Batch, tab: int) -> tuple[Layout, np.ndarray]:
    """Returns how the files themselves are laid out, and the text of each gap that is no line break (else None)."""
    breaks = np.zeros(len(batch), bool)
    spaces = np.zeros(len(batch), np.int64)
    indents = np.zeros(len(batch), np.int64)
    texts = np.full(len(batch), None, object)
    place = 0
    for source in batch.sources:
        for number, gap in enumerate(source.gaps(), place):
            if b"\n" in gap:
                breaks[number] = True
                indents[number] = columns(gap[gap.rindex(b"\n") + 1 :], tab)
            else:
                texts[number] = gap.decode("utf-8", "replace")
                spaces[number] = columns(gap, tab)
        place += len(source)
    breaks[batch.ends_file] = True
    texts[batch.ends_file] = None
    return lay_out(batch, breaks, spaces, indents), texts


def columns(space: bytes, tab: int) -> int:
    """Returns how many columns white space takes."""
    return len(space) + (tab - 1) * space.count(b"\t")


def changes(layout: Layout) -> np.ndarray:
    """Returns by how many columns the line behind each gap is indented more than the one before it, 0 if none begins."""
    following = np.append(layout.starts[1:], 0)
    return np.where(layout.breaks, following - layout.indents, 0)
