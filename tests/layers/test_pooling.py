import numpy as np
import pytest
import torch

from tests.layers._check import check_layer
from velveteen import layers
from velveteen.errors import ArgumentError, ShapeError

FAMILIES = {
    1: (layers.max_pooling1d, layers.average_pooling1d),
    2: (layers.max_pooling2d, layers.average_pooling2d),
    3: (layers.max_pooling3d, layers.average_pooling3d),
}
SIZES = {1: (7,), 2: (7, 8), 3: (5, 6, 7)}


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    ("options", "length"),
    [
        ({}, lambda n: n // 2),
        ({"pool_size": 3, "strides": 1}, lambda n: n - 2),
        ({"pool_size": 3, "strides": 2, "padding": "same"}, lambda n: -(-n // 2)),
    ],
)
def test_windows(rank, data_format, options, length):
    for make in FAMILIES[rank]:
        sizes = SIZES[rank]
        out = tuple(length(size) for size in sizes)
        first = data_format == "channels_first"
        check_layer(
            lambda make=make: make(data_format=data_format, **options),
            (3, *sizes) if first else (*sizes, 3),
            output_shape=(3, *out) if first else (*out, 3),
            open_axes=range(2, rank + 2) if first else range(1, rank + 1),
            open_output=(3, *[None] * rank) if first else (*[None] * rank, 3),
        )


def test_same_padding_counts_for_neither_maximum_nor_mean():
    x = -np.ones((1, 3, 3, 1), np.float32)
    for make in FAMILIES[2]:
        np.testing.assert_array_equal(make(2, strides=1, padding="same").apply(x).numpy(), x)


@pytest.mark.parametrize("make", [layers.global_average_pooling1d, layers.global_max_pooling1d])
def test_global_of_sequences(make):
    check_layer(make, (4, 3), output_shape=(3,), open_axes=[1])


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("make", [layers.global_average_pooling2d, layers.global_max_pooling2d])
def test_global_of_pictures(make, data_format):
    first = data_format == "channels_first"
    check_layer(
        lambda: make(data_format=data_format),
        (3, 4, 5) if first else (4, 5, 3),
        output_shape=(3,),
        open_axes=(2, 3) if first else (1, 2),
    )


def test_global_maximum_gives_each_of_several_the_whole_gradient():
    x = torch.tensor([[[1.0], [2.0], [2.0]]], requires_grad=True)
    layers.global_max_pooling1d()(x).sum().backward()
    assert x.grad.flatten().tolist() == [0, 1, 1]  # as TensorFlow.js; PyTorch's own would share it out


def test_strides_are_the_windows_size_by_default():
    config = layers.max_pooling2d((2, 3)).get_config()
    assert (config["pool_size"], config["strides"], config["padding"]) == ([2, 3], [2, 3], "valid")


@pytest.mark.parametrize(
    ("alias", "same"),
    [
        ("max_pool1d", "max_pooling1d"),
        ("max_pool2d", "max_pooling2d"),
        ("avg_pool1d", "average_pooling1d"),
        ("avg_pooling2d", "average_pooling2d"),
        ("avg_pool3d", "average_pooling3d"),
        ("global_max_pool1d", "global_max_pooling1d"),
        ("global_max_pool2d", "global_max_pooling2d"),
    ],
)
def test_aliases(alias, same):
    assert getattr(layers, alias) is getattr(layers, same)


def test_wrong_windows_say_what_is_right():
    with pytest.raises(ArgumentError, match='"strides" must be a positive integer, got 0'):
        layers.max_pooling2d(2, strides=0)
    with pytest.raises(ShapeError, match=r'"small" has windows that do not fit.*pool less before'):
        layers.max_pooling2d(3, name="small").apply(layers.input([2, 5, 1]))
