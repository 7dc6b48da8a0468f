"""The stream in which commands are hidden: what is in it, how loud, and how what was heard is counted."""

import numpy as np
import pytest

soundfile = pytest.importorskip("soundfile")

from bench.commands_stream import NEAR, Said, count_found, stream  # noqa: E402
from velveteen.recipes.commands.listening import Event  # noqa: E402
from velveteen.recipes.commands.splitting import Recording  # noqa: E402

RATE = 8000


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Two commands and another word, tones of 0.4 s."""
    folder = tmp_path_factory.mktemp("tones")
    found = []
    for word, hertz in (("low", 500), ("high", 2000), ("other", 1200)):
        path = folder / f"{word}_me_0.wav"
        soundfile.write(path, 0.3 * np.sin(2 * np.pi * hertz * np.arange(0.4 * RATE) / RATE), RATE)
        found.append(Recording(path, path.name, word))
    return found


def make(recordings, **options):
    settings = {"seconds": 60, "count": 12, "distractors": 0, "decibels": 10, "seed": 1, **options}
    return stream(recordings[:2], recordings[2:], RATE, **settings)


def test_commands_lie_where_it_says_and_as_loud_as_wanted(recordings):
    sound, said = make(recordings)
    assert len(sound) == 60 * RATE
    assert sorted(command.word for command in said) == ["high"] * 6 + ["low"] * 6
    silent = np.ones(len(sound), bool)
    for command in said:
        place = slice(round(command.begin * RATE), round(command.end * RATE))
        silent[place] = False
        assert command.end - command.begin == pytest.approx(0.4)
        strength = np.abs(np.fft.rfft(sound[place]))
        assert strength.argmax() * RATE / len(sound[place]) == pytest.approx(
            500 if command.word == "low" else 2000, abs=5
        )
    background = np.square(sound[silent]).mean()
    both = np.mean([np.square(sound[round(c.begin * RATE) : round(c.end * RATE)]).mean() for c in said])
    assert 10 * np.log10((both - background) / background) == pytest.approx(10, abs=0.5)


def test_other_words_are_between_the_commands(recordings):
    quiet, said = make(recordings, decibels=40)
    loud, again = make(recordings, decibels=40, distractors=12)
    assert [command.word for command in again] == [command.word for command in said]
    others = np.square(loud).sum() - np.square(quiet).sum()
    assert others == pytest.approx(12 * 0.4 * RATE * 0.05**2, rel=0.05)
    assert make(recordings, seed=2)[1] != said


def test_what_was_heard_is_counted():
    said = [Said("go", 1.0, 1.4), Said("stop", 3.0, 3.4), Said("go", 5.0, 5.4), Said("stop", 7.0, 7.4)]
    events = [
        Event(1.1, "go", 0.9),  # found
        Event(2.5, "go", 0.9),  # nobody said that
        Event(3.0 + NEAR + 0.01, "stop", 0.9),  # too late: missed, and heard though nobody said it then
        Event(5.0, "stop", 0.9),  # taken for another one
        Event(7.0, "stop", 0.9),  # found,
        Event(7.2, "stop", 0.9),  # and a second time
    ]
    found = count_found(events, [event.time + 0.8 for event in events], said)
    assert (found.said, found.found, found.confused, found.missed, found.false_accepts) == (4, 2, 1, 1, 3)
    np.testing.assert_allclose(found.errors, [0.1, 0.0], atol=1e-9)
    np.testing.assert_allclose(found.delays, [0.5, 0.4], atol=1e-9)
