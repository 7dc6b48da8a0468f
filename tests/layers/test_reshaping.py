import numpy as np
import pytest

import velveteen as vt
from tests.layers._check import check_layer
from velveteen import layers
from velveteen.errors import ArgumentError, ShapeError


@pytest.mark.parametrize("data_format", [None, "channels_last", "channels_first"])
def test_flatten(data_format):
    check_layer(lambda: layers.flatten(data_format=data_format), (2, 3, 4), output_shape=(24,))


def test_flatten_moves_leading_channels_to_the_end():
    x = np.arange(6).reshape(1, 2, 3)
    np.testing.assert_array_equal(layers.flatten().apply(x).numpy(), [[0, 1, 2, 3, 4, 5]])
    np.testing.assert_array_equal(layers.flatten(data_format="channelsFirst").apply(x).numpy(), [[0, 3, 1, 4, 2, 5]])


def test_flatten_must_know_the_sizes():
    with pytest.raises(ShapeError, match=r"must know all sizes but the batch.*\[null, null, 3\].*global pooling"):
        layers.flatten().apply(layers.input([None, 3]))


def test_flatten_of_what_is_flat_says_so():
    with pytest.raises(ShapeError, match=r'"f" expects .*\[2, 3\]. This is flat already: leave the layer out'):
        layers.flatten(name="f").apply(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("target", "output"),
    [([12], (12,)), ([-1], (12,)), ([2, None, 3], (2, 2, 3)), ([3, -1], (3, 4)), ([4, 3, 1], (4, 3, 1))],
)
def test_reshape(target, output):
    check_layer(lambda: layers.reshape(target), (4, 3), output_shape=output, wrong_rank=False)


def test_reshape_with_open_sizes():
    assert layers.reshape([-1, 6]).apply(layers.input([None, 3])).shape == [None, None, 6]


def test_an_open_size_that_is_known_stands_in_files():
    layer = layers.reshape([2, -1])
    assert layer.get_config()["target_shape"] == [2, None]
    layer.apply(layers.input([4, 3]))
    assert layer.get_config()["target_shape"] == [2, 6]
    layer.apply(layers.input([4, 5]))  # another number: it stays open
    assert layer.get_config()["target_shape"] == [2, None]
    within = layers.time_distributed(layers.reshape([-1]), input_shape=[5, 2, 3])
    model = vt.sequential([within, layers.dense(1)])
    assert model.to_json()["config"]["layers"][0]["config"]["layer"]["config"]["target_shape"] == [6]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            [5],
            r'"r" cannot reshape examples of shape \[4, 3\] \(12 values\) to \[5\] \(5 values\). Both must hold the same',
        ),
        ([5, -1], r"to \[5, null\] \(5 values or a multiple\)"),
        ([0, -1], r"\(0 values or a multiple\)"),
    ],
)
def test_reshape_says_what_does_not_fit(target, message):
    with pytest.raises(ShapeError, match=message):
        layers.reshape(target, name="r").apply(np.ones((2, 4, 3)))


def test_reshape_has_one_open_size_at_most():
    with pytest.raises(ArgumentError, match="Only one size"):
        layers.reshape([-1, -1])


def test_permute():
    check_layer(
        lambda: layers.permute([3, 1, 2]),
        (2, 3, 4),
        output_shape=(4, 2, 3),
        open_axes=[1],
        open_output=(4, None, 3),
    )
    with pytest.raises(ArgumentError, match=r"numbers from 1 on in some order.*got \[0, 1\]"):
        layers.permute([0, 1])


def test_repeat_vector():
    check_layer(lambda: layers.repeat_vector(3), (4,), output_shape=(3, 4))
    np.testing.assert_array_equal(layers.repeat_vector(2).apply([[1, 2]]).numpy(), [[[1, 2], [1, 2]]])


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_up_sampling2d(interpolation, data_format):
    first = data_format == "channels_first"
    check_layer(
        lambda: layers.up_sampling2d((2, 3), interpolation=interpolation, data_format=data_format),
        (3, 4, 5) if first else (4, 5, 3),
        output_shape=(3, 8, 15) if first else (8, 15, 3),
        open_axes=(2, 3) if first else (1, 2),
        open_output=(3, None, None) if first else (None, None, 3),
    )


def test_up_sampling2d_starts_at_the_first_pixel_and_repeats_the_last():
    x = np.array([0, 3]).reshape(1, 1, 2, 1)
    nearest = layers.up_sampling2d((1, 3)).apply(x)
    bilinear = layers.up_sampling2d((1, 3), interpolation="bilinear").apply(x)
    np.testing.assert_array_equal(nearest.numpy().ravel(), [0, 0, 0, 3, 3, 3])
    np.testing.assert_allclose(bilinear.numpy().ravel(), [0, 1, 2, 3, 3, 3], rtol=1e-6)


def test_up_sampling2d_is_exact_for_large_sizes():
    enlarged = layers.up_sampling2d((1, 49)).apply(np.arange(97).reshape(1, 1, 97, 1))
    np.testing.assert_array_equal(enlarged.numpy().ravel(), np.repeat(np.arange(97), 49))
