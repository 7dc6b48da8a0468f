"""Makes of each recording a new one every time: another speed, voice, room, microphone and background, a batch at once."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from velveteen.errors import ArgumentError
from velveteen.recipes.commands.features import LogMel

_SPOKEN = (0.01, 0.06)
"""Of the largest amplitude; what is fainter than this, or in other recordings than that, is cut off around a word."""
_MARGIN = (-0.06, 0.12)
"""Seconds that are left before and after a word, from the fewest to the most: some recordings begin or end within it."""
_TELEPHONE = 3400.0
"""Hertz; no microphone hears less than a telephone does, or nobody could tell six from eight."""
_SILENT = 0.1
"""Stands for the loudness of a recording in which nobody speaks, and which has none of its own."""
_TALKERS = 5
"""At most, in babble."""
_FAINTER = 6.0
"""Decibels by which one of them can be fainter than another."""
_KNOTS = (9, 6)
"""Over time and pitch, between which decibels are interpolated: an eighth of a second, and a fifth of all pitches."""
_WARPS = 25
"""Different lengths of the vocal tract, for each of which there are filters."""


@dataclass(frozen=True)
class Strength:
    """How much recordings are changed; of each range a value is drawn for each recording, in each epoch.

    Attributes:
        unchanged: how many are left as they are.
        shift: seconds, by how much a word is moved in its window at most, to either side.
        speed: how much faster a recording is played at most (1.2 is a fifth faster, or slower); pitch and formants follow.
        tract: how much shorter or longer the vocal tract is made at most; only formants follow.
        noisy: how many recordings get noise, 0 to 1.
        noise: decibels, the loudest and the faintest noise, as the speech above it.
        voices: how many get another recording's word mixed in, faintly.
        babble: how many are heard while several people say other words, and so many of the silent ones; with it, a model is
            made for streams in which people talk.
        crowd: decibels, the loudest and the faintest babble, as the speech above it.
        rooms: how many are put into a room.
        reverberation: seconds, the shortest and the longest time in which a room's echo falls by 60 dB.
        framed: how many have nothing at all around the word, as recordings that were cut have when they are made longer.
        bands: how many are heard through another microphone or telephone: bands cut off, treble or bass raised.
        uneven: decibels, the standard deviation of what loudness is raised by at some times and pitches, and smoothly between
            them: nobody's consonants, vowels and formants are as loud beside each other as another's.
        masks: how many stretches of time and how many of pitch are hidden in each spectrogram.
        mask_frames, mask_mels: how long those are at most.
    """

    unchanged: float = 0.25
    shift: float = 0.12
    speed: float = 1.2
    tract: float = 1.2
    noisy: float = 0.7
    noise: tuple[float, float] = (3.0, 45.0)
    voices: float = 0.1
    babble: float = 0.0
    crowd: tuple[float, float] = (3.0, 20.0)
    rooms: float = 0.3
    reverberation: tuple[float, float] = (0.05, 0.6)
    framed: float = 0.35
    bands: float = 0.5
    uneven: float = 0.0
    masks: int = 1
    mask_frames: int = 8
    mask_mels: int = 6

    def __post_init__(self) -> None:
        for name in ("unchanged", "noisy", "voices", "babble", "rooms", "framed", "bands"):
            if not 0 <= getattr(self, name) <= 1:
                raise ArgumentError(f"The share of {name} must be from 0 to 1, got {getattr(self, name)}.")
        if self.speed < 1 or self.tract < 1 or self.shift < 0:
            raise ArgumentError("speed and tract must be 1 or more, and shift not negative.")


NONE = Strength(0, 0, 1, 1, 0, voices=0, rooms=0, framed=0, bands=0, masks=0)
"""Leaves recordings as they are."""


def for_speech(strength: Strength) -> Strength:
    """Returns how synthesised speech is changed where there are no recordings beside it.

    Nobody sounds quite as espeak-ng does, so it is always changed, and its loudness unevenly. Its voices are of many pitches and
    vocal tracts already: with more of that, vowels become each other.
    """
    return dataclasses.replace(strength, unchanged=0.0, speed=1.1, tract=1.15, noisy=0.5, framed=0.6, uneven=3.0)


class Augmentation:
    """Changes recordings, and makes spectrograms of them.

    Args:
        strength: how much.
        log_mel: the front end.
        samples: of each recording.
        noises: float32 [any number], recordings without words, which are mixed in beside computed noise.
        talk: float32 [any number], what people say in babble, without pauses; if it is short there is none.
        seed: the same seed gives the same changes.
    """

    def __init__(
        self,
        strength: Strength,
        log_mel: LogMel,
        samples: int,
        noises: Sequence[np.ndarray] = (),
        talk: np.ndarray | None = None,
        seed: int = 0,
    ):
        self.strength = strength
        self.log_mel = log_mel
        self.samples = samples
        self.noises = [torch.from_numpy(noise) for noise in noises if len(noise) > samples]
        long_enough = talk is not None and len(talk) > 2 * samples
        self.talk = torch.from_numpy(talk).unfold(0, samples, 1) if long_enough else torch.zeros(0, samples)
        self.random = torch.Generator().manual_seed(seed)
        self._hertz = torch.fft.rfftfreq(samples, 1 / log_mel.sample_rate)
        warps = torch.linspace(-math.log(strength.tract), math.log(strength.tract), _WARPS).exp().tolist()
        self._filters = torch.stack([log_mel.filters_for(warp) for warp in warps])

    def __call__(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Returns spectrograms of recordings, most of which were changed.

        Args:
            waveforms: float32 [batch, samples].

        Returns:
            float32 [batch, frames, mels, 1].
        """
        seen = self.masked(self.spectrograms(self.sounds(waveforms)))
        if self.strength.unchanged:
            kept = self._uniform(len(waveforms), 0, 1) < self.strength.unchanged
            if kept.any():  # there is no Fourier transform of nothing
                seen[kept] = self.log_mel(waveforms[kept])
        return seen

    def sounds(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Returns changed recordings, float32 [batch, samples]; a silent one becomes noise, or stays silent."""
        moved = self._moved(waveforms) if self.strength.shift or self.strength.speed > 1 else waveforms
        spectra = torch.fft.rfft(moved)
        if self.strength.rooms:
            spectra = spectra * torch.fft.rfft(self._rooms(len(moved)))
        if self.strength.bands:
            spectra = spectra * self._microphones(len(moved))
        clean = torch.fft.irfft(spectra, n=self.samples)
        noisy = self._with_noise(clean) if self.strength.noisy or self.strength.voices else clean
        if self.strength.babble and len(self.talk):
            noisy = self._with_babble(noisy, clean)
        return self._framed(noisy, clean) if self.strength.framed else noisy

    def spectrograms(self, sounds: torch.Tensor) -> torch.Tensor:
        """Returns log-mel spectrograms [batch, frames, mels, 1] of sounds, as from vocal tracts of other lengths."""
        power = self.log_mel.power(sounds)
        if self.strength.tract == 1:
            energies = power @ self.log_mel.filters
        else:
            warps = torch.randint(_WARPS, (len(sounds),), generator=self.random)
            energies = torch.bmm(power, self._filters[warps])
        if self.strength.uneven:
            energies = energies * 10 ** (self._hills(*energies.shape) / 10)
        return self.log_mel.compress(energies)

    def masked(self, spectrograms: torch.Tensor) -> torch.Tensor:
        """Returns spectrograms with stretches hidden.

        Source: D. Park et al., "SpecAugment", arXiv:1904.08779.
        """
        batch, frames, mels, _ = spectrograms.shape
        for _ in range(self.strength.masks):
            for axis, size, longest in (
                (1, frames, self.strength.mask_frames),
                (2, mels, self.strength.mask_mels),
            ):
                length = self._uniform(batch, 0, longest + 1).floor()
                start = (self._uniform(batch, 0, 1) * (size - length)).floor()
                places = torch.arange(size)
                hidden = (places >= start[:, None]) & (places < (start + length)[:, None])
                spectrograms = spectrograms.masked_fill(
                    hidden[:, :, None, None] if axis == 1 else hidden[:, None, :, None], 0
                )
        return spectrograms

    def _moved(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Returns recordings played faster or slower around the middle of the window, and moved."""
        count = len(waveforms)
        reach = math.log(self.strength.speed)
        speed = self._uniform(count, -reach, reach).exp()[:, None]
        most = self.strength.shift * self.log_mel.sample_rate
        shift = self._uniform(count, -most, most)[:, None]
        middle = (self.samples - 1) / 2
        places = (torch.arange(self.samples) - middle - shift) * speed + middle
        left = places.floor()
        between = places - left
        left = left.long()
        inside = (left >= 0) & (left < self.samples - 1)
        left = left.clamp(0, self.samples - 2)
        low, high = waveforms.gather(1, left), waveforms.gather(1, left + 1)
        return torch.lerp(low, high, between) * inside

    def _rooms(self, count: int) -> torch.Tensor:
        """Returns impulse responses [count, samples]: the direct sound, then noise that dies away; for most only the former."""
        rate = self.log_mel.sample_rate
        length = min(self.samples, round(self.strength.reverberation[1] * rate))
        time = torch.arange(length) / rate
        seconds = self._uniform(count, *self.strength.reverberation)[:, None]
        echo = self._normal(count, length) * (-math.log(1000) * time / seconds).exp()
        echo[:, : max(1, rate // 500)] = 0  # nothing comes back from a wall within 2 ms
        loudness = self._uniform(count, 0.1, 1.2)[:, None]
        chosen = (self._uniform(count, 0, 1) < self.strength.rooms)[:, None]
        echo = echo * (chosen * loudness / echo.square().sum(1, keepdim=True).sqrt())
        rooms = torch.zeros(count, self.samples)
        rooms[:, :length] = echo
        rooms[:, 0] = 1
        return rooms

    def _microphones(self, count: int) -> torch.Tensor:
        """Returns how loud microphones make each frequency [count, samples/2 + 1]."""
        octaves = (self._hertz / 1000).clamp(min=0.02).log2()
        tilt = self._uniform(count, -4, 4)[:, None]
        top = self.log_mel.high
        low = self._uniform(count, 0, 300)[:, None]
        high = self._uniform(count, max(_TELEPHONE, 0.6 * top), 1.3 * top)[:, None]
        # Filters of order 2: 12 dB an octave outside of the band.
        decibels = tilt * octaves
        decibels = decibels - 10 * (1 + (low / self._hertz.clamp(min=1)) ** 4).log10()
        decibels = decibels - 10 * (1 + (self._hertz / high) ** 4).log10()
        wiggle = self._uniform(count, 0, 4)[:, None] * torch.cos(
            octaves * self._uniform(count, 1, 6)[:, None] + self._uniform(count, 0, 2 * math.pi)[:, None]
        )
        chosen = (self._uniform(count, 0, 1) < self.strength.bands)[:, None]
        return 10 ** ((decibels + wiggle) * chosen / 20)

    def _with_noise(self, sounds: torch.Tensor) -> torch.Tensor:
        """Returns sounds in noise of any colour, or recorded noise, and with faint words of others."""
        count = len(sounds)
        noise = self._recorded(self._colored(count)) if self.noises else self._colored(count)
        loud = sounds.square().mean(1, keepdim=True).sqrt()
        reference = torch.where(loud > 1e-6, loud, _SILENT)
        above = self._uniform(count, *self.strength.noise)[:, None]
        chosen = (self._uniform(count, 0, 1) < self.strength.noisy)[:, None]
        noisy = sounds + noise * (reference * 10 ** (-above / 20) * chosen)
        if self.strength.voices:
            others = sounds.roll(1, 0).roll(int(torch.randint(self.samples, (1,), generator=self.random)), 1)
            level = others.square().mean(1, keepdim=True).sqrt().clamp(min=1e-6)
            faint = 10 ** (-self._uniform(count, 8, 25) / 20)
            faint *= self._uniform(count, 0, 1) < self.strength.voices
            noisy = noisy + others * (faint[:, None] * loud / level)
        return noisy

    def _with_babble(self, sounds: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
        """Returns sounds, in some of which several people talk beside what is spoken in `clean`."""
        rows = torch.nonzero(self._uniform(len(sounds), 0, 1) < self.strength.babble).flatten()
        babble = torch.zeros(len(rows), self.samples)
        talkers = torch.randint(1, _TALKERS + 1, (len(rows),), generator=self.random)
        for number in range(_TALKERS):
            loudness = 10 ** (-self._uniform(len(rows), 0, _FAINTER) / 20) * (number < talkers)
            starts = torch.randint(len(self.talk), (len(rows),), generator=self.random)
            babble += loudness[:, None] * self.talk[starts]
        babble /= babble.square().mean(1, keepdim=True).sqrt().clamp(min=1e-6)
        loud = clean[rows].square().mean(1, keepdim=True).sqrt()
        above = self._uniform(len(rows), *self.strength.crowd)[:, None]
        level = torch.where(loud > 1e-6, loud, _SILENT) * 10 ** (-above / 20)
        return sounds.index_add(0, rows, babble * level)

    def _framed(self, sounds: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
        """Returns sounds of which some are silent before and after what is spoken in `clean`."""
        count = len(sounds)
        faint, loudest = map(math.log, _SPOKEN)
        least = self._uniform(count, faint, loudest).exp()[:, None]
        loud = clean.abs() > least * clean.abs().amax(1, keepdim=True)
        places = torch.arange(self.samples)
        first = torch.where(loud, places, self.samples).amin(1)
        last = torch.where(loud, places, -1).amax(1)
        margin = self._uniform(2 * count, *_MARGIN).view(2, count) * self.log_mel.sample_rate
        outside = (places < (first - margin[0])[:, None]) | (places > (last + margin[1])[:, None])
        chosen = (self._uniform(count, 0, 1) < self.strength.framed) & (last >= 0)
        return sounds.masked_fill(outside & chosen[:, None], 0)

    def _hills(self, count: int, frames: int, mels: int) -> torch.Tensor:
        """Returns decibels [count, frames, mels] that change smoothly over time and pitch."""
        knots = self.strength.uneven * self._normal(count, 1, *_KNOTS)
        return torch.nn.functional.interpolate(knots, (frames, mels), mode="bilinear", align_corners=True)[:, 0]

    def _colored(self, count: int) -> torch.Tensor:
        """Returns noise of loudness 1 [count, samples]: its power falls as frequency^-color, from violet to brown."""
        color = self._uniform(count, -1, 2)[:, None]
        shape = (self._hertz.clamp(min=20.0) / 1000) ** (-color / 2)
        spectra = torch.complex(self._normal(*shape.shape), self._normal(*shape.shape)) * shape
        noise = torch.fft.irfft(spectra, n=self.samples)
        return noise / noise.square().mean(1, keepdim=True).sqrt()

    def _recorded(self, colored: torch.Tensor) -> torch.Tensor:
        """Returns noise of which two thirds are pieces of recordings."""
        noise = colored.clone()
        for row in torch.nonzero(self._uniform(len(colored), 0, 1) < 2 / 3).flatten().tolist():
            source = self.noises[int(torch.randint(len(self.noises), (1,), generator=self.random))]
            start = int(torch.randint(len(source) - self.samples, (1,), generator=self.random))
            piece = source[start : start + self.samples]
            noise[row] = piece / piece.square().mean().sqrt().clamp(min=1e-4)
        return noise

    def _uniform(self, count: int, low: float, high: float) -> torch.Tensor:
        return torch.rand(count, generator=self.random) * (high - low) + low

    def _normal(self, *shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=self.random)
