"""The settings, and train, evaluate and predict: `python main.py --help`."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import velveteen as vt
from velveteen.cli import Commands
from velveteen.errors import ArgumentError
from velveteen.templates.lstm import data, model

app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False)

Source = Annotated[Path | None, typer.Argument(help="A text, or a folder of texts; else Python's documentation.")]
Folder = Annotated[Path, typer.Option(help="The folder of the model.")]


@app.command()
def train(source: Source = None, epochs: int = 10, out: Folder = Path("model")) -> None:
    """Trains a network, and writes it to a folder."""
    learned, test = data.split(data.load(source))
    alphabet = "".join(sorted(set(learned)))
    print(f"{len(learned):,} characters to learn from, {len(test):,} to test on; {len(alphabet)} different ones.")
    network = model.network(len(alphabet))
    network.compile(vt.train.adam(0.005), loss="sparseCategoricalCrossentropy")
    network.fit(*data.embed(learned, alphabet), epochs=epochs, validation_data=data.embed(test, alphabet))
    network.user_defined_metadata = {"alphabet": alphabet}
    network.save(out)
    print(f"Wrote {out}.")


@app.command()
def evaluate(source: Source = None, folder: Folder = Path("model")) -> None:
    """Tells how well the text is foretold that was kept to test on."""
    network = vt.load_layers_model(folder)
    _, test = data.split(data.load(source))
    loss = network.evaluate(*data.embed(test, network.user_defined_metadata["alphabet"]))
    print(f"{float(loss.numpy()):.3f} nats a character, as if {np.exp(loss.numpy()):.1f} were equally likely.")


@app.command()
def predict(prompt: str = "The ", length: int = 300, temperature: float = 0.7, folder: Folder = Path("model")) -> None:
    """Writes on after a prompt. A lower temperature is more careful."""
    network = vt.load_layers_model(folder)
    alphabet = network.user_defined_metadata["alphabet"]
    unknown = sorted(set(prompt) - set(alphabet))
    if unknown or not prompt:
        raise ArgumentError(f"The network has never read {unknown}; begin with characters of its text: {alphabet!r}.")
    step, state = network.stepper(), None
    for character in prompt:
        probabilities, state = step([alphabet.index(character)], state)
    print(prompt, end="")
    for _ in range(length):
        chances = probabilities.numpy()[0].astype(np.float64) ** (1 / max(temperature, 0.01))
        number = np.random.choice(len(alphabet), p=chances / chances.sum())
        print(alphabet[number], end="", flush=True)
        probabilities, state = step([number], state)
    print()


if __name__ == "__main__":
    app()
