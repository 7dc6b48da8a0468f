"""Callbacks that write: the model after its epochs, the figures as a table or for TensorBoard."""

import csv
from pathlib import Path
from typing import Any, Literal

from velveteen.errors import ArgumentError, StateError, unknown_name
from velveteen.training.callback import Callback, Logs, Mode, Monitor


class ModelCheckpoint(Callback):
    """Saves the model after every epoch, or after every epoch that is the best so far.

    Args:
        folder: where to; figures may be part of it, as in `"runs/{epoch}-{val_loss:.3f}"` (epochs count from 1 here). A
            folder without figures is replaced each time, never half-written.
        monitor: the figure that tells the best epoch.
        save_best_only: whether only the best so far is saved.
        mode: `"min"`, `"max"`, or `"auto"`: `"max"` for figures with "acc" in their name.
    """

    def __init__(
        self,
        folder: str | Path,
        monitor: str = "val_loss",
        save_best_only: bool = False,
        mode: Mode = "auto",
    ):
        self.folder = str(folder)
        self.monitor = Monitor(monitor, mode)
        self.save_best_only = save_best_only
        self.best = self.monitor.worst

    def on_train_begin(self, logs: Logs) -> None:
        self.best = self.monitor.worst

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        if self.save_best_only:
            current = self.monitor.read(logs)
            if current is None:
                if self.model.stop_training:  # Ctrl-C came before the validation
                    return
                raise ArgumentError(f"ModelCheckpoint: {self.monitor.explain_absence(logs)}")
            if not self.monitor.is_better(current, self.best):
                return
            self.best = current
        self.model.save(self._path(epoch, logs))

    def get_state(self) -> dict[str, Any]:
        return {"best": self.best}

    def set_state(self, state: dict[str, Any]) -> None:
        self.best = state["best"]

    def _path(self, epoch: int, logs: Logs) -> str:
        try:
            return self.folder.format(epoch=epoch + 1, **logs)
        except (KeyError, IndexError) as error:
            raise ArgumentError(
                f'The folder "{self.folder}" of ModelCheckpoint names the figure {error}, which there is not. '
                f"There are: epoch, {', '.join(logs)}."
            ) from error


class CSVLogger(Callback):
    """Writes the figures of every epoch as a line of a CSV file, at once, so that a crash loses none.

    Args:
        path: of the file; its folder is made if needed.
        separator: between the columns.
        append: whether to go on with a file that is there, rather than to start anew.
    """

    first_process_only = True

    def __init__(self, path: str | Path, separator: str = ",", append: bool = False):
        self.path = Path(path)
        self.separator = separator
        self.append = append
        self._columns: list[str] | None = None

    def on_train_begin(self, logs: Logs) -> None:
        self._columns = None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.append and self.path.exists():
            with self.path.open(newline="", encoding="utf-8") as file:
                self._columns = next(csv.reader(file, delimiter=self.separator), None)
        else:
            self.path.write_text("", encoding="utf-8")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        row: dict[str, Any] = {"epoch": epoch + 1, **logs}
        is_new = self._columns is None
        if self._columns is None:
            self._columns = list(row)
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._columns, extrasaction="ignore", delimiter=self.separator)
            if is_new:
                writer.writeheader()
            writer.writerow(row)


class TensorBoard(Callback):
    """Writes the figures for TensorBoard: `tensorboard --logdir FOLDER` shows them.

    Args:
        log_dir: the folder; training goes into "train" in it, validation into "val".
        update_freq: `"epoch"`, or `"batch"` to write the figures of every batch too, which takes time.

    Raises:
        StateError: the package tensorboard is not installed.
    """

    first_process_only = True

    def __init__(self, log_dir: str | Path = "logs", update_freq: Literal["epoch", "batch"] = "epoch"):
        if update_freq not in ("epoch", "batch"):
            raise unknown_name("update_freq", update_freq, ("epoch", "batch"))
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise StateError(
                "Logs for TensorBoard need the package tensorboard, which is not installed. "
                "Run: pip install tensorboard. Or use CSVLogger."
            ) from error
        self.log_dir = Path(log_dir)
        self.update_freq = update_freq
        self._make_writer = SummaryWriter
        self._writers: dict[str, Any] = {}
        self._batches = 0

    @property
    def wants_batch_logs(self) -> bool:
        return self.update_freq == "batch"

    def handles(self, hook: str) -> bool:
        return super().handles(hook) and (hook != "on_batch_end" or self.wants_batch_logs)

    def on_train_begin(self, logs: Logs) -> None:
        self._batches = 0

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        figures = {name: value for name, value in logs.items() if name not in ("batch", "size")}
        self._write("batch", self._batches, figures)
        self._batches += 1

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self._write("epoch", epoch, logs)
        for writer in self._writers.values():
            writer.flush()

    def on_train_end(self, logs: Logs) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _write(self, prefix: str, step: int, figures: Logs) -> None:
        for name, value in figures.items():
            part = "val" if name.startswith("val_") else "train"
            if part not in self._writers:
                self._writers[part] = self._make_writer(str(self.log_dir / part))
            self._writers[part].add_scalar(f"{prefix}_{name.removeprefix('val_')}", value, step)
