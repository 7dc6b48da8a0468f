"""fit, evaluate and predict: functions over a model.

The data are on the device once, and what is measured stays there until someone looks, so a step waits for nothing.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

import torch

from velveteen.errors import ArgumentError, StateError
from velveteen.tensors import Tensor
from velveteen.training.arrays import Arrays, split, training_arrays
from velveteen.training.callbacks import CallbackList, History, OverfittingAdvice
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
    """Trains a compiled model (see Model.fit)."""
    _check_counts(batch_size=batch_size)
    compilation = model.compilation
    arrays = training_arrays(model, compilation, x, y, sample_weight, class_weight)
    validation = _validation(model, compilation, validation_data)
    if validation is None and validation_split:
        if not 0 < validation_split < 1:
            raise ArgumentError(f"validation_split must be between 0 and 1, got {validation_split}.")
        arrays, validation = split(arrays, validation_split)
    _check_stateful(model, arrays, batch_size)

    names = compilation.names
    history = History()
    progress = Progress(names, arrays.size, initial_epoch, epochs, bool(verbose))
    listeners = CallbackList(
        [history, *([OverfittingAdvice(progress.say)] if verbose else []), *_listed(callbacks)],
        model,
        {
            "epochs": epochs,
            "initial_epoch": initial_epoch,
            "samples": arrays.size,
            "batch_size": batch_size,
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
            listeners.on_epoch_begin(epoch)
            progress.start_epoch(epoch)
            meter = _train_epoch(model, stepper, arrays, batch_size, shuffle, listeners, progress)
            logs = dict(zip(names, meter.read(), strict=True))
            if validation is not None and not interrupted.is_set():
                measured = _test(model, stepper, validation, batch_size)
                logs |= {f"val_{name}": value for name, value in zip(names, measured, strict=True)}
            progress.end_epoch(logs)
            listeners.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        listeners.on_train_end()
        history.interrupted = interrupted.is_set()
        if interrupted.is_set():
            progress.say(f"Stopped by Ctrl-C in epoch {epoch + 1} of {epochs}. What was learned until here is kept.")
    return history


def _train_epoch(
    model: Any,
    stepper: Stepper,
    arrays: Arrays,
    batch_size: int,
    shuffle: bool,
    listeners: CallbackList,
    progress: Progress,
) -> Meter:
    """Goes through the data once, in a new order if asked to."""
    meter = Meter()
    order = torch.randperm(arrays.size).to(arrays.inputs[0].device) if shuffle else None
    for batch, start in enumerate(range(0, arrays.size, batch_size)):
        end = min(start + batch_size, arrays.size)
        examples = arrays.select(slice(start, end) if order is None else order[start:end])
        listeners.on_batch_begin(batch)
        measured = stepper.train(examples)
        meter.add(measured, end - start)
        listeners.on_batch_end(batch, measured, end - start)
        progress.advance(end - start, meter)
        if model.stop_training:
            break
    return meter


def evaluate(model: Any, x: Any, y: Any, batch_size: int, verbose: bool, sample_weight: Any) -> list[float]:
    """Returns the loss and the metrics on data."""
    _check_counts(batch_size=batch_size)
    compilation = model.compilation
    arrays = training_arrays(model, compilation, x, y, sample_weight)
    return _test(model, Stepper(model, compilation), arrays, batch_size, verbose)


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


def _test(model: Any, stepper: Stepper, arrays: Arrays, batch_size: int, verbose: bool = False) -> list[float]:
    meter = Meter()
    with _inference_mode(model), Progress(stepper.compilation.names, arrays.size, 0, 1, verbose) as progress:
        progress.start_epoch(0)
        for start in range(0, arrays.size, batch_size):
            end = min(start + batch_size, arrays.size)
            meter.add(stepper.test(arrays.select(slice(start, end))), end - start)
            progress.advance(end - start, meter)
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
