"""Times the CNN's training on data in memory, from a CSV file and from a folder of pictures, and trains within a memory limit.

`python -m bench.data speed` takes the three in turns, round by round, and prints each one's speed as a part of that in
memory (the median of the rounds' ratios), and the most memory that the process and its decoders held.
`python -m bench.data memory` trains a small network on a CSV file ten times larger than what the process may take beside what it holds
after a few steps; the system enforces the limit. Both write to bench/results/data.json.
"""

import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

import velveteen as vt
from bench.peers.velveteen_worker import cnn

RESULTS = Path(__file__).parent / "results" / "data.json"
BATCH = 128
app = typer.Typer(add_completion=False, no_args_is_help=True)


def pixels(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns uint8 pictures as empty as handwriting is, and the numbers of their classes."""
    random = np.random.default_rng(7)
    x = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    x[random.random(x.shape) < 0.8] = 0
    return x, random.integers(10, size=count)


def write_csv(path: Path, x: np.ndarray, y: np.ndarray, times: int = 1) -> None:
    rows = "\n".join(",".join(map(str, [*row.reshape(-1).tolist(), label])) for row, label in zip(x, y, strict=True))
    with path.open("w") as file:
        file.write(",".join([*(f"pixel{i}" for i in range(784)), "label"]) + "\n")
        for _ in range(times):
            file.write(rows + "\n")


def write_folder(path: Path, x: np.ndarray, y: np.ndarray) -> None:
    for label in range(10):
        (path / str(label)).mkdir(parents=True)
    for number, (picture, label) in enumerate(zip(x, y, strict=True)):
        Image.fromarray(picture).save(path / str(label) / f"{number}.png")


def from_csv(path: Path) -> "vt.data.Dataset":
    rows = vt.data.csv(path, column_configs={"label": {"is_label": True}}, as_vectors=True)
    return rows.batch(BATCH).map(lambda each: {"xs": each["xs"].reshape([-1, 28, 28, 1]).div(255), "ys": each["ys"]})


def compiled(loss: str) -> "vt.Model":
    model = cnn()
    model.compile(vt.train.adam(0.001), loss)
    return model


def contenders(folder: Path, batches: int) -> dict[str, Callable[[], Any]]:
    """Returns functions that train an epoch each, on the same pictures."""
    x, y = pixels(BATCH * batches)
    write_csv(folder / "table.csv", x, y)
    write_folder(folder / "pictures", x, y)
    sparse, one_hot = "sparseCategoricalCrossentropy", "categoricalCrossentropy"
    models = {"memory": compiled(one_hot), "csv": compiled(sparse), "pictures": compiled(one_hot)}
    inputs = vt.tensor((x[..., None] / 255).astype(np.float32))
    targets = vt.tensor(np.eye(10, dtype=np.float32)[y])
    table = from_csv(folder / "table.csv")
    pictures = vt.data.image_folder(folder / "pictures", (28, 28), 1).batch(BATCH)
    return {
        "memory": lambda: models["memory"].fit(inputs, targets, batch_size=BATCH, verbose=False),
        "csv": lambda: models["csv"].fit_dataset(table, verbose=False),
        "pictures": lambda: models["pictures"].fit_dataset(pictures, verbose=False),
    }


def keep(name: str, values: dict[str, Any]) -> None:
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    machine = {"processor": platform.processor() or platform.machine(), "threads": torch.get_num_threads()}
    kept[name] = {"machine": machine, **values}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(kept, indent=2) + "\n")


@app.command()
def speed(
    batches: Annotated[int, typer.Option(help="Batches of 128 in an epoch.")] = 40,
    rounds: Annotated[int, typer.Option(help="Measured rounds, after one that warms up.")] = 7,
) -> None:
    """Compares CSV and pictures with data in memory."""
    with tempfile.TemporaryDirectory() as folder:
        runs = contenders(Path(folder), batches)
        seconds: dict[str, list[float]] = {name: [] for name in runs}
        for number in range(rounds + 1):
            for name in sorted(runs, reverse=bool(number % 2)):
                start = time.perf_counter()
                runs[name]()
                if number:
                    seconds[name].append(time.perf_counter() - start)
    ratios = {
        name: statistics.median(m / t for m, t in zip(seconds["memory"], times, strict=True))
        for name, times in seconds.items()
    }
    milliseconds = {name: 1000 * statistics.median(times) / batches for name, times in seconds.items()}
    table = Table("data", "ms a step", "speed, of that in memory")
    for name in runs:
        table.add_row(name, f"{milliseconds[name]:.1f}", f"{ratios[name]:.2f}")
    Console().print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    decoders = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"Most memory: {peak} MB here" + (f", {decoders} MB in a decoder that has ended" if decoders else ""))
    keep("speed", {"milliseconds": milliseconds, "ratios": ratios, "peak_mb": peak})


@app.command()
def memory(limit: Annotated[int, typer.Option(help="Megabytes that training may take.")] = 48) -> None:
    """Trains a small network on a CSV file ten times as large as the memory that it may take, threads' stacks included."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.csv")
        x, y = pixels(4096)
        write_csv(path, x, y)
        write_csv(path, x, y, times=-(-10 * limit * 2**20 // path.stat().st_size))
        size = path.stat().st_size // 2**20
        result = subprocess.run(
            [sys.executable, "-m", "bench.data", "limited", str(path), str(limit)], capture_output=True, text=True
        )
    if result.returncode:
        raise SystemExit(f"Training on {size} MB within {limit} MB failed:\n{result.stderr[-2000:]}")
    measured = json.loads(result.stdout.splitlines()[-1])
    print(
        f"{measured['examples']} examples, a file of {size} MB, trained within {limit} MB more than after a few steps."
    )
    print(f"Grown by {measured['grown_mb']} MB at most, to {measured['peak_mb']} MB.")
    keep("memory", {"file_mb": size, "limit_mb": limit, **measured})


@app.command(hidden=True)
def limited(path: Path, limit: int) -> None:
    """Trains within a limit that the system enforces; prints what it took as JSON."""
    layers = vt.layers
    model = vt.sequential(
        [
            layers.flatten(input_shape=(28, 28, 1)),
            layers.dense(64, activation="relu"),
            layers.dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparseCategoricalCrossentropy")
    model.fit_dataset(from_csv(path).take(8), verbose=False)
    held = _data_kib()
    resource.setrlimit(resource.RLIMIT_DATA, ((held + limit * 1024) * 1024, resource.RLIM_INFINITY))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count = 0

    def look(batch: int, logs: dict[str, float]) -> None:
        nonlocal count
        count += int(logs["size"])

    model.fit_dataset(from_csv(path), verbose=False, callbacks={"on_batch_end": look})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"examples": count, "grown_mb": (peak - before) // 1024, "peak_mb": peak // 1024}))


def _data_kib() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData"))


if __name__ == "__main__":
    app()
