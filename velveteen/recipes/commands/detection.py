"""When a word counts as heard in a stream: scores that last, above a threshold, and then a while of rest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from velveteen.errors import ArgumentError
from velveteen.recipes.commands.data import SILENCE, UNKNOWN

STEP = 0.1
"""Seconds between two looks at a stream."""
SMOOTHING = 0.3
"""Seconds over which scores are averaged."""
REFRACTORY = 0.75
"""Seconds after a word in which nothing else counts as heard."""
_PATIENCE = 0.3
"""Seconds to wait for a higher score, once the threshold is reached."""


@dataclass(frozen=True)
class Detection:
    """A word that was heard: the number of the window with the highest score, the word's place in the list, that score."""

    window: int
    word: int
    score: float


class Detector:
    """Finds words in the scores of windows, in the order in which they come.

    Source: the averaged posteriors of G. Chen et al., "Small-footprint keyword spotting using deep neural networks", 2014.

    Args:
        words: of the model, in the order of the scores.
        threshold: the least averaged score of a word that counts.
        step: seconds between windows.
        smoothing: seconds over which scores are averaged: so many windows, in `averaged`.
        refractory: seconds after a word in which nothing else counts. After them, too, the same word does not count again
            before its score has fallen below the threshold.

    Raises:
        ArgumentError: a threshold outside 0 to 1, or times that make no sense.
    """

    def __init__(
        self,
        words: Sequence[str],
        threshold: float,
        step: float = STEP,
        smoothing: float = SMOOTHING,
        refractory: float = REFRACTORY,
    ):
        if not 0 < threshold <= 1:
            raise ArgumentError(f"The threshold is a score above 0 and up to 1, got {threshold}.")
        if step <= 0 or smoothing < 0 or refractory < 0:
            raise ArgumentError(
                f"step must be positive, smoothing and refractory not negative, got {step}, {smoothing}, {refractory}."
            )
        self.threshold = threshold
        self._commands = [place for place, word in enumerate(words) if word not in (SILENCE, UNKNOWN)]
        self.averaged = max(1, round(smoothing / step))
        self._recent = np.zeros((0, len(self._commands)), np.float32)
        self._patience = max(1, round(_PATIENCE / step))
        self._rest = round(refractory / step)
        self._window = -1
        self._since = 0
        self._best: Detection | None = None
        self._rests_until = 0
        self._last_word = -1

    def to_json(self) -> dict[str, float]:
        """Returns what decides, for a detector in another language: the threshold, and all times in windows."""
        return {
            "threshold": self.threshold,
            "averaged": self.averaged,
            "patience": self._patience,
            "rest": self._rest,
        }

    @property
    def longest(self) -> int:
        """The most windows that lie between one that is part of a decision and the decision."""
        return self._patience + self.averaged + 1

    def feed(self, scores: np.ndarray) -> list[Detection]:
        """Returns the words that are decided with the next windows' scores, [windows, words]."""
        if not len(scores) or not self._commands:
            return []
        mean = self._averages(scores[:, self._commands])
        places = mean.argmax(axis=1)
        highest = mean.max(axis=1)
        found = [self._next(self._commands[place], float(score)) for place, score in zip(places, highest, strict=True)]
        return [detection for detection in found if detection is not None]

    def finish(self) -> list[Detection]:
        """Returns the word that was still being waited for when the stream ended, if there is one."""
        return [] if self._best is None else [self._decide()]

    def _averages(self, scores: np.ndarray) -> np.ndarray:
        """Returns the mean of each window's scores and those of the windows right before it; the first have fewer."""
        known = np.concatenate([self._recent, scores])
        before = len(self._recent)
        self._recent = known[len(known) - min(self.averaged - 1, len(known)) :]
        sums = np.concatenate([np.zeros((1, scores.shape[1])), np.cumsum(known, axis=0, dtype=np.float64)])
        last = np.arange(before, len(known)) + 1
        first = np.maximum(last - self.averaged, 0)
        return (sums[last] - sums[first]) / (last - first)[:, None]

    def _next(self, word: int, score: float) -> Detection | None:
        self._window += 1
        if score < self.threshold or word != self._last_word:
            self._last_word = -1
        if score >= self.threshold and word != self._last_word and self._window >= self._rests_until:
            if self._best is None:
                self._since = self._window
            if self._best is None or score > self._best.score:
                self._best = Detection(self._window, word, score)
        if self._best is None:
            return None
        waited = self._window - self._since >= self._patience
        return self._decide() if waited or score < self.threshold else None

    def _decide(self) -> Detection:
        found = self._best
        assert found is not None
        self._best, self._last_word = None, found.word
        self._rests_until = found.window + self._rest
        return found


def count(scores: np.ndarray, words: Sequence[str], threshold: float, step: float = STEP) -> int:
    """Returns how many words are heard in the scores [windows, words] of a whole stream."""
    detector = Detector(words, threshold, step)
    return len(detector.feed(scores)) + len(detector.finish())
