"""`velveteen pictures`: trains, evaluates and asks a network that tells pictures of the user's own classes apart."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from velveteen.cli._output import INTERRUPTED, AsJson, answer
from velveteen.cli._precision import Precision

if TYPE_CHECKING:
    from velveteen.recipes._measuring import Measured

app = typer.Typer(no_args_is_help=True, help="Tells pictures apart, in classes of your own.")

Model = Annotated[Path, typer.Argument(help="The folder of a model, as train wrote it.")]


@app.command()
def train(
    data: Annotated[Path, typer.Option(help="A folder with a folder of pictures for each class: pets/cat, pets/dog.")],
    size: Annotated[
        int, typer.Option(min=16, max=256, help="Height and width in pixels that pictures are brought to.")
    ] = 64,
    epochs: Annotated[int | None, typer.Option(min=1, help="By default more where there are fewer pictures.")] = None,
    mirror: Annotated[
        bool, typer.Option("--mirror/--no-mirror", help="Whether a picture and its mirror image mean the same.")
    ] = False,
    batch_size: Annotated[int, typer.Option(min=2, help="Pictures a step.")] = 16,
    precision: Annotated[Precision, typer.Option(help="auto: bfloat16 where it is fast.")] = Precision.AUTO,
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("pictures-model"),
    seed: Annotated[int | None, typer.Option(help="Makes the training repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Trains a network on pictures of your own; a fifth of each class is kept to test on."""
    from velveteen.recipes.pictures import main
    from velveteen.recipes.pictures.data import load

    pictures = load(data, size)
    if not as_json:
        print(f"Learning from {pictures.source}; classes: {', '.join(pictures.classes)}.")
    training = main.train(
        pictures, epochs=epochs, batch_size=batch_size, mirror=mirror, precision=precision.value, out=out, seed=seed,
        verbose=not as_json,
    )  # fmt: skip
    if as_json:
        answer(training)
    else:
        show(training.measured, training.classes)
        for sentence in training.advice:
            print(sentence)
        for file in training.files:
            print(f"Wrote {file}")
    if training.interrupted:
        raise typer.Exit(INTERRUPTED)


@app.command()
def evaluate(
    model: Model,
    data: Annotated[Path, typer.Option(help="A folder with a folder of pictures for each class of the model.")],
    as_json: AsJson = False,
) -> None:
    """Tells how right a model is on all pictures in a folder; give others than it has learned from."""
    from velveteen.recipes.pictures import main

    measured = main.evaluate(model, data)
    if as_json:
        answer(measured)
    else:
        show(measured, main.load(model)[1])


@app.command()
def predict(
    model: Model, images: Annotated[list[Path], typer.Argument(help="Pictures of any size.")], as_json: AsJson = False
) -> None:
    """Tells what is on pictures."""
    from velveteen.recipes.pictures import main

    found = main.predict(model, images)
    if as_json:
        answer(found)
    else:
        for each in found:
            print(f"{each['file']}: {each['label']} ({100 * each['score']:.1f} %)")


def show(measured: "Measured", classes: list[str] | tuple[str, ...]) -> None:
    """Prints accuracy, loss and confusions."""
    from rich.console import Console

    from velveteen.recipes._report import confusion_table

    console = Console(highlight=False)
    console.print(confusion_table(measured.confusion, classes))
    right = round(measured.accuracy * measured.examples)
    console.print(
        f"Test accuracy [bold]{100 * measured.accuracy:.2f} %[/] "
        f"({right:,} of {measured.examples:,}), loss {measured.loss:.4f}"
    )
