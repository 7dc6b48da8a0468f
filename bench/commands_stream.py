"""Hides commands in ten minutes of noise and other words, and counts which of them are found, and what it takes.

The stream is noise and babble (several people saying other words at once), with commands at known times so many decibels above
both; between them single other words are said as loudly as the commands. All recordings in it are ones that the model has
not learned from. The threshold is chosen before, on three streams that are made the same way of recordings that it has learned
from: with it they hold six false accepts an hour, one in ten minutes. Four further streams, with the same recordings elsewhere in
other noise, tell how much is chance. `python -m bench.commands_stream --help` tells the options; where there is no model at
--model, one is trained as `velveteen commands train --words 0,1,2,3,4 --split index:0-4 --babble 0.7 --epochs 110 --seed 1` does.
Results go to bench/results/commands-stream.json.
"""

import dataclasses
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import soundfile
import torch
import typer
from rich.console import Console
from rich.table import Table

from bench import machine
from bench.report import fill
from velveteen.io.files import write_beside_then_rename
from velveteen.recipes.commands import data, main, sounds, splitting
from velveteen.recipes.commands.augmentation import Strength
from velveteen.recipes.commands.listening import Event, Listener, listen
from velveteen.recipes.commands.recognizer import CommandModel
from velveteen.recipes.commands.splitting import Recording

RESULTS = Path(__file__).parent / "results" / "commands-stream.json"
PAGE = Path(__file__).parent.parent / "docs" / "commands.md"
NEAR = 0.3
"""Seconds by which a command may be found early or late."""
LOUDNESS = 0.05
"""Of a command, as the root of its mean square; 1 is full scale."""
TALKERS = 4
BABBLE = 0.7
"""Of the examples that a model is trained on here, as with --babble."""
EPOCHS = 110
"""Three times as many as are chosen for so many recordings: babble takes longer to learn."""
_CHOOSING = (100, 200, 300)
"""Are added to the seed for the streams with which the threshold is chosen."""
_FURTHER = (1, 2, 3, 4)
"""Are added to the seed for further streams to test on."""


@dataclass(frozen=True)
class Said:
    """A command in the stream, and from which second to which it is spoken."""

    word: str
    begin: float
    end: float


@dataclass(frozen=True)
class Found:
    """What came of a stream: commands found in time, taken for another one, not found; and words that nobody said.

    `errors` are the seconds by which those that were found seem to begin too late, `delays` those from their ends until they
    were told.
    """

    said: int
    found: int
    confused: int
    missed: int
    false_accepts: int
    errors: list[float]
    delays: list[float]


def stream(
    commands: Sequence[Recording],
    others: Sequence[Recording],
    rate: int,
    *,
    seconds: float,
    count: int,
    distractors: int,
    decibels: float,
    seed: int,
) -> tuple[np.ndarray, list[Said]]:
    """Returns the sound, and what is said in it when."""
    chance = np.random.default_rng(seed)
    spoken = {recording.path: _normal(sounds.read(recording.path, rate)) for recording in (*commands, *others)}
    length = round(seconds * rate)
    background = _pink(length, chance) + _babble([spoken[other.path] for other in others], length, chance)
    background *= LOUDNESS * 10 ** (-decibels / 20) / np.sqrt(np.square(background).mean())
    sound, said = background.astype(np.float32), []
    slot = seconds / count
    chosen = chance.permutation(np.arange(count) % len(commands))
    with_other = set(chance.permutation(count)[:distractors].tolist())
    for number, place in enumerate(chosen):
        recording = commands[int(place)]
        word = LOUDNESS * spoken[recording.path]
        begin = number * slot + chance.uniform(0.3, max(0.3, 0.5 * slot - len(word) / rate))
        start = round(begin * rate)
        sound[start : start + len(word)] += word
        said.append(Said(recording.word, begin, begin + len(word) / rate))
        if number in with_other:
            other = LOUDNESS * spoken[others[int(chance.integers(len(others)))].path]
            start = round((number * slot + chance.uniform(0.5 * slot + 0.5, slot - len(other) / rate)) * rate)
            sound[start : start + len(other)] += other
    return sound, said


def count_found(events: Sequence[Event], told: Sequence[float], said: Sequence[Said]) -> Found:
    """Returns how many commands were found: an event belongs to the command that begins nearest, if that is in time."""
    free = list(zip(events, told, strict=True))
    found = confused = 0
    errors, delays = [], []
    for command in said:
        near = [(event, when) for event, when in free if abs(event.time - command.begin) <= NEAR]
        right = [(abs(event.time - command.begin), when, event) for event, when in near if event.label == command.word]
        if right:
            _, when, event = min(right)
            found += 1
            errors.append(event.time - command.begin)
            delays.append(when - command.end)
            free.remove((event, when))
        elif near:
            confused += 1
            free.remove(near[0])
    return Found(len(said), found, confused, len(said) - found - confused, len(free), errors, delays)


@dataclass(frozen=True)
class Live:
    """What came of listening as to a microphone: when each word was told, in seconds of the stream, and what windows cost."""

    told: list[float]
    milliseconds: list[float]


def live(model: CommandModel, sound: np.ndarray, threshold: float) -> Live:
    """Listens to a stream in blocks of 50 ms."""
    listener = Listener(model, threshold=threshold)
    block = round(0.05 * model.sample_rate)
    told, milliseconds = [], []
    for end in range(block, len(sound) + 1, block):
        begin = time.perf_counter()
        events = listener.feed(sound[end - block : end])
        spent = time.perf_counter() - begin
        told += [end / model.sample_rate] * len(events)
        milliseconds += [1000 * spent / max(1, len(listener.scores))] * len(listener.scores)
    return Live(told + [len(sound) / model.sample_rate] * len(listener.finish()), milliseconds)


def _percentiles(values: Sequence[float] | np.ndarray, factor: float) -> list[float]:
    """Returns the median and what 95 of 100 are below, times a factor; NaN where there are none."""
    found = np.percentile(values, [50, 95]) if len(values) else np.array([np.nan, np.nan])
    return (factor * found).tolist()


def _normal(sound: np.ndarray) -> np.ndarray:
    return sound / max(1e-6, float(np.sqrt(np.square(sound).mean())))


def _pink(length: int, chance: np.random.Generator) -> np.ndarray:
    spectrum = np.fft.rfft(chance.standard_normal(length))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    return _normal(np.fft.irfft(spectrum, length))


def _babble(words: Sequence[np.ndarray], length: int, chance: np.random.Generator) -> np.ndarray:
    """Returns several talkers who say one word after the other without a pause, as loud as the noise."""
    talk = np.zeros(length)
    for _ in range(TALKERS):
        place = 0
        while place < length:
            word = words[int(chance.integers(len(words)))][: length - place]
            talk[place : place + len(word)] += word
            place += len(word)
    return _normal(talk)


def trained(folder: Path, recordings: Path, words: list[str], split: str) -> None:
    """Trains a model for the words where there is none."""
    if not (folder / "model.json").is_file():
        settings = main.Settings(strength=Strength(babble=BABBLE), epochs=EPOCHS)
        main.train(data.load(recordings, split=split), words, settings, out=folder, seed=1)


def parts(folder: Path, split: str) -> tuple[list[Recording], list[Recording]]:
    """Returns the recordings that a model trained with this split has learned from, and those that it has not."""
    files = [(path, path.relative_to(folder)) for path in sounds.find(folder)]
    recordings = [found for path, within in files if (found := splitting.describe(path, within)) is not None]
    divided = splitting.split(folder, recordings, split)[0]
    return divided["train"], divided["test"]


def counted(recognizer: CommandModel, sound: np.ndarray, said: Sequence[Said], threshold: float) -> Found:
    """Returns what comes of listening to a stream, without what it takes."""
    events = list(listen(recognizer, [sound], threshold=threshold))
    return count_found(events, [0.0] * len(events), said)


def chosen_threshold(recognizer: CommandModel, streams: Sequence[tuple[np.ndarray, list[Said]]]) -> float:
    """Returns the least threshold, in hundredths from 0.5 on, with which the streams have one false accept each in the mean.

    It is looked for in steps of 0.05 first, and then below what is found.
    """

    def is_enough(threshold: float) -> bool:
        return sum(counted(recognizer, sound, said, threshold).false_accepts for sound, said in streams) <= len(streams)

    coarse = next((step for step in range(50, 95, 5) if is_enough(step / 100)), 95)
    between = range(max(50, coarse - 4), coarse)
    return next((step for step in between if is_enough(step / 100)), coarse) / 100


def rows(answer: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Returns what was measured, this model's figure, and the one that is wanted."""
    found = answer["found"]
    return [
        ("threshold", f"{answer['threshold']:.2f}", ""),
        (f"commands found within {1000 * NEAR:.0f} ms", f"{found['found']} of {found['said']}", "95 of 100"),
        ("taken for another command", str(found["confused"]), ""),
        ("heard, though nobody said one", str(found["false_accepts"]), "at most 1"),
        (
            "in further streams: found",
            ", ".join(str(each["found"]) for each in answer["further"]),
            f"{95 * found['said'] // 100}",
        ),
        (
            "in these: heard, though nobody said one",
            ", ".join(str(each["false_accepts"]) for each in answer["further"]),
            "1",
        ),
        ("error of the time: median, and 95th of 100", "{:.0f} and {:.0f} ms".format(*answer["errors_ms"]), ""),
        ("told after the word's end: median, and 95th", "{:.0f} and {:.0f} ms".format(*answer["delays_ms"]), ""),
        ("a window, on one core: median, and 95th", "{:.2f} and {:.2f} ms".format(*answer["ms_a_window"]), "5 ms"),
        ("faster than real time, on one core", f"{answer['times_real_time']:.0f} times", "50 times"),
    ]


def report(answer: dict[str, Any], into_page: bool) -> None:
    """Prints the figures, and writes them into the documentation if that is wanted."""
    heads = ("", "this model", "wanted")
    table = Table(*heads)
    for row in rows(answer):
        table.add_row(*row)
    Console().print(table)
    if into_page:
        lines = [f"| {' | '.join(line)} |" for line in (heads, ("---",) * len(heads), *rows(answer))]
        page = fill(PAGE.read_text(encoding="utf-8"), {"stream": "\n".join(lines)})
        write_beside_then_rename(PAGE, page.encode())


def run(
    recordings: Annotated[Path, typer.Argument(help="A folder with recordings of words.")],
    model: Annotated[Path, typer.Option(help="The model's folder; trained when it is not there.")] = Path(
        "stream-model"
    ),
    words: Annotated[str, typer.Option(help="The commands; what else is in the folder are other words.")] = "0,1,2,3,4",
    split: Annotated[str, typer.Option(help="What the model has not learned from, as for training.")] = "index:0-4",
    minutes: Annotated[float, typer.Option(help="How long the stream is.")] = 10,
    commands: Annotated[int, typer.Option(help="How many commands are in it.")] = 100,
    distractors: Annotated[int, typer.Option(help="How many other words, as loud as those, are between them.")] = 100,
    decibels: Annotated[float, typer.Option(help="The commands above noise and babble together.")] = 10,
    threshold: Annotated[float | None, typer.Option(help="By default one is chosen; see above.")] = None,
    seed: Annotated[int, typer.Option(help="Another one makes another stream.")] = 1,
    docs: Annotated[bool, typer.Option("--docs", help="Write the figures into docs/commands.md.")] = False,
) -> None:
    """Prints how many commands of a stream are found, how many nobody said, and how long it takes on one core."""
    torch.set_num_threads(1)
    named = words.split(",")
    trained(model, recordings, named, split)
    recognizer = main.load(model)
    learned, unheard = parts(recordings, split)

    def made(of: list[Recording], seed: int) -> tuple[np.ndarray, list[Said]]:
        return stream(
            [recording for recording in of if recording.word in named],
            [recording for recording in of if recording.word not in named],
            recognizer.sample_rate,
            seconds=60 * minutes,
            count=commands,
            distractors=distractors,
            decibels=decibels,
            seed=seed,
        )

    sound, said = made(unheard, seed)
    if threshold is None:
        threshold = chosen_threshold(recognizer, [made(learned, seed + number) for number in _CHOOSING])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "stream.wav")
        soundfile.write(path, sound, recognizer.sample_rate, subtype="PCM_16")
        start = time.perf_counter()
        events = list(listen(recognizer, path, threshold=threshold))
        taken = time.perf_counter() - start
    as_live = live(recognizer, sound, threshold)
    found = count_found(events, as_live.told, said)
    further = [counted(recognizer, *made(unheard, seed + number), threshold) for number in _FURTHER]
    answer = {
        "machine": machine.describe(),
        "stream": {"minutes": minutes, "decibels": decibels, "distractors": distractors, "seed": seed},
        "threshold": threshold,
        "found": dataclasses.asdict(found),
        "further": [{"found": each.found, "false_accepts": each.false_accepts} for each in further],
        "errors_ms": _percentiles(np.abs(found.errors), 1000),
        "delays_ms": _percentiles(found.delays, 1000),
        "ms_a_window": _percentiles(as_live.milliseconds, 1),
        "times_real_time": 60 * minutes / taken,
    }
    report(answer, docs)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(answer, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(run)
