"""Folders of sounds as datasets."""

import math
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from velveteen.data.folders import FilePath, folder_dataset
from velveteen.errors import ArgumentError, StateError

ENDINGS = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".au"})


def sound_folder(
    path: FilePath,
    sample_rate: int = 16000,
    seconds: float | None = 1.0,
    *,
    one_hot: bool = True,
    class_names: Sequence[str] | None = None,
    validation_split: float = 0.0,
    subset: str | None = None,
    shuffle: bool = True,
    seed: int = 0,
    workers: int = 2,
) -> Any:
    """Makes a dataset of the sounds in a folder with one subfolder a label.

    Each element is `{"xs": Tensor [samples] from -1 to 1, "ys": label}`: all channels mixed to one, at one rate. Files
    that cannot be read are left out with a warning and listed in `dataset.broken`. Needs the extra `audio`.

    Args:
        path: the folder; `path/yes/1.wav` has the label "yes".
        sample_rate: samples a second to bring sounds to.
        seconds: length to bring sounds to, by cutting the end off or adding silence; None leaves each as long as it is.
        one_hot, class_names, validation_split, subset, shuffle, seed, workers: as for `image_folder`.

    Returns:
        A FolderDataset with `class_names`, `files` and `broken`; for subset="both" two of them.

    Raises:
        StateError: the packages that read sounds are not installed.
        MissingFileError: a folder that is not there.
        DataError: no sounds in it; when gone through, none that can be read.
        ArgumentError, UnknownNameError: arguments that make no sense.
    """
    if sample_rate < 1 or (seconds is not None and seconds * sample_rate < 1):
        raise ArgumentError(
            f"sound_folder() needs a positive sample_rate, and at least one sample: got {sample_rate} samples a second "
            f"for {seconds} seconds."
        )
    if not (find_spec("soundfile") and find_spec("soxr")):
        raise StateError('Reading sounds needs soundfile and soxr. Run: pip install "velveteen[audio]"')
    return folder_dataset(
        path,
        partial(read_sound, sample_rate=sample_rate, seconds=seconds),
        ENDINGS,
        class_names=class_names,
        one_hot=one_hot,
        shuffle=shuffle,
        seed=seed,
        validation_split=validation_split,
        subset=subset,
        workers=workers,
    )


def read_sound(path: Path, sample_rate: int, seconds: float | None) -> np.ndarray:
    """Returns a sound as float32 [samples], mixed to one channel.

    Raises:
        ValueError: a sound without samples, or with NaN in it.
    """
    import soundfile
    import soxr

    with soundfile.SoundFile(path) as file:
        # No more is read than needed: a folder may hold hours.
        wanted = -1 if seconds is None else math.ceil(seconds * file.samplerate)
        sound = file.read(wanted, dtype="float32", always_2d=True).mean(axis=1)
        rate = file.samplerate
    if len(sound) == 0:
        raise ValueError("it has no samples")
    if not np.isfinite(sound).all():
        raise ValueError("it has NaN or infinity in it")
    if rate != sample_rate:
        sound = soxr.resample(sound, rate, sample_rate)
    if seconds is None:
        return np.ascontiguousarray(sound)
    fitted = np.zeros(round(seconds * sample_rate), dtype=np.float32)
    fitted[: len(sound)] = sound[: len(fitted)]
    return fitted
