"""Hearing words in a stream of sound: a recording of any length, or the microphone."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from velveteen.recipes.commands import streams
from velveteen.recipes.commands.detection import REFRACTORY, SMOOTHING, Detection
from velveteen.recipes.commands.recognizer import CommandModel, load

_MOST_WINDOWS = 256
"""That the network sees at once."""
_AROUND, _NEAR = 0.5, 0.3
"""Seconds on both sides of the middle of a word: to where noise is looked for, and to where its loudest place is."""
_NOISE = 30
"""The percentile of the loudness at each pitch that counts as noise."""
_AUDIBLE = 0.2
"""How far from the noise to its loudest place a word has to be to count as spoken."""
_PAUSE = 0.1
"""Seconds of quiet within a word, such as before a plosive."""
_AFTER = 0.15
"""Seconds by which a word's middle follows that of the window that decides, which is one of the first to hear it."""
_EARLIEST, _LATEST = 0.4, 0.15
"""Seconds before and after the middle of a word between which it can begin."""


@dataclass(frozen=True)
class Event:
    """A word that was heard.

    Attributes:
        time: seconds from the beginning of the stream to that of the word, to a twentieth or so.
        label: the word.
        score: the model's probability for it, averaged over a few windows.
    """

    time: float
    label: str
    score: float


def listen(
    model: str | Path | CommandModel,
    source: str | Path | Iterable[np.ndarray] | None = None,
    *,
    threshold: float | None = None,
    smoothing: float = SMOOTHING,
    refractory: float = REFRACTORY,
    device: int | str | None = None,
    on_level: Callable[[float], None] | None = None,
) -> Iterator[Event]:
    """Yields the words that are heard, as soon as they are.

    A stream of any length takes the same memory. Of each window the frames that it shares with the one before are computed
    once.

    Args:
        model: the folder that `train` wrote, or what `load` returned.
        source: a sound file; or blocks of float32 samples at the model's sample rate, from -1 to 1; or None for the
            microphone, which is listened to until the iterator is closed.
        threshold: the least score of a word that counts; by default the one that was chosen when the model was trained.
        smoothing: seconds over which scores are averaged.
        refractory: seconds after a word in which nothing else counts.
        device: the microphone, by its number or a part of its name.
        on_level: is called with the loudness of each block as it comes, in decibels of full scale.

    Raises:
        MissingFileError, FileFormatError, DataError, ArgumentError: the model or the file cannot be used.
        StateError: there is no microphone, or what it needs is not installed.
    """
    recognizer = model if isinstance(model, CommandModel) else load(model)
    listener = Listener(recognizer, threshold=threshold, smoothing=smoothing, refractory=refractory)
    if source is None:
        streams.check_microphone(device)
        blocks: Iterable[np.ndarray] = streams.from_microphone(recognizer.sample_rate, device)
    elif isinstance(source, str | Path):
        blocks = streams.from_file(source, recognizer.sample_rate)
    else:
        blocks = source
    return _events(listener, blocks, on_level)


def _events(
    listener: "Listener", blocks: Iterable[np.ndarray], on_level: Callable[[float], None] | None
) -> Iterator[Event]:
    for block in blocks:
        if on_level is not None:
            on_level(decibels(block))
        yield from listener.feed(block)
    yield from listener.finish()


def decibels(block: np.ndarray) -> float:
    """Returns how loud some samples from -1 to 1 are, in decibels of full scale; -100 for silence, and for no samples."""
    return 10 * float(np.log10(np.square(block, dtype=np.float64).sum() / max(1, len(block)) + 1e-10))


class Listener:
    """Hears words in sound that is fed to it bit by bit.

    Half a window of silence is put before the stream and after it, so that the first and the last word can be in the middle
    of a window too.

    Args:
        model: the model.
        threshold, smoothing, refractory: as for `listen`.

    Attributes:
        stride: frames from one window to the next: as many as are nearest to `STEP`.
        step: the same in seconds.
        detector: what decides on the scores.
        scores: of the windows since the last call of `feed`, float32 [windows, words].
    """

    def __init__(
        self,
        model: CommandModel,
        *,
        threshold: float | None = None,
        smoothing: float = SMOOTHING,
        refractory: float = REFRACTORY,
    ):
        self.model = model
        log_mel = model.log_mel
        self._frame = log_mel.hop / model.sample_rate
        self.stride = model.stride
        self.step = self.stride * self._frame
        self._frames = log_mel.frames(model.samples)
        self.detector = model.detector(threshold, smoothing, refractory)
        self._most = _MOST_WINDOWS * self.stride * log_mel.hop
        self._sound = np.zeros(model.samples // 2, np.float32)
        self._energies = torch.zeros(0, log_mel.mels)
        self._first_frame = 0
        self._next_window = 0
        self.scores = np.zeros((0, len(model.words)), np.float32)

    def feed(self, block: np.ndarray) -> list[Event]:
        """Returns the words that are decided with the next samples, float32 [any number], at the model's sample rate."""
        block = np.asarray(block, dtype=np.float32)
        pieces = np.split(block, range(self._most, len(block), self._most))
        scores, events = [], []
        for piece in pieces:
            scores.append(self._hear(piece))
            events += [self._event(found) for found in self.detector.feed(scores[-1])]
            self._forget()
        self.scores = np.concatenate(scores)
        return events

    def finish(self) -> list[Event]:
        """Returns the words at the end of the stream."""
        events = self.feed(np.zeros(self.model.samples - self.model.samples // 2, np.float32))
        return events + [self._event(found) for found in self.detector.finish()]

    def middle(self, window: float) -> float:
        """Returns the seconds from the beginning of the stream to the middle of a window."""
        first = window * self.step
        padding = self.model.samples // 2 / self.model.sample_rate
        return first + self.model.samples / 2 / self.model.sample_rate - padding

    @torch.no_grad()
    def _hear(self, block: np.ndarray) -> np.ndarray:
        """Computes the frames that are complete; returns the scores of the windows that are."""
        log_mel = self.model.log_mel
        sound = np.concatenate([self._sound, block])
        count = log_mel.frames(len(sound))
        if count:
            power = log_mel.power(torch.from_numpy(sound)[None])
            self._energies = torch.cat([self._energies, (power @ log_mel.filters)[0]])
        self._sound = sound[count * log_mel.hop :]
        ready = (self._first_frame + len(self._energies) - self._frames) // self.stride + 1 - self._next_window
        if ready <= 0:
            return np.zeros((0, len(self.model.words)), np.float32)
        first = self._next_window * self.stride - self._first_frame
        span = self._energies[first : first + (ready - 1) * self.stride + self._frames]
        windows = span.unfold(0, self._frames, self.stride).transpose(1, 2)
        self._next_window += ready
        return self.model.model.predict(log_mel.compress(windows), batch_size=_MOST_WINDOWS).numpy()

    def _forget(self) -> None:
        """Keeps the frames that windows to come need, and those of the last few windows, to find where words begin."""
        kept = (self._next_window - self.detector.longest) * self.stride
        drop = max(0, min(kept - self._first_frame, len(self._energies)))
        self._energies = self._energies[drop:]
        self._first_frame += drop

    def _event(self, found: Detection) -> Event:
        middle = self.middle(found.window - (self.detector.averaged - 1) / 2) + _AFTER
        return Event(round(max(0.0, self._beginning(middle)), 3), self.model.words[found.word], round(found.score, 4))

    def _beginning(self, middle: float) -> float:
        """Returns where the word begins that is spoken around a moment: where pitches get louder than they always are."""
        rate, log_mel = self.model.sample_rate, self.model.log_mel
        offset = (self.model.samples // 2 - log_mel.window / 2) / rate

        def frame(time: float) -> int:
            return min(max(0, round((time + offset) / self._frame) - self._first_frame), len(self._energies))

        first, last = frame(middle - _AROUND), frame(middle + _AROUND) + 1
        level = 10 * self._energies[first:last].clamp(min=log_mel.floor).log10().numpy()
        level = level.clip(min=level.max() - log_mel.decibels)
        above = (level - np.percentile(level, _NOISE, axis=0)).clip(min=0).mean(axis=1)
        above = np.convolve(np.pad(above, 1, mode="edge"), np.ones(3) / 3, "valid")
        near = slice(frame(middle - _NEAR) - first, frame(middle + _NEAR) + 1 - first)
        quiet, place = float(np.percentile(above, _NOISE / 2)), near.start + int(level.max(axis=1)[near].argmax())
        is_spoken = above > quiet + _AUDIBLE * (above[place] - quiet)
        pause = round(_PAUSE / self._frame)
        while (before := np.flatnonzero(is_spoken[max(0, place - pause) : place])).size:
            place = max(0, place - pause) + int(before[0])
        begin = (first + place + self._first_frame) * self._frame - offset
        return min(max(begin, middle - _EARLIEST), middle + _LATEST)
