"""`velveteen studio`: the local web application."""

import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args, get_origin

import typer

from velveteen.cli._output import AsJson, answer
from velveteen.cli.recipes import RECIPES
from velveteen.errors import ArgumentError, StateError

if TYPE_CHECKING:
    from velveteen.studio.commands import Command, Option

_OWN = {"out", "as_json", "resume", "teacher"}
"""Options that the studio sets by itself; and a command to run, which no page should choose."""
_PATHS = {"source"}
"""What may be an address too on the command line."""


def studio(
    folder: Annotated[
        Path, typer.Argument(help="Where models, runs and data are; by default the folder you are in.")
    ] = Path("."),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any that is free.")] = 8317,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Whether to open it in the browser.")] = True,
    models: Annotated[Path | None, typer.Option(help="The folder of models; by default FOLDER/models.")] = None,
    runs: Annotated[Path | None, typer.Option(help="The history of runs; by default FOLDER/velveteen-runs.")] = None,
    as_json: AsJson = False,
) -> None:
    """Opens a local web page: trainings with their curves, models to look at and to try in the browser.

    It listens on this machine only, and nobody gets in without the token in the address that it prints. Trainings are processes of
    their own, which go on when it ends.
    """
    try:
        from velveteen.studio.app import Studio
        from velveteen.studio.server import serve
    except ModuleNotFoundError as error:
        raise StateError(
            f'The studio needs {error.name}, which is not installed. Run: pip install "velveteen[studio]"'
        ) from error
    if not folder.is_dir():
        raise ArgumentError(f"{folder} is not a folder. Give the one where your models and data are.")

    def tell(address: str) -> None:
        if as_json:
            answer({"url": address})
        else:
            print(f"velveteen studio: {address}\nCtrl-C ends it; trainings go on.", flush=True)

    serve(Studio(folder.resolve(), models, runs, list(trainable())), port, open_page=open_page, tell=tell)


def trainable() -> "Iterator[Command]":
    """Yields the recipes' `train` commands."""
    from velveteen.studio.commands import Command

    for recipe, app in RECIPES.items():
        callbacks = [command.callback for command in app.registered_commands if command.callback is not None]
        for train in (callback for callback in callbacks if callback.__name__ == "train"):
            parameters = inspect.signature(train).parameters
            options = tuple(_option(parameter) for name, parameter in parameters.items() if name not in _OWN)
            yield Command(recipe, (inspect.getdoc(train) or "").split("\n")[0], options, "resume" in parameters)


def _option(parameter: inspect.Parameter) -> "Option":
    """Returns what a parameter of a command takes, read from its annotation as typer does."""
    from velveteen.studio.commands import Option

    annotated, told = get_args(parameter.annotation)[:2]
    kinds = [kind for kind in get_args(annotated) or [annotated] if kind is not type(None)]
    repeated = get_origin(annotated) is list or any(get_origin(kind) is list for kind in kinds)
    kind = (get_args(kinds[0]) or kinds)[0] if repeated else kinds[0]
    is_choice = issubclass(kind, Enum)
    names = {bool: "flag", int: "integer", float: "number", Path: "path"}
    is_argument = isinstance(told, typer.models.ArgumentInfo)
    spelled = next((flag for flag in told.param_decls or () if flag.startswith("--")), None)
    flag, _, off = (spelled or "--" + parameter.name.replace("_", "-")).partition("/")
    default = parameter.default.value if isinstance(parameter.default, Enum) else parameter.default
    return Option(
        name=parameter.name,
        flag=None if is_argument else flag,
        off=off or None,
        kind="choice" if is_choice else "path" if parameter.name in _PATHS else names.get(kind, "text"),  # type: ignore[arg-type]
        help=told.help or "",
        default=default if isinstance(default, str | int | float | bool) else None,
        choices=tuple(str(choice.value) for choice in kind) if is_choice else (),
        least=told.min,
        repeated=repeated,
    )
