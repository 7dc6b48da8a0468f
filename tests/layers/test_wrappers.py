"""TimeDistributed and Bidirectional, against the layers inside of them."""

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen import layers
from velveteen.errors import ArgumentError, ArgumentTypeError, ShapeError, UnknownNameError

BATCH, TIME, FEATURES, UNITS = 3, 6, 4, 5
KINDS = {"lstm": layers.lstm, "gru": layers.gru, "simple_rnn": layers.simple_rnn}
MERGES = {
    "concat": lambda a, b: np.concatenate([a, b], -1),
    "sum": lambda a, b: a + b,
    "ave": lambda a, b: (a + b) / 2,
    "mul": lambda a, b: a * b,
}
kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def _seed():
    vt.set_random_seed(0)


@pytest.fixture
def x():
    return torch.randn(BATCH, TIME, FEATURES)


def close(a, b):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-4, atol=1e-5)


@kinds
@pytest.mark.parametrize("merge_mode", MERGES)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_bidirectional_is_forward_and_flipped(x, kind, merge_mode, sequences, masked):
    wrapper = layers.bidirectional(KINDS[kind](UNITS, return_sequences=sequences), merge_mode=merge_mode)
    mask = torch.rand(BATCH, TIME) < 0.6
    arguments, flipped = ({"mask": mask}, {"mask": mask.flip(1)}) if masked else ({}, {})
    merged = wrapper.apply(x, **arguments)
    weights = wrapper.get_weights()
    half = len(weights) // 2
    forward = KINDS[kind](UNITS, return_sequences=sequences, weights=weights[:half]).apply(x, **arguments)
    backward = KINDS[kind](UNITS, return_sequences=sequences, weights=weights[half:]).apply(x.flip(1), **flipped)
    backward = backward.numpy()[:, ::-1] if sequences else backward.numpy()
    close(merged, MERGES[merge_mode](forward.numpy(), backward))
    assert merged.shape == wrapper.compute_output_shape((BATCH, TIME, FEATURES))


@kinds
@pytest.mark.parametrize("merge_mode", [*MERGES, None])
def test_bidirectional_returns_states(x, kind, merge_mode):
    wrapper = layers.bidirectional(KINDS[kind](UNITS, return_sequences=True, return_state=True), merge_mode=merge_mode)
    parts = wrapper.apply(x)
    assert [part.shape for part in parts] == [
        vt.tensors.Shape(shape) for shape in wrapper.compute_output_shape((BATCH, TIME, FEATURES))
    ]
    forward, *forward_states = wrapper.forward_layer.apply(x)
    _, *backward_states = wrapper.backward_layer.apply(x)
    outputs = 2 if merge_mode is None else 1
    for ours, theirs in zip(parts[outputs:], [*forward_states, *backward_states], strict=True):
        close(ours, theirs)
    if merge_mode is None:
        close(parts[0], forward)
        close(parts[1][:, 0], backward_states[0])  # the end of the way back is at the start of time


@kinds
def test_bidirectional_takes_states(x, kind):
    wrapper = layers.bidirectional(KINDS[kind](UNITS))
    count = 2 * len(wrapper.forward_layer.state_size)
    states = [torch.randn(BATCH, UNITS) for _ in range(count)]
    result = wrapper.apply(x, initial_state=states)
    close(result, wrapper.apply([x, *states]))
    close(result[:, :UNITS], wrapper.forward_layer.apply(x, initial_state=states[: count // 2]))
    close(result[:, UNITS:], wrapper.backward_layer.apply(x, initial_state=states[count // 2 :]))
    symbolic = [layers.input([TIME, FEATURES]), *(layers.input([UNITS]) for _ in states)]
    assert wrapper.apply(symbolic[0], initial_state=symbolic[1:]).shape == [None, 2 * UNITS]
    assert wrapper.inbound_nodes[-1].inputs == symbolic


def test_bidirectional_names_and_config():
    wrapper = layers.bidirectional(layers.lstm(UNITS, name="inner", go_backwards=True), name="outer", merge_mode="sum")
    wrapper.ensure_built((None, TIME, FEATURES))
    assert [weight.name for weight in wrapper.weights] == [
        f"outer/{direction}_inner/{name}"
        for direction in ("forward", "backward")
        for name in ("kernel", "recurrent_kernel", "bias")
    ]
    assert (wrapper.forward_layer.go_backwards, wrapper.backward_layer.go_backwards) == (True, False)
    config = wrapper.get_config()
    assert config["merge_mode"] == "sum"
    assert (config["layer"]["class_name"], config["layer"]["config"]["name"]) == ("LSTM", "inner")
    assert layers.Bidirectional.from_config(config).get_config() == config


def test_bidirectional_around_cells(x):
    wrapper = layers.bidirectional(layers.rnn([layers.gru_cell(2), layers.gru_cell(3)], name="inner"), name="outer")
    assert wrapper.apply(x).shape == [BATCH, 6]
    assert wrapper.weights[-1].name == "outer/backward_inner/RNNCell_1/bias"


def test_bidirectional_stateful(x):
    wrapper = layers.bidirectional(layers.gru(UNITS, stateful=True))
    first = wrapper.apply(x)
    assert (wrapper.apply(x).numpy() != first.numpy()).any()
    wrapper.reset_states()
    close(wrapper.apply(x), first)
    assert wrapper.stateful


def test_bidirectional_mask_goes_on_with_sequences():
    mask = torch.ones(BATCH, TIME).bool()
    wrapper = layers.bidirectional(layers.lstm(UNITS, return_sequences=True, return_state=True), merge_mode=None)
    assert wrapper.compute_mask(None, mask) == [mask, mask, None, None, None, None]
    assert layers.bidirectional(layers.lstm(UNITS)).compute_mask(None, mask) is None


def test_freezing_reaches_the_layers_inside(x):
    for wrapper in (layers.bidirectional(layers.lstm(UNITS)), layers.time_distributed(layers.dense(2))):
        wrapper.apply(x)
        count = len(wrapper.weights)
        wrapper.trainable = False
        assert (len(wrapper.trainable_weights), len(wrapper.non_trainable_weights)) == (0, count)
        loaded = type(wrapper).from_config(wrapper.get_config())
        loaded.apply(x)
        assert loaded.trainable_weights == []
        loaded.trainable = wrapper.trainable = True
        assert len(loaded.trainable_weights) == len(wrapper.trainable_weights) == count


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: layers.dense(3, activation="relu"), (4,)),
        (lambda: layers.dense(3), (2, 4)),
        (lambda: layers.conv2d(2, kernel_size=3), (5, 5, 2)),
        (lambda: layers.flatten(), (2, 3)),
        (lambda: layers.lstm(3), (5, 2)),
        (lambda: layers.time_distributed(layers.dense(3)), (5, 2)),
        (lambda: layers.bidirectional(layers.gru(3, return_sequences=True)), (5, 2)),
    ],
    ids=["dense", "dense on 2 axes", "conv2d", "flatten", "lstm", "nested", "bidirectional"],
)
def test_time_distributed_is_the_layer_at_each_step(make, shape):
    inside = make()
    wrapper = layers.time_distributed(inside)
    x = torch.randn(BATCH, TIME, *shape)
    outputs = wrapper.apply(x)
    assert outputs.shape == wrapper.compute_output_shape((BATCH, TIME, *shape))
    for t in range(TIME):
        close(outputs[:, t], inside.apply(x[:, t]))


def test_time_distributed_names_and_config():
    wrapper = layers.time_distributed(layers.dense(3, name="inner"), name="outer")
    wrapper.ensure_built((None, TIME, FEATURES))
    assert [(weight.name, weight.shape) for weight in wrapper.weights] == [
        ("outer/kernel", [FEATURES, 3]),
        ("outer/bias", [3]),
    ]
    config = wrapper.get_config()
    assert layers.TimeDistributed.from_config(config).get_config() == config


def test_time_distributed_gives_the_layer_its_weights(x):
    kernel, bias = torch.randn(FEATURES, 2), torch.randn(2)
    wrapper = layers.time_distributed(layers.dense(2, weights=[kernel, bias]))
    close(wrapper.apply(x), x @ kernel + bias)


def test_time_distributed_passes_the_mask_on():
    mask = torch.ones(BATCH, TIME).bool()
    assert layers.time_distributed(layers.dense(2)).compute_mask(None, mask) is mask


def test_gradients_flow_through_wrappers(x):
    for wrapper in (layers.bidirectional(layers.gru(UNITS)), layers.time_distributed(layers.dense(2))):
        inputs = x.clone().requires_grad_()
        wrapper(inputs).square().sum().backward()
        assert (inputs.grad != 0).all()
        assert all((weight.parameter.grad != 0).any() for weight in wrapper.trainable_weights)


def test_messages_say_what_to_do(x):
    with pytest.raises(
        ArgumentTypeError, match=r"expects a recurrent layer inside, such as layers.lstm\(32\), got Dense"
    ):
        layers.bidirectional(layers.dense(2))
    with pytest.raises(ArgumentTypeError, match=r"TimeDistributed expects a layer inside, such as layers.dense\(10\)"):
        layers.time_distributed("dense")
    with pytest.raises(UnknownNameError, match=r'"conkat"\. Did you mean "concat"'):
        layers.bidirectional(layers.lstm(2), merge_mode="conkat")
    with pytest.raises(ShapeError, match="even number of states to start from, half for each direction, but got 1"):
        layers.bidirectional(layers.gru(2)).apply([x, torch.zeros(BATCH, 2)])
    with pytest.raises(ShapeError, match=r"expects input of shape \[.*but got \[3, 4\]"):
        layers.time_distributed(layers.dense(2)).apply(x[:, 0])
    with pytest.raises(ArgumentError, match=r"returns 3 tensors.*Leave out return_state"):
        layers.time_distributed(layers.lstm(2, return_state=True)).apply(layers.input([TIME, 5, 2]))
    with pytest.raises(vt.VelveteenError, match="A saved layer must have"):
        layers.TimeDistributed.from_config({"name": "td"})
