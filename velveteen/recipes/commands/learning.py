"""What a training learns from: batches of changed recordings, silence among them, new ones in every epoch."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from velveteen.recipes._learning import AveragedWeights, CosineSchedule
from velveteen.recipes.commands.augmentation import Augmentation
from velveteen.recipes.commands.data import Examples, to_float
from velveteen.recipes.commands.recognizer import CommandModel

_SILENT = -1
"""Stands for the number of a source where there is none."""


class KeepAverages(AveragedWeights):
    """Ends a training with the averaged weights in the network."""

    def on_train_end(self, logs: dict[str, Any]) -> None:
        with torch.no_grad():
            for parameter, average in zip(self.model.parameters(), self.ready(), strict=True):
                parameter.copy_(average)


def callbacks(learning_rate: float, steps: int, epochs: int) -> list[Any]:
    """Returns what a training of so many steps an epoch does beside them."""
    return [CosineSchedule(learning_rate, steps, epochs), KeepAverages()]


def seen(recognizer: CommandModel, examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    """Returns spectrograms and targets of examples as they are, to validate on."""
    with torch.no_grad():
        spectrograms = recognizer.log_mel(torch.from_numpy(to_float(examples.waveforms))).numpy()
    return spectrograms, np.eye(len(recognizer.words), dtype=np.float32)[examples.labels]


@dataclass(frozen=True)
class Source:
    """Examples, how many of them an epoch has, and what is to be learned of them if it is not their labels.

    Attributes:
        examples: any number.
        count: in an epoch; all of them get there equally often.
        targets: float32 [examples, classes], probabilities.
    """

    examples: Examples
    count: int
    targets: np.ndarray | None = None


@dataclass(frozen=True)
class Batches:
    """Batches for `fit_dataset`: (spectrograms [batch, frames, mels, 1], labels [batch, classes]).

    Attributes:
        sources: the examples.
        augmentation: what becomes of them.
        classes: how many words.
        silence: the label of silence, or None; it gets as many examples as a word has on average.
        batch_size: examples in a batch.
        smoothing: how much of a label goes to all the other words.
        seed: of the order.
        epoch: the number of the next epoch, in a list of one, which each epoch raises.
    """

    sources: list[Source]
    augmentation: Augmentation
    classes: int
    silence: int | None
    batch_size: int
    smoothing: float
    seed: int
    epoch: list[int] = field(default_factory=lambda: [0])

    @property
    def silent(self) -> int:
        """Examples of silence in an epoch."""
        spoken = sum(source.count for source in self.sources)
        return 0 if self.silence is None else max(1, spoken // max(1, self.classes - 1))

    def __len__(self) -> int:
        # The last batch is never a small one, whose statistics would mislead batch normalization.
        return max(1, (sum(source.count for source in self.sources) + self.silent) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        chance = np.random.default_rng([self.seed, self.epoch[0]])
        self.epoch[0] += 1
        drawn = [
            (number, place)
            for number, source in enumerate(self.sources)
            for place in _draw(len(source.examples), source.count, chance)
        ]
        order = np.array(drawn + [(_SILENT, 0)] * self.silent)
        order = order[chance.permutation(len(order))]
        for number in range(len(self)):
            yield self._batch(order[number * self.batch_size : (number + 1) * self.batch_size])

    def _batch(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        waveforms = np.zeros((len(chosen), self.augmentation.samples), dtype=np.float32)
        targets = np.zeros((len(chosen), self.classes), dtype=np.float32)
        if self.silence is not None:
            targets[chosen[:, 0] == _SILENT, self.silence] = 1
        for number, source in enumerate(self.sources):
            rows = np.flatnonzero(chosen[:, 0] == number)
            places = chosen[rows, 1]
            waveforms[rows] = to_float(source.examples.waveforms[places])
            if source.targets is None:
                targets[rows, source.examples.labels[places]] = 1
            else:
                targets[rows] = source.targets[places]
        targets = targets * (1 - self.smoothing) + self.smoothing / self.classes
        with torch.no_grad():
            return self.augmentation(torch.from_numpy(waveforms)).numpy(), targets


def _draw(size: int, count: int, chance: np.random.Generator) -> np.ndarray:
    """Returns so many places of that many, all of them equally often."""
    if not size:
        return np.zeros(0, np.int64)
    return np.concatenate([chance.permutation(size) for _ in range(-(-count // size))])[:count]
