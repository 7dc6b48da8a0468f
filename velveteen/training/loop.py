"""fit, evaluate and predict: functions over a model.

The data are on the device once, and what is measured stays there until someone looks, so a step waits for nothing.
"""

import contextlib
import itertools
import signal
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch

from velveteen.errors import ArgumentError, StateError
from velveteen.tensors import Tensor
from velveteen.training.arrays import Arrays, split, training_arrays
from velveteen.training.callbacks import CallbackList, History, OverfittingAdvice
from velveteen.training.feeding import ArrayFeed, DatasetFeed, array_batches, batch_count, dataset_batches
from velveteen.training.progress import Progress
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
    validation = None if held_out is None else lambda: array_batches(held_out, batch_size)
    counts = {"samples": arrays.size, "batch_size": batch_size}
    feed = ArrayFeed(arrays, batch_size, shuffle)
    return _train(model, feed, validation, counts, epochs, initial_epoch, verbose, callbacks)


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
    feed = DatasetFeed(model, compilation, dataset, batches_per_epoch, class_weight)
    held_out = _validation(model, compilation, validation_data) if isinstance(validation_data, list | tuple) else None

    def validation() -> Iterator[Arrays]:
        if held_out is not None:
            return array_batches(held_out, validation_batch_size)
        stream = dataset_batches(model, compilation, validation_data, "validation dataset")
        return itertools.islice(stream, validation_batches)

    counts = {"samples": None, "steps": batch_count(dataset, batches_per_epoch), "batch_size": None}
    given = None if validation_data is None else validation
    return _train(model, feed, given, counts, epochs, initial_epoch, verbose, callbacks)


def _train(
    model: Any,
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
        feed: gives the batches of each epoch.
        validation: returns the batches to validate on, if any.
        counts: what is known of the data: "samples" or else "steps", and "batch_size".
    """
    compilation = model.compilation
    names = compilation.names
    history = History()
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
        [*_listed(callbacks), history, *([OverfittingAdvice(progress.say)] if verbose else [])],
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
    stepper = Stepper(model, compilation)
    if stepper.constrained and not compilation.apply_constraints:
        progress.say(
            f'The constraint of "{stepper.constrained[0].name}" is not applied while training, as in TensorFlow.js. '
            "compile(…, apply_constraints=True) applies it after every step."
        )
    with _training_mode(model), _stop_on_ctrl_c(model) as interrupted, progress:
        model.history = history
        listeners.on_train_begin()
        for epoch in range(initial_epoch, epochs):
            if not feed.has_more():
                break
            listeners.on_epoch_begin(epoch)
            progress.start_epoch(epoch)
            meter = _train_epoch(model, stepper, feed.epoch(), listeners, progress)
            logs = dict(zip(names, meter.read(), strict=True))
            if validation is not None and not feed.ran_out and not interrupted.is_set():
                measured = _test(model, stepper, validation())
                logs |= {f"val_{name}": value for name, value in zip(names, measured, strict=True)}
            listeners.on_epoch_end(epoch, logs)
            progress.end_epoch(logs)
            if model.stop_training or feed.ran_out:
                break
        listeners.on_train_end()
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
    model: Any, stepper: Stepper, batches: Iterable[Arrays], listeners: CallbackList, progress: Progress
) -> Meter:
    """Takes a step on each batch."""
    meter = Meter()
    for number, batch in enumerate(batches):
        size = batch.size
        listeners.on_batch_begin(number, size)
        measured = stepper.train(batch)
        meter.add(measured, size)
        listeners.on_batch_end(number, measured, size)
        progress.advance(size, meter)
        if model.stop_training:
            break
    return meter


def evaluate(model: Any, x: Any, y: Any, batch_size: int, verbose: bool, sample_weight: Any) -> list[float]:
    """Returns the loss and the metrics on data."""
    _check_counts(batch_size=batch_size)
    compilation = model.compilation
    arrays = training_arrays(model, compilation, x, y, sample_weight)
    progress = Progress(compilation.names, arrays.size, 0, 1, verbose)
    return _test(model, Stepper(model, compilation), array_batches(arrays, batch_size), progress)


def evaluate_dataset(model: Any, dataset: Any, batches: int | None, verbose: bool) -> list[float]:
    """Returns the loss and the metrics on a dataset of batches (see Model.evaluate_dataset)."""
    if batches is not None:
        _check_counts(batches=batches)
    compilation = model.compilation
    feed = DatasetFeed(model, compilation, dataset, batches, None)
    progress = Progress(compilation.names, batch_count(dataset, batches), 0, 1, verbose, by_batch=True)
    measured = _test(model, Stepper(model, compilation), feed.epoch(), progress)
    if feed.ran_out:
        warnings.warn(
            f"The dataset has fewer than the {batches} batches to evaluate; all that it has were taken.", stacklevel=3
        )
    return measured


def predict(model: Any, inputs: list[torch.Tensor], batch_size: int, verbose: bool) -> Any:
    """Computes the outputs of a model in batches; returns a Tensor, or a list for several outputs."""
    count = inputs[0].shape[0]
    with torch.no_grad(), _inference_mode(model):
        if count <= batch_size:
            outputs = model.graph.run(inputs)
        else:
            _check_counts(batch_size=batch_size)
            parts = []
            with Progress(["examples"], count, 0, 1, verbose) as progress:
                progress.start_epoch(0)
                for start in range(0, count, batch_size):
                    batch = [tensor[start : start + batch_size] for tensor in inputs]
                    parts.append(model.graph.run(batch))
                    progress.advance(batch[0].shape[0], None)
            outputs = [torch.cat(column) for column in zip(*parts, strict=True)]
    tensors = [Tensor.wrap(output) for output in outputs]
    return tensors[0] if len(tensors) == 1 else tensors


def train_on_batch(model: Any, x: Any, y: Any) -> list[float]:
    """Does one step on all of the data given; returns the loss and the metrics before it."""
    compilation = model.compilation
    arrays = training_arrays(model, compilation, x, y)
    with _training_mode(model):
        return Stepper(model, compilation).train(arrays).tolist()


def _test(model: Any, stepper: Stepper, batches: Iterable[Arrays], progress: Progress | None = None) -> list[float]:
    meter = Meter()
    progress = progress or Progress(stepper.compilation.names, None, 0, 1, False)
    with _inference_mode(model), progress:
        progress.start_epoch(0)
        for batch in batches:
            meter.add(stepper.test(batch), batch.size)
            progress.advance(batch.size, meter)
    return meter.read()


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


def _check_stateful(model: Any, arrays: Arrays, batch_size: int) -> None:
    stateful = [module for module in model.modules() if getattr(module, "stateful", False)]
    if stateful and arrays.size % batch_size:
        raise ArgumentError(
            f'Layer "{stateful[0].name}" is stateful, so the number of examples ({arrays.size}) must be a multiple of '
            f"batch_size ({batch_size})."
        )


def _listed(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]
