"""Writing: one character after another, each drawn from the probabilities after all before it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from velveteen.errors import ArgumentError
from velveteen.recipes.writer.data import Alphabet
from velveteen.recipes.writer.memory import Memory
from velveteen.recipes.writer.sources import END, THEME_END


@dataclass(frozen=True)
class Choice:
    """How the next character is drawn.

    Attributes:
        temperature: below 1 the likely ones become likelier; 0 takes the likeliest always.
        top_k: draw among so many likeliest ones; 0 for all.
        top_p: draw among the likeliest ones that have this probability together (Holtzman et al., 2020,
            arXiv:1904.09751); 1 for all.

    Raises:
        ArgumentError: a number outside of its range.
    """

    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise ArgumentError(f"The temperature must be 0 or more, got {self.temperature}. Try 0.5 to 1.2.")
        if self.top_k < 0:
            raise ArgumentError(f"top_k must be 0 (all characters) or more, got {self.top_k}.")
        if not 0 < self.top_p <= 1:
            raise ArgumentError(f"top_p must be above 0 and at most 1, got {self.top_p}.")

    def draw(self, probabilities: np.ndarray, chance: np.random.Generator) -> np.ndarray:
        """Returns a character's number for each row of probabilities [batch, symbols]."""
        if self.temperature == 0 or self.top_k == 1:
            return probabilities.argmax(axis=1)
        weights = probabilities
        if self.temperature != 1:
            # The largest becomes 1, so that no row becomes all zeros at low temperatures.
            weights = (weights / weights.max(axis=1, keepdims=True)) ** (1 / self.temperature)
        if 0 < self.top_k < weights.shape[1]:
            least = np.partition(weights, -self.top_k, axis=1)[:, -self.top_k]
            weights = np.where(weights >= least[:, None], weights, 0)
        if self.top_p < 1:
            weights = _nucleus(weights, self.top_p)
        # Of alarm clocks with these rates, each rings first as often as its weight says, and weights need no sum
        # (Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006).
        return (weights / chance.standard_exponential(weights.shape)).argmax(axis=1)


def _nucleus(weights: np.ndarray, share: float) -> np.ndarray:
    order = np.argsort(-weights, axis=1, kind="stable")
    ordered = np.take_along_axis(weights, order, axis=1)
    before = ordered.cumsum(axis=1) - ordered
    ordered[before >= share * ordered.sum(axis=1, keepdims=True)] = 0
    chosen = np.empty_like(weights)
    np.put_along_axis(chosen, order, ordered, axis=1)
    return chosen


class Writer:
    """Writes on, in one or several versions at once, and remembers all that was read and written.

    Args:
        network: without states, see `model.without_states`.
        alphabet: its symbols.
        choice: how characters are drawn.
        versions: how many.
        seed: makes what is written repeatable.
        memory: whether each version expects again what it has read and written, see `Memory`.
    """

    def __init__(
        self,
        network: Any,
        alphabet: Alphabet,
        choice: Choice | None = None,
        versions: int = 1,
        seed: int | None = None,
        *,
        memory: bool = False,
    ):
        if versions < 1:
            raise ArgumentError(f"The number of samples must be positive, got {versions}.")
        self.alphabet = alphabet
        self.choice = choice or Choice()
        self.versions = versions
        self._step = network.stepper()
        self._chance = np.random.default_rng(seed)
        self._memories = [Memory() for _ in range(versions)] if memory else []
        self._state: Any = None
        self._probabilities: np.ndarray | None = None

    def read(self, text: str) -> None:
        """Reads a text, so that what is written goes on from there."""
        for number in self.alphabet.encode(text):
            self._take(np.full(self.versions, number))

    def write(self, length: int, *, until_end: bool = True) -> Iterator[list[str]]:
        """Yields the next character of each version, up to so many; "" for a version that has come to its end.

        Args:
            length: the most characters to write.
            until_end: whether a version ends with the end of its message.
        """
        alphabet = self.alphabet
        is_done = np.zeros(self.versions, dtype=bool)
        for _ in range(length):
            probabilities = self.probabilities.copy()
            probabilities[:, alphabet.rare] = 0  # it stands for something that nobody knows
            numbers = self.choice.draw(probabilities, self._chance)
            if until_end and alphabet.end is not None:
                is_done |= numbers == alphabet.end
            if is_done.all():
                return
            yield ["" if done else alphabet.symbols[number] for done, number in zip(is_done, numbers, strict=True)]
            self._take(numbers)

    def answer(self, line: str, length: int) -> Iterator[str]:
        """Reads a line, and yields the characters of what follows: a message, or the lines up to an empty one.

        Args:
            line: what was said.
            length: the most characters to write.
        """
        if self._probabilities is None:
            self.read(self.beginning)
        self.read(line + self.beginning)
        written = ""
        for (character,) in self.write(length):
            written += character
            yield character
            if self.alphabet.end is None and written.endswith("\n\n"):
                return
        self.read(self.beginning)

    @property
    def probabilities(self) -> np.ndarray:
        """The probabilities of the next character in each version, [versions, symbols]."""
        if self._probabilities is None:
            self.read(self.beginning)
        assert self._probabilities is not None
        return self._probabilities

    @property
    def beginning(self) -> str:
        """What stands before the first character: the end of another message, or of a line."""
        return self.alphabet.symbols[self.alphabet.end] if self.alphabet.end is not None else "\n"

    def _take(self, numbers: np.ndarray) -> None:
        with one_thread():
            output, self._state = self._step(torch.from_numpy(numbers), self._state)
        self._probabilities = output.numpy()
        for version, memory in enumerate(self._memories):
            memory.take(int(numbers[version]))
            self._probabilities[version] = memory.mixed(self._probabilities[version])


@contextmanager
def one_thread() -> Iterator[None]:
    """Computes on one core for a while.

    A step waits for the memory that the weights come from: a second core makes it hardly faster, and several times slower
    when other programs use that core too. The same number of threads everywhere also makes a seed repeatable.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def texts(written: Iterator[list[str]], versions: int) -> list[str]:
    """Returns the whole text of each version."""
    found = [""] * versions
    for characters in written:
        found = [text + character for text, character in zip(found, characters, strict=True)]
    return found


def readable(text: str) -> str:
    """Returns what is written for people: a line between theme and text."""
    return text.replace(THEME_END, "\n").replace(END, "\n\n")


def joined(versions: Sequence[str]) -> str:
    """Returns the versions for people, with a line between them."""
    return ("\n" + "─" * 40 + "\n").join(versions)
