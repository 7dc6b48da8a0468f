import numpy as np
import pytest

from velveteen.errors import ArgumentError
from velveteen.recipes.writer import main, sampling
from velveteen.recipes.writer.sampling import Choice

PROBABILITIES = np.array([0.5, 0.3, 0.15, 0.05], dtype=np.float32)


def shares(choice, count=20_000):
    drawn = choice.draw(np.tile(PROBABILITIES, (count, 1)), np.random.default_rng(1))
    return np.bincount(drawn, minlength=4) / count


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(1.0), PROBABILITIES),
        (Choice(0.5), PROBABILITIES**2 / (PROBABILITIES**2).sum()),
        (Choice(2.0), PROBABILITIES**0.5 / (PROBABILITIES**0.5).sum()),
        (Choice(1.0, top_k=2), [0.625, 0.375, 0, 0]),
        (Choice(1.0, top_p=0.7), [0.625, 0.375, 0, 0]),
        (Choice(1.0, top_p=0.81), np.array([0.5, 0.3, 0.15, 0]) / 0.95),
        (Choice(1.0, top_k=100), PROBABILITIES),
        (Choice(0.0), [1, 0, 0, 0]),
        (Choice(1.0, top_k=1), [1, 0, 0, 0]),
        (Choice(0.01), [1, 0, 0, 0]),
        (Choice(1.0, top_p=1e-9), [1, 0, 0, 0]),
    ],
)
def test_characters_are_drawn_as_asked(choice, expected):
    np.testing.assert_allclose(shares(choice), expected, atol=0.012)


def test_what_has_no_probability_is_never_drawn():
    probabilities = np.tile(np.array([0.0, 1.0, 0.0], np.float32), (1000, 1))
    assert set(Choice(1.5).draw(probabilities, np.random.default_rng(1))) == {1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1}, "temperature must be 0 or more, got -1"),
        ({"temperature": float("nan")}, "temperature must be 0 or more"),
        ({"top_k": -2}, "top_k must be 0"),
        ({"top_p": 0}, "top_p must be above 0"),
        ({"top_p": 1.5}, "top_p must be above 0"),
    ],
)
def test_choices_that_make_no_sense(options, message):
    with pytest.raises(ArgumentError, match=message):
        Choice(**options)


def test_it_writes_what_it_learned(trained):
    written = main.write(trained.folder, "The quick brown", Choice(0.0), length=30)
    assert written == [" fox jumps over the lazy dog, "]


def test_a_seed_makes_it_repeatable_and_versions_differ(trained):
    first = main.write(trained.folder, "The ", Choice(2.0), length=40, samples=3, seed=5)
    assert first == main.write(trained.folder, "The ", Choice(2.0), length=40, samples=3, seed=5)
    assert len(set(first)) == 3 and {len(text) for text in first} == {40}


def test_the_rare_symbol_is_never_written(trained):
    written = main.write(trained.folder, "ξξξ", Choice(50.0), length=300, seed=1)[0]
    assert "\ufffd" not in written


def test_reading_in_parts_is_reading_at_once(trained):
    whole, parts = main.open_writer(trained.folder), main.open_writer(trained.folder)
    whole.read("The quick brown fox")
    for part in ("The qu", "ick ", "", "brown fox"):
        parts.read(part)
    np.testing.assert_allclose(whole.probabilities, parts.probabilities, atol=1e-6)


def test_the_state_is_that_of_the_saved_model(trained):
    """The network that writes, and the one that browsers get, foretell the same."""
    saved, alphabet = main.load(trained.folder)
    text = "\nThe quick brown fox"
    states = [np.zeros((1, state.shape[-1]), np.float32) for state in saved.inputs[1:]]
    probabilities, *_ = saved.predict_on_batch([alphabet.encode(text)[None].astype(np.int32), *states])
    writer = main.open_writer(trained.folder)
    writer.read(text)
    np.testing.assert_allclose(writer.probabilities[0], probabilities.numpy()[0, -1], atol=1e-6)


def test_no_versions():
    with pytest.raises(ArgumentError, match="number of samples must be positive, got 0"):
        sampling.Writer(None, None, versions=0)
