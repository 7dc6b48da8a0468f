"""Convolutions of few places are computed as matrix products, with the results of the library's own."""

import pytest
import torch

import velveteen as vt
from velveteen.ops import _matrix_convolution
from velveteen.ops.convolution import conv_nd


@pytest.fixture
def however_small(monkeypatch):
    monkeypatch.setattr(_matrix_convolution, "_FEWEST_WEIGHTS", 1)


@pytest.mark.usefixtures("however_small")
@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(
    ("size", "kernel", "strides", "dilations"),
    [((7, 9), (3, 3), 1, 1), ((8, 8), (3, 2), 2, 1), ((9, 8), (2, 4), (1, 3), 1), ((9, 11), (3, 2), 1, (2, 3))],
)
def test_values_and_gradients_are_those_of_pytorch(size, kernel, strides, dilations, padding, with_bias, monkeypatch):
    torch.manual_seed(0)
    x = torch.randn(2, *size, 3, requires_grad=True)
    weights = torch.randn(4, 3, *kernel).to(memory_format=torch.channels_last).requires_grad_()
    bias = torch.randn(4, requires_grad=True) if with_bias else None
    inputs = [x, weights, *([bias] if with_bias else [])]

    def results():
        y = conv_nd(x, weights, bias, strides, padding, dilations)
        return y, torch.autograd.grad(y.square().sum(), inputs)

    taken = []
    product = _matrix_convolution.convolve
    monkeypatch.setattr(_matrix_convolution, "convolve", lambda *given: taken.append(1) or product(*given))
    y, gradients = results()
    assert taken
    monkeypatch.setattr(_matrix_convolution, "fits", lambda *_: False)
    expected_y, expected_gradients = results()
    torch.testing.assert_close(y, expected_y)
    for gradient, expected in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("however_small")
def test_a_frozen_kernel_and_an_input_without_gradient_get_none():
    weights = torch.randn(4, 3, 3, 3).to(memory_format=torch.channels_last)
    x = torch.randn(1, 6, 6, 3, requires_grad=True)
    conv_nd(x, weights).sum().backward()
    assert x.grad is not None and weights.grad is None
    weights.requires_grad_()
    conv_nd(x.detach(), weights).sum().backward()
    assert weights.grad.is_contiguous(memory_format=torch.channels_last)


def test_only_few_places_with_many_weights_go_this_way(monkeypatch):
    seen = []
    product = _matrix_convolution.convolve
    monkeypatch.setattr(_matrix_convolution, "convolve", lambda *given: seen.append(given[0].shape) or product(*given))
    layers = vt.layers
    model = vt.sequential(
        [layers.conv2d(64, 3, padding="same", input_shape=(8, 8, 512)), layers.conv2d(2048, 3, padding="same")]
    )
    model.predict(vt.ones([1, 8, 8, 512]))
    assert [tuple(shape) for shape in seen] == [(1, 64, 8, 8)]
    model.predict(vt.ones([16, 8, 8, 512]))
    assert len(seen) == 1


@pytest.mark.usefixtures("however_small")
def test_an_activation_may_overwrite_the_result():
    layers = vt.layers
    model = vt.sequential(
        [
            layers.conv2d(4, 3, padding="same", activation="relu", input_shape=(4, 4, 3)),
            layers.flatten(),
            layers.dense(1),
        ]
    )
    model.compile("sgd", "meanSquaredError")
    history = model.fit(vt.ones([8, 4, 4, 3]), vt.ones([8, 1]), epochs=20, verbose=False)
    assert history.history["loss"][-1] < history.history["loss"][0]
