"""TensorFlow.js knows the names under which activations, initializers, losses, … stand in files."""

from pathlib import Path

import numpy as np
import pytest

import velveteen as vt
from tests._javascript import run_node
from velveteen import activations
from velveteen.training import losses

pytestmark = pytest.mark.xdist_group("tensorflowjs")

X = [[-3.0, -0.5, 0.0, 1.5, 7.0]]
INITIALIZERS = {
    "zeros": vt.initializers.zeros(),
    "constant": vt.initializers.constant(0.5),
    "random_uniform": vt.initializers.random_uniform(-1, 1, seed=3),
    "random_normal": vt.initializers.random_normal(1.0, 0.1),
    "truncated_normal": vt.initializers.truncated_normal(1.0, 0.1),
    "identity": vt.initializers.identity(2),
    "orthogonal": vt.initializers.orthogonal(2),
    "glorot_uniform": vt.initializers.glorot_uniform(),
    "he_normal": vt.initializers.he_normal(seed=3),
    "lecun_normal": vt.initializers.lecun_normal(),
    "fan_out": vt.initializers.variance_scaling(2.0, "fan_out", "uniform"),
}
OTHERS = {
    "l1": {"kernel_regularizer": vt.regularizers.l1(0.1)},
    "l1_l2": {"bias_regularizer": vt.regularizers.l1_l2()},
    "max_norm": {"kernel_constraint": vt.constraints.max_norm(3, 1)},
    "min_max_norm": {"kernel_constraint": vt.constraints.min_max_norm()},
    "non_neg": {"bias_constraint": vt.constraints.non_neg()},
    "unit_norm": {"kernel_constraint": vt.constraints.unit_norm([0, 1])},
}
OPTIMIZERS = {
    "sgd": vt.train.sgd(0.1),
    "momentum": vt.train.momentum(0.1, 0.9, True),
    "rmsprop": vt.train.rmsprop(0.1, 0.8, 0.1, 1e-3, True),
    "adam": vt.train.adam(0.1, 0.8, 0.9),
    "adadelta": vt.train.adadelta(0.1),
    "adamax": vt.train.adamax(0.1, decay=0.5),
    "adagrad": vt.train.adagrad(0.1, 0.5),
}
LOSSES = sorted({losses.name(loss) for loss in losses.by_name()})


def dense(**options):
    return topology(vt.layers.dense(5, input_shape=[5], **options))


def topology(layer):
    return vt.sequential([layer]).to_json()


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What TensorFlow.js says to each."""
    asked = {}
    for name in activations.names():
        asked[name] = {"topology": topology(vt.layers.activation(name, input_shape=[5])), "x": X}
    for name, initializer in INITIALIZERS.items():
        asked[name] = {"topology": dense(kernel_initializer=initializer), "x": X}
    for name, options in OTHERS.items():
        asked[name] = {"topology": dense(**options), "x": X}
    for name, optimizer in OPTIMIZERS.items():
        config = {"optimizer_config": vt.serialization.serialize(optimizer), "loss": "mean_squared_error"}
        asked[name] = {"topology": dense(), "trainingConfig": config}
    for name in LOSSES:
        config = {"optimizer_config": vt.serialization.serialize(vt.train.sgd(0.1)), "loss": name, "metrics": ["acc"]}
        asked[f"loss {name}"] = {"topology": dense(), "trainingConfig": config}
    return run_node(Path(__file__).parent / "node_names.js", asked, tmp_path_factory.mktemp("names"))


@pytest.mark.parametrize("name", [name for name in activations.names() if name != "gelu_new"])
def test_activations(answers, name):
    output = vt.sequential([vt.layers.activation(name, input_shape=[5])]).predict(vt.Tensor(X))
    np.testing.assert_allclose(answers[name]["output"], output.numpy()[0], rtol=1e-5, atol=1e-5)


def test_tensorflowjs_cannot_load_what_it_calls_gelu_new(answers):
    assert "Unknown activation: geluNew" in answers["gelu_new"]["error"]


@pytest.mark.parametrize("name", [*INITIALIZERS, *OTHERS])
def test_parts_of_layers(answers, name):
    assert len(answers[name].get("output", [])) == 5, answers[name]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(answers, name):
    assert answers[name] == {"config": OPTIMIZERS[name].get_config(), "names": ["loss"]}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(answers, name):
    assert answers[f"loss {name}"].get("names") == ["loss", "acc"], answers[f"loss {name}"]
