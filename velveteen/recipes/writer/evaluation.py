"""How well a network foretells a text: nats a character, each character scored once, the state carried along."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from velveteen.recipes.writer import baselines, sampling
from velveteen.recipes.writer.data import Corpus, embed
from velveteen.recipes.writer.memory import Memory
from velveteen.recipes.writer.sampling import Choice, Writer

STREAMS = 32
"""Parts of a text that are read at once."""
WARM_UP = 256
"""Characters before its own part that each stream reads without being scored, so that it has a state to go on from."""
CHUNK = 256
_PART = 16_000_000
"""Probabilities that are kept at once."""
SAMPLES, SAMPLE_LENGTH = 16, 1000
"""What the network writes, to see what it copies."""


@dataclass(frozen=True)
class Figures:
    """How well something else foretells the same text."""

    nats_per_char: float
    bits_per_char: float
    perplexity: float


@dataclass(frozen=True)
class Evaluation:
    """How well a model foretells a text that it has not learned from, and whether it writes by heart.

    Attributes:
        nats_per_char, bits_per_char, perplexity: of the next character.
        chars: how many characters were foretold.
        longest_copy: characters of the longest passage in its samples that stands in the training text; None where the
            training text is not known.
        copied: that passage.
        longest_copy_of_text: the same of the text itself, which nobody copied on purpose: what is usual in such texts.
        repeats: whether the samples repeat the training text.
        five_gram, xz: what others get on the same text: counts of five characters, and the compressor.
    """

    nats_per_char: float
    bits_per_char: float
    perplexity: float
    chars: int
    longest_copy: int | None
    copied: str | None
    longest_copy_of_text: int | None
    repeats: bool | None
    five_gram: Figures | None
    xz: Figures | None


def measure(
    saved: Any, network: Any, corpus: Corpus, *, only_kept: bool, seed: int, memory: bool = False
) -> Evaluation:
    """Measures a network on a text.

    Args:
        saved, network: the network with states and without, see `model`.
        corpus: the text, with the network's own alphabet.
        only_kept: whether the network has learned from the text, so that only the part kept for validation counts.
        seed: of the samples.
        memory: whether what was read of the text is remembered, see `Memory`.
    """
    writer = Writer(network, corpus.alphabet, Choice(1.0), SAMPLES, seed, memory=memory)
    if only_kept:
        text, before = corpus.validation, corpus.train
    else:
        text, before = np.concatenate([corpus.train, corpus.validation]), corpus.alphabet.encode(writer.beginning)
    found = figures(nats_per_char(saved, text, before, Memory() if memory else None))
    own = (found.nats_per_char, found.bits_per_char, found.perplexity, len(text))
    if not only_kept:
        return Evaluation(*own, None, None, None, None, None, None)
    decode = corpus.alphabet.decode
    written = sampling.texts(writer.write(SAMPLE_LENGTH, until_end=False), SAMPLES)
    copies = baselines.copies(corpus.train, [corpus.alphabet.encode(sample) for sample in written])
    usual = baselines.copies(corpus.train, [text[: SAMPLES * SAMPLE_LENGTH]])
    return Evaluation(
        *own,
        len(copies.longest),
        sampling.readable(decode(copies.longest)),
        len(usual.longest),
        copies.repeats_more_than(usual),
        figures(baselines.five_gram(corpus.train, text, len(corpus.alphabet))),
        figures(baselines.xz(decode(corpus.train), decode(text))),
    )


def figures(nats: float) -> Figures:
    """Returns the figures for so many nats a character."""
    return Figures(nats, nats / math.log(2), math.exp(nats))


def nats_per_char(saved: Any, text: np.ndarray, before: np.ndarray, memory: Memory | None = None) -> float:
    """Returns the mean of -ln(probability) over all characters of a text.

    Args:
        saved: the network with states, see `model.with_states`.
        text: the numbers of its characters, [characters].
        before: what comes before the text, at least one character; it is read but not scored.
        memory: reads along, and foretells with the network; each character is scored before it is remembered.
    """
    size = max(STREAMS * 4 * WARM_UP, _PART // int(saved.outputs[0].shape[-1]))
    total = 0.0
    for begin in range(0, len(text), size):
        part = text[begin : begin + size]
        foretold = _probabilities(saved, part, text[begin - min(begin, WARM_UP) : begin] if begin else before)
        if memory is None:
            right = np.take_along_axis(foretold, part[:, None], axis=1)[:, 0]
        else:
            right = np.empty(len(part))
            for place, (number, row) in enumerate(zip(part.tolist(), foretold, strict=True)):
                right[place] = memory.probability(number, row)
                memory.take(number)
        total -= np.log(np.maximum(right, 1e-30)).sum(dtype=np.float64)
    return float(total / len(text))


def _probabilities(saved: Any, text: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Returns what a network foretells at each place of a text, [characters, symbols]."""
    symbols = saved.outputs[0].shape[-1]
    one_hot = len(saved.inputs[0].shape) == 3
    first = min(len(before), WARM_UP)
    whole = np.concatenate([before[len(before) - first :], text])
    streams = min(STREAMS, max(1, len(text) // (4 * WARM_UP)))
    each = -(-len(text) // streams)
    offsets = np.arange(-WARM_UP, each)
    places = first + each * np.arange(streams)[:, None] + offsets  # of what is foretold: [streams, warm-up + part]
    is_scored = (offsets >= 0) & (places < len(whole))
    inputs = whole[np.clip(places - 1, 0, len(whole) - 1)]
    states: list[Any] = [np.zeros((streams, state.shape[-1]), np.float32) for state in saved.inputs[1:]]
    found = np.empty((len(text), symbols), np.float32)
    for begin in range(0, len(offsets), CHUNK):
        window = slice(begin, begin + CHUNK)
        probabilities, *states = saved.predict_on_batch([embed(inputs[:, window], symbols, one_hot), *states])
        scored = is_scored[:, window]
        found[(places[:, window] - first)[scored]] = probabilities.numpy()[scored]
    return found
