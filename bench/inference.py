"""Times asking the four networks: `predict`, `optimize`, a picture in tiles, and an LSTM letter by letter.

`python -m bench.inference` prints medians; results go to bench/results/inference.json. The ways to compute take turns.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

import velveteen as vt
from bench.peers import velveteen_worker
from bench.work import NETWORKS, data

RESULTS = Path(__file__).parent / "results"


def milliseconds(calls: dict[str, Callable[[], Any]], seconds: float) -> dict[str, float]:
    """Returns each call's median, after one to warm up."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < 3:
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(found) for name, found in times.items()}


def predicting(seconds: float) -> list[dict[str, Any]]:
    """Measures `predict` and the optimized model on one row and on a batch."""
    rows = []
    for name, work in NETWORKS.items():
        model = getattr(velveteen_worker, name)()
        for count in (1, work.batch_size):
            x = data(name, batches=1)[0][:count]
            fast = model.optimize(x, seconds=seconds)
            times = milliseconds(
                {
                    "predict": lambda model=model, x=x: model.predict_on_batch(x).data_sync(),
                    "optimized": lambda fast=fast, x=x: fast.predict(x, batch_size=len(x)).data_sync(),
                },
                seconds,
            )
            chosen = fast.report.chosen
            rows.append({"network": name, "rows": count, **times, "way": f"{chosen.runtime}, {chosen.precision}"})
    return rows


def tiles(seconds: float) -> dict[str, float]:
    """Measures the U-Net on a picture of 1280×800, in tiles of its size that overlap by 32."""
    model = velveteen_worker.unet()
    picture = np.random.default_rng(0).random((800, 1280, 1), dtype=np.float32)
    fast = model.optimize(picture[None, :128, :128], seconds=seconds)
    return milliseconds(
        {
            "predict": lambda: vt.predict_tiles(model, picture, overlap=32).data_sync(),
            "optimized": lambda: vt.predict_tiles(fast, picture, overlap=32).data_sync(),
        },
        0,
    )


def letters(streams: int, steps: int = 200) -> float:
    """Returns how many letters a second an LSTM of 2×512 with 65 letters computes, each from the one before."""
    layers = vt.layers
    step = vt.sequential(
        [
            layers.lstm(512, return_sequences=True, input_shape=(None, 65)),
            layers.lstm(512),
            layers.dense(65, activation="softmax"),
        ]
    ).stepper()
    best = 0.0
    for _ in range(5):
        letter, state = torch.zeros(streams, dtype=torch.int64), None
        start = time.perf_counter()
        for _ in range(steps):
            chances, state = step(letter, state)
            letter = chances.torch().argmax(-1)
        best = max(best, streams * steps / (time.perf_counter() - start))
    return best


def main(
    seconds: Annotated[float, typer.Option(help="How long to measure each.")] = 2.0,
    threads: Annotated[int, typer.Option(help="Threads for PyTorch; 0 for its own choice.")] = 0,
) -> None:
    """Prints how long answers take."""
    if threads:
        torch.set_num_threads(threads)
    console = Console()
    table = Table("network", "rows", "predict, ms", "optimized, ms", "by")
    rows = predicting(seconds)
    for row in rows:
        table.add_row(row["network"], str(row["rows"]), f"{row['predict']:.3f}", f"{row['optimized']:.3f}", row["way"])
    console.print(table)
    tiled = tiles(seconds)
    console.print(
        f"U-Net on 1280×800 in tiles: predict {tiled['predict']:.0f} ms, optimized {tiled['optimized']:.0f} ms"
    )
    speeds = {streams: letters(streams) for streams in (1, 32)}
    for streams, speed in speeds.items():
        console.print(f"LSTM 2×512, letter by letter, {streams} stream(s): {speed:,.0f} letters a second in all")
    RESULTS.mkdir(exist_ok=True)
    found = {"threads": torch.get_num_threads(), "predict": rows, "tiles_ms": tiled, "letters_per_second": speeds}
    (RESULTS / "inference.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
