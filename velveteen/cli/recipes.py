"""The recipes' commands by their names."""

import typer

from velveteen.cli import commands, digits, formatter, layout, pictures, writer

RECIPES: dict[str, typer.Typer] = {
    "digits": digits.app,
    "pictures": pictures.app,
    "commands": commands.app,
    "writer": writer.app,
    "formatter": formatter.app,
    "layout": layout.app,
}
