"""Processes that decode pictures and tables, so that neither takes time from Python's one lock while a network trains."""

import atexit
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from velveteen.data import _decoder
from velveteen.data._threads import mapped
from velveteen.errors import DataError


class Question(NamedTuple):
    """What a process is to decode: `message` is JSON, `content` the bytes that belong to it."""

    message: dict[str, Any]
    content: bytes = b""


class Answer(NamedTuple):
    """What came of it."""

    message: dict[str, Any]
    array: np.ndarray


def answered(questions: Iterable[Question], processes: int) -> Iterator[Answer]:
    """Yields the answers in order, worked out ahead by so many processes."""
    return mapped(_ask, questions, processes)


class _Process:
    def __init__(self) -> None:
        pipe = subprocess.PIPE
        # -P: the folder of the program is no place to import from.
        command = [sys.executable, "-P", str(Path(_decoder.__file__))]
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe)

    def ask(self, question: Question) -> Answer:
        assert self._process.stdin is not None and self._process.stdout is not None
        _decoder.send(self._process.stdin, question.message, question.content)
        message, content = _decoder.receive(self._process.stdout)
        return Answer(message, np.frombuffer(content, message["dtype"]).reshape(message["shape"]))

    def end(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        self._process.kill()
        self._process.wait()


_idle: list[_Process] = []
"""Processes nobody asks at the moment. They end by themselves after a while, and with this one."""
_lock = threading.Lock()


@atexit.register
def _end_idle() -> None:
    with _lock:
        while _idle:
            _idle.pop().end()


if hasattr(os, "register_at_fork"):  # a forked process must not talk into its parent's pipes
    os.register_at_fork(after_in_child=_idle.clear)


def _ask(question: Question) -> Answer:
    """Asks an idle process, or a new one."""
    while True:
        with _lock:
            process, is_new = (_idle.pop(), False) if _idle else (_Process(), True)
        try:
            answer = process.ask(question)
        except (OSError, EOFError) as error:
            process.end()
            if not is_new:  # it had ended, as they do when nobody asks
                continue
            where = f" one of {question.message['paths'][0]} and what follows" if "paths" in question.message else ""
            raise DataError(
                f"The process that decodes ended while it read{where or ' the table'}. A file may be damaged; workers=0 "
                "reads in this process."
            ) from error
        with _lock:
            _idle.append(process)
        return answer
