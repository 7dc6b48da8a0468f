"""Pictures of any size, through a model that takes smaller ones: in overlapping tiles, blended."""

import itertools
from collections.abc import Sequence
from typing import Any

import torch

from velveteen.errors import ArgumentError, ShapeError
from velveteen.tensors import Shape, Tensor, TensorLike
from velveteen.training.arrays import _to_torch


def predict_tiles(
    model: Any,
    picture: TensorLike,
    tile: int | Sequence[int] | None = None,
    overlap: int | None = None,
    batch_size: int = 8,
) -> Tensor:
    """Computes a picture-to-picture model, such as a U-Net, on a picture of any size.

    The picture is cut into tiles that overlap. In an overlap the outer quarter of each tile counts nothing, since there
    the tile's edge is felt, and in the half between them one tile fades into the other. So the answer is exactly the one
    for the whole picture where no output looks further than a quarter of the overlap (and, for a model that halves its
    pictures, where the tiles begin at multiples of its smallest grid).

    Args:
        model: a Model, or anything with `predict`, of one input and one output of the same height and width.
        picture: [height, width, channels], or [1, height, width, channels]; one smaller than a tile is filled up with
            zeros at its end.
        tile: height and width of the tiles, one number for a square; by default what the model takes.
        overlap: by how many rows and columns neighbours overlap at least; by default a quarter of the tile.
        batch_size: how many tiles to compute at once.

    Returns:
        A Tensor with the picture's height and width; its rank is the picture's.

    Raises:
        ShapeError: the picture has another rank, or the model returns another height and width than it gets.
        ArgumentError: no tile size is known, or the overlap does not fit into the tile.
    """
    whole = _to_torch(picture, "the picture")
    rank = whole.dim()
    if rank == 4 and whole.shape[0] == 1:
        whole = whole[0]
    if whole.dim() != 3:
        raise ShapeError(
            f"predict_tiles() expects one picture of shape [height, width, channels], got {Shape(whole.shape)}."
        )
    sizes = _tile_size(model, tile)
    overlap = min(sizes) // 4 if overlap is None else overlap
    if not 0 <= overlap <= min(sizes) // 2:
        raise ArgumentError(f"The overlap must be between 0 and half of the tile, {min(sizes) // 2}, got {overlap}.")
    height, width = whole.shape[:2]
    missing = [max(0, size - length) for size, length in zip(sizes, (height, width), strict=True)]
    padded = torch.nn.functional.pad(whole, (0, 0, 0, missing[1], 0, missing[0]))
    places = [_places(length, size, overlap) for length, size in zip(padded.shape[:2], sizes, strict=True)]
    corners = list(itertools.product(*places))
    total: Any = None
    for start in range(0, len(corners), batch_size):
        batch = corners[start : start + batch_size]
        tiles = torch.stack([padded[top : top + sizes[0], left : left + sizes[1]] for top, left in batch])
        answers = model.predict(Tensor.wrap(tiles), batch_size=batch_size).value
        if answers.shape[1:3] != tiles.shape[1:3]:
            raise ShapeError(
                f"predict_tiles() needs a model whose output has the height and width of its input, {list(sizes)}, "
                f"but this one returned {Shape(answers.shape)}."
            )
        if total is None:
            total = answers.new_zeros((*padded.shape[:2], answers.shape[-1] + 1))  # the last channel adds up the shares
        for (top, left), answer in zip(batch, answers, strict=True):
            rows = _shares(sizes[0], overlap, top > 0, top < places[0][-1]).to(answer)
            columns = _shares(sizes[1], overlap, left > 0, left < places[1][-1]).to(answer)
            share = (rows[:, None] * columns).unsqueeze(-1)
            total[top : top + sizes[0], left : left + sizes[1]] += torch.cat([answer * share, share], dim=-1)
    blended = (total[..., :-1] / total[..., -1:])[:height, :width]
    return Tensor.wrap(blended if rank == 3 else blended.unsqueeze(0))


def _tile_size(model: Any, tile: int | Sequence[int] | None) -> tuple[int, int]:
    if tile is None:
        shape = model.inputs[0].shape
        tile = shape[1:3]
        if len(shape) != 4 or None in shape[1:3]:
            raise ArgumentError(
                f"The model takes pictures of any size ({Shape(shape)}), so say how large the tiles are: tile=256."
            )
    sizes = [tile, tile] if isinstance(tile, int) else list(tile)
    if len(sizes) != 2 or not all(isinstance(size, int) and size > 0 for size in sizes):
        raise ArgumentError(f"tile must be a positive integer, or a height and a width, got {tile!r:.100}.")
    return sizes[0], sizes[1]


def _places(length: int, size: int, overlap: int) -> list[int]:
    """Returns where along an axis the tiles begin; the last one ends with the picture."""
    return [*range(0, length - size, size - overlap), length - size]


def _shares(size: int, overlap: int, has_before: bool, has_after: bool) -> torch.Tensor:
    """Returns what each place along a tile's axis counts, from 0 to 1; towards a neighbour it fades."""
    places = torch.arange(size) + 0.5
    shares = torch.ones(size)
    if overlap and has_before:
        shares = torch.minimum(shares, ((places - overlap / 4) / (overlap / 2)).clamp(0, 1))
    if overlap and has_after:
        shares = torch.minimum(shares, ((size - places - overlap / 4) / (overlap / 2)).clamp(0, 1))
    return shares
