import numpy as np
import pytest

from tests.layers._check import check_layer
from velveteen import layers
from velveteen.errors import ArgumentError, ShapeError

BORDERS = [(1, (1, 1, 1, 1)), ([0, 2], (0, 0, 2, 2)), ([[1, 0], [2, 1]], (1, 0, 2, 1))]


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("border", "sides"), BORDERS)
@pytest.mark.parametrize(("make", "sign"), [(layers.zero_padding2d, 1), (layers.cropping2d, -1)])
def test_borders(make, sign, border, sides, data_format):
    first = data_format == "channels_first"
    rows, columns = 6 + sign * sum(sides[:2]), 7 + sign * sum(sides[2:])
    layer = check_layer(
        lambda: make(border, data_format=data_format),
        (3, 6, 7) if first else (6, 7, 3),
        output_shape=(3, rows, columns) if first else (rows, columns, 3),
        open_axes=(2, 3) if first else (1, 2),
        open_output=(3, None, None) if first else (None, None, 3),
    )
    name = "padding" if sign > 0 else "cropping"
    assert layer.get_config()[name] == [list(sides[:2]), list(sides[2:])]


def test_values():
    x = np.arange(1, 7).reshape(1, 2, 3, 1)
    padded = layers.zero_padding2d([[1, 0], [0, 2]]).apply(x).numpy()[0, :, :, 0]
    np.testing.assert_array_equal(padded, [[0, 0, 0, 0, 0], [1, 2, 3, 0, 0], [4, 5, 6, 0, 0]])
    cropped = layers.cropping2d([[1, 0], [0, 2]]).apply(x).numpy()[0, :, :, 0]
    np.testing.assert_array_equal(cropped, [[4]])


@pytest.mark.parametrize("border", [-1, [1, 2, 3], [[1, 2], 3, 4], [1.5, 2]])
def test_wrong_borders_say_what_is_right(border):
    with pytest.raises(ArgumentError, match=r"padding must be an integer, \[rows, columns\] or .* got"):
        layers.zero_padding2d(border)


def test_padding_is_one_by_default():
    assert layers.zero_padding2d().padding == ((1, 1), (1, 1))


def test_cropping_too_much():
    with pytest.raises(ShapeError, match="do not fit into its input"):
        layers.cropping2d(2).apply(layers.input([4, 5, 1]))
