"""`velveteen summary` and `velveteen predict`."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import velveteen as vt
from tests.graph_models import _graphs as graphs
from velveteen.cli.main import app


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def model(tmp_path):
    dense = vt.layers.dense(2, input_shape=(3,), name="answer", kernel_initializer="ones")
    saved = vt.sequential([dense], name="small")
    saved.user_defined_metadata = {"classes": ["a", "b"]}
    saved.save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def two(tmp_path):
    """A model with two inputs and two outputs."""
    a, b = vt.input(shape=[2], name="a"), vt.input(shape=[2], name="b")
    outputs = [vt.layers.add(name="sum").apply([a, b]), vt.layers.multiply(name="product").apply([a, b])]
    vt.model([a, b], outputs).save(tmp_path / "two")
    return tmp_path / "two"


@pytest.fixture
def saved(tmp_path):
    def save(values, name="x.npy"):
        np.save(tmp_path / name, values)
        return tmp_path / name

    return save


@pytest.fixture
def graph(tmp_path):
    """A graph model: relu(x · 2) and its negative."""
    nodes = [
        graphs.placeholder("x", sizes=[-1, 2]),
        graphs.constant("two"),
        graphs.node("doubled", "Mul", "x", "two"),
        graphs.node("y", "Relu", "doubled"),
        graphs.node("z", "Neg", "y"),
    ]
    signature = {"inputs": {"x": {"name": "x:0"}}, "outputs": {"y": {"name": "y:0"}, "z": {"name": "z:0"}}}
    graphs.graph_model(nodes, {"two": 2.0}, signature=signature).save(tmp_path / "graph")
    return tmp_path / "graph"


def test_summary_of_a_graph(graph):
    shown = run("summary", graph)
    assert shown.exit_code == 0
    assert "input   x  [null, 2]  float32" in shown.stdout
    assert "3 nodes: 1 Mul, 1 Neg, 1 Relu" in shown.stdout
    told = json.loads(run("summary", graph, "--json").stdout)
    assert told["kinds"] == {"Mul": 1, "Neg": 1, "Relu": 1}
    assert [each["name"] for each in told["outputs"]] == ["y", "z"] and told["params"]["total"] == 1


def test_predict_with_a_graph(graph, saved, tmp_path):
    result = run("predict", graph, saved(np.float32([[1, -3]])), "--out", tmp_path / "y.npz", "--json")
    assert result.exit_code == 0, result.output
    with np.load(tmp_path / "y.npz") as written:
        assert written["y"].tolist() == [[2, 0]] and written["z"].tolist() == [[-2, 0]]


def test_summary(model):
    result = run("summary", model)
    assert result.exit_code == 0
    assert 'Model "small"' in result.stdout
    assert "answer (Dense)" in result.stdout
    assert "Total params: 8" in result.stdout


def test_summary_in_json(model):
    answer = json.loads(run("summary", model / "model.json", "--json").stdout)
    assert answer["name"] == "small"
    assert answer["class"] == "Sequential"
    assert answer["inputs"][0]["shape"] == [None, 3]
    assert answer["outputs"][0]["shape"] == [None, 2]
    assert answer["layers"] == [{"name": "answer", "class": "Dense", "output_shape": [None, 2], "params": 8}]
    assert answer["params"] == {"total": 8, "trainable": 8, "non_trainable": 0, "bytes": 32}
    assert answer["metadata"] == {"classes": ["a", "b"]}


def test_predict_prints(model, saved):
    result = run("predict", model, saved(np.array([[1, 2, 3]], np.float32)))
    assert result.exit_code == 0
    assert "[1, 2]\n[[6. 6.]]" in result.stdout


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_predict_in_json(model, saved, dtype):
    [answer] = json.loads(run("predict", model, saved(np.array([[1, 2, 3]], dtype)), "--json").stdout)
    assert (answer["shape"], answer["values"]) == ([1, 2], [[6, 6]])


def test_predict_writes(model, saved, tmp_path):
    source = saved(np.ones((4, 3), np.float32))
    result = run("predict", model, source, "--out", tmp_path / "y.npy")
    assert result.exit_code == 0
    assert "Wrote" in result.stdout
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), np.full((4, 2), 3))
    [answer] = json.loads(run("predict", model, source, "--out", tmp_path / "y.npy", "--json").stdout)
    assert answer["file"] == str(tmp_path / "y.npy")
    assert "values" not in answer


def test_several_inputs_and_outputs(two, saved, tmp_path):
    a, b = saved(np.array([[1, 2]], np.float32), "a.npy"), saved(np.array([[3, 4]], np.float32), "b.npy")
    answers = json.loads(run("predict", two, a, b, "--json").stdout)
    assert [answer["name"] for answer in answers] == ["sum", "product"]
    assert [answer["values"] for answer in answers] == [[[4, 6]], [[3, 8]]]
    assert run("predict", two, a, b, "--out", tmp_path / "y.npz").exit_code == 0
    with np.load(tmp_path / "y.npz") as written:
        assert {name: written[name].tolist() for name in written} == {"sum": [[4, 6]], "product": [[3, 8]]}


def test_wrong_calls(model, two, saved, tmp_path):
    good = saved(np.zeros((1, 3), np.float32))
    wide = saved(np.zeros((1, 4), np.float32), "wide.npy")
    words = saved(np.array(["a"]), "words.npy")
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "many.npz", a=np.zeros(1), b=np.zeros(1))
    (tmp_path / "text.npy").write_text("1 2 3")
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "cut.npy").write_bytes(good.read_bytes()[:-4])
    for arguments, message in [
        (["summary", tmp_path / "gone"], "There is no model in"),
        (["predict", tmp_path / "gone", good], "There is no model in"),
        (["predict", model, tmp_path / "gone.npy"], "gone.npy is not a file that is there. Give one that numpy.save"),
        (["predict", model, tmp_path / "objects.npy"], "objects.npy cannot be read: "),
        (["predict", model, tmp_path / "text.npy"], "text.npy cannot be read: "),
        (["predict", model, tmp_path / "empty.npy"], "empty.npy cannot be read: "),
        (["predict", model, tmp_path / "cut.npy"], "cut.npy cannot be read: "),
        (["predict", model, tmp_path / "many.npz"], "many.npz holds several arrays"),
        (["predict", model, wide], "[1, 4]"),
        (["predict", model, words], "string"),
        (["predict", model, good, "--out", tmp_path / "y.npz"], "1 output, so --out must end in .npy"),
        (["predict", two, good, good, "--out", tmp_path / "y.npy"], "2 outputs, so --out must end in .npz"),
        (["predict", model, good, "--out", tmp_path / "no" / "y.npy"], "There is no folder"),
    ]:
        result = run(*arguments, "--json")
        assert result.exit_code == 2, (arguments, result.output)
        assert message in json.loads(result.stdout)["error"]
    assert not (tmp_path / "y.npy").exists()
