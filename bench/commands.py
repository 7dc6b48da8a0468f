"""Measures how well commands are recognised on recordings of spoken digits, and writes the tables of docs/commands.md.

The recordings are named DIGIT_SPEAKER_INDEX.wav, as in the Free Spoken Digit Dataset: 10 words, 6 speakers, 50 each.
`python -m bench.commands official|speakers|synthesised|adapt --data FOLDER` measures one part and keeps its figures in
bench/results/commands.json, beside those of other parts; `python -m bench.commands report` writes them into the page.
"""

import dataclasses
import json
import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from bench import machine, report
from velveteen.io.files import write_beside_then_rename
from velveteen.recipes.commands import data, main, splitting
from velveteen.recipes.commands.augmentation import NONE, Strength
from velveteen.recipes.commands.data import Commands
from velveteen.recipes.commands.main import Settings, Training

RESULTS = Path(__file__).parent / "results" / "commands.json"
PAGE = Path(__file__).parent.parent / "docs" / "commands.md"
OFFICIAL = "index:0-4"
WORDS = [str(digit) for digit in range(10)]
SPOKEN = 400
"""Synthesised examples of each word."""
ALL_CHANGED = Strength(unchanged=0.0)
METHODS = {
    "none": (NONE, None),
    "augmentation": (ALL_CHANGED, None),
    "synthesised": (NONE, ("en",)),
    "both": (ALL_CHANGED, ("en",)),
}
"""What recordings are changed by, and in which language words are synthesised beside them; for voices that are new, none of
the known ones is left as it is."""
TITLES = {
    "none": "the recordings as they are",
    "augmentation": "changed anew in every epoch",
    "synthesised": "as they are, and synthesised words",
    "both": "changed, and synthesised words",
}
ADAPTING = range(5)
"""Numbers of the recordings of a word from which a model learns a speaker."""

app = typer.Typer(add_completion=False, help=__doc__)
Folder = Annotated[Path, typer.Option("--data", help="The folder with the recordings.")]


@app.command()
def official(
    folder: Folder,
    seeds: Annotated[int, typer.Option(help="How many trainings, with seeds from 1.")] = 3,
    first: Annotated[int, typer.Option(help="The first seed, to measure in several goes.")] = 1,
) -> None:
    """The official split: recordings numbered 0 to 4 are tested on, the 2,700 others learned from."""
    recordings = data.load(folder, split=OFFICIAL)
    for seed in range(first, first + seeds):
        start = time.process_time()
        found = _train(recordings, Settings(), seed)
        # The processor's time, the speech included: the clock's would be other programs' too.
        _keep("official", str(seed), {**_figures(found), "processor": time.process_time() - start})
    _print("official", lambda record: f"{record['processor']:.0f} s")


@app.command()
def speakers(
    folder: Folder,
    method: Annotated[str, typer.Option(help=f"One of {', '.join(METHODS)}.")] = "both",
    only: Annotated[str, typer.Option(help="Speakers, with commas between; by default all.")] = "",
    epochs: Annotated[int | None, typer.Option(help="Of each training; by default what it needs.")] = None,
) -> None:
    """Leaves one speaker out each time, and tests on that one."""
    strength, languages = METHODS[method]
    settings = Settings(strength=strength, languages=languages, synthesised=SPOKEN, epochs=epochs)
    for speaker in only.split(",") if only else _speakers(folder):
        found = _train(data.load(folder, split=f"speaker:{speaker}"), settings, seed=1)
        _keep(f"speakers-{method}", speaker, _figures(found))
    _print(f"speakers-{method}", lambda record: f"{record['seconds']:.0f} s")


@app.command()
def synthesised(
    folder: Folder,
    model: Annotated[Path, typer.Option(help="Where to leave the model, for `adapt`.")] = Path("synthesised-model"),
) -> None:
    """Learns from synthesised speech alone, and tests on all the recordings."""
    found = main.train(None, WORDS, _spoken(), out=model, seed=1)
    measured = main.evaluate(model, data.load(folder, split="none"))
    figures = {"accuracy": measured.accuracy, "interval": measured.interval, "examples": measured.examples}
    figures |= {"seconds": found.seconds, "spoken": found.spoken, "epochs": found.epochs}
    _keep("synthesised", "all", figures)
    for speaker, group in measured.per_speaker.items():
        _keep("synthesised", speaker, {"accuracy": group.accuracy, "examples": group.examples})
    _print("synthesised", lambda record: "")


@app.command()
def adapt(
    folder: Folder,
    model: Annotated[Path, typer.Option(help="What `synthesised` left.")] = Path("synthesised-model"),
    only: Annotated[str, typer.Option(help="Speakers, with commas between; by default all.")] = "",
) -> None:
    """Adapts that model to each speaker with five recordings a word, and tests on all the other recordings."""
    recordings = data.load(folder, split="none")
    known = main.evaluate(model, recordings).per_speaker
    for speaker in only.split(",") if only else sorted(known):
        learned, rest = _few_of(recordings, speaker)
        with tempfile.TemporaryDirectory() as out:
            start = time.perf_counter()
            found = main.adapt(model, dataclasses.replace(recordings, train=learned, test=rest), out=out, seed=1)
            seconds = time.perf_counter() - start
        assert found.measured is not None
        after = {name: group.accuracy for name, group in found.measured.per_speaker.items()}
        figures = {
            "accuracy": after[speaker],
            "before": known[speaker].accuracy,
            "recordings": len(learned),
            "seconds": seconds,
            "others": statistics.mean(after[name] for name in after if name != speaker),
            "others_before": statistics.mean(known[name].accuracy for name in known if name != speaker),
            "largest_loss": max(known[name].accuracy - after[name] for name in after if name != speaker),
        }
        _keep("adapt", speaker, figures)
    _print("adapt", lambda record: f"others lose {100 * record['largest_loss']:.1f} points at most")


@app.command(name="report")
def write_report() -> None:
    """Writes what has been measured into docs/commands.md."""
    page = report.fill(PAGE.read_text(encoding="utf-8"), tables(_read()))
    write_beside_then_rename(PAGE, page.encode())


def tables(results: dict[str, Any]) -> dict[str, str]:
    """Returns Markdown by the name of its place in the page."""
    made = {}
    if "official" in results:
        made["official"] = _official_table(results["official"])
    methods = [name for name in METHODS if f"speakers-{name}" in results]
    if methods:
        made["speakers"] = _speakers_table({name: results[f"speakers-{name}"] for name in methods})
    if "synthesised" in results:
        made["synthesised"] = _synthesised_table(results["synthesised"], results.get("adapt", {}))
    return made


def _official_table(records: dict[str, Any]) -> str:
    rows = [
        [f"seed {seed}", _percent(record["accuracy"]), _between(record["interval"]), f"{record['processor']:.0f} s"]
        for seed, record in sorted(records.items())
    ]
    rows.append(["mean", _percent(_mean(records)), "", ""])
    return _table(["training", "right", "95 % interval", "processor's time"], rows)


def _speakers_table(methods: dict[str, dict[str, Any]]) -> str:
    names = sorted({speaker for records in methods.values() for speaker in records})
    rows = []
    for method, records in methods.items():
        found = [_percent(records[name]["accuracy"]) if name in records else "–" for name in names]
        worst = min(record["accuracy"] for record in records.values())
        seen = statistics.mean(record["seen"] for record in records.values())
        rows.append([TITLES[method], f"{seen:,.0f}", *found, _percent(_mean(records)), _percent(worst)])
    return _table(["learned from", "examples seen", *names, "mean", "worst"], rows)


def _synthesised_table(records: dict[str, Any], adapted: dict[str, Any]) -> str:
    rows = []
    for name in (*sorted(set(records) - {"all"}), "all"):
        record = adapted.get(name)
        after = ["–", "–"] if record is None else [_percent(record["accuracy"]), _change(record)]
        if name == "all" and adapted:
            after = [
                _percent(_mean(adapted)),
                f"{-100 * max(each['largest_loss'] for each in adapted.values()):+.1f} worst",
            ]
        rows.append([name, _percent(records[name]["accuracy"]), *after])
    heads = [
        "speaker",
        "synthesised speech alone",
        "with 5 recordings a word of that speaker",
        "then the others, points",
    ]
    return _table(heads, rows)


def _change(record: dict[str, Any]) -> str:
    return f"{100 * (record['others'] - record['others_before']):+.1f}"


def _train(recordings: Commands, settings: Settings, seed: int) -> Training:
    with tempfile.TemporaryDirectory() as out:
        return main.train(recordings, settings=settings, out=out, seed=seed)


def _spoken() -> Settings:
    return Settings(languages=("en",), synthesised=SPOKEN, sample_rate=8000)


def _figures(found: Training) -> dict[str, Any]:
    assert found.measured is not None
    return {
        "accuracy": found.measured.accuracy,
        "interval": found.measured.interval,
        "examples": found.measured.examples,
        "recordings": found.recordings,
        "spoken": found.spoken,
        "epochs": found.epochs,
        "seen": found.epochs * (found.recordings + found.spoken),
        "seconds": found.seconds,
        "threads": torch.get_num_threads(),
    }


def _few_of(recordings: Commands, speaker: str) -> tuple[data.Examples, data.Examples]:
    """Returns a speaker's first recordings of each word, and all that is left."""
    everything = recordings.everything()
    chosen = np.zeros(len(everything), dtype=bool)
    for place, file in enumerate(everything.files):
        described = splitting.describe(Path(file), Path(file).relative_to(Path(file).parent))
        assert described is not None
        chosen[place] = described.speaker == speaker and described.index in ADAPTING
    return everything.pick(chosen), everything.pick(~chosen)


def _speakers(folder: Path) -> list[str]:
    return sorted({name for name in data.load(folder, split="none").train.speakers if name is not None})


def _read() -> dict[str, Any]:
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def _keep(part: str, name: str, record: dict[str, Any]) -> None:
    """Puts a record among the results, at once, so that a long measurement can be cut off."""
    results = _read()
    results["machine"] = machine.describe()
    results.setdefault(part, {})[name] = record
    write_beside_then_rename(RESULTS, (json.dumps(results, indent=1) + "\n").encode())


def _print(part: str, more: Any) -> None:
    records = _read()[part]
    table = Table(part, "right", "")
    for name, record in records.items():
        table.add_row(name, _percent(record["accuracy"]), more(record))
    each = {name: record for name, record in records.items() if name != "all"}
    table.add_section()
    table.add_row("mean", _percent(_mean(each)), "")
    table.add_row("worst", _percent(min(record["accuracy"] for record in each.values())), "")
    Console().print(table)


def _table(heads: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [heads, ["---"] * len(heads), *rows])


def _mean(records: dict[str, Any]) -> float:
    return statistics.mean(record["accuracy"] for record in records.values())


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _between(interval: Iterable[float]) -> str:
    low, high = interval
    return f"{100 * low:.1f} to {100 * high:.1f} %"


if __name__ == "__main__":
    app()
