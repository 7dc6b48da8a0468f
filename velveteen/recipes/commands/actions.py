"""What is to happen when a word is heard: programs, started without a shell."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence

from velveteen.errors import ArgumentError, unknown_name
from velveteen.recipes.commands.listening import Event

_STANDARD_ERROR = 2
"""Where what a program prints goes, so that it does not mix with the listener's own answers."""


class Actions:
    """Starts a program for a word.

    The program gets the word, its score and its time as VELVETEEN_WORD, VELVETEEN_SCORE and VELVETEEN_TIME. No shell is
    involved, so nothing in the line is expanded. Listening goes on while the program runs.

    Args:
        lines: (word, command line) pairs; a word may have several.
        words: the words that the model hears.

    Raises:
        UnknownNameError: the model does not hear a word.
        ArgumentError: a line is empty, or its quotes do not match, or there is no such program.
    """

    def __init__(self, lines: Iterable[tuple[str, str]], words: Sequence[str]):
        self._programs: dict[str, list[list[str]]] = {}
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []
        for word, line in lines:
            if word not in words:
                raise unknown_name("word", word, words)
            self._programs.setdefault(word, []).append(_parsed(word, line))

    def run(self, event: Event) -> None:
        """Starts what belongs to the word that was heard."""
        self._tell_failures(wait=False)
        about = {
            "VELVETEEN_WORD": event.label,
            "VELVETEEN_SCORE": f"{event.score:.4f}",
            "VELVETEEN_TIME": f"{event.time:.3f}",
        }
        for program in self._programs.get(event.label, []):
            try:
                started = subprocess.Popen(
                    program, env=os.environ | about, stdin=subprocess.DEVNULL, stdout=_STANDARD_ERROR
                )
            except OSError as error:
                print(f"{program[0]} could not be started: {error.strerror}.", file=sys.stderr)
            else:
                self._running.append((program[0], started))

    def finish(self) -> None:
        """Waits for the programs that still run."""
        self._tell_failures(wait=True)

    def _tell_failures(self, *, wait: bool) -> None:
        ended = [(name, program) for name, program in self._running if wait or program.poll() is not None]
        self._running = [running for running in self._running if running not in ended]
        for name, program in ended:
            if (code := program.wait()) != 0:
                print(f"{name} ended with exit code {code}.", file=sys.stderr)


def _parsed(word: str, line: str) -> list[str]:
    try:
        program = shlex.split(line)
    except ValueError as error:
        raise ArgumentError(f"The command for {word} cannot be read: {error}. It is {line!r:.200}.") from error
    if not program:
        raise ArgumentError(
            f'The command for {word} is empty. Give a program, such as --on {word} "notify-send heard".'
        )
    if shutil.which(program[0]) is None:
        raise ArgumentError(
            f"There is no program {program[0]!r} for {word}. No shell is asked, so give its path, or sh -c '…' around it."
        )
    return program
