"""The process of one training: `python -m velveteen.studio.training RUN FOLDER COMMAND…` runs it and writes how it ended."""

import json
import os
import runpy
import sys
import time
import traceback
from pathlib import Path

from filelock import FileLock, Timeout

from velveteen.studio.trainings import ANSWER, LOCK
from velveteen.training.run_recorder import ENVIRONMENT
from velveteen.training.runs import RunHistory, State

_STATES: dict[int, State] = {0: "done", 130: "stopped"}


def main(number: int, folder: str, command: list[str]) -> None:
    """Runs a command of `velveteen` as a run, and writes its state into the history."""
    history = RunHistory(folder)
    own = history.folder / str(number)
    own.mkdir(parents=True, exist_ok=True)
    lock = FileLock(own / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        sys.exit(f"Run {number} is running already.")
    history.update(number, process=os.getpid())
    os.environ[ENVIRONMENT] = f"{number}:{folder}"
    code = _run(command)
    sys.stdout.flush()
    state = _STATES.get(code, "failed")
    history.update(number, state=state, ended=time.time(), message=_message(own / ANSWER, state == "failed"))
    sys.exit(code)


def _run(command: list[str]) -> int:
    sys.argv = ["velveteen", *command]
    try:
        runpy.run_module("velveteen", run_name="__main__")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        return 130
    except BaseException as error:  # whatever it is, the history must tell it
        traceback.print_exc()
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
        return 1
    return 0


def _message(path: Path, has_failed: bool) -> str:
    """Returns the error that the command answered, or else its advice, if it gives some."""
    try:
        answered = json.loads(path.read_text().splitlines()[-1])
        return str(answered["error"]) if has_failed else "\n".join(map(str, answered.get("advice", [])))
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError):
        return "It ended with an error; the log tells more." if has_failed else ""


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
