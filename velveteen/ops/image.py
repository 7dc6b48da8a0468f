"""Operations / Images: the namespace `image`. The parts that stand alone are in `_resizing`, `_sampling`, `_boxes` and `_pictures`."""

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from velveteen.errors import ArgumentError, ShapeError
from velveteen.ops import _boxes, _pictures, _resizing, _sampling
from velveteen.ops._layout import batched
from velveteen.ops._operator import Float32, Int32, operator
from velveteen.tensors import Shape, Tensor, TensorLike

_LUMA = (0.2989, 0.5870, 0.1140)
"""How bright red, green and blue are: https://en.wikipedia.org/wiki/Luma_(video), CCIR 601."""


class NonMaxSuppressionWithScore(NamedTuple):
    """What `non_max_suppression_with_score` returns."""

    selected_indices: torch.Tensor
    selected_scores: torch.Tensor


class NonMaxSuppressionPadded(NamedTuple):
    """What `non_max_suppression_padded` returns."""

    selected_indices: torch.Tensor
    valid_outputs: torch.Tensor


@operator("Operations", "Images", namespace="image", method=True)
def resize_bilinear(images, size: Sequence[int], align_corners: bool = False, half_pixel_centers: bool = False):
    """Resizes pictures, interpolating linearly between the four nearest pixels.

    Args:
        images: [batch, height, width, channels], or without batch.
        size: new height and width.
        align_corners: whether the centres of the corner pixels stay in place.
        half_pixel_centers: whether a pixel's value stands in its middle; else in its upper left corner.

    Returns:
        float32 [batch, new height, new width, channels].
    """
    x = _checked(images, size, align_corners, half_pixel_centers, "resize_bilinear")
    y = _resizing.bilinear(x, (size[0], size[1]), align_corners, half_pixel_centers)
    return y if images.dim() == 4 else y[0]


@operator("Operations", "Images", namespace="image", method=True)
def resize_nearest_neighbor(images, size: Sequence[int], align_corners: bool = False, half_pixel_centers: bool = False):
    """Resizes pictures by repeating and leaving out pixels.

    Args:
        images: [batch, height, width, channels], or without batch; float32 or int32.
        size, align_corners, half_pixel_centers: as for `resize_bilinear`.

    Returns:
        [batch, new height, new width, channels].
    """
    x = _checked(images, size, align_corners, half_pixel_centers, "resize_nearest_neighbor")
    y = _resizing.nearest(x, (size[0], size[1]), align_corners, half_pixel_centers)
    return y if images.dim() == 4 else y[0]


def _checked(images, size, align_corners, half_pixel_centers, where):
    if images.dim() not in (3, 4):
        raise ShapeError(f"image.{where}() expects images of rank 3 or 4, got shape {Shape(images.shape)}.")
    if len(size) != 2 or min(size) < 1:
        raise ArgumentError(f"image.{where}() expects size as new height and new width, got {list(size)}.")
    if align_corners and half_pixel_centers:
        raise ArgumentError(f"image.{where}() takes either align_corners or half_pixel_centers, got both.")
    return batched(images, 4)


@operator("Operations", "Images", namespace="image")
def flip_left_right(image):
    """Mirrors pictures: [batch, height, width, channels]."""
    _check_rank(image, 4, "flip_left_right")
    return image.flip(2)


@operator("Operations", "Images", namespace="image")
def grayscale_to_rgb(image):
    """Repeats a single channel three times: [..., 1] → [..., 3]."""
    if image.dim() < 2 or image.shape[-1] != 1:
        raise ShapeError(
            f"image.grayscale_to_rgb() expects a last dimension of size 1, got shape {Shape(image.shape)}."
        )
    return image.expand(*image.shape[:-1], 3)


@operator("Operations", "Images", namespace="image")
def rgb_to_grayscale(image):
    """Weighs red, green and blue by how bright they look: [..., 3] → [..., 1], of the same dtype."""
    if image.dim() < 2 or image.shape[-1] != 3:
        raise ShapeError(
            f"image.rgb_to_grayscale() expects a last dimension of size 3, got shape {Shape(image.shape)}."
        )
    weights = torch.tensor(_LUMA, device=image.device)
    return (image.to(torch.float32) @ weights).unsqueeze(-1).to(image.dtype)


@operator("Operations", "Images", namespace="image")
def threshold(image, method: str = "binary", inverted: bool = False, thresh_value: float = 0.5):
    """Makes a picture black and white.

    Args:
        image: [height, width, channels] of 1 or 3 channels, with values from 0 to 255.
        method: "binary" for a given threshold, "otsu" for the one that separates light and dark best (Otsu 1979).
        inverted: whether what is bright becomes 0.
        thresh_value: from 0 to 1, for "binary".

    Returns:
        int32 [height, width, 1] of 0 and 255.
    """
    _check_rank(image, 3, "threshold")
    if image.shape[2] not in (1, 3):
        raise ShapeError(f"image.threshold() expects 1 or 3 channels, got shape {Shape(image.shape)}.")
    if method not in ("binary", "otsu"):
        raise ArgumentError(f'image.threshold() expects method "binary" or "otsu", got {method!r}.')
    gray = image
    if image.shape[2] == 3:
        red, green, blue = image.split(1, -1)
        gray = red * _LUMA[0] + green * _LUMA[1] + blue * _LUMA[2]
    level = thresh_value * 255 if method == "binary" else _otsu(gray)
    bright = gray <= level if inverted else gray > level
    return bright.to(torch.int32) * 255


def _otsu(gray: torch.Tensor) -> float:
    """Returns the level that makes the variance between what is below and what is above largest; -1 if there is none."""
    levels = gray.round().to(torch.int64).flatten().cpu().numpy()
    counts = np.bincount(levels[(levels >= 0) & (levels < 256)], minlength=256).astype(np.float32)
    # In float32 and in this order of operations, as near ties decide otherwise in float64.
    moments = counts * np.arange(256, dtype=np.float32)
    below, above = (_running(counts)[:-1], _running(counts[::-1])[::-1][1:])
    low, high = (_running(moments)[:-1], _running(moments[::-1])[::-1][1:])
    total = np.float32(gray.shape[0] * gray.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = low / below - high / above
        variance = (below / total) * (above / total) * distance * distance
    variance = np.nan_to_num(variance, nan=0.0)
    best = int(variance.argmax())
    return best if variance[best] > 0 else -1


def _running(values: np.ndarray) -> np.ndarray:
    return np.cumsum(values, dtype=np.float64).astype(np.float32)


@operator("Operations", "Images", namespace="image")
def rotate_with_offset(
    image: Float32,
    radians: float,
    fill_value: float | Sequence[float] = 0,
    center: float | Sequence[float] = 0.5,
):
    """Rotates pictures, each pixel taking the nearest one.

    Args:
        image: float32 [batch, height, width, channels].
        radians: the angle.
        fill_value: for what comes from outside; a number, or red, green and blue (a fourth channel is then 255).
        center: of the rotation, as a part of width and height; a number or a pair.
    """
    _check_rank(image, 4, "rotate_with_offset")
    return _sampling.rotate(image, radians, fill_value, center)


@operator("Operations", "Images", namespace="image")
def transform(
    image: Float32,
    transforms: Float32,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    fill_value: float = 0,
    output_shape: Sequence[int] | None = None,
):
    """Applies projective transforms to pictures.

    With a transform `[a0, a1, a2, b0, b1, b2, c0, c1]`, the output at (x, y) is the input at
    `((a0·x + a1·y + a2) / k, (b0·x + b1·y + b2) / k)`, where `k = c0·x + c1·y + 1`.

    Args:
        image: float32 [batch, height, width, channels].
        transforms: float32 [batch, 8] or [1, 8].
        interpolation: "nearest" or "bilinear".
        fill_mode: what is outside: "constant" (`fill_value`), "reflect", "wrap" or "nearest" (the border).
        fill_value: a number.
        output_shape: height and width of the output; by default the image's.
    """
    _check_rank(image, 4, "transform")
    if transforms.dim() != 2 or transforms.shape[1] != 8 or transforms.shape[0] not in (1, image.shape[0]):
        raise ShapeError(
            f"image.transform() expects transforms of shape [1, 8] or [{image.shape[0]}, 8], got {Shape(transforms.shape)}."
        )
    if interpolation not in ("nearest", "bilinear"):
        raise ArgumentError(f'image.transform() expects interpolation "nearest" or "bilinear", got {interpolation!r}.')
    if output_shape is not None and len(output_shape) != 2:
        raise ArgumentError(f"image.transform() expects output_shape as height and width, got {list(output_shape)}.")
    size = tuple(image.shape[1:3] if output_shape is None else output_shape)
    return _sampling.project(image, transforms, interpolation, fill_mode, fill_value, size)


@operator("Operations", "Images", namespace="image")
def crop_and_resize(
    image: Float32,
    boxes: Float32,
    box_ind: Int32,
    crop_size: Sequence[int],
    method: str = "bilinear",
    extrapolation_value: float = 0,
):
    """Cuts boxes out of pictures and resizes them.

    Args:
        image: float32 [batch, height, width, channels].
        boxes: float32 [boxes, 4]: y1, x1, y2, x2, where 0 and 1 are the centres of the corner pixels.
        box_ind: int32 [boxes]: the picture each is cut out of.
        crop_size: height and width of the crops.
        method: "bilinear" or "nearest".
        extrapolation_value: for what is outside of the picture.

    Returns:
        float32 [boxes, *crop_size, channels].
    """
    _check_rank(image, 4, "crop_and_resize")
    if boxes.dim() != 2 or boxes.shape[1] != 4 or tuple(box_ind.shape) != (boxes.shape[0],):
        raise ShapeError(
            "image.crop_and_resize() expects boxes of shape [boxes, 4] and box_ind of [boxes], got "
            f"{Shape(boxes.shape)} and {Shape(box_ind.shape)}."
        )
    if len(crop_size) != 2 or min(crop_size) < 1:
        raise ArgumentError(f"image.crop_and_resize() expects crop_size as height and width, got {list(crop_size)}.")
    if method not in ("bilinear", "nearest"):
        raise ArgumentError(f'image.crop_and_resize() expects method "bilinear" or "nearest", got {method!r}.')
    return _sampling.crop(image, boxes, box_ind, (crop_size[0], crop_size[1]), method, extrapolation_value)


@operator("Operations", "Images", namespace="image")
def non_max_suppression(
    boxes: Float32,
    scores: Float32,
    max_output_size: int,
    iou_threshold: float | None = 0.5,
    score_threshold: float | None = None,
):
    """Chooses the best boxes, leaving out those that overlap a better one.

    Args:
        boxes: float32 [boxes, 4]: two opposite corners, y1, x1, y2, x2.
        scores: float32 [boxes].
        max_output_size: how many to choose at most.
        iou_threshold: intersection over union from which on boxes overlap, from 0 to 1.
        score_threshold: only boxes with a higher score are chosen.

    Returns:
        int32: the indices of the chosen boxes, the best first.
    """
    chosen, _ = _boxes.suppress(boxes, scores, max_output_size, iou_threshold, score_threshold)
    return torch.tensor(chosen, dtype=torch.int32, device=boxes.device)


@operator("Operations", "Images", namespace="image")
def non_max_suppression_with_score(
    boxes: Float32,
    scores: Float32,
    max_output_size: int,
    iou_threshold: float | None = 0.5,
    score_threshold: float | None = None,
    soft_nms_sigma: float | None = 0.0,
):
    """`non_max_suppression` that returns the scores too, and can lower them for overlaps instead (Bodla et al. 2017).

    Args:
        boxes, scores, max_output_size, iou_threshold, score_threshold: as for `non_max_suppression`.
        soft_nms_sigma: from 0 to 1; where it is not 0, a score is multiplied by `exp(-iou² / (2 · sigma))`.

    Returns:
        `selected_indices` (int32) and `selected_scores` (float32).
    """
    chosen, kept = _boxes.suppress(boxes, scores, max_output_size, iou_threshold, score_threshold, soft_nms_sigma)
    return NonMaxSuppressionWithScore(
        torch.tensor(chosen, dtype=torch.int32, device=boxes.device),
        torch.tensor(kept, dtype=torch.float32, device=boxes.device),
    )


@operator("Operations", "Images", namespace="image")
def non_max_suppression_padded(
    boxes: Float32,
    scores: Float32,
    max_output_size: int,
    iou_threshold: float | None = 0.5,
    score_threshold: float | None = None,
    pad_to_max_output_size: bool = False,
):
    """`non_max_suppression` whose result can have a size that is known beforehand.

    Args:
        boxes, scores, max_output_size, iou_threshold, score_threshold: as for `non_max_suppression`.
        pad_to_max_output_size: whether to put zeros behind the indices, up to `max_output_size` or the number of boxes.

    Returns:
        `selected_indices` (int32) and `valid_outputs` (int32 scalar): how many of them are no padding.
    """
    chosen, _ = _boxes.suppress(boxes, scores, max_output_size, iou_threshold, score_threshold)
    valid = len(chosen)
    if pad_to_max_output_size:
        chosen = chosen + [0] * (min(max_output_size, boxes.shape[0]) - valid)
    return NonMaxSuppressionPadded(
        torch.tensor(chosen, dtype=torch.int32, device=boxes.device),
        torch.tensor(valid, dtype=torch.int32, device=boxes.device),
    )


@operator("Browser", "", namespace="image")
def from_pixels(pixels: _pictures.Picture, num_channels: int = 3):
    """Reads a picture.

    Args:
        pixels: a path, the bytes of a file, a PIL image, an array [height, width(, channels)] of uint8, or a dict of
            `data` (RGBA, flat), `width` and `height`.
        num_channels: how many of red, green, blue and alpha to keep, from 1 to 4.

    Returns:
        int32 [height, width, num_channels] with values from 0 to 255.

    Raises:
        MissingFileError, FileFormatError: no such file, or no picture.
    """
    if num_channels not in (1, 2, 3, 4):
        raise ArgumentError(f"image.from_pixels() expects num_channels from 1 to 4, got {num_channels!r}.")
    return torch.from_numpy(_pictures.read(pixels)[:, :, :num_channels].astype(np.int32))


def to_pixels(img: TensorLike, path: str | os.PathLike[str] | None = None) -> np.ndarray:
    """Turns a tensor into a picture.

    Args:
        img: [height, width] or [height, width, channels] with 1, 3 or 4 channels: int32 from 0 to 255, or float32 from 0
            to 1. Lists are read as int32.
        path: where to save it; the ending says how (".png", ".jpg", …).

    Returns:
        numpy uint8 [height · width · 4], flat: red, green, blue and alpha.

    Raises:
        ShapeError, DataError: no such picture.
    """
    tensor = img if isinstance(img, Tensor) else Tensor(img, dtype="int32")
    return _pictures.write(tensor.value, path)


def _check_rank(image: torch.Tensor, rank: int, where: str) -> None:
    if image.dim() != rank:
        hint = " Add a batch with .expand_dims(0)." if image.dim() == rank - 1 == 3 else ""
        raise ShapeError(f"image.{where}() expects an image of rank {rank}, got shape {Shape(image.shape)}.{hint}")
