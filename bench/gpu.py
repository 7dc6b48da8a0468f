"""Measures velveteen's `fit` on a GPU beside loops in PyTorch: `make bench-gpu`, or `python -m bench.gpu --help`.

The four networks, with the batches of `make bench` and with larger ones: milliseconds a step, and for how much of that
time the device computes. Then predicting. Turns are taken as in `make bench`. Results go to bench/results/gpu.json.
"""

import datetime
import gc
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol

import numpy as np
import torch
import typer

import velveteen as vt
from bench import machine
from bench.peers import torch_gpu, velveteen_worker
from bench.report import _percent, _short, _table
from bench.work import LEARNING_RATE, NETWORKS, data
from velveteen.training.capture import SWITCH

RESULTS = Path(__file__).parent / "results"
PRECISIONS = ("float32", "tf32", "bfloat16")
LARGER = {"dense": 4096, "cnn": 2048, "unet": 32, "lstm": 1024}
"""Batches that occupy a GPU, beside those of `make bench`."""
BATCHES = {"dense": 100, "cnn": 50, "unet": 10, "lstm": 20}
"""Steps an epoch."""
CONTENDERS = {
    "velveteen": "velveteen",
    "velveteen-eager": f"velveteen, {SWITCH}=off",
    "eager": "PyTorch, a loop",
    "graph": "PyTorch, a loop with CUDA graphs",
    "compiled": "PyTorch, torch.compile",
}
NOT_MEASURED_AGAIN = 3
"""Epochs under the profiler."""


class Peer(Protocol):
    """One network in one library on the GPU."""

    def train(self, epochs: int) -> float:
        """Trains so many epochs; returns the loss in the last one, when all is computed."""

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Returns the outputs for rows."""


class VelveteenPeer:
    """velveteen's own `fit`, with steps recorded as CUDA graphs or without."""

    def __init__(self, network: str, precision: str, x: np.ndarray, y: np.ndarray, batch_size: int, graphs: bool):
        self.data, self.batch_size, self.graphs = (x, y), batch_size, graphs
        self.model = velveteen_worker.NETWORKS[network]()
        loss = "binaryCrossentropy" if NETWORKS[network].is_binary else "categoricalCrossentropy"
        own = "bfloat16" if precision == "bfloat16" else "float32"
        self.model.compile(vt.train.adam(LEARNING_RATE), loss, precision=own)

    def train(self, epochs: int) -> float:
        os.environ[SWITCH] = "on" if self.graphs else "off"
        history = self.model.fit(*self.data, batch_size=self.batch_size, epochs=epochs, verbose=False)
        return history.history["loss"][-1]

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict(x, batch_size=len(x)).numpy()


def make_peer(name: str, network: str, precision: str, x: np.ndarray, y: np.ndarray, batch_size: int) -> Peer:
    """Returns a contender, ready to train on data."""
    if name.startswith("velveteen"):
        return VelveteenPeer(network, precision, x, y, batch_size, graphs=name == "velveteen")
    return torch_gpu.Loop(network, precision, name, x, y, batch_size)


def main(
    only: Annotated[str, typer.Option(help="Words of what to measure, such as dense,bfloat16,velveteen,graph.")] = "",
    rounds: Annotated[int, typer.Option(min=1, help="Measured turns of each, after one to warm up.")] = 5,
    seconds: Annotated[float, typer.Option(min=0, help="How long a turn takes.")] = 1.0,
    out: Annotated[Path, typer.Option(help="The folder for gpu.json.")] = RESULTS,
) -> None:
    """Measures velveteen on a GPU beside PyTorch: training, how busy the device is, and predicting."""
    networks, precisions, names = choose(only)
    missing = what_is_missing()
    if missing is not None:
        print(missing, file=sys.stderr)
        raise typer.Exit(2)
    found: dict[str, Any] = {**_head(), "rounds": rounds, "training": [], "predicting": []}
    for network in networks:
        for precision in precisions:
            use(precision)
            for batch_size in (NETWORKS[network].batch_size, LARGER[network]):
                found["training"] += training(network, precision, batch_size, names, rounds, seconds)
            found["predicting"] += predicting(network, precision, names, rounds, seconds)
            _write(out, found)
    print(tables(found))
    print(f"\nWrote {os.path.relpath(out / 'gpu.json')}")


def choose(words: str) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Returns the networks, precisions and contenders that words name; of a kind that none of them names, all.

    Raises:
        typer.BadParameter: a word is none of them.
    """
    kinds: list[Sequence[str]] = [tuple(NETWORKS), PRECISIONS, tuple(CONTENDERS)]
    named = [word.strip() for word in words.split(",") if word.strip()]
    known = [word for kind in kinds for word in kind]
    unknown = [word for word in named if word not in known]
    if unknown:
        raise typer.BadParameter(f'--only does not know "{unknown[0]}". It knows: {", ".join(known)}.')
    networks, precisions, names = ([word for word in kind if word in named] or kind for kind in kinds)
    return networks, precisions, names


def what_is_missing() -> str | None:
    """Returns what to do where there is no GPU to measure, None where there is one."""
    if torch.cuda.is_available():
        return None
    if not torch.backends.cuda.is_built():
        reason = f"this PyTorch ({torch.__version__}) is built without CUDA: install one that is"
    else:
        reason = "PyTorch finds none: see that nvidia-smi lists one"
    return f"bench-gpu measures on an NVIDIA GPU, but {reason}, and run it again."


def use(precision: str) -> None:
    """Lets everybody's products of float32 be exact, or in TF32."""
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    torch.backends.cudnn.allow_tf32 = precision == "tf32"


def training(
    network: str, precision: str, batch_size: int, names: Iterable[str], rounds: int, seconds: float
) -> list[dict[str, Any]]:
    """Returns a record for each contender: milliseconds a step, and of those how many the device computes."""
    batches = BATCHES[network]
    x, y = data(network, math.ceil(batches * batch_size / NETWORKS[network].batch_size))
    x, y = x[: batches * batch_size], y[: batches * batch_size]
    peers: dict[str, Peer] = {}
    epochs: dict[str, int] = {}
    records = {name: _record(name, network, precision, batch=batch_size) for name in names}
    for name, record in records.items():
        try:
            peers[name] = make_peer(name, network, precision, x, y, batch_size)
            peers[name].train(2)
            epochs[name] = max(2, math.ceil(seconds / (_seconds(lambda name=name: peers[name].train(2)) / 2)))
        except Exception as error:  # a library that cannot do the work says so in its own way
            record["cannot"] = f"{error!s:.200}"
            peers.pop(name, None)
    times: dict[str, list[float]] = {name: [] for name in peers}
    for number in range(rounds):
        for name in reversed(peers) if number % 2 else peers:
            taken = _seconds(lambda name=name: peers[name].train(epochs[name]))
            times[name].append(1000 * taken / epochs[name] / batches)
    for name, peer in peers.items():
        device = 1000 * device_seconds(lambda peer=peer: peer.train(NOT_MEASURED_AGAIN)) / NOT_MEASURED_AGAIN / batches
        middle = statistics.median(times[name])
        records[name] |= {"milliseconds": middle, "rounds": times[name], "device": device, "busy": device / middle}
    peers.clear()
    gc.collect()
    torch.cuda.empty_cache()
    return list(records.values())


def predicting(network: str, precision: str, names: Iterable[str], rounds: int, seconds: float) -> list[dict[str, Any]]:
    """Returns a record for each contender and number of rows: milliseconds from numpy to numpy."""
    work = NETWORKS[network]
    x, y = data(network, 1)
    records = []
    for name in names:
        if name in ("velveteen-eager", "graph"):  # these differ in training only
            continue
        for rows in (1, work.batch_size):
            record = _record(name, network, precision, rows=rows)
            records.append(record)
            try:
                peer = make_peer(name, network, precision, x, y, work.batch_size)
                record["milliseconds"] = median_milliseconds(peer.predict, x[:rows], rounds * seconds / 5)
            except Exception as error:
                record["cannot"] = f"{error!s:.200}"
    return records


def median_milliseconds(call: Callable[[np.ndarray], Any], x: np.ndarray, seconds: float) -> float:
    """Returns the median time of a call that waits for its result, after three to warm up."""
    for _ in range(3):
        call(x)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        times.append(_seconds(lambda: call(x)))
    return 1000 * statistics.median(times)


def device_seconds(call: Callable[[], Any]) -> float:
    """Returns for how long the device computes or copies while something is called."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        call()
        torch.cuda.synchronize()
    return busy(
        (event.time_range.start, event.time_range.end)
        for event in profile.events()
        # What PyTorch marks by name, such as the optimizer's step, lasts from its first to its last kernel.
        if event.device_type == torch.autograd.DeviceType.CUDA and not event.is_user_annotation
    )


def busy(intervals: Iterable[tuple[float, float]]) -> float:
    """Returns for how many seconds at least one of the intervals (start and end in microseconds) lasts."""
    total, until = 0.0, -math.inf
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total / 1e6


def tables(found: dict[str, Any]) -> str:
    """Returns Markdown: a sentence about what was measured on, training, and predicting."""
    about = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    parts = [f"Measured on {found['date']}: {found['device']}, {about['processor']}; {versions}."]
    for precision in PRECISIONS:
        records = [record for record in found["training"] if record["precision"] == precision]
        if records:
            parts.append(_pivot(f"{precision}, a step", records, "batch", _training_cell))
    for precision in PRECISIONS:
        records = [record for record in found["predicting"] if record["precision"] == precision]
        if records:
            parts.append(_pivot(f"{precision}, predict", records, "rows", _predicting_cell))
    return "\n\n".join(parts)


def _pivot(
    title: str, records: list[dict[str, Any]], size: str, cell: Callable[[dict[str, Any], float | None], str]
) -> str:
    """Returns a table with a row a contender, and a column for each network and size."""
    places = list(dict.fromkeys((record["network"], record[size]) for record in records))
    by_place = {(record["contender"], record["network"], record[size]): record for record in records}
    rows = []
    for name, text in CONTENDERS.items():
        if not any(record["contender"] == name for record in records):
            continue
        line = [text]
        for place in places:
            record = by_place.get((name, *place))
            ours = by_place.get(("velveteen", *place), {}).get("milliseconds") if name != "velveteen" else None
            line.append("–" if record is None else "cannot" if "cannot" in record else cell(record, ours))
        rows.append(line)
    return _table([title, *(f"{NETWORKS[network].title}, {count}" for network, count in places)], rows)


def _training_cell(record: dict[str, Any], ours: float | None) -> str:
    return f"{_predicting_cell(record, ours)} · {_percent(record['busy'])}"


def _predicting_cell(record: dict[str, Any], ours: float | None) -> str:
    ratio = "" if ours is None else f" · ×{_short(record['milliseconds'] / ours)}"
    return f"{_short(record['milliseconds'])} ms{ratio}"


def _record(name: str, network: str, precision: str, **size: int) -> dict[str, Any]:
    return {"contender": name, "network": network, "precision": precision, **size}


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _head() -> dict[str, Any]:
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "device": torch.cuda.get_device_name(),
        "machine": machine.describe(),
        "versions": {"velveteen": vt.__version__, "torch": torch.__version__, "CUDA": torch.version.cuda},
    }


def _write(out: Path, found: dict[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    temporary = out / "gpu.json.partial"
    temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    temporary.replace(out / "gpu.json")


if __name__ == "__main__":
    typer.run(main)
