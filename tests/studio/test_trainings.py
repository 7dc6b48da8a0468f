"""Trainings as processes: what becomes of them when they are stopped or killed, and when the studio is."""

import os
import signal
import time

import pytest

from velveteen.errors import StateError
from velveteen.studio.trainings import Trainings
from velveteen.training.runs import RunHistory

COMMAND = ["digits", "train", "--model", "dense", "--epochs", "400", "--seed", "1", "--json"]


@pytest.fixture
def trainings(tmp_path):
    made = Trainings(RunHistory(tmp_path / "runs"))
    yield made
    for run in made.all():
        if run.state == "running" and run.process:
            os.kill(run.process, signal.SIGKILL)
    for child in made._children.values():
        child.wait()


def start(trainings, tmp_path, epochs=400):
    command = [*COMMAND[:5], str(epochs), *COMMAND[6:], "--out", str(tmp_path / "model")]
    return trainings.start("digits", command, tmp_path / "model").id


def wait_until(condition, seconds=90):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.1)


def epochs_of(trainings, run):
    return [point.step for point in trainings.history.points(run) if point.kind == "epoch"]


def state(trainings, run):
    return trainings.refreshed(trainings.history.get(run)).state


def test_killed_resumed_and_stopped_by_another_studio(trainings, tmp_path):
    pytest.importorskip("mlxtend")
    run = start(trainings, tmp_path)
    wait_until(lambda: len(epochs_of(trainings, run)) >= 2)
    with pytest.raises(StateError, match="is running"):
        trainings.resume(run)

    # The studio is closed, and another one opened: it sees that the training lives.
    later = Trainings(RunHistory(tmp_path / "runs"))
    assert state(later, run) == "running"
    os.kill(later.history.get(run).process, signal.SIGKILL)
    trainings._children.pop(run).wait()
    assert state(later, run) == "killed"
    before = epochs_of(later, run)

    # It goes on where it was: no epoch is missing, and none is there twice.
    later.resume(run)
    wait_until(lambda: len(epochs_of(later, run)) >= len(before) + 2)
    steps = epochs_of(later, run)
    assert steps == list(range(1, len(steps) + 1))
    assert not (tmp_path / "model" / "model.json").exists()

    # Stopping keeps what was learned.
    Trainings(RunHistory(tmp_path / "runs")).stop(run)
    wait_until(lambda: state(later, run) != "running")
    assert state(later, run) == "stopped"
    assert (tmp_path / "model" / "model.json").exists()
    later._children[run].wait()


def test_a_training_that_fails_says_why(trainings, tmp_path):
    command = ["digits", "train", "--data", str(tmp_path / "nothing"), "--out", str(tmp_path / "model"), "--json"]
    run = trainings.start("digits", command, tmp_path / "model").id
    wait_until(lambda: state(trainings, run) != "running")
    found = trainings.history.get(run)
    assert found.state == "failed" and "nothing" in found.message
