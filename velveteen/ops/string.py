"""Operations / String: the namespace `string`. TensorFlow.js works on the strings' UTF-8 bytes, and so does this."""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch

from velveteen import backend
from velveteen.errors import ArgumentError, ShapeError
from velveteen.ops import _javascript_regex
from velveteen.ops._fingerprint import fingerprint64
from velveteen.ops._operator import Int32, String, operator
from velveteen.tensors import Shape


class StringNGrams(NamedTuple):
    """What `string_ngrams` returns."""

    n_grams: np.ndarray
    n_grams_splits: torch.Tensor


class StringSplit(NamedTuple):
    """What `string_split` returns."""

    indices: torch.Tensor
    values: np.ndarray
    shape: torch.Tensor


@operator("Operations", "String", namespace="string")
def static_regex_replace(input: String, pattern: str, rewrite: str, replace_global: bool = True):
    """Replaces what matches a pattern.

    Args:
        input: strings of any shape.
        pattern: a regular expression in JavaScript's syntax.
        rewrite: what to put there; `$1` is the first group, `$&` the whole match, `$$` a dollar.
        replace_global: whether to replace all matches or the first only.
    """
    compiled = _javascript_regex.compile_pattern(pattern)
    return _each(input, lambda text: _javascript_regex.replace(text, compiled, rewrite, replace_global))


@operator("Operations", "String", namespace="string")
def string_ngrams(
    data: String,
    data_splits: Int32,
    separator: str,
    n_gram_widths: Sequence[int],
    left_pad: str,
    right_pad: str,
    pad_width: int,
    preserve_short_sequences: bool,
):
    """Joins neighbouring strings of each row.

    Args:
        data: strings [n], the rows one after the other.
        data_splits: int32 [rows + 1]: where each row starts, then n.
        separator: what to put between the strings.
        n_gram_widths: how many strings to join; each width in turn.
        left_pad, right_pad: strings that stand before and after each row.
        pad_width: how many of them; less than the width at most, which is also what -1 means.
        preserve_short_sequences: whether a row too short for any width becomes one n-gram as it is.

    Returns:
        `n_grams`: strings, and `n_grams_splits`: int32 [rows + 1].
    """
    if data.ndim != 1:
        raise ShapeError(f"string.string_ngrams() expects data of rank 1, got shape {Shape(data.shape)}.")
    splits = data_splits.tolist()
    if splits and (splits != sorted(splits) or splits[0] != 0 or splits[-1] != len(data)):
        raise ArgumentError(
            f"string.string_ngrams() expects data_splits to rise from 0 to {len(data)}, the number of strings, got {splits}."
        )
    n_grams: list[str] = []
    ends = [0] * len(splits[:1])
    join = functools.partial(_n_grams, pad_width=pad_width, left=left_pad, right=right_pad, separator=separator)
    for start, end in itertools.pairwise(splits):
        tokens = list(data[start:end])
        row = [n_gram for width in n_gram_widths for n_gram in join(tokens, width)]
        if preserve_short_sequences and tokens and not row:
            row = join(tokens, len(tokens) + 2 * pad_width)
        n_grams += row if len(data) else []
        ends.append(len(n_grams))
    return StringNGrams(np.array(n_grams, dtype=object), _int32(ends))


def _n_grams(tokens: list[str], width: int, pad_width: int, left: str, right: str, separator: str) -> list[str]:
    pads = min(width - 1 if pad_width < 0 else pad_width, width - 1)
    padded = [left] * pads + tokens + [right] * pads
    return [separator.join(padded[start : start + width]) for start in range(len(padded) - width + 1)]


@operator("Operations", "String", namespace="string")
def string_split(input: String, delimiter: String, skip_empty: bool = True):
    """Splits strings at delimiters.

    Args:
        input: strings [n].
        delimiter: scalar; each of its bytes is a delimiter, and where it is empty, every byte stands alone.
        skip_empty: whether to leave empty parts out.

    Returns:
        The parts as a sparse matrix: `indices` int32 [parts, 2], `values` [parts], and `shape` int32 [2].
    """
    if input.ndim != 1 or delimiter.ndim != 0:
        raise ShapeError(
            f"string.string_split() expects input of rank 1 and a single delimiter, got shapes {Shape(input.shape)} and "
            f"{Shape(delimiter.shape)}."
        )
    delimiters = delimiter.item().encode()
    rows = [_split(text.encode(), delimiters, skip_empty) for text in input]
    indices = [(row, place) for row, parts in enumerate(rows) for place in range(len(parts))]
    values = [part.decode(errors="replace") for parts in rows for part in parts]
    shape = [len(rows), max(map(len, rows), default=0)]
    return StringSplit(_int32(indices).reshape(-1, 2), np.array(values, dtype=object), _int32(shape))


def _split(text: bytes, delimiters: bytes, skip_empty: bool) -> list[bytes]:
    if not text:
        return []
    if not delimiters:
        return [text[at : at + 1] for at in range(len(text))]
    parts = text.translate(bytes.maketrans(delimiters, delimiters[:1] * len(delimiters))).split(delimiters[:1])
    return [part for part in parts if part or not skip_empty]


@operator("Operations", "String", namespace="string")
def string_to_hash_bucket_fast(input: String, num_buckets: int):
    """Gives each string a number, always the same one, by FarmHash's Fingerprint64 modulo `num_buckets`.

    Args:
        input: strings of any shape.
        num_buckets: how many numbers there are, at least 1.

    Returns:
        int32 of the input's shape, from 0 to num_buckets - 1.
    """
    if num_buckets < 1:
        raise ArgumentError(f"string.string_to_hash_bucket_fast() expects at least one bucket, got {num_buckets}.")
    return _int32([fingerprint64(text.encode()) % num_buckets for text in input.flat]).reshape(input.shape)


def _each(strings: np.ndarray, function: Callable[[str], str]) -> np.ndarray:
    out = np.empty_like(strings)
    for place, text in np.ndenumerate(strings):
        out[place] = function(text)
    return out


def _int32(values: list) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int32, device=backend.device())
