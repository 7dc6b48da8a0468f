"""What lives in memory, and what the operators do there: memory, tidy, dispose, profile, time, debug mode."""

import inspect
import time as clock
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch

from velveteen.errors import ArgumentError, ArgumentTypeError
from velveteen.ops import _operator
from velveteen.tensors import Shape, Tensor, live_tensors
from velveteen.variables import Variable

Result = TypeVar("Result")


class MemoryInfo(NamedTuple):
    """What `memory` returns."""

    num_tensors: int
    num_data_buffers: int
    num_bytes: int
    unreliable: bool


class KernelInfo(NamedTuple):
    """One operator that ran inside of `profile`."""

    name: str
    bytes_added: int
    total_bytes_snapshot: int
    tensors_added: int
    total_tensors_snapshot: int
    input_shapes: list[Shape]
    output_shapes: list[Shape]


class ProfileInfo(NamedTuple):
    """What `profile` returns."""

    new_bytes: int
    new_tensors: int
    peak_bytes: int
    kernels: list[KernelInfo]
    result: Any

    @property
    def kernel_names(self) -> list[str]:
        """The names of the operators that ran, each once."""
        return list(dict.fromkeys(kernel.name for kernel in self.kernels))


class TimingInfo(NamedTuple):
    """What `time` returns, in milliseconds."""

    wall_ms: float
    kernel_ms: float


def memory() -> MemoryInfo:
    """Returns how many tensors and weights of layers are alive, in how many buffers, and how many bytes these take.

    Tensors that share a buffer (a reshaped one, say) count it once. `unreliable` is true when there are strings, whose
    bytes are those of their text only.
    """
    weights = [variable for variable in Variable._all.values() if hasattr(variable, "parameter")]
    stores = [tensor.value for tensor in live_tensors()] + [weight.parameter for weight in weights]
    buffers = {_buffer_of(store): store for store in stores}
    return MemoryInfo(
        num_tensors=len(stores),
        num_data_buffers=len(buffers),
        num_bytes=sum(_bytes_of(store) for store in buffers.values()),
        unreliable=any(isinstance(store, np.ndarray) for store in stores),
    )


def _buffer_of(store: torch.Tensor | np.ndarray) -> tuple[str, int]:
    if isinstance(store, np.ndarray):
        return "strings", id(store)
    return str(store.device), store.untyped_storage().data_ptr() or id(store)


def _bytes_of(store: torch.Tensor | np.ndarray) -> int:
    if isinstance(store, np.ndarray):
        return sum(len(text.encode()) for text in store.flat)
    return store.untyped_storage().nbytes()


def tidy(name_or_f: str | Callable[[], Result], f: Callable[[], Result] | None = None) -> Result:
    """Calls a function and returns its result.

    TensorFlow.js disposes what the function made and did not return; Python does so by itself, as soon as nothing
    refers to it.

    Args:
        name_or_f: the function, or a name for it.
        f: the function, after a name.

    Raises:
        ArgumentTypeError: no function, or one that is async.
    """
    function = name_or_f if f is None else f
    if not callable(function):
        raise ArgumentTypeError(f"tidy() expects a function, got {type(function).__name__}. Write tidy(lambda: ...).")
    result = function()
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()
        raise ArgumentTypeError("tidy() cannot wait for an async function. Call it without tidy().")
    return result


def keep(result: Result) -> Result:
    """Returns what it is given. In TensorFlow.js it saves a tensor from `tidy`, which here disposes nothing."""
    return result


def dispose(container: Any) -> None:
    """Frees the memory of tensors at once. Disposing again does nothing.

    Args:
        container: a tensor, or lists and dicts with tensors in them; all else is passed over.
    """
    if hasattr(container, "dispose"):
        container.dispose()
    elif isinstance(container, Mapping):
        dispose(list(container.values()))
    elif isinstance(container, Iterable) and not isinstance(container, str | bytes | np.ndarray | torch.Tensor):
        for part in container:
            dispose(part)


def dispose_variables() -> None:
    """Disposes all variables made with `variable`."""
    for each in live_tensors():
        if isinstance(each, Variable):
            each.dispose()


def profile(f: Callable[[], Any]) -> ProfileInfo:
    """Calls a function and tells which operators ran in it and what memory they took.

    Args:
        f: takes nothing.

    Returns:
        A named tuple (new_bytes, new_tensors, peak_bytes, kernels, result), and `kernel_names`.
    """
    kernels: list[KernelInfo] = []
    before = latest = peak = memory()

    def watch(name: str, inputs: list[Any], result: Any) -> None:
        nonlocal latest, peak
        now = memory()
        peak = max(peak, now, key=lambda info: info.num_bytes)
        kernels.append(
            KernelInfo(
                name,
                now.num_bytes - latest.num_bytes,
                now.num_bytes,
                now.num_tensors - latest.num_tensors,
                now.num_tensors,
                [Shape(each.shape) for each in _flat(inputs) if isinstance(each, torch.Tensor | np.ndarray)],
                [each.shape for each in _flat(result) if isinstance(each, Tensor)],
            )
        )
        latest = now

    _operator.watchers.append(watch)
    try:
        result = f()
    finally:
        _operator.watchers.remove(watch)
    after = memory()
    return ProfileInfo(
        after.num_bytes - before.num_bytes, after.num_tensors - before.num_tensors, peak.num_bytes, kernels, result
    )


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _flat(part)]
    return [value]


def time(f: Callable[[], Any]) -> TimingInfo:
    """Calls a function, waits for the device, and returns how long that took.

    Args:
        f: takes nothing.

    Returns:
        A named tuple (wall_ms, kernel_ms), both of the whole call.
    """
    _wait()
    start = clock.perf_counter()
    f()
    _wait()
    milliseconds = (clock.perf_counter() - start) * 1000
    return TimingInfo(milliseconds, milliseconds)


def _wait() -> None:
    if torch.accelerator.is_available():
        torch.accelerator.synchronize()


def enable_debug_mode() -> None:
    """From now on every operator checks its result and raises an ArgumentError that names it when there is a NaN.

    This waits for the device after each operator, so it is slow.
    """
    if _raise_at_nan not in _operator.watchers:
        _operator.watchers.append(_raise_at_nan)


def enable_prod_mode() -> None:
    """Ends what `enable_debug_mode` began."""
    if _raise_at_nan in _operator.watchers:
        _operator.watchers.remove(_raise_at_nan)


def _raise_at_nan(name: str, inputs: list[Any], result: Any) -> None:
    for each in _flat(result):
        if isinstance(each, Tensor) and isinstance(each.value, torch.Tensor) and bool(torch.isnan(each.value).any()):
            shapes = [str(Shape(i.shape)) for i in _flat(inputs) if isinstance(i, torch.Tensor)]
            raise ArgumentError(
                f"{name}() of shapes {' and '.join(shapes)} gave a NaN (debug mode is on). "
                "Look for a division by 0, a logarithm or root of a negative number, or a NaN in its input."
            )
