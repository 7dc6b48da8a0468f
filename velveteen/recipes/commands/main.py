"""The settings, and train, evaluate and predict, which `velveteen commands` calls."""

import dataclasses
import importlib.util
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import velveteen as vt
from velveteen.errors import DataError
from velveteen.recipes._folders import prepare
from velveteen.recipes.commands import adaptation, data, evaluation, learning, sounds
from velveteen.recipes.commands.augmentation import Augmentation, for_speech
from velveteen.recipes.commands.data import SILENCE, Commands
from velveteen.recipes.commands.evaluation import Measured
from velveteen.recipes.commands.features import LogMel
from velveteen.recipes.commands.learning import Batches
from velveteen.recipes.commands.material import Material, gather, other_words
from velveteen.recipes.commands.model import build
from velveteen.recipes.commands.recognizer import CommandModel, load
from velveteen.recipes.commands.settings import Settings, Training

__all__ = ["OUT", "CommandModel", "Settings", "Training", "adapt", "evaluate", "load", "predict", "train"]

OUT = Path("commands-model")
CONFUSION = "confusion.png"
_EXAMPLES = 80_000
"""That a training sees, if no number of epochs is given."""
_FEWEST_EPOCHS, _MOST_EPOCHS = 6, 60
_MOST_ASKED = 500
"""Examples that are asked for the scores that commands reach."""
_OTHER_SEED = 1000
"""Is added to a seed for words that the model shall not have learned."""


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
    out = prepare(out)
    seed = _seeded(seed)
    material = gather(recordings, words, settings, seed, _telling(verbose))
    vt.set_random_seed(seed)
    log_mel = LogMel.at(material.sample_rate)
    network = build(log_mel.frames(material.samples), log_mel.mels, len(material.words), settings.size)
    recognizer = CommandModel(material.words, log_mel, material.samples, network)
    return _taught(recognizer, material, settings, out, seed, verbose)


def adapt(
    model: str | Path | CommandModel,
    recordings: Commands,
    *,
    out: str | Path,
    seed: int | None = None,
    verbose: bool = True,
) -> Training:
    """Teaches a model a voice, and words that it did not know, from as few as 3 recordings a word; it keeps what it knew.

    Args:
        model: the folder that `train` wrote, or what `load` returned.
        recordings: from `data.load`, with `sample_rate` and `seconds` as the model has them; its train part is learned
            from, its test part, if there is one, is what `measured` tells about.
        out: the folder to write to; it can be the model's own.
        seed: makes it repeatable.
        verbose: whether to show progress.

    Returns:
        As `train`; its words are the model's, then the new ones.

    Raises:
        MissingFileError, FileFormatError, ArgumentError: the model cannot be used, or the recordings have another sample
            rate or length than it.
        DataError: there is nothing to learn from.
    """
    old = model if isinstance(model, CommandModel) else load(model)
    out = prepare(out)
    seed = _seeded(seed)
    material = adaptation.gather(old, recordings, seed, _telling(verbose))
    vt.set_random_seed(seed)
    recognizer = adaptation.grown(old, material.words)
    return _taught(recognizer, material, adaptation.settings(old), out, seed, verbose)


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
    kept = recordings.train.fingerprint() in recognizer.learned_from
    examples = recordings.test if kept else recordings.everything()
    examples = data.relabelled(examples, recordings.words, recognizer.words)
    if not len(examples):
        raise DataError(
            f"There is nothing to test on in {recordings.name}: no recording of {', '.join(recognizer.commands[:10])}"
            + (" that the model has not learned from." if kept else ".")
        )
    measured = evaluation.measure(evaluation.score_examples(recognizer, examples), examples, recognizer.words)
    others = other_words(
        recognizer.words,
        [examples],
        recognizer.sample_rate,
        recognizer.samples,
        recognizer.languages,
        _OTHER_SEED + seed,
    )
    scores = evaluation.background_scores(recognizer, others, recordings.noises, seed, bool(recognizer.babble))
    threshold, wanted = recognizer.threshold, recognizer.wanted_per_hour
    if false_accepts_per_hour is not None:
        threshold = evaluation.threshold_for(scores, recognizer.words, false_accepts_per_hour)
        wanted = false_accepts_per_hour
    accepts = evaluation.false_accepts_per_hour(scores, recognizer.words, threshold)
    return dataclasses.replace(measured, false_accepts_per_hour=accepts, threshold=threshold, wanted_per_hour=wanted)


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


def _taught(
    recognizer: CommandModel, material: Material, settings: Settings, out: Path, seed: int, verbose: bool
) -> Training:
    """Trains a network on what there is, tests it, and writes it."""
    strength = settings.strength if material.recordings else for_speech(settings.strength)
    talk = material.talk(seed) if strength.babble else None
    augmentation = Augmentation(strength, recognizer.log_mel, material.samples, material.noises, talk, seed)
    silence = material.words.index(SILENCE) if SILENCE in material.words else None
    batches = Batches(
        material.sources, augmentation, len(material.words), silence, settings.batch_size, settings.smoothing, seed
    )
    epochs = settings.epochs or _epochs(len(batches) * settings.batch_size)
    recognizer.model.compile(
        vt.train.adam(settings.learning_rate, 0.9, 0.99),
        loss="categoricalCrossentropy",
        metrics=["accuracy"],
        precision="auto",
    )
    start = time.perf_counter()
    history = recognizer.model.fit_dataset(
        batches,
        epochs=epochs,
        validation_data=learning.seen(recognizer, material.validation) if len(material.validation) else None,
        callbacks=learning.callbacks(settings.learning_rate, len(batches), epochs),
        verbose=verbose,
    )
    seconds = time.perf_counter() - start

    others = other_words(
        material.words,
        [material.validation, material.aside],
        material.sample_rate,
        material.samples,
        settings.languages or (),
        _OTHER_SEED + seed,
    )
    heard = evaluation.background_scores(recognizer, others, material.noises, seed, bool(strength.babble))
    usable = evaluation.usable_threshold(_scores_of_commands(recognizer, material, augmentation))
    recognizer.threshold = evaluation.threshold_for(heard, material.words, settings.false_accepts_per_hour, most=usable)
    measured = None
    if len(material.test):
        scores = evaluation.score_examples(recognizer, material.test)
        measured = evaluation.measure(scores, material.test, material.words)
    about = {
        "source": material.name,
        "split": material.split,
        "rule": material.rule,
        "fingerprints": material.fingerprints,
        "languages": list(settings.languages or ()),
        "texts": material.texts,
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
        evaluation.false_accepts_per_hour(heard, material.words, recognizer.threshold),
        settings.false_accepts_per_hour,
        measured,
        history.history,
        material.left_out,
        material.notes,
        files,
    )


def _scores_of_commands(recognizer: CommandModel, material: Material, augmentation: Augmentation) -> np.ndarray:
    """Returns the scores of some commands that were learned, changed as they were then: in noise, rooms and all."""
    examples = data.together(source.examples for source in material.sources)
    commands = [recognizer.words.index(word) for word in recognizer.commands]
    places = np.flatnonzero(np.isin(examples.labels, commands))
    some = examples.pick(places[:: max(1, len(places) // _MOST_ASKED)])
    if not len(some):
        return np.zeros(0)
    with torch.no_grad():
        changed = augmentation.sounds(torch.from_numpy(data.to_float(some.waveforms))).numpy()
    return recognizer.scores(changed)[np.arange(len(some)), some.labels]


def _epochs(examples: int) -> int:
    return min(max(round(_EXAMPLES / examples), _FEWEST_EPOCHS), _MOST_EPOCHS)


def _telling(verbose: bool) -> Callable[[str], None]:
    return (lambda text: print(text, file=sys.stderr)) if verbose else (lambda text: None)


def _seeded(seed: int | None) -> int:
    return secrets.randbelow(2**31) if seed is None else seed
