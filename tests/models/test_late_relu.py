"""Training computes relu after the pooling where that changes nothing."""

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen.models._late_relu import _PooledRelu

layers = vt.layers
RANDOM = np.random.default_rng(3)


def pooled_late(model):
    return [type(step.layer) is _PooledRelu for step in model.graph.for_training([]).steps].count(True)


def gradients(model, graph, x):
    for parameter in model.parameters():
        parameter.grad = None
        parameter.requires_grad_(True)
    (output,) = graph.run([x])
    (output * torch.arange(output.numel()).reshape(output.shape)).sum().backward()
    return output, [parameter.grad for parameter in model.parameters()]


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: [layers.conv1d(3, 2, activation="relu"), layers.max_pooling1d(2)], (9, 2)),
        (
            lambda: [layers.conv2d(3, 2, activation="relu"), layers.max_pooling2d(3, strides=2, padding="same")],
            (9, 8, 2),
        ),
        (lambda: [layers.conv2d_transpose(3, 2, activation="relu"), layers.max_pooling2d(2)], (6, 6, 2)),
        (lambda: [layers.conv3d(3, 2, activation="relu"), layers.max_pooling3d(2)], (5, 5, 5, 2)),
        (
            lambda: [
                layers.conv2d(3, 2, activation="relu", data_format="channels_first"),
                layers.max_pooling2d(2, data_format="channels_first"),
            ],
            (2, 7, 7),
        ),
    ],
)
def test_results_and_gradients_are_the_same(make, shape):
    model = vt.sequential([layers.input_layer(input_shape=shape), *make()])
    x = torch.from_numpy(RANDOM.normal(size=(4, *shape)).astype(np.float32))
    x[0] = 0  # where everything is equal
    expected, expected_gradients = gradients(model, model.graph, x)
    found, found_gradients = gradients(model, model.graph.for_training([]), x)
    assert pooled_late(model) == 1 and (expected == 0).any() and (expected > 0).any()
    assert torch.equal(found, expected)
    for one, other in zip(found_gradients, expected_gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


class Louder(layers.Conv2d):
    """A convolution that does more than its activation."""

    def call(self, x):
        return 2 * super().call(x)


def branching(kind):
    x = vt.input((8, 8, 1))
    maker = Louder if kind == "own call" else layers.conv2d
    y = maker(2, 3, activation="tanh" if kind == "tanh" else "relu").apply(x)
    pooling = layers.average_pooling2d(2) if kind == "average" else layers.max_pooling2d(2)
    z = pooling.apply(y)
    if kind == "read again":
        z = layers.concatenate().apply([layers.flatten().apply(y), layers.flatten().apply(z)])
    return vt.model(x, [y, z] if kind == "an output" else z)


@pytest.mark.parametrize("kind", ["own call", "tanh", "average", "read again", "an output"])
def test_elsewhere_it_stays_where_it_is(kind):
    assert pooled_late(branching(kind)) == 0


def test_a_layer_that_trips_is_named():
    model = branching("plain")
    assert pooled_late(model) == 1
    with pytest.raises(vt.errors.VelveteenError, match='"conv2d'):
        model.graph.for_training([]).run([torch.zeros(1, 8, 8, 3)])
