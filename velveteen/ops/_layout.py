"""How tensors of pictures and volumes are laid out: batch, spatial dimensions, channels."""

from collections.abc import Sequence

import torch

from velveteen.errors import ArgumentError, ShapeError
from velveteen.tensors import Shape

CHANNELS_FIRST = {4: (0, 3, 1, 2), 5: (0, 4, 1, 2, 3)}
"""By rank, the permutation that turns channels last into channels first."""

CHANNELS_LAST = {4: (0, 2, 3, 1), 5: (0, 2, 3, 4, 1)}
"""By rank, the permutation that turns channels first into channels last."""


def batched(x: torch.Tensor, rank: int) -> torch.Tensor:
    """Returns x with a batch dimension: x itself where its rank is `rank`."""
    return x if x.dim() == rank else x.unsqueeze(0)


def check_format(data_format: str, known: Sequence[str], where: str) -> bool:
    """Returns whether channels come first, or raises an ArgumentError for an unknown data format."""
    if data_format not in known:
        raise ArgumentError(f"{where}() expects data_format {' or '.join(known)}, got {data_format!r}.")
    return data_format == "NCHW"


def check_channels(
    x: torch.Tensor, filter: torch.Tensor, axis: int, rank: int, channels_first: bool, where: str
) -> None:
    """Raises a ShapeError unless ranks fit and x has the channels that the filter has at `axis`."""
    if x.dim() not in (rank, rank - 1):
        raise ShapeError(
            f"{where}() expects x of rank {rank}, or {rank - 1} without batch, got shape {Shape(x.shape)}."
        )
    if filter.dim() != rank:
        raise ShapeError(f"{where}() expects a filter of rank {rank}, got shape {Shape(filter.shape)}.")
    channels = x.shape[x.dim() - rank + 1] if channels_first else x.shape[-1]
    if filter.shape[axis] != channels:
        raise ShapeError(
            f"{where}() got x of shape {Shape(x.shape)} with {channels} channels, but a filter of shape "
            f"{Shape(filter.shape)} for {filter.shape[axis]}. Make the filter's dimension {axis} equal to x's channels."
        )
