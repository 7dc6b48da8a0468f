"""`velveteen layout`: finds broken layout in pages, and makes pictures to learn that from, trains, and measures."""

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from velveteen.cli._output import CALL_WAS_WRONG, INTERRUPTED, AsJson, answer
from velveteen.errors import ArgumentError

if TYPE_CHECKING:
    from velveteen.recipes.layout.checking import Options
    from velveteen.recipes.layout.evaluation import Evaluation
    from velveteen.recipes.layout.findings import Result

app = typer.Typer(
    no_args_is_help=True, help="Finds broken layout in pages and pictures of them, with no reference picture."
)
OK_FILE = Path("layout-ok.txt")
_FOUND = 1
_OF_THE_NETWORK_THAT_SHIPS = (
    "Pictures were looked at by the network that ships, which misses a third of the faults of pages it does not know: docs/layout.md has its "
    "figures. Where you have the page itself, check that: of pages rules find nearly all."
)
_MOST_SIDE = 16_384


class Precision(StrEnum):
    """The ways to compute."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


Pictures = Annotated[Path, typer.Argument(help="A folder of pictures with masks, as make writes it.")]
Model = Annotated[Path, typer.Argument(help="The folder of a model, as train wrote it.")]
Seed = Annotated[int | None, typer.Option(help="Makes it repeatable.")]


@app.command()
def check(
    targets: Annotated[
        list[str],
        typer.Argument(
            help="Addresses, HTML files, folders of a static site, sitemaps (.xml), or pictures (PNG, JPEG, WebP).",
            show_default=False,
        ),
    ],
    viewport: Annotated[
        str, typer.Option(help="Widths and heights, with commas between: 390x844,1280x800.")
    ] = "1280x800",
    full_page: Annotated[bool, typer.Option("--full-page", help="Look at the whole page, not at one screen.")] = False,
    wait: Annotated[
        str | None, typer.Option(help="After a page is loaded: seconds, a CSS selector to wait for, or networkidle.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds for one page.")] = 30,
    ignore: Annotated[
        list[str] | None, typer.Option(help="A CSS selector, or a box x,y,width,height, not to tell about; repeatable.")
    ] = None,
    ok_file: Annotated[
        Path | None, typer.Option(help=f"A file with more of these, one a line. [default: {OK_FILE}, if it is there]")
    ] = None,
    kinds: Annotated[str | None, typer.Option(help="Look for these kinds only, with commas between.")] = None,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="From which probability the network is sure. [default: the model's]"),
    ] = None,
    storage_state: Annotated[
        Path | None, typer.Option(help="Playwright's file with cookies and storage of somebody who is logged in.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="A model that looks at pages beside the rules, and at pictures instead of the one that ships."
        ),
    ] = None,
    scale: Annotated[float, typer.Option(min=0.5, max=4, help="Of pictures: their pixels in a CSS pixel.")] = 1,
    baseline: Annotated[Path, typer.Option(help="The file with accepted findings.")] = Path("layout-baseline.json"),
    accept: Annotated[
        bool, typer.Option("--accept", help="Accept today's findings: only new ones are told from now on.")
    ] = False,
    out: Annotated[Path, typer.Option(help="The folder for report.html, junit.xml, results.json and pictures.")] = Path(
        "layout-report"
    ),
    explain: Annotated[bool, typer.Option("--explain", help="Tell what the rules measured, and what to try.")] = False,
    as_json: AsJson = False,
) -> None:
    """Checks pages and pictures. Exit code 1: something is broken; 2: something could not be checked."""
    from velveteen.recipes.layout import checking, report

    options = _options(viewport, full_page, wait, timeout, ignore, ok_file, kinds, threshold, storage_state, scale)

    def told(result: "Result") -> None:
        if not as_json:
            state = (
                "could not be checked"
                if result.error
                else f"{len(result.findings)} found"
                if result.findings
                else "fine"
            )
            print(f"{result.target} {_size(result)}: {state}", file=sys.stderr)

    results = checking.check(targets, options, model=model, baseline=baseline, accept=accept, told=told)
    files = report.write(out, results)
    if as_json:
        answer(report.as_json(results))
    else:
        _show(results, explain)
        if accept:
            print(f"Accepted {sum(each.accepted for each in results)} findings in {baseline}.")
        print(f"Look at {files[-1]}")
    if model is None and any(each.heat for each in results):
        print(_OF_THE_NETWORK_THAT_SHIPS, file=sys.stderr)
    _leave(results)


def _leave(results: "list[Result]") -> None:
    if any(finding.sure for result in results for finding in result.findings):
        raise typer.Exit(_FOUND)
    if any(result.error for result in results):
        raise typer.Exit(CALL_WAS_WRONG)


def _options(
    viewport: str,
    full_page: bool,
    wait: str | None,
    timeout: float,
    ignore: list[str] | None,
    ok_file: Path | None,
    kinds: str | None,
    threshold: float | None,
    storage_state: Path | None,
    scale: float,
) -> "Options":
    from velveteen.errors import MissingFileError, unknown_name
    from velveteen.recipes.layout.checking import Options
    from velveteen.recipes.layout.faults import FAULTS
    from velveteen.recipes.layout.findings import Ignored
    from velveteen.recipes.layout.visiting import Looking

    for file in (ok_file, storage_state):
        if file is not None and not file.is_file():
            raise MissingFileError(f"There is no file {file}.")
    chosen = tuple(part.strip() for part in kinds.split(",")) if kinds else tuple(FAULTS)
    for kind in chosen:
        if kind not in FAULTS:
            raise unknown_name("kind", kind, FAULTS)
    listed = ok_file or (OK_FILE if OK_FILE.is_file() else None)
    lines = [*(ignore or []), *(listed.read_text(encoding="utf-8").splitlines() if listed else [])]
    waiting: str | float | None = wait
    if wait is not None and re.fullmatch(r"\d+(\.\d*)?", wait):
        waiting = float(wait)
    return Options(
        viewports=tuple(_viewport(part) for part in viewport.split(",")),
        looking=Looking(full_page, waiting, timeout, storage_state),
        ignored=Ignored.parsed(lines),
        kinds=chosen,
        threshold=threshold,
        scale=scale,
    )


def _viewport(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"\s*(\d{2,5})\s*[x×]\s*(\d{2,5})\s*", text)
    if not found or max(int(found[1]), int(found[2])) > _MOST_SIDE:
        raise ArgumentError(
            f'A viewport is WIDTHxHEIGHT in CSS pixels, such as 390x844, at most {_MOST_SIDE:,} each, got "{text}".'
        )
    return int(found[1]), int(found[2])


def _size(result: "Result") -> str:
    return f"{result.viewport[0]}x{result.viewport[1]}"


def _show(results: "list[Result]", explain: bool, known: str = "accepted earlier") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    for result in results:
        if result.ok and not result.findings:
            continue
        console.print()
        console.print(Text(f"{result.target} {_size(result)}", style="bold"))
        if result.error:
            console.print(Text(result.error, style="red"))
            continue
        table = Table(box=None, pad_edge=False)
        table.add_column("kind", no_wrap=True)
        table.add_column("where", no_wrap=True)
        table.add_column("element", overflow="fold", ratio=2)  # whole, to be copied into --ignore
        if explain:
            table.add_column("measured", ratio=1)
        table.add_column("what to try", ratio=3)
        for each in result.findings:
            kind = Text(each.kind if each.sure else f"{each.kind}?", style="red" if each.sure else "yellow")
            element = Text(each.selector or "")
            if each.text:
                element.append(f'\n"{each.text[:60]}"', style="dim")
            place = ",".join(f"{length:.0f}" for length in each.box)
            measured = [Text(each.rule or f"the network: {100 * each.score:.0f} %")] if explain else []
            table.add_row(kind, place, element, *measured, Text(each.advice))
        console.print(table)
    sure = sum(finding.sure for result in results for finding in result.findings)
    unsure = sum(len(result.findings) for result in results) - sure
    accepted, errors = sum(result.accepted for result in results), sum(result.error is not None for result in results)
    console.print()
    console.print(
        f"{len(results)} looked at: {sure} broken places, {unsure} unsure, {accepted} {known}, {errors} could not be checked."
    )


@app.command()
def compare(
    old: Annotated[str, typer.Argument(help="How it was: a page, a folder, or a picture.")],
    new: Annotated[str, typer.Argument(help="How it is now.")],
    viewport: Annotated[str, typer.Option(help="As for check.")] = "1280x800",
    full_page: Annotated[bool, typer.Option("--full-page", help="Look at the whole page, not at one screen.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds for one page.")] = 30,
    ignore: Annotated[list[str] | None, typer.Option(help="As for check; repeatable.")] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="A model that looks at pages beside the rules, and at pictures instead of the one that ships."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder for the report.")] = Path("layout-report"),
    as_json: AsJson = False,
) -> None:
    """Tells what is broken in NEW and was not in OLD, whatever else has changed: a wanted redesign passes."""
    from velveteen.recipes.layout import comparing, report

    options = _options(viewport, full_page, None, timeout, ignore, None, None, None, None, 1)
    found = comparing.compare(old, new, options, model=model)
    results = [each.result for each in found]
    files = report.write(out, results)
    if as_json:
        answer({"targets": [each.as_json() for each in found]})
    else:
        for each in found:
            if each.changed is not None:
                print(f"{each.result.target} {_size(each.result)}: {100 * each.changed:.2f} % of the pixels differ")
        _show(results, explain=False, known="there before")
        print(f"Look at {files[-1]}")
    _leave(results)


@app.command()
def make(
    folder: Annotated[Path, typer.Argument(help="Where to; pictures that are there already are kept.")],
    count: Annotated[
        int, typer.Option("--pages", min=1, help="How many pages; each gives up to three pictures.")
    ] = 1000,
    of: Annotated[
        list[str] | None,
        typer.Option(help="Pages of your own instead: an address, HTML file, folder or sitemap; repeatable."),
    ] = None,
    first: Annotated[int, typer.Option(min=0, help="The number of the first page: others than were learned from.")] = 0,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Page kinds and designs that are kept to test on, instead of the others.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Makes labelled pictures: pages of a generator, or your own, sound and with faults that their pictures show."""
    from rich.progress import Progress

    from velveteen.recipes.layout import data
    from velveteen.recipes.layout.targets import resolve

    page_of = data.own(resolve(of)) if of else None
    with Progress(transient=True, disable=as_json) as progress:
        task = progress.add_task("Rendering", total=count)
        tally = data.make(
            folder,
            count,
            held_out=held_out,
            page_of=page_of,
            first=first,
            told=lambda done: progress.update(task, completed=done),
        )
    found: dict[str, Any] = {
        "folder": folder,
        "kept": dict(tally.kept),
        "unseen": dict(tally.unseen),
        "failed": tally.failed,
    }
    if as_json:
        answer(found)
        return
    unseen, kept = sum(tally.unseen.values()), sum(tally.kept.values())
    print(
        f"Made {kept} broken pictures in {folder}; {unseen} faults were thrown away, since nobody would have seen them."
    )
    for failure in tally.failed:
        print(f"Passed over page {failure}", file=sys.stderr)


@app.command()
def train(
    pictures: Annotated[
        Path | None, typer.Argument(help="A folder of pictures with masks, as make writes it; or give --pages.")
    ] = None,
    pages: Annotated[
        list[str] | None,
        typer.Option(
            help="Sound pages of your own, to which the network that ships is fitted: an address, HTML file, folder or sitemap; "
            "repeatable. Some twenty are enough."
        ),
    ] = None,
    width: Annotated[int, typer.Option(min=1, help="Channels of the first level; 64 as in the talk.")] = 64,
    depth: Annotated[int, typer.Option(min=2, max=6, help="Levels of the U-Net.")] = 5,
    widest: Annotated[int, typer.Option(min=1, help="The most channels of a level.")] = 184,
    epochs: Annotated[int | None, typer.Option(min=1, help="How many. [default: 20; with --pages 4]")] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Batches in an epoch. [default: 150; with --pages 50]")
    ] = None,
    pairs: Annotated[
        int | None,
        typer.Option(
            min=1, help="In a batch: a crop of a broken page, and one of a sound one. [default: 6; with --pages 2]"
        ),
    ] = None,
    alone: Annotated[int, typer.Option(min=0, help="In a batch: further crops of sound pages.")] = 1,
    crop: Annotated[
        list[int] | None,
        typer.Option(
            min=128,
            help="Height and width of crops, in pixels; given several times, by turns. [default: 256; with --pages 128, 256, 512]",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(min=0, help="The highest; it falls along a cosine. [default: 0.002; with --pages 0.0005]"),
    ] = None,
    precision: Annotated[
        Precision | None, typer.Option(help="What layers compute in. [default: float32; with --pages what is faster]")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="A model to begin from. [default: none; with --pages the one that ships]")
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("layout-model"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training in --out that was stopped.")
    ] = False,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Trains a network on labelled pictures, or fits the one that ships to your pages; some pages are kept to choose thresholds on."""
    from dataclasses import replace

    from velveteen.recipes.layout import adapting, data, main

    if (pictures is None) == (not pages):
        raise ArgumentError("Give a folder of pictures, or pages with --pages: one of the two.")
    usual = adapting.settings() if pages else main.Settings()
    settings = replace(
        usual,
        epochs=epochs or usual.epochs,
        steps=steps or usual.steps,
        pairs=pairs or usual.pairs,
        alone=alone,
        crops=tuple(crop or usual.crops),
        learning_rate=usual.learning_rate if learning_rate is None else learning_rate,
        precision=precision.value if precision else usual.precision,
    )
    if pages:
        from rich.progress import Progress

        with Progress(transient=True, disable=as_json) as progress:
            task = progress.add_task("Rendering", total=adapting.VISITS)
            adapting.make(pages, out, told=lambda done: progress.update(task, completed=done))
        training = adapting.adapt(
            pages, settings, out=out, start=start or main.PRETRAINED, resume=resume, seed=seed, verbose=not as_json
        )
    else:
        assert pictures is not None
        settings = replace(settings, width=width, depth=depth, widest=widest)
        training = main.train(
            data.load(pictures), settings, out=out, start=start, resume=resume, seed=seed, verbose=not as_json
        )
    if as_json:
        answer(training)
    else:
        _show_figures(training.measured, "on the pages that the thresholds were chosen on")
        print(
            f"Wrote {training.folder}. Measure it on others: velveteen layout evaluate FOLDER --model {training.folder}"
        )
    if training.interrupted:
        raise typer.Exit(INTERRUPTED)


@app.command()
def evaluate(
    pictures: Pictures,
    model: Annotated[Path | None, typer.Option(help="The folder of a model instead of the one that ships.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tells how well the rules, and a model, find faults in labelled pictures; give such as it has not learned from."""
    from rich.progress import Progress

    from velveteen.recipes.layout import data, main

    found = data.load(pictures)
    with Progress(transient=True, disable=as_json) as progress:
        task = progress.add_task("Looking", total=len(found))
        measured = main.evaluate(
            found, model or main.PRETRAINED, told=lambda done: progress.update(task, completed=done)
        )
    if as_json:
        answer(measured)
        return
    for who, figures in (
        ("the rules on the DOM", measured.rules),
        ("the network on the picture", measured.network),
        ("both", measured.both),
    ):
        if figures is not None:
            _show_figures(figures, f"in {pictures}, by {who}")


@app.command()
def predict(
    model: Model,
    picture: Annotated[Path, typer.Argument(help="A picture file.")],
    as_json: AsJson = False,
) -> None:
    """Tells what a model finds in one picture: kind, box, score."""
    from velveteen.recipes.layout import main

    found = main.predict(model, picture)
    if as_json:
        answer(found)
        return
    for each in found:
        print(
            f"{each['kind']}{'' if each['sure'] else '?'} at {','.join(map(str, each['box']))}: {100 * each['score']:.0f} %"
        )


def _show_figures(measured: "Evaluation", where: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "pictures", "found", "named", "pixel IoU", "false alarms per 100 sound pages", box=None)
    for name, each in measured.kinds.items():
        iou = "" if each.iou is None else f"{each.iou:.2f}"
        table.add_row(
            name, str(each.pictures), f"{each.found:.2f}", f"{each.named:.2f}", iou, f"{each.false_alarms:.1f}"
        )
    console = Console(highlight=False)
    console.print(f"{measured.broken} broken and {measured.sound} sound pictures {where}:")
    console.print(table)
    mean = "" if measured.mean_iou is None else f", mean pixel IoU {measured.mean_iou:.2f}"
    console.print(
        f"Page precision {measured.precision:.2f}, recall {measured.recall:.2f}{mean}; "
        f"{measured.false_alarms:.1f} false alarms per 100 sound pages."
    )
