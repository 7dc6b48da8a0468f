"""`velveteen commands`: learns words, hears them in recordings and from the microphone, and learns your voice."""

import dataclasses
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from velveteen.cli._meter import Meter
from velveteen.cli._output import INTERRUPTED, AsJson, answer
from velveteen.errors import ArgumentError, DataError, VelveteenError

if TYPE_CHECKING:
    from velveteen.recipes.commands.data import Commands
    from velveteen.recipes.commands.evaluation import Measured
    from velveteen.recipes.commands.recognizer import CommandModel
    from velveteen.recipes.commands.settings import Training

app = typer.Typer(
    no_args_is_help=True, help="Hears voice commands: any words, from recordings or from nothing but names."
)


class Size(StrEnum):
    """The networks of the recipe."""

    SMALL = "small"
    DEFAULT = "default"
    LARGE = "large"


OUT = Path("commands-model")
_TRIES = 3

Model = Annotated[Path, typer.Argument(help="The folder of a model, as train wrote it.")]
Folder = Annotated[
    Path, typer.Argument(help="A folder that holds a folder a word with recordings, or files WORD_SPEAKER_INDEX.wav.")
]
Seed = Annotated[int | None, typer.Option(help="Makes it repeatable.")]
Split = Annotated[
    str,
    typer.Option(
        help="What is kept to test on: auto, lists, hash, speakers, speaker:NAME,…, index:FIRST-LAST, random or none."
    ),
]
FalseAccepts = Annotated[
    float | None,
    typer.Option(
        min=0, help="Choose the threshold so that words nobody said are heard so often an hour. By default 6."
    ),
]
Threshold = Annotated[
    float | None, typer.Option(min=0, max=1, help="The least score of a word that counts. By default the model's own.")
]
Device = Annotated[
    str | None, typer.Option(help="The microphone, by number or name; python -m sounddevice lists them.")
]


@app.command()
def train(
    recordings: Annotated[
        Path | None,
        typer.Argument(
            help="A folder that holds a folder a word with recordings (the layout of Speech Commands), or files "
            "WORD_SPEAKER_INDEX.wav. Without one, espeak-ng says the words.",
            show_default=False,
        ),
    ] = None,
    words: Annotated[
        str | None,
        typer.Option(
            help="The commands, parted by commas. Those without recordings are spoken; recordings of others are other words."
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(help="Languages in which espeak-ng says the words, such as en,ru; with recordings too."),
    ] = None,
    model: Annotated[Size, typer.Option(help="The size of the network.")] = Size.DEFAULT,
    split: Split = "auto",
    epochs: Annotated[
        int | None, typer.Option(min=1, help="How often to go through the examples. By default what they need.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=2, help="Examples a step.")] = 64,
    synthesised: Annotated[int, typer.Option(min=1, help="How often espeak-ng says each word.")] = 400,
    babble: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="How many examples are heard while others talk, 0 to 1, for rooms in which people do."
        ),
    ] = None,
    unknown: Annotated[bool, typer.Option("--unknown/--no-unknown", help="A class for other words.")] = True,
    silence: Annotated[bool, typer.Option("--silence/--no-silence", help="A class for no word.")] = True,
    false_accepts_per_hour: FalseAccepts = None,
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = OUT,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Learns words; writes the model, the confusions as a picture, and a page that listens."""
    from velveteen.recipes.commands import data, main

    settings = main.Settings(
        size=model.value,
        epochs=epochs,
        batch_size=batch_size,
        languages=tuple(_parted(language)) or None,
        synthesised=synthesised,
        unknown=unknown,
        silence=silence,
    )
    if babble is not None:
        settings = dataclasses.replace(settings, strength=dataclasses.replace(settings.strength, babble=babble))
    if false_accepts_per_hour is not None:
        settings = dataclasses.replace(settings, false_accepts_per_hour=false_accepts_per_hour)
    loaded = None if recordings is None else data.load(recordings, split=split)
    if loaded is not None and not as_json:
        print(f"Learning from {loaded.source}.")
        _tell_about(loaded)
    training = main.train(loaded, _parted(words), settings, out=out, seed=seed, verbose=not as_json)
    _report(_with_page(training), as_json)


@app.command()
def evaluate(
    model: Model,
    recordings: Folder,
    split: Annotated[str | None, typer.Option(help="What was kept to test on. By default as in the training.")] = None,
    false_accepts_per_hour: FalseAccepts = None,
    picture: Annotated[Path | None, typer.Option(help="Write the confusions as a picture, a PNG file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tells how right a model is on recordings it has not learned from, and how often it hears what nobody said."""
    from velveteen.recipes.commands import evaluation, main

    recognizer = main.load(model)
    loaded = _for_model(recognizer, recordings, split)
    measured = main.evaluate(recognizer, loaded, false_accepts_per_hour=false_accepts_per_hour)
    if picture is not None:
        evaluation.write_confusion(picture, measured)
    if as_json:
        answer(measured)
        return
    _tell_about(loaded)
    print(f"Tested on {measured.examples:,} examples of {loaded.name}.")
    _show(measured)
    if picture is not None:
        print(f"Wrote {picture}")


@app.command()
def predict(
    model: Model,
    files: Annotated[list[Path], typer.Argument(help="Sounds of any kind, a word in each.")],
    as_json: AsJson = False,
) -> None:
    """Hears the word in each of some recordings."""
    from velveteen.recipes.commands import main

    heard = main.predict(model, files)
    if as_json:
        answer(heard)
    else:
        for each in heard:
            print(f"{each['file']}: {each['label']} ({100 * each['score']:.1f} %)")


class _WithPairs(TyperCommand):
    """A command whose option --on takes a word and a command line, which typer has no type for."""

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        for parameter in self.params:
            if parameter.name == "on":
                parameter.nargs = 2


@app.command(cls=_WithPairs)
def listen(
    model: Model,
    file: Annotated[Path | None, typer.Argument(help="A sound of any length. By default the microphone.")] = None,
    threshold: Threshold = None,
    smoothing: Annotated[float, typer.Option(min=0, help="Seconds over which scores are averaged.")] = 0.3,
    refractory: Annotated[float, typer.Option(min=0, help="Seconds after a word in which nothing else counts.")] = 0.75,
    on: Annotated[
        list[str] | None,
        typer.Option(
            metavar='WORD "COMMAND"',
            help="Run a program when the word is heard; without a shell. It gets VELVETEEN_WORD, _SCORE and _TIME.",
            parser=lambda text: text,
        ),
    ] = None,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Prints the words that are heard, with their time; from the microphone until Ctrl-C.

    With --json each word is a line: {"time": seconds from the beginning, "label", "score"}.
    """
    from velveteen.recipes.commands import listening, main
    from velveteen.recipes.commands.actions import Actions

    recognizer = main.load(model)
    pairs: list[Any] = list(on or [])  # of pairs, see _WithPairs
    actions = Actions(pairs, recognizer.commands)
    with Meter(file is None and not as_json and sys.stdout.isatty()) as show_level:
        events = listening.listen(
            recognizer,
            file,
            threshold=threshold,
            smoothing=smoothing,
            refractory=refractory,
            device=_device(device),
            on_level=show_level,
        )
        if file is None and not as_json:
            print(f"Listening for {', '.join(recognizer.commands)}; Ctrl-C ends.", file=sys.stderr)
        try:
            for event in events:
                if as_json:
                    answer(event)
                    sys.stdout.flush()  # who reads it waits for each line
                else:
                    print(f"{_clock(event.time)}  {event.label}  ({100 * event.score:.0f} %)", flush=True)
                actions.run(event)
        except KeyboardInterrupt:
            if file is not None:
                raise
        finally:
            actions.finish()


@app.command()
def show(
    file: Annotated[Path, typer.Argument(help="A sound of any kind, of ten minutes at most.")],
    model: Annotated[
        Path | None, typer.Option(help="What is to listen to it. By default commands-model, if it is there.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The picture. By default the name of the sound with .png.")] = None,
    as_json: AsJson = False,
) -> None:
    """Draws the waveform and the spectrogram of a recording, and what a model hears over time."""
    from velveteen.recipes.commands import main, showing

    if model is None and OUT.is_dir():
        model = OUT
    picture = out or Path(file.name).with_suffix(".png")
    events = showing.show(file, None if model is None else main.load(model), picture)
    if as_json:
        answer({"picture": picture, "heard": events})
        return
    if model is None:
        print("There is no model to listen to it; name one with --model.", file=sys.stderr)
    for event in events:
        print(f"{_clock(event.time)}  {event.label}  ({100 * event.score:.0f} %)")
    print(f"Wrote {picture}")


@app.command()
def record(
    words: Annotated[list[str], typer.Argument(help="The words to say.")],
    out: Annotated[Path, typer.Option(help="The folder of recordings; each word gets a folder in it.")] = Path(
        "recordings"
    ),
    count: Annotated[int, typer.Option(min=1, help="How often to say each.")] = 5,
    speaker: Annotated[str, typer.Option(help="Who speaks; becomes part of the files' names.")] = "me",
    file: Annotated[
        list[Path] | None,
        typer.Option(help="Take this recording instead of the microphone; for one word. Can be repeated."),
    ] = None,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Records words from the microphone, prompting for each; what is silent or clipped is asked for again."""
    from velveteen.recipes.commands import recording, sounds, streams

    for word in words:
        recording.check_name("word", word)
    recording.check_name("speaker", speaker)
    if file:
        if len(words) != 1:
            raise ArgumentError(
                f"Files are recordings of one word, but {len(words)} words are given. Take them word by word."
            )
        taken = [sounds.read(path, recording.SAMPLE_RATE) for path in file]
        written = [recording.keep(sound, out, words[0], speaker) for sound in taken]
    else:
        streams.check_microphone(_device(device))
        print("Say each word when it appears, in your usual voice. Ctrl-C ends.", file=sys.stderr)
        written = list(_prompted(words, out, count, speaker, _device(device)))
    if as_json:
        answer({"folder": out, "files": written})
    else:
        print(f"Wrote {len(written)} recordings to {out}")
        print(f"Try: velveteen commands adapt MODEL {out}")


@app.command()
def adapt(
    model: Model,
    recordings: Folder,
    split: Split = "none",
    out: Annotated[Path | None, typer.Option(help="The folder to write to. By default MODEL-adapted.")] = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Teaches a model a voice, and new words, from as few as 3 recordings a word; it keeps what it knew."""
    from velveteen.recipes.commands import main

    recognizer = main.load(model)
    loaded = _for_model(recognizer, recordings, split)
    if not as_json:
        _tell_about(loaded)
    out = out or model.with_name(f"{model.resolve().name}-adapted")
    training = main.adapt(recognizer, loaded, out=out, seed=seed, verbose=not as_json)
    _report(_with_page(training), as_json)


@app.command()
def page(
    model: Model,
    out: Annotated[
        Path | None, typer.Option(help="The file to write. By default index.html in the folder of the model.")
    ] = None,
    open_page: Annotated[
        bool, typer.Option("--open", help="Serve it to this machine, and open it in the browser.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to serve it; 0 for any free port.")] = 8000,
    as_json: AsJson = False,
) -> None:
    """Writes a page that listens to the microphone in a browser; the model is inside."""
    from velveteen.cli.demo import make_server, serve
    from velveteen.recipes.commands import page as pages

    target = out or model / pages.PAGE
    server = make_server(target.parent, port) if open_page else None
    written = pages.write(model, target)
    if as_json:
        answer({"file": written})
    else:
        if pages.find_tensorflow_js() is None:
            print("The page will load TensorFlow.js from its CDN. To have it inside: npm install @tensorflow/tfjs")
        print(f"Wrote {written}")
    if server is not None:
        serve(server, written.name)


def _parted(names: str | None) -> list[str]:
    return [name.strip() for name in (names or "").split(",") if name.strip()]


def _device(name: str | None) -> int | str | None:
    return int(name) if name is not None and name.isdigit() else name


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes):3d}:{rest:05.2f}"


def _for_model(recognizer: "CommandModel", folder: Path, split: str | None) -> "Commands":
    """Returns recordings as a model hears them, divided as for its training if nothing else is said."""
    from velveteen.recipes.commands import data

    seconds = recognizer.samples / recognizer.sample_rate
    if split is not None:
        return data.load(folder, sample_rate=recognizer.sample_rate, seconds=seconds, split=split)
    try:
        rule = str(recognizer.training.get("rule") or "auto")
        return data.load(folder, sample_rate=recognizer.sample_rate, seconds=seconds, split=rule)
    except VelveteenError:  # other recordings, which cannot be divided like that, and need not be
        return data.load(folder, sample_rate=recognizer.sample_rate, seconds=seconds, split="none")


def _tell_about(recordings: "Commands", most: int = 10) -> None:
    """Prints what was left out of recordings, and what was cut."""
    for what, lines in (
        ("left out", [reason for _, reason in recordings.left_out]),
        ("to know", recordings.notes),
    ):
        for line in lines[:most]:
            print(f"  {what}: {line}", file=sys.stderr)
        if len(lines) > most:
            print(f"  and {len(lines) - most:,} more", file=sys.stderr)


def _with_page(training: "Training") -> "Training":
    """Writes the page beside a model, and adds it to what was written."""
    from velveteen.recipes.commands import page as pages

    return dataclasses.replace(
        training, files=[*training.files, pages.write(training.folder, training.folder / pages.PAGE)]
    )


def _report(training: "Training", as_json: bool) -> None:
    """Prints what a training did; exits with 130 when Ctrl-C had ended it."""
    if as_json:
        answer(training)
    else:
        if training.measured is not None:
            _show(training.measured)
        print(f"A word counts as heard from a score of {training.threshold:.2f} on.")
        warning = _too_many(training.false_accepts_per_hour, training.wanted_per_hour)
        if warning:
            print(
                f"With it, {warning}. A higher threshold would miss commands in noise: choose it with listen --threshold, or give"
                " more recordings of the commands and of other words."
            )
        for file in training.files:
            print(f"Wrote {file}")
        print(f"Try: velveteen commands listen {training.folder}")
    if training.interrupted:
        raise typer.Exit(INTERRUPTED)


def _show(measured: "Measured") -> None:
    """Prints accuracy by word and speaker, confusions and false accepts."""
    from rich.console import Console
    from rich.table import Table

    from velveteen.recipes._report import confusion_table

    console = Console(highlight=False)
    console.print(confusion_table(measured.confusion, measured.labels))
    if measured.per_speaker:
        table = Table("speaker", "right", "of", box=None)
        for name, group in measured.per_speaker.items():
            table.add_row(name, f"{100 * group.accuracy:.1f} %", f"{group.examples:,}")
        console.print(table)
    low, high = measured.interval
    right = round(measured.accuracy * measured.examples)
    console.print(
        f"Accuracy [bold]{100 * measured.accuracy:.2f} %[/] ({right:,} of {measured.examples:,}; "
        f"with 95 % confidence {100 * low:.1f} to {100 * high:.1f} %)"
    )
    if measured.false_accepts_per_hour is not None:
        console.print(
            f"In noise and other words it hears {measured.false_accepts_per_hour:.0f} commands an hour that nobody said, at a "
            f"threshold of {measured.threshold:.2f}."
        )
        if warning := _too_many(measured.false_accepts_per_hour, measured.wanted_per_hour):
            console.print(
                f"{warning[0].upper()}{warning[1:]}: a higher threshold would miss commands in noise, or the model has learned in"
                " another background."
            )


def _too_many(per_hour: float, wanted: float | None) -> str:
    """Returns that more words are heard than was wanted, or nothing."""
    if wanted is None or per_hour <= wanted:
        return ""
    return f"about {per_hour:.0f} words an hour of noise and other words are heard that nobody said; {wanted:g} were wanted"


def _prompted(words: list[str], out: Path, count: int, speaker: str, device: int | str | None) -> Iterator[Path]:
    """Asks for each word, all of them once before any again; yields the files."""
    with Meter(sys.stdout.isatty()) as show_level:
        for number in range(count):
            for word in words:
                yield _asked_for(word, f"{number + 1} of {count}", out, speaker, device, show_level)


def _asked_for(
    word: str,
    number: str,
    out: Path,
    speaker: str,
    device: int | str | None,
    show_level: Callable[[float], None] | None,
) -> Path:
    """Asks for a word until it is there to be heard, three times at most; returns the file."""
    import numpy as np

    from velveteen.recipes.commands import recording
    from velveteen.recipes.commands.listening import decibels

    for attempt in range(1, _TRIES + 1):
        print(f"  {word}   ({number})", file=sys.stderr)
        blocks = []
        for block in recording.from_microphone(device=device):
            blocks.append(block)
            if show_level is not None:
                show_level(decibels(block))
        try:
            return recording.keep(np.concatenate(blocks), out, word, speaker)
        except DataError as error:
            if attempt == _TRIES:
                raise
            print(f"    {error}", file=sys.stderr)
    raise AssertionError("the last try returns or raises")
