"""Where the examples come from, and how they become tensors."""

import random
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from velveteen.errors import ArgumentError, DataError
from velveteen.recipes.formatter import contexts, features, files, layout, style, vocabulary
from velveteen.recipes.formatter.batch import Batch, join
from velveteen.recipes.formatter.contexts import Contexts
from velveteen.recipes.formatter.languages import of_file
from velveteen.recipes.formatter.project import Files
from velveteen.recipes.formatter.style import Style
from velveteen.recipes.formatter.tokens import Source, parse
from velveteen.recipes.formatter.vocabulary import Vocabulary

WINDOW = 256
"""Gaps that the network learns from at once."""
BATCH = 40_000
"""Tokens that are worked on at once; a longer file is alone."""
_OTHER_BLANKS = 0.005
"""The share of gaps where the source is taken to have had other blank lines. So a place that always has the same comes to
be given it, and one where people choose keeps what they chose."""
_TEACHER_SECONDS = 60


@dataclass(frozen=True)
class Reading:
    """What the examples are read with."""

    vocabulary: Vocabulary
    contexts: Contexts
    style: Style


def load(found: Files, *, teacher: str | None = None) -> list[Source]:
    """Returns the parsed files; those that do not parse are counted among the skipped ones.

    Args:
        found: the files.
        teacher: a command that formats its standard input, "{}" being the file's name; it is run on each file first.
    """
    sources = []
    for path in found.paths:
        try:
            content = path.read_bytes()
            text = files.decode(_taught(content, path, teacher) if teacher else content)
            source = parse(text.body, of_file(path))
        except DataError:
            found.skipped["cannot be parsed"] += 1
            continue
        if len(source) > 1:
            sources.append(source)
        else:
            found.skipped["empty"] += 1
    return sources


def _taught(content: bytes, path: Path, teacher: str) -> bytes:
    command = [part.replace("{}", str(path)) for part in shlex.split(teacher)]
    try:
        return subprocess.run(command, input=content, capture_output=True, check=True, timeout=_TEACHER_SECONDS).stdout
    except FileNotFoundError as error:
        raise ArgumentError(
            f'The teacher "{command[0]}" is no command that can be run. Install it, or give its path.'
        ) from error
    except subprocess.SubprocessError as error:
        raise DataError(f"{path}: the teacher failed: {error}") from error


def split(sources: Sequence[Source], share: float = 0.1) -> tuple[list[Source], list[Source]]:
    """Returns files to learn from and files to test on, always the same of the same ones."""
    order = list(range(len(sources)))
    random.Random(1).shuffle(order)
    kept = set(order[: max(1, round(share * len(order)))]) if len(order) > 1 else set()
    return [sources[i] for i in range(len(sources)) if i not in kept], [sources[i] for i in sorted(kept)]


def batches(sources: Sequence[Source], size: int = BATCH) -> Iterator[Batch]:
    """Yields the files of each language together, in batches of about `size` tokens."""
    for language in {source.language.name: source.language for source in sources}.values():
        group: list[Source] = []
        count = 0
        for source in sources:
            if source.language is language and len(source):
                group.append(source)
                count += len(source)
                if count >= size:
                    yield join(group)
                    group, count = [], 0
        if group:
            yield join(group)


def learn_reading(sources: Sequence[Source]) -> Reading:
    """Returns the vocabulary, the rules and the classes that files show.

    Raises:
        DataError: there are no files.
    """
    if not sources:
        raise DataError("There is no file to learn from. Give a folder with source code of the language.")
    tabs, unit = style.indentation_unit([source.text for source in sources])
    joined = list(batches(sources))
    words = vocabulary.learn(joined)
    laid_out = [layout.true_layout(batch, unit) for batch in joined]
    kinds = [words.kinds(batch.kinds, batch) for batch in joined]
    common = [words.kinds(batch.node_kinds, batch)[batch.common] for batch in joined]
    spaces = [np.array([0 if text is None else len(text) for text in texts]) for _, texts in laid_out]
    breaks = [where.breaks for where, _ in laid_out]
    rules = contexts.learn(
        np.concatenate(kinds), np.concatenate(common), np.concatenate(breaks), np.concatenate(spaces), len(words)
    )
    return Reading(words, rules, style.learn(joined, laid_out, tabs, unit))


def embed(sources: Sequence[Source], reading: Reading, seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Returns what the network takes and what it should give.

    Returns:
        The inputs of `model.network` and its targets, [windows, WINDOW, …]. What is left over at the end is filled up
        with gaps about which nothing can be said.
    """
    rng = np.random.default_rng(seed)
    look = reading.style
    columns: list[list[np.ndarray]] = [[] for _ in range(7)]
    for batch in batches(sources):
        where, texts = layout.true_layout(batch, look.unit)
        facts = features.read(batch, reading.vocabulary, reading.contexts)
        seen = features.state(facts, where, look.limit, look.unit)
        other = rng.random(len(batch)) < _OTHER_BLANKS
        blanks = np.where(other, rng.integers(0, 3, len(batch)), batch.blanks)
        labels = style.label(batch, where, texts, look, blanks)
        parts = (facts.kinds, facts.words, facts.measures, seen, labels.kinds, labels.indents, labels.blanks)
        for column, part, dtype in zip(columns, parts, (np.int32, np.int32, *[np.float32] * 5), strict=True):
            column.append(_windows(part.astype(dtype)))
    for column in columns[4:]:
        for part in column:
            part[~part.any(axis=-1)] = 1
    arrays = [np.concatenate(column) for column in columns]
    return arrays[:4], arrays[4:]


def _windows(values: np.ndarray) -> np.ndarray:
    missing = -len(values) % WINDOW
    return np.pad(values, ((0, missing), (0, 0))).reshape(-1, WINDOW, values.shape[1])


def consistency(sources: Sequence[Source], reading: Reading) -> float:
    """Returns the share of gaps that are as most in the same situation are.

    A situation is the kinds of the tokens on both sides, of the nodes that they are in and of the two around them, and
    whether what follows fits into the line.
    """
    right = total = 0
    for batch in batches(sources):
        where, texts = layout.true_layout(batch, reading.style.unit)
        facts = features.read(batch, reading.vocabulary, reading.contexts)
        room = reading.style.limit - where.ends[:, None] - facts.spans[:, [2, 4]]
        key = np.column_stack([facts.kinds[:, [0, 1, 2, 3, 6, 8, 9]], room >= 0, batch.rules])
        _, situation = np.unique(key[~batch.ends_file], axis=0, return_inverse=True)
        what = np.unique(np.where(where.breaks, "\n", texts.astype(str))[~batch.ends_file], return_inverse=True)[1]
        counts = np.unique(np.column_stack([situation.reshape(-1), what]), axis=0, return_counts=True)
        best = np.zeros(int(situation.max(initial=0)) + 1, np.int64)
        np.maximum.at(best, counts[0][:, 0], counts[1])
        right += int(best.sum())
        total += int((~batch.ends_file).sum())
    return right / max(total, 1)
