"""The convolutional LSTM: shapes, states, and its cell; `test_recorded.py` has TensorFlow.js's numbers."""

import numpy as np
import pytest
import torch

import velveteen as vt
from tests.layers._check import check_layer
from velveteen import layers
from velveteen.errors import ArgumentError, ArgumentTypeError, ShapeError


def make(**options):
    return layers.conv_lstm2d(3, [3, 2], **options)


def close(a, b):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-4, atol=1e-5)


def twin(layer, **changes):
    return type(layer).from_config(layer.get_config() | changes | {"weights": layer.get_weights()})


@pytest.mark.parametrize(
    ("options", "output_shape"),
    [
        ({}, [4, 4, 3]),
        ({"padding": "same", "strides": [2, 1]}, [3, 5, 3]),
        ({"return_sequences": True, "use_bias": False}, [4, 4, 4, 3]),
        ({"dilation_rate": 2, "go_backwards": True}, [2, 3, 3]),
        ({"unit_forget_bias": True, "dropout": 0.2, "recurrent_dropout": 0.2}, [4, 4, 3]),
    ],
)
def test_conv_lstm2d(options, output_shape):
    weights = 2 if options.get("use_bias") is False else 3
    layer = check_layer(lambda: make(**options), [4, 6, 5, 2], output_shape=output_shape, weights=weights)
    assert [weight.shape for weight in layer.weights][:2] == [[3, 2, 2, 12], [3, 2, 3, 12]]
    assert "units" not in layer.get_config()


def test_sizes_may_stay_open():
    shape = make(padding="same", return_sequences=True).compute_output_shape((None, None, None, 5, 2))
    assert shape == (None, None, None, 5, 3)


def test_channels_first_is_the_same_turned():
    x = torch.randn(2, 4, 6, 5, 2)
    last = make(return_sequences=True)
    expected = last.apply(x)
    first = twin(last, data_format="channels_first")
    close(first.apply(x.permute(0, 1, 4, 2, 3)).numpy(), expected.transpose([0, 1, 4, 2, 3]).numpy())


def test_states_come_out_and_go_in():
    x = torch.randn(2, 4, 6, 5, 2)
    layer = make(return_sequences=True, return_state=True)
    whole, h, c = layer.apply(x)
    assert (whole.shape, h.shape, c.shape) == ([2, 4, 4, 4, 3], [2, 4, 4, 3], [2, 4, 4, 3])
    _, h_half, c_half = layer.apply(x[:, :2])
    second, h_end, _ = layer.apply(x[:, 2:], initial_state=[h_half, c_half])
    close(second, whole.numpy()[:, 2:])
    close(h_end, h)
    with pytest.raises(ShapeError, match=r"2 state\(s\) .* \[2, 4, 4, 3\], \[2, 4, 4, 3\], but got \[2, 3\]"):
        layer.apply(x, initial_state=[torch.zeros(2, 3)])


def test_stateful_remembers():
    x = torch.randn(2, 4, 6, 5, 2)
    once = make()
    expected = once.apply(x)
    layer = twin(once, stateful=True, batch_input_shape=[2, 2, 6, 5, 2])
    layer.apply(x[:, :2])
    close(layer.apply(x[:, 2:]), expected)
    layer.reset_states()
    close(layer.apply(x), expected)
    with pytest.raises(ShapeError, match=r"stateful with batches of 2, but got a batch of 1"):
        layer.apply(x[:1])


def test_a_mask_holds_states():
    x = torch.randn(2, 4, 6, 5, 2)
    layer = make()
    mask = torch.tensor([[True, True, False, False], [True, True, False, False]])
    close(layer.apply(x, mask=mask), layer.apply(x[:, :2]))


def test_the_cell_is_one_step():
    x = torch.randn(2, 1, 6, 5, 2)
    layer = make()
    expected = layer.apply(x)
    cell = layers.conv_lstm2d_cell(3, [3, 2], weights=layer.get_weights())
    zeros = vt.zeros([2, 4, 4, 3])
    output, h, c = cell.apply([vt.tensor(x[:, 0].numpy()), zeros, zeros])
    close(output, expected)
    close(h, expected)
    assert cell.compute_output_shape([(2, 6, 5, 2), (2, 4, 4, 3), (2, 4, 4, 3)]) == [(2, 4, 4, 3)] * 3
    assert c.shape == [2, 4, 4, 3]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: make(unroll=True), ArgumentError, "cannot unroll. Leave it out"),
        (lambda: make(strides=2, dilation_rate=2), ArgumentError, "conv_lstm2d.*strides.*dilation"),
        (lambda: make(padding="valud"), ValueError, 'Did you mean "valid"'),
        (lambda: layers.conv_lstm2d(0, 3), ArgumentError, '"filters" must be a positive integer'),
        (lambda: make(kernel_sise=3), ArgumentTypeError, 'Did you mean "kernel_size"'),
        (lambda: make().apply(vt.zeros([2, 4, 5, 2])), ShapeError, r"expects input of shape .* got \[2, 4, 5, 2\]"),
        (lambda: make().apply(vt.zeros([2, 4, 2, 2, 2])), ShapeError, "windows that do not fit"),
        (lambda: make().apply(vt.input([4, 5, 5, None])), ShapeError, "number of channels"),
    ],
)
def test_wrong_calls_say_what_to_do(call, error, message):
    with pytest.raises(error, match=message):
        call()
