"""`velveteen new`: begins a project."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from velveteen.cli._output import AsJson, answer
from velveteen.projects import MODELS, create


class Network(StrEnum):
    """The networks that a project can begin with."""

    DENSE = "dense"
    CNN = "cnn"
    UNET = "unet"
    LSTM = "lstm"
    SEQ2SEQ = "seq2seq"


_HELP = "The network. " + "; ".join(f"{name}: {use}" for name, use in MODELS.items()) + "."


def new(
    name: Annotated[Path, typer.Argument(help="The folder to make.")],
    model: Annotated[Network, typer.Option(help=_HELP)] = Network.DENSE,
    as_json: AsJson = False,
) -> None:
    """Begins a project of your own: data.py, model.py and main.py, a test and a README, which run at once."""
    project = create(name, model.value)
    if as_json:
        answer(project)
        return
    print(f"Wrote {project.folder}: {', '.join(project.files)}.")
    print(f"Try: cd {project.folder} && python main.py train")
