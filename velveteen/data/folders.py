"""Folders whose subfolders are named after labels, as datasets; see `images` and `sounds` for what is in the files."""

import collections
import os
import random
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from velveteen.data._batching import regrouped
from velveteen.data._processes import Question, answered
from velveteen.data._threads import mapped
from velveteen.data.dataset import Dataset
from velveteen.errors import ArgumentError, DataError, MissingFileError, unknown_name
from velveteen.tensors import Tensor

_MANY = 512  # files from which on processes are worth their start, a fifth of a second
_TOGETHER = 32  # files that a process is asked for at a time

SUBSETS = ("training", "validation", "both")
FilePath = str | os.PathLike[str]


class LabelledFile(NamedTuple):
    """A file and the number of its class."""

    path: Path
    label: int


class InProcesses(NamedTuple):
    """How a file becomes an array in a process of its own, and what is left to do here."""

    question: dict[str, Any]
    finish: Callable[[np.ndarray], np.ndarray]


class FolderDataset(Dataset):
    """Files read one after the other, as `{"xs": Tensor, "ys": label}`; only the few at hand are in memory.

    Attributes:
        class_names: the labels, in the order of their numbers.
        files: the files with the numbers of their classes.
        broken: what was found unreadable and left out so far, with the reason, by path.
    """

    def __init__(
        self,
        files: Sequence[LabelledFile],
        class_names: Sequence[str],
        read: Callable[[Path], np.ndarray],
        *,
        one_hot: bool,
        shuffle: bool,
        seed: int,
        workers: int,
        in_processes: InProcesses | None = None,
    ):
        self.files = list(files)
        self.class_names = list(class_names)
        self.broken: dict[Path, str] = {}
        self._read = read
        self._one_hot = one_hot
        self._random = random.Random(seed) if shuffle else None
        self._workers = workers
        self._in_processes = in_processes if workers and len(self.files) >= _MANY else None
        super().__init__(self._elements, len(self.files))

    def batch(self, batch_size: int, small_last_batch: bool = True) -> Dataset:
        batched = super().batch(batch_size, small_last_batch)
        if self._in_processes is None:
            return batched
        return Dataset(lambda: self._batches(self._blocks(), batch_size, small_last_batch), batched.size)

    def _elements(self) -> Iterator[dict[str, Any]]:
        if self._in_processes is not None:
            for contents, labels in self._blocks():
                for content, label in zip(contents, labels, strict=True):
                    yield {"xs": Tensor(content), "ys": self._target(label)}  # a copy: not the whole block is held
            return
        files = self._in_order()
        for file, content in mapped(self._open, files, self._workers) if self._workers else map(self._open, files):
            if isinstance(content, Exception):
                self._leave_out(file.path, str(content).strip() or type(content).__name__)
            else:
                yield {"xs": Tensor.wrap(torch.from_numpy(content)), "ys": self._target(file.label)}
        self._check_found()

    def _blocks(self) -> Iterator[tuple[np.ndarray, list[int]]]:
        """Yields the contents of some files and their labels, as processes decode them."""
        assert self._in_processes is not None
        asked: collections.deque[list[LabelledFile]] = collections.deque()

        def questions() -> Iterator[Question]:
            files = self._in_order()
            for start in range(0, len(files), _TOGETHER):
                asked.append(files[start : start + _TOGETHER])
                yield Question({**question, "paths": [str(file.path) for file in asked[-1]]})

        question, finish = self._in_processes
        for message, contents in answered(questions(), self._workers):
            files = asked.popleft()
            errors = {int(place): reason for place, reason in message["errors"].items()}
            for place, reason in errors.items():
                self._leave_out(files[place].path, reason)
            if len(contents):
                yield finish(contents), [file.label for place, file in enumerate(files) if place not in errors]
        self._check_found()

    def _batches(
        self, blocks: Iterator[tuple[np.ndarray, list[int]]], size: int, small_last: bool
    ) -> Iterator[dict[str, Any]]:
        for contents, labels in regrouped(((block, np.array(labels)) for block, labels in blocks), size, small_last):
            numbers = torch.from_numpy(labels)
            targets = torch.nn.functional.one_hot(numbers, len(self.class_names)) if self._one_hot else numbers
            yield {"xs": Tensor(contents), "ys": Tensor(targets.float())}

    def _in_order(self) -> list[LabelledFile]:
        files = [file for file in self.files if file.path not in self.broken]
        if self._random is not None:
            self._random.shuffle(files)
        return files

    def _check_found(self) -> None:
        if self.files and len(self.broken) == len(self.files):
            path, reason = next(iter(self.broken.items()))
            raise DataError(f"None of the {len(self.files)} files can be read. The first one, {path}: {reason}.")

    def _open(self, file: LabelledFile) -> tuple[LabelledFile, np.ndarray | Exception]:
        try:
            return file, self._read(file.path)
        except Exception as error:  # decoders raise whatever they like on broken files
            return file, error

    def _leave_out(self, path: Path, reason: str) -> None:
        self.broken[path] = reason.splitlines()[0].rstrip(".")
        self.size = len(self.files) - len(self.broken)
        warnings.warn(f"{path} is left out, since it cannot be read: {self.broken[path]}.", stacklevel=2)

    def _target(self, label: int) -> Any:
        if not self._one_hot:
            return label
        target = torch.zeros(len(self.class_names))
        target[label] = 1
        return Tensor.wrap(target)


def folder_dataset(
    path: FilePath,
    read: Callable[[Path], np.ndarray],
    endings: Collection[str],
    *,
    class_names: Sequence[str] | None,
    one_hot: bool,
    shuffle: bool,
    seed: int,
    validation_split: float,
    subset: str | None,
    workers: int,
    in_processes: InProcesses | None = None,
) -> Any:
    """Returns a FolderDataset, or two for `subset="both"`."""
    _check_split(validation_split, subset)
    if workers < 0:
        raise ArgumentError(f"workers must be at least 0, got {workers}.")
    names, files = labelled_files(Path(path), endings, class_names)
    training, validation = split_files(files, validation_split, seed)
    settings: dict[str, Any] = {"one_hot": one_hot, "seed": seed, "workers": workers, "in_processes": in_processes}
    first = FolderDataset(training, names, read, shuffle=shuffle, **settings)
    second = FolderDataset(validation, names, read, shuffle=False, **settings)
    return (first, second) if subset == "both" else second if subset == "validation" else first


def labelled_files(
    folder: Path, endings: Collection[str], class_names: Sequence[str] | None
) -> tuple[list[str], list[LabelledFile]]:
    """Returns the labels and the files under the folders named after them, in the order of their names."""
    if not folder.is_dir():
        raise MissingFileError(f'There is no folder "{folder}". Give the folder that holds one subfolder a label.')
    there = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    names = there if class_names is None else list(class_names)
    for name in names:
        if name not in there:
            raise unknown_name("class", name, there)
    files = [LabelledFile(path, label) for label, name in enumerate(names) for path in _files(folder / name, endings)]
    if not files:
        kinds = ", ".join(sorted(endings))
        raise DataError(
            f'"{folder}" has {len(there)} subfolders, but in them no file that ends in {kinds}. Put the files of each '
            "label into a subfolder named after it: folder/cat/1.png, folder/dog/2.png."
        )
    return names, files


def split_files(
    files: Sequence[LabelledFile], validation_split: float, seed: int
) -> tuple[list[LabelledFile], list[LabelledFile]]:
    """Returns the files for training and those for validation: the same part of each class, the same for each seed."""
    training: list[LabelledFile] = []
    validation: list[LabelledFile] = []
    for label in sorted({file.label for file in files}):
        members = [file for file in files if file.label == label]
        count = round(len(members) * validation_split)
        if validation_split and len(members) > 1:
            count = min(max(count, 1), len(members) - 1)
        drawn = set(random.Random(seed).sample(range(len(members)), count))
        for at, file in enumerate(members):
            (validation if at in drawn else training).append(file)
    return training, validation


def _files(folder: Path, endings: Collection[str]) -> list[Path]:
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            Path(parent, name) for name in names if Path(name).suffix.lower() in endings and not name.startswith(".")
        ]
    return sorted(found)


def _check_split(validation_split: float, subset: str | None) -> None:
    if not 0 <= validation_split < 1:
        raise ArgumentError(f"validation_split must be at least 0 and less than 1, got {validation_split}.")
    if subset is not None and subset not in SUBSETS:
        raise unknown_name("subset", subset, SUBSETS)
    if (validation_split > 0) != (subset is not None):
        raise ArgumentError(
            'validation_split and subset go together: give validation_split=0.2 and subset="training", "validation", or '
            '"both" for the two of them.'
        )
