"""Which device computes: chosen by itself, changeable, falling back to the CPU with one line of explanation."""

import contextlib
import os
import sys
from collections.abc import Iterator
from contextvars import ContextVar

import torch

from velveteen.errors import unknown_name

# TensorFlow.js's backends, so that a ported program keeps its `set_backend` line.
_TENSORFLOWJS_BACKENDS = {"webgl": "auto", "webgpu": "auto", "wasm": "cpu", "tensorflow": "auto"}
_PREFERENCE = ("cuda", "mps", "xpu", "cpu")

_device: torch.device | None = None


def available_backends() -> list[str]:
    """Returns the backends that this machine has, the preferred one first."""
    return [name for name in _PREFERENCE if _is_available(name)]


def get_backend() -> str:
    """Returns the backend in use: `"cuda"`, `"mps"`, `"xpu"` or `"cpu"`."""
    return device().type


def set_backend(name: str) -> bool:
    """Chooses where tensors live from now on.

    Args:
        name: `"cuda"`, `"mps"`, `"xpu"`, `"cpu"`, `"auto"` (the best there is), or one of TensorFlow.js's names:
            `"webgl"`, `"webgpu"` and `"tensorflow"` mean `"auto"`, `"wasm"` means `"cpu"`.

    Returns:
        True when the backend asked for is in use, False when velveteen fell back to the CPU (a line on standard
        error says why).

    Raises:
        UnknownNameError: for any other name.
    """
    global _device
    wanted = _TENSORFLOWJS_BACKENDS.get(name, name)
    if wanted not in (*_PREFERENCE, "auto"):
        raise unknown_name("backend", name, (*_PREFERENCE, "auto", *_TENSORFLOWJS_BACKENDS))
    chosen = available_backends()[0] if wanted == "auto" else wanted
    fell_back = not _is_available(chosen)
    if fell_back:
        print(f'velveteen: backend "{name}" is not available here, using the CPU instead.', file=sys.stderr)
        chosen = "cpu"
    _device = torch.device(chosen)
    if chosen == "cuda" and "LOCAL_RANK" in os.environ:  # torchrun: each process takes the device of its number
        _device = torch.device("cuda", int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
        torch.cuda.set_device(_device)
    return not fell_back


def device() -> torch.device:
    """Returns the torch device of the backend in use; the first call chooses it (`VELVETEEN_BACKEND`, else the best)."""
    if _device is None:
        set_backend(os.environ.get("VELVETEEN_BACKEND") or "auto")
    assert _device is not None
    return _device


def set_random_seed(seed: int) -> None:
    """Makes everything random after this call repeatable: initializers, shuffling, dropout, random operators.

    Args:
        seed: any integer.
    """
    torch.manual_seed(seed)


def _is_available(name: str) -> bool:
    if name == "cuda":
        return torch.cuda.is_available()
    if name == "mps":
        return torch.backends.mps.is_available()
    if name == "xpu":
        return torch.xpu.is_available()
    return True


_recording: ContextVar[bool] = ContextVar("recording gradients", default=False)


def is_recording() -> bool:
    """Returns whether a gradient function is running, so that layers called inside must be differentiable."""
    return _recording.get()


@contextlib.contextmanager
def recording() -> Iterator[None]:
    """Records what happens inside for gradients."""
    token = _recording.set(True)
    try:
        with torch.enable_grad():
            yield
    finally:
        _recording.reset(token)
