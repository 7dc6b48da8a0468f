"""What fit shows: a bar with loss, metrics, speed and time left in a terminal, else one line an epoch."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

_SECONDS_BETWEEN_LOOKS = 0.25  # reading a figure waits for the device


class Progress:
    """Progress through epochs.

    Args:
        names: of the figures.
        total: examples in an epoch, or batches; None as long as nobody knows.
        first_epoch, last_epoch: the numbers of the epochs, the last one not included.
        visible: whether anything is shown.
        by_batch: whether the bar counts batches.
    """

    def __init__(
        self,
        names: list[str],
        total: int | None,
        first_epoch: int,
        last_epoch: int,
        visible: bool,
        by_batch: bool = False,
    ):
        self._names = names
        self._total = total
        self._by_batch = by_batch
        self._epochs = last_epoch
        self._epochs_left = last_epoch - first_epoch
        self._console = _console() if visible else None
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._epoch = first_epoch
        self._done = self._examples = 0
        self._last_look = self._epoch_start = time.perf_counter()

    def __enter__(self) -> Self:
        if self._console is not None and self._console.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
            from rich.progress import Progress as RichProgress

            self._bar = RichProgress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[figures]}"),
                console=self._console,
                transient=True,
                refresh_per_second=8,
            )
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, text: str) -> None:
        """Prints a line above the bar."""
        console = self._bar.console if self._bar is not None else self._console
        if console is not None:
            console.print(text, markup=False, soft_wrap=True)

    def start_epoch(self, epoch: int) -> None:
        """Starts counting an epoch."""
        self._epoch = epoch
        self._done = self._examples = 0
        self._epoch_start = time.perf_counter()
        if self._bar is not None:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(self._title(), total=self._total, figures="")

    def advance(self, examples: int, meter: Any) -> None:
        """Counts a batch of examples; now and then shows the figures so far."""
        self._examples += examples
        self._done += 1 if self._by_batch else examples
        if self._bar is None or self._task is None:
            return
        now = time.perf_counter()
        if now - self._last_look < _SECONDS_BETWEEN_LOOKS:
            return
        self._last_look = now
        figures = "" if meter is None else _figures(dict(zip(self._names, meter.read(), strict=True)))
        seconds = now - self._epoch_start
        figures += f"  {self._examples / seconds:,.0f} samples/s"
        if self._total is not None:
            left = (self._total * (self._epochs - self._epoch) - self._done) * seconds / self._done
            figures += f"  {_duration(left)} left"
        self._bar.update(self._task, completed=self._done, figures=figures, refresh=True)

    def end_epoch(self, logs: dict[str, float]) -> None:
        """Prints the epoch's line."""
        seconds = time.perf_counter() - self._epoch_start
        speed = self._examples / seconds if seconds > 0 else 0.0
        if self._total is None:
            self._total = self._done  # the next epochs will be as long
        self.say(f"{self._title()}  {_figures(logs)}  {speed:,.0f} samples/s  {_duration(seconds)}")

    def _title(self) -> str:
        return f"Epoch {self._epoch + 1:>{len(str(self._epochs))}}/{self._epochs}"


def _console() -> "Console":
    # A tenth of the time that importing velveteen takes, so it is imported when needed.
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False)


def _figures(logs: dict[str, float]) -> str:
    return "  ".join(
        f"{name} {value:.4f}" if abs(value) >= 1e-3 else f"{name} {value:.2e}" for name, value in logs.items()
    )


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
