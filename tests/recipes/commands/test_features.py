"""The log-mel spectrogram, held against its own definition computed in another way."""

import math

import numpy as np
import pytest
import torch

from velveteen.errors import ArgumentError, FileFormatError
from velveteen.recipes.commands.features import LogMel


def by_definition(sound, settings):
    """The docstring's formula with numpy in double precision, and a Fourier transform written as sums."""
    n = np.arange(settings.window)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / settings.window)
    bins = np.arange(settings.window // 2 + 1)
    transform = np.exp(-2j * np.pi * np.outer(bins, n) / settings.window)
    mel = 2595 * np.log10(1 + np.array([settings.low, settings.high]) / 700)
    corners = 700 * (10 ** (np.linspace(*mel, settings.mels + 2) / 2595) - 1)
    hertz = bins * settings.sample_rate / settings.window
    triangles = np.stack([np.interp(hertz, corners[i : i + 3], [0, 1, 0]) for i in range(settings.mels)], axis=1)
    frames = [
        np.abs(transform @ (sound[start : start + settings.window] * hann)) ** 2 @ triangles
        for start in range(0, len(sound) - settings.window + 1, settings.hop)
    ]
    level = 10 * np.log10(np.maximum(np.array(frames), settings.floor))
    return np.maximum(level - level.max(), -settings.decibels) / settings.decibels + 1


@pytest.mark.parametrize("rate", [8000, 16000])
def test_it_is_what_its_docstring_says(rate):
    settings = LogMel.at(rate)
    time = np.arange(rate) / rate
    sound = 0.3 * np.sin(2 * np.pi * 440 * time) * np.exp(-3 * time)
    sound += 0.01 * np.random.default_rng(1).standard_normal(rate)
    seen = settings(torch.from_numpy(sound.astype(np.float32))[None])
    assert seen.shape == (1, settings.frames(rate), settings.mels, 1)
    np.testing.assert_allclose(seen[0, :, :, 0].numpy(), by_definition(sound, settings), atol=2e-5)


def test_a_tone_is_where_its_pitch_is():
    settings = LogMel.at(16000)
    time = torch.arange(16000) / 16000
    corners = np.linspace(2595 * math.log10(1 + 60 / 700), 2595 * math.log10(1 + 7600 / 700), 42)
    for hertz in (200.0, 1000.0, 4000.0):
        loudest = settings(torch.sin(2 * math.pi * hertz * time)[None])[0, 30, :, 0].argmax()
        nearest = np.abs(corners[1:-1] - 2595 * math.log10(1 + hertz / 700)).argmin()
        assert abs(int(loudest) - nearest) <= 1


def test_loudness_does_not_matter_and_silence_is_finite():
    settings = LogMel.at(8000)
    sound = torch.from_numpy(np.random.default_rng(2).standard_normal((1, 8000)).astype(np.float32)) * 0.3
    torch.testing.assert_close(settings(sound), settings(sound / 100), atol=1e-4, rtol=0)
    assert settings(torch.zeros(1, 8000)).unique().tolist() == [1.0]


def test_a_warped_filter_hears_a_shorter_tract_as_the_longer_one():
    settings = LogMel.at(16000)
    time = torch.arange(16000) / 16000
    low, high = (torch.sin(2 * math.pi * hertz * time)[None] for hertz in (1000.0, 1200.0))
    plain = settings(low)[0, 30, :, 0].argmax()
    warped = (settings.power(high) @ settings.filters_for(1.2))[0, 30].argmax()
    assert plain == warped


def test_json_goes_there_and_back():
    settings = LogMel.at(8000, mels=32)
    assert LogMel.from_json(settings.to_json()) == settings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 500}, "power of two"),
        ({"window": 2**20}, "window from 1 to 8192"),
        ({"hop": 0}, "hop from 1 to"),
        ({"mels": 10**9}, "mels from 1 to 256"),
        ({"mels": True}, "mels from 1 to 256"),
        ({"sample_rate": "8000"}, "sample_rate from 1 to"),
        ({"high": 5000.0}, "half the sample rate"),
        ({"low": float("nan")}, "a number as low"),
        ({"floor": 0.0}, "floor and decibels above 0"),
        ({"surprise": 1}, "should have decibels, floor"),
    ],
)
def test_a_file_that_describes_nonsense_is_refused(change, message):
    with pytest.raises(FileFormatError, match=message):
        LogMel.from_json(LogMel.at(8000).to_json() | change)


def test_too_short_a_sound_says_so():
    with pytest.raises(ArgumentError, match=r"at least 512 samples\], got \[1, 100\]"):
        LogMel.at(16000)(torch.zeros(1, 100))
