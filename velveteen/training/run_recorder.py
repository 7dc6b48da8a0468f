"""Writes what a training measures into the history of runs, which `velveteen studio` shows while it goes on."""

import os
import time
from pathlib import Path
from typing import Any

from velveteen.errors import ArgumentError
from velveteen.training.backup import BackupAndRestore
from velveteen.training.callback import Callback, Logs
from velveteen.training.runs import RunHistory

ENVIRONMENT = "VELVETEEN_RUN"
"""Names the run that a process is, as "number:folder of the history"."""


class RunRecorder(Callback):
    """Records a training, so that `velveteen studio` shows its curves while it goes on.

    Twice a second it writes the means over the batches since the last time, and after each epoch the epoch's figures.

    Args:
        name: what the run is called.
        folder: of the history; by default "velveteen-runs", which the studio reads.
        model_folder: where the model will be saved, if the studio is to know.
    """

    first_process_only = True

    def __init__(self, name: str, folder: str | Path = "velveteen-runs", model_folder: str | Path | None = None):
        self.name = name
        self.folder = Path(folder)
        self.model_folder = model_folder
        self._history: RunHistory | None = None
        self._run = 0
        self._is_own = True  # whether the run begins and ends with this training
        self._epoch = 0
        self._begins = True

    @classmethod
    def joining(cls, history: RunHistory, run: int) -> "RunRecorder":
        """Returns what records into a run that somebody else has begun."""
        recorder = cls(history.get(run).name, history.folder)
        recorder._history, recorder._run, recorder._is_own = history, run, False
        return recorder

    def on_train_begin(self, logs: Logs) -> None:
        if self._is_own:
            self._history = RunHistory(self.folder)
            self._run = self._history.begin(self.name, [], self.model_folder)
            self._history.update(self._run, process=os.getpid())
        kept = ("epochs", "samples", "steps", "batch_size", "metrics")
        self._history_now.update(self._run, about={name: self.params.get(name) for name in kept})
        self._begins = True

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        self._epoch = epoch
        if self._begins:
            self._history_now.rewind(self._run, epoch)  # a training that goes on repeats what came after its backup
            self._begins = False

    def on_progress(self, batch: int, logs: Logs) -> None:
        figures = {name: value for name, value in logs.items() if name not in ("batch", "size", "seconds")}
        figures["examples_per_second"] = logs["size"] / max(logs["seconds"], 1e-9)
        self._history_now.add(self._run, "batch", self._epoch + self._share(batch), figures)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        figures = {name: float(value) for name, value in logs.items() if isinstance(value, int | float)}
        self._history_now.add(self._run, "epoch", epoch + 1, figures)

    def on_train_end(self, logs: Logs) -> None:
        if self._is_own:
            stopped = bool(self.model.stop_training)
            self._history_now.update(self._run, state="stopped" if stopped else "done", ended=time.time())

    @property
    def _history_now(self) -> RunHistory:
        assert self._history is not None  # on_train_begin has opened it
        return self._history

    def _share(self, batch: int) -> float:
        """Returns how much of the epoch is done after a batch, as far as that is known."""
        samples, size, steps = (self.params.get(name) for name in ("samples", "batch_size", "steps"))
        if samples and size:
            steps = -(-samples // size)
        return min(1.0, (batch + 1) / steps) if steps else 0.0


def from_environment(given: list[Any]) -> list[Any]:
    """Returns the callbacks of a training that the studio has started: it is recorded, and goes on after it was ended.

    Of several trainings in one process, only the first one has them.

    Args:
        given: the callbacks that it has already; a backup among them serves.

    Raises:
        ArgumentError: VELVETEEN_RUN has another form.
    """
    told = os.environ.pop(ENVIRONMENT, "")
    if not told:
        return []
    number, _, folder = told.partition(":")
    if not number.isdecimal() or not folder:
        raise ArgumentError(f'{ENVIRONMENT} must be "number:folder", got "{told:.200}".')
    history = RunHistory(folder)
    has_backup = any(isinstance(callback, BackupAndRestore) for callback in given)
    backup = [] if has_backup else [BackupAndRestore(history.folder / number / "backup")]
    return [RunRecorder.joining(history, int(number)), *backup]
