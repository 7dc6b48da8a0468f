"""Makes the tables and the plot of docs/performance.md from bench/results: `python -m bench.report`."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import plot
from bench.choice import PARTS
from bench.contenders import CONTENDERS
from bench.work import NETWORKS, PRECISIONS

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "performance.md"
IMAGE = ROOT / "docs" / "images" / "performance.svg"

CAPTION = "How many times as long as velveteen's a training step of the others takes"

TITLES = {contender.name: contender.title for contender in CONTENDERS}
KERAS = tuple(name for name in TITLES if name.startswith("keras"))

Results = dict[str, dict[str, Any]]


def read(folder: Path) -> Results:
    """Returns the results of each part that has been measured."""
    return {
        part: json.loads((folder / f"{part}.json").read_text(encoding="utf-8"))
        for part in PARTS
        if (folder / f"{part}.json").exists()
    }


def tables(results: Results) -> dict[str, str]:
    """Returns Markdown by the name of its place in the page."""
    made: dict[str, str] = {}
    if "training" in results:
        training = results["training"]
        made["machine"] = machine(training)
        made["picture"] = f"![{CAPTION}](images/{IMAGE.name})"
        made |= {f"training-{precision}": training_table(training, precision) for precision in _precisions(training)}
        made["targets"] = targets_table(training)
        made["memory"] = memory_table(training)
    if "predicting" in results:
        made["predicting"] = predicting_table(results["predicting"])
    if "digits" in results:
        made["digits"] = digits_table(results["digits"])
    if "imports" in results:
        made["imports"] = imports_table(results["imports"])
    return made


def machine(part: dict[str, Any]) -> str:
    """Returns a sentence about what was measured on."""
    about = part["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in part["versions"].items())
    extensions = ", ".join(about["extensions"]) or "none of note"
    return (
        f"Measured on {part['date']}: {about['processor']} ({about['vendor']}), {about['cores']} cores, {about['memory_gib']} GiB, "
        f"extensions: {extensions}; Python {about['python']}, {versions}. Medians of {part['rounds']} rounds."
    )


def roof(training: dict[str, Any], network: str, precision: str) -> float | None:
    """Returns the roof that was measured beside a network: the faster library's, in 10⁹ operations a second."""
    for record in training["roofs"]:
        if (record["network"], record["precision"]) == (network, precision) and record["gflops"]:
            return max(record["gflops"].values())
    return None


def milliseconds(training: dict[str, Any], precision: str) -> dict[tuple[str, str], float]:
    """Returns the milliseconds a step by contender and network, where there are any."""
    return {
        (record["contender"], record["network"]): record["milliseconds"]
        for record in training["results"]
        if record["precision"] == precision and "milliseconds" in record
    }


def training_table(training: dict[str, Any], precision: str) -> str:
    """Returns milliseconds a step, as a ratio to velveteen's, and as a fraction of the roof."""
    times = milliseconds(training, precision)
    networks = _networks(training)

    def cell(name: str, network: str) -> str:
        value = times.get((name, network))
        if value is None:
            return _missing(training["results"], name, network, precision)
        parts = [f"{_short(value)} ms"]
        ours, limit = times.get(("velveteen", network)), roof(training, network, precision)
        if ours is not None and name != "velveteen":
            parts.append(f"×{_short(value / ours)}")
        if limit is not None:
            parts.append(_percent(training["flops"][network] / value / 1e6 / limit))
        return " · ".join(parts)

    limits = {network: roof(training, network, precision) for network in networks}
    rows = [[TITLES[name], *(cell(name, network) for network in networks)] for name in _names(training, precision)]
    rows.append(["roof, GFLOP/s", *("–" if limit is None else f"{limit:.0f}" for limit in limits.values())])
    return _table([f"{precision}, a step", *(NETWORKS[network].title for network in networks)], rows)


def targets_table(training: dict[str, Any]) -> str:
    """Returns velveteen's time as a part of the fastest Keras's and of PyTorch's."""
    rows = []
    networks = _networks(training)
    against = {"the fastest Keras": KERAS, TITLES["torch"]: ("torch",), TITLES["torch-tuned"]: ("torch-tuned",)}
    for precision in _precisions(training):
        times = milliseconds(training, precision)
        for title, names in against.items():
            cells = []
            for network in networks:
                ours = times.get(("velveteen", network))
                theirs = [times[name, network] for name in names if (name, network) in times]
                cells.append(f"{ours / min(theirs):.2f}" if ours is not None and theirs else "–")
            rows.append([f"{precision}: velveteen's time to that of {title}", *cells])
    return _table(["", *(NETWORKS[network].title for network in networks)], rows)


def memory_table(training: dict[str, Any]) -> str:
    """Returns the peak memory of a process that trains, and nothing else."""
    peaks = {
        (record["contender"], record["network"], record["precision"]): record["peak_memory"]
        for record in training["results"]
        if record.get("peak_memory")
    }
    networks, precisions = _networks(training), _precisions(training)

    def cell(name: str, network: str) -> str:
        found = [peaks.get((name, network, precision)) for precision in precisions]
        return " / ".join("–" if peak is None else f"{peak / 2**20:,.0f}" for peak in found)

    names = [name for name in TITLES if any(key[0] == name for key in peaks)]
    rows = [[TITLES[name], *(cell(name, network) for network in networks)] for name in names]
    return _table([f"MiB, {' / '.join(precisions)}", *(NETWORKS[network].title for network in networks)], rows)


def predicting_table(predicting: dict[str, Any]) -> str:
    """Returns the milliseconds of predicting a batch and a row, through predict and the fastest way there is."""
    found = {
        (record["contender"], record["network"], record["rows"] == 1): record.get("milliseconds")
        for record in predicting["results"]
    }
    networks = [network for network in NETWORKS if any(key[1] == network for key in found)]

    def cell(name: str, network: str, is_row: bool) -> str:
        ways = found.get((name, network, is_row))
        if not ways:
            return "–"
        best = min(ways.values())
        usual = _short(ways["predict"])
        return usual if _short(best) == usual else f"{usual} ({_short(best)})"

    names = [name for name in TITLES if any(key[0] == name for key in found)]
    rows = [
        [TITLES[name], *(cell(name, network, is_row) for is_row in (True, False) for network in networks)]
        for name in names
    ]
    heads = [f"{NETWORKS[network].title}, {what}" for what in ("a row", "a batch") for network in networks]
    return _table(["predict, ms (fastest way)", *heads], rows)


def digits_table(digits: dict[str, Any]) -> str:
    """Returns what an epoch of MNIST takes, and the way to the goal."""
    goal = f"{100 * digits['goal']:.1f} %"
    rows = []
    for record in digits["results"]:
        epochs = record["epochs"]
        if not epochs:
            continue
        seconds = sum(epoch["seconds"] for epoch in epochs)
        reached = epochs[-1]["accuracy"] >= digits["goal"]
        count = f"{len(epochs)} epoch{'s' if len(epochs) > 1 else ''}"
        to_goal = f"{seconds:.1f} s, {count}" if reached else "–"
        first = f"{epochs[0]['seconds']:.1f} s"
        rows.append(
            [
                f"{TITLES[record['contender']]}, {record['precision']}",
                first,
                f"{100 * epochs[0]['accuracy']:.2f} %",
                to_goal,
            ]
        )
    return (
        _table(["CNN", "file to accuracy, one epoch", "accuracy", f"to {goal}"], rows)
        + f"\n\nData: {digits['source']}."
    )


def imports_table(imports: dict[str, Any]) -> str:
    """Returns the seconds of importing."""
    seconds = {record["contender"]: record["seconds"] for record in imports["results"]}
    shown = [name for name in seconds if name not in ("torch-tuned", "tensorflowjs-cpu")]
    table = _table(["import", "seconds"], [[TITLES[name], f"{seconds[name]:.2f}"] for name in shown])
    if "torch" not in seconds or "velveteen" not in seconds:
        return table
    return table + f"\n\nTo the time of PyTorch, velveteen adds {seconds['velveteen'] - seconds['torch']:.2f} s."


def fill(page: str, made: dict[str, str]) -> str:
    """Returns the page with each table in its place, between `<!-- bench: NAME -->` and `<!-- end -->`.

    Raises:
        ValueError: the page has no such place.
    """
    for name, text in made.items():
        start = f"<!-- bench: {name} -->\n"
        before, found, rest = page.partition(start)
        _, ending, after = rest.partition("<!-- end -->")
        if not found or not ending:
            raise ValueError(f"The page has no place {start.strip()} … <!-- end -->.")
        page = f"{before}{start}{text}\n{ending}{after}"
    return page


def main(folder: Path = RESULTS) -> None:
    """Writes the page and the plot."""
    results = read(folder)
    page = fill(PAGE.read_text(encoding="utf-8"), tables(results))
    IMAGE.parent.mkdir(parents=True, exist_ok=True)
    if "training" in results:
        training = results["training"]
        times = {precision: milliseconds(training, precision) for precision in _precisions(training)}
        plot.draw(times, _networks(training), IMAGE)
    temporary = PAGE.with_suffix(".partial")
    temporary.write_text(page, encoding="utf-8")
    temporary.replace(PAGE)


def _names(training: dict[str, Any], precision: str) -> list[str]:
    measured = {record["contender"] for record in training["results"] if record["precision"] == precision}
    return [name for name in TITLES if name in measured]


def _networks(training: dict[str, Any]) -> list[str]:
    return [name for name in NETWORKS if any(record["network"] == name for record in training["results"])]


def _precisions(training: dict[str, Any]) -> list[str]:
    return [name for name in PRECISIONS if any(record["precision"] == name for record in training["results"])]


def _missing(records: Iterable[dict[str, Any]], name: str, network: str, precision: str) -> str:
    asked = (name, network, precision)
    tried = any((each["contender"], each["network"], each["precision"]) == asked for each in records)
    return "cannot" if tried else "–"


def _short(value: float) -> str:
    """Returns three digits, all before the point where there are more: 0.123, 12.3, 39,040."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %" if part >= 0.01 else f"{100 * part:.1g} %"


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
