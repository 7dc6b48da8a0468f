"""The recurrent layers against PyTorch's own, against their formulas written out, and against themselves."""

import math

import numpy as np
import pytest
import torch

import velveteen as vt
from tests.layers._recurrent import BATCH, FEATURES, KINDS, STATES, TIME, UNITS, built, close, kinds, twin
from velveteen import layers
from velveteen.errors import ArgumentError, ArgumentTypeError, ShapeError, StateError


@pytest.fixture(autouse=True)
def _seed():
    vt.set_random_seed(0)


@pytest.fixture
def x():
    return torch.randn(BATCH, TIME, FEATURES)


# Against PyTorch


@pytest.mark.parametrize("options", [{}, {"use_bias": False}], ids=["bias", "no bias"])
@pytest.mark.parametrize("mode", ["lstm", "tanh", "relu", "gru"])
def test_same_as_pytorch(x, mode, options):
    bias = not options
    ours = {
        "lstm": lambda: layers.lstm(UNITS, return_sequences=True, **options),
        "tanh": lambda: layers.simple_rnn(UNITS, return_sequences=True, **options),
        "relu": lambda: layers.simple_rnn(UNITS, activation="relu", return_sequences=True, **options),
        "gru": lambda: layers.gru(UNITS, reset_after=True, return_sequences=True, **options),
    }[mode]()
    built(ours)
    module = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}.get(mode, torch.nn.RNN)
    extra = {"nonlinearity": mode} if module is torch.nn.RNN else {}
    theirs = module(FEATURES, UNITS, batch_first=True, bias=bias, **extra)

    def order(rows):  # Keras has the update gate first, PyTorch the reset gate
        z, r, candidate = rows.split(UNITS)
        return torch.cat([r, z, candidate])

    reorder = order if mode == "gru" else lambda rows: rows
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(reorder(ours.kernel))
        theirs.weight_hh_l0.copy_(reorder(ours.recurrent_kernel))
        if bias:
            first, second = ours.bias if mode == "gru" else (ours.bias, torch.zeros_like(ours.bias))
            theirs.bias_ih_l0.copy_(reorder(first))
            theirs.bias_hh_l0.copy_(reorder(second))
    mine, reference = x.clone().requires_grad_(), x.clone().requires_grad_()
    result, expected = ours(mine), theirs(reference)[0]
    close(result, expected)
    result.square().sum().backward()
    expected.square().sum().backward()
    close(mine.grad, reference.grad, 1e-4)
    close(reorder(ours.kernel.grad), theirs.weight_ih_l0.grad, 1e-4)
    close(reorder(ours.recurrent_kernel.grad), theirs.weight_hh_l0.grad, 1e-4)


@pytest.mark.parametrize("layer", [layers.lstm(UNITS, dropout=0.1), layers.simple_rnn(UNITS, activation="relu")])
def test_one_kernel_computes_the_usual_sequence(x, layer, monkeypatch):
    steps = []
    compute = type(layer).step
    monkeypatch.setattr(type(layer), "step", lambda self, *inputs: steps.append(1) or compute(self, *inputs))
    layer.apply(x, training=True)
    assert len(steps) == 0
    layer.apply(x, mask=torch.ones(BATCH, TIME).bool())
    assert len(steps) == (0 if isinstance(layer, layers.LSTM) else TIME)


@pytest.mark.parametrize("backwards", [False, True])
def test_one_kernel_computes_a_masked_lstm_as_the_steps_do(x, backwards, monkeypatch):
    """Outputs, both states and all gradients, from any mask and states that are not zeros."""
    layer = built(layers.lstm(UNITS, return_sequences=True, return_state=True, go_backwards=backwards))
    mask = torch.tensor([[1, 1, 0, 1, 0, 0], [0, 0, 1, 0, 1, 1], [0, 0, 0, 0, 0, 0]]).bool()
    start = [torch.randn(BATCH, UNITS) * 3 for _ in range(2)]

    def computed():
        given = [part.clone().requires_grad_() for part in (x, *start)]
        layer.zero_grad()
        results = layer(given, mask=mask)
        sum(part.square().sum() for part in results).backward()
        return [*results, *(part.grad for part in (*given, *layer.parameters()))]

    by_kernel = computed()
    monkeypatch.setattr(layers.LSTM, "fused_masked", lambda *arguments: None)
    for ours, expected in zip(by_kernel, computed(), strict=True):
        close(ours, expected, 1e-5)


def test_gru_is_its_formula(x):
    layer = built(layers.gru(UNITS, recurrent_activation="hard_sigmoid", return_sequences=True))
    kernel, recurrent, bias = (weight.numpy() for weight in layer.get_weights())
    h = np.zeros((BATCH, UNITS))
    for t in range(TIME):
        projected = x[:, t].numpy() @ kernel + bias
        gates = np.clip(0.2 * (projected[:, : 2 * UNITS] + h @ recurrent[:, : 2 * UNITS]) + 0.5, 0, 1)
        z, r = gates[:, :UNITS], gates[:, UNITS:]
        candidate = np.tanh(projected[:, 2 * UNITS :] + (r * h) @ recurrent[:, 2 * UNITS :])
        h = z * h + (1 - z) * candidate
        np.testing.assert_allclose(layer(x)[:, t].detach().numpy(), h, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", ["tanh", "linear", "softmax", "hard_sigmoid"])
@pytest.mark.parametrize("recurrent_activation", ["sigmoid", "hard_sigmoid", "softmax"])
def test_lstm_is_its_formula(x, activation, recurrent_activation):
    options = {"activation": activation, "recurrent_activation": recurrent_activation}
    layer = built(layers.lstm(UNITS, **options))
    act, gate = vt.activations.get(activation), vt.activations.get(recurrent_activation)
    kernel, recurrent, bias = (weight.torch() for weight in layer.get_weights())
    h = c = torch.zeros(BATCH, UNITS)
    for t in range(TIME):
        i, f, candidate, o = (x[:, t] @ kernel + h @ recurrent + bias).split(UNITS, dim=1)
        c = gate(f) * c + gate(i) * act(candidate)
        h = gate(o) * act(c)
    close(layer(x), h)


# Sequences, directions, states


@kinds
def test_last_of_sequence_is_output_and_state(x, kind):
    layer = built(KINDS[kind](UNITS, return_sequences=True, return_state=True))
    outputs, *states = layer.apply(x)
    assert outputs.shape == [BATCH, TIME, UNITS]
    assert [state.shape for state in states] == [[BATCH, UNITS]] * STATES[kind]
    close(outputs[:, -1], states[0])
    close(twin(layer, return_sequences=False, return_state=False).apply(x), states[0])


@kinds
def test_backwards_is_forwards_on_the_flipped_sequence(x, kind):
    layer = built(KINDS[kind](UNITS, return_sequences=True))
    close(twin(layer, go_backwards=True).apply(x), layer.apply(x.flip(1)))


@kinds
def test_states_join_two_halves(x, kind):
    layer = built(KINDS[kind](UNITS, return_sequences=True, return_state=True))
    whole, *last = layer.apply(x)
    first, *states = layer.apply(x[:, :2])
    second, *end = layer.apply(x[:, 2:], initial_state=states)
    close(torch.cat([first.torch(), second.torch()], 1), whole)
    for ours, theirs in zip(end, last, strict=True):
        close(ours, theirs)
    close(layer.apply([x[:, 2:], *states])[0], second)
    close(layer(x[:, 2:], initial_state=[state.torch() for state in states])[0], second)


@kinds
def test_symbolic_states(kind):
    sequence, start = layers.input([TIME, FEATURES]), [layers.input([UNITS]) for _ in range(STATES[kind])]
    layer = KINDS[kind](UNITS, return_sequences=True, return_state=True)
    result = layer.apply(sequence, initial_state=start)
    assert [part.shape for part in result] == [[None, TIME, UNITS]] + [[None, UNITS]] * STATES[kind]
    assert layer.inbound_nodes[0].inputs == [sequence, *start]


@kinds
@pytest.mark.parametrize("backwards", [False, True])
def test_masked_steps_keep_state_and_output(x, kind, backwards):
    layer = built(KINDS[kind](UNITS, return_sequences=True, return_state=True, go_backwards=backwards))
    mask = torch.tensor([[1, 1, 0, 1, 0, 0], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]]).bool()
    outputs, *states = layer.apply(x, mask=mask)
    order = range(TIME)[::-1] if backwards else range(TIME)
    for row in range(BATCH):
        kept = [step for step in order if mask[row, step]]
        previous = torch.zeros(UNITS)
        computed = iter([] if not kept else twin(layer, go_backwards=False).apply(x[row : row + 1, kept])[0][0])
        for place, step in enumerate(order):
            if mask[row, step]:
                previous = next(computed).torch()
            close(outputs[row, place], previous)
        close(states[0][row], previous)


@kinds
def test_gradients_flow_through_masks_and_states(x, kind):
    layer = built(KINDS[kind](UNITS))
    start = [torch.randn(BATCH, UNITS, requires_grad=True) for _ in range(STATES[kind])]
    mask = torch.tensor([[True] * TIME, [True] * 2 + [False] * 4, [False] * TIME])
    inputs = x.clone().requires_grad_()
    layer([inputs, *start], mask=mask).sum().backward()
    assert (inputs.grad[1, 2:] == 0).all()
    assert (inputs.grad[1, :2] != 0).any()
    close(start[0].grad[2], torch.ones(UNITS))  # a sequence without a valid step returns what it started from


@kinds
def test_gradient_of_a_function_that_calls_the_layer(x, kind):
    layer = built(KINDS[kind](UNITS))
    gradient = vt.grad(lambda t: layer.apply(t).square().sum())(x).torch()
    for place in [(0, 0, 0), (2, 5, 3)]:
        shift = torch.zeros_like(x)
        shift[place] = 1e-2
        up, down = (float(layer.apply(each).square().sum()) for each in (x + shift, x - shift))
        assert gradient[place] == pytest.approx((up - down) / 2e-2, rel=2e-2, abs=1e-3)


# Between batches


@kinds
def test_stateful_continues_where_the_last_batch_ended(x, kind):
    layer = built(KINDS[kind](UNITS))
    stateful = twin(layer, stateful=True, batch_input_shape=[BATCH, None, FEATURES])
    stateful.apply(x[:, :2])
    close(stateful.apply(x[:, 2:]), layer.apply(x))
    kept = stateful.states
    stateful.reset_states()
    assert stateful.states is None
    assert set(stateful.get_states()) == {None}
    stateful.set_states(kept)
    assert stateful.states[0].array_sync() == kept[0].array_sync()
    stateful.reset_states()
    close(stateful.apply(x[:, 2:]), layer.apply(x[:, 2:]))
    stateful.reset_states(kept)
    stateful.reset_states([state.torch() for state in kept])
    assert [state.array_sync() for state in stateful.get_states()] == [state.array_sync() for state in kept]
    close(stateful.apply(x[:, :1]), layer.apply(x[:, :1], initial_state=kept))


def test_stateful_does_not_remember_gradients(x):
    layer = built(layers.lstm(UNITS)).get_weights()
    stateful = layers.lstm(UNITS, stateful=True, weights=layer)
    for _ in range(2):
        stateful(x).sum().backward()  # a second time through the same graph would be an error
    assert all(not state.torch().requires_grad for state in stateful.states)


def test_stateful_says_which_batch_it_expects(x):
    with pytest.raises(ShapeError, match=r'"lstm_\d+" is stateful, so it must know the batch size.*batch_input_shape'):
        layers.lstm(UNITS, stateful=True).apply(layers.input([TIME, FEATURES]))
    layer = layers.lstm(UNITS, stateful=True)
    layer.apply(x)
    with pytest.raises(ShapeError, match=r"stateful with batches of 3, but got a batch of 2\. Pass batch_size=3"):
        layer.apply(x[:2])
    with pytest.raises(ShapeError, match=r"expects 2 state\(s\).*\[3, 5\], \[3, 5\], but got \[3, 5\]\."):
        layer.reset_states(torch.zeros(3, UNITS))
    with pytest.raises(StateError, match=r"is not stateful.*stateful=True"):
        layers.lstm(UNITS).reset_states()


# Dropout


@kinds
def test_dropout_only_in_training(x, kind):
    layer = built(KINDS[kind](UNITS))
    dropped = twin(layer, dropout=0.5, recurrent_dropout=0.5)
    close(dropped.apply(x), layer.apply(x))
    assert (dropped.apply(x, training=True).torch() - layer.apply(x).torch()).abs().max() > 1e-3
    everything = twin(layer, dropout=1.0, recurrent_dropout=1.0)  # as in TensorFlow.js
    close(everything.apply(x, training=True), layer.apply(x))


def test_dropout_is_the_same_at_every_step():
    layer = layers.simple_rnn(
        50,
        activation="linear",
        kernel_initializer="identity",
        recurrent_initializer="zeros",
        dropout=0.4,
        return_sequences=True,
    )
    seen = layer.apply(torch.ones(20, 3, 50), training=True).torch()
    assert seen.unique().tolist() == pytest.approx([0, 1 / 0.6])
    assert (seen == seen[:, :1]).all()
    assert (seen == 0).float().mean().item() == pytest.approx(0.4, abs=0.1)


def test_recurrent_dropout_is_the_same_at_every_step():
    layer = layers.simple_rnn(
        50, activation="linear", recurrent_initializer="identity", recurrent_dropout=0.5, return_sequences=True
    )
    start = torch.ones(20, 50)
    seen = layer.apply([torch.zeros(20, 3, 2), start], training=True).torch()
    assert set(seen[:, 0].unique().tolist()) == {0.0, 2.0}
    close(seen[:, 2], seen[:, 0] ** 3)
    other = layer.apply([torch.zeros(20, 3, 2), start], training=True).torch()
    assert (seen != other).any()


# Weights, configs, precision


@kinds
def test_weights_are_named_and_shaped_as_in_files(kind):
    layer = KINDS[kind](UNITS, name="here")
    layer.ensure_built((None, TIME, FEATURES))
    gates = {"lstm": 4, "gru": 3, "simple_rnn": 1}[kind] * UNITS
    assert [(weight.name, weight.shape) for weight in layer.weights] == [
        ("here/kernel", [FEATURES, gates]),
        ("here/recurrent_kernel", [UNITS, gates]),
        ("here/bias", [gates]),
    ]
    assert layer.count_params() == gates * (FEATURES + UNITS + 1)
    assert len(KINDS[kind](UNITS, use_bias=False, input_shape=[TIME, FEATURES]).weights) == 0
    assert set(layer.state_dict()) == {"kernel", "recurrent_kernel", "bias"}


def test_unit_forget_bias():
    layer = layers.lstm(2, unit_forget_bias=True, bias_initializer="zeros")
    layer.ensure_built((None, TIME, FEATURES))
    assert layer.bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    layer = layers.lstm(2)
    layer.ensure_built((None, TIME, FEATURES))
    assert layer.bias.tolist() == [0] * 8


def test_reset_after_has_two_biases():
    layer = layers.gru(2, reset_after=True)
    layer.ensure_built((None, TIME, FEATURES))
    assert layer.weights[2].shape == [2, 6]


@kinds
def test_config_round_trip(kind):
    layer = KINDS[kind](
        UNITS,
        activation="relu",
        kernel_regularizer=vt.regularizers.l2(0.1),
        recurrent_constraint="nonNeg",
        dropout=0.25,
        return_sequences=True,
        go_backwards=True,
    )
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config
    assert {"units", "activation", "use_bias", "recurrent_initializer", "return_state", "stateful", "unroll"} < set(
        config
    )
    assert (config["activation"], config["dropout"], config["go_backwards"]) == ("relu", 0.25, True)


def test_default_recurrent_activation_is_written_to_files():
    assert layers.lstm(1).get_config()["recurrent_activation"] == "sigmoid"
    assert layers.LSTM.from_config({"units": 1, "recurrent_activation": "hard_sigmoid", "unit_forget_bias": None})


@kinds
def test_bfloat16_is_near_float32(x, kind):
    for activation in ("tanh", "relu"):
        layer = built(KINDS[kind](UNITS, activation=activation, return_sequences=True))
        with torch.autocast("cpu", torch.bfloat16):
            rough = layer(x)
        assert torch.allclose(rough.float(), layer(x), rtol=0.1, atol=0.1)


def test_integers_as_input():
    layer = built(layers.gru(UNITS), features=1)
    pattern = vt.tensor([[[1], [2], [3]]], dtype="int32")
    close(layer.apply(pattern), layer.apply([[[1.0], [2.0], [3.0]]]))


# Messages


def test_messages_say_what_to_do(x):
    with pytest.raises(ArgumentTypeError, match=r"Expected a cell such as layers.lstm_cell\(32\).*RNNCell"):
        layers.rnn(layers.lstm(2))
    with pytest.raises(ArgumentTypeError, match='must set "state_size"'):
        layers.rnn(layers.RNNCell())
    with pytest.raises(ArgumentError, match="at least one cell"):
        layers.rnn([])
    with pytest.raises(ShapeError, match=r'"lstm_\d+" expects input of shape \[null, null, null\] but got \[3, 4\]'):
        layers.lstm(2).apply(x[:, 0])
    with pytest.raises(ShapeError, match=r"must know the size of the last axis.*input_shape"):
        layers.lstm(2).apply(layers.input([TIME, None]))
    with pytest.raises(ShapeError, match="sequences of length 0"):
        layers.lstm(2).apply(x[:, :0])
    with pytest.raises(
        ShapeError, match=r"expects 2 state\(s\).*\[3, 2\], \[3, 2\], but got \[3, 2\]\. Give one state"
    ):
        layers.lstm(2).apply([x, torch.zeros(3, 2)])
    with pytest.raises(ArgumentError, match=r"either in the list of inputs.*not both"):
        layers.gru(2).apply([x, torch.zeros(3, 2)], initial_state=torch.zeros(3, 2))
    with pytest.raises(ArgumentError, match='"units" must be a positive integer, got 0'):
        layers.lstm(0)
    with pytest.raises(
        ArgumentTypeError, match=r'LSTM has no argument "return_sequence". Did you mean "return_sequences"'
    ):
        layers.lstm(2, return_sequence=True)


@pytest.mark.parametrize("config", [{}, {"cell": {"class_name": "Dense", "config": {"units": 1}}}, {"cell": 3}])
def test_damaged_configs(config):
    with pytest.raises(vt.VelveteenError, match="cell"):
        layers.RNN.from_config(config)


def test_huge_stateful_batches_cost_nothing():
    layers.lstm(1, stateful=True).apply(layers.input(batch_shape=[2**31 - 1, TIME, FEATURES]))


def test_initial_values_are_finite():
    layer = layers.lstm(64)
    layer.ensure_built((None, TIME, FEATURES))
    assert all(math.isfinite(float(weight.abs().sum())) for weight in layer.weights)
