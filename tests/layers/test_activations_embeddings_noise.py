import numpy as np
import pytest
import torch

from tests.layers._check import check_layer
from velveteen import layers
from velveteen.errors import ArgumentError, ShapeError


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (layers.relu, [0, 0, 0.5, 3]),
        (lambda: layers.relu(2), [0, 0, 0.5, 2]),
        (layers.leaky_relu, [-0.6, 0, 0.5, 3]),
        (lambda: layers.leaky_relu(0.5), [-1, 0, 0.5, 3]),
        (layers.elu, [np.exp(-2) - 1, 0, 0.5, 3]),
        (layers.thresholded_relu, [0, 0, 0, 3]),
        (lambda: layers.thresholded_relu(0.2), [0, 0, 0.5, 3]),
        (layers.softmax, np.exp([-2, 0, 0.5, 3]) / np.exp([-2, 0, 0.5, 3]).sum()),
    ],
)
def test_activations(make, expected):
    check_layer(make, (4, 3), output_shape=(4, 3), wrong_rank=False)
    np.testing.assert_allclose(make().apply([[-2, 0, 0.5, 3]]).numpy(), [expected], rtol=1e-6)


@pytest.mark.parametrize(
    ("shared_axes", "alpha"),
    [(None, [4, 5, 3]), (1, [1, 5, 3]), ([1, 2], [1, 1, 3]), ([1, 3], [1, 5, 1]), ([1, 2, 3], [1, 1, 1])],
)
def test_prelu(shared_axes, alpha):
    layer = check_layer(
        lambda: layers.prelu(shared_axes=shared_axes, alpha_initializer="glorot_uniform"),
        (4, 5, 3),
        output_shape=(4, 5, 3),
        weights=1,
    )
    assert layer.weights[0].shape == alpha
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype(np.float32)
    slope = layer.get_weights()[0].numpy()
    np.testing.assert_allclose(layer.apply(x).numpy(), np.where(x > 0, x, slope * x), rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.prelu(shared_axes=0).apply(layers.input([3])), ArgumentError, "from 1 to 1 here"),
        (lambda: layers.prelu().apply(layers.input([None, 3])), ShapeError, "open axes into shared_axes"),
        (lambda: layers.elu(0.5), ArgumentError, "alpha 1 in TensorFlow.js"),
    ],
)
def test_wrong_activations_say_what_is_right(make, error, message):
    with pytest.raises(error, match=message):
        make()


class TestSoftmax:
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)

    @pytest.mark.parametrize("axis", [-1, 1, [-1], [1, 2]])
    def test_sums_to_one(self, axis):
        layer = check_layer(lambda: layers.softmax(axis), (3, 4), output_shape=(3, 4), wrong_rank=False)
        axes = (axis,) if isinstance(axis, int) else tuple(axis)
        np.testing.assert_allclose(layer.apply(self.x).numpy().sum(axes), 1, rtol=1e-5)

    def test_mask_leaves_out(self):
        masked = layers.softmax(-1).apply([[1, 1, 1]], mask=torch.tensor([[True, False, True]]))
        np.testing.assert_allclose(masked.numpy(), [[0.5, 0, 0.5]])


class TestEmbedding:
    @pytest.mark.parametrize("shape", [(4,), (4, 2)])
    def test_all_questions(self, shape):
        check_layer(
            lambda: layers.embedding(7, 3),
            shape,
            output_shape=(*shape, 3),
            weights=1,
            below=7,
            open_axes=[1],
            open_output=(None, *shape[1:], 3),
            wrong_rank=False,
        )

    def test_looks_up_whatever_dtype_the_numbers_have(self):
        layer = layers.embedding(2, 2, weights=[[[1, 2], [3, 4]]])
        for dtype in (np.float32, np.int32, np.uint8):
            np.testing.assert_array_equal(layer.apply(np.array([[1, 0]], dtype)).numpy(), [[[3, 4], [1, 2]]])

    def test_zero_can_be_padding(self):
        layer = layers.embedding(5, 2, mask_zero=True)
        assert layer.apply(layers.input([3])).masked
        assert layer.compute_mask(torch.tensor([[3, 0, 1]])).tolist() == [[True, False, True]]
        assert layers.embedding(5, 2).compute_mask(torch.tensor([[3, 0]])) is None

    def test_input_length(self):
        assert layers.embedding(5, 2).batch_input_shape == [None, None]
        assert layers.embedding(5, 2, input_length=4).batch_input_shape == [None, 4]
        layer = layers.embedding(5, 2, input_length=4, name="words")
        assert layer.apply(layers.input([None])).shape == [None, 4, 2]
        with pytest.raises(ShapeError, match=r'"words" has input_length 4, but got input of shape \[null, 3\]'):
            layer.apply(layers.input([3]))

    def test_numbers_too_large(self):
        with pytest.raises(
            ArgumentError, match=r'"words" has vectors for 0 … 4, but got numbers from 1 to 5. Make input_dim larger'
        ):
            layers.embedding(5, 2, name="words").apply(np.array([[1, 5]], np.int32))


NOISES = [lambda: layers.gaussian_noise(0.5), lambda: layers.gaussian_dropout(0.2), lambda: layers.alpha_dropout(0.2)]


class TestNoise:
    @pytest.mark.parametrize("make", NOISES)
    def test_all_questions(self, make):
        check_layer(make, (4, 3), output_shape=(4, 3), wrong_rank=False)

    @pytest.mark.parametrize("make", NOISES)
    def test_only_while_training(self, make):
        x = np.ones((4, 4), np.float32)
        np.testing.assert_array_equal(make().apply(x).numpy(), x)
        assert (make().apply(x, training=True).numpy() != x).any()

    @pytest.mark.parametrize(
        ("make", "mean", "deviation"),
        [(NOISES[0], 0, 0.5), (NOISES[1], 0, 0.5), (NOISES[2], 0, 1)],
    )
    def test_mean_and_deviation(self, make, mean, deviation):
        torch.manual_seed(0)
        x = torch.randn(400, 400)
        noisy = make().apply(x, training=True).torch()
        changed = noisy if make is NOISES[2] else noisy - x
        assert changed.mean().item() == pytest.approx(mean, abs=0.01)
        assert changed.std().item() == pytest.approx(deviation, abs=0.01)

    @pytest.mark.parametrize("make", [layers.gaussian_dropout, layers.alpha_dropout])
    def test_rates_at_the_ends_do_nothing(self, make):
        for rate in (0, 1):
            np.testing.assert_array_equal(make(rate).apply([[1, 2]], training=True).numpy(), [[1, 2]])
