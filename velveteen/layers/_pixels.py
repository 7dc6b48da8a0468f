"""Where pixels lie: between their edges, as Keras and most programs think, or on corners, as TensorFlow.js's layers do."""

from typing import Any

import torch
import torch.nn.functional as F

from velveteen.layers.base import Layer


class PixelLayer(Layer):
    """What layers that resize pictures have in common: the option `half_pixel_centers`."""

    half_pixel_centers: bool

    def get_config(self) -> dict[str, Any]:
        """Returns the layer's config: as TensorFlow.js writes it, unless it computes what TensorFlow.js cannot."""
        config = super().get_config()
        if not self.half_pixel_centers:
            del config["half_pixel_centers"]
        return config


def resize_centers(x: torch.Tensor, size: tuple[int, int], interpolation: str) -> torch.Tensor:
    """Resizes pictures [batch, channels, height, width] whose pixels' centers lie in the middle between their edges."""
    if interpolation == "nearest":
        return F.interpolate(x, size=size, mode="nearest-exact")
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def crop_to_aspect_ratio(x: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Cuts the largest middle part with the proportions of `size` out of pictures [batch, channels, height, width]."""
    height, width = x.shape[-2:]
    cropped_height = max(min(height, int(width * size[0] / size[1])), 1)
    cropped_width = max(min(width, int(height * size[1] / size[0])), 1)
    top, left = (height - cropped_height) // 2, (width - cropped_width) // 2
    return x[..., top : top + cropped_height, left : left + cropped_width]
