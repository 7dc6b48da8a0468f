"""When a word counts as heard: worked out by hand on made-up scores, a window every tenth of a second."""

import numpy as np
import pytest

from velveteen.errors import ArgumentError
from velveteen.recipes.commands import detection
from velveteen.recipes.commands.detection import Detection, Detector

WORDS = ["go", "stop", "_unknown_", "_silence_"]
GO, STOP, UNKNOWN, SILENCE = np.eye(4, dtype=np.float32)


def scores(*parts):
    """Returns windows: (scores, how many) one after the other."""
    return np.concatenate([np.repeat(row[None], count, axis=0) for row, count in parts])


def heard(stream, threshold=0.8, **options):
    detector = Detector(WORDS, threshold, 0.1, **options)
    return detector.feed(stream) + detector.finish()


def test_a_word_is_heard_once_at_its_highest_average():
    # Averages over three windows: 1/3, 2/3, 1, 1, 2/3 …: the first window at which it is 1 is number 12.
    assert heard(scores((SILENCE, 10), (GO, 4), (SILENCE, 20))) == [Detection(12, 0, 1.0)]


def test_a_flicker_of_one_window_is_not_heard():
    assert heard(scores((SILENCE, 10), (GO, 1), (SILENCE, 10))) == []
    assert len(heard(scores((SILENCE, 10), (GO, 1), (SILENCE, 10)), smoothing=0.1)) == 1


def test_other_words_and_silence_are_never_heard():
    assert heard(scores((UNKNOWN, 20), (SILENCE, 20))) == []


def test_a_word_that_lasts_counts_once_and_again_after_a_pause():
    assert [found.word for found in heard(scores((GO, 60)))] == [0]
    assert [found.word for found in heard(scores((GO, 10), (SILENCE, 5), (GO, 10)))] == [0, 0]


def test_another_word_counts_after_the_refractory_time():
    stream = scores((SILENCE, 5), (GO, 5), (STOP, 5), (SILENCE, 10))
    assert [found.word for found in heard(stream, refractory=0.3)] == [0, 1]
    assert [found.word for found in heard(stream, refractory=2.0)] == [0]


def test_it_waits_a_little_for_a_higher_score():
    rising = np.linspace(0.5, 1, 30)[:, None] * GO[None]
    [found] = heard(np.concatenate([scores((SILENCE, 5)), rising.astype(np.float32)]), threshold=0.6, smoothing=0)
    first = 5 + int(np.argmax(np.linspace(0.5, 1, 30) >= 0.6))
    assert found.window == first + 3


def test_a_word_at_the_very_end_is_heard():
    assert heard(scores((SILENCE, 5), (GO, 3))) == [Detection(7, 0, 1.0)]


def test_windows_may_come_in_pieces():
    chance = np.random.default_rng(1)
    stream = chance.dirichlet([0.3] * 4, size=300).repeat(4, axis=0).astype(np.float32)
    whole = heard(stream)
    assert len(whole) > 20
    detector = Detector(WORDS, 0.8, 0.1)
    pieces = [found for part in np.array_split(stream, 77) for found in detector.feed(part)]
    assert pieces + detector.finish() == whole
    assert detection.count(stream, WORDS, 0.8) == len(whole)


@pytest.mark.parametrize(("threshold", "step"), [(0.0, 0.1), (1.5, 0.1), (0.5, 0.0)])
def test_nonsense_is_refused(threshold, step):
    with pytest.raises(ArgumentError, match="threshold is a score|step must be positive"):
        Detector(WORDS, threshold, step)
