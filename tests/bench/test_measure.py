"""How contenders are measured, with workers that tell invented times."""

import sys
from dataclasses import dataclass

import pytest

from bench import measure
from bench.choice import PARTS, choose
from bench.contenders import CONTENDERS, ROOF, Contender
from bench.measure import Effort, Race
from bench.protocol import Worker, WorkerError
from bench.work import NETWORKS, PRECISIONS

WORKER = """
from bench.protocol import serve
turns = iter({turns})
accuracies = iter({accuracies})
def train(batches):
    print("noise that is no answer")
    return {{"milliseconds": next(turns)}}
def end():
    raise SystemExit(3)
def digits(folder):
    return {{"seconds": 10, "accuracy": next(accuracies)}}
serve({{"hello": lambda: {{"versions": {{"invented": "1"}}}}, "train": train, "end": end, "digits": digits,
    "predict": lambda rows, seconds: {{"predict": float(rows)}}, "echo": lambda **question: question}})
"""


@dataclass(frozen=True)
class Invented(Contender):
    turns: tuple[float, ...] = ()
    accuracies: tuple[float, ...] = ()

    def command(self, network, precision):
        return [sys.executable, "-c", WORKER.format(turns=self.turns, accuracies=self.accuracies)]


def invented(name, turns=(), accuracies=(), **more):
    return Invented(name, name, "", "", turns=turns, accuracies=accuracies, **more)


@pytest.fixture
def log(tmp_path):
    with (tmp_path / "log").open("wb") as file:
        yield file


@pytest.fixture
def worker(log):
    contender = invented("one", turns=(1.0,))
    made = Worker(contender.command("dense", "float32"), contender.variables(), measure.ROOT, log)
    yield made
    made.close()


def test_a_worker_answers_and_what_it_prints_is_no_answer(worker):
    assert worker.ask(60, do="echo", value=[1, 2]) == {"value": [1, 2]}
    assert worker.ask(60, do="train", batches=1) == {"milliseconds": 1.0}


def test_an_error_in_a_worker_is_told_and_it_goes_on(worker):
    with pytest.raises(WorkerError, match="KeyError: 'nothing'"):
        worker.ask(60, do="nothing")
    assert worker.ask(60, do="echo", value=1) == {"value": 1}


def test_a_worker_that_ends_is_told(worker):
    with pytest.raises(WorkerError, match="the process ended with 3"):
        worker.ask(60, do="end")


def test_a_worker_that_is_silent_is_told(worker):
    with pytest.raises(WorkerError, match="no answer in 0 s"):
        worker.ask(0, do="hello")


def test_the_first_turn_warms_up_and_the_median_counts(log):
    contenders = [invented("steady", (9.0, 3.0, 1.0, 2.0)), invented("failing", (5.0,))]
    with Race(contenders, "dense", "float32", log) as race:
        records, roof = measure.train(race, Effort(rounds=3))
    assert records[0]["milliseconds"] == 2.0 and records[0]["first"] == 9.0
    assert sorted(records[0]["rounds"]) == [1.0, 2.0, 3.0]
    assert "StopIteration" in records[1]["cannot"] and "milliseconds" not in records[1]
    assert roof == {}
    assert race.versions == {"invented": "1"}


def test_where_a_turn_takes_the_whole_budget_the_first_has_to_do(log):
    batches = NETWORKS["dense"].batches
    with Race([invented("slow", (1000.0,))], "dense", "float32", log) as race:
        records, _ = measure.train(race, Effort(rounds=3, budget=batches / 2))
    assert records[0]["milliseconds"] == 1000.0


@pytest.mark.parametrize(("turn", "rounds"), [(0.1, 5), (5, 5), (10, 2), (26, 0)])
def test_rounds_fit_into_the_budget(turn, rounds):
    assert Effort(rounds=5, budget=25).rounds_for(turn) == rounds


def test_predictions_of_a_batch_and_of_a_row(log):
    with Race([invented("one")], "unet", "float32", log) as race:
        records = measure.predict(race, Effort(rounds=1))
    assert [(each["rows"], each["milliseconds"]) for each in records] == [(2, {"predict": 2.0}), (1, {"predict": 1.0})]


def test_digits_are_trained_until_the_goal_or_the_end_of_time(log, tmp_path):
    contenders = [
        invented("good", accuracies=(0.98, 0.991, 1.0), seeks_goal=True),
        invented("slow", accuracies=(0.5, 0.6, 0.7, 0.8), seeks_goal=True),
        invented("once", accuracies=(0.98, 1.0)),
    ]
    with Race(contenders, "cnn", "float32", log) as race:
        records = measure.digits(race, Effort(goal_seconds=35), tmp_path)
    assert [len(record["epochs"]) for record in records] == [2, 3, 1]


def test_nobody_gets_variables_that_tune(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    for contender in CONTENDERS:
        variables = contender.variables()
        assert "OMP_NUM_THREADS" not in variables and "MALLOC_ARENA_MAX" not in variables
        assert variables["CUDA_VISIBLE_DEVICES"] == "" and "PATH" in variables


def test_words_choose_within_their_kind():
    choice = choose("dense,velveteen,torch")
    assert [contender.name for contender in choice.contenders] == ["velveteen", "torch"]
    assert choice[:3] == (PARTS, ["dense"], PRECISIONS)
    assert choose("")[:3] == (PARTS, tuple(NETWORKS), PRECISIONS)
    assert ROOF not in choose("").contenders


def test_an_unknown_word_is_refused_with_those_known():
    with pytest.raises(SystemExit, match='does not know "keras".*keras-jax'):
        choose("dense,keras")
