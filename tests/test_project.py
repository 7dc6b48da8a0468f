"""The project around the code: what its files promise is there."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import velveteen

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "velveteen"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MODULES = sorted(module.name for module in pkgutil.walk_packages([str(PACKAGE)], "velveteen."))
SOURCES = sorted(PACKAGE.rglob("*.py"))
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def requirements(extra=None):
    project = PROJECT["project"]
    listed = project["dependencies"] if extra is None else project["optional-dependencies"][extra]
    return [Requirement(line) for line in listed]


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {folded(pin.name): next(iter(pin.specifier)).version for pin in wanted}


def folded(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", MODULES)
def test_every_module_imports(name):
    importlib.import_module(name)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_is_one_idea(path):
    assert len(path.read_text().splitlines()) <= 500, "this file wants to become two"


def test_every_module_says_what_it_is():
    silent = [
        path.name for path in SOURCES if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_public_names_are_there():
    names = dir(velveteen)
    assert len(names) > 30
    assert [name for name in names if not hasattr(velveteen, name)] == []


def test_a_misspelt_public_name_is_corrected():
    with pytest.raises(AttributeError, match='velveteen has no "tensro".* Did you mean "tensor"'):
        _ = velveteen.tensro


def test_import_is_light():
    """Commands answer at once only if importing velveteen loads neither torch nor the network's libraries."""
    script = "import sys, velveteen; print([name for name in ('torch', 'numpy', 'matplotlib') if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert (answer.stdout.strip(), answer.stderr) == ("[]", "")


def test_help_does_not_load_torch():
    script = (
        "import sys\nfrom typer.testing import CliRunner\nfrom velveteen.cli.main import app\n"
        "answer = CliRunner().invoke(app, ['--help'])\nprint(answer.exit_code, 'torch' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert answer.stdout.split() == ["0", "False"], answer.stderr


def test_the_changelog_tells_this_version():
    assert f"## [{velveteen.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_pins_are_within_the_ranges():
    pinned = pins()
    for extra in (None, *PROJECT["project"]["optional-dependencies"]):
        for requirement in requirements(extra):
            if requirement.name != "velveteen":
                assert requirement.specifier.contains(pinned[folded(requirement.name)]), requirement


def test_every_dependency_is_used():
    """A package of the core or of the demo that no file names is one too many."""
    uses = {"pillow": "from PIL", "platformdirs": "os_cache"}  # pooch.os_cache asks platformdirs
    text = "\n".join(path.read_text() for path in SOURCES)
    unused = [r.name for r in [*requirements(), *requirements("demo")] if uses.get(r.name, r.name) not in text]
    assert unused == []


def test_extras_install_what_can_be_imported():
    modules = {"import-linter": "importlinter", "pytest-xdist": "xdist", "pre-commit": "pre_commit"}
    for extra in PROJECT["project"]["optional-dependencies"].keys() - {"docs"}:  # which `make docs` installs
        for requirement in requirements(extra):
            assert find_spec(modules.get(requirement.name, requirement.name.replace("-", "_"))), requirement.name


def test_imports_point_downwards():
    linted = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_make_targets_exist(document):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^|\s{4})make ([a-z-]+)", document.read_text(), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_files_exist(document):
    """`velveteen/…`, `tests/…`, `tools/…` and `docs/…` in the text are paths of this checkout."""
    named = re.findall(r"`((?:velveteen|tests|tools|docs|bench)/[\w./-]+)`", document.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []


def commands_in(text):
    lines = re.findall(r"^(?:\$ )?(velveteen(?: [a-z][\w-]*)+)", text, re.MULTILINE)
    return set(lines + re.findall(r"`(velveteen(?: [a-z][\w-]*)+)", text))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_exist(document):
    import typer.main

    from velveteen.cli.main import app

    for line in commands_in(document.read_text()):
        command = typer.main.get_command(app)
        for word in line.split()[1:]:
            if not hasattr(command, "commands"):
                break  # the rest are arguments
            assert word in command.commands, f'"{line}": {command.name} has no command "{word}"'
            command = command.commands[word]
