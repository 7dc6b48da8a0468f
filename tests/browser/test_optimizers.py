"""Training goes on after saving with the optimizer, in TensorFlow.js as in velveteen, and from one in the other."""

import json
from pathlib import Path

import numpy as np
import pytest

import velveteen as vt
from tests._javascript import run_node

# One worker starts one Node for all.
pytestmark = pytest.mark.xdist_group("tensorflowjs")

OPTIMIZERS = [
    ("sgd", [0.05]),
    ("momentum", [0.05, 0.9]),
    ("momentum", [0.05, 0.9, True]),
    ("rmsprop", [0.01]),
    ("rmsprop", [0.01, 0.9, 0.5]),
    ("rmsprop", [0.01, 0.9, 0.5, 1e-7, True]),
    ("adam", [0.01]),
    ("adagrad", [0.05]),
    ("adadelta", [0.05]),
]
IDS = [f"{name}-{len(values)}" for name, values in OPTIMIZERS]
RANDOM = np.random.default_rng(3)
X, Y = RANDOM.random((8, 3), dtype=np.float32), RANDOM.random((8, 2), dtype=np.float32)


def make(optimizer):
    layers = vt.layers
    model = vt.sequential([layers.dense(4, activation="tanh", input_shape=[3]), layers.dense(2)])
    model.compile(optimizer, "meanSquaredError")
    return model


def train(model, epochs):
    model.fit(X, Y, epochs=epochs, batch_size=8, shuffle=False, verbose=False)


def values(model):
    return [weight.numpy() for weight in model.get_weights()]


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, np.asarray(other, np.float32).reshape(one.shape), rtol=2e-4, atol=1e-5)


@pytest.fixture(scope="module")
def exchanged(tmp_path_factory):
    """What velveteen saved, then trained on, and what TensorFlow.js made of both sides."""
    folder = tmp_path_factory.mktemp("optimizers")
    expected = []
    for place, (name, arguments) in enumerate(OPTIMIZERS):
        model = make(getattr(vt.train, name)(*arguments))
        train(model, 3)
        model.save(folder / str(place), include_optimizer=True)
        train(model, 2)
        expected.append(values(model))
    request = {
        "saved": [str(folder / str(place)) for place in range(len(OPTIMIZERS))],
        "optimizers": OPTIMIZERS,
        "x": X.tolist(),
        "y": Y.tolist(),
        "folder": str(folder),
    }
    answer = run_node(Path(__file__).with_name("node_optimizers.js"), request, folder)
    return request["saved"], expected, answer


@pytest.mark.parametrize("place", range(len(OPTIMIZERS)), ids=IDS)
def test_tensorflowjs_goes_on_from_velveteen(exchanged, place):
    assert_same(exchanged[1][place], exchanged[2]["weights"][place])


@pytest.mark.parametrize("place", range(len(OPTIMIZERS)), ids=IDS)
def test_velveteen_goes_on_from_tensorflowjs(exchanged, place):
    saved, expected = exchanged[2]["own"][place]
    model = vt.load_layers_model(saved)
    train(model, 2)
    assert_same(values(model), expected)


@pytest.mark.parametrize("place", range(len(OPTIMIZERS)), ids=IDS)
def test_velveteen_goes_on_from_velveteen(exchanged, place):
    model = vt.load_layers_model(exchanged[0][place])
    train(model, 2)
    assert_same(values(model), exchanged[1][place])


@pytest.mark.parametrize("place", range(len(OPTIMIZERS)), ids=IDS)
def test_names_in_the_manifest_are_tensorflowjs_s(exchanged, place):
    def specs(folder):
        manifest = json.loads((Path(folder) / "model.json").read_text())["weightsManifest"]
        found = [spec for group in manifest for spec in group["weights"] if spec.get("group") == "optimizer"]
        return [(spec["name"].rpartition("/")[2], spec["shape"], spec["dtype"]) for spec in found]

    assert specs(exchanged[0][place]) == specs(exchanged[2]["own"][place][0])


def test_what_is_written_by_default(tmp_path):
    def saved(**options):
        model.save(tmp_path, **options)
        content = json.loads((tmp_path / "model.json").read_text())
        return "trainingConfig" in content, any("group" in spec for spec in content["weightsManifest"][0]["weights"])

    model = make("adam")
    train(model, 1)
    assert saved() == (True, False)
    assert saved(include_optimizer=True) == (True, True)
    assert saved(include_optimizer=False) == (False, False)


def test_a_state_of_another_model_is_left_out_with_a_warning(tmp_path):
    model = make("adam")
    train(model, 1)
    model.save(tmp_path, include_optimizer=True)
    content = json.loads((tmp_path / "model.json").read_text())
    specs = content["weightsManifest"][0]["weights"]
    specs[-1]["shape"] = [1, *specs[-1]["shape"]]
    (tmp_path / "model.json").write_text(json.dumps(content))
    with pytest.warns(
        UserWarning, match=r'The optimizer starts anew: .*bias/v" in the file is float32 of shape \[1, 2\]'
    ):
        loaded = vt.load_layers_model(tmp_path)
    train(loaded, 1)


def test_the_layout_of_kernels_is_kept(tmp_path):
    """Inside, convolutions and recurrent layers keep their weights in PyTorch's layouts."""
    layers = vt.layers
    model = vt.sequential(
        [
            layers.conv1d(4, 2, input_shape=[5, 3]),
            layers.batch_normalization(),
            layers.gru(3),
            layers.dense(2, trainable=False),
        ]
    )
    model.compile(vt.train.adam(0.01), "meanSquaredError")
    x, y = RANDOM.random((8, 5, 3), dtype=np.float32), Y
    model.fit(x, y, epochs=2, batch_size=8, shuffle=False, verbose=False)
    model.save(tmp_path, include_optimizer=True)
    loaded = vt.load_layers_model(tmp_path)
    for each in (model, loaded):
        each.fit(x, y, epochs=2, batch_size=8, shuffle=False, verbose=False)
    assert_same(values(loaded), values(model))
