"""Speech from words: by espeak-ng where it is installed, and a sentence where it is not."""

import numpy as np
import pytest

from velveteen.errors import ArgumentError, StateError
from velveteen.recipes.commands import espeak, synthesis, words_of
from velveteen.recipes.commands.features import LogMel

pytest.importorskip("soxr")
needs_espeak = pytest.mark.skipif(not synthesis.available(), reason="espeakng-loader is not installed")


def loudness(examples):
    """Returns the mean amplitude of each twentieth of a second."""
    return np.abs(examples.waveforms.astype(np.float32)).reshape(len(examples), 20, -1).mean(axis=2)


@needs_espeak
def test_words_are_spoken_each_time_in_another_way(no_cache):
    found = synthesis.speak(["stop", "go"], each=6, sample_rate=8000, samples=8000, unknown=4, seed=1, cache=False)
    assert found.waveforms.shape == (16, 8000) and found.waveforms.dtype == np.int16
    assert found.labels.tolist() == [0] * 6 + [1] * 6 + [2] * 4
    assert all(speaker.startswith("espeak en") for speaker in found.speakers)
    assert np.abs(found.waveforms.astype(int)).max(axis=1).min() > 300
    assert len({sound.tobytes() for sound in found.waveforms}) == 16
    assert not no_cache.exists()


@needs_espeak
def test_the_same_seed_has_the_same_voices_say_it():
    """espeak-ng goes on from where it stopped, so that no two sounds are the same to the bit."""
    first, again, other = (
        synthesis.speak(["stop"], each=3, sample_rate=8000, samples=8000, unknown=2, seed=seed, cache=False)
        for seed in (1, 1, 2)
    )
    assert first.speakers == again.speakers != other.speakers
    assert np.array_equal(first.labels, again.labels)
    for once, twice in zip(loudness(first), loudness(again), strict=True):
        assert np.corrcoef(once, twice)[0, 1] > 0.9


@needs_espeak
def test_what_was_spoken_is_kept_and_damaged_files_are_made_anew(no_cache, monkeypatch):
    def say():
        return synthesis.speak(["stop"], each=2, sample_rate=8000, samples=8000, seed=1)

    first = say()
    (kept,) = no_cache.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(synthesis, "_say", None)
        assert np.array_equal(say().waveforms, first.waveforms)
    kept.write_bytes(kept.read_bytes()[:100])
    assert say().speakers == first.speakers
    assert [path.name for path in no_cache.iterdir()] == [kept.name]


@needs_espeak
def test_each_word_in_the_languages_that_are_written_like_it():
    found = synthesis.speak(
        ["включи", "go", "de:halt"], ["ru", "en"], 4, sample_rate=8000, samples=8000, seed=1, cache=False
    )
    languages = [speaker.split()[1][:2] for speaker in found.speakers]
    assert languages == ["ru"] * 4 + ["en"] * 4 + ["de"] * 4
    assert synthesis.label_of("de:halt") == "halt" and synthesis.label_of("go") == "go"


@needs_espeak
@pytest.mark.parametrize(
    ("words", "languages", "message"),
    [
        (["включи"], ["en"], 'None of the languages en is written as "включи" is. Add its language to --language'),
        (["stop"], ["enn"], 'espeak-ng speaks no "enn"'),
        (["xx:stop"], ["en"], 'espeak-ng speaks no "xx"'),
    ],
)
def test_what_cannot_be_said(words, languages, message):
    with pytest.raises(ArgumentError, match=message):
        synthesis.speak(words, languages, 1, cache=False)
    assert not synthesis.can_say(words[0], languages)


@needs_espeak
def test_a_word_sounds_like_itself_and_not_like_others():
    """The mean spectrogram of a word's voices is nearer to most of them than another word's."""
    found = synthesis.speak(["stop", "seven"], each=20, sample_rate=8000, samples=8000, seed=1, cache=False)
    import torch

    seen = LogMel.at(8000)(torch.from_numpy(found.waveforms / np.float32(32767))).numpy().reshape(40, -1)
    means = np.stack([seen[found.labels == label].mean(axis=0) for label in range(2)])
    nearest = np.square(seen[:, None] - means).sum(axis=2).argmin(axis=1)
    assert (nearest == found.labels).mean() > 0.8


def test_without_espeak_it_says_how_to_get_it(monkeypatch):
    espeak.open_espeak.cache_clear()
    monkeypatch.setattr(espeak.importlib.util, "find_spec", lambda name: None)
    try:
        assert not synthesis.available()
        with pytest.raises(StateError, match=r'needs espeak-ng. Run: pip install "velveteen\[commands\]"'):
            synthesis.speak(["stop"], cache=False)
    finally:
        espeak.open_espeak.cache_clear()


def test_a_library_that_cannot_be_loaded(monkeypatch, tmp_path):
    loader = pytest.importorskip("espeakng_loader")
    espeak.open_espeak.cache_clear()
    (tmp_path / "voices" / "!v").mkdir(parents=True)
    (tmp_path / "broken.so").write_text("no library")
    monkeypatch.setattr(loader, "get_library_path", lambda: str(tmp_path / "broken.so"))
    monkeypatch.setattr(loader, "get_data_path", lambda: str(tmp_path))
    try:
        with pytest.raises(StateError, match="What is installed cannot be loaded"):
            espeak.open_espeak()
    finally:
        espeak.open_espeak.cache_clear()


def test_other_words_are_none_of_the_commands():
    chance = np.random.default_rng(1)
    found = words_of.unknown(["Water", "happy"], 400, chance)
    assert len(found) == 400 and not {"water", "happy"} & set(found)
    assert len(set(found)) > 200


def test_an_accent_replaces_sounds_that_few_languages_have():
    assert words_of.with_accent("Tr'i:", np.random.default_rng(1))[0] in "tsf"
    assert words_of.with_accent("s'Ev@n", np.random.default_rng(1)) == "s'even"
