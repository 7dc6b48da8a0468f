"""Activations against numbers printed by TensorFlow.js 4.22.0."""

import pytest
import torch

from velveteen import activations
from velveteen.errors import ArgumentError, ArgumentTypeError, UnknownNameError

X = [[-3.0, -0.5, 0.0, 1.5, 7.0]]
RECORDED = {
    "elu": [-0.950213, -0.3934693, 0, 1.5, 7],
    "relu": [0, 0, 0, 1.5, 7],
    "relu6": [0, 0, 0, 1.5, 6],
    "selu": [-1.670569, -0.6917582, 0, 1.576051, 7.354907],
    "linear": [-3, -0.5, 0, 1.5, 7],
    "sigmoid": [0.04742587, 0.3775407, 0.5, 0.8175745, 0.9990889],
    "hard_sigmoid": [0, 0.4, 0.5, 0.8, 1],
    "softplus": [0.04858735, 0.474077, 0.6931472, 1.701413, 7.000911],
    "softsign": [-0.75, -0.3333333, 0, 0.6, 0.875],
    "tanh": [-0.9950548, -0.4621172, 0, 0.9051483, 0.9999983],
    "softmax": [0.00004514724, 0.0005500059, 0.0009068065, 0.004064025, 0.9944341],
    "log_softmax": [-10.00558, -7.505581, -7.005581, -5.505581, -0.005581509],
    "gelu": [-0.004049867, -0.1542688, 0, 1.399789, 7],
    "gelu_new": [-0.003637433, -0.154286, 0, 1.399572, 7],
    "mish": [-0.1456475, -0.2207438, 0, 1.403378, 6.999989],
    "swish": [-0.1422776, -0.1887703, 0, 1.226362, 6.993623],
}


@pytest.mark.parametrize("name", RECORDED)
def test_values(name):
    torch.testing.assert_close(
        activations.get(name)(torch.tensor(X)), torch.tensor([RECORDED[name]]), atol=2e-6, rtol=1e-6
    )


def test_every_activation_was_recorded():
    assert set(activations.names()) == set(RECORDED)


@pytest.mark.parametrize(
    ("identifier", "function"),
    [
        (None, activations.linear),
        ("hardSigmoid", activations.hard_sigmoid),
        ("hard_sigmoid", activations.hard_sigmoid),
        ("logSoftmax", activations.log_softmax),
        ("geluNew", activations.gelu_new),
        ("silu", activations.swish),
        (activations.tanh, activations.tanh),
        (torch.sin, torch.sin),
        ({"class_name": "hardSigmoid", "config": {}}, activations.hard_sigmoid),
        ({"class_name": "function", "config": "relu", "module": "builtins"}, activations.relu),
    ],
)
def test_get(identifier, function):
    assert activations.get(identifier) is function


@pytest.mark.parametrize("name", RECORDED)
def test_names_go_round(name):
    assert activations.get(activations.serialize(activations.get(name))) is activations.get(name)


def test_softmax_along_another_axis():
    x = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
    torch.testing.assert_close(activations.softmax(x, 0).sum(0), torch.ones(2))


def test_hard_sigmoid_has_tensorflowjs_slope():
    x = torch.tensor([-2.6, -2.4, 0.0, 2.4, 2.6], requires_grad=True)
    activations.hard_sigmoid(x).sum().backward()
    torch.testing.assert_close(x.grad, torch.tensor([0, 0.2, 0.2, 0.2, 0]))


def test_a_misspelt_name_is_told_the_nearest():
    with pytest.raises(UnknownNameError, match=r'Unknown activation "sofmax"\. Did you mean "softmax"\?.*Known: elu'):
        activations.get("sofmax")


@pytest.mark.parametrize("identifier", [3, {"config": {}}])
def test_what_is_no_activation(identifier):
    with pytest.raises(ArgumentTypeError, match=r'must be a name such as "relu" or a function'):
        activations.get(identifier)


def test_a_function_of_ones_own_has_no_name_in_files():
    with pytest.raises(ArgumentError, match=r"cannot be saved.*write a layer of your own"):
        activations.serialize(lambda x: x)
