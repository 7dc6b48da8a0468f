"""Where recordings of words come from, which of them are kept to test on, and what they are labelled."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from velveteen.errors import DataError, MissingFileError, VelveteenError
from velveteen.recipes.commands import sounds, splitting
from velveteen.recipes.commands.splitting import Recording

SILENCE, UNKNOWN = "_silence_", "_unknown_"
NOISE_FOLDERS = ("_background_noise_", SILENCE)
"""Folders of Speech Commands' kind whose sounds are no words."""
SAMPLE_RATES = (16000, 8000)
SECONDS = 1.0


@dataclass(frozen=True)
class Examples:
    """Words cut out of recordings.

    Attributes:
        waveforms: int16 [count, samples].
        labels: int64 [count], places in the list of words.
        speakers: who speaks, or None where nobody knows, [count].
        files: where each is from, [count].
    """

    waveforms: np.ndarray
    labels: np.ndarray
    speakers: list[str | None]
    files: list[str]

    def __len__(self) -> int:
        return len(self.labels)

    def pick(self, chosen: np.ndarray) -> "Examples":
        """Returns those at some places, or where a mask is true."""
        places = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        speakers = [self.speakers[place] for place in places]
        files = [self.files[place] for place in places]
        return Examples(self.waveforms[places], self.labels[places], speakers, files)

    def fingerprint(self) -> str:
        """Returns what tells these examples from others."""
        return hashlib.sha256(self.waveforms.tobytes() + self.labels.tobytes()).hexdigest()


@dataclass(frozen=True)
class Commands:
    """Recordings to learn from and to test on.

    Attributes:
        words: the names of the classes; UNKNOWN and SILENCE are among them where there are such examples.
        sample_rate: samples a second of everything here.
        samples: of each example.
        train, validation, test: the examples; any of them may have none.
        noises: int16 [any number], recordings without words.
        name: where they are from.
        split: how it was decided what to test on, in words.
        rule: the same, as `load` was told.
        left_out: files that cannot be used, with the reason.
        notes: what else there is to tell, such as what was cut.
    """

    words: list[str]
    sample_rate: int
    samples: int
    train: Examples
    validation: Examples
    test: Examples
    noises: list[np.ndarray] = field(default_factory=list)
    name: str = ""
    split: str = ""
    rule: str = "auto"
    left_out: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def source(self) -> str:
        """What these are, in words."""
        return f"{self.name}: {len(self.train):,} to learn from, {len(self.test):,} to test on ({self.split})"

    def everything(self) -> Examples:
        """Returns all the examples."""
        return together([self.train, self.validation, self.test])


def load(
    folder: str | Path,
    words: Sequence[str] | None = None,
    *,
    sample_rate: int | None = None,
    seconds: float = SECONDS,
    split: str = "auto",
) -> Commands:
    """Returns the recordings in a folder.

    Args:
        folder: holds a folder a word with sounds in them, as Speech Commands does (its lists and `_background_noise_`
            count too), or files named WORD_SPEAKER_INDEX.wav.
        words: the commands; what other words are there is UNKNOWN. By default all of them are commands.
        sample_rate: samples a second to bring everything to; by default 16,000, or 8,000 where most recordings have less.
        seconds: how long a word may be; of longer recordings that much is cut out, where the word is.
        split: what to test on, see `splitting.SPLITS`.

    Raises:
        MissingFileError: no such folder.
        DataError: no sounds in it, none that can be used, or none of one of the words.
        ArgumentError, UnknownNameError: a split that makes no sense.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingFileError(
            f"There is no folder {folder}. Give one that holds a folder a word with recordings, such as stop/anna-1.wav."
        )
    found, noises = _listed(folder)
    if words is not None:
        missing = [word for word in words if word not in {recording.word for recording in found} | {UNKNOWN, SILENCE}]
        if missing:
            there = ", ".join(sorted({recording.word for recording in found})[:20])
            raise DataError(f"{folder} has no recordings of {', '.join(missing)}. It has {there}.")
    parts, told = splitting.split(folder, found, split)
    sample_rate = sample_rate or _common_rate(found)
    samples = round(seconds * sample_rate)
    names = sorted({recording.word for recording in found}) if words is None else list(words)
    if words is not None and UNKNOWN not in names and any(recording.word not in names for recording in found):
        names.append(UNKNOWN)
    left_out: list[tuple[str, str]] = []
    notes: list[str] = []
    pieces = {part: _read(parts[part], names, sample_rate, samples, left_out, notes) for part in splitting.PARTS}
    if not any(len(piece) for piece in pieces.values()):
        path, reason = left_out[0]
        raise DataError(f"None of the {len(left_out)} sounds in {folder} can be used. The first one, {path}: {reason}")
    background = []
    for noise in noises:
        try:
            background.append(to_int16(sounds.read(noise, sample_rate)))
        except VelveteenError as error:
            left_out.append((str(noise), str(error)))
    return Commands(
        names, sample_rate, samples, **pieces, noises=background, name=f"the recordings in {folder}",
        split=told, rule=split, left_out=left_out, notes=notes,
    )  # fmt: skip


def relabelled(examples: Examples, words: Sequence[str], to: Sequence[str]) -> Examples:
    """Returns examples whose labels are places in `words` with those of the same words in `to`; other words are UNKNOWN.

    Where `to` has no UNKNOWN, what is none of its words is left out.
    """
    unknown = to.index(UNKNOWN) if UNKNOWN in to else -1
    table = np.array([to.index(word) if word in to else unknown for word in words], dtype=np.int64)
    labels = table[examples.labels] if len(words) else examples.labels
    return replace(examples, labels=labels).pick(labels >= 0)


def together(parts: Iterable[Examples]) -> Examples:
    """Returns several examples as one."""
    parts = list(parts)
    waveforms, labels = (np.concatenate([getattr(part, name) for part in parts]) for name in ("waveforms", "labels"))
    speakers = [speaker for part in parts for speaker in part.speakers]
    return Examples(waveforms, labels, speakers, [file for part in parts for file in part.files])


def nothing(samples: int) -> Examples:
    """Returns no examples."""
    return Examples(np.zeros((0, samples), np.int16), np.zeros(0, np.int64), [], [])


def to_int16(sound: np.ndarray) -> np.ndarray:
    """Returns a sound from -1 to 1 as 16-bit numbers, half the memory."""
    return np.round(sound * 32767).clip(-32768, 32767).astype(np.int16)


def to_float(sound: np.ndarray) -> np.ndarray:
    """Returns 16-bit numbers as float32 from -1 to 1."""
    return sound.astype(np.float32) / np.float32(32767)


def _listed(folder: Path) -> tuple[list[Recording], list[Path]]:
    """Returns the recordings of words, and the files of noise."""
    found, noises = [], []
    for path in sounds.find(folder):
        within = path.relative_to(folder)
        if within.parts[0] in NOISE_FOLDERS:
            noises.append(path)
        else:
            recording = splitting.describe(path, within)
            if recording is not None:
                found.append(recording)
    if not found:
        raise DataError(
            f"{folder} holds no recordings of words. Put them into folders named after the word (stop/anna-1.wav), or name "
            "them WORD_SPEAKER_INDEX.wav (stop_anna_1.wav)."
        )
    return found, noises


def _common_rate(found: Sequence[Recording]) -> int:
    """Returns the sample rate that suits most of some of the files: what was never recorded need not be computed."""
    rates = []
    for recording in found[:: max(1, len(found) // 50)]:
        try:
            rates.append(sounds.rate_of(recording.path))
        except VelveteenError:
            continue  # it is left out when it is read
    low = sum(rate < SAMPLE_RATES[0] for rate in rates)
    return SAMPLE_RATES[1] if 2 * low > len(rates) else SAMPLE_RATES[0]


def _read(
    recordings: Sequence[Recording],
    names: Sequence[str],
    sample_rate: int,
    samples: int,
    left_out: list[tuple[str, str]],
    notes: list[str],
) -> Examples:
    def read(recording: Recording) -> sounds.Cut | VelveteenError:
        try:
            return sounds.read_word(recording.path, sample_rate, samples)
        except VelveteenError as error:
            return error

    waveforms, labels, speakers, files = [], [], [], []
    with ThreadPoolExecutor(4) as pool:
        for recording, word in zip(recordings, pool.map(read, recordings), strict=True):
            if isinstance(word, VelveteenError):
                left_out.append((str(recording.path), str(word)))
                continue
            label = recording.word if recording.word in names else UNKNOWN
            if label not in names:
                continue
            if word.lost > _WORTH_TELLING:
                notes.append(f"{recording.path}: {word.lost:.1f} s of what is to be heard did not fit and was cut off.")
            waveforms.append(to_int16(word.samples))
            labels.append(names.index(label))
            speakers.append(recording.speaker)
            files.append(str(recording.path))
    if not waveforms:
        return nothing(samples)
    return Examples(np.stack(waveforms), np.array(labels), speakers, files)


_WORTH_TELLING = 0.2
"""Seconds of sound cut off a recording from which on it is told."""


def counts(examples: Examples, words: Sequence[str]) -> dict[str, int]:
    """Returns how many examples each word has."""
    found = Counter(examples.labels.tolist())
    return {word: found[label] for label, word in enumerate(words)}
