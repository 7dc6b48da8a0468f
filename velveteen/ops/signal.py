"""Operations / Signal: the namespace `signal`."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from velveteen import backend
from velveteen.errors import ArgumentError, ShapeError
from velveteen.ops._operator import Float32, operator
from velveteen.ops.spectral import rfft
from velveteen.tensors import Shape, Tensor


@operator("Operations", "Signal")
def cosine_window(window_length: int, a: float, b: float):
    """Returns the window `a - b · cos(2π·i / n)`, periodic: n is the length, or one less where the length is odd.

    Args:
        window_length: how many values.
        a, b: numbers.
    """
    if window_length < 0:
        raise ArgumentError(f"cosine_window() expects a window_length of 0 or more, got {window_length}.")
    steps = window_length - window_length % 2
    # An odd window of one value divides by zero in TensorFlow.js too.
    with np.errstate(invalid="ignore"):
        angles = np.arange(window_length) * (2 * math.pi) / np.float64(steps)
        values = a - b * np.cos(angles)
    return torch.from_numpy(values.astype(np.float32)).to(backend.device())


@operator("Operations", "Signal", namespace="signal")
def hann_window(window_length: int):
    """Returns the periodic window `0.5 - 0.5 · cos(…)` of a length."""
    return cosine_window(window_length, 0.5, 0.5).value


@operator("Operations", "Signal", namespace="signal")
def hamming_window(window_length: int):
    """Returns the periodic window `0.54 - 0.46 · cos(…)` of a length."""
    return cosine_window(window_length, 0.54, 0.46).value


@operator("Operations", "Signal", namespace="signal")
def frame(signal, frame_length: int, frame_step: int, pad_end: bool = False, pad_value: float = 0):
    """Cuts a signal into overlapping frames.

    Args:
        signal: [samples].
        frame_length: samples in a frame.
        frame_step: samples from the start of one frame to the start of the next.
        pad_end: whether to go on to the last sample, filling frames up with `pad_value`.
        pad_value: a number.

    Returns:
        [frames, frame_length].
    """
    if signal.dim() != 1:
        raise ShapeError(
            f"signal.frame() expects a signal of rank 1, got shape {Shape(signal.shape)}. Flatten it first."
        )
    if frame_length < 1 or frame_step < 1:
        raise ArgumentError(
            f"signal.frame() expects a positive frame_length and frame_step, got {frame_length} and {frame_step}."
        )
    size = signal.shape[0]
    if pad_end:
        frames = -(-size // frame_step)
        missing = (frames - 1) * frame_step + frame_length - size
        signal = F.pad(signal, [0, max(0, missing)], value=pad_value)
    if signal.shape[0] < frame_length:
        return signal.new_zeros((0, frame_length))
    return signal.unfold(0, frame_length, frame_step)


@operator("Operations", "Signal", namespace="signal")
def stft(
    signal: Float32,
    frame_length: int,
    frame_step: int,
    fft_length: int | None = None,
    window_fn: Callable[[int], Any] = hann_window,
):
    """Computes the short-time Fourier transform.

    Args:
        signal: float32 [samples].
        frame_length, frame_step: as for `frame`.
        fft_length: values that each transform takes, by default the power of two that encloses `frame_length`.
        window_fn: returns the window of a length, `hann_window` by default.

    Returns:
        complex64 [frames, fft_length // 2 + 1].
    """
    window = window_fn(frame_length)
    window = window.value if isinstance(window, Tensor) else window
    length = 1 << (frame_length - 1).bit_length() if fft_length is None else fft_length
    return rfft(frame(signal, frame_length, frame_step) * window, length)
