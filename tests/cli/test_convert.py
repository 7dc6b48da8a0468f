"""`velveteen convert` and `velveteen check`."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import velveteen as vt
from tests._javascript import PACKAGES, tensorflowjs_folder
from tests.graph_models import _graphs as graphs
from velveteen import layers
from velveteen.cli.main import app
from velveteen.formats import browser


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path):
    vt.sequential([layers.dense(3, input_shape=[4])]).save(tmp_path / "model")
    return tmp_path / "model"


def test_a_model_goes_to_keras_and_back_quantized(folder, tmp_path):
    assert run("convert", folder, tmp_path / "a.keras").exit_code == 0
    answered = run("convert", tmp_path / "a.keras", tmp_path / "b", "--quantize", "float16", "--json")
    assert json.loads(answered.stdout)["params"] == 15
    ours, theirs = (vt.load_layers_model(path).predict([[1, 2, 3, 4]]).numpy() for path in (folder, tmp_path / "b"))
    np.testing.assert_allclose(ours, theirs, atol=1e-2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["c.h5"], "written as .keras files"), (["c.keras", "--quantize", "uint8"], "Only TensorFlow.js's folders")],
)
def test_what_cannot_be_converted(folder, tmp_path, arguments, message):
    answered = run("convert", folder, tmp_path / arguments[0], *arguments[1:])
    assert answered.exit_code == 2
    assert message in answered.stderr


def test_check_finds_what_a_browser_cannot_run(tmp_path, monkeypatch):
    monkeypatch.setattr(browser, "find_tensorflowjs", lambda: None)
    model = vt.sequential([layers.bidirectional(layers.gru(2, reset_after=True), input_shape=[3, 2])])
    model.save(tmp_path / "model")
    answered = run("check", tmp_path / "model", "--json")
    assert answered.exit_code == 1
    assert "no GRU with reset_after" in json.loads(answered.stdout)["found"][0]


def test_check_of_a_model_that_is_fine(folder, monkeypatch):
    monkeypatch.setattr(browser, "find_tensorflowjs", lambda: None)
    answered = run("check", folder)
    assert answered.exit_code == 0
    assert "Not compared" in answered.stdout
    assert "nothing found" in answered.stdout


@pytest.fixture
def with_tensorflowjs(monkeypatch):
    tensorflowjs_folder()
    monkeypatch.setenv("NODE_PATH", str(PACKAGES / "node_modules"))


@pytest.mark.usefixtures("with_tensorflowjs")
def test_check_compares_with_tensorflowjs(folder):
    answered = run("check", folder)
    assert answered.exit_code == 0
    assert "TensorFlow.js predicts the same on random inputs, within" in answered.stdout


@pytest.fixture
def nothing_known(monkeypatch):
    """As if it were not known what TensorFlow.js cannot do."""
    monkeypatch.setattr(browser, "obstacles", lambda model: [])


@pytest.mark.usefixtures("with_tensorflowjs", "nothing_known")
def test_check_tells_what_tensorflowjs_computes_otherwise(tmp_path):
    model = vt.sequential([layers.batch_normalization(axis=1, input_shape=[3, 2])])
    rows = np.arange(1.0, 4.0, dtype=np.float32)
    model.set_weights([rows, rows, rows, rows])
    model.save(tmp_path / "model")
    answered = run("check", tmp_path / "model", "--json")
    assert answered.exit_code == 1
    assert "TensorFlow.js predicts something else, by up to" in json.loads(answered.stdout)["found"][0]


@pytest.mark.usefixtures("with_tensorflowjs", "nothing_known")
def test_check_tells_what_tensorflowjs_cannot_run(tmp_path):
    vt.sequential([layers.softmax(axis=1, input_shape=[3, 2])]).save(tmp_path / "model")
    answered = run("check", tmp_path / "model", "--json")
    assert answered.exit_code == 1
    assert "TensorFlow.js cannot run it: " in json.loads(answered.stdout)["found"][0]


@pytest.fixture
def graph(tmp_path):
    """A graph model: relu(x · kernel) for rows of four numbers, and a node that nobody asks for."""
    nodes = [
        graphs.placeholder("x", sizes=[-1, 4]),
        graphs.constant("kernel"),
        graphs.node("product", "MatMul", "x", "kernel"),
        graphs.node("y", "Relu", "product"),
        graphs.node("unused", "Unheard", "x"),
    ]
    signature = {"inputs": {"x": {"name": "x:0"}}, "outputs": {"y": {"name": "y:0"}}}
    model = graphs.graph_model(nodes, {"kernel": np.linspace(-300, 300, 12).reshape(4, 3)}, signature=signature)
    model.save(tmp_path / "graph")
    return tmp_path / "graph"


@pytest.mark.usefixtures("with_tensorflowjs")
def test_check_of_a_graph_model(graph):
    answered = run("check", graph, "--json")
    assert answered.exit_code == 0, answered.output
    told = json.loads(answered.stdout)
    assert told["found"] == [] and told["compared"] and told["largest_difference"] < 1e-6


def test_check_names_kinds_of_nodes_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(browser, "find_tensorflowjs", lambda: None)
    nodes = [graphs.placeholder("x", sizes=[-1]), graphs.node("y", "Unheard", "x")]
    graphs.graph_model(nodes).save(tmp_path / "graph")
    answered = run("check", tmp_path / "graph", "--json")
    assert answered.exit_code == 1
    assert json.loads(answered.stdout)["found"] == [
        "TensorFlow.js has no kind of node Unheard. Give it one with tf.registerOp."
    ]


@pytest.mark.usefixtures("with_tensorflowjs")
def test_check_of_a_graph_that_takes_no_made_up_size(tmp_path):
    nodes = [
        graphs.placeholder("x", sizes=[-1, -1]),
        graphs.constant("kernel"),
        graphs.node("y", "MatMul", "x", "kernel"),
    ]
    graphs.graph_model(nodes, {"kernel": np.ones((5, 2))}).save(tmp_path / "graph")
    answered = run("check", tmp_path / "graph")
    assert answered.exit_code == 0
    assert "Not compared: " in answered.stdout and "inner dimensions" in answered.stdout


def test_a_graph_model_is_written_quantized(graph, tmp_path):
    answered = run("convert", graph, tmp_path / "small", "--quantize", "uint8", "--json")
    assert json.loads(answered.stdout)["params"] == 12
    spec = json.loads((tmp_path / "small" / "model.json").read_text())["weightsManifest"][0]["weights"][0]
    assert spec["quantization"]["dtype"] == "uint8"
    exact, rounded = (vt.load_graph_model(path).predict([[1, 2, 3, 4]]).numpy() for path in (graph, tmp_path / "small"))
    np.testing.assert_allclose(rounded, exact, rtol=0.02, atol=10)
    assert not np.array_equal(rounded, exact)


def test_a_graph_model_has_no_layers_to_write(graph, tmp_path):
    answered = run("convert", graph, tmp_path / "model.keras")
    assert answered.exit_code == 2
    assert "is a graph model, which has no layers: OUT must be a folder" in answered.stderr
    assert not (tmp_path / "model.keras").exists()
