"""The command as a whole: help, version, errors and exit codes."""

import json
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from velveteen import __version__
from velveteen.cli import _output
from velveteen.cli.main import app
from velveteen.errors import ArgumentError


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_help_lists_recipes_and_tools():
    result = run("--help")
    assert result.exit_code == 0
    for word in ("Recipes", "demo", "digits", "Tools", "summary", "predict"):
        assert word in result.stdout


def test_help_imports_nothing_heavy():
    script = (
        "import sys\nfrom velveteen.cli.main import app\n"
        "app(['--help'], standalone_mode=False)\n"
        "print(sorted({'torch', 'numpy', 'PIL', 'pooch', 'matplotlib'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip().splitlines()[-1] == "[]"


def test_version():
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"velveteen {__version__}\n")


def test_a_wrong_command_exits_with_two():
    result = run("sumary", "model")
    assert result.exit_code == 2
    assert "summary" in result.stderr


def test_without_a_command_it_shows_the_help():
    assert "Recipes" in run().output


@pytest.fixture
def failing():
    """Returns a program whose only command raises what it is given."""

    def make(error):
        program = typer.Typer(cls=_output.Commands, pretty_exceptions_enable=False)

        @program.callback()
        def nothing():
            pass

        @program.command()
        def fail(as_json: _output.AsJson = False):
            raise error

        return lambda *arguments: CliRunner().invoke(program, ["fail", *arguments])

    return make


@pytest.mark.parametrize("error", [ArgumentError("This is wrong. Do that."), PermissionError(13, "Denied", "file")])
def test_errors_are_one_friendly_line(failing, error):
    result = failing(error)()
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"error: {error}\n")


def test_errors_in_json(failing):
    result = failing(ArgumentError("This is wrong."))("--json")
    assert (result.exit_code, json.loads(result.stdout)) == (2, {"error": "This is wrong."})


def test_wrong_arguments_in_json(failing):
    result = failing(ArgumentError(""))("--json", "--colour")
    assert result.exit_code == 2
    assert "--colour" in json.loads(result.stdout)["error"]


def test_debugging_shows_where(failing, monkeypatch):
    monkeypatch.setenv("VELVETEEN_DEBUG", "1")
    error = ArgumentError("This is wrong.")
    assert failing(error)().exception is error


def test_a_mistake_of_ours_is_not_hidden(failing):
    assert isinstance(failing(ZeroDivisionError())().exception, ZeroDivisionError)


def test_ctrl_c_exits_with_130(failing):
    result = failing(KeyboardInterrupt())()
    assert result.exit_code == 130
    assert result.stderr == "Stopped. Files are as they were last written whole.\n"


def test_answers_are_plain_json(capsys):
    _output.answer({"a": float("nan"), "b": [1, float("inf")], "c": ("ä", None)})
    assert capsys.readouterr().out == '{"a": null, "b": [1, null], "c": ["ä", null]}\n'
