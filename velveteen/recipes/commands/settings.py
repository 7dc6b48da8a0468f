"""How a training is done, and what it tells afterwards."""

from dataclasses import dataclass, field
from pathlib import Path

from velveteen.errors import ArgumentError
from velveteen.recipes.commands.augmentation import Strength
from velveteen.recipes.commands.evaluation import Measured


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
        sample_rate: samples a second, where there are no recordings that tell.
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
    sample_rate: int = 16000
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
    """What `train` did.

    `measured` is None where nothing was kept to test on; `false_accepts_per_hour` are those at the threshold in a background
    without commands, and more than the `wanted_per_hour` where a higher threshold would miss commands that are spoken in noise.
    """

    folder: Path
    source: str
    words: list[str]
    recordings: int
    spoken: int
    epochs: int
    seconds: float
    interrupted: bool
    threshold: float
    false_accepts_per_hour: float
    wanted_per_hour: float
    measured: Measured | None
    history: dict[str, list[float]]
    left_out: list[tuple[str, str]]
    notes: list[str]
    files: list[Path]
