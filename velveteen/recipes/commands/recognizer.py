"""A trained model with all it needs to hear words: the folder that `train` wrote, opened."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

import velveteen as vt
from velveteen.errors import ArgumentError, FileFormatError
from velveteen.recipes.commands.data import SILENCE, UNKNOWN
from velveteen.recipes.commands.detection import REFRACTORY, SMOOTHING, STEP, Detector
from velveteen.recipes.commands.features import LogMel

_LONGEST = 60
"""Seconds of a window; a file that asks for more is damaged or hostile."""


@dataclass
class CommandModel:
    """Hears words in windows of sound.

    Attributes:
        words: the names of the classes in the order of the scores; UNKNOWN and SILENCE can be among them.
        log_mel: the front end.
        samples: of a window.
        model: the network, [batch, frames, mels, 1] → [batch, words].
        threshold: the least score with which a word counts as heard in a stream.
        metadata: all of `userDefinedMetadata`.
    """

    words: list[str]
    log_mel: LogMel
    samples: int
    model: Any
    threshold: float = 0.5
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def sample_rate(self) -> int:
        """Samples a second of what it hears."""
        return self.log_mel.sample_rate

    @property
    def commands(self) -> list[str]:
        """The words without UNKNOWN and SILENCE."""
        return [word for word in self.words if word not in (UNKNOWN, SILENCE)]

    @property
    def training(self) -> dict[str, Any]:
        """What is known of how the model was trained."""
        found = self.metadata.get("training")
        return found if isinstance(found, dict) else {}

    @property
    def languages(self) -> list[str]:
        """In which espeak-ng said the words that the model has learned from; none, if it said no commands."""
        found = self.training.get("languages")
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    @property
    def texts(self) -> dict[str, str]:
        """What espeak-ng says for a word, where that is more than the word, such as "de:halt" for "halt"."""
        found = self.training.get("texts")
        return {word: text for word, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}

    @property
    def wanted_per_hour(self) -> float | None:
        """The false accepts an hour for which the threshold was chosen, if that is known."""
        found = self._settings.get("false_accepts_per_hour")
        return float(found) if isinstance(found, int | float) else None

    @property
    def babble(self) -> float:
        """How many of the examples it has learned from were heard while others talked, 0 to 1."""
        strength = self._settings.get("strength")
        found = strength.get("babble") if isinstance(strength, dict) else None
        return float(found) if isinstance(found, int | float) and 0 <= found <= 1 else 0.0

    @property
    def _settings(self) -> dict[str, Any]:
        found = self.training.get("settings")
        return found if isinstance(found, dict) else {}

    @property
    def learned_from(self) -> list[str]:
        """The fingerprints of the recordings that the model has learned from."""
        found = self.training.get("fingerprints")
        return [mark for mark in found if isinstance(mark, str)] if isinstance(found, list) else []

    @property
    def stride(self) -> int:
        """Frames from one look at a stream to the next: as many as are nearest to `detection.STEP`."""
        return max(1, round(STEP * self.sample_rate / self.log_mel.hop))

    @torch.no_grad()
    def scores(self, waveforms: np.ndarray) -> np.ndarray:
        """Returns the probabilities of the words.

        Args:
            waveforms: float32 [windows, samples], from -1 to 1.

        Returns:
            float32 [windows, words].
        """
        seen = self.log_mel(torch.from_numpy(np.ascontiguousarray(waveforms, dtype=np.float32)))
        return self.model.predict(seen, batch_size=256).numpy()

    def describe(self, **more: Any) -> dict[str, Any]:
        """Returns what has to be in `userDefinedMetadata`, and what else is given."""
        return {
            "recipe": "commands",
            "words": self.words,
            "silence": SILENCE if SILENCE in self.words else None,
            "unknown": UNKNOWN if UNKNOWN in self.words else None,
            "sample_rate": self.sample_rate,
            "samples": self.samples,
            "log_mel": self.log_mel.to_json(),
            "threshold": self.threshold,
            "listening": {"stride": self.stride, **self.detector().to_json()} if self.threshold > 0 else None,
            **more,
        }

    def detector(
        self, threshold: float | None = None, smoothing: float = SMOOTHING, refractory: float = REFRACTORY
    ) -> Detector:
        """Returns what finds words in the scores of a stream; the arguments are `Detector`'s."""
        step = self.stride * self.log_mel.hop / self.sample_rate
        return Detector(self.words, self.threshold if threshold is None else threshold, step, smoothing, refractory)

    def save(self, folder: str | Path, **more: Any) -> None:
        """Writes the model; `more` joins what is known of it already."""
        self.metadata = {**self.metadata, **self.describe(**more)}
        self.model.user_defined_metadata = self.metadata
        self.model.save(folder)


def load(folder: str | Path) -> CommandModel:
    """Returns the model in a folder.

    Raises:
        MissingFileError, FileFormatError: it cannot be used.
        ArgumentError: it hears no words.
    """
    model = vt.load_layers_model(folder)
    metadata = model.user_defined_metadata
    if not isinstance(metadata, dict) or metadata.get("recipe") != "commands":
        raise ArgumentError(f"The model in {folder} hears no words. Train one with velveteen commands train.")
    log_mel = LogMel.from_json(metadata.get("log_mel"))
    words, samples, threshold = (metadata.get(key) for key in ("words", "samples", "threshold"))
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words) or len(set(words)) != len(words):
        raise FileFormatError(f"The model in {folder} has no list of different words. Train it again.")
    if not isinstance(samples, int) or not log_mel.window <= samples <= _LONGEST * log_mel.sample_rate:
        raise FileFormatError(f"The model in {folder} has {samples!r:.50} as its number of samples. Train it again.")
    if not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise FileFormatError(f"The model in {folder} has {threshold!r:.50} as its threshold. Train it again.")
    shapes = [list(tensor.shape[1:]) for tensor in (*model.inputs, *model.outputs)]
    expected = [[log_mel.frames(samples), log_mel.mels, 1], [len(words)]]
    if shapes != expected:
        raise FileFormatError(
            f"The network in {folder} does not fit its description: it should take {expected[0]} and give {expected[1]}, "
            f"but has {' and '.join(map(str, shapes))}. Train it again."
        )
    return CommandModel(words, log_mel, samples, model, float(threshold), metadata)
