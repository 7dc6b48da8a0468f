"""Several writers as one, and weight dropout, which makes the members better."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import velveteen as vt
from velveteen.cli.main import app
from velveteen.errors import ArgumentError
from velveteen.recipes.writer import data, evaluation, main, model
from velveteen.recipes.writer.sampling import Choice


def foretold(folder, text):
    writer = main.open_writer(folder)
    writer.read(text)
    return writer.probabilities[0]


def test_the_probabilities_are_the_mean(trained, another, pair):
    text = "\nThe quick brown"
    mean = (foretold(trained.folder, text) + foretold(another.folder, text)) / 2
    np.testing.assert_allclose(foretold(pair, text), mean, atol=1e-6)


def test_it_can_all_that_its_members_can(trained, another, pair, text_file, corpus):
    found = main.evaluate(pair, [text_file])
    assert found.chars == len(corpus.validation) and found.five_gram is not None
    assert found.nats_per_char < (trained.nats_per_char + another.nats_per_char) / 2
    assert main.write(pair, "The quick brown", Choice(0.0), length=30) == [" fox jumps over the lazy dog, "]
    saved, _ = main.load(pair)
    assert [state.name for state in saved.inputs] == ["text", "h1_1", "c1_1", "h2_1", "c2_1", "h1_2", "c1_2"]
    members = saved.user_defined_metadata["training"]["members"]
    assert [each["nats_per_char"] for each in members] == [trained.nats_per_char, another.nats_per_char]


def test_models_combined_can_be_combined(another, pair, tmp_path):
    three = main.combine([pair, another.folder, another.folder], out=tmp_path)
    text = "\nThe"
    mean = (foretold(pair, text) + 2 * foretold(another.folder, text)) / 3
    np.testing.assert_allclose(foretold(three, text), mean, atol=1e-6)


def test_what_cannot_be_combined(trained, text_file, settings, tmp_path):
    with pytest.raises(ArgumentError, match="two models or more to combine, got 1"):
        main.combine([trained.folder], out=tmp_path)
    short = dataclasses.replace(settings, epochs=1)
    for other, changed in (
        (data.load([text_file], validation=0.3), short),
        (data.load([text_file]), dataclasses.replace(short, embedding=0)),
    ):
        main.train(other, changed, out=tmp_path / "other", seed=1, verbose=False)
        with pytest.raises(
            ArgumentError, match="other learned from another text than the one in .* or reads its symbols"
        ):
            main.combine([trained.folder, tmp_path / "other"], out=tmp_path / "both")
    assert not (tmp_path / "both").exists()


def test_the_command(trained, another, tmp_path):
    call = ["writer", "combine", str(trained.folder), str(another.folder), "--out", str(tmp_path / "both")]
    result = CliRunner().invoke(app, [*call, "--json"])
    assert json.loads(result.stdout) == {"members": 2, "files": [str(tmp_path / "both" / "model.json")]}
    assert "Combined 2 models" in CliRunner().invoke(app, call).stdout


def test_weights_are_left_out_in_training_only():
    vt.set_random_seed(1)
    x = torch.ones(1, 6, 3)
    layer = model.WeightDroppedLSTM(100, weight_dropout=0.4, return_sequences=True)
    plain = vt.layers.lstm(100, return_sequences=True)
    layer.apply(x), plain.apply(x)
    plain.set_weights(layer.get_weights())
    torch.testing.assert_close(layer.apply(x).torch(), plain.apply(x).torch())
    first, again = (layer.apply(x, training=True).torch() for _ in range(2))
    assert (first != again).any()
    # The first step has a state of zeros, which nothing is taken from.
    torch.testing.assert_close(first[:, 0], plain.apply(x).torch()[:, 0])

    layer.train()
    vt.set_random_seed(2)
    _, recurrent = layer.sequence_kernels()
    kept = recurrent != 0
    assert kept.float().mean().item() == pytest.approx(0.6, abs=0.01)
    torch.testing.assert_close(recurrent[kept], layer.recurrent_kernel[kept] / 0.6, rtol=1e-3, atol=0)
    vt.set_random_seed(2)
    layer(x).sum().backward()
    assert torch.equal(layer.recurrent_kernel.grad != 0, kept)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_training_with_both_dropouts_learns(corpus, settings, tmp_path, precision):
    changed = dataclasses.replace(settings, weight_dropout=0.3, epochs=6, precision=precision)
    training = main.train(corpus, changed, out=tmp_path, seed=1, verbose=False)
    assert training.nats_per_char < 1.5
    saved, _ = main.load(training.folder)
    assert {type(layer).__name__ for layer in saved.layers} <= {"InputLayer", "Embedding", "LSTM", "Dense"}
    assert evaluation.nats_per_char(saved, corpus.validation, corpus.train) == pytest.approx(training.nats_per_char)
