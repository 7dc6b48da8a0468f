"""The places of a change whose layout does not look like the rest of the repository."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from velveteen.errors import ArgumentError, DataError
from velveteen.recipes.formatter import files
from velveteen.recipes.formatter.formatter import Formatter, Judged
from velveteen.recipes.formatter.languages import Language, of_file
from velveteen.recipes.formatter.layout import anchors, changes
from velveteen.recipes.formatter.tokens import Source, parse

UNLIKELY = 0.0001
"""The probability below which a gap is told of."""
HABIT = 3
"""So many equal oddities in a file are told of as one: they are no slips, but somebody's way to write that."""
_HUNK = re.compile(rb"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", re.M)


@dataclass(frozen=True)
class Finding:
    """A gap that the style finds unlikely: what stands there, its probability, and what is likely instead.

    `line` and `column`, counted from 1, are where the token behind the gap begins. `times` says how often the same is in the
    file, if that is HABIT or more; only the first place is told then.
    """

    file: str
    line: int
    column: int
    probability: float
    found: str
    proposal: str
    times: int = 1


def changed_lines(folder: Path, base: str) -> dict[Path, list[tuple[int, int]]]:
    """Returns the lines that differ from a revision, first and last, by file.

    Raises:
        ArgumentError: the folder is in no git repository, or there is no such revision.
    """
    top = Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip())
    told = _git(
        top, "diff", "--unified=0", "--no-color", "--no-ext-diff", "--no-prefix", "--diff-filter=AMR", base, "--"
    )
    changes: dict[Path, list[tuple[int, int]]] = {}
    for part in re.split(rb"^diff --git .*\n", told, flags=re.M)[1:]:
        name = re.search(rb"^\+\+\+ (.+?)\t?$", part, re.M)
        if name:
            spans = [(int(start), int(start) + int(count or 1) - 1) for start, count in _HUNK.findall(part)]
            changes[top / name[1].decode("utf-8", "surrogateescape")] = [span for span in spans if span[1] >= span[0]]
    return changes


def review(
    formatter: Formatter, path: Path, lines: Sequence[tuple[int, int]] | None = None, *, unlikely: float = UNLIKELY
) -> list[Finding]:
    """Returns the unlikely gaps of a file: the first of each line, of lines that follow each other in a node, and of those
    where the same stands in the same situation again and again.

    Args:
        formatter: what knows the style.
        path: the file.
        lines: the lines that count, first and last; all by default.
        unlikely: the probability below which a gap is told of.

    Raises:
        DataError: the file does not parse.
    """
    text = files.decode(files.read(path))
    source = parse(text.body, _language(formatter, path))
    if len(source) < 2:
        return []
    judged = formatter.judge([source])
    chance = likelihood(judged)
    breaks = np.flatnonzero(np.frombuffer(source.text, np.uint8) == 10)
    line = np.searchsorted(breaks, source.starts, side="left") + 1
    odd = chance < unlikely
    was_odd: dict[int, bool] = {}  # the last line break of a node
    found: dict[int, int] = {}  # lines and their gaps
    for gap in np.flatnonzero((odd | judged.where.breaks)[:-1]).tolist():
        place = int(line[gap + 1])
        node = int(judged.facts.groups[gap])
        # What is unusual once makes what follows look unusual too, such as the other lines of a list that is indented oddly.
        follows = place in found or was_odd.get(node, False)
        was_odd[node] = bool(odd[gap])
        if not odd[gap] or follows:
            continue
        if lines is not None and not any(first <= place <= last for first, last in lines):
            continue
        found[place] = gap
    findings = []
    for gaps in _alike(judged, list(found.values())):
        gap = gaps[0]
        start = int(source.starts[gap + 1])
        column = start - (source.text.rfind(b"\n", 0, start) + 1) + 1
        about = (float(chance[gap]), _described(source, gap), _proposed(formatter, judged, gap), len(gaps))
        findings.append(Finding(str(path), int(line[gap + 1]), column, *about))
    return findings


def _alike(judged: Judged, gaps: Sequence[int]) -> list[list[int]]:
    """Returns the gaps, those together where HABIT or more are alike: between tokens of the same kinds in the same kind of
    node, with the same in them."""
    batch, breaks, changed = judged.batch, judged.where.breaks, changes(judged.where)
    groups: dict[tuple[object, ...], list[int]] = {}
    for gap in gaps:
        kinds = (batch.kinds[gap], batch.kinds[gap + 1], batch.node_kinds[batch.common[gap]])
        what = judged.labels.kinds[gap].tobytes(), changed[gap], batch.blanks[gap], batch.spaces[gap] * ~breaks[gap]
        groups.setdefault((*kinds, *what), []).append(gap)
    parts = [[group] if len(group) >= HABIT else [[gap] for gap in group] for group in groups.values()]
    return sorted(part for group in parts for part in group)


def likelihood(judged: Judged) -> np.ndarray:
    """Returns the probability of what stands in each gap, 1 where nothing can be said."""
    labels = (judged.labels.kinds, judged.labels.indents, judged.labels.blanks)
    chance = np.ones(len(judged.batch))
    for sets, chances in zip(labels, judged.chances, strict=True):
        known = ~(sets > 0).all(axis=1)
        chance *= np.where(known, (sets * chances).sum(axis=1), 1)
    chance[judged.batch.ends_file] = 1
    return chance


def _language(formatter: Formatter, path: Path) -> Language:
    language = of_file(path)
    if language.name not in formatter.language_names:
        raise DataError(f"{path} is {language.name}, and the model has learned {', '.join(formatter.language_names)}.")
    return language


def _described(source: Source, gap: int) -> str:
    text = source.text[source.ends[gap] : source.starts[gap + 1]].decode("utf-8", "replace")
    if "\n" not in text:
        return f'"{text}"' if text else "nothing"
    margin = len(text.rsplit("\n", 1)[1])
    blanks = text.count("\n") - 1
    return f"a line break, indented by {margin}" + (f", after {blanks} blank" if blanks else "")


def _proposed(formatter: Formatter, judged: Judged, gap: int) -> str:
    style = formatter.style
    kind = int(judged.chances[0][gap].argmax())
    if kind < len(style.spaces):
        space = style.spaces[kind]
        return f'"{space}"' if space else "nothing"
    anchor, delta = style.indents[int(judged.chances[1][gap].argmax())]
    margin = max(int(anchors(judged.batch, judged.where)[gap, anchor]) + delta, 0)
    low, high = style.blanks[int(judged.chances[2][gap].argmax())]
    blanks = min(max(int(judged.batch.blanks[gap]), low), high)
    indented = len(style.indentation(margin))
    return f"a line break, indented by {indented}" + (f", after {blanks} blank" if blanks else "")


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        told = getattr(error, "stderr", b"") or str(error).encode()
        raise ArgumentError(
            f"git cannot tell what changed in {folder}: {told.decode(errors='replace').strip()[-200:]}. "
            "Give --base a revision of the repository."
        ) from error
