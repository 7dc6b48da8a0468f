"""Teaches a model a voice and new words from a few recordings, without forgetting what it knew."""

from collections.abc import Callable
from typing import Any

import numpy as np

from velveteen.errors import ArgumentError, DataError
from velveteen.models import Sequential
from velveteen.recipes.commands import data, evaluation, synthesis
from velveteen.recipes.commands.augmentation import Strength
from velveteen.recipes.commands.data import SILENCE, UNKNOWN, Commands, Examples
from velveteen.recipes.commands.learning import Source
from velveteen.recipes.commands.material import Material
from velveteen.recipes.commands.recognizer import CommandModel
from velveteen.recipes.commands.settings import Settings

EPOCH = 700
"""Recordings in an epoch."""
REHEARSAL = 3 * EPOCH
"""Spoken examples in an epoch: with as many as recordings, a voice that is unlike the new one can lose several points."""
_REHEARSED = 120
"""Spoken examples of each word that the model knows."""


def settings(old: CommandModel) -> Settings:
    """Returns how a model is adapted."""
    return Settings(
        epochs=10,
        learning_rate=0.003,
        strength=Strength(unchanged=0.0, babble=old.babble),
        languages=tuple(old.languages) or None,
    )


def gather(old: CommandModel, recordings: Commands, seed: int, tell: Callable[[str], None]) -> Material:
    """Returns the recordings, and speech by which the model remembers what it knew.

    Raises:
        ArgumentError: the recordings have another sample rate or length than the model.
        DataError: there is nothing to learn from.
    """
    if (recordings.sample_rate, recordings.samples) != (old.sample_rate, old.samples):
        raise ArgumentError(
            f"The model hears {old.samples} samples at {old.sample_rate} Hz, but the recordings were loaded as "
            f"{recordings.samples} at {recordings.sample_rate} Hz. Load them with sample_rate={old.sample_rate} and "
            f"seconds={old.samples / old.sample_rate:g}."
        )
    new = [word for word in recordings.words if word not in old.words and word not in (UNKNOWN, SILENCE)]
    words = [*old.words, *new]
    pieces = (recordings.train, recordings.validation, recordings.test)
    learned, validation, test = (data.relabelled(piece, recordings.words, words) for piece in pieces)
    if not len(learned):
        raise DataError(f"There is nothing to learn from in {recordings.name}.")
    sources = [Source(learned, EPOCH)]
    rehearsed = _rehearsal(old, words, seed, tell)
    if len(rehearsed):
        # What the model hears in this speech it shall go on hearing, be it right or wrong.
        heard = evaluation.score_examples(old, rehearsed)
        targets = np.zeros((len(rehearsed), len(words)), np.float32)
        targets[:, : len(old.words)] = heard
        sources.append(Source(rehearsed, REHEARSAL, targets))
    return Material(
        words,
        old.sample_rate,
        old.samples,
        sources,
        validation,
        test,
        data.nothing(old.samples),
        [data.to_float(noise) for noise in recordings.noises],
        recordings.name,
        recordings.split,
        recordings.rule,
        [*old.learned_from, recordings.train.fingerprint()],
        old.texts,
        len(learned),
        len(rehearsed),
        recordings.left_out,
        recordings.notes,
    )


def grown(old: CommandModel, words: list[str]) -> CommandModel:
    """Returns a copy of a model that has room for more words; the old ones come first, and score as before."""
    if not isinstance(old.model, Sequential):
        raise ArgumentError("Only a sequential model can be adapted, as velveteen commands train writes it.")
    config = old.model.get_config()
    config["layers"][-1]["config"]["units"] = len(words)
    network = Sequential.from_config(config)
    layers: list[Any] = list(old.model.layers)
    copies: list[Any] = list(network.layers)
    for layer, copy in zip(layers[:-1], copies[:-1], strict=True):
        copy.set_weights(layer.get_weights())
    kernel, bias = map(np.asarray, layers[-1].get_weights())
    more = len(words) - len(old.words)
    # New words begin as the mean of the known ones, so that they are no less likely before they are learned.
    kernel = np.concatenate([kernel, np.repeat(kernel.mean(axis=1, keepdims=True), more, axis=1)], axis=1)
    bias = np.concatenate([bias, np.full(more, bias.mean(), np.float32)])
    copies[-1].set_weights([kernel, bias])
    return CommandModel(words, old.log_mel, old.samples, network, old.threshold, dict(old.metadata))


def _rehearsal(old: CommandModel, words: list[str], seed: int, tell: Callable[[str], None]) -> Examples:
    """Returns speech of the words that the model knows, and of others; nothing where espeak-ng is not installed."""
    if not synthesis.available():
        tell('Without espeak-ng the model may forget other voices. Run: pip install "velveteen[commands]"')
        return data.nothing(old.samples)
    languages = old.languages or ["en"]
    texts = [old.texts.get(word, word) for word in old.commands]
    return synthesis.speak(
        [text for text in texts if synthesis.can_say(text, languages)],
        languages,
        _REHEARSED,
        sample_rate=old.sample_rate,
        samples=old.samples,
        unknown=2 * _REHEARSED,
        besides=words,
        seed=seed,
        tell=tell,
    )
