"""The settings, and train, evaluate and predict: `python main.py --help`."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

import velveteen as vt
from velveteen.cli import Commands
from velveteen.templates.unet import data, model

app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False)

Source = Annotated[Path | None, typer.Argument(help="A folder with pictures/ and masks/; else circles among noise.")]
Folder = Annotated[Path, typer.Option(help="The folder of the model.")]


@app.command()
def train(source: Source = None, epochs: int = 10, out: Folder = Path("model")) -> None:
    """Trains a network, and writes it to a folder."""
    learned, test = data.load(source)
    print(f"{len(learned[0])} pictures to learn from, {len(test[0])} to test on.")
    network = model.network(data.SIZE)
    network.compile(vt.train.adam(0.003), loss="binaryCrossentropy")
    network.fit(*learned, epochs=epochs, batch_size=8, validation_data=test)
    network.save(out)
    print(f"Wrote {out}.")


@app.command()
def evaluate(source: Source = None, folder: Folder = Path("model")) -> None:
    """Tells how well the areas that are found and those that are there lie on each other."""
    _, (pictures, masks) = data.load(source)
    found, there = vt.load_layers_model(folder).predict(pictures).numpy() > 0.5, masks > 0.5
    overlap = (found & there).sum() / max(1, (found | there).sum())  # intersection over union
    print(f"Overlap {overlap:.3f} (1 is perfect) on {len(pictures)} pictures.")


@app.command()
def predict(picture: Path, folder: Folder = Path("model"), out: Path = Path("mask.png")) -> None:
    """Writes the mask of a picture, as large as the picture: white where what was learned is found."""
    mask = vt.load_layers_model(folder).predict(data.read(picture)[None]).numpy()[0, :, :, 0]
    with Image.open(picture) as original:
        Image.fromarray((255 * mask).astype(np.uint8)).resize(original.size).save(out)
    print(f"Wrote {out}.")


if __name__ == "__main__":
    app()
