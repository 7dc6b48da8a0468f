"""Layers that prepare data inside of the model, so that whoever uses the model need not know how."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from velveteen.errors import ArgumentError, ShapeError
from velveteen.layers._arguments import as_float, choice, integer_or_none, number, positive_integer
from velveteen.layers._pixels import PixelLayer, crop_to_aspect_ratio, resize_centers
from velveteen.layers.base import Layer
from velveteen.ops import image, reduction
from velveteen.tensors import Shape

__all__ = [
    "CategoryEncoding",
    "CenterCrop",
    "RandomWidth",
    "Rescaling",
    "Resizing",
    "category_encoding",
    "center_crop",
    "random_width",
    "rescaling",
    "resizing",
]

Size = int | None


class Rescaling(Layer):
    """Returns `x·scale + offset`: `rescaling(1 / 255)` makes bytes to numbers from 0 to 1.

    Args:
        scale: the factor.
        offset: what is added then.
    """

    def __init__(self, scale: float, *, offset: float = 0, **base: Any):
        super().__init__(**base)
        self.scale = number(scale, "scale")
        self.offset = number(offset, "offset")

    def call(self, x: torch.Tensor) -> torch.Tensor:
        return as_float(x) * self.scale + self.offset


class _PictureSize(PixelLayer):
    """What layers that change the size of pictures have in common.

    Shapes: [batch, height, width, channels], or without batch.

    Args:
        half_pixel_centers: whether a pixel's center lies in the middle between its edges, as Keras computes. A browser
            would compute otherwise: TensorFlow.js's layers have no such option.
    """

    def __init__(self, height: int, width: int, *, half_pixel_centers: bool = False, **base: Any):
        super().__init__(**base)
        self.half_pixel_centers = bool(half_pixel_centers)
        self.height = positive_integer(height, "height")
        self.width = positive_integer(width, "width")
        self.expects(4, 3)

    def compute_output_shape(self, input_shape: Sequence[Size]) -> tuple[Size, ...]:
        return (*input_shape[:-3], self.height, self.width, input_shape[-1])


class Resizing(_PictureSize):
    """Gives pictures another size. `resizing(height, width)`.

    Shapes: [batch, height, width, channels] → [batch, new height, new width, channels].

    Args:
        height, width: the new size.
        interpolation: "bilinear" or "nearest".
        crop_to_aspect_ratio: as in TensorFlow.js nothing is cropped: False puts the corners of the old and the new
            picture onto each other (`align_corners`), True does not. With `half_pixel_centers` corners lie on each
            other always, and True cuts off what the new proportions have no place for, as in Keras.
        half_pixel_centers: as Keras computes; a browser would compute otherwise.
    """

    def __init__(
        self,
        height: int,
        width: int,
        *,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        **base: Any,
    ):
        super().__init__(height, width, **base)
        self.interpolation = choice(interpolation, ("bilinear", "nearest"), "interpolation")
        self.crop_to_aspect_ratio = bool(crop_to_aspect_ratio)

    def call(self, x: torch.Tensor) -> torch.Tensor:
        size = (self.height, self.width)
        if self.half_pixel_centers:
            return _resize_centers(as_float(x), size, self.interpolation, self.crop_to_aspect_ratio)
        return _resize(as_float(x), self.interpolation, size, not self.crop_to_aspect_ratio)


class CenterCrop(_PictureSize):
    """Cuts the middle out of pictures; smaller ones are enlarged instead. `center_crop(height, width)`.

    Shapes: [batch, height, width, channels] → [batch, new height, new width, channels].

    TensorFlow.js picks the pixels by `image.crop_and_resize` with "nearest", which skips one here and there, and an odd
    column that is left over is cut off on the left. `half_pixel_centers` cuts plainly and enlarges as Keras does.

    Args:
        height, width: the new size.
        half_pixel_centers: as Keras computes; a browser would compute otherwise.
    """

    def call(self, x: torch.Tensor) -> torch.Tensor:
        x = as_float(x)
        old_height, old_width = x.shape[-3:-1]
        if self.half_pixel_centers:
            top, left = (old_height - self.height) // 2, (old_width - self.width) // 2
            if top >= 0 and left >= 0:
                return x[..., top : top + self.height, left : left + self.width, :]
            return _resize_centers(x, (self.height, self.width), "bilinear", True)
        top = (old_height - self.height) // 2
        left = (old_width - self.width) // 2
        if left == 0 and old_width != self.width:
            left = 1
        if top < 0 or left < 0:
            return _resize(x, "bilinear", (self.height, self.width), False)
        pictures = x if x.dim() == 4 else x.unsqueeze(0)
        count = pictures.shape[0]
        box = (
            top / old_height,
            left / old_width,
            (self.height + top) / old_height,
            (self.width + left) / old_width,
        )
        boxes = torch.tensor(box, device=x.device).repeat(count, 1)
        indices = torch.arange(count, dtype=torch.int32, device=x.device)
        middle = image.crop_and_resize(pictures, boxes, indices, (self.height, self.width), "nearest")
        return middle if x.dim() == 4 else middle[0]


class RandomWidth(Layer):
    """Gives a batch of pictures a random width: at each call, and not only while training, as in TensorFlow.js.

    Shapes: [batch, height, width, channels] → [batch, height, another width, channels], or without batch.

    Args:
        factor: how much narrower and wider, as parts of the width: a positive number for both, or [least, most], such
            as [-0.2, 0.3] for 20 % narrower to 30 % wider.
        interpolation: "bilinear" or "nearest".
        seed: makes the widths of this layer repeatable.
    """

    def __init__(
        self,
        factor: float | Sequence[float],
        *,
        interpolation: str = "bilinear",
        seed: int | None = None,
        **base: Any,
    ):
        super().__init__(**base)
        limits = list(factor) if isinstance(factor, list | tuple) else [-number(factor, "factor"), factor]
        least, most = [number(limit, "factor") for limit in limits] if len(limits) == 2 else (0, -1)
        if not -1 <= least <= most:
            raise ArgumentError(
                f"factor must be a positive number or [least, most], from -1 on and in ascending order, got {factor!r:.200}."
            )
        self.factor = factor
        self.interpolation = choice(interpolation, ("bilinear", "nearest"), "interpolation")
        self.seed = integer_or_none(seed, "seed")
        self._limits = (1 + least, 1 + most)
        self._generator = None if seed is None else torch.Generator().manual_seed(seed)
        self.expects(4, 3)

    def compute_output_shape(self, input_shape: Sequence[Size]) -> tuple[Size, ...]:
        return (*input_shape[:-2], None, input_shape[-1])

    def call(self, x: torch.Tensor) -> torch.Tensor:
        factor = torch.empty(()).uniform_(*self._limits, generator=self._generator).item()
        width = max(1, math.floor(factor * x.shape[-2] + 0.5))
        return _resize(as_float(x), self.interpolation, (x.shape[-3], width), False)


class CategoryEncoding(Layer):
    """Turns categories (whole numbers) into rows of numbers. `category_encoding(num_tokens)`.

    Shapes: [batch, n] → [batch, num_tokens]; "one_hot": [batch] or [batch, 1] → [batch, num_tokens].

    Args:
        num_tokens: how many categories there are: the inputs are 0 … num_tokens - 1.
        output_mode: "multi_hot" (1 for each category that is there), "one_hot" (one category a row) or "count" (how
            often each is there, weighted when `call` gets `count_weights`).
    """

    def __init__(self, num_tokens: int, *, output_mode: str = "multi_hot", **base: Any):
        super().__init__(**base)
        self.num_tokens = positive_integer(num_tokens, "num_tokens")
        self.output_mode = choice(output_mode, ("multi_hot", "one_hot", "count"), "output_mode")

    def compute_output_shape(self, input_shape: Sequence[Size]) -> tuple[Size, ...]:
        if self.output_mode == "one_hot" and input_shape[-1] != 1:
            return (*input_shape, self.num_tokens)
        return (*input_shape[:-1], self.num_tokens)

    def call(self, x: torch.Tensor, count_weights: torch.Tensor | None = None) -> torch.Tensor:
        if count_weights is not None and self.output_mode != "count":
            raise ArgumentError(f'count_weights are for output_mode "count" only, this layer has "{self.output_mode}".')
        categories = x.to(torch.int32)
        if categories.numel() and (categories.min() < 0 or categories.max() >= self.num_tokens):
            raise ArgumentError(
                f'Layer "{self.name}" encodes 0 … {self.num_tokens - 1}, but got numbers from {categories.min()} to '
                f"{categories.max()}. Make num_tokens larger than the largest number."
            )
        if self.output_mode == "one_hot" and categories.shape[-1] != 1:
            categories = categories.unsqueeze(-1)
        if categories.dim() > 2:
            raise ShapeError(
                f'Layer "{self.name}" encodes one row an example, but got input of shape {Shape(x.shape)} for output_mode '
                f'"{self.output_mode}". Flatten it, or use output_mode="multi_hot".'
            )
        weights = torch.empty(0, device=x.device) if count_weights is None else count_weights
        return reduction.dense_bincount(categories, weights, self.num_tokens, self.output_mode != "count")


def _resize(x: torch.Tensor, interpolation: str, size: tuple[int, int], align_corners: bool) -> torch.Tensor:
    resize = image.resize_bilinear if interpolation == "bilinear" else image.resize_nearest_neighbor
    return resize(x, size, align_corners)


def _resize_centers(x: torch.Tensor, size: tuple[int, int], interpolation: str, crop: bool) -> torch.Tensor:
    pictures = (x if x.dim() == 4 else x.unsqueeze(0)).permute(0, 3, 1, 2)
    if crop:
        pictures = crop_to_aspect_ratio(pictures, size)
    resized = resize_centers(pictures, size, interpolation).permute(0, 2, 3, 1)
    return resized if x.dim() == 4 else resized[0]


rescaling = Rescaling
resizing = Resizing
center_crop = CenterCrop
random_width = RandomWidth
category_encoding = CategoryEncoding
