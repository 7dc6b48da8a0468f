"""The writer end to end, through its functions and its command line."""

import dataclasses
import json
import math
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

import velveteen as vt
from velveteen.cli.main import app
from velveteen.errors import ArgumentError, DataError, FileFormatError, MissingFileError, UnknownNameError
from velveteen.recipes import _learning
from velveteen.recipes.writer import data, evaluation, learning, main, model
from velveteen.recipes.writer.main import Settings
from velveteen.recipes.writer.sampling import Choice
from velveteen.recipes.writer.sources import END, THEME_END

QUICK = ("--units", 16, "--epochs", 1, "--streams", 2, "--length", 16, "--seed", 1)


def run(*arguments, **options):
    return CliRunner().invoke(app, ["writer", *map(str, arguments)], **options)


def same_weights(first, second):
    pairs = zip(vt.load_layers_model(first).get_weights(), vt.load_layers_model(second).get_weights(), strict=True)
    return all(np.array_equal(a.numpy(), b.numpy()) for a, b in pairs)


def test_it_learns(trained):
    assert trained.nats_per_char < 0.15
    assert trained.bits_per_char == pytest.approx(trained.nats_per_char / math.log(2))
    assert len(trained.history) == trained.epochs == 8
    assert trained.history[-1]["val_loss"] < trained.history[0]["val_loss"]
    assert trained.sample in (60 * "The quick brown fox jumps over the lazy dog, and the dog sleeps on.\n")


def test_the_saved_model_is_the_best_one(trained, corpus):
    saved, _ = main.load(trained.folder)
    best = min(row["val_loss"] for row in trained.history)
    assert evaluation.nats_per_char(saved, corpus.validation, corpus.train) == pytest.approx(best, abs=1e-6)
    assert trained.nats_per_char == best == trained.history[trained.best_epoch - 1]["val_loss"]


def test_every_character_is_scored_once_with_the_state_carried(trained, corpus, monkeypatch):
    """Against the definition: one stream, from the first character of the training text's end to the last."""
    saved, _ = main.load(trained.folder)
    whole = np.concatenate([corpus.train[-200:], corpus.validation])
    states = [np.zeros((1, state.shape[-1]), np.float32) for state in saved.inputs[1:]]
    inputs = whole[None, :-1].astype(np.int32)
    probabilities, *_ = saved.predict_on_batch([inputs, *states])
    right = np.take_along_axis(probabilities.numpy()[0], whole[1:, None], axis=1)[199:]
    assert len(right) == len(corpus.validation)
    monkeypatch.setattr(evaluation, "WARM_UP", 40)
    monkeypatch.setattr(evaluation, "CHUNK", 30)
    found = evaluation.nats_per_char(saved, corpus.validation, corpus.train)
    assert found == pytest.approx(-np.log(right).mean(), rel=0.02)
    one_stream = evaluation.nats_per_char(saved, corpus.validation[:100], corpus.train)
    assert one_stream == pytest.approx(-np.log(right[:100]).mean(), rel=0.02)


def test_an_untrained_network_knows_nothing():
    saved = model.with_states(7, units=4)
    text = np.random.default_rng(1).integers(7, size=300)
    for weight in saved.get_weights():
        assert np.isfinite(weight.numpy()).all()
    saved.set_weights([vt.zeros(weight.shape) for weight in saved.get_weights()])
    assert evaluation.nats_per_char(saved, text, text[:1]) == pytest.approx(math.log(7), rel=1e-5)


def test_mode_window(corpus, settings, tmp_path):
    settings = dataclasses.replace(settings, mode="window", streams=16, epochs=3)
    training = main.train(corpus, settings, out=tmp_path, seed=1, verbose=False)
    assert training.history[-1]["val_loss"] < training.history[0]["val_loss"] < math.log(len(corpus.alphabet))
    assert len(main.write(tmp_path, "The ", length=10)[0]) == 10


def test_a_stopped_training_goes_on_as_if_it_had_not(corpus, settings, tmp_path):
    settings = dataclasses.replace(settings, epochs=3, dropout=0.3)
    straight = main.train(corpus, settings, out=tmp_path / "straight", seed=4, verbose=False)

    def stop(self, epoch, logs):
        original(self, epoch, logs)
        self.model.stop_training = epoch == 0

    original = learning.Checkpoint.on_epoch_end
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning.Checkpoint, "on_epoch_end", stop)
        main.train(corpus, settings, out=tmp_path / "stopped", seed=4, verbose=False)
    resumed = main.train(corpus, settings, out=tmp_path / "stopped", resume=True, verbose=False)
    assert resumed.epochs == straight.epochs == 3
    assert resumed.history == straight.history
    assert same_weights(straight.folder, resumed.folder)


def test_going_on_needs_a_training_of_the_same_text(corpus, settings, trained, tmp_path, text_file):
    with pytest.raises(MissingFileError, match="no training to go on with in .*Train without --resume"):
        main.train(corpus, settings, out=tmp_path, resume=True, verbose=False)
    other = data.load([text_file], validation=0.2)
    with pytest.raises(DataError, match="learned from another text than fox.txt"):
        main.train(other, settings, out=trained.folder, resume=True, verbose=False)


def test_a_damaged_checkpoint_is_refused(corpus, settings, trained, tmp_path):
    shutil.copytree(trained.folder, tmp_path, dirs_exist_ok=True)
    description = tmp_path / "checkpoint" / "model.json"
    content = json.loads(description.read_text())
    content["weightsManifest"][0]["weights"][0]["name"] = "no such"
    description.write_text(json.dumps(content))
    with pytest.raises(FileFormatError, match=r"is of another network \(weight/0 differ"):
        main.train(corpus, settings, out=tmp_path, resume=True, verbose=False)
    del content["userDefinedMetadata"]
    description.write_text(json.dumps(content))
    with pytest.raises(FileFormatError, match="holds no checkpoint of a writer"):
        main.train(corpus, settings, out=tmp_path, resume=True, verbose=False)


def test_messages_end_and_themes_begin_them(tmp_path):
    path = tmp_path / "pets.md"
    pets = {"cat": "purrs softly", "dog": "barks loudly", "cow": "moos slowly", "owl": "hoots nightly"}
    path.write_text("".join(f"# {name} {i}\nThe {name} {says}.\n" for i in range(60) for name, says in pets.items()))
    corpus = data.load([path], themes=True)
    settings = Settings(units=64, dropout=0.2, embedding=8, epochs=14, streams=4, length=24, learning_rate=0.01)
    main.train(corpus, settings, out=tmp_path / "model", seed=1, verbose=False)
    themes = [(name, number) for name in pets for number in (3, 7, 11)]
    written = [main.write(tmp_path / "model", choice=Choice(0.0), theme=f"{name} {n}")[0] for name, n in themes]
    right = [text == f"The {name} {pets[name]}." for text, (name, _) in zip(written, themes, strict=True)]
    assert sum(right) >= 8  # by chance 3; a machine's rounding moves what so small a network learns
    free = "".join(main.write(tmp_path / "model", choice=Choice(1.0), length=60, samples=8, seed=1))
    assert THEME_END in free and END not in free
    writer = main.open_writer(tmp_path / "model", Choice(0.0))
    answer = "".join(writer.answer("cow 3", 100))
    assert answer and END not in answer and "".join(writer.answer("dog 5", 100))
    result = run("write", tmp_path / "model", "--theme", "owl 9", "--temperature", 0)
    assert result.stdout in {f"The {name} {says}.\n" for name, says in pets.items()}


def test_a_theme_for_a_model_without(trained):
    with pytest.raises(ArgumentError, match="has learned no themes. Train one with --themes"):
        main.write(trained.folder, theme="cats")


def test_by_heart_is_told(trained, text_file, corpus):
    found = main.evaluate(trained.folder, [text_file])
    assert found.chars == len(corpus.validation)
    assert found.nats_per_char == pytest.approx(trained.nats_per_char, abs=1e-6)
    assert found.longest_copy == len(found.copied) > 20
    assert found.five_gram.nats_per_char < 0.2 and found.xz.nats_per_char < 0.2


def test_another_text_is_measured_as_a_whole(trained, tmp_path):
    path = tmp_path / "other.txt"
    path.write_text("A dog and a fox. " * 100)
    found = main.evaluate(trained.folder, [path])
    assert found.chars == 1700 and found.nats_per_char > 1
    assert (found.longest_copy, found.repeats, found.five_gram) == (None, None, None)


def test_without_a_text_there_is_nothing_to_measure_on(trained):
    with pytest.raises(ArgumentError, match=r"the one that the model learned from \(fox.txt\)"):
        main.evaluate(trained.folder)


def test_a_text_is_read_again_as_for_the_training(tmp_path):
    path = tmp_path / "pets.md"
    path.write_text("".join(f"# cat {i}\nThe cat purrs.\n" for i in range(60)))
    corpus = data.load([path], themes=True, validation=0.25)
    settings = Settings(units=8, epochs=1, streams=2, length=16)
    main.train(corpus, settings, out=tmp_path / "model", seed=1, verbose=False)
    found = main.evaluate(tmp_path / "model", [path])
    assert found.chars == len(corpus.validation) and found.five_gram is not None


@pytest.mark.parametrize(
    "training", [None, 3, {"options": []}, {"options": {"keep": 3, "validation": 7, "themes": "x"}}]
)
def test_odd_metadata_does_no_harm(trained, text_file, tmp_path, training):
    shutil.copytree(trained.folder, tmp_path, dirs_exist_ok=True)
    content = json.loads((tmp_path / "model.json").read_text())
    content["userDefinedMetadata"]["training"] = training
    (tmp_path / "model.json").write_text(json.dumps(content))
    assert main.evaluate(tmp_path, [text_file]).chars == 68 * 60


def test_a_training_that_gets_lost_says_so(corpus, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "nats_per_char", lambda *arguments: math.nan)
    with pytest.raises(DataError, match="got lost: its loss is no number any more. Give a lower --learning-rate"):
        main.train(corpus, dataclasses.replace(settings, epochs=1), out=tmp_path, seed=1, verbose=False)


def test_metadata_tells_a_browser_all(trained):
    metadata = json.loads((trained.folder / "model.json").read_text())["userDefinedMetadata"]
    assert metadata["recipe"] == "writer"
    assert metadata["alphabet"][metadata["rare"]] == "\ufffd"
    assert (metadata["end"], metadata["theme_end"], metadata["input"]) == (None, None, "numbers")


def test_other_models_are_refused(tmp_path):
    net = vt.sequential([vt.layers.dense(2, input_shape=[3])])
    net.save(tmp_path / "other")
    with pytest.raises(ArgumentError, match="is no writer. Train one with velveteen writer train"):
        main.write(tmp_path / "other")
    net.user_defined_metadata = {"recipe": "writer", "alphabet": ["a", "\ufffd", "c"]}
    net.save(tmp_path / "other")
    with pytest.raises(ArgumentError, match="has an alphabet that does not fit"):
        main.write(tmp_path / "other")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"mode": "windows"}, UnknownNameError, 'Unknown mode "windows". Did you mean "window"'),
        ({"epochs": 0}, ArgumentError, "number of epochs must be positive, got 0"),
        ({"embedding": -1}, ArgumentError, "embedding must be 0"),
        ({"dropout": 1.0}, ArgumentError, "dropout must be from 0 to below 1"),
    ],
)
def test_settings_that_make_no_sense(options, error, message):
    with pytest.raises(error, match=message):
        Settings(**options)


def test_out_is_a_file(corpus, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArgumentError, match="is a file, so the model cannot be written there"):
        main.train(corpus, out=tmp_path / "file")


def test_the_learning_rate_climbs_and_falls():
    schedule = _learning.CosineSchedule(0.1, steps=100, epochs=20)
    rates = [schedule.rate(step) for step in range(2000)]
    assert rates[0] == pytest.approx(0.001) and max(rates) == pytest.approx(0.1, rel=0.01)
    assert rates.index(max(rates)) == _learning.WARM_UP - 1
    assert rates[1000] == pytest.approx(0.1 * (0.02 + 0.98 * 0.5))
    assert rates[-1] == pytest.approx(0.002, rel=0.01)


# The command line


def test_the_commands(tmp_path, text_file):
    out = tmp_path / "model"
    result = run("train", text_file, *QUICK, "--out", out)
    assert result.exit_code == 0, result.output
    assert "Found in fox.txt:\n  Read 1 text file.\n  3,672 characters to learn from, and the last 408" in result.stdout
    assert "Best after epoch 1: " in result.stdout and f"Wrote {out / 'model.json'}" in result.stdout
    assert "Epoch 1/1" in result.stderr and "val_loss" in result.stderr

    result = run("write", out, "--prompt", "The ", "--length", 20, "--seed", 1)
    assert result.exit_code == 0 and result.stdout.startswith("The ") and len(result.stdout) == 4 + 20 + 1
    result = run("write", out, "--samples", 2, "--length", 20, "--json", "--top-k", 5, "--top-p", 0.9)
    assert [len(sample) for sample in json.loads(result.stdout)["samples"]] == [20, 20]
    result = run("write", out, "--samples", 2, "--length", 5)
    assert result.stdout.count("─" * 40) == 1
    result = run("write", out, "--prompt", "Ω", "--length", 1)
    assert "the model has never seen Ω" in result.stderr
    result = run("write", out, "--interactive", "--length", 9, input="The fox\nA dog\n")
    assert result.exit_code == 0 and result.stdout.count(">") >= 3

    found = json.loads(run("predict", out, "--prompt", "The", "--top", 3, "--json").stdout)
    assert len(found) == 3 and found[0]["probability"] >= found[1]["probability"]
    assert " %  '" in run("predict", out).stdout

    found = json.loads(run("evaluate", out, text_file, "--json").stdout)
    assert {"nats_per_char", "bits_per_char", "chars", "longest_copy"} <= found.keys()
    assert found["chars"] == 408 and found["bits_per_char"] == pytest.approx(found["nats_per_char"] / math.log(2))
    result = run("evaluate", out, text_file)
    assert result.exit_code == 0 and "5-gram counts" in result.stdout and "Longest passage" in result.stdout


def test_json_of_train_and_a_pipe(tmp_path):
    text = "To be, or not to be, that is the question. " * 30
    result = run("train", "-", *QUICK, "--out", tmp_path / "model", "--json", input=text)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["epochs"], answer["best_epoch"], answer["source"]) == (1, 1, "standard input")
    result = run("evaluate", tmp_path / "model", "-", input="Else. " * 100)
    assert result.exit_code == 0 and "learned from another text" in result.stdout
    result = run("evaluate", tmp_path / "model")
    assert result.exit_code == 2 and "Say on which text to test" in result.stderr


def test_errors_of_the_command_line(tmp_path):
    result = run("train", tmp_path / "none.txt", "--out", tmp_path / "model")
    assert result.exit_code == 2 and "error: There is no" in result.stderr
    result = run("write", tmp_path / "none")
    assert result.exit_code == 2 and "error:" in result.stderr
