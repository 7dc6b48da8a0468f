"""Folders of pictures as datasets."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from velveteen.data._decoder import MODES, read_picture
from velveteen.data.folders import FilePath, InProcesses, folder_dataset
from velveteen.errors import ArgumentError, unknown_name

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
FITS = ("stretch", "crop", "pad")


def image_folder(
    path: FilePath,
    size: tuple[int, int],
    channels: int = 3,
    *,
    fit: str = "stretch",
    one_hot: bool = True,
    class_names: Sequence[str] | None = None,
    validation_split: float = 0.0,
    subset: str | None = None,
    shuffle: bool = True,
    seed: int = 0,
    workers: int = 2,
) -> Any:
    """Makes a dataset of the pictures in a folder with one subfolder a label.

    Each element is `{"xs": Tensor [height, width, channels] from 0 to 1, "ys": label}`. Pictures are turned as their
    camera says. Files that cannot be read are left out with a warning and listed in `dataset.broken`.

    Args:
        path: the folder; `path/cat/1.png` has the label "cat".
        size: (height, width) to bring pictures to.
        channels: 1 (grey), 3 (colours) or 4 (with transparency).
        fit: what becomes of other proportions: "stretch", "crop" to the middle, or "pad" with black.
        one_hot: whether labels are vectors, for categoricalCrossentropy; else the numbers of the classes, for
            sparseCategoricalCrossentropy.
        class_names: which subfolders to take, in the order of their numbers; by default all, by name.
        validation_split: the part of each class that is kept for validation, the same for each seed.
        subset: "training", "validation", or "both", which returns the two datasets.
        shuffle: whether each loop over the training part has another order.
        seed: for the split and the order.
        workers: how many read and decode ahead: processes, or threads where there are few pictures; 0 for none.

    Returns:
        A FolderDataset with `class_names`, `files` and `broken`; for subset="both" two of them.

    Raises:
        MissingFileError: a folder that is not there.
        DataError: no pictures in it; when gone through, none that can be read.
        ArgumentError, UnknownNameError: arguments that make no sense.
    """
    if len(size) != 2 or min(size) < 1:
        raise ArgumentError(f"size must be (height, width), two positive numbers, got {size!r}.")
    if channels not in MODES:
        raise ArgumentError(f"channels must be 1, 3 or 4, got {channels!r}.")
    if fit not in FITS:
        raise unknown_name("fit", fit, FITS)
    return folder_dataset(
        path,
        partial(read_image, size=(size[0], size[1]), channels=channels, fit=fit),
        ENDINGS,
        class_names=class_names,
        one_hot=one_hot,
        shuffle=shuffle,
        seed=seed,
        validation_split=validation_split,
        subset=subset,
        workers=workers,
        in_processes=InProcesses({"size": [size[0], size[1]], "channels": channels, "fit": fit}, from_bytes),
    )


def read_image(path: Path, size: tuple[int, int], channels: int, fit: str) -> np.ndarray:
    """Returns a picture as float32 [height, width, channels] from 0 to 1."""
    return from_bytes(read_picture(path, size, channels, fit))


def from_bytes(pictures: np.ndarray) -> np.ndarray:
    """Returns uint8 as float32 from 0 to 1."""
    return np.divide(pictures, np.float32(255), dtype=np.float32)
