"""Curves of long histories: as few points as can be seen, with every peak."""

import math

import pytest

import velveteen as vt
from velveteen.studio.curves import Curves
from velveteen.training.runs import RunHistory

POINTS = 12_000


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A history with a run of 12,000 epochs: a slow fall, with one peak and one gap."""
    history = RunHistory(tmp_path_factory.mktemp("runs"))
    run = history.begin("long", [])
    with history._connection() as connection:  # one by one it would take a minute
        connection.executemany(
            "INSERT INTO points VALUES (?, ?, 'epoch', ?, ?, ?)",
            (
                (run, i, i, i / 100, f'{{"loss": {"null" if i == 400 else 99 if i == 7003 else 1 / i}}}')
                for i in range(1, POINTS + 1)
            ),
        )
    return history, run


@pytest.mark.parametrize("width", [50, 600])
def test_a_long_curve_has_so_many_points_and_every_peak(long, width):
    history, run = long
    answer = Curves(history).of(run, width)
    (curve,) = answer["curves"]
    assert answer["points"] == POINTS
    assert len(curve["steps"]) == len(curve["values"]) <= 2 * width + 2
    assert curve["steps"] == sorted(curve["steps"])
    assert (curve["steps"][0], curve["steps"][-1]) == (1, POINTS)
    assert curve["values"][curve["steps"].index(7003)] == 99
    wanted = {step: 99 if step == 7003 else 1 / step for step in curve["steps"]}
    assert dict(zip(curve["steps"], curve["values"], strict=True)) == pytest.approx(wanted)


def test_each_bucket_keeps_its_extremes(long):
    history, run = long
    steps = Curves(history).of(run, 100)["curves"][0]["steps"]
    for bucket in range(100):
        inside = [step for step in steps if 120 * bucket < step <= 120 * (bucket + 1)]
        falling = [step for step in range(120 * bucket + 1, 120 * (bucket + 1) + 1) if step not in (400, 7003)]
        assert {falling[-1], 7003 if 7003 in inside else falling[0]} <= set(inside)


def test_a_part_is_drawn_with_all_that_it_has(long):
    history, run = long
    curve = Curves(history).of(run, 600, 390, 410)["curves"][0]
    assert curve["steps"] == list(range(389, 412))
    assert curve["values"][curve["steps"].index(400)] is None
    assert Curves(history).of(run, 600, kind="batch")["curves"] == []


def test_what_is_new_is_read_and_nothing_twice(tmp_path, monkeypatch):
    history = RunHistory(tmp_path)
    run = history.begin("run", [])
    asked = []
    points = RunHistory.points
    monkeypatch.setattr(RunHistory, "points", lambda *a: (asked.append(found := points(*a)), found)[1])
    curves = Curves(history)
    for epoch in range(1, 101):
        history.add(run, "epoch", epoch, {"loss": 1 / epoch})
        assert curves.of(run, 1000)["curves"][0]["steps"] == list(range(1, epoch + 1))
    assert sum(map(len, asked)) <= 300  # each once, and the last one again to see whether it is still there


def test_points_that_were_taken_back_are_forgotten(tmp_path):
    history = RunHistory(tmp_path)
    run = history.begin("run", [])
    for epoch in range(1, 6):
        history.add(run, "epoch", epoch, {"loss": 1.0})
    curves = Curves(history)
    curves.of(run, 10)
    history.rewind(run, 3)
    for epoch in range(4, 8):
        history.add(run, "epoch", epoch, {"loss": 2.0})
    (curve,) = curves.of(run, 10)["curves"]
    assert (curve["steps"], curve["values"]) == ([1, 2, 3, 4, 5, 6, 7], [1, 1, 1, 2, 2, 2, 2])
    assert curves.summary(run)["step"] == 7


def test_the_advice_is_that_of_the_terminal(tmp_path, monkeypatch):
    said = []
    advice = vt.callbacks.OverfittingAdvice(said.append)
    history = RunHistory(tmp_path)
    run = history.begin("run", [])
    curves = Curves(history)
    advice.on_train_begin({})
    for epoch, (loss, validation) in enumerate([(5, 5), (4, 4), (3, 4.1), (2, 4.2), (1, 4.3), (0.5, 4.4)]):
        assert curves.summary(run)["advice"] == (said[0] if said else None)
        logs = {"loss": loss, "val_loss": validation}
        advice.on_epoch_end(epoch, logs)
        history.add(run, "epoch", epoch + 1, logs)
    assert said == [curves.summary(run)["advice"]] and "From epoch 3 on" in said[0]


def test_figures_that_are_no_numbers(tmp_path):
    history = RunHistory(tmp_path)
    run = history.begin("run", [])
    for step in range(1, 101):
        history.add(run, "epoch", step, {"loss": math.nan})
    (curve,) = Curves(history).of(run, 5)["curves"]
    assert set(curve["values"]) == {None} and len(curve["values"]) <= 12
