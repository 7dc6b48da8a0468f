"""What a project says of data that it cannot learn from."""

import importlib

import pytest
from typer.testing import CliRunner

import velveteen as vt
from velveteen.projects import MODELS
from velveteen.templates.dense import data as table
from velveteen.templates.lstm import data as text
from velveteen.templates.unet import data as pictures


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "There are 0 rows of 0 classes. Give at least 10, and two classes."),
        ("x,class\n" + "1,a\n" * 20, "There are 20 rows of 1 classes"),
        ("x,y,class\n1,2,a\n1,two,b\n", "Row 3 of .*table.csv: could not convert .* All columns but the last must be numbers"),
        ("x,y,class\n1,2,a\n1,2\n", "Row 3 of .*table.csv has 2 fields, but the first line 3"),
    ],
)  # fmt: skip
def test_tables(tmp_path, rows, message):
    file = tmp_path / "table.csv"
    file.write_text(rows)
    with pytest.raises(vt.VelveteenError, match=message):
        table.load(file)


def test_a_table_as_spreadsheets_write_it(tmp_path):
    file = tmp_path / "table.csv"
    file.write_bytes("\ufefflänge,art\r\n".encode() + b"".join(b'1.5,"a, b"\r\n2,c\r\n' for _ in range(10)))
    learned, test = table.load(file)
    assert (learned.columns, learned.classes) == (["länge"], ["a, b", "c"])
    assert sorted([*learned.x[:, 0], *test.x[:, 0]]) == [1.5] * 10 + [2] * 10
    assert all((x == 1.5) == (y[0] == 1) for x, y in zip(learned.x[:, 0], learned.y, strict=True))


def test_pictures_without_masks(tmp_path):
    pictures.draw_circles(tmp_path / "few", count=4)
    with pytest.raises(vt.VelveteenError, match="there are 4 pictures in .*pictures. Give a folder with at least 5"):
        pictures.load(tmp_path / "few")
    folder = pictures.draw_circles(tmp_path / "circles", count=6)
    (folder / "masks" / "3.png").unlink()
    with pytest.raises(vt.VelveteenError, match=r"masks.3\.png is missing. Give a folder"):
        pictures.load(folder)


def test_short_texts(tmp_path):
    (tmp_path / "short.txt").write_text("short")
    with pytest.raises(vt.VelveteenError, match="short.txt has 5 characters. Give at least 1280"):
        text.load(tmp_path / "short.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(vt.VelveteenError, match="is no file and holds no .txt or .md"):
        text.load(tmp_path / "empty")


def test_symbols_that_the_alphabet_lacks_are_left_out():
    inputs, targets = text.embed("aXb" * 100, "ab")
    assert inputs.shape == targets.shape == (3, text.LENGTH)
    assert inputs[0, :4].tolist() == [0, 1, 0, 1] and targets[0, :3].tolist() == [1, 0, 1]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_what_is_not_there_ends_with_code_2(model, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = importlib.import_module(f"velveteen.templates.{model}.main").app
    answered = CliRunner().invoke(app, [command, "gone"])
    assert answered.exit_code == 2
    assert answered.stderr.startswith("error: ") and answered.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
