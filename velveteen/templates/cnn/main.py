"""The settings, and train, evaluate and predict: `python main.py --help`."""

from pathlib import Path
from typing import Annotated

import typer

import velveteen as vt
from velveteen.cli import Commands
from velveteen.templates.cnn import data, model

app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False)

Source = Annotated[Path | None, typer.Argument(help="A folder with a subfolder of pictures a class; else shapes.")]
Folder = Annotated[Path, typer.Option(help="The folder of the model.")]


@app.command()
def train(source: Source = None, epochs: int = 15, out: Folder = Path("model")) -> None:
    """Trains a network, and writes it to a folder."""
    learned, test = data.load(source)
    classes = learned.class_names
    print(f"{learned.size} pictures to learn from, {test.size} to test on; classes: {', '.join(classes)}.")
    network = model.network(data.SIZE, data.CHANNELS, len(classes))
    network.compile(vt.train.adam(0.002), loss="categoricalCrossentropy", metrics=["accuracy"])
    network.fit_dataset(learned.batch(32), epochs=epochs, validation_data=test.batch(32))
    network.user_defined_metadata = {"classes": classes}
    network.save(out)
    print(f"Wrote {out}.")


@app.command()
def evaluate(source: Source = None, folder: Folder = Path("model")) -> None:
    """Tells how many of the pictures are classified right that were kept to test on."""
    _, test = data.load(source)
    _, accuracy = vt.load_layers_model(folder).evaluate_dataset(test.batch(32))
    print(f"{100 * float(accuracy.numpy()):.1f} % of {test.size} pictures are right.")


@app.command()
def predict(pictures: list[Path], folder: Folder = Path("model")) -> None:
    """Tells what is on pictures."""
    network = vt.load_layers_model(folder)
    for picture in pictures:
        probabilities = network.predict(data.read(picture)).numpy()[0]
        best = probabilities.argmax()
        print(f"{picture}: {network.user_defined_metadata['classes'][best]} ({100 * probabilities[best]:.1f} %)")


if __name__ == "__main__":
    app()
