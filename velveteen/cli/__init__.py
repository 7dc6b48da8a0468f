"""The command line; and `Commands`, for `typer.Typer(cls=Commands)`, with which a program of yours tells errors as velveteen does."""

from velveteen.cli._output import Commands

__all__ = ["Commands"]
