"""Where the examples come from: the rows of a table, or points on two spirals."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from velveteen.errors import DataError, MissingFileError


class Table(NamedTuple):
    """Rows of numbers [rows, columns], the class of each as one-hot [rows, classes], and the names of both."""

    x: np.ndarray
    y: np.ndarray
    columns: list[str]
    classes: list[str]


def load(file: Path | None = None) -> tuple[Table, Table]:
    """Returns the rows to learn from, and a fifth of them to test on: always the same."""
    rows, labels, columns = spirals() if file is None else read(file)
    classes = sorted(set(labels))
    if len(rows) < 10 or len(classes) < 2:
        raise DataError(f"There are {len(rows)} rows of {len(classes)} classes. Give at least 10, and two classes.")
    one_hot = np.eye(len(classes), dtype=np.float32)[[classes.index(label) for label in labels]]
    order = np.random.default_rng(1).permutation(len(rows))

    def table(some: np.ndarray) -> Table:
        return Table(rows[some], one_hot[some], columns, classes)

    return table(order[len(rows) // 5 :]), table(order[: len(rows) // 5])


def spirals(count: int = 1000) -> tuple[np.ndarray, list[str], list[str]]:
    """Returns points on two spirals that turn around each other, which spiral each is on, and the columns' names."""
    chance = np.random.default_rng(0)
    which = chance.integers(2, size=count)
    along = chance.random(count)
    angle = 3 * np.pi * along + np.pi * which
    points = along[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1) + chance.normal(0, 0.02, (count, 2))
    return points.astype(np.float32), [("left", "right")[each] for each in which], ["x", "y"]


def read(file: Path) -> tuple[np.ndarray, list[str], list[str]]:
    """Returns numbers, labels and names of the columns of a CSV file: names in the first line, the class at the end."""
    if not file.is_file():
        raise MissingFileError(
            f"There is no file {file}. Give a CSV file: columns of numbers, and the class in the last."
        )
    with open(file, newline="", encoding="utf-8-sig") as lines:
        names, *rows = [row for row in csv.reader(lines) if row] or [[]]
    numbers = []
    for place, row in enumerate(rows, 2):
        try:
            numbers.append([float(field) for field in row[: len(names) - 1]])
        except ValueError as error:
            raise DataError(f"Row {place} of {file}: {error}. All columns but the last must be numbers.") from error
        if len(row) != len(names):
            raise DataError(f"Row {place} of {file} has {len(row)} fields, but the first line {len(names)}.")
    return np.array(numbers, dtype=np.float32), [row[-1] for row in rows], names[:-1]
