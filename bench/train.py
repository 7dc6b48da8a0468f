"""Times training steps of the four networks in velveteen's `fit` and in a plain PyTorch loop, in one run.

Both do the same work: the same data, batches drawn in random order, Adam (fused), and the mean loss of the epoch. They
take turns round by round, so that a machine that slows down slows both; what counts is the ratio of the medians.
`python bench/train.py --help` tells the options; results go to bench/results/train.json.
"""

import json
import platform
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import torch
import typer
from networks import NETWORKS, Network, data
from rich.console import Console
from rich.table import Table

import velveteen as vt

RESULTS = Path(__file__).parent / "results"


def velveteen_round(network: Network, precision: str) -> Callable[[], None]:
    """Returns a function that trains one epoch with velveteen."""
    x, y = (vt.tensor(part) for part in data(network))
    model = network.velveteen()
    model.compile(vt.train.adam(0.001), network.loss, precision=precision)
    return lambda: model.fit(x, y, batch_size=network.batch_size, verbose=False) and None


def torch_round(network: Network, precision: str) -> Callable[[], None]:
    """Returns a function that trains one epoch with PyTorch, as people write it, in channels_last."""
    x, y = (torch.from_numpy(part).to(vt.get_backend()) for part in data(network))
    if x.dim() == 4:
        x = x.permute(0, 3, 1, 2)  # already channels_last in memory
    if y.dim() == 4:
        y = y.permute(0, 3, 1, 2)
    model = network.torch().to(vt.get_backend())
    if x.dim() == 4:
        model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, eps=1e-7, fused=True)
    cast = nullcontext() if precision == "float32" else torch.autocast(x.device.type, dtype=torch.bfloat16)

    def epoch() -> None:
        total = torch.zeros((), device=x.device)
        order = torch.randperm(len(x), device=x.device)
        for start in range(0, len(x), network.batch_size):
            chosen = order[start : start + network.batch_size]
            with cast:
                logits = model(x[chosen])
            loss = network.torch_loss(y[chosen], logits.float())
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            total += loss.detach()
        total.item()

    return epoch


def measure(network: Network, precision: str, rounds: int) -> dict[str, float]:
    """Returns the milliseconds a step of both (medians over the rounds) and the median of the rounds' ratios."""
    contenders = {"velveteen": velveteen_round(network, precision), "torch": torch_round(network, precision)}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        # Who goes first alternates, so that neither always finds the caches warm.
        for name in sorted(contenders, reverse=bool(number % 2)):
            start = time.perf_counter()
            contenders[name]()
            if number > 0:  # the first round warms up
                seconds[name].append(time.perf_counter() - start)
    pairs = zip(seconds["velveteen"], seconds["torch"], strict=True)
    return {
        **{name: 1000 * statistics.median(times) / network.batches for name, times in seconds.items()},
        "ratio": statistics.median(ours / theirs for ours, theirs in pairs),
    }


def main(
    rounds: Annotated[int, typer.Option(help="Measured rounds of each, after one to warm up.")] = 7,
    only: Annotated[str, typer.Option(help="Networks, separated by commas.")] = ",".join(NETWORKS),
    precision: Annotated[str, typer.Option(help="Precisions, separated by commas.")] = "float32,bfloat16",
) -> None:
    """Prints milliseconds a training step of velveteen and of PyTorch, and their ratio."""
    results = []
    table = Table("network", "precision", "velveteen, ms", "PyTorch, ms", "ratio")
    for name in only.split(","):
        for kind in precision.split(","):
            figures = measure(NETWORKS[name], kind, rounds)
            results.append({"network": name, "precision": kind, **figures})
            table.add_row(
                name, kind, f"{figures['velveteen']:.2f}", f"{figures['torch']:.2f}", f"{figures['ratio']:.3f}"
            )
    Console().print(table)
    RESULTS.mkdir(exist_ok=True)
    machine = {
        "processor": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "backend": vt.get_backend(),
    }
    (RESULTS / "train.json").write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
