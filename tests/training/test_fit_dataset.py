"""fit_dataset and evaluate_dataset: what they take, refuse and say. Their numbers are held in tests/data/test_recorded.py."""

import re
import threading

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError, StateError
from velveteen.training import progress

layers = vt.layers


def linear(inputs=2):
    model = vt.sequential([layers.dense(1, input_shape=[inputs])])
    model.compile("sgd", "meanSquaredError")
    return model


def rows(count=6):
    return vt.data.array([{"xs": [i / 10, 1], "ys": [i / 5]} for i in range(count)])


def test_it_trains_as_fit_does():
    x, y = np.random.default_rng(0).normal(size=(20, 2)).astype("float32"), np.arange(20, dtype="float32")[:, None] / 20
    one, other = linear(), linear()
    other.set_weights(one.get_weights())
    by_arrays = one.fit(x, y, epochs=3, batch_size=8, shuffle=False, verbose=False).history
    dataset = vt.data.zip((vt.data.array(x), vt.data.array(y))).batch(8)
    assert other.fit_dataset(dataset, epochs=3, verbose=False).history == by_arrays
    assert other.evaluate_dataset(dataset).array_sync() == pytest.approx(one.evaluate(x, y).array_sync())


@pytest.mark.parametrize(
    "batches",
    [
        [{"xs": np.ones((3, 2)), "ys": np.ones((3, 1))}],
        [(np.ones((3, 2)), np.ones((3, 1)))],
        [[vt.ones([3, 2]), vt.ones([3, 1])]],
        [(np.ones((3, 2)), np.ones((3, 1)), np.ones(3))],
        torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(3, 2), torch.ones(3, 1)), batch_size=2),
    ],
)
def test_batches_of_many_kinds(batches):
    history = linear().fit_dataset(batches, epochs=2, verbose=False)
    assert len(history.history["loss"]) == 2


def test_inputs_and_outputs_by_name():
    a, b = vt.input([1], name="a"), vt.input([2], name="b")
    joined = layers.concatenate().apply([a, b])
    outputs = [layers.dense(1, name=name).apply(joined) for name in ("p", "q")]
    model = vt.model([a, b], outputs)
    model.compile("sgd", "meanSquaredError")
    row = {"xs": {"b": [1, 2], "other": "text", "a": [3]}, "ys": {"q": [1], "p": [0]}}
    model.fit_dataset(vt.data.array([row] * 4).batch(2), verbose=False)
    with pytest.raises(
        ArgumentError, match=r"Batch 0 of the dataset: there is no a among b. .*join columns before batch"
    ):
        model.fit_dataset(vt.data.array([{"xs": {"b": [1, 2]}, "ys": [0]}]).batch(1), verbose=False)


def test_a_csv_file_trains():
    table = "\n".join(["a,b,price", *(f"{i / 10},1,{i / 5}" for i in range(20))]).encode()
    dataset = vt.data.csv(table, column_configs={"price": {"is_label": True}})
    examples = dataset.map(lambda row: {"xs": list(row["xs"].values()), "ys": list(row["ys"].values())})
    history = linear().fit_dataset(examples.shuffle(20, 1).batch(5), epochs=5, verbose=False)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_a_model_without_input_shape_is_built_by_the_first_batch():
    model = vt.sequential([layers.dense(1)])
    model.compile("sgd", "meanSquaredError")
    passes = []
    dataset = vt.data.generator(lambda: passes.append(1) or iter(rows().batch(4)))
    model.fit_dataset(dataset, epochs=2, verbose=False)
    assert model.inputs[0].shape == [None, 2]
    assert len(passes) == 2


def test_what_callbacks_hear():
    heard = []
    callback = {
        "on_batch_begin": lambda batch, logs: heard.append(logs),
        "on_epoch_end": lambda *_: heard.append("end"),
    }
    model = linear()
    seen = vt.Callback()
    model.fit_dataset(rows(5).batch(2), epochs=1, verbose=False, callbacks=[callback, seen])
    assert heard == [{"batch": 0, "size": 2}, {"batch": 1, "size": 2}, {"batch": 2, "size": 1}, "end"]
    assert (seen.params["steps"], seen.params["samples"], seen.params["batch_size"]) == (3, None, None)


def test_a_dataset_that_runs_out_ends_training_with_a_word():
    model = linear()
    with pytest.warns(UserWarning, match=r"ran out of batches in epoch 2 of 3.*repeat\(\)"):
        history = model.fit_dataset(rows(6).batch(2), epochs=3, batches_per_epoch=2, verbose=False)
    assert history.epoch == [0, 1]
    with pytest.warns(UserWarning, match=r"ran out of batches in epoch 2 of 3"):
        history = model.fit_dataset(rows(4).batch(2), epochs=3, batches_per_epoch=2, verbose=False)
    assert history.epoch == [0]
    with pytest.warns(UserWarning, match="fewer than the 9 batches"):
        model.evaluate_dataset(rows(4).batch(2), batches=9)
    assert not model.training


def test_stop_training_ends_at_the_batch_and_leaves_no_thread():
    model = linear()
    seen = []

    def stop(batch, logs):
        seen.append(batch)
        model.stop_training = batch == 2

    model.fit_dataset(rows().batch(2).repeat(), epochs=5, verbose=False, callbacks={"on_batch_end": stop})
    assert seen == [0, 1, 2]
    threads = [thread for thread in threading.enumerate() if thread.name == "velveteen-prefetch"]
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)


def test_progress_without_a_known_length(capsys):
    linear().fit_dataset(vt.data.generator(lambda: iter(rows().batch(2))), epochs=2)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and lines[1].startswith("Epoch 2/2  loss ")


@pytest.fixture
def terminal(monkeypatch):
    """A terminal in which every batch is shown."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LOOKS", 0)


def plain(text):
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def test_the_bar_of_a_dataset_of_known_length(terminal, capsys):
    linear().fit_dataset(rows(6).batch(2), epochs=2)
    shown = plain(capsys.readouterr().err)
    assert re.search(r"Epoch 2/2 .*3/3 .*loss \S+ .*samples/s .*s left", shown)
    assert "?" not in shown


def test_the_bar_of_a_dataset_of_unknown_length(terminal, capsys):
    linear().fit_dataset(vt.data.generator(lambda: iter(rows(6).batch(2))), epochs=2)
    shown = plain(capsys.readouterr().err)
    assert re.search(r"Epoch 1/2 .*3/\? .*samples/s", shown)
    assert re.search(r"Epoch 2/2 .*3/3 .*s left", shown)  # the first epoch has told the length


def test_the_bar_of_batches_per_epoch(terminal, capsys):
    linear().fit_dataset(rows(6).batch(2).repeat(), epochs=1, batches_per_epoch=5)
    assert re.search(r"Epoch 1/1 .*5/5 ", plain(capsys.readouterr().err))


def nan_row():
    return vt.data.array([{"xs": [1, 2], "ys": [0]}, {"xs": [1, float("nan")], "ys": [0]}])


@pytest.mark.parametrize(
    ("dataset", "error", "message"),
    [
        (rows(), ShapeError, r"Batch 0 of the dataset: .* Group them with dataset.batch\(32\)"),
        (rows().map(lambda row: {"xs": [1, 2, 3], "ys": row["ys"]}).batch(2), ShapeError, r"\[null, 2\].*got \[2, 3\]"),
        ([([[1, 2], [3]], [[1], [2]])], ShapeError, "Batch 0 of the dataset: Element .* same length"),
        (nan_row().batch(1), DataError, "Batch 1 of the dataset: x contains NaN"),
        (rows(0).batch(2), DataError, "The dataset has no batches"),
        (rows().map(lambda row: row["xs"][0]).batch(2), ArgumentTypeError, r"\(inputs, targets\), but is Tensor"),
        (rows().map(lambda row: {"x": row["xs"]}).batch(2), ArgumentTypeError, "but is a dict with 'x'"),
        (np, ArgumentTypeError, "Expected a Dataset of batches"),
        ({"xs": [1], "ys": [2]}, ArgumentTypeError, "for arrays there are fit"),
    ],
)
def test_data_that_do_not_fit(dataset, error, message):
    model = linear()
    with pytest.raises(error, match=message):
        model.fit_dataset(dataset, epochs=2, verbose=False)
    assert not model.training


@pytest.mark.parametrize("name", ["epochs", "batches_per_epoch", "validation_batches", "validation_batch_size"])
def test_counts_are_positive(name):
    with pytest.raises(ArgumentError, match=f"{name} must be a positive integer, got 0"):
        linear().fit_dataset(rows().batch(2), **{name: 0})


def test_errors_of_validation_and_of_the_second_epoch():
    with pytest.raises(DataError, match="Batch 1 of the validation dataset: x contains NaN"):
        linear().fit_dataset(rows().batch(2), validation_data=nan_row().batch(1), verbose=False)
    once = iter(rows().batch(2))
    with pytest.raises(DataError, match="can be read only once"):
        linear().fit_dataset(vt.data.generator(lambda: once), epochs=2, verbose=False)
    with pytest.raises(StateError, match="not compiled"):
        vt.sequential([layers.dense(1, input_shape=[2])]).fit_dataset(rows().batch(2))
