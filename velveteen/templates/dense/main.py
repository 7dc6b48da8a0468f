"""The settings, and train, evaluate and predict: `python main.py --help`."""

from pathlib import Path
from typing import Annotated

import typer

import velveteen as vt
from velveteen.cli import Commands
from velveteen.templates.dense import data, model

app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False)

Source = Annotated[Path | None, typer.Argument(help="A CSV file, the class in its last column; else two spirals.")]
Folder = Annotated[Path, typer.Option(help="The folder of the model.")]


@app.command()
def train(source: Source = None, epochs: int = 60, out: Folder = Path("model")) -> None:
    """Trains a network, and writes it to a folder."""
    learned, test = data.load(source)
    print(f"{len(learned.x)} rows to learn from, {len(test.x)} to test on; classes: {', '.join(learned.classes)}.")
    network = model.network(len(learned.columns), len(learned.classes))
    network.compile(vt.train.adam(0.01), loss="categoricalCrossentropy", metrics=["accuracy"])
    network.fit(learned.x, learned.y, epochs=epochs, validation_data=(test.x, test.y))
    network.user_defined_metadata = {"columns": learned.columns, "classes": learned.classes}
    network.save(out)
    print(f"Wrote {out}.")


@app.command()
def evaluate(source: Source = None, folder: Folder = Path("model")) -> None:
    """Tells how many of the rows are classified right that were kept to test on."""
    _, test = data.load(source)
    _, accuracy = vt.load_layers_model(folder).evaluate(test.x, test.y)
    print(f"{100 * float(accuracy.numpy()):.1f} % of {len(test.x)} rows are right.")


@app.command(context_settings={"ignore_unknown_options": True})  # so that -0.5 is a number
def predict(numbers: list[float], folder: Folder = Path("model")) -> None:
    """Tells the class of a row of numbers."""
    network = vt.load_layers_model(folder)
    probabilities = network.predict([numbers]).numpy()[0]
    for name, probability in zip(network.user_defined_metadata["classes"], probabilities, strict=True):
        print(f"{100 * probability:5.1f} %  {name}")


if __name__ == "__main__":
    app()
