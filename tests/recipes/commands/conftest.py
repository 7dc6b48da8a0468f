"""Sounds that stand for words: rising, falling and level tones with a voice's overtones, by several speakers."""

from pathlib import Path

import numpy as np
import pytest

soundfile = pytest.importorskip("soundfile")

RATE = 8000
WORDS = {"rise": (1.0, 2.0), "fall": (2.0, 1.0), "stay": (1.3, 1.3)}
SPEAKERS = {"ann": 190.0, "bob": 120.0, "eve": 230.0}


def spoken(word, pitch, seed, rate=RATE, seconds=0.5):
    """Returns a tone with overtones that goes from one pitch to another, in a little noise."""
    chance = np.random.default_rng(seed)
    first, last = (factor * pitch * chance.uniform(0.95, 1.05) for factor in WORDS[word])
    time = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(np.linspace(first, last, len(time))) / rate
    sound = sum(np.sin(k * phase) / k for k in range(1, 6)) * np.hanning(len(time))
    return (0.25 * sound + 0.001 * chance.standard_normal(len(time))).astype(np.float32)


@pytest.fixture(scope="session")
def tones(tmp_path_factory) -> Path:
    """A folder with files named WORD_SPEAKER_INDEX.wav: three words, three speakers, eight of each."""
    folder = tmp_path_factory.mktemp("tones")
    for number, (word, (speaker, pitch), index) in enumerate(
        (word, pair, index) for word in WORDS for pair in SPEAKERS.items() for index in range(8)
    ):
        soundfile.write(folder / f"{word}_{speaker}_{index}.wav", spoken(word, pitch, number), RATE)
    return folder


@pytest.fixture
def no_cache(monkeypatch, tmp_path):
    """Speech is kept in an empty folder."""
    from velveteen.recipes.commands import synthesis

    monkeypatch.setattr(synthesis, "cache_folder", lambda: tmp_path / "speech")
    return tmp_path / "speech"


@pytest.fixture(scope="session", autouse=True)
def _short_background():
    """Half a minute without commands instead of ten, since what is tested is that it is counted, not how much."""
    from velveteen.recipes.commands import evaluation

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "BACKGROUND_SECONDS", 30)
        yield
