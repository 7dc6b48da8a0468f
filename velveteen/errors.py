"""The errors velveteen raises: what was expected, what came, where, and what to do.

Each is a `VelveteenError` and also the built-in error a Python program would catch in its place.
"""

import difflib
from collections.abc import Iterable


class VelveteenError(Exception):
    """Base of every error that velveteen raises on purpose."""


class ArgumentError(VelveteenError, ValueError):
    """An argument has a value that makes no sense here."""


class ArgumentTypeError(VelveteenError, TypeError):
    """An argument is of a kind that cannot be used here."""


class ShapeError(VelveteenError, ValueError):
    """A tensor has another shape than the one needed."""


class DtypeError(VelveteenError, TypeError):
    """A tensor has another dtype than the one needed."""


class UnknownNameError(VelveteenError, ValueError):
    """A name (layer, loss, activation, …) that nobody registered."""


class DataError(VelveteenError, ValueError):
    """Data that cannot be trained on: empty, of mismatched lengths, or with NaN in it."""


class DisposedError(VelveteenError, RuntimeError):
    """A tensor or model is used after `dispose()`."""


class StateError(VelveteenError, RuntimeError):
    """A call that comes too early, too late or twice, such as `fit` before `compile`."""


class ComputationError(VelveteenError, RuntimeError):
    """A layer that cannot compute what it was given."""


class FileFormatError(VelveteenError, ValueError):
    """A file that is damaged, truncated, hostile or of another format."""


class MissingFileError(VelveteenError, FileNotFoundError):
    """A file or folder that is not there."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns ` Did you mean "x"?` for the nearest of `known`, or an empty string."""
    by_folded = {_fold(candidate): candidate for candidate in known}
    near = difflib.get_close_matches(_fold(name), list(by_folded), n=1, cutoff=0.6)
    return f' Did you mean "{by_folded[near[0]]}"?' if near else ""


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Returns the error for a misspelt name, with the nearest known one and the whole list."""
    known, called = sorted(set(known)), f"{name!s:.200}"
    return UnknownNameError(f'Unknown {kind} "{called}".{did_you_mean(called, known)} Known: {", ".join(known)}.')


def _fold(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
