"""Sound files of every kind are read; what is no sound is refused with its reason."""

import numpy as np
import pytest

from tests.recipes.commands.conftest import RATE, spoken
from velveteen.errors import ArgumentError, DataError, FileFormatError, MissingFileError, StateError
from velveteen.recipes.commands import sounds

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")


@pytest.fixture
def word():
    return spoken("rise", 150.0, 1)


def write(path, sound, rate=RATE, **options):
    soundfile.write(path, sound, rate, **options)
    return path


@pytest.mark.parametrize(
    ("name", "options", "error"),
    [
        ("8-bit.wav", {"subtype": "PCM_U8"}, 0.01),
        ("16-bit.wav", {"subtype": "PCM_16"}, 1e-4),
        ("24-bit.wav", {"subtype": "PCM_24"}, 1e-6),
        ("32-bit.wav", {"subtype": "PCM_32"}, 1e-6),
        ("float.wav", {"subtype": "FLOAT"}, 1e-7),
        ("double.wav", {"subtype": "DOUBLE"}, 1e-7),
        ("telephone.wav", {"subtype": "ULAW"}, 0.02),
        ("lossless.flac", {}, 1e-4),
        ("vorbis.ogg", {}, 0.05),
    ],
)
def test_all_kinds_of_samples_are_read(tmp_path, word, name, options, error):
    found = sounds.read(write(tmp_path / name, word, **options), RATE)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[: len(word)], word, atol=error)


def test_an_mp3_is_read(tmp_path, word):
    found = sounds.read(write(tmp_path / "word.mp3", word, 16000), 16000)
    assert len(word) <= len(found) <= len(word) + 4000
    # The coder shifts the sound, so what is compared is where the energy lies.
    assert abs(np.square(found).sum() / np.square(word).sum() - 1) < 0.05


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_a_tone_keeps_its_pitch_and_length_at_every_rate(tmp_path, rate):
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    found = sounds.read(write(tmp_path / "tone.wav", tone, rate), 16000)
    assert len(found) == 16000
    spectrum = np.abs(np.fft.rfft(found[2000:-2000] * np.hanning(12000)))
    assert spectrum.argmax() * 16000 / 12000 == pytest.approx(440, abs=1)
    assert np.abs(found[2000:-2000]).max() == pytest.approx(0.5, abs=0.01)


def test_six_channels_are_mixed(tmp_path):
    channels = np.tile(np.array([0.6, 0.0, 0.3, 0.0, 0.0, 0.3], np.float32), (800, 1))
    found = sounds.read(write(tmp_path / "5.1.wav", channels, format="WAVEX", subtype="FLOAT"), RATE)
    np.testing.assert_allclose(found, 0.2, atol=1e-6)


def no_sound(path, word):
    path.write_text("This is no sound, but a text.")


def nothing(path, word):
    path.write_bytes(b"")


def truncated(path, word):
    write(path, word)
    path.write_bytes(path.read_bytes()[:3000])


def only_header(path, word):
    write(path, word[:0])


def truncated_flac(path, word):
    write(path, np.tile(word, 20), format="FLAC")
    path.write_bytes(path.read_bytes()[:9000])


def with_nan(path, word):
    write(path, np.where(np.arange(len(word)) == 100, np.nan, word), subtype="FLOAT")


def silent(path, word):
    write(path, 1e-4 * word, subtype="FLOAT")


def clipped(path, word):
    write(path, (20 * word).clip(-1, 1))


def too_short(path, word):
    write(path, word[1000:1100])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (no_sound, FileFormatError, "cannot be read as a sound: .* Save it as wav, flac, ogg or mp3"),
        (nothing, DataError, "is empty: it has 0 bytes"),
        (truncated, FileFormatError, "is cut off: it should have 8,044 bytes, but has 3,000"),
        (only_header, DataError, "is empty: it has no samples"),
        (truncated_flac, FileFormatError, "is cut off|cannot be read as a sound"),
        (with_nan, DataError, "has NaN or infinity"),
        (silent, DataError, "is silent. Record it again"),
        (clipped, DataError, "is clipped: it was too loud"),
        (too_short, DataError, "lasts 0.013 s"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(tmp_path, word, make, error, message):
    path = tmp_path / "broken.wav"
    make(path, word)
    with pytest.raises(error, match=message) as caught:
        sounds.read_word(path, RATE, RATE)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(MissingFileError, match="gone.wav is not a file that is there"):
        sounds.read(tmp_path / "gone.wav", RATE)


def test_a_header_without_a_size_as_pipes_write_it(tmp_path, word):
    path = write(tmp_path / "piped.wav", word)
    content = bytearray(path.read_bytes())
    content[4:8] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert len(sounds.read(path, RATE)) == len(word)


def test_without_the_packages_it_says_which(tmp_path, word, monkeypatch):
    path = write(tmp_path / "word.wav", word)
    monkeypatch.setattr(sounds.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StateError, match=r'pip install "velveteen\[audio\]"'):
        sounds.read(path, RATE)


@pytest.mark.parametrize("place", [0, 4000, 20000, 35000])
def test_a_word_is_cut_out_of_a_long_recording(word, place):
    recording = 0.0005 * np.random.default_rng(2).standard_normal(40000).astype(np.float32)
    recording[place : place + len(word)] += word
    cut = sounds.cut_word(recording, RATE, RATE)
    assert len(cut.samples) == RATE
    assert cut.lost == pytest.approx(0, abs=0.05)
    # The word is in the middle, whole.
    found = np.flatnonzero(np.abs(cut.samples) > 0.05)
    original = np.flatnonzero(np.abs(word) > 0.05)
    assert len(found) == pytest.approx(len(original), abs=40)
    assert (found[0] + found[-1]) / 2 == pytest.approx(RATE / 2, abs=600)
    assert cut.start == pytest.approx((place + (original[0] + original[-1]) / 2) / RATE - 0.5, abs=0.1)


def test_a_click_does_not_take_the_words_place(word):
    recording = np.zeros(40000, np.float32)
    recording[1000:1010] = 0.9
    recording[25000 : 25000 + len(word)] = word
    cut = sounds.cut_word(recording, RATE, RATE)
    assert 2.6 < cut.start < 3.2
    assert cut.lost > 0  # the click


def test_of_two_words_one_is_lost_and_that_is_told(word):
    cut = sounds.cut_word(np.concatenate([word, np.zeros(8000, np.float32), word]), RATE, 6000)
    assert cut.lost == pytest.approx(0.4, abs=0.15)


def test_a_short_sound_gets_silence_around(word):
    cut = sounds.cut_word(word, RATE, RATE)
    assert cut.start < 0
    assert np.square(cut.samples).sum() == pytest.approx(np.square(word).sum(), rel=1e-3)


def test_no_samples_are_refused(word):
    with pytest.raises(ArgumentError, match="at least one sample, got 0"):
        sounds.cut_word(word, RATE, 0)


def test_sounds_are_found_in_folders_and_hidden_ones_are_not(tmp_path):
    for name in ("b/two.FLAC", "a/one.wav", "a/notes.txt", ".git/three.wav", "a/._four.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [path.relative_to(tmp_path).as_posix() for path in sounds.find(tmp_path)] == ["a/one.wav", "b/two.FLAC"]


def test_words_without_pauses_are_as_loud_as_each_other():
    loud, faint = (np.pad(np.full(100, level, np.float32), 50) for level in (0.5, 0.01))
    np.testing.assert_allclose(sounds.joined([loud, np.zeros(200, np.float32), faint]), np.ones(200), rtol=1e-5)
    assert sounds.joined([]).shape == (0,)
