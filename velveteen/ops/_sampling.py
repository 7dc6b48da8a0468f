"""Pictures read at places between and beyond their pixels: rotation, projection, crops.

Places are computed in float64, as JavaScript does, so that rounding falls to the same side.
"""

import math
from collections.abc import Sequence

import torch

from velveteen.errors import ArgumentError, unknown_name

Size = tuple[int, int]


def rotate(
    image: torch.Tensor, radians: float, fill_value: float | Sequence[float], center: float | Sequence[float]
) -> torch.Tensor:
    """See `image.rotate_with_offset`."""
    height, width, channels = image.shape[1:]
    part_x, part_y = (center, center) if isinstance(center, int | float) else center
    center_x, center_y = width * part_x, height * part_y
    x, y = _grid(height, width, image.device)
    sin, cos = math.sin(radians), math.cos(radians)
    from_x = _round((x - center_x) * cos - (y - center_y) * sin + center_x)
    from_y = _round((x - center_x) * sin + (y - center_y) * cos + center_y)
    if isinstance(fill_value, int | float):
        fill = image.new_full((channels,), fill_value)
    else:
        colors = [*fill_value[:3], *[255.0] * (channels - 3)]
        if len(colors) < channels:
            raise ArgumentError(f"fill_value needs a number for each of {channels} channels, got {fill_value!r}.")
        fill = image.new_tensor(colors[:channels])
    return _read(image, from_y.expand(len(image), -1, -1), from_x.expand(len(image), -1, -1), fill)


def project(
    image: torch.Tensor, transforms: torch.Tensor, interpolation: str, fill_mode: str, fill_value: float, size: Size
) -> torch.Tensor:
    """See `image.transform`."""
    if fill_mode not in _MAPPINGS:
        raise unknown_name("fill_mode", fill_mode, _MAPPINGS)
    mapping = _MAPPINGS[fill_mode]
    x, y = _grid(*size, image.device)
    t = transforms.double().expand(len(image), -1)[:, :, None, None].unbind(1)
    depth = t[6] * x + t[7] * y + 1
    finite = depth != 0  # else infinitely far, so outside
    depth = torch.where(finite, depth, 1.0)
    from_x = mapping((t[0] * x + t[1] * y + t[2]) / depth, image.shape[2])
    from_y = mapping((t[3] * x + t[4] * y + t[5]) / depth, image.shape[1])
    fill = image.new_tensor(fill_value)
    if interpolation == "nearest":
        read = _read(image, _round(from_y), _round(from_x), fill)
    else:
        top, left = from_y.floor(), from_x.floor()
        down, right = (from_y - top).unsqueeze(-1), (from_x - left).unsqueeze(-1)
        upper = (1 - right) * _read(image, top, left, fill) + right * _read(image, top, left + 1, fill)
        lower = (1 - right) * _read(image, top + 1, left, fill) + right * _read(image, top + 1, left + 1, fill)
        read = ((1 - down) * upper + down * lower).to(image.dtype)
    return torch.where(finite.unsqueeze(-1), read, fill)


def crop(
    image: torch.Tensor, boxes: torch.Tensor, box_ind: torch.Tensor, size: Size, method: str, extrapolation_value: float
) -> torch.Tensor:
    """See `image.crop_and_resize`."""
    height, width = image.shape[1:3]
    y1, x1, y2, x2 = boxes.double().unbind(1)
    y = _places(y1, y2, height, size[0])[:, :, None].expand(-1, -1, size[1])
    x = _places(x1, x2, width, size[1])[:, None, :].expand(-1, size[0], -1)
    outside = (y < 0) | (y > height - 1) | (x < 0) | (x > width - 1)
    known = (box_ind >= 0) & (box_ind < len(image))
    pictures = torch.where(known, box_ind, 0).long()
    y, x = torch.where(outside, 0.0, y), torch.where(outside, 0.0, x)
    fill = image.new_tensor(extrapolation_value)
    if method == "nearest":
        read = _read(image, _round(y), _round(x), fill, pictures)
    else:
        down, right = (y - y.floor()).unsqueeze(-1), (x - x.floor()).unsqueeze(-1)
        upper = _between(image, y.floor(), x, right, fill, pictures)
        lower = _between(image, y.ceil(), x, right, fill, pictures)
        read = torch.lerp(upper, lower, down).to(image.dtype)
    read = torch.where(outside.unsqueeze(-1), fill, read)
    # A box on a picture that is not there stays empty.
    return torch.where(known[:, None, None, None], read, image.new_zeros(()))


def _between(
    image: torch.Tensor,
    y: torch.Tensor,
    x: torch.Tensor,
    part: torch.Tensor,
    fill: torch.Tensor,
    pictures: torch.Tensor,
) -> torch.Tensor:
    """Returns what lies at whole rows y between the columns left and right of x."""
    left = _read(image, y, x.floor(), fill, pictures).double()
    return torch.lerp(left, _read(image, y, x.ceil(), fill, pictures).double(), part)


def _places(start: torch.Tensor, end: torch.Tensor, old: int, new: int) -> torch.Tensor:
    """Returns where the rows (or columns) of each crop lie in the picture: [boxes, new]."""
    if new == 1:
        return (0.5 * (start + end) * (old - 1))[:, None]
    step = (end - start) * (old - 1) / (new - 1)
    return start[:, None] * (old - 1) + torch.arange(new, device=start.device) * step[:, None]


def _grid(height: int, width: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    rows = torch.arange(height, dtype=torch.float64, device=device)
    columns = torch.arange(width, dtype=torch.float64, device=device)
    return columns[None, :], rows[:, None]


def _round(x: torch.Tensor) -> torch.Tensor:
    return (x + 0.5).floor()  # JavaScript rounds halves up


def _read(
    image: torch.Tensor, y: torch.Tensor, x: torch.Tensor, fill: torch.Tensor, pictures: torch.Tensor | None = None
) -> torch.Tensor:
    """Returns the pixels at whole places y and x, each [n, height, width], and `fill` where there is no pixel."""
    inside = (y >= 0) & (y < image.shape[1]) & (x >= 0) & (x < image.shape[2])
    rows, columns = torch.where(inside, y, 0).long(), torch.where(inside, x, 0).long()
    if pictures is None:
        pictures = torch.arange(len(image), device=image.device)
    return torch.where(inside.unsqueeze(-1), image[pictures[:, None, None], rows, columns], fill)


def _reflect(at: torch.Tensor, size: int) -> torch.Tensor:
    """[abcd] → [dcba|abcd|dcba]."""
    if size <= 1:
        return at.clamp(0, size - 1)
    period = 2 * size
    left = period * (-at / period).trunc() + at
    left = torch.where(left < -size, left + period, -left - 1)
    right = at - period * (at / period).trunc()
    right = torch.where(right >= size, period - right - 1, right)
    return torch.where(at < 0, left, torch.where(at > size - 1, right, at)).clamp(0, size - 1)


def _wrap(at: torch.Tensor, size: int) -> torch.Tensor:
    """[abcd] → [abcd|abcd|abcd], with TensorFlow's period of one less than the size."""
    if size <= 1:
        return at.clamp(0, size - 1)
    left = at + size * ((-at / (size - 1)).trunc() + 1)
    right = at - size * (at / (size - 1)).trunc()
    return torch.where(at < 0, left, torch.where(at > size - 1, right, at)).clamp(0, size - 1)


_MAPPINGS = {
    "constant": lambda at, size: at,
    "nearest": lambda at, size: at.clamp(0, size - 1),
    "reflect": _reflect,
    "wrap": _wrap,
}
