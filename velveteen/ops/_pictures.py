"""Pictures in and out: files, bytes, PIL images, arrays."""

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from velveteen.errors import ArgumentTypeError, DataError, FileFormatError, MissingFileError, ShapeError
from velveteen.tensors import Shape

if TYPE_CHECKING:
    from PIL import Image

Picture = Any
"""A path, the bytes of a file, a PIL image, an array of uint8, or a dict of `data`, `width` and `height`."""


def read(picture: Picture) -> np.ndarray:
    """Returns uint8 [height, width, 4]: red, green, blue and alpha."""
    from PIL import Image

    if isinstance(picture, dict):
        size = (picture.get("height", -1), picture.get("width", -1), 4)
        data = np.asarray(picture.get("data"), dtype=np.uint8)
        if data.size != np.prod(size):
            raise ShapeError(f"Pixel data of {data.size} values does not make a picture of shape {Shape(size)}.")
        return data.reshape(size)
    if isinstance(picture, np.ndarray):
        return _with_alpha(picture)
    if isinstance(picture, Image.Image):
        return np.asarray(picture.convert("RGBA"))
    if not isinstance(picture, str | os.PathLike | bytes | bytearray):
        raise ArgumentTypeError(
            f"Expected a picture as a path, bytes, a PIL image or an array, got {type(picture).__name__}."
        )
    return np.asarray(_open(picture).convert("RGBA"))


def write(img: torch.Tensor, path: str | os.PathLike[str] | None) -> np.ndarray:
    """Returns uint8 [height · width · 4], and saves the picture where a path is given."""
    if img.dim() not in (2, 3) or (img.dim() == 3 and img.shape[2] not in (1, 3, 4)):
        raise ShapeError(
            f"Expected a picture [height, width] or with 1, 3 or 4 channels, got shape {Shape(img.shape)}."
        )
    values = img.detach().cpu().numpy()
    values = values[:, :, None] if values.ndim == 2 else values
    limit = 1 if img.is_floating_point() else 255
    if values.size and not (values.min() >= 0 and values.max() <= limit):
        raise DataError(
            f"A picture of {'float32' if limit == 1 else 'int32'} has values from 0 to {limit}, but these go from "
            f"{values.min()} to {values.max()}. Clip or scale them first."
        )
    scaled = np.floor(values.astype(np.float64) * (255 / limit) + 0.5)
    rgba = np.full((*values.shape[:2], 4), 255, dtype=np.uint8)
    channels = 3 if values.shape[2] == 1 else values.shape[2]
    rgba[:, :, :channels] = scaled
    if path is not None:
        from PIL import Image

        opaque = bool((rgba[:, :, 3] == 255).all())
        Image.fromarray(rgba[:, :, :3] if opaque else rgba).save(path)
    return rgba.reshape(-1)


def _open(source: Any) -> "Image.Image":
    from PIL import Image, UnidentifiedImageError

    where = "these bytes" if isinstance(source, bytes | bytearray) else f'"{os.fspath(source)}"'
    if not isinstance(source, bytes | bytearray) and not Path(source).is_file():
        raise MissingFileError(f"There is no picture {where}. Check the path.")
    try:
        image = Image.open(io.BytesIO(source) if isinstance(source, bytes | bytearray) else source)
        image.load()
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, ValueError, SyntaxError) as error:
        raise FileFormatError(f"Cannot read {where} as a picture: {error}.") from error
    return image


def _with_alpha(array: np.ndarray) -> np.ndarray:
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ShapeError(
            "Expected a picture as an array of uint8 [height, width] or with 1, 3 or 4 channels, got "
            f"{array.dtype} of shape {Shape(array.shape)}."
        )
    array = array[:, :, None] if array.ndim == 2 else array
    rgba = np.full((*array.shape[:2], 4), 255, dtype=np.uint8)
    rgba[:, :, : 3 if array.shape[2] == 1 else array.shape[2]] = array
    return rgba
