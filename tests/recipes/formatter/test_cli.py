import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from velveteen.cli.main import app

MESSY = "const a=1;\n"
CLEAN = "const a = 1;\n"


def run(*arguments: object, **options):
    return CliRunner().invoke(app, ["formatter", *map(str, arguments)], **options)


@pytest.fixture
def messy(tmp_path) -> Path:
    file = tmp_path / "messy.js"
    file.write_text(MESSY)
    file.chmod(0o640)
    return file


def test_train_tells_what_it_used(project, tmp_path):
    result = run("train", project, "--language", "javascript", "--epochs", 1, "--out", tmp_path / "m", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["files"] == 11 and told["measured"]["files"] == 1
    assert set(told["baselines"]) == {"bigrams", "majority"}
    assert (tmp_path / "m" / "model.json").is_file()


def test_format_prints_checks_shows_and_writes(trained, messy):
    model = trained[0]
    assert run("format", messy, "--model", model).stdout == CLEAN
    checked = run("format", messy, "--model", model, "--check")
    assert (checked.exit_code, checked.stdout) == (1, f"{messy}\n")
    assert f"-{MESSY}+{CLEAN}" in run("format", messy, "--model", model, "--diff").stdout
    assert messy.read_text() == MESSY
    answer = run("format", messy, "--model", model, "--write", "--json")
    assert json.loads(answer.stdout) == [{"file": str(messy), "changed": True, "error": None}]
    assert messy.read_text() == CLEAN
    assert messy.stat().st_mode & 0o777 == 0o640
    assert run("format", messy, "--model", model, "--check").exit_code == 0


def test_what_does_not_parse_exits_with_2(trained, tmp_path):
    file = tmp_path / "broken.js"
    file.write_text("a = (;\n")
    result = run("format", file, "--model", trained[0], "--write")
    assert result.exit_code == 2
    assert "line 1, column" in result.stderr
    assert file.read_text() == "a = (;\n"


def test_standard_input_is_formatted(trained):
    result = run("format", "--stdin-filepath", "x.js", "--model", trained[0], input=MESSY)
    assert (result.exit_code, result.stdout) == (0, CLEAN)


def test_a_wrong_range_is_told(trained, messy):
    result = run("format", messy, "--model", trained[0], "--range", "5")
    assert result.exit_code == 2
    assert '--range takes the first and the last line, such as 10:25, got "5"' in result.stderr


def test_evaluate_answers_in_json(trained, project):
    told = json.loads(run("evaluate", project, "--model", trained[0], "--json").stdout)
    assert set(told) == {"files", "gaps", "gap_accuracy", "lines", "line_accuracy", "trees_changed"}
    assert told["gap_accuracy"] > 0.99


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_review_finds_what_a_change_did(trained, project, tmp_path):
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    file = tmp_path / "a.js"
    text = (project / "file1.js").read_text()
    file.write_text(text)
    git("init", "-q")
    git("add", "a.js")
    git("commit", "-q", "-m", "a")
    assert run("review", tmp_path, "--model", trained[0]).exit_code == 0
    file.write_text(text.replace("[first, second,", "[ first, second,", 1))
    result = run("review", tmp_path, "--model", trained[0], "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [(each["line"], each["proposal"]) for each in found] == [(4, "nothing")]
    assert run("review", tmp_path, "--base", "nowhere", "--model", trained[0]).exit_code == 2


def test_baselines_stand_beside(trained, project, tmp_path):
    out = tmp_path / "m"
    result = run("train", project, "--language", "javascript", "--model", "bigrams", "--out", out)
    assert result.exit_code == 0 and "baseline majority" in result.stdout
    told = json.loads(run("evaluate", project, "--model", out, "--baselines", "--json").stdout)
    assert 0.5 < told["baselines"]["bigrams"] <= 1 and 0.5 < told["baselines"]["majority"] <= 1
    assert "beside it, the baseline bigrams" in run("evaluate", project, "--model", out, "--baselines").stdout
    alone = run("evaluate", project / "file1.js", "--model", out, "--baselines")
    assert alone.exit_code == 2 and "Give at least two" in alone.stderr
