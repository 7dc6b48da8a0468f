"""How near a formatter comes to files that are laid out well."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from velveteen.recipes.formatter import data, features, layout
from velveteen.recipes.formatter.decode import decide
from velveteen.recipes.formatter.files import Text
from velveteen.recipes.formatter.formatter import Formatter
from velveteen.recipes.formatter.tokens import AS_IT_IS, Source
from velveteen.recipes.formatter.writing import ChangedError, check_unchanged, compose, gap_texts


@dataclass(frozen=True)
class Measured:
    """How right a formatter is about files stripped of their white space.

    Args:
        gaps, gap_accuracy: a gap is right if what stands there is, with blank lines and, behind a line break, the change of
            indentation against the line before.
        lines, line_accuracy: a line is right if it is letter for letter and follows and ends where it did.
        trees_changed: files that the formatter gave up, as more than white space would have changed.
    """

    files: int
    gaps: int
    gap_accuracy: float
    lines: int
    line_accuracy: float
    trees_changed: int


def measure(formatter: Formatter, sources: Sequence[Source]) -> Measured:
    """Returns how much of the files' own layout a formatter finds again."""
    style = formatter.style
    right = gaps = lines = lines_right = broken = 0
    for batch in data.batches(sources):
        facts = features.read(batch, formatter.reading.vocabulary, formatter.reading.contexts)
        decided = decide(formatter.network, facts, style)
        where, texts = layout.true_layout(batch, style.unit)
        same = np.array([kind < len(style.spaces) and style.spaces[kind] == text
                         for kind, text in zip(decided.kinds.tolist(), texts, strict=True)])  # fmt: skip
        same |= where.breaks & (decided.kinds == style.line_break)
        same |= (batch.rules == AS_IT_IS) & ~where.breaks
        same &= ~where.breaks | (decided.blanks == batch.blanks)
        real = ~batch.ends_file
        good = (same & (layout.changes(where) == layout.changes(decided.layout))) | ~real
        right += int(good[real].sum())
        gaps += int(real.sum())

        following = np.append(where.starts[1:] == decided.layout.starts[1:], True)
        exact = (same & (~where.breaks | following)) | ~real
        line = np.cumsum(np.append(0, where.breaks[:-1]))
        wrong = np.zeros(int(line[-1]) + 1, bool)
        bad = np.flatnonzero(~exact)
        wrong[line[bad]] = wrong[line[np.minimum(bad + 1, len(line) - 1)]] = True
        lines += len(wrong)
        lines_right += int((~wrong).sum())

        begin = 0
        for source in batch.sources:
            cut = slice(begin, begin + len(source) - 1)
            starts = decided.layout.starts[begin : begin + len(source)]
            new = gap_texts(source, decided.kinds[cut], starts[1:], decided.blanks[cut], style)
            plain = Text(source.text, b"", "utf-8", (b"\n",) * source.text.count(b"\n"), b"\n")
            try:
                check_unchanged(source, compose(source, new, plain, style, starts))
            except ChangedError:
                broken += 1
            begin += len(source)
    return Measured(len(sources), gaps, right / max(gaps, 1), lines, lines_right / max(lines, 1), broken)
