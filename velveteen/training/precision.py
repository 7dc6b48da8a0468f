"""Whether this machine gains from bfloat16, which `precision="auto"` goes by."""

import time
from functools import cache

import torch

from velveteen import backend

_ROUNDS = 5
_WORTHWHILE = 0.8  # of float32's time


def gains_from_bfloat16() -> bool:
    """Returns whether training in bfloat16 is clearly faster here than in float32.

    On CPUs it is measured, once, in some 50 ms: instructions for bfloat16 do not tell, since some machines have them
    and are slower.
    """
    if backend.get_backend() == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return backend.get_backend() == "cpu" and _measure()


@cache
def _measure() -> bool:
    """Times a convolution and its gradients in both precisions."""
    device = backend.device()
    pictures = torch.ones(16, 32, 24, 24, device=device).to(memory_format=torch.channels_last)
    kernel = torch.ones(32, 32, 3, 3, device=device).to(memory_format=torch.channels_last).requires_grad_()
    times = {True: float("inf"), False: float("inf")}
    for _ in range(_ROUNDS):
        for bfloat16 in times:
            start = time.perf_counter()
            with torch.enable_grad(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=bfloat16):
                result = torch.nn.functional.conv2d(pictures, kernel)
            torch.autograd.grad(result.float().sum(), kernel)
            times[bfloat16] = min(times[bfloat16], time.perf_counter() - start)
    return times[True] < _WORTHWHILE * times[False]
