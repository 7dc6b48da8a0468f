"""`velveteen formatter`: learns a code style from code, and lays files out in it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from velveteen.cli._output import CALL_WAS_WRONG, INTERRUPTED, AsJson, answer

if TYPE_CHECKING:
    from velveteen.recipes.formatter.main import Result
    from velveteen.recipes.formatter.measuring import Measured

app = typer.Typer(no_args_is_help=True, help="Learns a code style from code, and formats in it.")

FOUND = 1

Language = Annotated[
    str | None,
    typer.Option("--language", help="javascript, typescript, css, json, python, go; tsx counts as typescript."),
]
Model = Annotated[
    Path | None,
    typer.Option(
        "--model", help="The folder of a model, as train wrote it. By default the one that ships for a language."
    ),
]
Teacher = Annotated[
    str | None,
    typer.Option(
        help='A formatter to learn from: a command that formats standard input, such as "prettier --stdin-filepath {}".'
    ),
]


@app.command()
def train(
    source: Annotated[str, typer.Argument(help="A folder, or the address of a git repository.")],
    language: Annotated[str, typer.Option(help="javascript, typescript, css, json, python or go.")],
    model: Annotated[
        str,
        typer.Option(help="lstm, the network; or what only counts: bigrams (letters) or majority (kinds of tokens)."),
    ] = "lstm",
    teacher: Teacher = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="By default as many as the amount of code needs.")] = None,
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("formatter-model"),
    seed: Annotated[int | None, typer.Option(help="Makes the training repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Learns the style of a project's files; tells what it used, how consistent they are, and how right it became."""
    from velveteen.recipes.formatter import main, project
    from velveteen.recipes.formatter.languages import named

    with project.opened(source) as folder:
        sources, found = main.collect([folder], [named(language)], teacher)
    if not as_json:
        size = sum(len(each.text) for each in sources) / 1000
        print(f"Learning from {len(sources):,} files, {size:,.0f} KB.")
        for reason, count in found.skipped.items():
            print(f"Passed over {count:,}: {reason}.")
    training = main.train(
        sources, model=model, skipped=dict(found.skipped), epochs=epochs, out=out, seed=seed, verbose=not as_json
    )
    if as_json:
        answer(training)
    else:
        print(f"{100 * training.consistency:.2f} % of the gaps are as most in equal situations.")
        show(training.measured)
        show_baselines(training.baselines)
        print(f"Wrote {training.folder}")
    if training.interrupted:
        raise typer.Exit(INTERRUPTED)


@app.command("format")
def format_(
    files: Annotated[list[Path] | None, typer.Argument(help="Files and folders.")] = None,
    model: Model = None,
    check: Annotated[bool, typer.Option("--check", help="Only list files that would change; exit with 1.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what would change.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write the files.")] = False,
    stdin_filepath: Annotated[
        str | None, typer.Option(help="Format standard input, which is of this file's language.")
    ] = None,
    lines: Annotated[str | None, typer.Option("--range", help="Touch these lines only, such as 10:25.")] = None,
    as_json: AsJson = False,
) -> None:
    """Lays files out. Only white space changes; a file where more would is left as it was, and the exit code is 2."""
    from velveteen.errors import ArgumentError
    from velveteen.recipes.formatter import main
    from velveteen.recipes.formatter.files import write as write_file

    span = _span(lines)
    if stdin_filepath is not None:
        if files or write:
            raise ArgumentError("--stdin-filepath formats standard input, so give neither files nor --write with it.")
        results = [main.format_text(sys.stdin.buffer.read(), stdin_filepath, model, lines=span)]
    elif files:
        results = main.format_files(files, model, lines=span)
    else:
        raise ArgumentError("There is nothing to format. Give files or folders, or --stdin-filepath NAME.")
    if write:
        for result in results:
            if result.changed:
                write_file(Path(result.file), result.after)
    if as_json:
        answer([{"file": each.file, "changed": each.changed, "error": each.error} for each in results])
    else:
        _show_results(results, check=check, diff=diff, write=write)
    if any(result.error for result in results):
        raise typer.Exit(CALL_WAS_WRONG)
    if check and any(result.changed for result in results):
        raise typer.Exit(FOUND)


@app.command()
def review(
    folder: Annotated[Path, typer.Argument(help="A git repository, or a folder in it.")] = Path(),
    base: Annotated[str, typer.Option(help="The revision to compare with.")] = "HEAD",
    model: Model = None,
    unlikely: Annotated[float, typer.Option(min=0, max=1, help="Tell of what is less probable than this.")] = 0.0001,
    as_json: AsJson = False,
) -> None:
    """Tells which places of a change do not look like the learned style; exits with 1 if there are any."""
    from velveteen.recipes.formatter import main

    findings = main.review_changes(folder, base, model, unlikely=unlikely)
    if as_json:
        answer(findings)
    else:
        for each in findings:
            more = f"; {each.times - 1} more like it" if each.times > 1 else ""
            print(
                f"{each.file}:{each.line}:{each.column}: {each.found} ({100 * each.probability:.2g} %), "
                f"likely is {each.proposal}{more}"
            )
    if findings:
        raise typer.Exit(FOUND)


@app.command()
def evaluate(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders that are laid out well.")],
    model: Model = None,
    language: Language = None,
    teacher: Teacher = None,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Tell also what two rules find that learn from the other files.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tells how much of the layout of files a model finds again when it does not see it."""
    from velveteen.recipes.formatter import main
    from velveteen.recipes.formatter.baselines import measure_across

    measured, sources = main.evaluate(paths, model, language=language, teacher=teacher)
    compared = measure_across(sources) if baselines else {}
    if as_json:
        answer({**vars(measured), **({"baselines": compared} if baselines else {})})
    else:
        show(measured)
        show_baselines(compared)


def show(measured: "Measured") -> None:
    """Prints the accuracies."""
    print(
        f"{100 * measured.gap_accuracy:.2f} % of {measured.gaps:,} gaps and {100 * measured.line_accuracy:.2f} % of "
        f"{measured.lines:,} lines right, in {measured.files:,} files."
    )
    if measured.trees_changed:
        print(f"{measured.trees_changed:,} files would be left as they are: more than white space would change.")


def show_baselines(accuracies: dict[str, float]) -> None:
    """Prints what the baselines find."""
    for name, accuracy in accuracies.items():
        print(f"  beside it, the baseline {name}: {100 * accuracy:.2f} % of the gaps")


def _show_results(results: "list[Result]", *, check: bool, diff: bool, write: bool) -> None:
    for result in results:
        if result.error:
            print(f"{result.file}: {result.error}", file=sys.stderr)
        elif diff:
            sys.stdout.writelines(_diff(result))
        elif check or write:
            if result.changed:
                print(result.file)
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(result.after)


def _diff(result: "Result") -> list[str]:
    import difflib

    before, after = (
        text.decode("utf-8", "replace").splitlines(keepends=True) for text in (result.before, result.after)
    )
    lines = difflib.unified_diff(before, after, result.file, result.file)
    return [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]


def _span(lines: str | None) -> tuple[int, int] | None:
    from velveteen.errors import ArgumentError

    if lines is None:
        return None
    first, _, last = lines.partition(":")
    if not (first.isdecimal() and last.isdecimal()) or not 1 <= int(first) <= int(last):
        raise ArgumentError(f'--range takes the first and the last line, such as 10:25, got "{lines}".')
    return int(first), int(last)
