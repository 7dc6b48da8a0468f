"""Folders of recordings, in the layouts that people have."""

import numpy as np
import pytest

from tests.recipes.commands.conftest import RATE, WORDS, spoken
from velveteen.errors import DataError, MissingFileError
from velveteen.recipes.commands import data

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")


def write(path, sound, rate=RATE):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate)


def test_files_named_after_word_speaker_and_number(tones):
    found = data.load(tones, split="speaker:eve")
    assert found.words == sorted(WORDS)
    assert (found.sample_rate, found.samples) == (8000, 8000)
    assert (len(found.train), len(found.test)) == (48, 24)
    assert set(found.test.speakers) == {"eve"}
    assert found.left_out == [] and found.notes == []
    assert "48 to learn from, 24 to test on (all of eve are for testing)" in found.source
    assert data.counts(found.test, found.words) == {"fall": 8, "rise": 8, "stay": 8}
    first = found.test.files[0].rsplit("/", 1)[-1].split("_")[0]
    assert found.words[found.test.labels[0]] == first


def test_a_folder_a_word_as_speech_commands_has_them(tmp_path):
    for number, word in enumerate(("rise", "fall")):
        for speaker in ("0a7c2a8d", "b665723d", "c7a3c8b1"):
            write(tmp_path / word / f"{speaker}_nohash_0.wav", spoken(word, 150, number), 16000)
    write(tmp_path / "_background_noise_" / "rain.wav", 0.1 * np.random.default_rng(1).standard_normal(40000), 16000)
    (tmp_path / "testing_list.txt").write_text("rise/0a7c2a8d_nohash_0.wav\nfall/0a7c2a8d_nohash_0.wav\n")
    found = data.load(tmp_path)
    assert found.words == ["fall", "rise"]
    assert found.sample_rate == 16000
    assert set(found.test.speakers) == {"0a7c2a8d"} and len(found.train) == 4
    (noise,) = found.noises
    assert noise.dtype == np.int16 and len(noise) == 40000


def test_other_words_than_the_commands_are_unknown(tones):
    found = data.load(tones, ["rise"], split="none")
    assert found.words == ["rise", data.UNKNOWN]
    assert data.counts(found.train, found.words) == {"rise": 24, data.UNKNOWN: 48}


def test_words_that_are_not_there(tones):
    with pytest.raises(DataError, match="has no recordings of stop. It has fall, rise, stay"):
        data.load(tones, ["rise", "stop"])


def test_files_that_cannot_be_used_are_listed_and_left_out(tones, tmp_path):
    write(tmp_path / "rise" / "good.wav", spoken("rise", 150, 1))
    write(tmp_path / "fall" / "good.wav", spoken("fall", 150, 1))
    write(tmp_path / "fall" / "silent.wav", np.zeros(8000))
    (tmp_path / "rise" / "empty.wav").write_bytes(b"")
    (tmp_path / "rise" / "text.wav").write_text("no sound")
    found = data.load(tmp_path, split="none")
    assert len(found.train) == 2
    reasons = {path.rsplit("/", 1)[-1]: reason for path, reason in found.left_out}
    assert set(reasons) == {"silent.wav", "empty.wav", "text.wav"}
    assert "is silent" in reasons["silent.wav"] and "0 bytes" in reasons["empty.wav"]


def test_none_can_be_used(tmp_path):
    (tmp_path / "rise").mkdir()
    (tmp_path / "rise" / "a.wav").write_bytes(b"")
    with pytest.raises(DataError, match="None of the 1 sounds .* can be used. The first one, .*a.wav: .*0 bytes"):
        data.load(tmp_path)


def test_no_words_in_a_folder(tmp_path):
    (tmp_path / "recording.wav").write_bytes(b"")
    with pytest.raises(DataError, match="holds no recordings of words. Put them into folders named after the word"):
        data.load(tmp_path)


def test_no_folder(tmp_path):
    with pytest.raises(MissingFileError, match="There is no folder .*gone"):
        data.load(tmp_path / "gone")


def test_what_is_cut_off_a_long_recording_is_told(tmp_path):
    word = spoken("rise", 150, 1, seconds=0.8)
    write(tmp_path / "rise" / "twice.wav", np.concatenate([word, np.zeros(6000, np.float32), word]))
    write(tmp_path / "fall" / "once.wav", spoken("fall", 150, 1))
    (note,) = data.load(tmp_path, split="none").notes
    assert "twice.wav: 0." in note and "did not fit and was cut off" in note


def test_all_rates_come_to_one(tmp_path):
    for number, rate in enumerate((8000, 44100, 96000)):
        write(tmp_path / "rise" / f"{number}.wav", spoken("rise", 150, 1, rate), rate)
    found = data.load(tmp_path, split="none")
    assert found.sample_rate == 16000
    first, *others = np.abs(np.fft.rfft(data.to_float(found.train.waveforms)))
    for other in others:
        assert np.corrcoef(first, other)[0, 1] > 0.97
    assert data.load(tmp_path, split="none", sample_rate=8000, seconds=0.5).samples == 4000


def test_relabelled_words_are_the_same_or_unknown_or_left_out(tones):
    found = data.load(tones, split="none")
    with_unknown = data.relabelled(found.train, found.words, ["stay", data.UNKNOWN])
    assert data.counts(with_unknown, ["stay", data.UNKNOWN]) == {"stay": 24, data.UNKNOWN: 48}
    without = data.relabelled(found.train, found.words, ["stay"])
    assert len(without) == 24 and all("stay_" in file for file in without.files)


def test_a_fingerprint_tells_recordings_apart(tones):
    first, again = (data.load(tones, split="speaker:eve") for _ in range(2))
    assert first.train.fingerprint() == again.train.fingerprint()
    assert first.train.fingerprint() != first.test.fingerprint()


def test_sixteen_bits_there_and_back():
    sound = np.linspace(-1, 1, 1001, dtype=np.float32)
    np.testing.assert_allclose(data.to_float(data.to_int16(sound)), sound, atol=2e-5)
