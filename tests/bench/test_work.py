"""The work: data, files and operations."""

import numpy as np
import pytest

from bench import flops, work
from velveteen.recipes.digits import data


@pytest.mark.parametrize("network", work.NETWORKS)
def test_data_have_the_networks_shapes_and_are_always_the_same(network):
    described = work.NETWORKS[network]
    x, y = work.data(network, 1)
    assert x.shape == (described.batch_size, *described.input_shape) and x.dtype == np.float32
    assert y.shape == (described.batch_size, *described.target_shape) and y.dtype == np.float32
    assert set(np.unique(y)) == {0, 1}
    np.testing.assert_array_equal(x, work.data(network, 1)[0])


def test_digits_are_read_as_written_and_as_the_recipe_reads_them(tmp_path):
    random = np.random.default_rng(1)
    images, labels = random.integers(256, size=(20, 28, 28)), random.integers(10, size=20)
    for split in ("train", "t10k"):
        work.write_digits(tmp_path, split, images, labels)
    x, y = work.read_digits(tmp_path, "train")
    recipe = data.load(tmp_path).train
    np.testing.assert_array_equal(x, data.embed_images(recipe.images))
    np.testing.assert_array_equal(y, data.embed_labels(recipe.labels))
    np.testing.assert_array_equal(y.argmax(1), labels)


def test_operations_of_the_dense_step():
    forward = 2 * 128 * (784 * 512 + 512 * 256 + 256 * 10)
    # Backwards the weights' gradients, and the inputs' of all layers but the first.
    assert flops.of_step("dense") == 3 * forward - 2 * 128 * 784 * 512


def test_operations_of_the_lstm_step():
    gates = 4 * 512
    first, second = 64 * gates, 512 * gates
    recurrent = 2 * 512 * gates
    forward = 2 * 128 * (40 * (first + second + recurrent) + 512 * 64)
    # The first layer's inputs need no gradient; nor does the first step's state, in either layer.
    assert flops.of_step("lstm") == pytest.approx(3 * forward - 2 * 128 * 40 * first, rel=0.02)
