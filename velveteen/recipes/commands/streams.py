"""Sound as it comes, in blocks: from a file of any length, or from the microphone."""

import importlib.util
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from velveteen.errors import DataError, FileFormatError, MissingFileError, StateError
from velveteen.recipes.commands import sounds

_FILE_BLOCK = 10.0
"""Seconds that are read of a file at once."""
_MICROPHONE_BLOCK = 0.05
"""Seconds."""
_MOST_WAITING = 600
"""Blocks that a slow listener may leave waiting: half a minute."""
_MISSING = 'Listening needs sounddevice. Run: pip install "velveteen[commands]"'
_NO_PORTAUDIO = "Listening needs the library PortAudio, which is not installed here. On Debian and Ubuntu run: apt install libportaudio2"


def from_file(path: str | Path, sample_rate: int) -> Iterator[np.ndarray]:
    """Yields a sound file block by block, as float32 [samples], its channels mixed to one, at another rate if need be.

    The file is read while it is used, so that it can be of any length.

    Args:
        path: a file that libsndfile knows: wav, flac, ogg, mp3, …
        sample_rate: samples a second to bring it to.

    Raises:
        MissingFileError: it is not there.
        FileFormatError: it is no sound, or damaged.
        DataError: it is empty, or has NaN in it.
        StateError: the packages that read sounds are not installed.
    """
    if not Path(path).is_file():
        raise MissingFileError(f"{path} is not a file that is there. Give the path of a sound.")
    rate = sounds.rate_of(path)
    import soundfile
    import soxr

    resample = None if rate == sample_rate else soxr.ResampleStream(rate, sample_rate, 1, dtype="float32")
    frames = 0
    try:
        with soundfile.SoundFile(path) as file:
            for block in file.blocks(round(_FILE_BLOCK * rate), dtype="float32", always_2d=True):
                if not np.isfinite(block).all():
                    raise DataError(f"{path} has NaN or infinity among its samples. Export it again.")
                frames += len(block)
                mono = block.mean(axis=1)
                yield mono if resample is None else resample.resample_chunk(mono)
    except soundfile.LibsndfileError as error:
        raise FileFormatError(f"{path} is damaged after {frames / rate:.1f} s: {error}. Copy it again.") from error
    if frames == 0:
        raise DataError(f"{path} is empty: it has no samples. Record it again.")
    if resample is not None:
        yield resample.resample_chunk(np.zeros(0, np.float32), last=True)


def from_microphone(sample_rate: int, device: int | str | None = None) -> Iterator[np.ndarray]:
    """Yields what the microphone hears, block by block, as float32 [samples], until the iterator is closed.

    Args:
        sample_rate: samples a second; what the device cannot do itself is resampled.
        device: its number or a part of its name, as `python -m sounddevice` lists them; by default the system's.

    Raises:
        StateError: sounddevice, PortAudio or a microphone is missing, or the device cannot be opened.
    """
    sounddevice = _sounddevice()
    rate = _device_rate(sounddevice, sample_rate, device)
    import soxr

    resample = None if rate == sample_rate else soxr.ResampleStream(rate, sample_rate, 1, dtype="float32")
    waiting: queue.Queue[np.ndarray] = queue.Queue(_MOST_WAITING)

    def take(block: np.ndarray, frames: int, time: Any, status: Any) -> None:
        if not waiting.full():  # a listener who is half a minute behind has lost its thread anyway
            waiting.put_nowait(block[:, 0].copy())

    try:
        stream = sounddevice.InputStream(
            rate, round(_MICROPHONE_BLOCK * rate), device, channels=1, dtype="float32", callback=take
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise StateError(f"The microphone cannot be opened: {error}. Close what else uses it.") from error
    with stream:
        while True:
            try:
                block = waiting.get(timeout=5)
            except queue.Empty:
                raise StateError("The microphone has fallen silent for 5 seconds. Was it unplugged?") from None
            yield block if resample is None else resample.resample_chunk(block)


def check_microphone(device: int | str | None = None) -> None:
    """Makes sure that there is something to listen with. Raises: StateError, as `from_microphone`."""
    _device_rate(_sounddevice(), 16000, device)


def _sounddevice() -> Any:
    if importlib.util.find_spec("sounddevice") is None or importlib.util.find_spec("soxr") is None:
        raise StateError(_MISSING)
    try:
        import sounddevice
    except OSError as error:  # what it raises when it finds no PortAudio
        raise StateError(_NO_PORTAUDIO) from error
    return sounddevice


def _device_rate(sounddevice: Any, sample_rate: int, device: int | str | None) -> int:
    """Returns the wanted rate if the device can do it, and otherwise its own."""
    try:
        found = sounddevice.query_devices(device, kind="input")
    except (sounddevice.PortAudioError, ValueError) as error:
        named = "no microphone" if device is None else f'no microphone "{device}"'
        raise StateError(
            f"There is {named} here that can be used. Connect one; python -m sounddevice lists what there is."
        ) from error
    try:
        sounddevice.check_input_settings(device, channels=1, dtype="float32", samplerate=sample_rate)
    except sounddevice.PortAudioError:
        return int(found["default_samplerate"])
    return sample_rate
