"""Cells: a step of a recurrent layer by itself, stacked, and of one's own."""

import pytest
import torch

import velveteen as vt
from tests.layers._recurrent import BATCH, CELLS, FEATURES, KINDS, STATES, TIME, UNITS, built, close, kinds
from velveteen import layers
from velveteen.errors import ArgumentError


@pytest.fixture(autouse=True)
def _seed():
    vt.set_random_seed(0)


@pytest.fixture
def x():
    return torch.randn(BATCH, TIME, FEATURES)


@kinds
def test_rnn_with_a_cell_is_the_layer(x, kind):
    layer = built(KINDS[kind](UNITS, return_sequences=True, return_state=True))
    other = layers.rnn(
        CELLS[kind](UNITS), return_sequences=True, return_state=True, name="here", weights=layer.get_weights()
    )
    for ours, theirs in zip(other.apply(x), layer.apply(x), strict=True):
        close(ours, theirs)
    assert [weight.name for weight in other.weights] == ["here/kernel", "here/recurrent_kernel", "here/bias"]
    config = other.get_config()
    assert config["cell"]["class_name"] == {"lstm": "LSTMCell", "gru": "GRUCell", "simple_rnn": "SimpleRNNCell"}[kind]
    assert layers.RNN.from_config(config).get_config() == config


@kinds
def test_a_cell_is_one_step(x, kind):
    layer = built(KINDS[kind](UNITS))
    cell = CELLS[kind](UNITS, weights=layer.get_weights())
    states = [torch.zeros(BATCH, UNITS)] * STATES[kind]
    for t in range(TIME):
        output, *states = cell.apply([x[:, t], *states])
    close(output, layer.apply(x))
    with pytest.raises(ArgumentError, match=r"takes a list of \d tensors.*cell.apply\(\[x, \*states\]\)"):
        cell.apply(x[:, 0])


@pytest.mark.parametrize("masked", [False, True])
def test_stacked_cells_are_layers_on_layers(x, masked):
    first = built(layers.lstm(2, return_sequences=True, return_state=True))
    second = built(layers.gru(5, return_sequences=True, return_state=True), features=2)
    stack = layers.rnn(
        [layers.lstm_cell(2), layers.gru_cell(5)],
        name="here",
        return_sequences=True,
        return_state=True,
        weights=[*first.get_weights(), *second.get_weights()],
    )
    mask = {"mask": torch.rand(BATCH, TIME) < 0.6} if masked else {}
    middle, *first_states = first.apply(x, **mask)
    last, *second_states = second.apply(middle, **mask)
    for ours, theirs in zip(stack.apply(x, **mask), [last, *second_states, *first_states], strict=True):
        close(ours, theirs)
    assert (stack.weights[0].name, stack.weights[-1].name) == ("here/RNNCell_0/kernel", "here/RNNCell_1/bias")
    assert stack.state_size == [5, 2, 2]
    config = stack.get_config()
    assert layers.RNN.from_config(config).get_config() == config
    cell_outputs = stack.cell.apply([x[:, 0], *[torch.zeros(BATCH, size) for size in stack.state_size]])
    close(cell_outputs[0], stack.apply(x)[0][:, 0])


class Counter(layers.RNNCell):
    """Counts the steps; the output is the count times the sum of the input."""

    state_size = 1

    def call(self, inputs):
        x, count = inputs
        return [(count + 1) * x.sum(1, keepdim=True), count + 1]


def test_a_cell_of_ones_own():
    layer = layers.rnn(Counter(), return_sequences=True, return_state=True)
    outputs, count = layer.apply(torch.ones(1, 3, 2), mask=torch.tensor([[True, False, True]]))
    assert outputs.array_sync() == [[[2.0], [1.0], [4.0]]]  # at the masked step stands the first state
    assert count.array_sync() == [[2.0]]
