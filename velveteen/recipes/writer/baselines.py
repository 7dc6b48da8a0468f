"""What to hold a writer against: counts of five characters, a compressor, and what it copies from its training text."""

import lzma
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SHARE_LENGTH = 50
"""Characters of the passages of which `Copies.share` tells how many stand in the training text."""
_HASH_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that its powers never vanish modulo 2**64


def five_gram(train: np.ndarray, test: np.ndarray, symbols: int, order: int = 5) -> float:
    """Returns the nats a character of counted character sequences, smoothed by interpolation with shorter ones.

    Source of the smoothing: Witten and Bell, "The zero-frequency problem", 1991, method C; interpolated as in Chen and
    Goodman, "An empirical study of smoothing techniques for language modeling", 1998, section 2.5.

    Args:
        train: the text to count, [characters].
        test: the text to foretell, which follows `train`, [characters].
        symbols: how many there are; fewer than 6,000, so that five of them have one number.
        order: characters in a sequence, the foretold one included.
    """
    whole = np.concatenate([train[len(train) - min(order - 1, len(train)) :], test])
    start = len(whole) - len(test)
    probability = np.full(len(test), 1 / symbols)
    for length in range(1, min(order, len(train)) + 1):
        counted, counts = np.unique(_sequences(train, length, symbols), return_counts=True)
        contexts, first = np.unique(counted // symbols, return_index=True)
        followers = np.diff([*first, len(counted)])  # different characters after each context
        totals = np.add.reduceat(counts, first)
        asked = _sequences(whole, length, symbols)[start - length + 1 :]
        seen = _look_up(counted, counts, asked)
        total = _look_up(contexts, totals, asked // symbols)
        kinds = _look_up(contexts, followers, asked // symbols)
        known = total > 0
        probability[known] = ((seen + kinds * probability) / np.maximum(total + kinds, 1))[known]
    return float(-np.log(probability).mean())


def xz(train: str, test: str) -> float:
    """Returns the nats a character that the compressor xz needs for `test` once it knows `train`."""
    known = len(_compressed(train))
    return (len(_compressed(train + test)) - known) * 8 * math.log(2) / len(test)


@dataclass(frozen=True)
class Copies:
    """What of some samples stands word for word in a text.

    Attributes:
        longest: the longest passage, [characters].
        share: how many of all passages of SHARE_LENGTH characters, 0 to 1.
    """

    longest: np.ndarray
    share: float

    def repeats_more_than(self, usual: "Copies") -> bool:
        """Returns whether more is copied here than is usual: over 5 % more passages, or one twice as long and long."""
        long = max(2 * len(usual.longest), 2 * SHARE_LENGTH)
        return self.share > usual.share + 0.05 or len(self.longest) > long


def copies(text: np.ndarray, samples: Sequence[np.ndarray]) -> Copies:
    """Returns what of the samples stands in the text, each [characters] of numbers below 2³²."""
    sums = _Hashes(text)
    samples = [sample for sample in samples if len(sample)]
    hashes = [_Hashes(sample) for sample in samples]
    longest = np.zeros(0, dtype=np.int64)
    low, high = 0, max((len(sample) for sample in samples), default=0)
    while low < high:  # a text that has a passage has all shorter parts of it too
        length = (low + high + 1) // 2
        there = np.sort(sums.of_length(length))
        found = None
        for sample, each in zip(samples, hashes, strict=True):
            at = np.flatnonzero(_is_in(there, each.of_length(length)))
            if len(at):
                found = sample[at[0] : at[0] + length]
                break
        if found is None:
            high = length - 1
        else:
            low, longest = length, found
    there = np.sort(sums.of_length(SHARE_LENGTH))
    copied = [_is_in(there, each.of_length(SHARE_LENGTH)) for each in hashes]
    passages = sum(map(len, copied))
    return Copies(longest, float(sum(int(each.sum()) for each in copied) / passages) if passages else 0.0)


class _Hashes:
    """Hashes of all passages of a text, for any length at once: polynomials modulo 2⁶⁴."""

    def __init__(self, text: np.ndarray):
        # Each number is scattered over 64 bits first; plain small numbers would collide modulo a power of two.
        values = (text.astype(np.uint64) + np.uint64(1)) * np.uint64(0xD6E8FEB86659FD93)
        values ^= values >> np.uint64(32)
        values *= np.uint64(0xD6E8FEB86659FD93)
        powers = np.cumprod(np.concatenate([[np.uint64(1)], np.full(len(text), _HASH_BASE, dtype=np.uint64)]))
        self.powers = powers
        self.sums = np.concatenate([[np.uint64(0)], np.cumsum(values * powers[:-1])])

    def of_length(self, length: int) -> np.ndarray:
        """Returns the hash of each passage of that length, by its first place."""
        count = len(self.sums) - length
        if count <= 0:
            return np.zeros(0, dtype=np.uint64)
        # Multiplied up to one power for all, so that a passage has one hash wherever it stands.
        differences = self.sums[length:] - self.sums[:count]
        return differences * _inverse_powers(self.powers, count)


def _inverse_powers(powers: np.ndarray, count: int) -> np.ndarray:
    inverse = np.uint64(pow(int(_HASH_BASE), -1, 2**64))
    return np.cumprod(np.concatenate([[np.uint64(1)], np.full(count - 1, inverse, dtype=np.uint64)]))


def _is_in(ordered: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    if not len(ordered):
        return np.zeros(len(wanted), dtype=bool)
    places = np.searchsorted(ordered, wanted).clip(max=len(ordered) - 1)
    return ordered[places] == wanted


def _sequences(text: np.ndarray, length: int, symbols: int) -> np.ndarray:
    """Returns a number for each sequence of that length, by its first place."""
    count = max(0, len(text) - length + 1)
    numbers = np.zeros(count, dtype=np.int64)
    for offset in range(length):
        numbers = numbers * symbols + text[offset : offset + count]
    return numbers


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    places = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)


def _compressed(text: str) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    size = max(4096, min(len(content), 2**30))
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": size}]
    return lzma.compress(content, lzma.FORMAT_RAW, filters=filters)
