"""`velveteen writer`: learns to write from texts, writes, and tells how well."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from velveteen.cli._output import INTERRUPTED, AsJson, answer
from velveteen.cli._precision import Precision

if TYPE_CHECKING:
    from velveteen.recipes.writer.evaluation import Evaluation
    from velveteen.recipes.writer.sampling import Choice

app = typer.Typer(no_args_is_help=True, help="Learns to write from texts or messages, and writes more of the kind.")


class Mode(StrEnum):
    """The ways to train."""

    STATEFUL = "stateful"
    WINDOW = "window"


Sources = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Text files, folders of them, - for standard input; or archives of messages: tweets.js or the zip of X, "
        "result.json of Telegram, outbox.json of Mastodon, an mbox. By default the documentation that ships with Python.",
        show_default=False,
    ),
]
Model = Annotated[Path, typer.Argument(help="The folder of a model, as train wrote it.")]
Out = Annotated[Path, typer.Option(help="The folder to write to.")]
Themes = Annotated[
    bool, typer.Option("--themes", help="Cut texts at their headings; each is the theme of what follows.")
]
Links = Annotated[bool, typer.Option("--links/--no-links", help="Keep addresses in messages.")]
Retweets = Annotated[bool, typer.Option("--retweets/--no-retweets", help="Keep what repeats others: boosts, forwards.")]
Handles = Annotated[bool, typer.Option("--handles/--no-handles", help="Keep names such as @someone in messages.")]
Author = Annotated[str | None, typer.Option(help="Only messages by this one (part of a name or address).")]
Encoding = Annotated[str, typer.Option(help="Of text files, such as cp1252.")]
Validation = Annotated[float, typer.Option(min=0, max=1, help="The share at the end that is kept to test on.")]
Prompt = Annotated[str, typer.Option(help="What the text begins with.")]
Temperature = Annotated[float, typer.Option(min=0, help="Lower is more careful; 0 takes the likeliest always.")]
Length = Annotated[int, typer.Option(min=1, help="The most characters to write.")]
Seed = Annotated[int | None, typer.Option(help="Makes it repeatable.")]
Memory = Annotated[bool, typer.Option("--memory", help="Expect again what was read and written before, such as names.")]


@app.command()
def train(
    sources: Sources = None,
    mode: Annotated[
        Mode, typer.Option(help="stateful: learns from every character; window: 40 in, one out, as in the talk.")
    ] = Mode.STATEFUL,
    themes: Themes = False,
    links: Links = False,
    retweets: Retweets = False,
    handles: Handles = False,
    author: Author = None,
    encoding: Encoding = "utf-8",
    rare: Annotated[int, typer.Option(min=1, help="Symbols with fewer occurrences than this become one.")] = 3,
    validation: Validation = 0.1,
    units: Annotated[int, typer.Option(min=1, help="Of each LSTM layer.")] = 512,
    layers: Annotated[int, typer.Option(min=1, help="How many LSTM layers.")] = 2,
    embedding: Annotated[int, typer.Option(min=0, help="The size of a learned vector a symbol; 0 for one-hot.")] = 0,
    dropout: Annotated[float, typer.Option(min=0, max=0.99, help="The share left out between layers.")] = 0.5,
    weight_dropout: Annotated[
        float, typer.Option(min=0, max=0.99, help="The share of recurrent weights left out, a step.")
    ] = 0.0,
    epochs: Annotated[int, typer.Option(min=1, help="How often to read the text.")] = 15,
    streams: Annotated[
        int | None, typer.Option(min=1, help="Places read at once. [default: what the mode needs]")
    ] = None,
    length: Annotated[int | None, typer.Option(min=1, help="Characters a step. [default: what the mode needs]")] = None,
    learning_rate: Annotated[float, typer.Option(min=0, help="The highest; it falls along a cosine.")] = 0.002,
    weight_decay: Annotated[float, typer.Option(min=0, help="How much the weights shrink, a step.")] = 0.1,
    precision: Annotated[Precision, typer.Option(help="auto: bfloat16 where it is fast.")] = Precision.FLOAT32,
    out: Out = Path("writer-model"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training in --out that was stopped.")
    ] = False,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Learns from texts; shows a sample after each epoch, and keeps the best network it had."""
    from velveteen.recipes.writer import data, main
    from velveteen.recipes.writer.archives import Keep

    settings = main.Settings(
        mode=mode.value,
        units=units,
        layers=layers,
        embedding=embedding,
        dropout=dropout,
        weight_dropout=weight_dropout,
        epochs=epochs,
        streams=streams,
        length=length,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        precision=precision.value,
    )
    keep = Keep(links, retweets, handles, author)
    corpus = data.load(sources or (), keep, themes=themes, encoding=encoding, rare_below=rare, validation=validation)
    if not as_json:
        print(f"Found in {corpus.name}:")
        for note in corpus.notes:
            print(f"  {note}", flush=True)
    training = main.train(corpus, settings, out=out, seed=seed, resume=resume, verbose=not as_json)
    if as_json:
        answer(training)
    else:
        print(
            f"Best after epoch {training.best_epoch}: {training.nats_per_char:.4f} nats "
            f"({training.bits_per_char:.3f} bits) a character on the validation text."
        )
        for file in training.files:
            print(f"Wrote {file}")
        print(f'Try: velveteen writer write {out} {"--theme" if themes else "--prompt"} "…"')
    if training.interrupted:
        if not as_json and (out / main.CHECKPOINT / "model.json").is_file():
            print("To go on with it, give the same command with --resume.")
        raise typer.Exit(INTERRUPTED)


@app.command()
def write(
    model: Model,
    prompt: Prompt = "",
    theme: Annotated[str | None, typer.Option(help="What to write about, for a model trained with --themes.")] = None,
    temperature: Temperature = 0.8,
    top_k: Annotated[int, typer.Option(min=0, help="Draw among so many likeliest characters; 0 for all.")] = 0,
    top_p: Annotated[float, typer.Option(min=0, max=1, help="Draw among the likeliest of this probability.")] = 1.0,
    length: Length = 500,
    samples: Annotated[int, typer.Option(min=1, help="How many versions.")] = 1,
    past_end: Annotated[bool, typer.Option("--past-end", help="Go on after the end of a message.")] = False,
    interactive: Annotated[bool, typer.Option("--interactive", help="Answer line after line, as in a chat.")] = False,
    memory: Memory = False,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Writes, character by character."""
    from velveteen.recipes.writer import main
    from velveteen.recipes.writer.sampling import Choice, joined, readable, texts

    choice = Choice(temperature, top_k, top_p)
    if interactive:
        _chat(model, choice, length, seed, memory)
        return
    writer = main.open_writer(model, choice, samples=samples, seed=seed, memory=memory)
    missing = writer.alphabet.missing(prompt + (theme or ""))
    if missing:
        print(f"Careful: the model has never seen {' '.join(missing)}; it reads them as rare symbols.", file=sys.stderr)
    written = main.write_with(writer, prompt, theme=theme, length=length, until_end=not past_end)
    if as_json:
        answer({"prompt": prompt, "theme": theme, "samples": [readable(text) for text in texts(written, samples)]})
    elif samples > 1:
        print(joined([prompt + readable(text) for text in texts(written, samples)]))
    else:
        print(prompt, end="", flush=True)
        for (character,) in written:
            print(readable(character), end="", flush=True)
        print()


@app.command()
def predict(
    model: Model,
    prompt: Prompt = "",
    top: Annotated[int, typer.Option(min=1, help="How many characters to tell.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Tells the likeliest next characters after a text, with their probabilities."""
    from velveteen.recipes.writer import main

    found = main.predict(model, prompt)[:top]
    if as_json:
        answer(found)
    else:
        for each in found:
            print(f"{100 * each['probability']:5.1f} %  {each['character']!r}")


@app.command()
def combine(
    models: Annotated[list[Path], typer.Argument(help="The folders of two models or more, as train wrote them.")],
    out: Out = Path("writer-model"),
    as_json: AsJson = False,
) -> None:
    """Makes one model of several that learned the same text: the mean of what they foretell is mostly better than the best."""
    from velveteen.recipes.writer import main

    written = main.combine(models, out=out) / "model.json"
    if as_json:
        answer({"members": len(models), "files": [written]})
    else:
        print(f"Combined {len(models)} models.\nWrote {written}")


@app.command()
def evaluate(
    model: Model,
    sources: Sources = None,
    encoding: Encoding = "utf-8",
    seed: Annotated[int, typer.Option(help="Of the samples.")] = 1,
    memory: Memory = False,
    as_json: AsJson = False,
) -> None:
    """Tells how well a model foretells a text it has not learned from, and whether it only repeats.

    Of the sources of its training, the part that was kept to test on counts; another text counts as a whole.
    """
    from velveteen.recipes.writer import main

    found = main.evaluate(model, sources or (), encoding=encoding, seed=seed, memory=memory)
    if as_json:
        answer(found)
    else:
        _show(found)


def _show(found: "Evaluation") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "nats a character", "bits a character", "perplexity", box=None)
    rows = [("this model", found), ("5-gram counts", found.five_gram), ("xz", found.xz)]
    for name, figures in rows:
        if figures is not None:
            nats, bits, perplexity = figures.nats_per_char, figures.bits_per_char, figures.perplexity
            table.add_row(name, f"{nats:.4f}", f"{bits:.4f}", f"{perplexity:.3f}")
    console = Console(highlight=False)
    console.print(f"Tested on {found.chars:,} characters.")
    console.print(table)
    if found.copied is None:
        print("It has learned from another text, so nobody can tell here what it copies.")
        return
    print(
        f"Longest passage of its samples that stands in the training text: {found.longest_copy} characters "
        f"({found.longest_copy_of_text} in the test text itself):"
    )
    print(f"  {found.copied!r}")
    print("Its samples repeat the training text." if found.repeats else "Its samples do not repeat the training text.")


def _chat(model: Path, choice: "Choice", length: int, seed: int | None, memory: bool) -> None:
    from velveteen.recipes.writer import main
    from velveteen.recipes.writer.sampling import readable

    writer = main.open_writer(model, choice, seed=seed, memory=memory)
    print("Say something; Ctrl-D ends.", file=sys.stderr)
    try:
        while True:
            for character in writer.answer(input("> "), length):
                print(readable(character), end="", flush=True)
            print()
    except (EOFError, KeyboardInterrupt):
        print()
