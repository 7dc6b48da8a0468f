"""Callback: what may listen to training, and the list that tells all of them."""

import asyncio
import inspect
import itertools
import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal

import torch

from velveteen.errors import ArgumentError, ArgumentTypeError, did_you_mean, unknown_name
from velveteen.serialization import snake_case
from velveteen.training.step import Meter

Logs = dict[str, Any]
Mode = Literal["auto", "min", "max"]

PROGRESS_EVERY = 0.5
"""Seconds between two calls of `on_progress`."""
YIELD_EVERY = 125.0
"""Milliseconds between two calls of `on_yield`, unless told otherwise: TensorFlow.js's."""

HOOKS = (
    "on_train_begin",
    "on_train_end",
    "on_epoch_begin",
    "on_epoch_end",
    "on_batch_begin",
    "on_batch_end",
    "on_progress",
)


class Callback:
    """Base of everything that listens to `fit`; a subclass overrides the hooks that it wants.

    A callback ends training by `self.model.stop_training = True`.

    Attributes:
        model: the model in training; its `optimizer.learning_rate` may be set.
        params: what `fit` was told: epochs, initial_epoch, samples, batch_size, verbose, do_validation, metrics.
    """

    model: Any = None
    params: dict[str, Any] = {}  # noqa: RUF012  replaced, never changed

    def set_model(self, model: Any) -> None:
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def on_train_begin(self, logs: Logs) -> None:
        """Runs before the first epoch."""

    def on_train_end(self, logs: Logs) -> None:
        """Runs after the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Runs before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Runs after an epoch and its validation; `logs` has the means as floats: "loss", "acc", "val_loss", …."""

    def on_batch_begin(self, batch: int, logs: Logs) -> None:
        """Runs before a batch, counted from 0 in each epoch."""

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Runs after a batch; `logs` has "batch", "size" and its figures. Reading them waits for the device each time."""

    def on_progress(self, batch: int, logs: Logs) -> None:
        """Runs after a batch, but only twice a second; `logs` has "batch", and the means over the "size" examples of the
        last "seconds".

        For what only watches: unlike `on_batch_end` it lets steps be replayed without Python, so it must not change what they
        are made of.
        """

    first_process_only: ClassVar[bool] = False
    """Whether, of several processes that train together, only the first one has it: because it writes files."""

    def get_state(self) -> dict[str, Any]:
        """Returns what must be remembered to go on after a crash: JSON, and tensors as a list under "weights"."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes what `get_state` returned."""

    def handles(self, hook: str) -> bool:
        """Returns whether this callback does anything in that hook."""
        return getattr(type(self), hook) is not getattr(Callback, hook)

    @property
    def wants_batch_logs(self) -> bool:
        """Whether the figures of every batch must be read for it."""
        return self.handles("on_batch_end")


class FunctionsCallback(Callback):
    """Calls functions by the names of the hooks; they may take fewer arguments, and may be async.

    Args:
        functions: by the hook's name in either spelling: `{"on_epoch_end": f}` or `{"onEpochEnd": f}`. `on_yield(epoch,
            batch, logs)` is called after a batch, but only so often.
        yield_every: how many milliseconds lie between two calls of `on_yield`, at least; None for no calls.
    """

    def __init__(self, functions: dict[str, Callable[..., Any]], yield_every: float | None = YIELD_EVERY):
        self.functions: dict[str, Callable[..., Any]] = {}
        self._yield_every = yield_every
        self._last_yield = time.monotonic()
        self._epoch = 0
        for key, function in functions.items():
            name = snake_case(key)
            if name not in (*HOOKS, "on_yield"):
                raise unknown_name("callback", key, (*HOOKS, "on_yield"))
            if not callable(function):
                raise ArgumentTypeError(f'The callback "{key}" must be a function, got {function!r:.100}.')
            self.functions[name] = function

    def handles(self, hook: str) -> bool:
        yields = "on_yield" in self.functions and self._yield_every is not None
        return hook in self.functions or (yields and hook in ("on_epoch_begin", "on_batch_end"))

    def on_train_begin(self, logs: Logs) -> None:
        self._call("on_train_begin", logs)

    def on_train_end(self, logs: Logs) -> None:
        self._call("on_train_end", logs)

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        self._epoch = epoch
        self._call("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self._call("on_epoch_end", epoch, logs)

    def on_batch_begin(self, batch: int, logs: Logs) -> None:
        self._call("on_batch_begin", batch, logs)

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        self._call("on_batch_end", batch, logs)
        now = time.monotonic()
        if self._yield_every is not None and now - self._last_yield >= self._yield_every / 1000:
            self._last_yield = now
            self._call("on_yield", self._epoch, batch, logs)

    def on_progress(self, batch: int, logs: Logs) -> None:
        self._call("on_progress", batch, logs)

    def _call(self, hook: str, *arguments: Any) -> None:
        function = self.functions.get(hook)
        if function is None:
            return
        result = function(*arguments[: _positional_count(function)])
        if inspect.iscoroutine(result):
            asyncio.run(result)


class CallbackList:
    """Tells callbacks what happens, in their order.

    Args:
        callbacks: callbacks, dicts of functions, or objects with methods named after the hooks.
        model: the model in training.
        params: what `fit` was told; `params["metrics"]` names the figures of a batch, in order.
    """

    def __init__(self, callbacks: Iterable[Any], model: Any, params: dict[str, Any]):
        self.callbacks = [as_callback(callback) for callback in callbacks]
        self._names: list[str] = params["metrics"]
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params)
        listening = {hook: [callback for callback in self.callbacks if callback.handles(hook)] for hook in HOOKS}
        self._listening = listening
        self._needs_batch_logs = any(callback.wants_batch_logs for callback in listening["on_batch_end"])
        self._window = _Window()

    @property
    def hear_batches(self) -> bool:
        """Whether any of them is told of batches."""
        return bool(self._listening["on_batch_begin"] or self._listening["on_batch_end"])

    def on_train_begin(self) -> None:
        for callback in self._listening["on_train_begin"]:
            callback.on_train_begin({})

    def on_train_end(self) -> None:
        for callback in self._listening["on_train_end"]:
            callback.on_train_end({})

    def on_epoch_begin(self, epoch: int) -> None:
        for callback in self._listening["on_epoch_begin"]:
            callback.on_epoch_begin(epoch, {})

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        for callback in self._listening["on_epoch_end"]:
            callback.on_epoch_end(epoch, logs)

    def on_batch_begin(self, batch: int, size: int | None = None) -> None:
        for callback in self._listening["on_batch_begin"]:
            callback.on_batch_begin(batch, {"batch": batch} | ({} if size is None else {"size": size}))

    def on_batch_end(self, batch: int, measured: torch.Tensor, size: int) -> None:
        """Tells of a batch.

        Args:
            batch: its number.
            measured: its figures, on the device; read only if a callback wants them.
            size: its number of examples.
        """
        if not self._listening["on_batch_end"]:
            return
        logs: Logs = {"batch": batch, "size": size}
        if self._needs_batch_logs:
            logs |= dict(zip(self._names, measured.tolist(), strict=False))
        for callback in self._listening["on_batch_end"]:
            callback.on_batch_end(batch, logs)

    def watch(self, meter: Meter) -> None:
        """Begins an epoch, whose figures are added up in a meter."""
        if self._listening["on_progress"]:
            self._window.begin(meter)

    def on_progress(self, batch: int, size: int) -> None:
        """Tells of a batch of so many examples, if it is time."""
        if not self._listening["on_progress"]:
            return
        figures = self._window.add(size)
        if figures is not None:
            means, examples, seconds = figures
            by_name = dict(zip(self._names, means, strict=False))
            for callback in self._listening["on_progress"]:
                callback.on_progress(batch, {"batch": batch, "size": examples, "seconds": seconds, **by_name})


class _Window:
    """The means over the examples since somebody was told last, also over several epochs; read only when it is told."""

    def __init__(self) -> None:
        self._meter = Meter()
        self._sums: list[float] = []  # of epochs that ended since
        self._count = 0.0
        self._before: tuple[list[float], float] = ([], 0.0)  # what the meter had when it was read last
        self._examples = 0
        self._last = time.monotonic()
        self._busy = 0.0

    def begin(self, meter: Meter) -> None:
        """Goes on with an epoch's meter. What took place since the last batch, such as a validation, takes no time."""
        self._read()
        self._meter, self._before = meter, meter.totals()
        self._last = time.monotonic() - self._busy

    def add(self, size: int) -> tuple[list[float], int, float] | None:
        """Counts a batch; returns the means, the number of examples and the seconds, None where it is too early."""
        self._examples += size
        self._busy = time.monotonic() - self._last
        if self._busy < PROGRESS_EVERY:
            return None
        self._read()
        told = [total / self._count for total in self._sums], self._examples, self._busy
        self._sums, self._count, self._examples = [], 0.0, 0
        self._last, self._busy = time.monotonic(), 0.0
        return told

    def _read(self) -> None:
        (earlier, counted), (now, count) = self._before, self._meter.totals()
        columns = itertools.zip_longest(self._sums, now, earlier, fillvalue=0.0)
        self._sums = [kept + total - before for kept, total, before in columns]
        self._count += count - counted
        self._before = now, count


class Monitor:
    """Tells whether a figure got better.

    Args:
        name: of the figure.
        mode: `"min"` (less is better), `"max"`, or `"auto"`: `"max"` for names with "acc" in them.
        min_delta: how much better it must be.
    """

    def __init__(self, name: str, mode: Mode = "auto", min_delta: float = 0.0):
        if mode not in ("auto", "min", "max"):
            raise unknown_name("mode", mode, ("auto", "min", "max"))
        self.name = name
        self.wants_more = mode == "max" or (mode == "auto" and "acc" in name)
        self.min_delta = abs(min_delta)
        self.worst = float("-inf") if self.wants_more else float("inf")

    def is_better(self, value: float, best: float) -> bool:
        """Returns whether `value` is better than `best` by more than `min_delta`; NaN never is."""
        return value - self.min_delta > best if self.wants_more else value + self.min_delta < best

    def read(self, logs: Logs) -> float | None:
        """Returns the figure, or None where it is not among the logs."""
        return logs.get(self.name)

    def explain_absence(self, logs: Logs) -> str:
        """Returns what to do when the figure is not among the logs."""
        hint = (
            " Give fit() validation_data or a validation_split."
            if self.name.startswith("val_") and not any(key.startswith("val_") for key in logs)
            else did_you_mean(self.name, logs)
        )
        return f'There is no figure "{self.name}" to watch.{hint} There are: {", ".join(logs)}.'


def yielding(callbacks: Any, yield_every: Any) -> Any:
    """Returns callbacks whose `on_yield` is called as often as `fit` was told.

    Args:
        callbacks: as `fit` takes them.
        yield_every: "auto" for every 125 ms, a number of milliseconds; "batch", "epoch" or "never" for not at all, as in
            TensorFlow.js.

    Raises:
        ArgumentError: something else, or "never" where there is an `on_yield`.
    """
    is_number = isinstance(yield_every, int | float) and not isinstance(yield_every, bool) and yield_every >= 0
    if not is_number and yield_every not in ("auto", "batch", "epoch", "never"):
        raise ArgumentError(
            f'yield_every must be "auto", "batch", "epoch", "never" or a number of milliseconds, got {yield_every!r:.100}.'
        )
    milliseconds = YIELD_EVERY if yield_every == "auto" else yield_every if is_number else None
    listed = callbacks if isinstance(callbacks, list | tuple) else [] if callbacks is None else [callbacks]
    if yield_every == "never" and any("on_yield" in map(snake_case, each) for each in listed if isinstance(each, dict)):
        raise ArgumentError('There is a callback on_yield, but yield_every="never". Leave one of them out.')
    return [FunctionsCallback(each, milliseconds) if isinstance(each, dict) else each for each in listed]


def as_callback(callback: Any) -> Callback:
    """Returns a callback from one, from a dict of functions, or from an object with methods named after the hooks."""
    if isinstance(callback, Callback):
        return callback
    if isinstance(callback, dict):
        return FunctionsCallback(callback)
    if isinstance(callback, type):
        raise ArgumentTypeError(f"A callback must be an object, got the class {callback.__name__}. Call it: add ().")
    spellings = {spelling: hook for hook in HOOKS for spelling in (hook, _camel_case(hook))}
    found = {name: getattr(callback, name) for name in spellings if callable(getattr(callback, name, None))}
    if not found:
        raise ArgumentTypeError(
            f"A callback must be a Callback, or have functions such as on_epoch_end(epoch, logs), got {callback!r:.100}."
        )
    return FunctionsCallback(found)


def _positional_count(function: Callable[..., Any]) -> int:
    """Returns how many positional arguments a function takes."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some built-in functions do not tell
        return 2
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return 2
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def _camel_case(hook: str) -> str:
    first, *others = hook.split("_")
    return first + "".join(other.capitalize() for other in others)
