import numpy as np
import pytest
import torch

from tests.layers._check import check_layer
from velveteen import layers
from velveteen.errors import ArgumentError, ShapeError, UnknownNameError


def test_rescaling():
    check_layer(lambda: layers.rescaling(2, offset=1), (4, 3), output_shape=(4, 3), wrong_rank=False)
    pixels = np.array([[0, 255]], np.uint8)
    np.testing.assert_allclose(layers.rescaling(1 / 255).apply(pixels).numpy(), [[0, 1]])


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("crop_to_aspect_ratio", [False, True])
def test_resizing(interpolation, crop_to_aspect_ratio):
    check_layer(
        lambda: layers.resizing(3, 7, interpolation=interpolation, crop_to_aspect_ratio=crop_to_aspect_ratio),
        (6, 5, 2),
        output_shape=(3, 7, 2),
        open_axes=[1, 2],
    )


def test_resizing_values():
    x = np.array([0, 2]).reshape(1, 1, 2, 1)
    np.testing.assert_allclose(layers.resizing(1, 3).apply(x).numpy().ravel(), [0, 1, 2])
    np.testing.assert_allclose(layers.resizing(1, 4, crop_to_aspect_ratio=True).apply(x).numpy().ravel(), [0, 1, 2, 2])


@pytest.mark.parametrize(("height", "width"), [(4, 5), (2, 2), (9, 4)])
def test_center_crop(height, width):
    check_layer(lambda: layers.center_crop(height, width), (6, 5, 2), output_shape=(height, width, 2), open_axes=[1, 2])


def test_center_crop_values():
    x = np.arange(16).reshape(4, 4, 1)
    np.testing.assert_array_equal(layers.center_crop(2, 2).apply(x).numpy()[:, :, 0], [[5, 6], [9, 10]])


class TestRandomWidth:
    def test_stays_within_the_factor_and_repeats_with_the_seed(self):
        x = np.zeros((1, 4, 100, 1))
        first, second = (layers.random_width([0.1, 0.3], seed=1) for _ in range(2))
        widths = [first.apply(x).shape[2] for _ in range(20)]
        assert len(set(widths)) > 1
        assert all(110 <= width <= 130 for width in widths)
        assert widths == [second.apply(x).shape[2] for _ in range(20)]

    def test_width_is_not_known_before(self):
        assert layers.random_width(0.5).apply(layers.input([4, 8, 3])).shape == [None, 4, None, 3]

    @pytest.mark.parametrize("factor", [-0.5, [0.3, 0.1], [-2, 1]])
    def test_wrong_factors(self, factor):
        with pytest.raises(ArgumentError, match="in ascending order"):
            layers.random_width(factor)


class TestCategoryEncoding:
    x = np.array([[0, 1, 1], [2, 2, 2]], np.int32)

    @pytest.mark.parametrize(
        ("mode", "expected"), [("multi_hot", [[1, 1, 0], [0, 0, 1]]), ("count", [[1, 2, 0], [0, 0, 3]])]
    )
    def test_sets(self, mode, expected):
        layer = layers.category_encoding(3, output_mode=mode)
        np.testing.assert_array_equal(layer.apply(self.x).numpy(), expected)
        assert layer.apply(layers.input([3])).shape == [None, 3]

    @pytest.mark.parametrize("x", [[2, 0], [[2], [0]]])
    def test_one_hot(self, x):
        encoded = layers.category_encoding(3, output_mode="oneHot").apply(np.array(x, np.int32))
        np.testing.assert_array_equal(encoded.numpy(), [[0, 0, 1], [1, 0, 0]])

    def test_weights_count(self):
        weights = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
        counted = layers.category_encoding(3, output_mode="count").apply(self.x, count_weights=weights)
        np.testing.assert_array_equal(counted.numpy(), [[1, 5, 0], [0, 0, 15]])

    def test_config(self):
        layer = layers.category_encoding(3, output_mode="oneHot", name="c")
        assert layer.get_config() == {"name": "c", "trainable": True, "num_tokens": 3, "output_mode": "one_hot"}

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (
                lambda: layers.category_encoding(3, output_mode="tf_idf"),
                UnknownNameError,
                "Known: count, multi_hot, one_hot",
            ),
            (
                lambda: layers.category_encoding(2, name="c").apply([[0, 2]]),
                ArgumentError,
                r'"c" encodes 0 … 1, but got numbers from 0 to 2',
            ),
            (lambda: layers.category_encoding(3, output_mode="one_hot").apply([[0, 2]]), ShapeError, "multi_hot"),
            (
                lambda: layers.category_encoding(3).apply([[0]], count_weights=torch.ones(1)),
                ArgumentError,
                "count_weights",
            ),
        ],
    )
    def test_wrong_calls(self, call, error, message):
        with pytest.raises(error, match=message):
            call()
