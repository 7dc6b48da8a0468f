"""Measures how well broken layout is found on pages that were not learned from, and writes the tables and curves of docs/layout.md.

The pictures are made by `tools/layout_models.py --judged`, in build/layout/pictures. `python -m bench.layout measure [FOLDER …]` looks at
them and keeps the figures in bench/results/layout.json, those of a folder beside those of others; `python -m bench.layout report`
writes them into the page. `python -m bench.layout adapted [SITE …]` fits the network to some pages of a site, as `train --pages`
does, and looks at pictures of its other pages.
"""

import dataclasses
import json
import os
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from bench import machine
from tools import layout_sites
from velveteen.io.files import write_beside_then_rename
from velveteen.recipes.layout import adapting, data, evaluation, main
from velveteen.recipes.layout.evaluation import Comparison, Scored
from velveteen.recipes.layout.faults import FAULTS

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results" / "layout.json"
PAGE, CURVES = ROOT / "docs" / "layout.md", ROOT / "docs" / "images" / "layout.svg"
PARTS = {
    "held-out": "the generator's pages of kinds and designs that were not learned from",
    "judged": "pages of sites that were not learned from",
}
CHOSEN_ON = "validation"
"""The folder of pictures that thresholds are chosen on."""
ALARMS = (0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 40)
"""False alarms per 100 sound pages for which thresholds are chosen, on pages of the sites for that."""

SITES = ("deb:python-celery-doc", "deb:debian-policy")
LEARNED = 12
"""Pages of a site that the network is fitted to; the others are looked at."""
_VISITS = 5
"""Of each of those, in other viewports."""

app = typer.Typer(add_completion=False, help=__doc__)


@app.command()
def measure(
    parts: Annotated[list[str] | None, typer.Argument(help="Folders in build/layout/pictures.")] = None,
    model: Annotated[Path, typer.Option(help="The network.")] = main.PRETRAINED,
) -> None:
    """Looks at pictures, by the rules, by the network, and by both."""
    detector = main.load(model)
    scored = {part: _scored(detector, part) for part in dict.fromkeys((CHOSEN_ON, *(parts or PARTS)))}
    for part, (pages, compared) in scored.items():
        figures = {name: None if each is None else dataclasses.asdict(each) for name, each in vars(compared).items()}
        _keep(part, {"machine": machine.describe(), **figures, "curves": _curves(pages, scored[CHOSEN_ON][0])})
        for name, each in vars(compared).items():
            if each is not None:
                print(
                    f"{part}, {name}: found {each.recall:.3f}, false alarms {each.false_alarms:.1f}, precision {each.precision:.3f}, IoU {each.mean_iou}"
                )


def _scored(detector: main.Detector, part: str) -> tuple[list[Scored], Comparison]:
    pages: list[Scored] = []

    def heat_of(picture: data.Picture) -> np.ndarray:
        heat = detector.heat(picture.pixels())
        pages.append(evaluation.scored(picture, heat))
        return heat

    return pages, evaluation.measure(layout_sites.pictures(part), heat_of, detector.thresholds)


def _curves(pages: list[Scored], chosen_on: list[Scored]) -> dict[str, Any]:
    """Found faults over false alarms, both in percent: of all kinds with thresholds chosen elsewhere, and of each kind."""
    curves: dict[str, Any] = {"picture": [], "both": [], "kinds": {}, "rules": {}}
    for alarms in ALARMS:
        limits = evaluation.chosen_thresholds(chosen_on, alarms, alarms, alarms)
        upper = np.array([limits[kind].sure for kind in FAULTS])
        confirms = np.array([limits[kind].confirms for kind in FAULTS])
        curves["picture"].append(_point([each.highest for each in pages], pages, upper))
        curves["both"].append(_point([each.support for each in pages], pages, confirms))
    rules = np.zeros(len(FAULTS))
    curves["rules"]["all"] = _point([each.support for each in pages], pages, rules)
    for number, kind in enumerate(FAULTS):
        of_kind = [each for each in pages if each.kind in (None, kind)]
        if not any(each.kind for each in of_kind):
            continue
        highest = np.array([[each.highest[number]] for each in of_kind])
        levels = np.unique(np.quantile(highest, np.linspace(0, 1, 40)))[::-1]
        curves["kinds"][kind] = [_point(highest, of_kind, np.array([level])) for level in levels]
        curves["rules"][kind] = _point([each.support for each in of_kind], of_kind, rules)
    return curves


def _point(values: Any, pages: list[Scored], limits: np.ndarray) -> list[float]:
    marked = (np.array(values) >= limits).any(axis=1)
    broken = np.array([each.kind is not None for each in pages])
    return [round(100 * float(marked[rows].mean()) if rows.any() else 0.0, 2) for rows in (~broken, broken)]


def _keep(part: str, figures: dict[str, Any]) -> None:
    kept = {**_kept(), part: figures}
    write_beside_then_rename(RESULTS, (json.dumps(kept, indent=1) + "\n").encode())


def _kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return found


@app.command()
def adapted(
    sites: Annotated[list[str] | None, typer.Argument(help="Packages, as in tools/layout_sites.json.")] = None,
) -> None:
    """Fits the network to pages of a site, and looks at pictures of its other pages, before and after."""
    os.environ["XDG_DATA_HOME"] = str(layout_sites.fonts())
    for site in sites or SITES:
        pages = list({page.name: page for page in layout_sites.sound_pages([site])}.values())
        own, others = pages[:LEARNED], pages[LEARNED:]
        work = layout_sites.WORK / "adapted" / site.replace(":", "-")
        data.make(work / "others", _VISITS * len(others), page_of=data.own(others), faults=1)
        start = time.monotonic()
        adapting.adapt(own, out=work / "model", seed=1)
        seconds = time.monotonic() - start
        pictures = data.load(work / "others")
        found = {
            name: dataclasses.asdict(_by_network(pictures, folder))
            for name, folder in (("before", main.PRETRAINED), ("after", work / "model"))
        }
        record = {
            "machine": machine.describe(),
            "learned": len(own),
            "others": len(others),
            "seconds": seconds,
            **found,
        }
        _keep("adapted", {**_kept().get("adapted", {}), site: record})
        print(f"{site}: {_row(record)}")


def _by_network(pictures: list[data.Picture], model: Path) -> evaluation.Evaluation:
    found = main.evaluate(pictures, main.load(model)).network
    assert found is not None
    return found


def _row(record: dict[str, Any]) -> str:
    cells = [
        f"{100 * record[when]['recall']:.0f} % | {record[when]['false_alarms']:.1f}" for when in ("before", "after")
    ]
    return f"{record['learned']} and {record['others']} | {record['seconds'] / 60:.1f} min | " + " | ".join(cells)


def _adapted_table(records: dict[str, Any]) -> str:
    lines = [
        "| site | pages learned from, and judged on | it took | before: found | false alarms | after: found | false alarms |"
    ]
    lines.append("|---" * 7 + "|")
    lines += [f"| {site.partition(':')[2]} | {_row(record)} |" for site, record in records.items()]
    return "\n".join(lines) + "\n"


@app.command()
def report() -> None:
    """Writes the tables into the page, and draws the curves."""
    kept = _kept()
    draw({part: kept[part] for part in PARTS if part in kept}, CURVES)
    text = PAGE.read_text(encoding="utf-8")
    for part in kept:
        begin, end = f"<!-- {part}: bench.layout -->\n", f"<!-- end of {part} -->"
        if begin in text:
            before, rest = text.split(begin)
            table = _adapted_table(kept[part]) if part == "adapted" else _table(kept[part])
            text = before + begin + table + end + rest.split(end, 1)[1]
    PAGE.write_text(text, encoding="utf-8")


def _table(figures: dict[str, Any]) -> str:
    judges = [name for name in ("rules", "network", "both") if figures[name]]
    titles = {"rules": "rules", "network": "picture alone", "both": "both"}
    lines = [
        "| | pictures | " + " | ".join(f"{titles[name]}: found | false alarms" for name in judges) + " | pixel IoU |"
    ]
    lines.append("|---" * (3 + 2 * len(judges)) + "|")
    kinds = [kind for kind in FAULTS if kind in figures["network"]["kinds"]]
    for kind in kinds:
        cells = [
            f"{100 * figures[name]['kinds'][kind]['found']:.0f} % | {figures[name]['kinds'][kind]['false_alarms']:.1f}"
            for name in judges
        ]
        of_kind = figures["network"]["kinds"][kind]
        lines.append(f"| {kind} | {of_kind['pictures']} | " + " | ".join(cells) + f" | {of_kind['iou']:.2f} |")
    total = [f"**{100 * figures[name]['recall']:.1f} %** | **{figures[name]['false_alarms']:.1f}**" for name in judges]
    network = figures["network"]
    lines.append(
        f"| **all** | {network['broken']} broken, {network['sound']} sound | "
        + " | ".join(total)
        + f" | {network['mean_iou']:.2f} |"
    )
    alarming = [
        name for name in judges if figures[name]["recall"] or figures[name]["false_alarms"]
    ]  # others told nothing
    precisions = ", ".join(f"{titles[name]} {100 * figures[name]['precision']:.1f} %" for name in alarming)
    return "\n".join(lines) + f"\n\nPage precision: {precisions}.\n"


def draw(kept: dict[str, Any], file: Path) -> None:
    """Draws the curves of all folders, one above the other."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(kept), 2, figsize=(11, 4.6 * len(kept)), squeeze=False)
    for row, (part, figures) in zip(axes, kept.items(), strict=True):
        curves = figures["curves"]
        for name, label in (("picture", "picture alone"), ("both", "with the DOM")):
            row[0].plot(*np.array(curves[name]).T, marker=".", label=label)
        row[0].plot(*curves["rules"]["all"], "k^", label="rules alone")
        row[0].set_title(f"{PARTS.get(part, part)}: all kinds", fontsize=9)
        for kind, fault in FAULTS.items():
            if kind in curves["kinds"]:
                colour = tuple(value / 255 for value in fault.colour)
                row[1].plot(*np.array(curves["kinds"][kind]).T, color=colour, label=kind)
                row[1].plot(*curves["rules"][kind], "^", color=colour)
        row[1].set_title("each kind, in the picture alone; triangles: rules", fontsize=9)
        for axis in row:
            axis.set(xlim=(0, 40), ylim=(0, 101), xlabel="sound pages with an alarm, %", ylabel="faults found, %")
            axis.grid(alpha=0.3)
            axis.legend(fontsize=7, loc="lower right")
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)


if __name__ == "__main__":
    app()
