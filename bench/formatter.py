"""Measures what the formatter learns from a house style, what its review finds, and how long it takes.

    python -m bench.formatter house     a style that no formatter offers, from 200 KB of it
    python -m bench.formatter review    mistakes put into consistent repositories at random
    python -m bench.formatter speed     200 files beside prettier, and one small file

Packages, prettier and js-beautify come from npm into build/formatter. Results go to bench/results/formatter.json.
"""

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from bench import machine
from tools.formatter_models import PRETTIER, WORK, fetch
from velveteen.recipes.formatter import formatter, main
from velveteen.recipes.formatter.languages import named
from velveteen.recipes.formatter.review import UNLIKELY
from velveteen.recipes.formatter.review import review as review_file
from velveteen.recipes.formatter.tokens import APART, FREE, Source, parse
from velveteen.recipes.formatter.writing import ChangedError, check_unchanged

RESULTS = Path(__file__).parent / "results"
BEAUTIFIER = "js-beautify@1.15.4"
HOUSE = "knex@3.3.0"
REPOSITORIES = ("joi@18.3.2", "eslint@10.15.0", "three@0.187.0", "undici@7.30.2")
"""What is in its authors' own style; on these and on the house style the threshold of `review` was chosen."""
FURTHER_REPOSITORIES = ("fastify@5.12.8", "mongoose@9.12.1")
"""Others in their authors' own styles, on which nothing was chosen."""
SPEED = ("knex@3.3.0", "joi@18.3.2", "sinon@22.1.0", "eslint-plugin-import@2.32.0", "eslint-plugin-unicorn@65.0.1")
TESTED_BYTES = 300_000
JAVASCRIPT = named("javascript")

app = typer.Typer(no_args_is_help=True, help=__doc__)
Epochs = Annotated[int | None, typer.Option(help="Of a training; by default as many as `formatter train` takes.")]


def sources(package: str) -> list[Path]:
    """Returns the files of a package that people wrote, in an order of chance that is always the same."""
    folder = fetch(package)
    files = [
        path
        for path in sorted(folder.rglob("*.js"))
        if not {"dist", "node_modules", "min", "pkg", "vendor"}.intersection(path.relative_to(folder).parts)
        and ".min." not in path.name
        and 500 < path.stat().st_size < 60_000
    ]
    random.Random(package).shuffle(files)
    return files


def program(package: str) -> list[str]:
    """Returns the command of an npm package, installed when it is not there."""
    name = package.split("@")[0]
    if not (WORK / "node_modules" / name).is_dir():
        subprocess.run(["npm", "install", "--silent", "--prefix", str(WORK), package], check=True)
    return [str(WORK / "node_modules" / ".bin" / name)]


def in_house_style(package: str) -> list[Path]:
    """Returns a package's files in an unusual style: lines as prettier breaks them, then tabs, Allman's braces and
    spaces inside of parentheses."""
    target = WORK / "house" / package.replace("/", "-")
    given = sources(package)
    paths = [target / path.relative_to(fetch(package)) for path in given]
    if not target.is_dir():
        for path, copy in zip(given, paths, strict=True):
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
        names = [str(path) for path in paths]
        subprocess.run(
            [*program(PRETTIER), "--no-config", "--object-wrap=collapse", "--log-level=error", "--write", *names]
        )
        style = ["--indent-with-tabs", "--brace-style=expand", "--space-in-paren", "--replace", "--quiet"]
        subprocess.run([*program(BEAUTIFIER), *style, *names], check=True)
    return paths


def parsed(paths: Sequence[Path]) -> list[tuple[Path, Source]]:
    """Returns those files that parse."""
    found = []
    for path in paths:
        try:
            source = parse(path.read_bytes().replace(b"\r\n", b"\n"), JAVASCRIPT)
        except ValueError:
            continue
        if len(source) > 1:
            found.append((path, source))
    return found


def divided(paths: Sequence[Path], learned_bytes: int) -> tuple[list[Source], list[Source]]:
    """Returns the first files, up to so many bytes, and of the ones behind them up to TESTED_BYTES."""
    learned: list[Source] = []
    tested: list[Source] = []
    for _, source in parsed(paths):
        if sum(len(each.text) for each in learned) < learned_bytes:
            learned.append(source)
        elif sum(len(each.text) for each in tested) < TESTED_BYTES:
            tested.append(source)
    return learned, tested


def model_of(name: str, kilobytes: int) -> Path:
    """Returns the folder of the model that has learned a repository's style from so much of it."""
    return WORK / "bench" / f"{name.split('@')[0]}-{kilobytes}"


def learn_style(
    name: str, learned: Sequence[Source], tested: Sequence[Source], kilobytes: int, epochs: int | None
) -> main.Training:
    """Trains that model."""
    out = model_of(name, kilobytes)
    return main.train(learned, held_out=tested, epochs=epochs, out=out, seed=1, verbose=False)


@app.command()
def house(package: str = HOUSE, kilobytes: int = 200, epochs: Epochs = None) -> None:
    """Learns the house style from some of a package's files, and measures on the others."""
    learned, tested = divided(in_house_style(package), kilobytes * 1000)
    training = learn_style(f"house-{package}", learned, tested, kilobytes, epochs)
    measured = training.measured
    report(
        "house",
        {
            "package": package,
            "learned_files": training.files,
            "learned_gaps": training.gaps,
            "epochs": training.epochs,
            "seconds": round(training.seconds),
            "tested_files": len(tested),
            "gaps": measured.gaps,
            "gap_accuracy": measured.gap_accuracy,
            "line_accuracy": measured.line_accuracy,
            "trees_changed": measured.trees_changed,
            "baselines": training.baselines,
        },
    )


@app.command()
def review(kilobytes: int = 200, every: int = 100, epochs: Epochs = None, seed: int = 1) -> None:
    """Puts one mistake into each `every` gaps of files, and counts how many `formatter review` finds, and what else.

    The models have learned other files of the same repositories; one that is there, from `house` or an earlier run, is used.

    A finding is right if it is about a line on which a mistake is: the one that ends or the one that begins there.
    """
    chosen_on = [(f"house-{HOUSE}", in_house_style(HOUSE)), *((name, sources(name)) for name in REPOSITORIES)]
    further = [(name, sources(name)) for name in FURTHER_REPOSITORIES]
    told = {
        "chosen_on": reviewed_all(chosen_on, kilobytes, every, epochs, seed),
        "further": reviewed_all(further, kilobytes, every, epochs, seed),
    }
    report("review", {"every": every, "unlikely": UNLIKELY, **told})


def reviewed_all(
    cases: Sequence[tuple[str, Sequence[Path]]], kilobytes: int, every: int, epochs: int | None, seed: int
) -> dict[str, Any]:
    """Returns precision and recall over some repositories, given by name and files, and of each."""
    found = told = mistakes = 0
    parts = []
    for name, paths in cases:
        learned, tested = divided(paths, kilobytes * 1000)
        if not (model_of(name, kilobytes) / "model.json").is_file():
            learn_style(name, learned, tested, kilobytes, epochs)
        model = formatter.load(model_of(name, kilobytes))
        counts = reviewed(model, tested, every, random.Random(seed))
        found, told, mistakes = (total + count for total, count in zip((found, told, mistakes), counts, strict=True))
        parts.append({"repository": name, "files": len(tested), "mistakes": counts[2], **rates(*counts)})
    return {"mistakes": mistakes, **rates(found, told, mistakes), "repositories": parts}


def rates(found: int, told: int, mistakes: int) -> dict[str, float]:
    """Returns precision and recall."""
    return {"precision": round(found / max(told, 1), 4), "recall": round(found / max(mistakes, 1), 4)}


def reviewed(
    model: formatter.Formatter, files: Sequence[Source], every: int, rng: random.Random
) -> tuple[int, int, int]:
    """Returns how many mistakes were found, how many places were told of, and how many mistakes there were."""
    found = told = mistakes = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.js"
        for source in files:
            text, lines = spoilt(source, every, rng)
            path.write_bytes(text)
            places = {finding.line for finding in review_file(model, path)}
            used: set[int] = set()
            for pair in lines:
                used.update(sorted(places.intersection(pair) - used)[:1])
            found += len(used)
            # A second finding about the two lines of one mistake is no other.
            told += len(used) + len(places.difference(*lines))
            mistakes += len(lines)
    return found, told, mistakes


def spoilt(source: Source, every: int, rng: random.Random) -> tuple[bytes, list[tuple[int, int]]]:
    """Returns a file with mistakes that change nothing but its layout, and the two lines that each is between."""
    gaps = source.gaps()
    made: list[int] = []
    for start in range(0, len(gaps) - 1, every):
        for _ in range(20):
            number = rng.randrange(start, min(start + every, len(gaps)))
            if source.rules[number] not in (FREE, APART):
                continue
            tried = [*gaps[:number], mistake(gaps[number], rng), *gaps[number + 1 :]]
            try:
                check_unchanged(source, joined(source, tried))
            except ChangedError:
                continue
            gaps = tried
            made.append(number)
            break
    places = []
    for number in made:
        before = joined(source, gaps, number)
        first = before.count(b"\n") + 1
        places.append((first, first + gaps[number].count(b"\n")))
    return joined(source, gaps), places


def mistake(gap: bytes, rng: random.Random) -> bytes:
    """Returns what somebody could have typed instead: a space or break more, less, or at another place."""
    lines, broken, margin = gap.rpartition(b"\n")
    if broken:
        choices = [b"", b" ", *(lines + b"\n" + other for other in (margin + b"\t", margin + b"  ", margin[:-1]))]
    else:
        choices = [b"", b"  ", b"\n"] if gap else [b" ", b"\n"]
    return rng.choice([choice for choice in choices if choice != gap])


def joined(source: Source, gaps: Sequence[bytes], until: int | None = None) -> bytes:
    """Returns the text with other gaps; until the token before one of them, if it is named."""
    tokens = source.tokens()
    if until is not None:
        return b"".join(part for pair in zip(tokens[:until], gaps, strict=False) for part in pair) + tokens[until]
    return b"".join(part for pair in zip(tokens, [*gaps, b"\n"], strict=True) for part in pair)


@app.command()
def speed(files: int = 200, rounds: int = 5) -> None:
    """Formats files with the command and with prettier's, by turns; then one small file, beside `import torch`."""
    found = [path for package in SPEED for path, _ in parsed(sources(package)[:120])][:files]
    names = [str(path) for path in found]
    ours = [str(Path(sys.executable).parent / "velveteen"), "formatter", "format", "--check"]
    theirs = [*program(PRETTIER), "--no-config", "--ignore-path=", "--check"]
    small = min(found, key=lambda path: path.stat().st_size)
    commands = {
        "velveteen": [*ours, *names],
        "prettier": [*theirs, *names],
        "small file": [*ours, str(small)],
        "import torch": [sys.executable, "-c", "import torch"],
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            times = timed(command)
            if number:  # the first round fills the caches
                taken[name].append(times)
    middle = {name: [statistics.median(part) for part in zip(*times, strict=True)] for name, times in taken.items()}
    report(
        "speed",
        {
            "files": len(names),
            "bytes": sum(path.stat().st_size for path in found),
            "seconds": {name: {"wall": round(wall, 2), "cpu": round(cpu, 2)} for name, (wall, cpu) in middle.items()},
            "wall_ratio": round(middle["velveteen"][0] / middle["prettier"][0], 2),
            "cpu_ratio": round(middle["velveteen"][1] / middle["prettier"][1], 2),
            "small_file_beyond_torch_seconds": round(middle["small file"][1] - middle["import torch"][1], 2),
        },
    )


def timed(command: Sequence[str]) -> tuple[float, float]:
    """Returns the seconds that a command takes, on the clock and of the processors."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=WORK)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu


def report(name: str, told: dict[str, Any]) -> None:
    """Prints a measurement, and keeps it beside the others."""
    path = RESULTS / "formatter.json"
    kept = json.loads(path.read_text()) if path.is_file() else {}
    kept["machine"] = machine.describe()
    kept[name] = {**told, "threads": torch.get_num_threads(), "load": os.getloadavg()[0]}
    path.write_text(json.dumps(kept, indent=2) + "\n")
    print(json.dumps(kept[name], indent=2))


if __name__ == "__main__":
    app()
