"""The history of trainings: a SQLite database that many processes may write and read, and that survives a crash."""

import json
import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from velveteen.errors import ArgumentError, FileFormatError, MissingFileError

DATABASE = "runs.sqlite3"
State = Literal["running", "done", "stopped", "failed", "killed"]
STATES: tuple[State, ...] = ("running", "done", "stopped", "failed", "killed")
_PATIENCE = 10
"""Seconds to wait for another process that is writing."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    command TEXT NOT NULL,
    folder TEXT,
    state TEXT NOT NULL,
    process INTEGER,
    started REAL NOT NULL,
    ended REAL,
    message TEXT NOT NULL DEFAULT '',
    about TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS points (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    step REAL NOT NULL,
    seconds REAL NOT NULL,
    figures TEXT NOT NULL,
    PRIMARY KEY (run, number)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        id: its number.
        name: what it is called.
        command: the arguments of `velveteen` that began it; empty for a program of one's own.
        folder: where the model is written, if that is known.
        state: "running", "done", "stopped" (on demand), "failed" (with an error) or "killed".
        process: the number of its process.
        started, ended: seconds since 1970.
        message: why it failed; of one that did not, what its command advises.
        about: what `fit` was told: "epochs", "samples", "steps", "batch_size", "metrics".
    """

    id: int
    name: str
    command: list[str]
    folder: str | None
    state: State
    process: int | None
    started: float
    ended: float | None
    message: str
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Point:
    """What was measured at one moment.

    Attributes:
        number: counts the points of a run from 1.
        kind: "batch" for the mean over the batches since the last point, "epoch" for a whole epoch.
        step: how many epochs were done, with a fraction.
        seconds: since the run began.
        figures: by name; None where it is no number.
    """

    number: int
    kind: str
    step: float
    seconds: float
    figures: dict[str, float | None]


class RunHistory:
    """The runs in a folder.

    Args:
        folder: of the database; it is made.

    Raises:
        ArgumentError: the folder is a file.
        FileFormatError: the database is damaged.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise ArgumentError(f"{folder} is a file, so runs cannot be kept there. Give a folder's name.") from error
        with self._connection() as connection:
            # Readers do not wait for writers, and a process that is killed leaves no half of anything.
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_SCHEMA)

    def begin(self, name: str, command: list[str], folder: str | Path | None = None) -> int:
        """Adds a run, and returns its number."""
        row = (name, json.dumps(command), None if folder is None else str(folder), "running", time.time())
        with self._connection() as connection:
            added = connection.execute(
                "INSERT INTO runs (name, command, folder, state, started) VALUES (?, ?, ?, ?, ?)", row
            )
            return int(added.lastrowid or 0)

    def update(self, run: int, **values: Any) -> None:
        """Changes what is known of a run: folder, state, process, ended, message or about."""
        known = {"folder", "state", "process", "ended", "message", "about"}
        if not values or not known.issuperset(values):
            raise ArgumentError(f"A run has {', '.join(sorted(known))}, got {', '.join(values) or 'nothing'}.")
        if values.get("state", "done") not in STATES:
            raise ArgumentError(f"The state of a run is one of {', '.join(STATES)}, got {values['state']!r}.")
        if "about" in values:
            values["about"] = json.dumps(values["about"])
        columns = ", ".join(f"{name} = ?" for name in values)
        with self._connection() as connection:
            changed = connection.execute(f"UPDATE runs SET {columns} WHERE id = ?", (*values.values(), run))
            if not changed.rowcount:
                raise self._missing(run)

    def add(self, run: int, kind: str, step: float, figures: dict[str, float]) -> None:
        """Adds a point; see `Point`."""
        numbers = {name: value if math.isfinite(value) else None for name, value in figures.items()}
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO points (run, number, kind, step, seconds, figures) SELECT id, "
                "(SELECT 1 + COALESCE(MAX(number), 0) FROM points WHERE run = id), ?, ?, ? - started, ? "
                "FROM runs WHERE id = ?",
                (kind, step, time.time(), json.dumps(numbers), run),
            )

    def all(self) -> list[Run]:
        """Returns all runs, the newest first."""
        with self._connection() as connection:
            return [_run(row) for row in connection.execute("SELECT * FROM runs ORDER BY id DESC")]

    def get(self, run: int) -> Run:
        """Returns one run. Raises MissingFileError where there is none of that number."""
        with self._connection() as connection:
            row = connection.execute("SELECT * FROM runs WHERE id = ?", (run,)).fetchone()
        if row is None:
            raise self._missing(run)
        return _run(row)

    def points(self, run: int, after: int = 0, limit: int = 100_000) -> list[Point]:
        """Returns the points of a run from number `after` + 1 on, at most so many."""
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT * FROM points WHERE run = ? AND number > ? ORDER BY number LIMIT ?", (run, after, limit)
            )
            return [
                Point(row["number"], row["kind"], row["step"], row["seconds"], json.loads(row["figures"]))
                for row in rows
            ]

    def rewind(self, run: int, step: float) -> None:
        """Forgets the points after a step, to which a training went back."""
        with self._connection() as connection:
            connection.execute("DELETE FROM points WHERE run = ? AND step > ?", (run, step + 1e-9))

    def remove(self, run: int) -> None:
        """Forgets a run; the model stays."""
        with self._connection() as connection:
            if not connection.execute("DELETE FROM runs WHERE id = ?", (run,)).rowcount:
                raise self._missing(run)

    def _missing(self, run: int) -> MissingFileError:
        return MissingFileError(f"There is no run {run} in {self.folder}.")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Opens the database for one transaction, since connections may not be shared by threads and processes."""
        path = self.folder / DATABASE
        try:
            with closing(sqlite3.connect(path, timeout=_PATIENCE)) as connection, connection:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA foreign_keys=ON")
                # A killed process loses nothing; waiting for the disk at each point would slow a training of short epochs.
                connection.execute("PRAGMA synchronous=NORMAL")
                yield connection
        except sqlite3.DatabaseError as error:
            raise FileFormatError(f"The history of runs, {path}, cannot be used: {error}.") from error


def _run(row: sqlite3.Row) -> Run:
    values = dict(row)
    values["command"] = json.loads(values["command"])
    values["about"] = json.loads(values["about"])
    return Run(**values)
