"""What the page computes from sound, in Node, beside what Python computes: the same numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch

import velveteen as vt
from tests._javascript import run_node
from velveteen.recipes.commands import page
from velveteen.recipes.commands.detection import Detector
from velveteen.recipes.commands.features import LogMel
from velveteen.recipes.commands.listening import Listener
from velveteen.recipes.commands.model import build
from velveteen.recipes.commands.recognizer import CommandModel

soxr = pytest.importorskip("soxr")

SCRIPT = Path(__file__).parent / "node_hear.js"
BLOCK = 1024


def voice(rate, seconds=1.3, seed=1):
    """Returns a voice's overtones up to all that the rate can hold, with noise, getting louder and falling silent."""
    chance = np.random.default_rng(seed)
    time = np.arange(round(rate * seconds)) / rate
    phase = 2 * np.pi * np.cumsum(160 + 60 * np.sin(5 * time)) / rate
    sound = sum(np.sin(k * phase) / k for k in range(1, int(rate / 2 / 220)))
    sound = sound * np.clip(np.sin(2 * np.pi * time / seconds), 0, 1) + 0.02 * chance.standard_normal(len(time))
    return (0.3 * sound).astype(np.float32)


def in_node(tasks, folder):
    return run_node(SCRIPT, [{**task, "sound": np.asarray(task.get("sound", [])).tolist()} for task in tasks], folder)


def test_the_log_mel_spectrogram_is_pythons(tmp_path):
    rates = (8000, 16000)
    sounds = [voice(rate) for rate in rates] + [np.zeros(8000, np.float32)]
    settings = [LogMel.at(rate) for rate in rates] + [LogMel.at(8000, mels=64, decibels=80.0)]
    tasks = [
        {"name": "logMel", "sound": sound, "settings": log_mel.to_json()}
        for sound, log_mel in zip(sounds, settings, strict=True)
    ]
    for answer, sound, log_mel in zip(in_node(tasks, tmp_path), sounds, settings, strict=True):
        expected = log_mel(torch.from_numpy(sound)[None]).numpy().ravel()
        np.testing.assert_allclose(answer, expected, atol=1e-4, rtol=0)


RATES = {
    # An AudioWorklet's usual rate, and twice that.
    (48000, 16000): 1e-4,
    (48000, 8000): 1e-4,
    (96000, 16000): 1e-4,
    # Here soxr goes to work in other steps, and the edge of its filter is a little different.
    (44100, 16000): 2e-4,
    (44100, 8000): 2e-4,
    (8000, 16000): 1e-3,
}
"""From the browser's rate to the model's, and how far the spectrograms may be apart."""


def test_so_is_that_of_sound_at_the_browsers_rate(tmp_path):
    """The browser resamples in blocks what Python resamples with soxr."""
    tasks = [
        {
            "name": "logMel",
            "sound": voice(source),
            "settings": LogMel.at(to).to_json(),
            "from": source,
            "to": to,
            "block": BLOCK,
        }
        for source, to in RATES
    ]
    for answer, ((source, to), tolerance) in zip(in_node(tasks, tmp_path), RATES.items(), strict=True):
        sound = soxr.resample(voice(source), source, to)
        expected = LogMel.at(to)(torch.from_numpy(sound)[None]).numpy().ravel()
        np.testing.assert_allclose(answer, expected, atol=tolerance, rtol=0, err_msg=f"{source} → {to}")


def test_blocks_of_any_size_give_the_same_sound(tmp_path):
    sound = voice(48000, 0.2)
    blocks = (128, 1000, len(sound))
    tasks = [{"name": "resample", "sound": sound, "from": 48000, "to": 16000, "block": block} for block in blocks]
    answers = in_node(tasks, tmp_path)
    assert all(answer == answers[0] for answer in answers)
    np.testing.assert_allclose(answers[0], soxr.resample(sound, 48000, 16000), atol=2e-4)


@pytest.fixture(scope="module")
def model():
    vt.set_random_seed(1)
    log_mel = LogMel.at(8000)
    words = ["go", "stop", "_unknown_", "_silence_"]
    return CommandModel(words, log_mel, 8000, build(log_mel.frames(8000), log_mel.mels, len(words), "small"), 0.6)


def test_the_page_looks_at_pythons_windows(tmp_path, model):
    sound = voice(8000, 3.0)
    [windows] = in_node([{"name": "windows", "sound": sound, "saved": page.describe(model), "block": 700}], tmp_path)
    listener = Listener(model)
    listener.feed(sound)
    scores = model.model.predict(np.array(windows).reshape(len(windows), -1, model.log_mel.mels, 1)).numpy()
    np.testing.assert_allclose(scores, listener.scores, atol=1e-4)


def test_the_page_decides_as_python_does(tmp_path, model):
    chance = np.random.default_rng(3)
    scores = chance.dirichlet([0.3] * 4, size=200).repeat(4, axis=0)
    detector = Detector(model.words, model.threshold)
    expected = detector.feed(scores)
    assert len(expected) > 20
    settings = {"words": model.words, "commands": model.commands, "settings": detector.to_json()}
    [found] = in_node([{"name": "detect", "scores": scores.tolist(), **settings}], tmp_path)
    assert [(each["window"], each["word"]) for each in found] == [(each.window, each.word) for each in expected]
    np.testing.assert_allclose([each["score"] for each in found], [each.score for each in expected], atol=1e-9)
