"""How the measuring program and a worker talk: a line of JSON to ask, a line to answer. Needs only Python itself.

A worker is stopped (SIGSTOP) while others are measured, so that none of its threads can take time from them.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any


class WorkerError(Exception):
    """A worker could not do what it was asked, ended, or took too long; the message says which."""


class Worker:
    """A process that answers questions, and sleeps in between."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path, log: IO[bytes]):
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=environment, cwd=folder, stdin=pipe, stdout=pipe, stderr=log)
        self._stopped = False

    def ask(self, timeout: float, **question: Any) -> dict[str, Any]:
        """Wakes the worker, asks, and puts it to sleep again.

        Raises:
            WorkerError: the answer is an error, there is none within `timeout` seconds, or the worker has ended.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        self._wake()
        try:
            stdin.write(json.dumps(question).encode() + b"\n")
            stdin.flush()
        except OSError as error:
            raise WorkerError(self._ending()) from error
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            if not selector.select(timeout):
                raise WorkerError(f"no answer in {timeout:.0f} s")
        line = stdout.readline()
        if not line:
            raise WorkerError(self._ending())
        self._process.send_signal(signal.SIGSTOP)
        self._stopped = True
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def peak_memory(self) -> int | None:
        """Returns the most memory that the process has ever held, in bytes; None where there is no /proc."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return None
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.communicate()

    def _wake(self) -> None:
        if self._stopped:
            self._process.send_signal(signal.SIGCONT)
            self._stopped = False

    def _ending(self) -> str:
        return f"the process ended with {self._process.wait()}"


def serve(answers: Mapping[str, Callable[..., dict[str, Any]]]) -> None:
    """Answers questions from standard input until it is closed. `do` in the question names the function to call.

    What libraries print goes to standard error, where it cannot be taken for an answer.
    """
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = answers[question.pop("do")](**question)
        except Exception as error:  # whatever it is, the others are to be measured
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        print(json.dumps(answer), file=out, flush=True)
