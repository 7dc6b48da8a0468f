"""`velveteen digits`: trains, evaluates and asks a reader of handwritten digits."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from velveteen.cli._output import INTERRUPTED, AsJson, answer
from velveteen.cli._precision import Precision

if TYPE_CHECKING:
    from velveteen.recipes._measuring import Measured
    from velveteen.recipes.digits.main import Training

app = typer.Typer(no_args_is_help=True, help="Reads handwritten digits.")


class Network(StrEnum):
    """The networks of the recipe."""

    DENSE = "dense"
    CNN = "cnn"


Data = Annotated[
    Path | None,
    typer.Option(
        help="A folder with MNIST's IDX files, or with folders 0 to 9 of pictures. By default MNIST, downloaded once."
    ),
]
Model = Annotated[Path, typer.Argument(help="The folder of a model, as train wrote it.")]


@app.command()
def train(
    model: Annotated[Network, typer.Option(help="The network: convolutional, or dense and quicker.")] = Network.CNN,
    data: Data = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="By default 12 for cnn, 10 for dense.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Examples a step.")] = 128,
    precision: Annotated[Precision, typer.Option(help="auto: bfloat16 where it is fast.")] = Precision.AUTO,
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("digits-model"),
    seed: Annotated[int | None, typer.Option(help="Makes the training repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Trains a network; writes the model, pictures of the training, and a page that reads what you draw."""
    from velveteen.recipes.digits import main
    from velveteen.recipes.digits.data import load

    digits = load(data)
    if not as_json:
        print(f"Learning from {digits.source}.")
    report(
        main.train(
            digits,
            model.value,
            epochs=epochs,
            batch_size=batch_size,
            precision=precision.value,
            out=out,
            seed=seed,
            verbose=not as_json,
        ),
        as_json,
    )


@app.command()
def evaluate(model: Model, data: Data = None, as_json: AsJson = False) -> None:
    """Tells how right a model is on examples it has not learned from."""
    from velveteen.recipes.digits import main
    from velveteen.recipes.digits.data import load

    digits = load(data)
    measured = main.evaluate(model, digits)
    if as_json:
        answer(measured)
    else:
        print(f"Tested on {measured.examples:,} examples of {digits.name}.")
        show(measured)


@app.command()
def predict(
    model: Model,
    images: Annotated[list[Path], typer.Argument(help="Pictures of any size and kind, a digit on each.")],
    as_json: AsJson = False,
) -> None:
    """Reads the digits in pictures."""
    from velveteen.recipes.digits import main

    readings = main.predict(model, images)
    if as_json:
        answer(readings)
    else:
        for reading in readings:
            print(f"{reading['file']}: {reading['digit']} ({100 * reading['score']:.1f} %)")


def report(training: "Training", as_json: bool) -> None:
    """Prints what a training did; exits with 130 when Ctrl-C had ended it."""
    if as_json:
        answer(training)
    else:
        show(training.measured)
        for file in training.files:
            print(f"Wrote {file}")
    if training.interrupted:
        raise typer.Exit(INTERRUPTED)


def show(measured: "Measured") -> None:
    """Prints accuracy, loss and confusions."""
    from rich.console import Console

    from velveteen.recipes._report import confusion_table
    from velveteen.recipes.digits.data import CLASSES

    console = Console(highlight=False)
    console.print(confusion_table(measured.confusion, CLASSES))
    right = round(measured.accuracy * measured.examples)
    console.print(
        f"Test accuracy [bold]{100 * measured.accuracy:.2f} %[/] "
        f"({right:,} of {measured.examples:,}), loss {measured.loss:.4f}"
    )
