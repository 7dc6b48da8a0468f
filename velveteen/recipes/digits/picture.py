"""Makes any picture of a digit look like one of MNIST's. `page/page.js` does the same in the browser.

Source: http://yann.lecun.com/exdb/mnist/: "the original images were size normalized to fit in a 20x20 pixel box while
preserving their aspect ratio […] the images were centered in a 28x28 image by computing the center of mass of the pixels".
"""

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from velveteen.errors import DataError, FileFormatError, MissingFileError

SIZE = 28
INK_BOX = 20
EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"})

_LARGEST_SIDE = 1000
"""Pixels; anything larger is made smaller first, since 20 are left in the end."""
_CORE = 0.4
"""The digit is where there is so much ink, and close around it; anything fainter far away is grain of the paper."""
_LEAST_CONTRAST = 16.0
"""Of 255: less than that between ink and paper is an empty page."""


def read(path: Path) -> np.ndarray:
    """Returns the digit in a picture file.

    Args:
        path: a picture of any size and kind: colour or grey, with transparency or not, dark on light or light on dark.

    Returns:
        A uint8 array [28, 28]: light ink on black, as MNIST has it.

    Raises:
        MissingFileError: when the file is not there.
        FileFormatError: when it is no picture that can be read.
        DataError: when there is nothing on it.
    """
    grey, alpha = _open(path)
    try:
        return normalize(grey, alpha)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def normalize(grey: np.ndarray, alpha: np.ndarray | None = None) -> np.ndarray:
    """Returns the digit in a picture as one of MNIST's.

    Args:
        grey: [height, width], 0 (black) to 255 (white).
        alpha: [height, width], 0 (transparent) to 255 (opaque, the default).

    Returns:
        A uint8 array [28, 28].

    Raises:
        DataError: when there is nothing on it.
    """
    ink = _ink(grey.astype(np.float32), None if alpha is None else alpha.astype(np.float32) / 255)
    core = _box(ink > _CORE)
    margin = math.ceil(0.04 * max(side.stop - side.start for side in core))
    around = ink[tuple(slice(max(0, side.start - margin), side.stop + margin) for side in core)]
    box = around[_box(around > 0)]
    scale = INK_BOX / max(box.shape)
    height, width = (max(1, int(side * scale + 0.5)) for side in box.shape)
    small = resample_matrix(len(box), height) @ box @ resample_matrix(box.shape[1], width).T
    # A thin pen leaves little ink on 20 pixels; MNIST's strokes are white inside.
    small = np.minimum(small * (255 / _nearly_largest(small)), 255)
    return _center(np.floor(small + 0.5).astype(np.uint8))


def resample_matrix(size: int, new_size: int) -> np.ndarray:
    """Returns the weights [new_size, size] that make a row of `size` pixels one of `new_size` by a triangle filter.

    Source: the "bilinear" filter of Pillow, which spans all the pixels that a new one covers.
    """
    scale = size / new_size
    reach = max(scale, 1.0)
    centers = (np.arange(new_size) + 0.5) * scale
    distances = np.abs(np.arange(size) + 0.5 - centers[:, None]) / reach
    weights = np.maximum(1 - distances, 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _box(mask: np.ndarray) -> tuple[slice, slice]:
    """Returns the rows and columns from the first to the last that is true."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _ink(grey: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """Returns how much ink each pixel has, 0 to 1: the border is taken for paper, and what differs from it for ink."""
    border = np.ones(grey.shape, dtype=bool)
    border[1:-1, 1:-1] = False
    if alpha is None:
        paper = float(np.median(grey[border]))
    else:
        opaque = border & (alpha > 0.5)
        if opaque.sum() * 4 > border.sum():
            paper = float(np.median(grey[opaque]))
        else:  # nothing but ink is drawn: paper is what it can be seen on
            paper = 255.0 if (grey * alpha).sum() < 127.5 * alpha.sum() else 0.0
        grey = grey * alpha + paper * (1 - alpha)
    darkest, lightest = paper - float(grey.min()), float(grey.max()) - paper
    contrast = max(darkest, lightest)
    if contrast < _LEAST_CONTRAST:
        raise DataError(
            "there is nothing on this picture. Give one with a digit that is darker or lighter than its paper."
        )
    ink = np.maximum(paper - grey if darkest > lightest else grey - paper, 0) / contrast
    # What the border shows beside paper is shadow or noise, unless the digit itself touches it.
    shadow = float(np.percentile(ink[border], 95))
    ink[ink < min(max(0.1, 1.5 * shadow), 0.5)] = 0
    return ink


def _nearly_largest(values: np.ndarray) -> float:
    """Returns the 90th percentile of what is not zero."""
    inked = np.sort(values[values > 0])
    return float(inked[int(0.9 * (len(inked) - 1))])


def _center(box: np.ndarray) -> np.ndarray:
    """Returns `box` on [28, 28] with its centre of mass in the middle, as far as it fits."""
    mass = box.sum(dtype=np.float64)
    out = np.zeros((SIZE, SIZE), dtype=np.uint8)
    starts = []
    for axis, length in enumerate(box.shape):
        center = (box.sum(axis=1 - axis, dtype=np.float64) * np.arange(length)).sum() / mass
        starts.append(int(min(max(np.floor(SIZE / 2 - center + 0.5), 0), SIZE - length)))
    out[starts[0] : starts[0] + box.shape[0], starts[1] : starts[1] + box.shape[1]] = box
    return out


def _open(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns a picture's grey values and its transparency, or None when it has none."""
    try:
        with Image.open(path) as opened:
            opened.draft("L", (_LARGEST_SIDE, _LARGEST_SIDE))
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith(("I", "F")):
                image = _to_eight_bits(image)
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise MissingFileError(f"{path} is not a file that is there. Give the path of a picture.") from error
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise FileFormatError(
            f"{path} cannot be read as a picture: {error}. Save it as PNG or JPEG, and not larger than 10,000 × 10,000."
        ) from error
    if max(image.size) > _LARGEST_SIDE:
        image.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE), Image.Resampling.BOX)
    grey = np.asarray(image.convert("RGB").convert("L"))
    return grey, np.asarray(image)[:, :, 3] if image.mode == "RGBA" else None


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Returns a picture of 16 or 32 bits a pixel as one of 8, its darkest value black and its lightest white."""
    values = np.asarray(image, dtype=np.float64)
    low, high = values.min(), values.max()
    spread = (values - low) * (255 / (high - low)) if high > low else np.zeros_like(values)
    return Image.fromarray(spread.astype(np.uint8))
