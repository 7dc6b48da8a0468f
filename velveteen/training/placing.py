"""Where data lie while a model computes on them: as a whole on the device if they fit there, else sent batch by batch."""

from collections.abc import Sequence

import torch

from velveteen import backend

_SHARE = 0.5
"""Of the GPU's free memory for data; the rest is the network's."""
_SMALL = 2**26
"""Bytes that fit anywhere, so that nobody need ask how much is free."""


def is_there(tensor: torch.Tensor) -> bool:
    """Returns whether a tensor lies on the device in use."""
    return tensor.device.type == backend.device().type


def on_device(tensor: torch.Tensor) -> torch.Tensor:
    """Returns a tensor on the device in use, itself if it is there."""
    return tensor if is_there(tensor) else tensor.to(backend.device())


def placed(tensors: Sequence[torch.Tensor | None]) -> list[torch.Tensor | None]:
    """Returns all tensors on the device in use; or all as they are, where together they do not fit there."""
    if not _fit(tensors):
        return list(tensors)
    return [None if tensor is None else on_device(tensor) for tensor in tensors]


def sent(tensor: torch.Tensor) -> torch.Tensor:
    """Returns a batch on the device in use; on its way there nobody waits for it."""
    if is_there(tensor):
        return tensor
    device = backend.device()
    # Only from memory that stays in its place can a GPU fetch by itself.
    return (tensor.pin_memory() if device.type == "cuda" else tensor).to(device, non_blocking=True)


def free_bytes(device: torch.device) -> int:
    """Returns how much memory of a GPU is free, with what PyTorch keeps of it for later."""
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + kept


def _fit(tensors: Sequence[torch.Tensor | None]) -> bool:
    device = backend.device()
    needed = sum(each.nbytes for each in tensors if each is not None and not is_there(each))
    return needed <= _SMALL or device.type != "cuda" or needed <= _SHARE * free_bytes(device)
