import numpy as np
import pytest

import velveteen as vt
from velveteen.errors import UnknownNameError
from velveteen.models.saving import save_model
from velveteen.recipes.commands import model


@pytest.mark.parametrize(("size", "most"), [("small", 50_000), ("default", 250_000), ("large", 250_000)])
def test_networks_are_small_and_give_probabilities(size, most):
    network = model.build(61, 40, 37, size)
    assert network.count_params() <= most
    scores = network.predict(np.zeros((2, 61, 40, 1), np.float32)).numpy()
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert scores.shape == (2, 37)


def test_the_network_has_dropout_and_batch_normalization():
    names = {type(layer).__name__ for layer in model.build(61, 40, 3).layers}
    assert {"Dropout", "BatchNormalization"} <= names


def test_any_number_of_frames_from_the_least_window_on():
    assert model.build(1, 1, 2).predict(np.zeros((1, 1, 1, 1), np.float32)).shape == [1, 2]


def test_another_size_is_refused():
    with pytest.raises(UnknownNameError, match='Unknown size "defualt".*"default"'):
        model.build(61, 40, 12, "defualt")


@pytest.mark.parametrize("size", model.SIZES)
def test_a_network_of_halves_has_less_than_a_megabyte_and_says_the_same(size, tmp_path):
    network = model.build(61, 40, 37, size)
    save_model(network, tmp_path, quantization="float16")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1_000_000
    seen = np.random.default_rng(1).random((4, 61, 40, 1), dtype=np.float32)
    again = vt.load_layers_model(tmp_path).predict(seen).numpy()
    np.testing.assert_allclose(again, network.predict(seen).numpy(), atol=1e-3)
