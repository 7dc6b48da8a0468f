"""fit, evaluate and predict: functions over a model.

The data are on the device once, and what is measured stays there until someone looks, so a step waits for nothing.
"""

import contextlib
import itertools
import math
import signal
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch

from velveteen.errors import ArgumentError, StateError
from velveteen.tensors import Tensor
from velveteen.training.arrays import Arrays, split, training_arrays
from velveteen.training.backup import BackupAndRestore, Place
from velveteen.training.callbacks import CallbackList, History, OverfittingAdvice
from velveteen.training.capture import steps_of
from velveteen.training.feeding import ArrayFeed, DatasetFeed, array_batches, batch_count, dataset_batches
from velveteen.training.placing import sent
from velveteen.training.progress import Progress
from velveteen.training.ranks import Alone, ranks_of, ranks_of_call
from velveteen.training.run_recorder import from_environment
from velveteen.training.step import Meter, Stepper


def fit(
    model: Any,
    x: Any,
    y: Any,
    *,
    batch_size: int,
    epochs: int,
    verbose: bool | int,
    callbacks: Any,
    validation_split: float,
    validation_data: Any,
    shuffle: bool,
    class_weight: Any,
    sample_weight: Any,
    initial_epoch: int,
) -> History:
    """Trains a compiled model on arrays (see Model.fit)."""
    _check_counts(batch_size=batch_size)
    compilation = model.compilation
    arrays = training_arrays(model, compilation, x, y, sample_weight, class_weight)
    held_out = _validation(model, compilation, validation_data)
    if held_out is None and validation_split:
        if not 0 < validation_split < 1:
            raise ArgumentError(f"validation_split must be between 0 and 1, got {validation_split}.")
        arrays, held_out = split(arrays, validation_split)
    _check_stateful(model, arrays, batch_size)
    ranks = ranks_of(model)
    validation = None if held_out is None else lambda: array_batches(held_out, batch_size, None, ranks)
    counts = {"samples": arrays.size, "batch_size": batch_size}
    feed = ArrayFeed(arrays, batch_size, shuffle, ranks)
    return _train(model, ranks, feed, validation, counts, epochs, initial_epoch, verbose, callbacks)


def fit_dataset(
    model: Any,
    dataset: Any,
    *,
    epochs: int,
    batches_per_epoch: int | None,
    verbose: bool | int,
    callbacks: Any,
    validation_data: Any,
    validation_batches: int | None,
    validation_batch_size: int,
    class_weight: Any,
    initial_epoch: int,
) -> History:
    """Trains a compiled model on a dataset of batches (see Model.fit_dataset)."""
    _check_counts(epochs=epochs, validation_batch_size=validation_batch_size)
    if batches_per_epoch is not None:
        _check_counts(batches_per_epoch=batches_per_epoch)
    if validation_batches is not None:
        _check_counts(validation_batches=validation_batches)
    compilation = model.compilation
    ranks = ranks_of(model)
    feed = DatasetFeed(model, compilation, dataset, batches_per_epoch, class_weight, ranks)
    held_out = _validation(model, compilation, validation_data) if isinstance(validation_data, list | tuple) else None

    def validation() -> Iterator[Arrays]:
        if held_out is not None:
            return array_batches(held_out, validation_batch_size, None, ranks)
        stream = dataset_batches(model, compilation, validation_data, "validation dataset")
        return ranks.parts_of(itertools.islice(stream, validation_batches))

    counts = {"samples": None, "steps": batch_count(dataset, batches_per_epoch), "batch_size": None}
    given = None if validation_data is None else validation
    return _train(model, ranks, feed, given, counts, epochs, initial_epoch, verbose, callbacks)


def _train(
    model: Any,
    ranks: Alone,
    feed: ArrayFeed | DatasetFeed,
    validation: Callable[[], Iterable[Arrays]] | None,
    counts: Mapping[str, int | None],
    epochs: int,
    initial_epoch: int,
    verbose: bool | int,
    callbacks: Any,
) -> History:
    """Goes through the epochs, top to bottom as it happens.

    Args:
        ranks: the processes that share the work.
        feed: gives the batches of each epoch.
        validation: returns the batches to validate on, if any.
        counts: what is known of the data: "samples" or else "steps", and "batch_size".
    """
    compilation = model.compilation
    names = compilation.names
    history = History()
    verbose = verbose if ranks.is_first else False
    given = _listed(callbacks)
    given += from_environment(given)
    backup = next((callback for callback in given if isinstance(callback, BackupAndRestore)), None)
    progress = Progress(
        names,
        counts["samples"] or counts["steps"],
        initial_epoch,
        epochs,
        bool(verbose),
        by_batch=counts["samples"] is None,
    )
    listeners = CallbackList(
        # The user's come first, as in TensorFlow.js: what they add to the logs is shown and remembered.
        # A backup comes last, so that it holds what the others remember.
        [
            *(each for each in given if each is not backup and (ranks.is_first or not _is_first_only(each))),
            history,
            *([OverfittingAdvice(progress.say)] if verbose else []),
            *([backup] if backup else []),
        ],
        model,
        {
            "epochs": epochs,
            "initial_epoch": initial_epoch,
            **counts,
            "verbose": int(verbose),
            "do_validation": validation is not None,
            "metrics": names + [f"val_{name}" for name in names if validation is not None],
        },
    )
    stepper = ranks.stepper(model, compilation)
    steps = steps_of(stepper, listeners.hear_batches, _step_count(counts, epochs - initial_epoch), bool(given))
    place = Place(initial_epoch)
    if stepper.constrained and not compilation.apply_constraints:
        progress.say(
            f'The constraint of "{stepper.constrained[0].name}" is not applied while training, as in TensorFlow.js. '
            "compile(…, apply_constraints=True) applies it after every step."
        )
    with (
        _training_mode(model),
        ranks.training(model, counts["samples"], listeners.hear_batches),
        _stop_on_ctrl_c(model) as interrupted,
        progress,
    ):
        model.history = history
        listeners.on_train_begin()
        if backup:
            backup.restore(stepper, ranks, place, [history, *given])
            feed.skip(place.epoch - initial_epoch)
        for epoch in range(place.epoch, epochs):
            if model.stop_training or not feed.has_more():
                break
            listeners.on_epoch_begin(epoch)
            progress.start_epoch(epoch)
            batches = place.enter(epoch, model, feed, ranks)
            _train_epoch(model, ranks, steps.of_epoch(), batches, place, listeners, progress)
            logs = dict(zip(names, ranks.read(place.meter), strict=True))
            is_interrupted = ranks.any(interrupted.is_set())
            if validation is not None and not feed.ran_out and not is_interrupted:
                measured = _test(model, ranks, stepper, validation())
                logs |= {f"val_{name}": value for name, value in zip(names, measured, strict=True)}
            place.leave(is_interrupted)
            listeners.on_epoch_end(epoch, logs)
            progress.end_epoch(logs)
            if ranks.any(model.stop_training) or feed.ran_out:
                break
        listeners.on_train_end()
        if backup and not place.is_interrupted:
            backup.remove()
        history.interrupted = interrupted.is_set()
        if interrupted.is_set():
            progress.say(f"Stopped by Ctrl-C in epoch {epoch + 1} of {epochs}. What was learned until here is kept.")
    if feed.ran_out:
        warnings.warn(
            f"The dataset ran out of batches in epoch {epoch + 1} of {epochs}, so training ended there. Give it "
            f"batches_per_epoch · epochs batches ({counts['steps']} · {epochs}), with repeat() if need be.",
            stacklevel=3,
        )
    return history


def _train_epoch(
    model: Any,
    ranks: Alone,
    take_step: Callable[[Arrays], torch.Tensor],
    batches: Iterable[Arrays],
    place: Place,
    listeners: CallbackList,
    progress: Progress,
) -> None:
    """Takes a step on each batch."""
    meter = place.meter
    listeners.watch(meter)
    for number, batch in enumerate(batches, place.batch):
        size = batch.batch_size
        listeners.on_batch_begin(number, size)
        measured = take_step(batch)
        meter.add(measured, ranks.share(batch))
        place.batch = number + 1
        listeners.on_batch_end(number, ranks.of_batch(measured, batch), size)
        listeners.on_progress(number, size)
        progress.advance(size, meter)
        if ranks.stops_after_batch(model.stop_training):
            break
    ranks.gather_statistics(model)


def evaluate(model: Any, x: Any, y: Any, batch_size: int, verbose: bool, sample_weight: Any) -> list[float]:
    """Returns the loss and the metrics on data."""
    _check_counts(batch_size=batch_size)
    compilation = model.compilation
    arrays = training_arrays(model, compilation, x, y, sample_weight)
    ranks = ranks_of_call(model, "evaluate", math.ceil(arrays.size / batch_size))
    progress = Progress(compilation.names, arrays.size, 0, 1, verbose and ranks.is_first)
    batches = array_batches(arrays, batch_size, None, ranks)
    return _test(model, ranks, ranks.stepper(model, compilation), batches, progress)


def evaluate_dataset(model: Any, dataset: Any, batches: int | None, verbose: bool) -> list[float]:
    """Returns the loss and the metrics on a dataset of batches (see Model.evaluate_dataset)."""
    if batches is not None:
        _check_counts(batches=batches)
    compilation = model.compilation
    ranks = ranks_of_call(model, "evaluate_dataset", None)
    feed = DatasetFeed(model, compilation, dataset, batches, None, ranks)
    count = batch_count(dataset, batches)
    progress = Progress(compilation.names, count, 0, 1, verbose and ranks.is_first, by_batch=True)
    measured = _test(model, ranks, ranks.stepper(model, compilation), feed.epoch(), progress)
    if feed.ran_out:
        warnings.warn(
            f"The dataset has fewer than the {batches} batches to evaluate; all that it has were taken.", stacklevel=3
        )
    return measured


def predict(model: Any, inputs: list[torch.Tensor], batch_size: int, verbose: bool) -> Any:
    """Computes the outputs of a model in batches; returns a Tensor, or a list for several outputs."""
    count = inputs[0].shape[0]
    ranks = ranks_of_call(model, "predict", 1 if count <= batch_size else 2)
    run = ranks.runner(model)
    with torch.no_grad(), _inference_mode(model):
        if count <= batch_size:
            outputs = run([sent(tensor) for tensor in inputs])
        else:
            _check_counts(batch_size=batch_size)
            parts = []
            first, last = ranks.part(0, count)
            with Progress(["examples"], last - first, 0, 1, verbose and ranks.is_first) as progress:
                progress.start_epoch(0)
                for start in range(first, last, batch_size):
                    batch = [sent(tensor[start : min(start + batch_size, last)]) for tensor in inputs]
                    parts.append(run(batch))
                    progress.advance(batch[0].shape[0], None)
            outputs = [ranks.rows(torch.cat(column), count) for column in zip(*parts, strict=True)]
    tensors = [Tensor.wrap(output) for output in outputs]
    return tensors[0] if len(tensors) == 1 else tensors


def train_on_batch(model: Any, x: Any, y: Any) -> list[float]:
    """Does one step on all of the data given; returns the loss and the metrics before it."""
    compilation = model.compilation
    arrays = training_arrays(model, compilation, x, y)
    ranks = ranks_of(model)
    meter = Meter()
    with _training_mode(model), ranks.training(model, arrays.size, False):
        stepper = ranks.stepper(model, compilation)
        for batch in array_batches(arrays, arrays.size, None, ranks):
            meter.add(stepper.train(batch), ranks.share(batch))
        ranks.gather_statistics(model)
        return ranks.read(meter)


def _test(
    model: Any, ranks: Alone, stepper: Stepper, batches: Iterable[Arrays], progress: Progress | None = None
) -> list[float]:
    meter = Meter()
    progress = progress or Progress(stepper.compilation.names, None, 0, 1, False)
    with _inference_mode(model), progress:
        progress.start_epoch(0)
        for batch in batches:
            meter.add(stepper.test(batch), ranks.share(batch))
            progress.advance(batch.batch_size, meter)
    return ranks.read(meter)


@contextlib.contextmanager
def _inference_mode(model: Any) -> Iterator[None]:
    """Sets the layers to inference, also when a callback asks in the middle of training."""
    if not model.training:
        yield
        return
    model.eval()
    try:
        yield
    finally:
        model.train()


@contextlib.contextmanager
def _training_mode(model: Any) -> Iterator[None]:
    """Sets the layers to training, and back to inference afterwards, also after an error."""
    if model.training:
        raise StateError(f'Model "{model.name}" is training already. Wait for the other fit() to end.')
    model.train()
    model.stop_training = False
    try:
        yield
    finally:
        model.eval()
        for parameter in model.parameters():
            parameter.grad = None


@contextlib.contextmanager
def _stop_on_ctrl_c(model: Any) -> Iterator[threading.Event]:
    """Lets the first Ctrl-C end the training after the batch at hand; the second one interrupts at once."""
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(number: int, frame: Any) -> None:
        interrupted.set()
        model.stop_training = True
        signal.signal(signal.SIGINT, before)

    if before is None:  # installed by something that is not Python
        yield interrupted
        return
    signal.signal(signal.SIGINT, stop)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _validation(model: Any, compilation: Any, validation_data: Any) -> Arrays | None:
    if validation_data is None:
        return None
    if not isinstance(validation_data, list | tuple) or len(validation_data) not in (2, 3):
        raise ArgumentError("validation_data must be (x, y) or (x, y, sample_weight).")
    return training_arrays(model, compilation, *validation_data)


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if not isinstance(count, int) or count < 1:
            raise ArgumentError(f"{name} must be a positive integer, got {count!r}.")


def _step_count(counts: Mapping[str, int | None], epochs: int) -> int | None:
    samples, batch_size, steps = counts.get("samples"), counts["batch_size"], counts.get("steps")
    if samples is not None and batch_size is not None:
        steps = math.ceil(samples / batch_size)
    return None if steps is None else steps * epochs


def _check_stateful(model: Any, arrays: Arrays, batch_size: int) -> None:
    stateful = [module for module in model.modules() if getattr(module, "stateful", False)]
    if stateful and arrays.size % batch_size:
        raise ArgumentError(
            f'Layer "{stateful[0].name}" is stateful, so the number of examples ({arrays.size}) must be a multiple of '
            f"batch_size ({batch_size})."
        )


def _is_first_only(callback: Any) -> bool:
    return getattr(callback, "first_process_only", False) is True


def _listed(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]
