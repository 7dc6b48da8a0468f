"""The `velveteen` command. Nothing heavy is imported here, so that `velveteen --help` answers at once."""

from typing import Annotated

import typer

from velveteen import __version__
from velveteen.cli import convert, models, studio
from velveteen.cli._output import Commands
from velveteen.cli.demo import demo
from velveteen.cli.new import new
from velveteen.cli.recipes import RECIPES

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="TensorFlow.js's API in Python, trained at PyTorch speed, saved in TensorFlow.js's own files.",
)
for name, recipe in RECIPES.items():
    app.add_typer(recipe, name=name, rich_help_panel="Recipes")
app.command(rich_help_panel="Recipes")(demo)
app.command(rich_help_panel="Tools")(studio.studio)
app.command(rich_help_panel="Tools")(new)
app.command(rich_help_panel="Tools")(models.summary)
app.command(rich_help_panel="Tools")(models.predict)
app.command(rich_help_panel="Tools")(convert.convert)
app.command(rich_help_panel="Tools")(convert.check)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"velveteen {__version__}")
        raise typer.Exit


@app.callback()
def velveteen(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """TensorFlow.js's API in Python, trained at PyTorch speed, saved in TensorFlow.js's own files.

    `velveteen RECIPE --help` tells more. Exit codes: 0 fine, 1 a check found something, 2 the call was wrong.
    """


if __name__ == "__main__":
    app()
