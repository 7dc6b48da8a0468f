"""Trainings as processes of their own: started, stopped and resumed, whatever becomes of the studio."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout

from velveteen.errors import StateError
from velveteen.training.runs import Run, RunHistory

ANSWER, LOG, LOCK = "answer.json", "log.txt", "lock"


class Trainings:
    """The trainings of a history.

    A training holds a lock for as long as it lives, which the system takes away even from a process that is killed. So
    whoever can take the lock knows that it has ended.
    """

    def __init__(self, history: RunHistory):
        self.history = history
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str], folder: Path) -> Run:
        """Starts `velveteen` with these arguments."""
        number = self.history.begin(name, command, folder)
        return self._run(self.history.get(number), command)

    def resume(self, number: int, flag: str | None = None) -> Run:
        """Goes on with a training that was stopped, killed or has failed, from its last whole epoch.

        Args:
            number: of the run.
            flag: by which its command goes on with a training of its own, if it can.

        Raises:
            MissingFileError: there is no such run.
            StateError: it is running or done, or was not started here.
        """
        run = self.refreshed(self.history.get(number))
        if run.state in ("running", "done"):
            raise StateError(f'The run "{run.name}" is {run.state}, so it cannot be resumed.')
        if not run.command:
            raise StateError(f'The run "{run.name}" is of a program of its own. Start that program again.')
        has_epochs = any(point.kind == "epoch" for point in self.history.points(number))
        command = [*run.command[:2], *([flag] if flag and has_epochs else []), *run.command[2:]]
        self.history.update(number, state="running", ended=None, message="")
        return self._run(self.history.get(number), command)

    def stop(self, number: int) -> Run:
        """Asks a training to end after the batch at hand and to keep what was learned, as Ctrl-C does.

        Raises:
            MissingFileError: there is no such run.
            StateError: it is not running, or was not started here.
        """
        run = self.refreshed(self.history.get(number))
        if run.state != "running":
            raise StateError(f'The run "{run.name}" is not running: it is {run.state}.')
        if not run.command:
            raise StateError(f'The run "{run.name}" is of a program of its own. Press Ctrl-C there.')
        child = self._children.get(number)
        process = child.pid if child is not None else run.process
        if process is not None:
            os.kill(process, signal.SIGINT)
        return run

    def all(self) -> list[Run]:
        """Returns all runs, the newest first, with their true states."""
        return [self.refreshed(run) for run in self.history.all()]

    def refreshed(self, run: Run) -> Run:
        """Returns a run with its true state: what was killed could not say so itself."""
        if run.state != "running" or not self._has_ended(run):
            return run
        if self.history.get(run.id).state == "running":  # it has not said anything in the meantime
            self.history.update(run.id, state="killed", ended=time.time(), message=self.log(run.id, lines=3))
        return self.history.get(run.id)

    def log(self, number: int, lines: int = 200) -> str:
        """Returns the last lines of what a training has printed."""
        try:
            text = (self.history.folder / str(number) / LOG).read_bytes()[-100_000:]
        except FileNotFoundError:
            return ""
        return "\n".join(text.decode(errors="replace").splitlines()[-lines:])

    def _run(self, run: Run, command: list[str]) -> Run:
        folder = self.history.folder / str(run.id)
        folder.mkdir(parents=True, exist_ok=True)
        arguments = [sys.executable, "-m", "velveteen.studio.training", str(run.id), str(self.history.folder.resolve())]
        arguments += command
        with (folder / ANSWER).open("wb") as answer, (folder / LOG).open("ab") as log:
            self._children[run.id] = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=answer, stderr=log, start_new_session=True
            )
        return run

    def _has_ended(self, run: Run) -> bool:
        child = self._children.get(run.id)
        if child is not None:
            return child.poll() is not None
        if not run.command:  # a program of the user's own: all that is known is its process
            return run.process is None or not _is_alive(run.process)
        lock = FileLock(self.history.folder / str(run.id) / LOCK)
        try:
            with lock.acquire(timeout=0):
                return True
        except Timeout:
            return False


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
