"""Greedy and beam decoding, against every sequence there is."""

import itertools

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen.errors import ArgumentError, ShapeError

END, SYMBOLS = 0, 4


def chain(seed, examples=1):
    """Returns probabilities of each symbol after each two before it, an example a row: [examples, last but one, last, next]."""
    chance = np.random.default_rng(seed)
    return chance.dirichlet(np.ones(SYMBOLS) * 0.5, (examples, SYMBOLS, SYMBOLS)).astype(np.float32)


def step(last, states):
    """The states are the symbol before the last one, and the chain; what is told is the last symbol."""
    before, table = states
    rows = torch.arange(len(last))
    return table[rows, before[:, 0].long(), last], [last[:, None].float(), table], last[:, None]


def search(table, **options):
    return vt.beam_search(step, [np.zeros((len(table), 1), np.float32), table], end=END, **options)


def likeliest(table, length):
    """Returns all sequences of at most so many symbols by their probability, each ended or cut off."""
    found = []
    for count in range(length + 1):
        for symbols in itertools.product(range(1, SYMBOLS), repeat=count):
            ended = [*symbols, END] if count < length else symbols
            path = [0, 0, *ended]
            probability = np.prod(
                [table[path[i], path[i + 1], path[i + 2]] for i in range(len(ended))], dtype=np.float64
            )
            found.append((list(symbols), probability))
    return sorted(found, key=lambda each: -each[1])


@pytest.mark.parametrize("seed", range(5))
def test_enough_beams_find_the_likeliest_sequences(seed):
    table = chain(seed)
    expected = likeliest(table[0], 4)
    found = search(table, length=4, beams=400)[0]
    assert len(found) == len(expected) == sum(3**count for count in range(5))
    np.testing.assert_allclose([each.probability for each in found], [each[1] for each in expected], rtol=1e-4)
    assert [each.symbols for each in found[:5]] == [each[0] for each in expected[:5]]


@pytest.mark.parametrize("seed", range(5))
def test_one_beam_takes_the_likeliest_symbol_each_time(seed):
    table = chain(seed)
    path, probability = [0, 0], 1.0
    while len(path) < 8 and (len(path) == 2 or path[-1] != END):
        probability *= table[0, path[-2], path[-1]].max()
        path.append(int(table[0, path[-2], path[-1]].argmax()))
    (found,) = search(table, length=6)[0]
    written = path[2:-1] if path[-1] == END else path[2:]
    assert found.symbols == written
    assert found.probability == pytest.approx(probability, rel=1e-5)


def test_examples_together_are_as_each_alone():
    table = chain(3, examples=6)
    together = search(table, length=6, beams=3)
    for row, found in enumerate(together):
        (alone,) = search(table[row : row + 1], length=6, beams=3)
        assert [each.symbols for each in found] == [each.symbols for each in alone]
        assert [each.probability for each in found] == pytest.approx([each.probability for each in alone])
        assert found[0].probability >= search(table[row : row + 1], length=6)[0][0].probability * 0.999


def test_what_a_step_tells_goes_with_its_sequence():
    for found in search(chain(4, examples=5), length=6, beams=3):
        for each in found:  # each step told the symbol before the one it wrote
            assert each.notes.shape == (min(6, len(each.symbols) + 1), 1)
            assert each.notes[:, 0].tolist() == [END, *each.symbols][: len(each.notes)]


def test_a_beginning_of_its_own():
    table = chain(1)
    (found,) = search(table, length=1, start=2)[0]
    assert (found.symbols or [END]) == [int(table[0, 0, 2].argmax())]


def test_impossible_sequences_are_left_out():
    table = np.zeros((1, SYMBOLS, SYMBOLS, SYMBOLS), np.float32)
    table[..., 2] = 1
    assert [each.symbols for each in search(table, length=3, beams=5)[0]] == [[2, 2, 2]]


def test_without_notes():
    found = vt.beam_search(
        lambda last, states: (torch.tensor([[0.2, 0.8]]), states), [np.zeros((1, 1))], end=0, length=2
    )
    assert (found[0][0].symbols, found[0][0].notes) == ([1, 1], None)


def test_wrong_calls():
    table, zeros = chain(1), np.zeros((1, 1), np.float32)
    with pytest.raises(ArgumentError, match="must be positive, got beams=0 and length=3"):
        search(table, length=3, beams=0)
    with pytest.raises(ArgumentError, match="must be positive, got beams=1 and length=0"):
        search(table, length=0)
    with pytest.raises(ArgumentError, match="needs at least one state of at least one example"):
        vt.beam_search(step, [], end=0, length=3)
    with pytest.raises(ShapeError, match=r"a row an example each, but have \[1,1\], \[2,1\]|\[1, 1\]"):
        vt.beam_search(step, [zeros, np.zeros((2, 1))], end=0, length=3)
    with pytest.raises(ArgumentError, match="The end is symbol 4, but there are 4, counted from 0"):
        vt.beam_search(step, [zeros, table], end=4, length=3, start=0)
    with pytest.raises(ShapeError, match=r"probabilities of shape \[1, symbols\], got .* Leave the axis of time out"):
        vt.beam_search(lambda last, states: (torch.ones(1, 1, 4), states), [zeros], end=0, length=3)
