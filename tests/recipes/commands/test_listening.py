"""The streaming engine: it hears in bits what the model hears in whole windows, from files of all kinds and the microphone."""

import types

import numpy as np
import pytest
import soundfile

import velveteen as vt
from velveteen.errors import DataError, FileFormatError, MissingFileError, StateError
from velveteen.recipes.commands import streams
from velveteen.recipes.commands.features import LogMel
from velveteen.recipes.commands.listening import Listener, listen
from velveteen.recipes.commands.model import build
from velveteen.recipes.commands.recognizer import CommandModel

RATE = 8000
WORDS = ["low", "high", "_silence_"]


@pytest.fixture(scope="module")
def untrained():
    vt.set_random_seed(1)
    log_mel = LogMel.at(RATE)
    return CommandModel(WORDS, log_mel, RATE, build(log_mel.frames(RATE), log_mel.mels, len(WORDS), "small"), 0.5)


class Pitches:
    """Stands for a network: the word is told by whether a tone in the middle of the spectrogram is low or high."""

    def predict(self, seen, batch_size):
        # A place that is as loud as the loudest is 1; noise is flat and quiet, so its mean is not far below its maximum.
        middle = seen[:, 20:41, :, 0].mean(1)
        low, high = middle[:, 5:12].amax(1), middle[:, 22:32].amax(1)
        floor = seen[:, :, 34:, 0].mean((1, 2))
        scores = np.stack([low - floor > 0.35, (high - floor > 0.35) & (low < high), np.zeros(len(seen), bool)], axis=1)
        return types.SimpleNamespace(numpy=lambda: 0.9 * scores.astype(np.float32))


@pytest.fixture
def pitches():
    return CommandModel(WORDS, LogMel.at(RATE), RATE, Pitches(), 0.5)


def tone(hertz, seconds=0.4, rate=RATE):
    time = np.arange(round(seconds * rate)) / rate
    ramp = np.clip(50 * np.minimum(time, seconds - time), 0, 1)  # no click at the ends
    return (0.3 * ramp * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def recording(said, seconds, rate=RATE):
    """Returns faint noise in which tones begin at some seconds."""
    sound = 0.001 * np.random.default_rng(1).standard_normal(round(seconds * rate)).astype(np.float32)
    for begin, hertz in said:
        word = tone(hertz, rate=rate)
        sound[round(begin * rate) : round(begin * rate) + len(word)] += word
    return sound


SAID = [(1.0, 500), (3.2, 2000), (6.03, 500), (7.6, 2000), (9.5, 500)]
EXPECTED = [(begin, "low" if hertz == 500 else "high") for begin, hertz in SAID]


def check(events):
    assert [event.label for event in events] == [label for _, label in EXPECTED]
    np.testing.assert_allclose([event.time for event in events], [begin for begin, _ in EXPECTED], atol=0.05)


def test_it_hears_the_windows_that_the_model_would_hear(untrained):
    sound = np.random.default_rng(1).standard_normal(5 * RATE).astype(np.float32) * 0.1
    listener = Listener(untrained)
    listener.feed(sound)
    assert listener.step == pytest.approx(6 * 128 / RATE)
    padded = np.concatenate([np.zeros(RATE // 2, np.float32), sound])
    step = round(listener.step * RATE)
    starts = range(0, len(padded) - RATE + 1, step)
    assert len(listener.scores) == len(starts)
    direct = untrained.scores(np.stack([padded[start : start + RATE] for start in starts]))
    np.testing.assert_allclose(listener.scores, direct, atol=1e-5)


@pytest.mark.parametrize("block", [97, 800, 4001])
def test_the_size_of_the_blocks_does_not_matter(untrained, block):
    sound = np.random.default_rng(2).standard_normal(4 * RATE).astype(np.float32) * 0.1
    whole, bits = Listener(untrained), Listener(untrained)
    whole.feed(sound)
    parts = []
    for start in range(0, len(sound), block):
        bits.feed(sound[start : start + block])
        parts.append(bits.scores)
    np.testing.assert_allclose(np.concatenate(parts), whole.scores, atol=1e-5)


def test_words_are_heard_where_they_are_said(pitches, tmp_path):
    sound = recording(SAID, 10.0)
    check(list(listen(pitches, [sound])))
    check(list(listen(pitches, np.array_split(sound, 173))))
    soundfile.write(tmp_path / "long.wav", sound, RATE)
    check(list(listen(pitches, tmp_path / "long.wav")))


@pytest.mark.parametrize(
    ("name", "rate", "options", "channels"),
    [
        ("a.wav", 48000, {"subtype": "PCM_24"}, 2),
        ("a.wav", 11025, {"subtype": "PCM_U8"}, 1),
        ("a.wav", 96000, {"subtype": "FLOAT"}, 6),
        ("a.flac", 44100, {}, 1),
        ("a.ogg", 44100, {}, 1),
        ("a.mp3", 44100, {}, 2),
    ],
)
def test_files_of_any_kind(pitches, tmp_path, name, rate, options, channels):
    sound = recording(SAID, 10.0, rate)
    soundfile.write(tmp_path / name, np.repeat(sound[:, None], channels, axis=1), rate, **options)
    check(list(listen(pitches, tmp_path / name)))


def test_words_at_the_edges_and_in_short_recordings(pitches):
    assert [event.label for event in listen(pitches, [tone(500)])] == ["low"]
    sound = np.concatenate([tone(2000), np.zeros(2 * RATE, np.float32), tone(500)])
    assert [event.label for event in listen(pitches, [sound])] == ["high", "low"]


def test_silence_and_nothing(untrained, pitches):
    assert list(listen(pitches, [np.zeros(3 * RATE, np.float32)])) == []
    assert list(listen(pitches, [])) == []


def test_memory_does_not_grow(pitches):
    listener = Listener(pitches)
    for _ in range(30):
        listener.feed(recording([], 10.0))
    assert len(listener._energies) < 200
    assert len(listener._sound) < 2 * RATE


def test_the_threshold_can_be_another_one(pitches):
    assert list(listen(pitches, [recording(SAID, 10.0)], threshold=0.95)) == []


def test_levels_are_told(pitches):
    levels = []
    list(listen(pitches, [np.full(800, 0.1, np.float32), np.zeros(800, np.float32)], on_level=levels.append))
    np.testing.assert_allclose(levels, [-20, -100], atol=0.01)


def test_files_that_cannot_be_heard(pitches, tmp_path):
    with pytest.raises(MissingFileError, match="is not a file that is there"):
        list(listen(pitches, tmp_path / "none.wav"))
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(FileFormatError, match="cannot be read as a sound"):
        list(listen(pitches, tmp_path / "text.wav"))
    (tmp_path / "empty.wav").write_bytes(b"")
    with pytest.raises(FileFormatError, match="cannot be read as a sound"):
        list(listen(pitches, tmp_path / "empty.wav"))
    soundfile.write(tmp_path / "none.wav", np.zeros(0, np.float32), RATE)
    with pytest.raises(DataError, match="has no samples"):
        list(listen(pitches, tmp_path / "none.wav"))
    soundfile.write(tmp_path / "nan.wav", np.full(RATE, np.nan, np.float32), RATE, subtype="FLOAT")
    with pytest.raises(DataError, match="NaN"):
        list(listen(pitches, tmp_path / "nan.wav"))


class FakePortAudioError(Exception):
    pass


def fake_sounddevice(blocks=(), *, rates=(RATE,), missing=False):
    """Returns what stands for the package sounddevice, with a microphone that plays these blocks and is then silent."""

    class InputStream:
        def __init__(self, rate, size, device, channels, dtype, callback):
            self.opened = (rate, size, device, channels, dtype)
            self.callback = callback

        def __enter__(self):
            for block in blocks:
                self.callback(block[:, None], len(block), None, None)

        def __exit__(self, *_):
            fake.closed = True

    def query_devices(device, kind):
        if missing:
            raise FakePortAudioError("Error querying device -1")
        return {"default_samplerate": float(rates[0])}

    def check_input_settings(device, channels, dtype, samplerate):
        if samplerate not in rates:
            raise FakePortAudioError("Invalid sample rate")

    fake = types.SimpleNamespace(
        InputStream=InputStream,
        PortAudioError=FakePortAudioError,
        query_devices=query_devices,
        check_input_settings=check_input_settings,
        closed=False,
    )
    return fake


@pytest.mark.parametrize("rate", [RATE, 48000])
def test_the_microphone_is_heard_at_any_rate(monkeypatch, pitches, rate):
    sound = recording(SAID[:2], 5.0, rate)
    fake = fake_sounddevice(np.array_split(sound, 100), rates=(rate,))
    monkeypatch.setattr(streams, "_sounddevice", lambda: fake)
    events = listen(pitches, threshold=0.5)
    found = [next(events), next(events)]
    assert [event.label for event in found] == ["low", "high"]
    np.testing.assert_allclose([event.time for event in found], [1.0, 3.2], atol=0.05)
    events.close()
    assert fake.closed


def test_without_portaudio_or_microphone_a_sentence_tells(monkeypatch, pitches):
    import builtins

    monkeypatch.setattr(streams, "_sounddevice", lambda: fake_sounddevice(missing=True))
    with pytest.raises(StateError, match="There is no microphone here that can be used"):
        listen(pitches)
    with pytest.raises(StateError, match='no microphone "desk"'):
        listen(pitches, device="desk")
    monkeypatch.undo()

    real = builtins.__import__

    def broken(name, *args, **options):
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(StateError, match="PortAudio, which is not installed here"):
        listen(pitches)
    monkeypatch.undo()
    monkeypatch.setattr(streams.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StateError, match=r"needs sounddevice. Run: pip install"):
        listen(pitches)
