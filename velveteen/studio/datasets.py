"""Data sets that are made in the page: a folder a class, a file an example, as the recipes read them."""

import heapq
import os
import re
import threading
import time
from pathlib import Path

from velveteen.errors import ArgumentError, DataError, MissingFileError, StateError
from velveteen.studio.names import NAME

KINDS = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "audio/wav": ".wav"}
_BEGINNINGS = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff", ".webp": b"RIFF", ".wav": b"RIFF"}
SAMPLE = re.compile(r"[0-9a-f]{16}\.(png|jpg|webp|wav)")
LABEL = re.compile(r"\w[\w ._-]{0,99}")
PAGE = 24
"""Examples that are shown at a time."""


class Datasets:
    """A folder of data sets.

    Args:
        folder: where they are.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._lock = threading.Lock()
        self._last = 0

    def path(self, name: str) -> Path:
        """Returns the folder of a data set. Raises ArgumentError for a name that could lead elsewhere."""
        if not NAME.fullmatch(name):
            raise ArgumentError(f"A data set's name has letters, digits, dashes and underscores, got {name!r:.120}.")
        return self.folder / name

    def all(self) -> list[dict[str, object]]:
        """Returns name and number of examples by label of each."""
        folders = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
        return [
            {"name": path.name, "labels": self.labels(path.name)}
            for path in folders
            if path.is_dir() and NAME.fullmatch(path.name)
        ]

    def labels(self, name: str) -> dict[str, int]:
        """Returns how many examples each label has."""
        path = self.path(name)
        if not path.is_dir():
            raise MissingFileError(f"There is no data set {name!r}.")
        folders = [label for label in sorted(path.iterdir()) if label.is_dir() and LABEL.fullmatch(label.name)]
        return {label.name: len(_samples(label)) for label in folders}

    def count(self, name: str, label: str) -> int:
        """Returns how many examples a label has."""
        return len(_samples(self._label(name, label)))

    def add(self, name: str, label: str, kind: str, content: bytes) -> str:
        """Adds an example, and returns its file's name; by their names, examples are in the order they came in.

        Raises:
            ArgumentError: a name that could lead elsewhere.
            DataError: it is not what its kind says.
        """
        self._check(label)
        extension = KINDS.get(kind.split(";")[0].strip().lower())
        if extension is None or not content.startswith(_BEGINNINGS[extension]):
            raise DataError(f"An example is one of {', '.join(KINDS)}; this says it is {kind!r:.80}, and is not.")
        folder = self.path(name) / label
        folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            self._last = max(time.time_ns(), self._last + 1)
            file = f"{self._last:016x}{extension}"
        # A studio that is killed leaves no half of one. The disk is not waited for: with thousands, that takes minutes.
        temporary = folder / f".{file}"
        temporary.write_bytes(content)
        temporary.replace(folder / file)
        return file

    def samples(self, name: str, label: str, skip: int = 0, limit: int = PAGE) -> list[str]:
        """Returns the names of a label's newest examples, the newest first, without the first so many."""
        return heapq.nlargest(skip + limit, _samples(self._label(name, label)))[skip:]

    def rename(self, name: str, label: str, new: str) -> None:
        """Gives a label another name.

        Raises:
            StateError: there is one of that name.
        """
        self._check(new)
        folder, target = self._label(name, label), self.path(name) / new
        if target.exists():
            raise StateError(f"There is a class {new!r} already.")
        folder.rename(target)

    def remove_label(self, name: str, label: str) -> None:
        """Deletes a label with its examples; other files stay, and then its folder does too."""
        folder = self._label(name, label)
        for file in _samples(folder):
            (folder / file).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()

    def sample(self, name: str, label: str, file: str) -> Path:
        """Returns the path of an example. Raises MissingFileError where there is none of that name."""
        path = self._label(name, label) / file
        if not SAMPLE.fullmatch(file) or not path.is_file():
            raise MissingFileError(f"There is no example {file!r:.120} of {label!r:.120} in {name!r}.")
        return path

    def remove(self, name: str, label: str, file: str) -> None:
        """Deletes an example."""
        self.sample(name, label, file).unlink()

    def _check(self, label: str) -> None:
        if not LABEL.fullmatch(label):
            raise ArgumentError(
                f"A label has letters, digits, spaces, dots, dashes and underscores, got {label!r:.120}."
            )

    def _label(self, name: str, label: str) -> Path:
        folder = self.path(name) / label
        if not LABEL.fullmatch(label) or not folder.is_dir():
            raise MissingFileError(f"There is no label {label!r:.120} in {name!r}.")
        return folder


def _samples(folder: Path) -> list[str]:
    # Names alone, since there may be thousands.
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if SAMPLE.fullmatch(entry.name)]
