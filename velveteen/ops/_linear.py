"""Dense layers' matrix products, by the faster of the two libraries that PyTorch has inside.

In float32 PyTorch gives them to Intel's MKL. On AMD's processors that reaches half of what oneDNN does: 146 to 176 GFLOP/s
where oneDNN has 253 to 423, on two cores of a Zen 5. So there, and nowhere else, both are timed once, and large products
go to oneDNN where it is clearly faster.
"""

import platform
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

_VENDORS = ("AuthenticAMD", "HygonGenuine")
"""What processors call themselves on which MKL does not choose its best kernels."""
_FEWEST_PRODUCTS = 1 << 24
"""Multiplications below which the detour through Python costs what the library gains: some 0.1 ms of work."""
_WORTHWHILE = 0.8
"""Of MKL's time."""
_ROUNDS = 4
_ROWS, _INNER, _COLUMNS = 128, 512, 512

Layout = tuple[bool, bool]
"""Whether the rows and the kernel lie in memory as they are read: forward both, for the gradients one or none."""

_LAYOUTS: tuple[Layout, ...] = ((True, True), (True, False), (False, False))


def linear(x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """Returns `x @ kernel.T + bias`, as `torch.nn.functional.linear` does.

    Args:
        x: [..., inputs].
        kernel: [outputs, inputs].
        bias: [outputs], or None.
    """
    layouts = gaining_layouts()
    if not layouts or not _fits(x, kernel, layouts):
        return F.linear(x, kernel, bias)
    if torch.is_grad_enabled() and any(part is not None and part.requires_grad for part in (x, kernel, bias)):
        return _Linear.apply(x, kernel, bias)
    return _by_onednn(x, kernel, bias)


@cache
def gaining_layouts() -> frozenset[Layout]:
    """Returns in which layouts oneDNN is clearly faster here; found out once, on AMD's processors in some 10 ms."""
    if vendor() not in _VENDORS or not torch.backends.mkldnn.is_available() or not torch.backends.mkl.is_available():
        return frozenset()
    return frozenset(layout for layout in _LAYOUTS if _is_faster(layout))


def _fits(x: torch.Tensor, kernel: torch.Tensor, layouts: frozenset[Layout]) -> bool:
    return (
        x.numel() * kernel.shape[0] >= _FEWEST_PRODUCTS
        and x.dim() >= 2
        and x.is_cpu
        and kernel.is_cpu
        and x.dtype == kernel.dtype == torch.float32
        and (x.is_contiguous(), kernel.is_contiguous()) in layouts
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
        and not torch._C._are_functorch_transforms_active()
    )


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.save_for_backward(x, kernel)
        return _by_onednn(x, kernel, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, kernel = ctx.saved_tensors
        rows = gradients[0].reshape(-1, kernel.shape[0])
        for_x = for_kernel = for_bias = None
        # Products of the same kind, so that each goes to the library that is faster for it, and has gradients itself.
        if ctx.needs_input_grad[0]:
            for_x = linear(rows, kernel.t()).reshape(x.shape)
        if ctx.needs_input_grad[1]:
            for_kernel = linear(rows.t(), x.reshape(-1, x.shape[-1]).t())
        if ctx.needs_input_grad[2]:
            for_bias = rows.sum(0)
        return for_x, for_kernel, for_bias


def _by_onednn(x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, kernel, bias, "none", [], "")


def _is_faster(layout: Layout) -> bool:
    rows, kernel = (
        torch.ones(count, _INNER) if as_read else torch.ones(_INNER, count).t()
        for count, as_read in zip((_ROWS, _COLUMNS), layout, strict=True)
    )
    products: tuple[Callable[..., torch.Tensor], ...] = (_by_onednn, F.linear)
    least = dict.fromkeys(products, float("inf"))
    with torch.inference_mode():
        for _ in range(_ROUNDS):
            for product in products:
                start = time.perf_counter()
                product(rows, kernel, None)
                least[product] = min(least[product], time.perf_counter() - start)
    return least[_by_onednn] < _WORTHWHILE * least[F.linear]


def vendor() -> str:
    """Returns what the processor says who made it, "" where it does not say."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            return next((line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id")), "")
    except OSError:  # not Linux
        return next((vendor for vendor in _VENDORS if vendor in platform.processor()), "")
