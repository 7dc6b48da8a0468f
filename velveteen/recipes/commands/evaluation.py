"""How right a model is on recordings, and how often it hears words that nobody said."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from velveteen.errors import ArgumentError
from velveteen.io.files import write_beside_then_rename
from velveteen.recipes.commands import detection, sounds
from velveteen.recipes.commands.data import Examples, to_float
from velveteen.recipes.commands.detection import STEP

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CONFIDENT = 1.959964
"""The quantile of the normal distribution for an interval that holds the truth 95 of 100 times."""
BACKGROUND_SECONDS = 600
"""Of a stream without commands, on which false accepts are counted."""
_TALKERS, _TALK = 4, (-45.0, -30.0)
"""In a background with babble, and how loud each is, in decibels of full scale."""
_BATCH = 256


class Recognizer(Protocol):
    """What is measured here: a `CommandModel`."""

    @property
    def words(self) -> list[str]: ...

    @property
    def sample_rate(self) -> int: ...

    @property
    def samples(self) -> int: ...

    def scores(self, waveforms: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class Group:
    """How right a model is on some of the examples: those of a word, or of a speaker."""

    accuracy: float
    examples: int


@dataclass(frozen=True)
class Measured:
    """How right a model is.

    Attributes:
        accuracy: from 0 to 1.
        interval: the lowest and the highest accuracy that so many examples leave likely, at 95 %.
        examples: how many it was tested on.
        labels: the words.
        confusion: `confusion[true word][word it heard]` counts.
        per_word, per_speaker: the same for each word, and for each speaker who is known.
        false_accepts_per_hour: words heard in noise and in other words at the threshold; None where that was not measured.
        threshold: the least score of a word that counts as heard.
        wanted_per_hour: the false accepts for which the threshold was chosen; it can be that none is high enough.
    """

    accuracy: float
    interval: tuple[float, float]
    examples: int
    labels: list[str]
    confusion: list[list[int]]
    per_word: dict[str, Group]
    per_speaker: dict[str, Group]
    false_accepts_per_hour: float | None = None
    threshold: float | None = None
    wanted_per_hour: float | None = None


def wilson(right: int, total: int) -> tuple[float, float]:
    """Returns the interval that holds the true share with 95 % confidence, when `right` of `total` were right.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if total == 0:
        return 0.0, 1.0
    z2 = _CONFIDENT**2
    share = right / total
    center = (share + z2 / (2 * total)) / (1 + z2 / total)
    reach = _CONFIDENT * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    # Rounding must not keep the ends from 0 and 1.
    return 0.0 if right == 0 else center - reach, 1.0 if right == total else center + reach


def measure(scores: np.ndarray, examples: Examples, words: Sequence[str]) -> Measured:
    """Returns how right scores [count, words] are about examples."""
    heard = scores.argmax(axis=1)
    confusion = np.zeros((len(words), len(words)), dtype=np.int64)
    np.add.at(confusion, (examples.labels, heard), 1)
    is_right = heard == examples.labels
    right = int(is_right.sum())
    speakers = np.array([speaker or "" for speaker in examples.speakers], dtype=str)
    return Measured(
        right / max(1, len(examples)),
        wilson(right, len(examples)),
        len(examples),
        list(words),
        confusion.tolist(),
        {
            word: _group(is_right[examples.labels == label])
            for label, word in enumerate(words)
            if label in examples.labels
        },
        {str(speaker): _group(is_right[speakers == speaker]) for speaker in np.unique(speakers) if speaker},
    )


def score_examples(model: Recognizer, examples: Examples) -> np.ndarray:
    """Returns a model's scores for examples: float32 [count, words]."""
    parts = [
        model.scores(to_float(examples.waveforms[start : start + _BATCH])) for start in range(0, len(examples), _BATCH)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, len(model.words)), np.float32)


def score_stream(model: Recognizer, stream: np.ndarray, step: float = STEP) -> np.ndarray:
    """Returns a model's scores for the windows of a stream, one every `step` seconds: float32 [windows, words].

    Args:
        model: the model.
        stream: float32 [any number of samples, at least the model's].
        step: seconds.
    """
    windows = np.lib.stride_tricks.sliding_window_view(stream, model.samples)[
        :: max(1, round(step * model.sample_rate))
    ]
    parts = [model.scores(np.ascontiguousarray(windows[i : i + _BATCH])) for i in range(0, len(windows), _BATCH)]
    return np.concatenate(parts)


def usable_threshold(scores: np.ndarray) -> float:
    """Returns the threshold, from 0.5 to 0.99, that three of four of the scores that commands got reach."""
    return round(float(np.clip(np.quantile(scores, 0.25), 0.5, 0.99)), 2) if len(scores) else 0.99


def false_accepts_per_hour(scores: np.ndarray, words: Sequence[str], threshold: float, step: float = STEP) -> float:
    """Returns how many words an hour are heard in the scores of a background stream."""
    return detection.count(scores, words, threshold, step) / max(1, len(scores)) * 3600 / step


def threshold_for(
    scores: np.ndarray, words: Sequence[str], per_hour: float, step: float = STEP, most: float = 0.99
) -> float:
    """Returns the least threshold, in hundredths from 0.5 on, at which a background stream is heard so rarely.

    Args:
        scores: of the stream's windows, from `score_stream`.
        words: of the model.
        per_hour: false accepts an hour that may happen.
        step: seconds between the windows.
        most: the threshold when it would have to be a higher one.

    Raises:
        ArgumentError: `per_hour` is negative.
    """
    if per_hour < 0:
        raise ArgumentError(f"False accepts an hour cannot be negative, got {per_hour}.")
    for hundredths in range(50, round(100 * most)):
        if false_accepts_per_hour(scores, words, hundredths / 100, step) <= per_hour:
            return hundredths / 100
    return most


def background(
    unknown: Examples,
    noises: Sequence[np.ndarray],
    sample_rate: int,
    seconds: float,
    seed: int = 1,
    babble: bool = False,
) -> np.ndarray:
    """Returns a stream in which no command is spoken: noise that changes its loudness, and other words.

    Args:
        unknown: other words than the commands; a new one begins every second or so, if there are any.
        noises: float32 recordings of noise; pink noise is computed where there are none.
        sample_rate: samples a second.
        seconds: how long.
        seed: the same seed gives the same stream.
        babble: whether several people say other words all the time, and those in front of them fewer.

    Returns:
        float32 [samples].
    """
    chance = np.random.default_rng(seed)
    count = round(seconds * sample_rate)
    long_enough = [noise for noise in noises if len(noise) > sample_rate]
    if long_enough:
        noise = np.concatenate([long_enough[int(chance.integers(len(long_enough)))] for _ in range(1)])
        noise = np.resize(noise, count).astype(np.float32)
    else:
        spectrum = np.fft.rfft(chance.standard_normal(count))
        spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
        noise = np.fft.irfft(spectrum, count).astype(np.float32)
    noise /= max(1e-6, float(np.sqrt(np.square(noise).mean())))
    knots = chance.uniform(-50, -25, size=max(2, int(seconds / 5)))
    loudness = np.interp(np.linspace(0, len(knots) - 1, count), np.arange(len(knots)), knots)
    stream = noise * (10 ** (loudness / 20)).astype(np.float32)
    talk = sounds.joined(to_float(unknown.waveforms)) if babble else np.zeros(0, np.float32)
    for _ in range(_TALKERS if len(talk) else 0):
        stream += 10 ** (chance.uniform(*_TALK) / 20) * np.resize(np.roll(talk, int(chance.integers(len(talk)))), count)
    place = 0
    while len(unknown) and place + unknown.waveforms.shape[1] < count:
        word = to_float(unknown.waveforms[int(chance.integers(len(unknown)))])
        peak = float(np.abs(word).max())
        if peak > 0:
            stream[place : place + len(word)] += word * (chance.uniform(0.1, 0.5) / peak)
        place += int(chance.uniform(0.6, 6.0 if babble else 2.0) * sample_rate)
    return stream.astype(np.float32)


def background_scores(
    model: Recognizer, unknown: Examples, noises: Sequence[np.ndarray], seed: int, babble: bool = False
) -> np.ndarray:
    """Returns the scores for the windows of ten minutes in which no command is spoken: float32 [windows, words].

    Args:
        model: the model.
        unknown: other words than the commands.
        noises: int16 or float32, as `background` takes them.
        seed: of the stream.
        babble: whether several people talk in it.
    """
    floats = [to_float(noise) if noise.dtype == np.int16 else noise for noise in noises]
    seconds = BACKGROUND_SECONDS + model.samples / model.sample_rate  # as long from the first window to the last
    return score_stream(model, background(unknown, floats, model.sample_rate, seconds, seed, babble))


def write_confusion(path: Path, measured: Measured) -> None:
    """Writes a picture of the confusions, true words as rows; needs matplotlib."""
    content = io.BytesIO()
    _picture(measured).savefig(content, format="png", dpi=110)
    write_beside_then_rename(path, content.getvalue())


def _picture(measured: Measured) -> "Figure":
    from matplotlib.figure import Figure  # not pyplot, which would open windows and keep every figure

    counts = np.array(measured.confusion)
    size = max(4.5, 0.42 * len(measured.labels) + 1.5)
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Purples", vmin=0, vmax=1)
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            if count:
                color = "white" if shares[i, j] > 0.6 else "black"
                axes.text(j, i, str(count), ha="center", va="center", fontsize=8, color=color)
    names = range(len(measured.labels))
    axes.set_xticks(names, measured.labels, rotation=90)
    axes.set_yticks(names, measured.labels)
    axes.set(title=f"{100 * measured.accuracy:.1f} % of {measured.examples:,} right", xlabel="heard", ylabel="said")
    axes.spines[:].set_visible(False)
    return figure


def _group(is_right: np.ndarray) -> Group:
    return Group(float(is_right.mean()) if len(is_right) else 0.0, len(is_right))
