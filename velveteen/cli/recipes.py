"""The recipes' commands by their names."""

import typer

from velveteen.cli import commands, digits, formatter, layout, writer

RECIPES: dict[str, typer.Typer] = {
    "digits": digits.app,
    "commands": commands.app,
    "writer": writer.app,
    "formatter": formatter.app,
    "layout": layout.app,
}
