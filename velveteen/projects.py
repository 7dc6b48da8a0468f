"""New projects: what `velveteen new` writes."""

import importlib.resources
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

from velveteen.errors import ArgumentError, MissingFileError, unknown_name

MODELS = {
    "dense": "a table: numbers in, a class out (starts with points on two spirals)",
    "cnn": "pictures in, a class out (starts with shapes)",
    "unet": "pictures in, pictures out (starts with circles among noise)",
    "lstm": "a text that it learns to continue (starts with Python's documentation)",
    "seq2seq": "a text in, a text out (starts with dates in many spellings)",
}
"""The networks to choose from, and what each is for."""

_NAME = re.compile(r"[^\W_][\w.-]*")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""What Windows keeps for devices: https://learn.microsoft.com/windows/win32/fileio/naming-a-file."""


@dataclass(frozen=True)
class Project:
    """A project that was written: its folder, the network in it, and its files in the order to read them."""

    folder: Path
    model: str
    files: list[str]


def create(folder: str | Path, model: str = "dense") -> Project:
    """Writes a new project: data.py, model.py and main.py, a test and a README.

    Args:
        folder: to make; its last part is the project's name.
        model: one of MODELS.

    Raises:
        UnknownNameError: another model.
        ArgumentError: a name that makes trouble as a folder's, or something of that name is there.
        MissingFileError: there is no folder to make it in.
    """
    if model not in MODELS:
        raise unknown_name("model", model, MODELS)
    folder = Path(folder)
    _check_name(folder)
    contents = _contents(model, folder.name)
    unfinished = folder.with_name(f".{secrets.token_hex(8)}.velveteen-tmp")
    try:
        unfinished.mkdir()
        for name, text in contents.items():
            (unfinished / name).write_text(text, encoding="utf-8")
        os.rename(unfinished, folder)  # so that there is all of it or nothing
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return Project(folder, model, list(contents))


def _check_name(folder: Path) -> None:
    name = folder.name
    if not _NAME.fullmatch(name) or name.endswith(".") or len(name) > 100 or _RESERVED.fullmatch(name):
        raise ArgumentError(
            f'"{name:.120}" is no good name for a project. Begin with a letter or digit and go on with letters, digits, '
            '"-", "_" and ".": dates, my-circles.'
        )
    if os.path.lexists(folder):
        raise ArgumentError(
            f"There is something called {folder} already, and nothing is overwritten. Give another name."
        )
    if not folder.parent.is_dir():
        raise MissingFileError(f"There is no folder {folder.parent} to make {name} in. Make it first.")


def _contents(model: str, name: str) -> dict[str, str]:
    """Returns the text of each file, the first to read first."""
    here = importlib.resources.files("velveteen") / "templates" / model
    first = ["README.md", "data.py", "model.py", "main.py"]
    names = [file.name for file in here.iterdir() if file.name.endswith((".py", ".md")) and file.name != "__init__.py"]
    ordered = [*first, *sorted(set(names) - set(first))]
    return {each: _own(here / each, model, name) for each in ordered}


def _own(file: Traversable, model: str, name: str) -> str:
    """Returns the text of a file as it stands in a project, where the others lie beside and not in velveteen."""

    def beside(line: re.Match[str]) -> str:
        return "\n" + "".join(f"import {module}\n" for module in line[1].split(", "))

    text = file.read_text(encoding="utf-8")
    text = re.sub(rf"^from velveteen\.templates\.{model} import (.+)\n", beside, text, flags=re.MULTILINE)
    return text.replace("PROJECT", name)
