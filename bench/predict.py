"""Times `predict` of one row on the dense network against the bare torch module, interleaved call by call.

`python bench/predict.py` prints the medians and the difference, in milliseconds.
"""

import statistics
import time
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import torch
import typer
from networks import dense, torch_dense

import velveteen as vt


def seconds_of(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main(calls: Annotated[int, typer.Option(help="Measured calls of each.")] = 2000) -> None:
    """Prints what predicting a single row costs beyond the bare module."""
    row = np.random.default_rng(0).random((1, 784), dtype=np.float32)
    model, module = dense(), torch_dense().to(vt.get_backend()).eval()
    module_row = torch.from_numpy(row).to(vt.get_backend())

    @torch.no_grad()
    def bare() -> torch.Tensor:
        return torch.softmax(module(module_row), -1)

    ours, theirs = [], []
    for number in range(calls + 100):
        pair = seconds_of(lambda: model.predict(row)), seconds_of(bare)
        if number >= 100:  # the first calls warm up
            ours.append(pair[0])
            theirs.append(pair[1])
    ours_ms, theirs_ms = 1000 * statistics.median(ours), 1000 * statistics.median(theirs)
    print(f"predict {ours_ms:.3f} ms, bare module {theirs_ms:.3f} ms, difference {ours_ms - theirs_ms:.3f} ms")


if __name__ == "__main__":
    typer.run(main)
