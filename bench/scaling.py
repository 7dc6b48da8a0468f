"""How training grows with machines: measures the constants of a model on paper, and prints what the model says.

Usage: python bench/scaling.py [--write]

It measures a step of one process, an all-reduce between two processes (over this machine's loopback, and over cables of
100 and 1000 megabits a second between two simulated hosts), and a step of two processes, which the model must predict.
--write puts the tables into docs/scaling.md and the numbers into bench/results/scaling.json.
"""

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT))  # for tools

BATCH = 64  # examples a process and step
STEPS = 30
EPOCHS = 4
SMALL, LARGE = 4, 4 * 2**20  # bytes that are summed, for the latency and for the bandwidth
ROUNDS = {SMALL: 200, LARGE: 8}
NODES = (2, 4, 16, 64)
MARK = "<!-- printed by bench/scaling.py -->"


def measure() -> dict[str, Any]:
    """Returns the constants as this process sees them, alone or among others."""
    import velveteen as vt
    from velveteen.recipes.digits.model import INPUT_SHAPE, NETWORKS

    processes = int(os.environ.get("WORLD_SIZE", "1"))
    found: dict[str, Any] = {"networks": {}}
    for name, make in NETWORKS.items():
        vt.set_random_seed(0)
        model = make()
        model.compile("adam", "categoricalCrossentropy")
        times: list[float] = []
        clock = vt.callbacks.as_callback(
            {
                "on_epoch_begin": functools.partial(_start, times),
                "on_epoch_end": functools.partial(_stop, times),
            }
        )
        random = np.random.default_rng(0)
        count = BATCH * STEPS * processes
        x = random.random((count, *INPUT_SHAPE), dtype=np.float32)
        y = np.eye(10, dtype=np.float32)[random.integers(10, size=count)]
        model.fit(x, y, batch_size=BATCH * processes, epochs=EPOCHS, callbacks=clock, verbose=False)
        size = sum(weight.parameter.numel() for weight in model.trainable_weights) * 4
        found["networks"][name] = {"step": statistics.median(times[1:]) / STEPS, "bytes": size}
    if processes > 1:
        found["reduce"] = {str(size): _reduce(size) for size in ROUNDS}
    return found


def _start(times: list[float], epoch: int) -> None:
    times.append(-time.perf_counter())


def _stop(times: list[float], epoch: int) -> None:
    times[-1] += time.perf_counter()


def _reduce(size: int) -> float:
    import torch
    import torch.distributed as dist

    tensor = torch.zeros(size // 4)
    times = []
    for _ in range(ROUNDS[size] + 2):
        dist.barrier()
        start = time.perf_counter()
        dist.all_reduce(tensor)
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])


def in_processes(commands: list[tuple[list[str], dict[str, str]]]) -> dict[str, Any]:
    """Runs `measure` in processes of their own; returns what the first one found."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "found.json"
        running = [
            subprocess.Popen(
                [*command, str(Path(__file__)), "--into", str(file)],
                env={**os.environ, "OMP_NUM_THREADS": "1", "VELVETEEN_BACKEND": "cpu", "PYTHONPATH": str(PROJECT)}
                | environment,
            )
            for command, environment in commands
        ]
        codes = [process.wait() for process in running]
        if any(codes):
            raise SystemExit("A measurement failed; its message is above.")
        return json.loads(file.read_text())


def on_loopback() -> dict[str, Any]:
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return in_processes([([sys.executable, *torchrun], {})])


def on_cable(megabits: float) -> dict[str, Any]:
    from tools.two_hosts import two_hosts

    with two_hosts(megabits) as hosts:
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=1", "--nnodes=2"]
        where = [f"--master-addr={hosts[0].address}", "--master-port=29500"]
        return in_processes(
            [
                (host.command(*torchrun, f"--node-rank={number}", *where), host.environment)
                for number, host in enumerate(hosts)
            ]
        )


def reduce_time(size: float, nodes: int, latency: float, bandwidth: float) -> float:
    """Returns the seconds of a ring all-reduce: each sends 2(N - 1) times, together 2(N - 1)/N of the bytes."""
    return 2 * (nodes - 1) * latency + 2 * (nodes - 1) / nodes * size / bandwidth


def constants(link: dict[str, Any]) -> tuple[float, float]:
    """Returns a link's latency in seconds and bandwidth in bytes a second, from two processes' all-reduces."""
    small, large = link["reduce"][str(SMALL)], link["reduce"][str(LARGE)]
    return small / 2, (LARGE - SMALL) / (large - small)


def tables(alone: dict[str, Any], links: dict[str, dict[str, Any]], left_out: list[str]) -> str:
    lines = [
        "| network | step of one process, ms | gradients, MB |",
        "|---|---|---|",
        *(
            f"| {name} | {each['step'] * 1e3:.2f} | {each['bytes'] / 1e6:.2f} |"
            for name, each in alone["networks"].items()
        ),
        "",
        "| link | latency α, µs | bandwidth β, MB/s |",
        "|---|---|---|",
    ]
    for name, link in links.items():
        latency, bandwidth = constants(link)
        lines.append(f"| {name} | {latency * 1e6:.0f} | {bandwidth / 1e6:.0f} |")
    lines += [f"\nNot measured: {reason}." for reason in left_out]
    lines += [
        "",
        "| network, link | step of two, predicted, ms | measured, ms |"
        + "".join(f" examples/s on {nodes} nodes |" for nodes in NODES),
        "|---|---|---|" + "---|" * len(NODES),
    ]
    for name, each in alone["networks"].items():
        for title, link in links.items():
            latency, bandwidth = constants(link)
            steps = {nodes: each["step"] + reduce_time(each["bytes"], nodes, latency, bandwidth) for nodes in NODES}
            speeds = "".join(
                f" {nodes * BATCH / steps[nodes]:,.0f} ({each['step'] / steps[nodes]:.0%}) |" for nodes in NODES
            )
            measured = link["networks"][name]["step"]
            lines.append(f"| {name}, {title} | {steps[2] * 1e3:.2f} | {measured * 1e3:.2f} |{speeds}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/scaling.md")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.into is not None:
        found = measure()
        if os.environ.get("RANK", "0") == "0":
            options.into.write_text(json.dumps(found))
        return
    from tools.two_hosts import CannotSimulateError

    alone = in_processes([([sys.executable], {})])
    links, left_out = {"loopback": on_loopback()}, []
    for megabits in (1000, 100):
        try:
            links[f"{megabits} Mbit/s"] = on_cable(megabits)
        except CannotSimulateError as error:
            left_out.append(f"{megabits} Mbit/s ({error})")
    text = tables(alone, links, left_out)
    print(text)
    if options.write:
        page = PROJECT / "docs" / "scaling.md"
        before, _, after = page.read_text(encoding="utf-8").partition(MARK)
        rest = after.partition(MARK)[2]
        page.write_text(f"{before}{MARK}\n{text}\n{MARK}{rest}", encoding="utf-8")
        results = PROJECT / "bench" / "results" / "scaling.json"
        results.write_text(json.dumps({"alone": alone, "links": links}, indent=1) + "\n")


if __name__ == "__main__":
    main()
