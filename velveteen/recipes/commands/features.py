"""The log-mel spectrogram: what the network sees of a sound, here and in a browser."""

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import torch

from velveteen.errors import ArgumentError, FileFormatError

_SECONDS = 0.032
"""Of a frame, about: long enough to tell harmonics of a voice from each other, short enough for a plosive."""
_LARGEST_WINDOW = 8192
_MOST_MELS = 256
_MOST_SAMPLES_A_SECOND = 192_000


@dataclass(frozen=True)
class LogMel:
    """Sound as loudness by time and pitch, from 0 (`decibels` below the loudest place, or less) to 1 (the loudest).

    Frame by frame: cut `window` samples every `hop` samples, without padding; multiply by the periodic Hann window
    `0.5 - 0.5·cos(2π·n/window)`; real Fourier transform; squared magnitudes of its `window/2 + 1` bins; weighted sums of
    them by `mels` triangles of height 1 whose corners are equally far apart on HTK's mel scale
    (`2595·log10(1 + hertz/700)`) from `low` to `high`. Then `10·log10(max(power, floor))`, the maximum over the clip taken
    off, values below `-decibels` raised to it, divided by `decibels`, plus 1. So a clip sounds the same however loud it is.

    Source of the mel scale: S. Young et al., "The HTK Book", 3.4, 2006, section 5.4.

    Attributes:
        sample_rate: samples a second.
        window: samples in a frame, a power of two.
        hop: samples from one frame's start to the next one's.
        mels: triangles.
        low, high: what the triangles span, in hertz.
        floor: the least power, so that the logarithm of silence is finite.
        decibels: how much quieter than the loudest place something can be and still be seen.
    """

    sample_rate: int = 16000
    window: int = 512
    hop: int = 256
    mels: int = 40
    low: float = 60.0
    high: float = 7600.0
    floor: float = 1e-9
    decibels: float = 45.0

    def __post_init__(self) -> None:
        whole = {
            "sample_rate": _MOST_SAMPLES_A_SECOND,
            "window": _LARGEST_WINDOW,
            "hop": self.window,
            "mels": _MOST_MELS,
        }
        for name, most in whole.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise ArgumentError(f"LogMel needs {name} from 1 to {most}, got {value!r}.")
        for name in ("low", "high", "floor", "decibels"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
                raise ArgumentError(f"LogMel needs a number as {name}, got {value!r}.")
        if self.window < 4 or self.window & (self.window - 1):
            raise ArgumentError(f"LogMel needs a window that is a power of two, 4 or more, got {self.window}.")
        if not 0 <= self.low < self.high <= self.sample_rate / 2:
            raise ArgumentError(
                f"LogMel needs 0 ≤ low < high ≤ {self.sample_rate / 2:g} Hz (half the sample rate), got low={self.low:g} "
                f"and high={self.high:g}."
            )
        if self.floor <= 0 or self.decibels <= 0:
            raise ArgumentError(f"LogMel needs floor and decibels above 0, got {self.floor:g} and {self.decibels:g}.")

    @classmethod
    def at(cls, sample_rate: int, **settings: Any) -> Self:
        """Returns the front end for a sample rate: frames of about 32 ms, half a frame apart, and all a voice needs."""
        window = 2 ** max(2, round(math.log2(_SECONDS * max(1, sample_rate))))
        fitting = {"window": window, "hop": window // 2, "high": min(7600.0, 0.475 * sample_rate)}
        return cls(sample_rate=sample_rate, **{**fitting, **settings})

    def to_json(self) -> dict[str, Any]:
        """Returns the parameters, for `userDefinedMetadata`."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Returns the front end that `to_json` described.

        Raises:
            FileFormatError: this is no such description.
        """
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(value, dict) or set(value) != names:
            raise FileFormatError(
                f"The description of a log-mel spectrogram should have {', '.join(sorted(names))}, but is "
                f"{value!r:.200}. Train the model again."
            )
        try:
            return cls(**value)
        except ArgumentError as error:
            raise FileFormatError(f"The description of a log-mel spectrogram makes no sense: {error}") from error

    def place(self, hertz: float) -> float:
        """Returns where a pitch lies among the triangles: at 0 the middle of the first one, at 1 that of the second."""
        return (_mel(hertz) - _mel(self.low)) / (_mel(self.high) - _mel(self.low)) * (self.mels + 1) - 1

    def frames(self, samples: int) -> int:
        """Returns the number of frames in so many samples."""
        return max(0, 1 + (samples - self.window) // self.hop)

    def __call__(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Returns what the network sees of sounds.

        Args:
            waveforms: float32 [batch, samples], from -1 to 1; at least `window` samples.

        Returns:
            float32 [batch, frames, mels, 1], from 0 to 1.

        Raises:
            ArgumentError: fewer samples than a window has.
        """
        return self.compress(self.power(waveforms) @ self.filters.to(waveforms.device))

    def power(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Returns the squared magnitudes of sounds [batch, samples]: [batch, frames, window/2 + 1]."""
        if waveforms.ndim != 2 or waveforms.shape[1] < self.window:
            raise ArgumentError(
                f"LogMel expects sounds as [batch, at least {self.window} samples], got {list(waveforms.shape)}."
            )
        frames = waveforms.unfold(1, self.window, self.hop) * self.hann.to(waveforms.device)
        spectrum = torch.fft.rfft(frames)
        return spectrum.real.square() + spectrum.imag.square()

    def compress(self, energies: torch.Tensor) -> torch.Tensor:
        """Returns energies [batch, frames, mels] as what the network sees: [batch, frames, mels, 1]."""
        level = 10 * energies.clamp(min=self.floor).log10()
        below = (level - level.amax((1, 2), keepdim=True)).clamp(min=-self.decibels)
        return (below / self.decibels + 1).unsqueeze(-1)

    @cached_property
    def hann(self) -> torch.Tensor:
        """The window, float32 [window]."""
        return torch.hann_window(self.window, periodic=True, dtype=torch.float64).float()

    @cached_property
    def filters(self) -> torch.Tensor:
        """The triangles, float32 [window/2 + 1, mels]."""
        return self.filters_for(1.0)

    def filters_for(self, warp: float) -> torch.Tensor:
        """Returns the triangles as a vocal tract of another length needs them: all corners times `warp`.

        Formants of a tract that is `warp` times shorter lie `warp` times higher; these filters take them back.
        """
        low, high = _mel(self.low), _mel(self.high)
        corners = [warp * _hertz(low + (high - low) * i / (self.mels + 1)) for i in range(self.mels + 2)]
        left, center, right = (torch.tensor(corners[i : i + self.mels], dtype=torch.float64) for i in range(3))
        bins = torch.arange(self.window // 2 + 1, dtype=torch.float64)[:, None] * (self.sample_rate / self.window)
        rising, falling = (bins - left) / (center - left), (right - bins) / (right - center)
        return torch.minimum(rising, falling).clamp(min=0).float()


def _mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)


def _hertz(mel: float) -> float:
    return 700 * (10 ** (mel / 2595) - 1)
