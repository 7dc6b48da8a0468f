"""`velveteen convert` and `velveteen check`."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import velveteen as vt
from tests._javascript import PACKAGES, tensorflowjs_folder
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


@pytest.mark.usefixtures("with_tensorflowjs")
def test_check_tells_what_tensorflowjs_computes_otherwise(tmp_path):
    model = vt.sequential([layers.batch_normalization(axis=1, input_shape=[3, 2])])
    rows = np.arange(1.0, 4.0, dtype=np.float32)
    model.set_weights([rows, rows, rows, rows])
    model.save(tmp_path / "model")
    answered = run("check", tmp_path / "model", "--json")
    assert answered.exit_code == 1
    assert "TensorFlow.js predicts something else, by up to" in json.loads(answered.stdout)["found"][0]


@pytest.mark.usefixtures("with_tensorflowjs")
def test_check_tells_what_tensorflowjs_cannot_run(tmp_path):
    vt.sequential([layers.softmax(axis=1, input_shape=[3, 2])]).save(tmp_path / "model")
    answered = run("check", tmp_path / "model", "--json")
    assert answered.exit_code == 1
    assert "TensorFlow.js cannot run it: " in json.loads(answered.stdout)["found"][0]
