"""`velveteen new`: what it writes runs, learns, and passes its own test."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from velveteen.cli.main import app
from velveteen.errors import ArgumentError, MissingFileError, UnknownNameError
from velveteen.projects import MODELS, create

THREE = ["README.md", "data.py", "model.py", "main.py"]


def run(*arguments):
    return CliRunner().invoke(app, ["new", *map(str, arguments)])


def python(folder, *arguments):
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("model", MODELS)
def test_a_new_project_trains_and_passes_its_test(model, tmp_path):
    answered = run(tmp_path / "mine", "--model", model, "--json")
    assert answered.exit_code == 0, answered.output
    project = json.loads(answered.stdout)
    assert project["folder"] == str(tmp_path / "mine") and project["model"] == model
    assert project["files"][:4] == THREE and "test_main.py" in project["files"]
    assert sorted(project["files"]) == sorted(path.name for path in (tmp_path / "mine").iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    tested = python(tmp_path / "mine", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert " passed" in tested.stdout


@pytest.mark.parametrize("model", MODELS)
def test_a_project_stands_alone(model, tmp_path):
    create(tmp_path / "mine", model)
    for path in (tmp_path / "mine").iterdir():
        text = path.read_text()
        assert "velveteen.templates" not in text and "PROJECT" not in text, path.name
    assert (tmp_path / "mine" / "README.md").read_text().startswith("# mine\n")
    code = {path.name: path.read_text().splitlines() for path in (tmp_path / "mine").glob("*.py")}
    assert len(code["model.py"]) <= 60 and len(code["main.py"]) <= 150, "shorter: newcomers read this first"


def test_the_commands_of_a_project_answer_as_velveteens_do(tmp_path):
    create(tmp_path / "mine", "dense")
    helped = python(tmp_path / "mine", "main.py", "--help")
    assert helped.returncode == 0
    assert all(command in helped.stdout for command in ("train", "evaluate", "predict"))
    wrong = python(tmp_path / "mine", "main.py", "train", "gone.csv")
    assert wrong.returncode == 2
    assert wrong.stderr == (
        "error: There is no file gone.csv. Give a CSV file: columns of numbers, and the class in the last.\n"
    )


def test_in_words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answered = run("circles", "--model", "unet")
    assert answered.exit_code == 0
    assert answered.stdout.splitlines() == [
        "Wrote circles: README.md, data.py, model.py, main.py, test_main.py.",
        "Try: cd circles && python main.py train",
    ]


def test_wrong_names(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "kept.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    for name, message in [
        ("there", "There is something called"),
        ("file", "There is something called"),
        ("gone/mine", "There is no folder"),
        ("my project", "is no good name for a project. Begin with a letter or digit"),
        ("-mine", "is no good name"),
        (".mine", "is no good name"),
        ("mine.", "is no good name"),
        ("nul.txt", "is no good name"),
        ("x" * 101, "is no good name"),
        ("..", "is no good name"),
    ]:
        answered = run(tmp_path / name, "--json")
        assert answered.exit_code == 2, name
        assert message in json.loads(answered.stdout)["error"]
    assert run(tmp_path / "mine", "--model", "cnm").exit_code == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_functions_check_their_arguments(tmp_path):
    with pytest.raises(UnknownNameError, match='Unknown model "unte". Did you mean "unet"'):
        create(tmp_path / "mine", "unte")
    with pytest.raises(ArgumentError, match="nothing is overwritten"):
        create(tmp_path)
    with pytest.raises(MissingFileError, match="Make it first"):
        create(tmp_path / "gone" / "mine")


def test_nothing_half_written(tmp_path, monkeypatch):
    written = []

    def full_disk(self, text, **options):
        written.append(self.name)
        if len(written) == 3:
            raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(OSError, match="No space left"):
        create(tmp_path / "mine")
    assert len(written) == 3 and not list(tmp_path.iterdir())
