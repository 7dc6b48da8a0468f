"""Callbacks that come with velveteen, public as `vt.callbacks`."""

import inspect
import math
import sys
import warnings
from collections.abc import Callable
from typing import Any

from velveteen.errors import ArgumentError
from velveteen.tensors import Tensor
from velveteen.training.backup import BackupAndRestore
from velveteen.training.callback import Callback, CallbackList, Logs, Mode, Monitor, as_callback
from velveteen.training.overfitting import Overfitting
from velveteen.training.recorders import CSVLogger, ModelCheckpoint, TensorBoard
from velveteen.training.run_recorder import RunRecorder

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "OverfittingAdvice",
    "RunRecorder",
    "TensorBoard",
    "TerminateOnNaN",
    "as_callback",
    "early_stopping",
]


class History(Callback):
    """What `fit` returns.

    Attributes:
        epoch: the numbers of the epochs done, from 0.
        history: a list of floats for each figure, one an epoch: "loss", "acc", "val_loss", ….
        interrupted: whether Ctrl-C ended the training.
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}
        self.interrupted = False

    def on_train_begin(self, logs: Logs) -> None:
        self.epoch = []
        self.history = {}

    def get_state(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "history": self.history}

    def set_state(self, state: dict[str, Any]) -> None:
        self.epoch, self.history = state["epoch"], state["history"]

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)


class EarlyStopping(Callback):
    """Ends training when a figure no longer gets better.

    Args:
        monitor: the figure.
        min_delta: how much better it must get to count.
        patience: for how many epochs without getting better training goes on.
        verbose: whether to say so when it ends training.
        mode: `"min"`, `"max"`, or `"auto"`: `"max"` for figures with "acc" in their name.
        baseline: a value that the figure must beat from the start.
        restore_best_weights: whether the model gets the weights of its best epoch back, however training ends.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: bool | int = False,
        mode: Mode = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
    ):
        self.monitor = Monitor(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self._start()

    def _start(self) -> None:
        self.wait = 0
        self.stopped_epoch: int | None = None
        self.best_epoch: int | None = None
        self.best = self.baseline if self.baseline is not None else self.monitor.worst
        self._best_weights: list[Tensor] | None = None
        self._has_warned = False

    def on_train_begin(self, logs: Logs) -> None:
        self._start()

    def get_state(self) -> dict[str, Any]:
        remembered = {name: getattr(self, name) for name in ("wait", "stopped_epoch", "best_epoch", "best")}
        return remembered | ({} if self._best_weights is None else {"weights": self._best_weights})

    def set_state(self, state: dict[str, Any]) -> None:
        self._best_weights = state.pop("weights", None)
        for name, value in state.items():
            setattr(self, name, value)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        current = self.monitor.read(logs)
        if current is None:
            # Ctrl-C ends an epoch without its validation, which is no mistake of the caller.
            if not self._has_warned and not self.model.stop_training:
                warnings.warn(f"EarlyStopping: {self.monitor.explain_absence(logs)}", stacklevel=2)
                self._has_warned = True
        elif self.monitor.is_better(current, self.best):
            self.best = current
            self.best_epoch = epoch
            self.wait = 0
            if self.restore_best_weights:
                self._best_weights = self.model.get_weights()
        else:
            self.wait += 1
            if self.wait >= self.patience:
                self.stopped_epoch = epoch
                self.model.stop_training = True

    def on_train_end(self, logs: Logs) -> None:
        restored = self._best_weights is not None and self.wait > 0
        if restored:
            self.model.set_weights(self._best_weights)
        self._best_weights = None
        if self.stopped_epoch is not None and self.verbose:
            what = f", with the weights of epoch {self.best_epoch + 1}" if restored else ""  # type: ignore[operator]
            print(f"Epoch {self.stopped_epoch + 1}: early stopping{what}.", file=sys.stderr)


def early_stopping(
    monitor: str = "val_loss",
    min_delta: float = 0.0,
    patience: int = 0,
    verbose: bool | int = False,
    mode: Mode = "auto",
    baseline: float | None = None,
    restore_best_weights: bool = False,
) -> EarlyStopping:
    """Returns the callback that ends training when a figure no longer gets better; see `EarlyStopping`."""
    return EarlyStopping(monitor, min_delta, patience, verbose, mode, baseline, restore_best_weights)


class TerminateOnNaN(Callback):
    """Ends training as soon as the loss is NaN or infinite. It reads the loss of every batch, which takes time."""

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        loss = logs["loss"]
        if not math.isfinite(loss):
            self.model.stop_training = True
            print(
                f"Batch {batch + 1}: the loss is {loss}, so training ends. Try a smaller learning rate, "
                "and look for NaN in the data.",
                file=sys.stderr,
            )


class LearningRateScheduler(Callback):
    """Sets the learning rate before every epoch.

    Args:
        schedule: a function of the epoch, from 0, and (if it takes a second argument) of the learning rate so far, that
            returns the new one.
    """

    def __init__(self, schedule: Callable[..., float]):
        self.schedule = schedule
        self._takes_rate = len(inspect.signature(schedule).parameters) > 1

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        optimizer = self.model.optimizer
        rate = self.schedule(epoch, optimizer.learning_rate) if self._takes_rate else self.schedule(epoch)
        if rate is None:
            raise ArgumentError(
                "The schedule of LearningRateScheduler must return the learning rate, but returned None."
            )
        optimizer.learning_rate = float(rate)


class OverfittingAdvice(Callback):
    """Says once in plain language when the model learns its examples by heart.

    That is when the validation loss has climbed for three epochs in a row in which the training loss fell.

    Args:
        say: a function that takes the sentence.
    """

    def __init__(self, say: Callable[[str], object] = print):
        self._say = say

    def on_train_begin(self, logs: Logs) -> None:
        self._rule = Overfitting()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        if "val_loss" in logs and (advice := self._rule.hear(epoch + 1, logs["loss"], logs["val_loss"])):
            self._say(advice)
