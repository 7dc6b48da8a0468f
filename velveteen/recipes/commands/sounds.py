"""Reading sound files of any kind, and cutting a word out of what is around it."""

import importlib.util
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from velveteen.data.sounds import ENDINGS
from velveteen.errors import ArgumentError, DataError, FileFormatError, MissingFileError, StateError

__all__ = ["ENDINGS", "Cut", "cut_word", "find", "loudness", "read", "read_word", "word_in"]

LONGEST = 600.0
"""Seconds that are read of a file; the rest is not looked at."""
_SHORTEST = 0.03
"""Seconds; no word is shorter."""
_SILENT = 1e-3
"""The largest amplitude of a sound in which nobody speaks: -60 dB of full scale."""
_FULL_SCALE = 0.99
"""Amplitude; 8-bit sounds end at 127/128."""
_MOST_CLIPPED = 0.05
"""Of the samples of a word: above that they sound broken."""
_STEP = 0.01
"""Seconds between looks at the loudness."""
_AUDIBLE = 30.0
"""Decibels below the loudest place at which a word still counts as spoken."""
_FAINT = 0.05
"""Of the largest amplitude of a word; what is fainter, before and after it, is not part of it."""
_ABOVE_NOISE = 6.0
"""Decibels by which a word is louder than what is always there."""


@dataclass(frozen=True)
class Cut:
    """A word cut out of a recording.

    Attributes:
        samples: float32 [as many as asked for], the word in the middle.
        start: seconds from the beginning of the recording to that of `samples`; negative where silence was put before it.
        lost: seconds in which something was to be heard that did not fit.
    """

    samples: np.ndarray
    start: float
    lost: float


def read(path: str | Path, sample_rate: int, longest: float = LONGEST) -> np.ndarray:
    """Returns a sound file as float32 [samples], -1 to 1: its channels mixed to one, at another rate if need be.

    Args:
        path: a file that libsndfile knows: wav, flac, ogg, mp3, …, of any rate, sample format and number of channels.
        sample_rate: samples a second to bring it to.
        longest: seconds; what comes after them is left out.

    Raises:
        MissingFileError: it is not there.
        FileFormatError: it is no sound, or damaged, or cut off.
        DataError: it is empty, or has NaN in it.
        StateError: the packages that read sounds are not installed.
    """
    samples, rate = _decode(Path(path), longest)
    if rate != sample_rate:
        import soxr

        samples = soxr.resample(samples, rate, sample_rate)
    return np.ascontiguousarray(samples, dtype=np.float32)


def rate_of(path: str | Path) -> int:
    """Returns the samples a second that a file was recorded with. Raises: as `read`."""
    _check_installed()
    import soundfile

    try:
        return int(soundfile.info(str(path)).samplerate)
    except soundfile.LibsndfileError as error:
        raise FileFormatError(_no_sound(Path(path), error)) from error


def read_word(path: str | Path, sample_rate: int, samples: int) -> Cut:
    """Returns the word that is spoken in a file, as `cut_word` cuts it.

    Raises: as `read`, and
        DataError: nobody speaks in it, or it is clipped.
    """
    sound, rate = _decode(Path(path), LONGEST)
    return word_in(sound, rate, sample_rate, samples, str(path))


def word_in(sound: np.ndarray, rate: int, sample_rate: int, samples: int, name: str) -> Cut:
    """Returns the word that is spoken in a sound, float32 [any number] at `rate`, as `cut_word` cuts it.

    Raises:
        DataError: `name`, as the message calls it, is too short, nobody speaks in it, or it is clipped.
    """
    if len(sound) < _SHORTEST * rate:
        raise DataError(f"{name} lasts {len(sound) / rate:.3f} s. Give a recording that is long enough for a word.")
    if np.abs(sound).max() < _SILENT:
        raise DataError(f"{name} is silent. Record it again, with the microphone switched on and nearer.")
    word = cut_word(sound, rate, max(1, round(samples * rate / sample_rate)))
    spoken = np.abs(word.samples[word.samples != 0])
    if len(spoken) and (spoken >= _FULL_SCALE).mean() > _MOST_CLIPPED:
        raise DataError(f"{name} is clipped: it was too loud for its recorder. Record it again, with less gain.")
    if rate == sample_rate:
        return word
    import soxr

    resampled = np.zeros(samples, dtype=np.float32)
    content = soxr.resample(word.samples, rate, sample_rate)[:samples]
    resampled[: len(content)] = content
    return Cut(resampled, word.start, word.lost)


def cut_word(sound: np.ndarray, rate: int, samples: int) -> Cut:
    """Returns the part of a sound in which something is said, with that in the middle.

    Of a longer sound the loudest part counts; a shorter one, or one that is spoken close to the edge, gets silence around.

    Args:
        sound: float32 [any number], -1 to 1.
        rate: its samples a second.
        samples: how many to return.

    Raises:
        ArgumentError: `samples` is not positive.
    """
    if samples < 1:
        raise ArgumentError(f"A cut needs at least one sample, got {samples}.")
    step = max(1, round(_STEP * rate))
    level = loudness(sound, rate)
    audible = level - max(level.max() - _AUDIBLE, min(np.percentile(level, 10) + _ABOVE_NOISE, level.max() - 1))
    weight = audible.clip(min=0)  # decibels, so that a click weighs less than a word
    width = max(1, samples // step)
    first = _heaviest(weight, width)
    spoken = np.flatnonzero(weight[first : first + width])
    middle = first + (spoken[0] + spoken[-1] + 1) / 2
    start = round(middle * step - samples / 2)
    cut = np.zeros(samples, dtype=np.float32)
    begin, end = max(start, 0), min(start + samples, len(sound))
    cut[begin - start : end - start] = sound[begin:end]
    outside = np.delete(weight, slice(max(0, start // step), max(0, (start + samples) // step + 1)))
    return Cut(cut, start / rate, float((outside > 0).sum() * step / rate))


def without_pauses(sound: np.ndarray) -> np.ndarray:
    """Returns a word without what is faint before and after it, as float32 of loudness 1; nothing, if it is silent."""
    loud = np.flatnonzero(np.abs(sound) > _FAINT * np.abs(sound).max(initial=0))
    if not len(loud):
        return np.zeros(0, np.float32)
    word = sound[loud[0] : loud[-1] + 1]
    return (word / np.sqrt(np.square(word).mean())).astype(np.float32)


def joined(words: Iterable[np.ndarray]) -> np.ndarray:
    """Returns words as float32 [any number], one right after the other, all as loud."""
    return np.concatenate([np.zeros(0, np.float32), *map(without_pauses, words)])


def loudness(sound: np.ndarray, rate: int) -> np.ndarray:
    """Returns the decibels of each hundredth of a second of a sound, float32 [samples] at `rate`."""
    step = max(1, round(_STEP * rate))
    count = -(-len(sound) // step)
    padded = np.zeros(count * step, dtype=np.float64)
    padded[: len(sound)] = sound
    return 10 * np.log10(np.square(padded).reshape(count, step).mean(axis=1) + 1e-10)


def find(folder: Path) -> list[Path]:
    """Returns the sound files in a folder and the folders in it, by name; hidden ones are left out."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, name) for name in names if not name.startswith(".")]
    return sorted(path for path in found if path.suffix.lower() in ENDINGS)


def _heaviest(weight: np.ndarray, width: int) -> int:
    """Returns where the heaviest stretch of so many begins."""
    if len(weight) <= width:
        return 0
    sums = np.concatenate([[0.0], np.cumsum(weight)])
    return int(np.argmax(sums[width:] - sums[:-width]))


def _decode(path: Path, longest: float) -> tuple[np.ndarray, int]:
    """Returns a file's channels mixed to one, and its rate."""
    _check_installed()
    import soundfile

    if not path.is_file():
        raise MissingFileError(f"{path} is not a file that is there. Give the path of a sound.")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty: it has 0 bytes. Record or copy it again.")
    _check_whole(path)
    try:
        with soundfile.SoundFile(path) as file:
            rate, expected = file.samplerate, min(file.frames, round(longest * file.samplerate))
            sound = file.read(round(longest * rate), dtype="float32", always_2d=True).mean(axis=1)
    except (soundfile.LibsndfileError, TypeError, ValueError) as error:
        raise FileFormatError(_no_sound(path, error)) from error
    if len(sound) == 0:
        raise DataError(f"{path} is empty: it has no samples. Record it again.")
    if len(sound) < 0.98 * expected:  # an mp3's length is an estimate
        raise FileFormatError(
            f"{path} is cut off: of {expected / rate:.2f} s only {len(sound) / rate:.2f} s are there. Copy it again."
        )
    if not np.isfinite(sound).all():
        raise DataError(f"{path} has NaN or infinity among its samples. Export it again.")
    return sound, rate


def _check_whole(path: Path) -> None:
    """Refuses a wav file that ends before its header says: libsndfile would read what is there without a word."""
    with path.open("rb") as file:
        head = file.read(12)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        claimed = int.from_bytes(head[4:8], "little")
        # Programs that write to a pipe cannot know the size, and write 0 or the largest number.
        if claimed not in (0, 0xFFFFFFFF) and claimed + 8 > path.stat().st_size + 1:
            raise FileFormatError(
                f"{path} is cut off: it should have {claimed + 8:,} bytes, but has {path.stat().st_size:,}. Copy it again."
            )


def _check_installed() -> None:
    if not (importlib.util.find_spec("soundfile") and importlib.util.find_spec("soxr")):
        raise StateError('Reading sounds needs soundfile and soxr. Run: pip install "velveteen[audio]"')


def _no_sound(path: Path, error: Exception) -> str:
    reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
    return f"{path} cannot be read as a sound: {reason}. Save it as wav, flac, ogg or mp3."
