"""The settings, and train, evaluate and predict: `python main.py --help`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

import velveteen as vt
from velveteen.cli import Commands
from velveteen.errors import DataError
from velveteen.templates.seq2seq import data, dates, model

app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False)

Source = Annotated[Path | None, typer.Argument(help="A file with a pair of texts a line, a tab between; else a task.")]
Task = Annotated[Literal["dates", "addition"], typer.Option(help="What to learn without a file.")]
Folder = Annotated[Path, typer.Option(help="The folder of the model.")]
Beams = Annotated[int, typer.Option(min=1, help="How many versions to follow; 1 takes the likeliest symbol each time.")]

BATCH_SIZE = 128
EPOCHS, STEPS = {"dates": 20, "addition": 80}, 100
LEARNING_RATE = 0.003
LONGEST = 100
"""Symbols of an answer, its end counted."""


@app.command()
def train(source: Source = None, task: Task = "dates", epochs: int | None = None, out: Folder = Path("model")) -> None:
    """Trains an encoder and a decoder, and writes both to a folder."""
    count = epochs or EPOCHS[task]
    pairs, test = data.load(source, task)
    everything = [*pairs, *(pair for some in test.values() for pair in some)]
    given, wanted = (data.Alphabet("".join(pair[side] for pair in everything)) for side in (0, 1))
    print(f"{len(pairs):,} pairs to learn from, such as {' → '.join(pairs[0])}.")
    encoder, decoder, whole = model.networks(len(given.symbols), len(wanted.symbols))
    whole.compile(vt.train.adam(LEARNING_RATE, global_clipnorm=1.0), loss="categoricalCrossentropy")
    whole.fit_dataset(
        vt.data.generator(lambda: data.batches(pairs, given, wanted, BATCH_SIZE)),
        epochs=count,
        batches_per_epoch=STEPS,
        validation_data=data.embed(next(iter(test.values()))[:1000], given, wanted),
        callbacks=[vt.callbacks.LearningRateScheduler(lambda epoch: LEARNING_RATE * (1 - epoch / count))],
    )
    metadata = {"task": task if source is None else "pairs", "source": given.symbols, "target": wanted.symbols}
    for part in (encoder, decoder):
        part.user_defined_metadata = metadata
        part.save(out / part.name)
    print(f"Wrote {out}.")


@app.command()
def evaluate(source: Source = None, folder: Folder = Path("model"), beams: Beams = 1) -> None:
    """Tells how many of the pairs that were kept to test on are right to the last symbol."""
    translator = Translator(folder, beams)
    _, test = data.load(source, translator.task)
    for name, pairs in test.items():
        pairs = sorted(pairs, key=lambda pair: len(pair[0]))
        right = 0
        for start in range(0, len(pairs), 500):
            some = pairs[start : start + 500]
            for (answer, probability, _), (_, wanted) in zip(translator([s for s, _ in some]), some, strict=True):
                refused = translator.refusal(answer, probability)
                right += bool(refused) if translator.refusal(wanted, 1.0) else not refused and answer == wanted
        print(f"{name}: {100 * right / len(pairs):.3f} % right ({len(pairs) - right} of {len(pairs):,} wrong)")


@app.command()
def predict(text: str, folder: Folder = Path("model"), beams: Beams = 1, picture: Path | None = None) -> None:
    """Writes the target of a text, and a picture of where the network looked, if you like."""
    translator = Translator(folder, beams)
    answer, probability, attention = translator([text])[0]
    if picture:
        draw(text, answer, attention, picture)
    refused = translator.refusal(answer, probability)
    if refused:
        raise DataError(f'"{text}" is refused: {refused}.')
    print(f"{answer} ({100 * probability:.1f} %)")


class Translator:
    """The encoder and the decoder of a folder: texts in; answers, their probabilities and the attention out."""

    def __init__(self, folder: Path, beams: int = 1):
        self.encoder, self.decoder = (vt.load_layers_model(folder / name) for name in ("encoder", "decoder"))
        metadata = self.encoder.user_defined_metadata
        self.source, self.target = data.Alphabet(metadata["source"]), data.Alphabet(metadata["target"])
        self.task, self.beams = metadata["task"], beams

    def __call__(self, texts: list[str]) -> list[tuple[str, float, Any]]:
        states = self.encoder.predict_on_batch(self.source.encode(texts))
        found = vt.beam_search(self.step, states, end=data.END, length=LONGEST, beams=self.beams)
        return [(self.target.decode(best.symbols), best.probability, best.notes) for best, *_ in found]

    def step(self, last: Any, states: list[Any]) -> tuple[Any, list[Any], Any]:
        """Returns the probabilities of the next symbols, the new states, and where the decoder looked."""
        probabilities, attention, h, c = self.decoder.predict_on_batch([last[:, None], *states])
        return probabilities[:, 0], [*states[:2], h, c], attention[:, 0]

    def refusal(self, answer: str, probability: float) -> str | None:
        """Returns why an answer is none, or None."""
        return dates.refusal(answer, probability) if self.task == "dates" else None


def draw(text: str, answer: str, attention: Any, out: Path) -> None:
    """Draws for each symbol of the answer (rows) at which symbols of the text (columns) the decoder looked."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1 + 0.25 * len(text), 1 + 0.25 * len(answer)), layout="constrained")
    axes = figure.subplots()
    axes.imshow(attention, cmap="Purples", vmin=0, vmax=1)
    axes.set_xticks(range(len(text) + 1), [*text, "end"])
    axes.set_yticks(range(len(answer) + 1), [*answer, "end"])
    axes.xaxis.tick_top()
    figure.savefig(out, dpi=150)


if __name__ == "__main__":
    app()
