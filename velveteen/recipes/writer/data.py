"""Texts as numbers: the alphabet, an honest split, and the batches that a network learns from (the embedding)."""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from velveteen.errors import DataError
from velveteen.recipes.writer import sources
from velveteen.recipes.writer.archives import Keep
from velveteen.recipes.writer.sources import END, THEME_END

RARE = "\ufffd"
"""Stands for every symbol that the alphabet lacks: Unicode's own replacement character."""

RARE_BELOW = 3
"""Symbols that come up fewer times in the training text become RARE: nothing can be learned about them."""
LARGEST_ALPHABET = 2000
VALIDATION = 0.1
SHORTEST = 500
"""Characters; with fewer there is nothing to split."""


class Alphabet:
    """The symbols that a network knows, by their numbers.

    Args:
        symbols: one character each; RARE is among them.

    Attributes:
        rare: the number of RARE.
        end: the number of END, which closes a message; None where the text has no messages.
        theme_end: the number of THEME_END, between theme and text; None without themes.
    """

    def __init__(self, symbols: Sequence[str]):
        self.symbols = list(symbols)
        numbers = {symbol: number for number, symbol in enumerate(self.symbols)}
        self.rare = numbers[RARE]
        self.end = numbers.get(END)
        self.theme_end = numbers.get(THEME_END)
        self._by_code_point = np.full(0x110000, self.rare, dtype=np.int64)
        for symbol, number in numbers.items():
            self._by_code_point[ord(symbol)] = number

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> np.ndarray:
        """Returns the numbers of a text's symbols, [characters] of int64."""
        return self._by_code_point[np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")]

    def decode(self, numbers: Sequence[int] | np.ndarray) -> str:
        """Returns the text that the numbers stand for."""
        return "".join(self.symbols[number] for number in numbers)

    def missing(self, text: str) -> list[str]:
        """Returns the symbols of a text that the alphabet lacks."""
        return sorted(set(text) - set(self.symbols))


@dataclass(frozen=True)
class Corpus:
    """A text to learn from, as numbers.

    Attributes:
        name: where it comes from.
        alphabet: its symbols.
        train: what to learn from, [characters].
        validation: what to test on, [characters]; the network never learns from it.
        starts: where the messages of `train` begin, or None for one long text.
        notes: what to tell about it, a sentence each.
        fingerprint: of the text and the split.
        options: how it was read: what `load` needs to read the same again, beside the sources and the encoding.
    """

    name: str
    alphabet: Alphabet
    train: np.ndarray
    validation: np.ndarray
    starts: np.ndarray | None
    notes: list[str] = field(default_factory=list)
    fingerprint: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def are_messages(self) -> bool:
        return self.starts is not None

    def in_new_order(self, chance: np.random.Generator) -> np.ndarray:
        """Returns `train` with its messages in another order; one long text begins elsewhere, and goes round."""
        if self.starts is None:
            return np.roll(self.train, -int(chance.integers(len(self.train))))
        messages = np.split(self.train, self.starts[1:])
        return np.concatenate([messages[place] for place in chance.permutation(len(messages))])


def load(
    given: Sequence[str | Path] = (),
    keep: Keep | None = None,
    *,
    themes: bool = False,
    encoding: str = "utf-8",
    rare_below: int = RARE_BELOW,
    validation: float = VALIDATION,
    alphabet: Alphabet | None = None,
) -> Corpus:
    """Reads texts and splits them: the last part, or the last messages, are for validation.

    Args:
        given, keep, themes, encoding: as `sources.read`.
        rare_below: symbols with fewer occurrences become one.
        validation: the share of characters kept for validation, 0 to 1.
        alphabet: a model's; by default that of the training part.

    Raises:
        MissingFileError, DataError: a source cannot be used, or there is too little text.
    """
    found = sources.read(given, keep, themes=themes, encoding=encoding)
    if not 0 < validation < 1:
        raise DataError(f"The share of the text to validate on must be between 0 and 1, got {validation}.")
    if found.are_messages:
        learned, held_out = _split_messages([piece + END for piece in found.pieces], validation)
        train, test = "".join(learned), "".join(held_out)
        starts = np.cumsum([0, *map(len, learned[:-1])])
        kind = "passages" if themes else "messages"
        split = f"{len(learned):,} {kind} to learn from, and the last {len(held_out):,} ({len(test):,} characters)"
    else:
        whole = "\n\n".join(found.pieces)
        at = len(whole) - round(len(whole) * validation)
        train, test, starts = whole[:at], whole[at:], None
        split = f"{len(train):,} characters to learn from, and the last {len(test):,}"
    if len(train) + len(test) < SHORTEST:
        raise DataError(
            f"{found.name} has {len(train) + len(test):,} characters. Give at least {SHORTEST}; some 100,000 make sense."
        )
    notes = [*found.notes, f"{split} to validate on."]
    if alphabet is None:
        alphabet, rare = make_alphabet(train, rare_below)
        notes.append(_about_alphabet(alphabet, rare))
    unknown = set(test) - set(alphabet.symbols)
    if unknown:
        notes.append(f"The validation text has {_listed(unknown)}, which count as rare symbols.")
    digest = hashlib.sha256(f"{len(train)}\n{train}{test}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    options = {"keep": dataclasses.asdict(keep or Keep()), "themes": themes, "validation": validation}
    return Corpus(found.name, alphabet, alphabet.encode(train), alphabet.encode(test), starts, notes, digest, options)


def make_alphabet(text: str, rare_below: int = RARE_BELOW) -> tuple[Alphabet, list[str]]:
    """Returns the alphabet of a text, and the symbols that were too rare for it."""
    counts = Counter(text)
    frequent = [symbol for symbol, count in counts.most_common(LARGEST_ALPHABET) if count >= rare_below]
    chosen = set(frequent) | ({END, THEME_END} & counts.keys())
    chosen.discard(RARE)
    return Alphabet([*sorted(chosen), RARE]), sorted(counts.keys() - chosen - {RARE})


def _split_messages(messages: list[str], validation: float) -> tuple[list[str], list[str]]:
    if len(messages) < 2:
        raise DataError("There is only one message, so none is left to validate on. Give more, or plain text.")
    ends = np.cumsum([len(message) for message in messages])
    at = int(np.searchsorted(ends, ends[-1] * (1 - validation), side="right"))
    at = min(max(at, 1), len(messages) - 1)
    return messages[:at], messages[at:]


def _about_alphabet(alphabet: Alphabet, rare: list[str]) -> str:
    known = f"{len(alphabet) - 1} symbols"
    if not rare:
        return f"{known}, none of them rare."
    became = "a rare one counts as unknown" if len(rare) == 1 else f"{len(rare)} rare ones became one"
    return f"{known}; {became}: {_listed(rare)}."


def _listed(symbols: Sequence[str] | set[str]) -> str:
    shown = " ".join(repr(symbol)[1:-1] for symbol in sorted(symbols)[:20])
    return f"{shown} …" if len(symbols) > 20 else shown


# Batches


def embed(numbers: np.ndarray, symbols: int, one_hot: bool) -> np.ndarray:
    """Returns what a network takes for numbers [batch, time]: themselves as int32, or one-hot [batch, time, symbols]."""
    return np.eye(symbols, dtype=np.float32)[numbers] if one_hot else numbers.astype(np.int32)


@dataclass(frozen=True)
class Streams:
    """Batches for `fit_dataset`: the text as parallel streams, each batch the next window of every stream.

    A network whose state goes on from batch to batch so reads each stream from its beginning to its end.

    Attributes:
        corpus: the text.
        one_hot: what the network takes, see `embed`.
        streams: how many to read at once, the batch size.
        length: of a window, in characters.
        seed: of the order of messages, or of the place where the streams begin; another in each epoch.
        epoch: the number of the next epoch, in a list of one, which each epoch raises.
    """

    corpus: Corpus
    one_hot: bool
    streams: int
    length: int
    seed: int
    epoch: list[int] = field(default_factory=lambda: [0])

    def __len__(self) -> int:
        return max(1, (len(self.corpus.train) - 1) // (self.streams * self.length))

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        chance = np.random.default_rng([self.seed, self.epoch[0]])
        self.epoch[0] += 1
        text = self.corpus.in_new_order(chance)
        each = (len(text) - 1) // self.streams
        inputs = text[: self.streams * each].reshape(self.streams, each)
        targets = text[1 : self.streams * each + 1].reshape(self.streams, each)
        for number in range(len(self)):
            window = slice(number * self.length, (number + 1) * self.length)
            yield embed(inputs[:, window], len(self.corpus.alphabet), self.one_hot), targets[:, window]


@dataclass(frozen=True)
class Windows:
    """Batches for `fit_dataset` as in the talk: windows from anywhere in the text, and the character after each.

    An epoch reads as many characters as the text has. Attributes: those of `Streams`; `streams` windows are in a batch.
    """

    corpus: Corpus
    one_hot: bool
    streams: int
    length: int
    seed: int
    epoch: list[int] = field(default_factory=lambda: [0])

    def __len__(self) -> int:
        return max(1, (len(self.corpus.train) - 1) // (self.streams * self.length))

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        chance = np.random.default_rng([self.seed, self.epoch[0]])
        self.epoch[0] += 1
        text = self.corpus.in_new_order(chance)
        places = np.arange(self.length)
        for _ in range(len(self)):
            starts = chance.integers(len(text) - self.length, size=self.streams)
            inputs = text[starts[:, None] + places]
            yield embed(inputs, len(self.corpus.alphabet), self.one_hot), text[starts + self.length][:, None]


def sizes(characters: int, streams: int, length: int) -> tuple[int, int]:
    """Returns how many streams, and windows of which length, a text of that many characters has room for."""
    length = min(length, max(1, (characters - 1) // 4))
    return min(streams, max(1, (characters - 1) // (4 * length))), length


def batches(mode: str, corpus: Corpus, one_hot: bool, streams: int, length: int, seed: int) -> Any:
    """Returns the Streams of mode "stateful", or the Windows of mode "window"."""
    kind = Windows if mode == "window" else Streams
    return kind(corpus, one_hot, streams, length, seed)
