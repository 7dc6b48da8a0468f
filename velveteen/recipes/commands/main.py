"""The settings, and train, evaluate and predict, which `velveteen commands` calls."""

import dataclasses
import importlib.util
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import velveteen as vt
from velveteen.errors import ArgumentError, DataError
from velveteen.recipes.commands import data, evaluation, learning, sounds, synthesis
from velveteen.recipes.commands.augmentation import Augmentation, Strength
from velveteen.recipes.commands.data import SILENCE, UNKNOWN, Commands, Examples
from velveteen.recipes.commands.evaluation import Measured
from velveteen.recipes.commands.features import LogMel
from velveteen.recipes.commands.model import build
from velveteen.recipes.commands.recognizer import CommandModel, load

__all__ = ["OUT", "CommandModel", "Settings", "Training", "evaluate", "load", "predict", "train"]

OUT = Path("commands-model")
CONFUSION = "confusion.png"
_EXAMPLES = 56_000
"""That a training sees, if no number of epochs is given; fewer do not suffice, more help little."""
_LEAST_EPOCH, _FEWEST_EPOCHS, _MOST_EPOCHS = 1500, 6, 60
_BACKGROUND_SECONDS = 600
_UNKNOWN_SHARE = 1.5
"""How many unknown words there are, as that many times the examples of one word."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        size: of the network: "small", "default" or "large".
        epochs: how often to go through the examples; by default what they need.
        batch_size: examples a step.
        learning_rate: the highest.
        smoothing: how much of each label goes to all other words.
        strength: how much recordings are changed.
        languages: in which the words are spoken by espeak-ng. None adds no spoken commands where there are recordings of
            them; words without recordings are spoken in English.
        synthesised: how many spoken examples a word gets.
        unknown, silence: whether the model has classes for other words, and for no word.
        false_accepts_per_hour: the rate for which the threshold is chosen.
    """

    size: str = "default"
    epochs: int | None = None
    batch_size: int = 64
    learning_rate: float = 0.003
    smoothing: float = 0.05
    strength: Strength = field(default_factory=Strength)
    languages: tuple[str, ...] | None = None
    synthesised: int = 400
    unknown: bool = True
    silence: bool = True
    false_accepts_per_hour: float = 6.0

    def __post_init__(self) -> None:
        if self.epochs is not None and self.epochs < 1:
            raise ArgumentError(f"The number of epochs must be positive, got {self.epochs}.")
        if self.batch_size < 2 or self.synthesised < 1 or self.learning_rate <= 0:
            raise ArgumentError("batch_size must be 2 or more, synthesised and learning_rate positive.")
        if not 0 <= self.smoothing < 1:
            raise ArgumentError(f"smoothing must be from 0 to below 1, got {self.smoothing}.")


@dataclass(frozen=True)
class Training:
    """What `train` did; `measured` is None where nothing was kept to test on."""

    folder: Path
    source: str
    words: list[str]
    recordings: int
    spoken: int
    epochs: int
    seconds: float
    interrupted: bool
    threshold: float
    measured: Measured | None
    history: dict[str, list[float]]
    left_out: list[tuple[str, str]]
    notes: list[str]
    files: list[Path]


def train(
    recordings: Commands | None = None,
    words: Sequence[str] = (),
    settings: Settings | None = None,
    *,
    out: str | Path = OUT,
    seed: int | None = None,
    verbose: bool = True,
) -> Training:
    """Trains a network to hear words, and writes it with all that listening needs.

    Args:
        recordings: from `data.load`, or None to learn from synthesised speech alone.
        words: the commands; those without recordings are spoken by espeak-ng. By default the words of the recordings.
        settings: how to train.
        out: the folder to write to; a model in it is replaced.
        seed: makes the training repeatable.
        verbose: whether to show progress.

    Raises:
        DataError: there is nothing to learn from, or only one class.
        StateError: words have to be spoken, but espeak-ng is not installed.
        ArgumentError: a setting that makes no sense, or `out` is a file.
    """
    settings = settings or Settings()
    out = _prepare(out)
    seed = secrets.randbelow(2**31) if seed is None else seed
    tell: Callable[[str], None] = (lambda text: print(text, file=sys.stderr)) if verbose else (lambda text: None)
    material = _gather(recordings, words, settings, seed, tell)

    vt.set_random_seed(seed)
    log_mel = LogMel.at(material.sample_rate)
    augmentation = Augmentation(settings.strength, log_mel, material.samples, material.noises, seed)
    silence = material.words.index(SILENCE) if SILENCE in material.words else None
    batches = learning.Batches(
        material.sources, augmentation, len(material.words), silence, settings.batch_size, settings.smoothing, seed
    )
    epochs = settings.epochs or _epochs(len(batches) * settings.batch_size)
    network = build(log_mel.frames(material.samples), log_mel.mels, len(material.words), settings.size)
    network.compile(
        vt.train.adam(settings.learning_rate, 0.9, 0.99), loss="categoricalCrossentropy", metrics=["accuracy"]
    )
    recognizer = CommandModel(material.words, log_mel, material.samples, network)
    start = time.perf_counter()
    history = network.fit_dataset(
        batches,
        epochs=epochs,
        validation_data=_seen(recognizer, material.validation, settings.smoothing)
        if len(material.validation)
        else None,
        callbacks=learning.callbacks(settings.learning_rate, len(batches), epochs),
        verbose=verbose,
    )
    seconds = time.perf_counter() - start

    recognizer.threshold = _threshold(recognizer, material, settings.false_accepts_per_hour, seed)
    measured = None
    if len(material.test):
        measured = evaluation.measure(
            evaluation.score_examples(recognizer, material.test), material.test, material.words
        )
    about = {
        "source": material.name,
        "split": material.split,
        "fingerprint": material.fingerprint,
        "languages": list(settings.languages or ()),
        "spoken": material.spoken,
        "epochs": len(history.epoch),
        "seconds": round(seconds, 1),
        "test_accuracy": None if measured is None else measured.accuracy,
        "settings": dataclasses.asdict(settings),
        "seed": seed,
    }
    recognizer.save(out, training=about)
    files = [out / "model.json"]
    if measured is not None and importlib.util.find_spec("matplotlib") is not None:
        evaluation.write_confusion(out / CONFUSION, measured)
        files.append(out / CONFUSION)
    return Training(
        out,
        material.name,
        material.words,
        material.recordings,
        material.spoken,
        len(history.epoch),
        seconds,
        history.interrupted,
        recognizer.threshold,
        measured,
        history.history,
        [] if recordings is None else recordings.left_out,
        [] if recordings is None else recordings.notes,
        files,
    )


def evaluate(
    model: str | Path | CommandModel,
    recordings: Commands,
    *,
    false_accepts_per_hour: float | None = None,
    seed: int = 1,
) -> Measured:
    """Returns how right a model is on recordings that it has not learned from.

    Args:
        model: the folder that `train` wrote, or what `load` returned.
        recordings: from `data.load`, with the sample rate and length of the model. When the model has learned from these
            very recordings, those count that were kept; otherwise all.
        false_accepts_per_hour: the rate to choose a threshold for; by default the model's own threshold holds.
        seed: of the background in which nobody says a command.

    Raises:
        MissingFileError, FileFormatError, ArgumentError: the model cannot be used.
        DataError: no recording is of one of its words.
    """
    recognizer = model if isinstance(model, CommandModel) else load(model)
    learned_from = recognizer.metadata.get("training")
    fingerprint = learned_from.get("fingerprint") if isinstance(learned_from, dict) else None
    kept = fingerprint is not None and fingerprint == recordings.train.fingerprint()
    examples = recordings.test if kept else recordings.everything()
    examples = data.relabelled(examples, recordings.words, recognizer.words)
    if not len(examples):
        raise DataError(
            f"There is nothing to test on in {recordings.name}: no recording of {', '.join(recognizer.commands[:10])}"
            + (" that the model has not learned from." if kept else ".")
        )
    measured = evaluation.measure(evaluation.score_examples(recognizer, examples), examples, recognizer.words)
    scores = _background_scores(recognizer, examples, recordings.noises, seed)
    threshold = recognizer.threshold
    if false_accepts_per_hour is not None:
        threshold = evaluation.threshold_for(scores, recognizer.words, false_accepts_per_hour)
    hours = len(scores) * evaluation.STEP / 3600
    accepts = evaluation.false_accepts(scores, recognizer.words, threshold) / hours
    return dataclasses.replace(measured, false_accepts_per_hour=accepts, threshold=threshold)


def predict(model: str | Path | CommandModel, files: Sequence[str | Path]) -> list[dict[str, Any]]:
    """Hears the words in sound files.

    Args:
        model: the folder that `train` wrote, or what `load` returned.
        files: sounds of any kind, a word in each.

    Returns:
        For each file {"file", "label", "score", "scores"}; the scores are probabilities by word.

    Raises:
        MissingFileError, FileFormatError, DataError: the model or a file cannot be used.
        ArgumentError: the model hears no words.
    """
    recognizer = model if isinstance(model, CommandModel) else load(model)
    words = [sounds.read_word(file, recognizer.sample_rate, recognizer.samples).samples for file in files]
    if not words:
        return []
    return [
        {
            "file": str(file),
            "label": recognizer.words[int(row.argmax())],
            "score": float(row.max()),
            "scores": {word: float(score) for word, score in zip(recognizer.words, row, strict=True)},
        }
        for file, row in zip(files, recognizer.scores(np.stack(words)), strict=True)
    ]


@dataclass(frozen=True)
class _Material:
    """All that a training uses: `sources` are examples and how many of them an epoch has."""

    words: list[str]
    sample_rate: int
    samples: int
    sources: list[tuple[Examples, int]]
    validation: Examples
    test: Examples
    noises: list[np.ndarray]
    name: str
    split: str
    fingerprint: str | None
    recordings: int
    spoken: int


def _gather(
    recordings: Commands | None, words: Sequence[str], settings: Settings, seed: int, tell: Callable[[str], None]
) -> _Material:
    """Brings recordings and synthesised speech together."""
    commands = [synthesis.label_of(word) for word in words] or ([] if recordings is None else recordings.words)
    commands = [word for word in dict.fromkeys(commands) if word not in (UNKNOWN, SILENCE)]
    if not commands:
        raise DataError("There is nothing to learn: give recordings, or words to be spoken by espeak-ng with --words.")
    sample_rate = data.SAMPLE_RATES[0] if recordings is None else recordings.sample_rate
    samples = round(data.SECONDS * sample_rate) if recordings is None else recordings.samples
    has_unknown = settings.unknown and (
        synthesis.available() or (recordings is not None and bool(set(recordings.words) - set(commands) - {SILENCE}))
    )
    if settings.unknown and not has_unknown:
        tell('Without espeak-ng the model learns no other words. Run: pip install "velveteen[commands]"')
    names = commands + ([UNKNOWN] if has_unknown else []) + ([SILENCE] if settings.silence else [])
    if len(names) < 2:
        raise DataError(
            f'One word alone, "{commands[0]}", cannot be told from anything. Add words, or keep the others.'
        )
    parts = [data.nothing(samples)] * 3
    if recordings is not None:
        pieces = (recordings.train, recordings.validation, recordings.test)
        parts = [data.relabelled(piece, recordings.words, names) for piece in pieces]
    learned, validation, test = parts
    sources = [(learned, max(len(learned), min(_LEAST_EPOCH, 10 * len(learned))))] if len(learned) else []

    given = {synthesis.label_of(word): word for word in words}
    recorded = {names[label] for label in np.unique(learned.labels)}
    to_speak = [word for word in commands if settings.languages is not None or word not in recorded]
    per_word = len(learned) // max(1, len(recorded)) or settings.synthesised
    others = round(_UNKNOWN_SHARE * per_word) if has_unknown and UNKNOWN not in recorded else 0
    spoken = 0
    if to_speak or (others and synthesis.available()):
        speech = synthesis.speak(
            [given.get(word, word) for word in to_speak],
            settings.languages or ("en",),
            settings.synthesised,
            sample_rate=sample_rate,
            samples=samples,
            unknown=others,
            seed=seed,
            tell=tell,
        )
        speech = data.relabelled(speech, [*to_speak, UNKNOWN], names)
        spoken = len(speech)
        sources.append((speech, spoken))
    return _Material(
        names,
        sample_rate,
        samples,
        sources,
        validation,
        test,
        [] if recordings is None else [data.to_float(noise) for noise in recordings.noises],
        f"{spoken:,} words spoken by espeak-ng" if recordings is None else recordings.name,
        "" if recordings is None else recordings.split,
        None if recordings is None else recordings.train.fingerprint(),
        len(learned),
        spoken,
    )


def _epochs(examples: int) -> int:
    return min(max(round(_EXAMPLES / examples), _FEWEST_EPOCHS), _MOST_EPOCHS)


def _seen(recognizer: CommandModel, examples: Examples, smoothing: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns spectrograms and targets of examples as they are."""
    import torch

    with torch.no_grad():
        seen = recognizer.log_mel(torch.from_numpy(data.to_float(examples.waveforms))).numpy()
    return seen, np.eye(len(recognizer.words), dtype=np.float32)[examples.labels]


def _threshold(recognizer: CommandModel, material: _Material, per_hour: float, seed: int) -> float:
    """Returns the threshold for a rate, found on other words from the training and noise."""
    examples = data.together([source for source, _ in material.sources])
    scores = _background_scores(recognizer, examples, material.noises, seed)
    return evaluation.threshold_for(scores, recognizer.words, per_hour)


def _background_scores(
    recognizer: CommandModel, examples: Examples, noises: Sequence[np.ndarray], seed: int
) -> np.ndarray:
    """Returns the scores of ten minutes in which no command is spoken."""
    unknown = data.nothing(recognizer.samples)
    if UNKNOWN in recognizer.words:
        unknown = examples.pick(examples.labels == recognizer.words.index(UNKNOWN))
    floats = [data.to_float(noise) if noise.dtype == np.int16 else noise for noise in noises]
    stream = evaluation.background(unknown, floats, recognizer.sample_rate, _BACKGROUND_SECONDS, seed)
    return evaluation.score_stream(recognizer, stream)


def _prepare(out: str | Path) -> Path:
    """Makes the folder before the training, so that a wrong name costs no time."""
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise ArgumentError(f"{out} is a file, so the model cannot be written there. Give a folder's name.") from error
    return out
