"""Callbacks: when they are called, with what, and what they do to a training."""

import builtins
import csv
import types

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen.errors import ArgumentError, ArgumentTypeError, StateError, UnknownNameError
from velveteen.training.callback import HOOKS, CallbackList, as_callback
from velveteen.training.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    History,
    LearningRateScheduler,
    ModelCheckpoint,
    OverfittingAdvice,
    TensorBoard,
    TerminateOnNaN,
)


class FakeModel:
    """What callbacks need of a model, under control."""

    def __init__(self):
        self.stop_training = False
        self.optimizer = vt.train.sgd(0.1)
        self.weights = 0
        self.saved = []

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights

    def save(self, folder):
        self.saved.append(folder)


def play(callback, epochs, model=None):
    """Plays epochs with these logs as fit does; returns the model. Its weights are the number of the epoch."""
    model = model or FakeModel()
    listeners = CallbackList([callback], model, {"metrics": ["loss"]})
    listeners.on_train_begin()
    for epoch, logs in enumerate(epochs):
        listeners.on_epoch_begin(epoch)
        model.weights = epoch
        listeners.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    listeners.on_train_end()
    return model


def val_losses(*values):
    return [{"loss": 1.0, "val_loss": value} for value in values]


def small_model():
    vt.set_random_seed(1)
    model = vt.sequential([vt.layers.dense(1, input_shape=[2])])
    model.compile(optimizer=vt.train.sgd(0.1), loss="meanSquaredError")
    return model, np.ones((6, 2), np.float32), np.zeros((6, 1), np.float32)


# Who is called


class Recorder(Callback):
    def __init__(self):
        self.calls = []

    def on_train_begin(self, logs):
        self.calls.append("train begins")

    def on_train_end(self, logs):
        self.calls.append("train ends")

    def on_epoch_begin(self, epoch, logs):
        self.calls.append(f"epoch {epoch} begins")

    def on_epoch_end(self, epoch, logs):
        self.calls.append(f"epoch {epoch} ends")
        self.epoch_logs = logs

    def on_batch_begin(self, batch, logs):
        self.calls.append(f"batch {batch} begins")

    def on_batch_end(self, batch, logs):
        self.calls.append(f"batch {batch} ends")
        self.batch_logs = logs


def test_hooks_in_order_with_floats():
    model, x, y = small_model()
    recorder = Recorder()
    model.fit(x, y, epochs=1, batch_size=4, callbacks=recorder, verbose=False)
    assert recorder.calls == [
        "train begins",
        "epoch 0 begins",
        "batch 0 begins",
        "batch 0 ends",
        "batch 1 begins",
        "batch 1 ends",
        "epoch 0 ends",
        "train ends",
    ]
    assert type(recorder.epoch_logs["loss"]) is float
    assert type(recorder.batch_logs["loss"]) is float
    assert (recorder.batch_logs["batch"], recorder.batch_logs["size"]) == (1, 2)
    assert recorder.model is model
    assert recorder.params["epochs"] == 1


def functions(spelling):
    calls = []
    names = {"snake": HOOKS, "camel": [vt.training.callback._camel_case(hook) for hook in HOOKS]}[spelling]
    return calls, {name: lambda *args, name=name: calls.append((name, len(args))) for name in names}


@pytest.mark.parametrize("spelling", ["snake", "camel"])
@pytest.mark.parametrize("wrap", [dict, lambda made: types.SimpleNamespace(**made)])
def test_functions_in_both_spellings(spelling, wrap):
    calls, made = functions(spelling)
    model, x, y = small_model()
    model.fit(x, y, epochs=1, callbacks=[wrap(made)], verbose=False)
    assert [arguments for _, arguments in calls] == [1, 2, 2, 2, 2, 1]


def test_functions_may_take_fewer_arguments_and_be_async():
    seen = []

    async def on_epoch_end(epoch, logs):
        seen.append(("epoch", epoch, sorted(logs)))

    play({"on_epoch_end": on_epoch_end, "on_train_end": lambda: seen.append("end")}, val_losses(1.0))
    assert seen == [("epoch", 0, ["loss", "val_loss"]), "end"]


def test_batch_figures_are_read_only_when_wanted():
    class Figures:
        reads = 0

        def tolist(self):
            self.reads += 1
            return [0.5]

    figures = Figures()
    quiet = CallbackList([History(), {"on_batch_begin": print}], None, {"metrics": ["loss"]})
    quiet.on_batch_end(0, figures, 4)
    assert figures.reads == 0
    seen = []
    curious = CallbackList([{"on_batch_end": lambda batch, logs: seen.append(logs)}], None, {"metrics": ["loss"]})
    curious.on_batch_end(0, figures, 4)
    assert seen == [{"batch": 0, "size": 4, "loss": 0.5}]
    assert figures.reads == 1


@pytest.mark.parametrize(
    ("callback", "error", "message"),
    [
        ({"on_epoch_ends": print}, UnknownNameError, 'Did you mean "on_epoch_end"'),
        ({"on_epoch_end": 3}, ArgumentTypeError, '"on_epoch_end" must be a function, got 3'),
        (3, ArgumentTypeError, r"must be a Callback, or have functions such as on_epoch_end"),
        (EarlyStopping, ArgumentTypeError, r"got the class EarlyStopping\. Call it"),
    ],
)
def test_what_is_no_callback(callback, error, message):
    with pytest.raises(error, match=message):
        as_callback(callback)


# History


def test_history():
    history = History()
    play(history, val_losses(3.0, 2.0))
    assert history.epoch == [0, 1]
    assert history.history == {"loss": [1.0, 1.0], "val_loss": [3.0, 2.0]}


# EarlyStopping, as TensorFlow.js decides


@pytest.mark.parametrize(
    ("options", "values", "stopped"),
    [
        ({}, [3, 2, 2, 1], 2),
        ({"patience": 1}, [3, 2, 2, 1], 2),
        ({"patience": 2}, [3, 2, 2.5, 1, 1, 1], 5),
        ({"min_delta": 0.5}, [3, 2, 1.6, 1], 2),
        ({"min_delta": -0.5}, [3, 2, 1.6, 1], 2),
        ({"baseline": 2.5}, [3, 2], 0),
        ({"mode": "max"}, [1, 2, 3, 2, 1], 3),
        ({"patience": 3}, [3, float("nan"), float("nan"), float("nan")], 3),
        ({}, [3, 2, 1], None),
    ],
)
def test_early_stopping(options, values, stopped):
    callback = EarlyStopping(**options)
    model = play(callback, val_losses(*values))
    assert callback.stopped_epoch == stopped
    assert model.stop_training == (stopped is not None)


def test_early_stopping_wants_more_accuracy():
    callback = EarlyStopping("val_acc")
    play(callback, [{"loss": 1, "val_acc": value} for value in (0.1, 0.5, 0.4)])
    assert callback.stopped_epoch == 2


@pytest.mark.parametrize(("values", "kept"), [([3, 1, 2, 2], 1), ([3, 2, 1], 2), ([3, 1, 2], 1)])
def test_best_weights_come_back(values, kept):
    model = play(EarlyStopping(patience=2, restore_best_weights=True), val_losses(*values))
    assert model.weights == kept


def test_best_weights_of_a_real_model():
    model, x, y = small_model()
    snapshots = []
    rates = [0.01, 0.01, 5.0, 5.0, 5.0]
    model.fit(
        x,
        y,
        epochs=5,
        validation_data=(x, y),
        callbacks=[
            LearningRateScheduler(lambda epoch: rates[epoch]),
            {"on_epoch_end": lambda: snapshots.append([w.array_sync() for w in model.get_weights()])},
            EarlyStopping(patience=2, restore_best_weights=True),
        ],
        verbose=False,
    )
    assert len(snapshots) == 4
    assert [w.array_sync() for w in model.get_weights()] == snapshots[1]


def test_early_stopping_says_so(capsys):
    play(vt.callbacks.early_stopping(patience=1, verbose=1, restore_best_weights=True), val_losses(2, 1, 3))
    assert capsys.readouterr().err == "Epoch 3: early stopping, with the weights of epoch 2.\n"


def test_early_stopping_without_its_figure_warns_once():
    with pytest.warns(UserWarning, match=r'no figure "val_loss".*validation_split.*There are: loss') as warned:
        play(EarlyStopping(), [{"loss": 1.0}, {"loss": 1.0}])
    assert len(warned) == 1


def test_early_stopping_after_ctrl_c_is_quiet():
    model = FakeModel()
    model.stop_training = True
    play(EarlyStopping(), [{"loss": 1.0}], model)


def test_unknown_mode():
    with pytest.raises(UnknownNameError, match="Known: auto, max, min"):
        EarlyStopping(mode="minimum")


# The others


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_terminate_on_nan(loss, capsys):
    model = FakeModel()
    listeners = CallbackList([TerminateOnNaN()], model, {"metrics": ["loss"]})
    listeners.on_batch_end(0, torch.tensor([1.0]), 4)
    assert not model.stop_training
    listeners.on_batch_end(1, torch.tensor([loss]), 4)
    assert model.stop_training
    assert "smaller learning rate" in capsys.readouterr().err


def test_learning_rate_scheduler():
    rates = []
    model = play(LearningRateScheduler(lambda epoch, rate: rates.append(rate) or rate / 2), val_losses(1, 2, 3))
    assert rates == [0.1, 0.05, 0.025]
    assert model.optimizer.learning_rate == 0.0125
    with pytest.raises(ArgumentError, match="must return the learning rate"):
        play(LearningRateScheduler(lambda epoch: None), val_losses(1))


def test_overfitting_advice_comes_once():
    said = []
    losses = [(1.0, 1.0), (0.9, 1.1), (0.8, 1.2), (0.7, 1.3), (0.6, 1.4), (0.5, 1.5), (0.4, 1.6)]
    play(OverfittingAdvice(said.append), [{"loss": loss, "val_loss": validation} for loss, validation in losses])
    assert len(said) == 1
    assert all(word in said[0] for word in ("Dropout", "BatchNormalization", "overfitting"))


@pytest.mark.parametrize(
    "losses",
    [
        [(1.0, 1.0), (0.9, 1.1), (0.8, 1.2), (0.7, 1.1), (0.6, 1.2)],
        [(1.0, 1.0), (1.1, 1.1), (1.2, 1.2), (1.3, 1.3), (1.4, 1.4)],
        [(1.0, 1.0), (0.9, 1.1), (0.8, 1.2)],
    ],
)
def test_overfitting_advice_does_not_come_too_soon(losses):
    said = []
    play(OverfittingAdvice(said.append), [{"loss": loss, "val_loss": validation} for loss, validation in losses])
    assert said == []


def test_checkpoints_are_named_after_the_figures():
    model = play(ModelCheckpoint("runs/{epoch}-{val_loss:.2f}"), val_losses(1, 0.5))
    assert model.saved == ["runs/1-1.00", "runs/2-0.50"]


def test_checkpoints_of_the_best_only():
    model = play(ModelCheckpoint("runs/{epoch}", save_best_only=True), val_losses(3, 4, 2, 2))
    assert model.saved == ["runs/1", "runs/3"]


def test_a_checkpoint_loads(tmp_path):
    model, x, y = small_model()
    model.fit(x, y, epochs=2, callbacks=ModelCheckpoint(tmp_path / "{epoch}"), verbose=False)
    loaded = vt.load_layers_model(str(tmp_path / "2"))
    np.testing.assert_array_equal(loaded.predict(x).numpy(), model.predict(x).numpy())


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (ModelCheckpoint("{val_acc}"), r"names the figure 'val_acc', which there is not\. There are: epoch, loss"),
        (ModelCheckpoint("best", save_best_only=True), r'no figure "val_loss".*validation_split'),
        (ModelCheckpoint("best", "lass", save_best_only=True), r'no figure "lass".*Did you mean "loss"'),
    ],
)
def test_checkpoints_without_their_figure(callback, message):
    with pytest.raises(ArgumentError, match=message):
        play(callback, [{"loss": 1.0}])


def read_csv(path, separator=","):
    with path.open(newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def test_csv_logger(tmp_path):
    path = tmp_path / "new" / "log.csv"
    play(CSVLogger(path), val_losses(3.0, 2.0))
    assert read_csv(path) == [["epoch", "loss", "val_loss"], ["1", "1.0", "3.0"], ["2", "1.0", "2.0"]]
    play(CSVLogger(path), [{"loss": 5.0}])
    assert read_csv(path) == [["epoch", "loss"], ["1", "5.0"]]
    play(CSVLogger(path, append=True), val_losses(3.0))
    assert read_csv(path) == [["epoch", "loss"], ["1", "5.0"], ["1", "1.0"]]


def test_csv_lines_are_there_at_once(tmp_path):
    path = tmp_path / "log.csv"
    lines = []
    model, x, y = small_model()
    watcher = {"on_epoch_end": lambda: lines.append(len(read_csv(path, ";")))}
    model.fit(x, y, epochs=2, callbacks=[CSVLogger(path, separator=";"), watcher], verbose=False)
    assert lines == [2, 3]


def test_tensorboard_missing(monkeypatch):
    real_import = builtins.__import__

    def without_tensorboard(name, *args, **kwargs):
        if name.startswith("torch.utils.tensorboard"):
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_tensorboard)
    with pytest.raises(StateError, match="pip install tensorboard"):
        TensorBoard()


@pytest.mark.parametrize(("update_freq", "batches"), [("epoch", False), ("batch", True)])
def test_tensorboard(tmp_path, monkeypatch, update_freq, batches):
    written = []

    class Writer:
        def __init__(self, folder):
            self.folder = folder

        def add_scalar(self, tag, value, step):
            written.append((self.folder.rsplit("/", 1)[1], tag, value, step))

        def flush(self):
            pass

        def close(self):
            written.append("closed")

    module = types.ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer
    monkeypatch.setitem(__import__("sys").modules, "torch.utils.tensorboard", module)
    callback = TensorBoard(tmp_path, update_freq)
    listeners = CallbackList([callback], FakeModel(), {"metrics": ["loss"]})
    listeners.on_train_begin()
    listeners.on_batch_end(0, torch.tensor([0.5]), 4)
    listeners.on_epoch_end(0, {"loss": 1.0, "val_loss": 2.0})
    listeners.on_train_end()
    expected = [("train", "epoch_loss", 1.0, 0), ("val", "epoch_loss", 2.0, 0), "closed", "closed"]
    assert written == ([("train", "batch_loss", 0.5, 0)] if batches else []) + expected


def test_tensorboard_frequency():
    with pytest.raises(UnknownNameError, match="Known: batch, epoch"):
        TensorBoard(update_freq="step")


def seen_yields(yield_every):
    seen = []
    model = vt.sequential([vt.layers.dense(1, input_shape=[2])])
    model.compile(loss="meanSquaredError")
    callbacks = {"onYield": lambda epoch, batch, logs: seen.append((epoch, batch, sorted(logs)))}
    model.fit(
        vt.ones([4, 2]),
        vt.ones([4, 1]),
        batch_size=2,
        epochs=2,
        verbose=False,
        callbacks=callbacks,
        yield_every=yield_every,
    )
    return seen


def test_on_yield_comes_after_batches():
    assert seen_yields(0) == [(epoch, batch, ["batch", "loss", "size"]) for epoch in (0, 1) for batch in (0, 1)]


@pytest.mark.parametrize("seldom", ["batch", "epoch", 10**9])
def test_on_yield_comes_no_more_often_than_asked(seldom):
    assert seen_yields(seldom) == []


@pytest.mark.parametrize(
    ("every", "message"), [("never", 'yield_every="never"'), ("often", "milliseconds, got 'often'")]
)
def test_yield_every_is_checked(every, message):
    with pytest.raises(ArgumentError, match=message):
        seen_yields(every)
