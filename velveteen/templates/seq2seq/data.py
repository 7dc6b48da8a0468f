"""Where the pairs of texts come from, and how they become numbers."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from velveteen.errors import DataError, MissingFileError
from velveteen.templates.seq2seq import addition, dates

Pairs = list[tuple[str, str]]
TASKS: dict[str, Callable[[], tuple[Pairs, dict[str, Pairs]]]] = {"dates": dates.pairs, "addition": addition.pairs}
PADDING, END = 0, 1


def load(source: Path | None = None, task: str = "dates") -> tuple[Pairs, dict[str, Pairs]]:
    """Returns pairs to learn from, and pairs to test on by what they are: of a file, or what a task makes."""
    if source is None:
        return TASKS[task]()
    if not source.is_file():
        raise MissingFileError(f"There is no file {source}. Give a text file: a pair a line, a tab between the two.")
    pairs = []
    for place, line in enumerate(filter(None, source.read_text(encoding="utf-8-sig").splitlines()), 1):
        parts = line.split("\t")
        if len(parts) != 2 or not all(parts):
            raise DataError(
                f"Pair {place} of {source} has {len(parts)} parts. Write both texts on a line, a tab between."
            )
        pairs.append((parts[0], parts[1]))
    if len(pairs) < 20:
        raise DataError(f"{source} has {len(pairs)} pairs. Give at least 20; thousands make sense.")
    pairs = list(dict.fromkeys(pairs))  # none is learned and tested
    random.Random(1).shuffle(pairs)
    return pairs[len(pairs) // 10 :], {"pairs": pairs[: len(pairs) // 10]}


class Alphabet:
    """The symbols of texts by their numbers: 0 fills short texts up, 1 ends a text and begins the next one."""

    def __init__(self, symbols: Iterable[str]):
        self.symbols = ["", "\n", *sorted(set(symbols) - {"", "\n"})]
        self.numbers = {symbol: number for number, symbol in enumerate(self.symbols)}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Returns [texts, longest + 1] numbers: each text, END, and PADDING. A capital may stand for its small letter."""
        rows = [[self.numbers.get(s, self.numbers.get(s.lower(), -1)) for s in text] for text in texts]
        for text, row in zip(texts, rows, strict=True):
            if -1 in row:
                raise DataError(f'"{text}" has {text[row.index(-1)]!r} in it, which the network has never seen.')
        width = max(map(len, rows)) + 1
        return np.array([[*row, END, *[PADDING] * (width - 1 - len(row))] for row in rows], dtype=np.int32)

    def decode(self, numbers: Iterable[int]) -> str:
        """Returns the text of numbers."""
        return "".join(self.symbols[number] for number in numbers)


def embed(pairs: Pairs, source: Alphabet, target: Alphabet) -> tuple[list[np.ndarray], np.ndarray]:
    """Returns what the network takes, the sources and the targets one symbol late, and what it is to answer.

    Teacher forcing: each symbol is foretold from the right ones before it. Answers are one-hot, and PADDING is a row of
    zeros, which adds nothing to the loss.
    """
    given, wanted = source.encode([pair[0] for pair in pairs]), target.encode([pair[1] for pair in pairs])
    late = np.roll(wanted, 1, axis=1)
    late[:, 0] = END
    one_hot = np.eye(len(target.symbols), dtype=np.float32)
    one_hot[PADDING] = 0
    return [given, late], one_hot[wanted]


def batches(pairs: Pairs, source: Alphabet, target: Alphabet, size: int, seed: int = 1) -> Iterator[tuple]:
    """Yields batches without end. In each, the sources are of about the same length, so there is little to fill up."""
    chance = random.Random(seed)
    while True:
        some = sorted(chance.choices(pairs, k=50 * size), key=lambda pair: len(pair[0]))
        starts = list(range(0, len(some), size))
        chance.shuffle(starts)
        for start in starts:
            yield embed(some[start : start + size], source, target)
