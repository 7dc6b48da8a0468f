"""The settings, and train, format, review and evaluate, which `velveteen formatter` calls."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import velveteen as vt
from velveteen.errors import ArgumentError, DataError, unknown_name
from velveteen.models.saving import save_model
from velveteen.recipes.formatter import baselines, counted, data, files, formatter, measuring, project
from velveteen.recipes.formatter.decode import Decider, Network
from velveteen.recipes.formatter.formatter import Formatter
from velveteen.recipes.formatter.languages import LANGUAGES, Language, named, of_file
from velveteen.recipes.formatter.measuring import Measured
from velveteen.recipes.formatter.model import BLANK, network, set_cross_entropy
from velveteen.recipes.formatter.review import UNLIKELY, Finding, changed_lines, review
from velveteen.recipes.formatter.style import Style
from velveteen.recipes.formatter.tokens import Source

OUT = Path("formatter-model")
MODELS = ("lstm", *counted.SITUATIONS)
"""What can be trained: the network, and what it has to be better than."""
BATCH_SIZE = 24
LEARNING_RATE = 0.0025
LOSS_WEIGHTS = (1.0, 2.0, 2.0)
"""Only a fifth of the gaps are line breaks, which have indentation and blank lines."""
KEEPING = 19.0
"""How many times likelier other blank lines than the source's must be: only what is all but sure (0.95) is changed."""
_READ = 6_000_000
"""Gaps that the network sees in a training, however often each."""
_FEWEST_EPOCHS, _MOST_EPOCHS = 10, 60


@dataclass(frozen=True)
class Training:
    """What `train` did. `consistency` is the share of gaps that are as in most equal situations."""

    folder: Path
    files: int
    skipped: dict[str, int]
    gaps: int
    consistency: float
    baselines: dict[str, float]
    measured: Measured
    epochs: int
    seconds: float
    interrupted: bool


@dataclass(frozen=True)
class Result:
    """What came of a file: `after` is what it should be."""

    file: str
    changed: bool
    error: str | None
    before: bytes
    after: bytes


def collect(
    paths: Sequence[Path], languages: Sequence[Language], teacher: str | None = None
) -> tuple[list[Source], project.Files]:
    """Returns the files to learn languages' style from, parsed, and which were passed over.

    Raises:
        MissingFileError: a path is not there.
        DataError: there is no file of these languages.
    """
    wanted = list(languages)
    if LANGUAGES["typescript"] in wanted and LANGUAGES["tsx"] not in wanted:
        wanted.append(LANGUAGES["tsx"])
    found = project.find(paths, wanted)
    sources = data.load(found, teacher=teacher)
    if not sources:
        told = ", ".join(f"{count} {reason}" for reason, count in found.skipped.items()) or "none was found"
        extensions = ", ".join(extension for each in wanted for extension in each.extensions)
        names = " or ".join(each.name for each in languages)
        raise DataError(f"There is no {names} to learn from ({told}). Give a folder with files in {extensions}.")
    return sources, found


def train(
    sources: Sequence[Source],
    *,
    model: str = "lstm",
    skipped: dict[str, int] | None = None,
    held_out: Sequence[Source] | None = None,
    epochs: int | None = None,
    out: str | Path = OUT,
    seed: int | None = None,
    verbose: bool = True,
    quantize: str | None = None,
) -> Training:
    """Learns the style of files, and writes the model.

    Args:
        sources: the files, from `collect`.
        model: one of MODELS.
        skipped: how many were passed over for which reason, to be told.
        held_out: the files to test on; by default a tenth of the sources, which is not learned from.
        epochs: how often to go through them; by default so often that six million gaps are seen.
        out: the folder to write to; a model in it is replaced.
        seed: makes the training repeatable.
        verbose: whether to show progress.
        quantize: "float16" halves the files.

    Raises:
        DataError: there is nothing to learn from.
        UnknownNameError: there is no such model.
        ArgumentError: `out` is a file, or epochs is not positive.
    """
    if model not in MODELS:
        raise unknown_name("model", model, MODELS)
    if epochs is not None and epochs < 1:
        raise ArgumentError(f"The number of epochs must be positive, got {epochs}.")
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise ArgumentError(f"{out} is a file, so the model cannot be written there. Give a folder's name.")
    if seed is not None:
        vt.set_random_seed(seed)
    learned, tested = (list(sources), list(held_out)) if held_out is not None else data.split(sources)
    tested = tested or learned
    start = time.perf_counter()
    reading = data.learn_reading(learned)
    count = sum(len(source) - 1 for source in learned)
    told: dict[str, Any] = {}
    decider: Decider
    if model == "lstm":
        epochs = epochs or min(max(round(_READ / count), _FEWEST_EPOCHS), _MOST_EPOCHS)
        net, history = _fit(learned, reading, epochs, verbose)
        decider, epochs, interrupted = Network(net), len(history.epoch), history.interrupted
    else:
        net, situations = counted.learn(model, learned, reading)
        decider, epochs, interrupted = counted.Counted(net, model, situations, reading.vocabulary), 1, False
        told = {"situations": situations.tolist()}
    seconds = time.perf_counter() - start
    names = sorted({source.language.name for source in learned})
    trained = Formatter(decider, reading, names)
    measured = measuring.measure(trained, tested)
    consistency = data.consistency(learned, reading)
    compared = {name: baselines.measure(name, learned, tested, reading) for name in counted.SITUATIONS}
    net.user_defined_metadata = {
        "recipe": formatter.RECIPE,
        "model": model,
        **told,
        "languages": names,
        "vocabulary": reading.vocabulary.to_json(),
        "contexts": reading.contexts.to_json(),
        "style": reading.style.to_json(),
        "training": {
            "files": len(learned),
            "gaps": count,
            "epochs": epochs,
            "seconds": round(seconds, 1),
            "consistency": consistency,
            "gap_accuracy": measured.gap_accuracy,
            "line_accuracy": measured.line_accuracy,
            "baselines": compared,
        },
    }
    save_model(net, out, include_optimizer=False, quantization=quantize)
    return Training(
        out, len(learned), dict(skipped or {}), count, consistency, compared, measured, epochs, seconds, interrupted,
    )  # fmt: skip


def _fit(learned: Sequence[Source], reading: data.Reading, epochs: int, verbose: bool) -> tuple[Any, Any]:
    """Returns the trained network and its history."""
    inputs, targets = data.embed(learned, reading)
    classes = (targets[0].shape[-1], targets[1].shape[-1], targets[2].shape[-1])
    net = network(len(reading.vocabulary), len(reading.vocabulary.word_list) + 1, classes)
    net.compile(
        vt.train.adam(LEARNING_RATE, global_clipnorm=1.0),
        loss=[set_cross_entropy] * 3,
        loss_weights=list(LOSS_WEIGHTS),
    )
    schedule = vt.callbacks.LearningRateScheduler(lambda epoch: learning_rate(epoch, epochs))
    history = net.fit(
        inputs, targets, batch_size=min(BATCH_SIZE, max(1, len(inputs[0]) // 8)), epochs=epochs, callbacks=[schedule],
        verbose=verbose,
    )  # fmt: skip
    keep_blank_lines(net, reading.style)
    return net, history


def keep_blank_lines(net: Any, style: Style) -> None:
    """Makes a trained network leave blank lines to the source, unless it is all but sure of others.

    A network that knows its files by heart also knows whose author likes blank lines. Of other files it must not guess that.
    """
    head = net.get_layer(BLANK)
    kernel, bias = head.get_weights()
    low, high = np.array(style.blanks).T
    shifted = np.array(bias, np.float32)
    shifted[int((high - low).argmax())] += math.log(KEEPING)
    head.set_weights([kernel, shifted])


def learning_rate(epoch: int, epochs: int) -> float:
    """Returns the rate of an epoch (the first is 0): half a cosine from LEARNING_RATE down to almost nothing.

    Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, equation 5.
    """
    return LEARNING_RATE * (1 + math.cos(math.pi * epoch / epochs)) / 2


def format_files(
    paths: Sequence[Path], model: str | Path | None = None, *, lines: tuple[int, int] | None = None
) -> list[Result]:
    """Lays files out anew, without writing them.

    Args:
        paths: the files; folders stand for the files in them that show the project's style.
        model: the folder that `train` wrote; by default the pretrained one of each file's language.
        lines: the first and the last line to touch; all by default.

    Raises:
        MissingFileError: a path is not there.
        ArgumentError: a file is of no known language, or there is no model for it.
    """
    found = project.find(paths, LANGUAGES.values()).paths
    return _formatted([(str(path), of_file(path), files.read(path)) for path in found], model, lines)


def format_text(
    content: bytes, name: str, model: str | Path | None = None, *, lines: tuple[int, int] | None = None
) -> Result:
    """Lays out what came on standard input; `name` tells the language. See `format_files`."""
    return _formatted([(name, of_file(name), content)], model, lines)[0]


def _formatted(
    given: Sequence[tuple[str, Language, bytes]], model: str | Path | None, lines: tuple[int, int] | None
) -> list[Result]:
    by_language: dict[str, list[int]] = {}
    for number, (_, language, _) in enumerate(given):
        by_language.setdefault(language.name, []).append(number)
    results: dict[int, Result] = {}
    own = formatter.load(model) if model is not None else None
    for name, numbers in by_language.items():
        language = named(name)
        used = own or formatter.pretrained(language)
        if name not in used.language_names and not _relatives(name).intersection(used.language_names):
            raise ArgumentError(
                f"The model in {model} has learned {', '.join(used.language_names)}, not {name}. Give one of that language."
            )
        with _one_thread():
            done = used.format([given[number][2] for number in numbers], language, lines=lines)
        for number, new in zip(numbers, done, strict=True):
            file, _, content = given[number]
            results[number] = Result(file, new.content != content, new.error, content, new.content)
    return [results[number] for number in range(len(given))]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Computes with one thread: what a file takes is so little that more of them wait for each other most of the time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _relatives(name: str) -> set[str]:
    return {"typescript", "tsx"} if name in ("typescript", "tsx") else {name}


def evaluate(
    paths: Sequence[Path], model: str | Path | None = None, *, language: str | None = None, teacher: str | None = None
) -> tuple[Measured, list[Source]]:
    """Returns how much of the layout of files a model finds again, when it does not see it, and these files.

    Args:
        paths: files and folders that are laid out well.
        model: the folder that `train` wrote; by default the pretrained one of the language.
        language: which files count; by default those of the model's languages.
        teacher: a command that lays the files out first (see `data.load`).

    Raises:
        MissingFileError, DataError: there are no files.
        ArgumentError: there is no model.
    """
    if model is None and language is None:
        raise ArgumentError("Say which language, or which model: give --language or --model.")
    if model is None:
        assert language is not None
        used = formatter.pretrained(named(language))
    else:
        used = formatter.load(model)
    sources, _ = collect(paths, [named(name) for name in ([language] if language else used.language_names)], teacher)
    return measuring.measure(used, sources), sources


def review_changes(
    folder: Path, base: str = "HEAD", model: str | Path | None = None, *, unlikely: float = UNLIKELY
) -> list[Finding]:
    """Returns the places of a repository's changes whose layout the style finds unlikely.

    Args:
        folder: the repository, or a folder in it.
        base: the revision to compare the files with.
        model: the folder that `train` wrote; by default the pretrained one of each file's language.
        unlikely: the probability below which a place is told of.

    Raises:
        ArgumentError: there is no such revision.
    """
    findings = []
    own = formatter.load(model) if model is not None else None
    known: dict[str, Formatter] = {}
    for path, lines in changed_lines(folder, base).items():
        try:
            language = of_file(path)
            if own is not None and language.name not in own.language_names:
                continue
            if language.name not in known:
                known[language.name] = own or formatter.pretrained(language)
            with _one_thread():
                findings += review(known[language.name], path, lines, unlikely=unlikely)
        except (ArgumentError, DataError):  # of no known language, or not whole: there is nothing to say about it
            continue
    return findings
