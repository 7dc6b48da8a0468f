"""What the machine can do at most: a large matrix product, through the faster of MKL and oneDNN."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from bench import protocol

ROWS, INNER, COLUMNS = 2048, 4096, 2048
FLOPS = 2 * ROWS * INNER * COLUMNS


def libraries(dtype: torch.dtype) -> dict[str, Callable[[], torch.Tensor]]:
    """Returns the same product by each library."""
    a, b = torch.rand(ROWS, INNER, dtype=dtype), torch.rand(INNER, COLUMNS, dtype=dtype)
    rows = b.t().contiguous()
    out = torch.empty(ROWS, COLUMNS, dtype=dtype)
    ways: dict[str, Callable[[], torch.Tensor]] = {"mm": lambda: torch.mm(a, b, out=out)}
    if torch.backends.mkldnn.is_available():
        linear = torch.ops.mkldnn._linear_pointwise
        ways["onednn"] = lambda: linear(a, rows, None, "none", [], "")
    return ways


class Roof:
    def __init__(self):
        self._ways: dict[str, dict[str, Callable[[], torch.Tensor]]] = {}

    @torch.inference_mode()
    def roof(self, precision: str, repeats: int = 5) -> dict[str, Any]:
        """Answers 10⁹ floating-point operations a second, for each library."""
        if precision not in self._ways:
            self._ways[precision] = libraries(getattr(torch, precision))
            self.roof(precision, repeats=1)
        return {name: FLOPS / _median_seconds(way, repeats) / 1e9 for name, way in self._ways[precision].items()}


def _median_seconds(call: Callable[[], torch.Tensor], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def machine() -> dict[str, Any]:
    """Answers what PyTorch knows about the processor."""
    return {"capability": torch.backends.cpu.get_cpu_capability(), "threads": torch.get_num_threads()}


if __name__ == "__main__":
    protocol.serve({"roof": Roof().roof, "machine": machine})
