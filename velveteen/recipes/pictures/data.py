"""Where the pictures come from: a folder with a subfolder a class, such as pets/cat/1.jpg; and how they become tensors."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import velveteen as vt
from velveteen.data.dataset import Dataset
from velveteen.data.images import ENDINGS
from velveteen.data.images import read_image as read_file
from velveteen.errors import DataError, FileFormatError, MissingFileError

CHANNELS = 3
PAPER = 1.0
"""What is seen where a picture is transparent: white."""
FEWEST = 2
"""Pictures that a class needs: one to learn from, and one to test on."""

_STRETCHES = 20
_EVERY = 5
_TURN = math.radians(10)
_SCALE = (0.85, 1.2)
_SHIFT = 0.08
_LIGHT = (0.75, 1.25)


@dataclass(frozen=True)
class Examples:
    """Pictures [count, side, side, 3] uint8, and the numbers of their classes [count] int64."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Pictures:
    """What is in a folder: the classes' names, the pictures to learn from, those to test on, and the files left out."""

    classes: tuple[str, ...]
    train: Examples
    test: Examples
    name: str
    broken: int = 0

    @property
    def source(self) -> str:
        return f"{self.name}: {len(self.train):,} to learn from, {len(self.test):,} to test on"


def load(folder: str | Path, side: int) -> Pictures:
    """Returns the pictures in a folder; some of each class are kept to test on, always the same.

    Args:
        folder: holds a folder a class.
        side: the pictures' height and width in pixels; the middle is kept where one is longer.

    Raises:
        MissingFileError: there is no such folder.
        DataError: there are fewer than two classes, or too few pictures in one.
    """
    images, labels, classes, broken = _read(Path(folder), side)
    counts = np.bincount(labels, minlength=len(classes))
    if len(classes) < 2:
        raise DataError(f"{folder} has one class, {classes[0]!r}. Give a second folder of pictures to tell it from.")
    for name, count in zip(classes, counts, strict=True):
        if count < FEWEST:
            raise DataError(
                f"The class {name!r} in {folder} has {count} pictures. Give at least {FEWEST}; 30 are better."
            )
    is_test = np.zeros(len(labels), dtype=bool)
    for label in range(len(classes)):
        places = np.flatnonzero(labels == label)
        is_test[places[kept_to_test(len(places))]] = True
    train, test = (Examples(images[chosen], labels[chosen]) for chosen in (~is_test, is_test))
    return Pictures(tuple(classes), train, test, f"the pictures in {folder}", broken)


def load_all(folder: str | Path, side: int, classes: tuple[str, ...]) -> Examples:
    """Returns all pictures of these classes in a folder.

    Raises:
        MissingFileError, UnknownNameError, DataError: there is no such folder, it lacks a class, or nothing is in it.
    """
    images, labels, _, _ = _read(Path(folder), side, classes)
    return Examples(images, labels)


def read(file: str | Path, side: int) -> np.ndarray:
    """Returns a picture as the network takes it: [side, side, 3] float32 from 0 to 1, on white where it is transparent.

    Raises:
        MissingFileError: there is no such file.
        FileFormatError: it is no picture that can be read.
    """
    try:
        return on_paper(read_file(Path(file), (side, side), 4, "crop"))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise MissingFileError(f"{file} is not a file that is there. Give the path of a picture.") from error
    except Exception as error:  # decoders raise whatever they like on broken files
        raise FileFormatError(f"{file} cannot be read as a picture: {error}. Save it as PNG or JPEG.") from error


def on_paper(pictures: np.ndarray) -> np.ndarray:
    """Returns pictures [..., 4] with transparency as [..., 3] on white."""
    opaque = pictures[..., 3:]
    return pictures[..., :3] * opaque + np.float32(PAPER) * (1 - opaque)


def kept_to_test(count: int) -> np.ndarray:
    """Returns which of a class's pictures, in the order of their files' names, are kept to test on: about a fifth.

    Neighbours stay together in stretches: what a camera takes in a row looks alike, and a network that is tested on the
    twins of what it has learned from looks better than it is.
    """
    stretch = max(1, math.ceil(count / _STRETCHES))
    chosen = (np.arange(count) // stretch) % _EVERY == _EVERY // 2
    if not chosen.any():
        chosen[-1] = True
    return chosen


def embed(images: np.ndarray) -> np.ndarray:
    """Returns pictures [count, side, side, 3] uint8 as the network takes them: float32, 0 to 1."""
    return np.divide(images, np.float32(255), dtype=np.float32)


def embed_labels(labels: np.ndarray, classes: int) -> np.ndarray:
    """Returns labels [count] as the network is to answer: one-hot rows [count, classes] float32."""
    return np.eye(classes, dtype=np.float32)[labels]


def varied(examples: Examples, classes: int, batch_size: int, mirror: bool, seed: int | None) -> Dataset:
    """Returns a dataset of batches to learn from: each epoch other versions of the pictures, all classes as often.

    A class with fewer pictures shows them more often, so that the network gains nothing by answering with the larger one.

    Args:
        examples: the pictures.
        classes: how many there are.
        batch_size: pictures a batch; all batches are whole.
        mirror: whether a picture and its mirror image mean the same.
        seed: makes the order and the versions repeatable.
    """
    random = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(int(random.integers(2**31)))
    members = [np.flatnonzero(examples.labels == label) for label in range(classes)]
    longest = max(map(len, members))
    count = math.ceil(longest * classes / batch_size)
    images = torch.from_numpy(examples.images)

    def batches() -> Iterator[dict[str, Any]]:
        each = math.ceil(count * batch_size / classes)
        decks = [
            np.concatenate([random.permutation(own) for _ in range(math.ceil(each / len(own)))]) for own in members
        ]
        order = random.permutation(np.concatenate([deck[:each] for deck in decks]))
        for start in range(0, count * batch_size, batch_size):
            chosen = order[start : start + batch_size]
            yield {
                "xs": vary(images[chosen], mirror, generator),
                "ys": torch.from_numpy(embed_labels(examples.labels[chosen], classes)),
            }

    return Dataset(batches, count)


def vary(images: torch.Tensor, mirror: bool, generator: torch.Generator) -> torch.Tensor:
    """Returns other versions of pictures: turned, scaled, moved, lighter or darker, with more or less contrast.

    Args:
        images: [count, side, side, 3] uint8.
        mirror: whether half of them are mirrored.
        generator: of the random numbers.

    Returns:
        [count, side, side, 3] float32 from 0 to 1.
    """
    count = len(images)

    def draw(least: float, most: float) -> torch.Tensor:
        return least + (most - least) * torch.rand(count, generator=generator)

    turn, scale = draw(-_TURN, _TURN), 1 / draw(*_SCALE)
    side = torch.where(draw(0, 1) < 0.5, -1.0, 1.0) if mirror else torch.ones(count)
    cosine, sine = scale * turn.cos(), scale * turn.sin()
    move_x, move_y = draw(-2 * _SHIFT, 2 * _SHIFT), draw(-2 * _SHIFT, 2 * _SHIFT)  # a picture reaches from -1 to 1
    rows = [torch.stack([side * cosine, -sine, move_x], 1), torch.stack([side * sine, cosine, move_y], 1)]
    pixels = (images.permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=torch.channels_last)
    grid = torch.nn.functional.affine_grid(torch.stack(rows, 1), list(pixels.shape), align_corners=False)
    pixels = torch.nn.functional.grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)
    contrast, light = (draw(*_LIGHT)[:, None, None, None] for _ in range(2))
    means = pixels.mean([1, 2, 3], keepdim=True)
    return (((pixels - means) * contrast + means) * light).clamp(0, 1).permute(0, 2, 3, 1)


def _read(
    folder: Path, side: int, classes: tuple[str, ...] | None = None
) -> tuple[np.ndarray, np.ndarray, list[str], int]:
    """Returns pictures in the order of their classes and files' names, labels, classes, and how many files were left out."""
    if classes is None and folder.is_dir() and not _has_pictures_in_folders(folder):
        raise DataError(f"{folder} has no folders of pictures. Put those of each class into one: pets/cat, pets/dog.")
    dataset = vt.data.image_folder(
        folder, (side, side), 4, fit="crop", one_hot=False, class_names=classes, shuffle=False
    )
    images, labels = [], []
    for batch in dataset.batch(256):
        images.append((255 * on_paper(batch["xs"].numpy()) + 0.5).astype(np.uint8))
        labels.append(batch["ys"].numpy().astype(np.int64))
    return np.concatenate(images), np.concatenate(labels), dataset.class_names, len(dataset.broken)


def _has_pictures_in_folders(folder: Path) -> bool:
    return any(file.suffix.lower() in ENDINGS for own in folder.iterdir() if own.is_dir() for file in own.rglob("*"))
