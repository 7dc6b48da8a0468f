"""What can be trained from the page: the recipes' `train` commands and their options, checked before they are run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from velveteen.errors import ArgumentError, unknown_name

Kind = Literal["integer", "number", "text", "choice", "flag", "path"]


@dataclass(frozen=True)
class Option:
    """An option of a command.

    Attributes:
        name: as a key in JSON.
        flag: as it is written on the command line.
        off: how a "flag" that is on by default is turned off.
        kind: what it takes; a "path" is a file or folder below the one that the studio was started in.
        help: what it is for.
        default: what holds without it; None where the command decides.
        choices: what a "choice" may be.
        least: the smallest "integer" or "number", if there is one.
        repeated: whether several may be given; an option without a flag is an argument.
    """

    name: str
    flag: str | None
    off: str | None
    kind: Kind
    help: str
    default: Any = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    repeated: bool = False


@dataclass(frozen=True)
class Command:
    """A recipe's `train` command; `resumes` tells whether it has an option to go on with a training."""

    recipe: str
    help: str
    options: tuple[Option, ...]
    resumes: bool = False

    def arguments(self, settings: dict[str, Any], out: Path, root: Path) -> list[str]:
        """Returns the arguments of `velveteen` for settings by name.

        Args:
            settings: values by the options' names; None stands for the default.
            out: the folder of the model.
            root: the folder that paths may lie in.

        Raises:
            UnknownNameError: there is no such option.
            ArgumentError: a value that makes no sense, or a path outside of the folder.
        """
        options = {option.name: option for option in self.options}
        flags: list[str] = []
        plain: list[str] = []
        for name, value in settings.items():
            if name not in options:
                raise unknown_name(f'option of "{self.recipe}"', name, options)
            option = options[name]
            if value is None or value == "" or value == []:
                continue
            values = value if isinstance(value, list) and option.repeated else [value]
            for each in values:
                text = _text(option, each, root)
                if option.kind == "flag":
                    flags += [flag for flag in [option.flag if each else option.off] if flag]
                elif option.flag is None:
                    plain.append(text)
                else:
                    flags += [option.flag, text]
        return [self.recipe, "train", *flags, "--out", str(out), "--json", *(["--", *plain] if plain else [])]


def _text(option: Option, value: Any, root: Path) -> str:
    """Returns a value as it is written on the command line."""
    expected = {"integer": "a whole number", "number": "a number", "flag": "true or false"}.get(option.kind, "a text")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "integer": is_number and float(value).is_integer(),
        "number": is_number,
        "flag": isinstance(value, bool),
    }.get(option.kind, isinstance(value, str))
    if not fits:
        raise ArgumentError(f'The option "{option.name}" must be {expected}, got {value!r:.100}.')
    if is_number and option.least is not None and value < option.least:
        raise ArgumentError(f'The option "{option.name}" must be at least {option.least:g}, got {value}.')
    if option.kind == "choice" and value not in option.choices:
        raise unknown_name(f'value of "{option.name}"', value, option.choices)
    if option.kind == "path":
        return str(inside(root, value, f'the option "{option.name}"'))
    if isinstance(value, str) and (value.startswith("-") or "\0" in value):
        raise ArgumentError(f'The option "{option.name}" must not begin with "-", got {value!r:.100}.')
    return str(int(value)) if option.kind == "integer" else str(value)


def inside(root: Path, name: str, what: str) -> Path:
    """Returns a path below a folder.

    Raises:
        ArgumentError: it leads out of the folder.
    """
    if "\0" in name:
        raise ArgumentError(f"{what.capitalize()} is no path: it has a zero byte in it.")
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise ArgumentError(
            f"{what.capitalize()} leads out of {root}, which the studio was started in. Start it in a folder above, or "
            "copy the files there."
        )
    return path
