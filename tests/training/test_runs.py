import sqlite3

import pytest

from velveteen.errors import ArgumentError, FileFormatError, MissingFileError
from velveteen.training.runs import DATABASE, RunHistory


def test_what_is_written_is_read(tmp_path):
    history = RunHistory(tmp_path)
    run = history.begin("digits", ["digits", "train"], tmp_path / "model")
    history.update(run, process=7, about={"epochs": 3})
    history.add(run, "batch", 0.5, {"loss": 0.7, "acc": float("nan")})
    history.add(run, "epoch", 1, {"loss": 0.5, "acc": 0.9})
    found = RunHistory(tmp_path).get(run)
    assert (found.name, found.state, found.process, found.about) == ("digits", "running", 7, {"epochs": 3})
    first, second = RunHistory(tmp_path).points(run)
    assert (first.number, first.kind, first.step, first.figures) == (1, "batch", 0.5, {"loss": 0.7, "acc": None})
    assert (second.number, second.kind) == (2, "epoch")
    assert history.points(run, after=1) == [second]
    history.rewind(run, 0.5)
    assert [point.number for point in history.points(run)] == [1]


def test_the_newest_run_comes_first_and_can_be_forgotten(tmp_path):
    history = RunHistory(tmp_path)
    first, second = history.begin("a", []), history.begin("b", [])
    history.add(first, "epoch", 1, {})
    assert [run.id for run in history.all()] == [second, first]
    history.remove(first)
    assert history.points(first) == []
    with pytest.raises(MissingFileError, match=f"no run {first}"):
        history.get(first)
    with pytest.raises(MissingFileError):
        history.update(first, state="done")


def test_wrong_states_and_columns_are_refused(tmp_path):
    history = RunHistory(tmp_path)
    run = history.begin("a", [])
    with pytest.raises(ArgumentError, match="one of running"):
        history.update(run, state="over")
    with pytest.raises(ArgumentError, match="A run has"):
        history.update(run, name="b")


def test_damaged_databases_and_files_are_told(tmp_path):
    (tmp_path / DATABASE).write_bytes(b"no database" * 100)
    with pytest.raises(FileFormatError, match="cannot be used"):
        RunHistory(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ArgumentError, match="is a file"):
        RunHistory(tmp_path / "file")


def test_writers_do_not_keep_readers_waiting(tmp_path):
    history = RunHistory(tmp_path)
    run = history.begin("a", [])
    writer = sqlite3.connect(tmp_path / DATABASE, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE runs SET name = 'b'")
    assert history.get(run).name == "a"
    writer.execute("COMMIT")
    writer.close()
    assert history.get(run).name == "b"
