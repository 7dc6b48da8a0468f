"""Resizing pictures [batch, height, width, channels] by TensorFlow's three ways to place pixels."""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F

Size = tuple[int, int]


def bilinear(x: torch.Tensor, size: Size, align_corners: bool, half_pixel_centers: bool) -> torch.Tensor:
    """Returns x in another size, interpolated linearly, as float32."""
    x = x.to(torch.float32).permute(0, 3, 1, 2)
    if align_corners or half_pixel_centers:
        y = F.interpolate(x, size, mode="bilinear", align_corners=align_corners)
        return y.permute(0, 2, 3, 1)
    # Row r comes from r · old / new, where PyTorch with aligned corners takes it from r · (old - 1) / (new - 1). With one
    # more row on both sides, the last a copy of its neighbour, that is the same.
    grown = F.pad(x, [0, 1, 0, 1], mode="replicate")
    y = F.interpolate(grown, (size[0] + 1, size[1] + 1), mode="bilinear", align_corners=True)
    return y.permute(0, 2, 3, 1)[:, :-1, :-1]


def nearest(x: torch.Tensor, size: Size, align_corners: bool, half_pixel_centers: bool) -> torch.Tensor:
    """Returns x in another size, pixels repeated or left out."""
    rows, plain_rows = _sources(x.shape[1], size[0], align_corners, half_pixel_centers)
    columns, plain_columns = _sources(x.shape[2], size[1], align_corners, half_pixel_centers)
    if plain_rows and plain_columns and x.is_floating_point():
        return F.interpolate(x.permute(0, 3, 1, 2), size, mode="nearest").permute(0, 2, 3, 1)
    return x.index_select(1, rows.to(x.device)).index_select(2, columns.to(x.device))


@lru_cache(maxsize=256)
def _sources(old: int, new: int, align_corners: bool, half_pixel_centers: bool) -> tuple[torch.Tensor, bool]:
    """Returns which of the old pixels each new one shows, and whether PyTorch's "nearest" shows the same."""
    aligned = align_corners and new > 1
    scale = (old - 1) / (new - 1) if aligned else old / new
    at = (np.arange(new) + (0.5 if half_pixel_centers else 0.0)) * scale
    sources = np.minimum(np.floor(at + 0.5) if align_corners else np.floor(at), old - 1).astype(np.int64)
    by_torch = np.floor(np.arange(new, dtype=np.float32) * np.float32(old / new)).clip(max=old - 1)
    return torch.from_numpy(sources), bool((sources == by_torch).all())
