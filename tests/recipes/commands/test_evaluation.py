"""How right a model is is counted right, and false accepts are found where there are some."""

from statistics import NormalDist

import numpy as np
import pytest
from PIL import Image

from velveteen.errors import ArgumentError
from velveteen.recipes.commands import evaluation
from velveteen.recipes.commands.data import SILENCE, UNKNOWN, Examples

WORDS = ["on", "off", UNKNOWN, SILENCE]


def examples(labels, speakers):
    return Examples(np.zeros((len(labels), 80), np.int16), np.array(labels), list(speakers), ["" for _ in labels])


def test_accuracy_by_word_and_speaker_and_confusion():
    scores = np.eye(4)[[0, 1, 1, 0, 2]]
    found = evaluation.measure(scores, examples([0, 0, 1, 1, 1], ["ann", "ann", "bob", "bob", None]), WORDS)
    assert (found.accuracy, found.examples, found.labels) == (0.4, 5, WORDS)
    assert found.confusion == [[1, 1, 0, 0], [1, 1, 1, 0], [0] * 4, [0] * 4]
    assert {name: (group.accuracy, group.examples) for name, group in found.per_speaker.items()} == {
        "ann": (0.5, 2),
        "bob": (0.5, 2),
    }
    assert set(found.per_word) == {"on", "off"}
    assert found.per_word["off"].accuracy == pytest.approx(1 / 3)


@pytest.mark.parametrize(("right", "total"), [(0, 10), (7, 10), (10, 10), (298, 300), (2900, 3000)])
def test_the_interval_is_wilsons(right, total):
    """Its ends are the shares from which what was seen is just as far away as the quantile says."""
    low, high = evaluation.wilson(right, total)
    quantile = NormalDist().inv_cdf(0.975)
    for share in (share for share in (low, high) if 1e-9 < share < 1 - 1e-9):
        assert abs(right / total - share) == pytest.approx(quantile * np.sqrt(share * (1 - share) / total), rel=1e-5)
    assert low <= right / total <= high


def test_nothing_tested_tells_nothing():
    assert evaluation.wilson(0, 0) == (0.0, 1.0)


def stream_scores(*heard):
    """Returns scores of 200 windows, 0.1 s apart, from (window, word, score)."""
    scores = np.zeros((200, 4))
    scores[:, 3] = 0.9
    for window, word, score in heard:
        scores[window] = 0
        scores[window, word] = score
    return scores


def test_the_threshold_for_a_rate():
    """Three words, each heard long enough for its average to reach its score."""
    places = {10: (0, 0.62), 40: (1, 0.81), 80: (0, 0.935)}
    scores = stream_scores(*((start + i, word, score) for start, (word, score) in places.items() for i in range(4)))
    an_hour = 3600 / 20
    assert evaluation.threshold_for(scores, WORDS, 0) == 0.94
    assert evaluation.threshold_for(scores, WORDS, an_hour) == 0.82
    assert evaluation.threshold_for(scores, WORDS, 3 * an_hour) == 0.5
    assert evaluation.threshold_for(np.eye(4)[[0] * 50], WORDS, 0) == 0.99
    with pytest.raises(ArgumentError, match="cannot be negative, got -1"):
        evaluation.threshold_for(scores, WORDS, -1)


class Loudest:
    """Hears "on" with a score as loud as the window is."""

    words = WORDS
    sample_rate = 100
    samples = 100

    def scores(self, waveforms):
        found = np.zeros((len(waveforms), 4), np.float32)
        found[:, 0] = np.abs(waveforms).max(axis=1)
        return found


def test_windows_of_a_stream_are_looked_at_every_step():
    stream = np.zeros(1000, np.float32)
    stream[505] = 0.7
    scores = evaluation.score_stream(Loudest(), stream)
    assert scores.shape == (91, 4)
    # Window i has the samples from 10·i to 10·i + 99.
    assert np.flatnonzero(scores[:, 0]).tolist() == list(range(41, 51))


def test_a_background_has_other_words_in_noise_and_is_repeatable():
    words = Examples(np.full((3, 800), 20000, np.int16), np.zeros(3, np.int64), [None] * 3, [""] * 3)
    with_words, again = (evaluation.background(words, [], 8000, 20, seed=1) for _ in range(2))
    without = evaluation.background(words.pick(np.zeros(3, bool)), [], 8000, 20, seed=1)
    assert with_words.shape == (160000,) and with_words.dtype == np.float32
    assert np.array_equal(with_words, again)
    spoken = np.abs(with_words - without) > 0.05
    assert 10 < np.diff(spoken.astype(int)).clip(min=0).sum() < 34  # one every 0.6 to 2 seconds
    assert 0 < np.abs(without).max() < 0.5


def test_a_background_can_have_babble():
    words = Examples(np.full((3, 800), 20000, np.int16), np.zeros(3, np.int64), [None] * 3, [""] * 3)
    with_babble, again = (evaluation.background(words, [], 8000, 20, seed=1, babble=True) for _ in range(2))
    without = evaluation.background(words.pick(np.zeros(3, bool)), [], 8000, 20, seed=1)
    assert np.array_equal(with_babble, again)
    between = np.abs(with_babble - without)
    assert (between > 0.005).all()  # somebody says something all the time
    assert 3 < np.diff((between > 0.2).astype(int)).clip(min=0).sum() < 17


def test_a_background_of_recorded_noise():
    hum = np.sin(2 * np.pi * 50 * np.arange(16000) / 8000).astype(np.float32)
    stream = evaluation.background(examples([], []), [hum], 8000, 5, seed=1)
    spectrum = np.abs(np.fft.rfft(stream)) ** 2
    assert spectrum[200:300].sum() / spectrum.sum() > 0.95


def test_the_picture_of_confusions(tmp_path):
    pytest.importorskip("matplotlib")
    measured = evaluation.measure(np.eye(4)[[0, 1, 1]], examples([0, 0, 1], [None] * 3), WORDS)
    evaluation.write_confusion(tmp_path / "confusion.png", measured)
    with Image.open(tmp_path / "confusion.png") as picture:
        assert picture.format == "PNG" and picture.width > 300
    assert [path.name for path in tmp_path.iterdir()] == ["confusion.png"]


def test_false_accepts_are_told_by_the_hour():
    heard = np.eye(4)[[3] * 50 + [0] * 10 + [3] * 50]  # one word in 11 seconds
    assert evaluation.false_accepts_per_hour(heard, WORDS, 0.5) == pytest.approx(3600 / 11)
    assert evaluation.false_accepts_per_hour(heard[:50], WORDS, 0.5) == 0


def test_the_threshold_is_one_that_commands_reach():
    assert evaluation.usable_threshold(np.linspace(0.6, 1.0, 101)) == 0.7
    assert evaluation.usable_threshold(np.linspace(0, 0.6, 101)) == 0.5
    assert evaluation.usable_threshold(np.zeros(0)) == 0.99
    assert evaluation.threshold_for(np.eye(4)[[0] * 50], WORDS, 0, most=0.72) == 0.72
    assert evaluation.threshold_for(np.eye(4)[[3] * 50], WORDS, 0, most=0.72) == 0.5
