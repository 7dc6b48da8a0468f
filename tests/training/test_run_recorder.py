"""The recorder of trainings: what it writes, and that it keeps no step from being replayed."""

import logging

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen.training import callback
from velveteen.training.runs import RunHistory


def fit(callbacks=(), epochs=4, **more):
    vt.set_random_seed(1)
    random = np.random.default_rng(1)
    x = random.random((2000, 8), dtype=np.float32)
    y = x.sum(1, keepdims=True)
    model = vt.sequential([vt.layers.dense(16, activation="relu", input_shape=[8]), vt.layers.dense(1)])
    model.compile("adam", loss="meanSquaredError", metrics=["mae"])
    model.fit(x, y, batch_size=16, epochs=epochs, callbacks=list(callbacks), verbose=False, **more)
    return model


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(callback, "PROGRESS_EVERY", 0.0)


def test_recorded_steps_are_replayed_and_their_numbers_are_the_same(tmp_path, caplog, often):
    plain = fit()
    with caplog.at_level(logging.DEBUG, logger="velveteen.training.capture"):
        recorded = fit([vt.callbacks.RunRecorder("run", tmp_path)])
    assert "Steps are not" not in caplog.text  # neither before they are recorded, nor later
    assert recorded.history.history == plain.history.history
    for one, other in zip(recorded.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_what_is_replayed_is_replayed_when_it_is_recorded_too(tmp_path, often, monkeypatch):
    counted = []
    from velveteen.training.capture import _Recording

    replay = _Recording.replay
    monkeypatch.setattr(_Recording, "replay", lambda self, batch: (counted.append(1), replay(self, batch))[1])
    fit([vt.callbacks.RunRecorder("run", tmp_path)])
    assert len(counted) > 400  # of 500 steps


def test_points_have_the_means_of_their_batches(tmp_path, often):
    heard = []
    fit([{"on_batch_end": lambda batch, logs: heard.append(logs)}, vt.callbacks.RunRecorder("run", tmp_path)], epochs=2)
    points = RunHistory(tmp_path).points(1)
    batches = [point for point in points if point.kind == "batch"]
    assert len(batches) == len(heard) == 250  # a batch at a time
    for point, logs in zip(batches, heard, strict=True):
        assert point.figures["loss"] == pytest.approx(logs["loss"], abs=1e-4)
        assert point.figures["mae"] == pytest.approx(logs["mae"], abs=1e-4)
        assert point.figures["examples_per_second"] > 0
    assert [batches[0].step, batches[-1].step] == [pytest.approx(1 / 125), 2]


def test_it_is_told_twice_a_second_only(tmp_path):
    recorder = vt.callbacks.RunRecorder("run", tmp_path)
    assert not recorder.handles("on_batch_end") and not recorder.handles("on_batch_begin")
    told = []
    listeners = vt.callbacks.CallbackList(
        [{"on_progress": lambda batch, logs: told.append(logs)}], None, {"metrics": ["loss"]}
    )
    listeners.watch(callback.Meter())
    for batch in range(100):
        listeners.on_progress(batch, 4)
    assert told == []


def test_short_epochs_are_told_together(monkeypatch):
    told = []
    listeners = vt.callbacks.CallbackList(
        [{"on_progress": lambda batch, logs: told.append(logs)}], None, {"metrics": ["loss"]}
    )
    for every, losses in ((1e9, [1.0, 2.0]), (0.0, [6.0])):
        monkeypatch.setattr(callback, "PROGRESS_EVERY", every)
        meter = callback.Meter()
        listeners.watch(meter)
        for batch, loss in enumerate(losses):
            meter.add(torch.tensor([loss]), 4)
            listeners.on_progress(batch, 4)
    assert [(logs["loss"], logs["size"], logs["batch"]) for logs in told] == [(3.0, 12, 0)]
