import numpy as np
import pytest
import torch

from tests.layers._check import check_layer
from velveteen import layers
from velveteen.errors import ArgumentError, ShapeError


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((5,), -1), ((4, 3), -1), ((4, 3), 1), ((4, 5, 3), 3), ((4, 5, 3), 1), ((4, 5, 3), 2), ((2, 3, 4, 5), -1)],
)
@pytest.mark.parametrize(("center", "scale"), [(True, True), (False, True), (True, False), (False, False)])
def test_batch_normalization(shape, axis, center, scale):
    layer = check_layer(
        lambda: layers.batch_normalization(axis=axis, center=center, scale=scale),
        shape,
        output_shape=shape,
        weights=2 + center + scale,
    )
    assert [weight.name.split("/")[-1] for weight in layer.weights] == [
        *(["gamma"] if scale else []),
        *(["beta"] if center else []),
        "moving_mean",
        "moving_variance",
    ]


@pytest.mark.parametrize("shape", [(8, 3), (2, 4, 3), (2, 2, 2, 3), (1, 3)])
@pytest.mark.parametrize("axis", [-1, 1])
def test_batch_normalization_trains_as_tensorflowjs(shape, axis):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    layer = layers.batch_normalization(axis=axis, momentum=0.9, gamma_initializer="ones", beta_initializer="ones")
    y = layer.apply(x, training=True).numpy()
    others = tuple(each for each in range(len(shape)) if each != axis % len(shape))
    mean, variance = x.numpy().mean(others, keepdims=True), x.numpy().var(others, keepdims=True)  # biased
    np.testing.assert_allclose(y, (x.numpy() - mean) / np.sqrt(variance + 1e-3) + 1, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.1 * mean.ravel(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.9 + 0.1 * variance.ravel(), rtol=1e-5)


def test_batch_normalization_infers_with_what_moved():
    layer = layers.batch_normalization(input_shape=[2], weights=[[2, 3], [0, 1], [1, 1], [4, 9]])
    y = layer.apply([[3, 4]]).numpy()
    np.testing.assert_allclose(y, [[2 * 2 / np.sqrt(4.001), 3 * 3 / np.sqrt(9.001) + 1]], rtol=1e-6)
    assert layer.moving_mean.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("shape", "axis", "sizes"),
    [
        ((4,), -1, [4]),
        ((4, 3), -1, [3]),
        ((4, 3), 1, [4]),
        ((4, 3), [1, 2], [4, 3]),
        ((4, 5, 3), [1, 3], [4, 3]),
        ((4, 5, 3), [3, 1], [3, 4]),
        ((4, 5, 3), -2, [5]),
    ],
)
@pytest.mark.parametrize(("center", "scale"), [(True, True), (False, True), (False, False)])
def test_layer_normalization(shape, axis, sizes, center, scale):
    layer = check_layer(
        lambda: layers.layer_normalization(axis=axis, center=center, scale=scale),
        shape,
        output_shape=shape,
        weights=center + scale,
    )
    assert all(weight.shape == sizes for weight in layer.weights)
    x = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    np.testing.assert_allclose(layer.apply(x).numpy(), (x - mean) / np.sqrt(variance + 1e-3), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "shape", "error", "message"),
    [
        (
            lambda: layers.batch_normalization(axis=3),
            [4, 3],
            ArgumentError,
            r"along axis 3.*\[null, 4, 3\] has the axes -3 to 2",
        ),
        (lambda: layers.layer_normalization(axis=[1, 1]), [4, 3], ArgumentError, "each to be named once"),
        (
            lambda: layers.batch_normalization(axis=1),
            [None, 3],
            ShapeError,
            r"size of axis 1.*\[null, null, 3\].*input_shape",
        ),
        (lambda: layers.layer_normalization(axis=1), [None, 3], ShapeError, "size of axis 1"),
    ],
)
def test_axes_that_do_not_fit(make, shape, error, message):
    with pytest.raises(error, match=message):
        make().apply(layers.input(shape))
