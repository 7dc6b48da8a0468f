"""Where windows stand: TensorFlow.js's padding arithmetic for convolutions and pooling.

Padding is `"same"` (an output for every stride, what is missing split over both ends, the odd one at the end), `"valid"`
(no padding), a number (that many zeros at every end) or explicit pairs as `tf.pad` takes them, batch and channels
included. The sizes are those of TensorFlow's https://www.tensorflow.org/api_docs/python/tf/nn/convolution.
"""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from velveteen.errors import ArgumentError, ArgumentTypeError, ShapeError, unknown_name
from velveteen.tensors import Shape

Padding = str | int | Sequence[Sequence[int]]
"""`"same"`, `"valid"`, a number, or explicit pairs `[[0, 0], [top, bottom], [left, right], [0, 0]]`."""

Rounding = str | None
"""`"floor"`, `"round"` or `"ceil"`, for output sizes that do not come out even; None drops what does not fit."""


class Windows(NamedTuple):
    """The windows of a convolution or pooling, a number for each spatial dimension."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    before: tuple[int, ...]
    """Padding before the first element; negative where elements are skipped."""
    after: tuple[int, ...]
    """Padding after the last element; negative where elements stay unused."""
    sizes: tuple[int, ...]
    """How many windows there are: the size of the output."""
    even: bool
    """Whether a PyTorch kernel that pads `before` at both ends makes exactly these windows."""

    @property
    def padded(self) -> bool:
        """Whether any window reaches out of the input."""
        return any(size > 0 for size in (*self.before, *self.after))

    @property
    def explicit(self) -> list[int]:
        """The padding as `torch.nn.functional.pad` takes it for a channels-first tensor."""
        return [size for pair in zip(reversed(self.before), reversed(self.after), strict=True) for size in pair]

    def with_row(self) -> "Windows":
        """Returns the windows of a line as those of a picture of one row."""
        return Windows(
            (1, *self.kernel),
            (1, *self.strides),
            (1, *self.dilations),
            (0, *self.before),
            (0, *self.after),
            (1, *self.sizes),
            self.even,
        )


def windows(
    sizes: Sequence[int],
    kernel: int | Sequence[int],
    strides: int | Sequence[int],
    padding: Padding,
    dilations: int | Sequence[int] = 1,
    rounding: Rounding = None,
    channels_first: bool = False,
) -> Windows:
    """Returns where the windows stand on an input; remembered, so asking again costs next to nothing.

    Args:
        sizes: the input's spatial sizes.
        kernel, strides, dilations: one number for all the spatial dimensions, or one for each.
        padding: see `Padding`.
        rounding: see `Rounding`; only with numbers or explicit padding.
        channels_first: which rows of explicit padding are the spatial ones.

    Raises:
        ArgumentError: for numbers that make no sense.
        ShapeError: when no window fits into the input.
    """
    try:
        return _windows(sizes, kernel, strides, padding, dilations, rounding, channels_first)
    except TypeError:  # lists cannot be remembered
        hashable = [_hashable(each) for each in (sizes, kernel, strides, padding, dilations)]
        return _windows(*hashable, rounding, channels_first)


@lru_cache(maxsize=1024)
def _windows(
    sizes: Sequence[int],
    kernel: int | Sequence[int],
    strides: int | Sequence[int],
    padding: Padding,
    dilations: int | Sequence[int],
    rounding: Rounding,
    channels_first: bool,
) -> Windows:
    rank = len(sizes)
    kernel = numbers(kernel, rank, "kernel size")
    strides = numbers(strides, rank, "strides")
    dilations = numbers(dilations, rank, "dilations")
    if rounding is not None and isinstance(padding, str):
        raise ArgumentError(
            f'Rounding "{rounding}" needs padding as a number or as pairs, got "{padding}". Leave the rounding out.'
        )
    extents = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True))
    before, outputs = _place(tuple(sizes), extents, strides, padding, rounding, channels_first)
    if min(outputs) < 1:
        raise ShapeError(
            f"A window of {Shape(extents)} does not fit into an input of {Shape(sizes)} with padding {padding!r}. "
            'Make the kernel smaller, or the input larger, or use padding "same".'
        )
    after = tuple(
        (out - 1) * stride + extent - size - start
        for out, stride, extent, size, start in zip(outputs, strides, extents, sizes, before, strict=True)
    )
    even = all(
        start >= 0 and (size + 2 * start - extent) // stride + 1 == out
        for out, stride, extent, size, start in zip(outputs, strides, extents, sizes, before, strict=True)
    )
    return Windows(kernel, strides, dilations, before, after, outputs, even)


def _place(
    sizes: tuple[int, ...],
    extents: tuple[int, ...],
    strides: tuple[int, ...],
    padding: Padding,
    rounding: Rounding,
    channels_first: bool,
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns the padding before, and the number of windows, for each spatial dimension."""
    each = list(zip(sizes, extents, strides, strict=True))
    if padding == "same":
        outputs = tuple(-(-size // stride) for size, _, stride in each)
        missing = [
            (out - 1) * stride + extent - size for out, (size, extent, stride) in zip(outputs, each, strict=True)
        ]
        if len(sizes) < 3:  # TensorFlow.js lets the padding of a 3-d window become negative
            missing = [max(0, m) for m in missing]
        return tuple(m // 2 for m in missing), outputs
    if padding == "valid":
        return (0,) * len(sizes), tuple((size - extent) // stride + 1 for size, extent, stride in each)
    if isinstance(padding, str):
        raise unknown_name("padding", padding, ("same", "valid"))
    if isinstance(padding, int | np.integer):
        pairs = [(int(padding), int(padding))] * len(sizes)
        if len(sizes) == 2:  # TensorFlow.js uses the rows' window and stride for the columns too
            each = [(size, extents[0], strides[0]) for size in sizes]
    else:
        pairs = _spatial_pairs(padding, len(sizes), channels_first)
    return tuple(start for start, _ in pairs), tuple(
        _round((size - extent + sum(pair)) / stride + 1, rounding)
        for pair, (size, extent, stride) in zip(pairs, each, strict=True)
    )


def numbers(value: int | Sequence[int], rank: int, what: str) -> tuple[int, ...]:
    """Returns one positive number for each spatial dimension."""
    values = tuple(value) if isinstance(value, Iterable) else (value,) * rank
    if len(values) != rank or any(not isinstance(v, int | np.integer) or v < 1 for v in values):
        raise ArgumentError(f"Expected {what} as a positive integer or a list of {rank}, got {value!r}.")
    return tuple(map(int, values))


def one_is_one(strides: int | Sequence[int], dilations: int | Sequence[int], where: str) -> None:
    """Raises an ArgumentError unless the strides or the dilations are all 1, as TensorFlow.js demands."""
    if not (strides == 1 or dilations == 1 or _all_ones(strides) or _all_ones(dilations)):
        raise ArgumentError(
            f"{where}() expects either strides or dilations to be 1, got strides {strides!r} and dilations "
            f"{dilations!r}. TensorFlow.js has no kernel for both."
        )


def _all_ones(value: int | Sequence[int]) -> bool:
    return value == 1 if isinstance(value, int) else all(v == 1 for v in value)


def _spatial_pairs(padding: Any, rank: int, channels_first: bool) -> list[tuple[int, int]]:
    try:
        pairs = [(int(start), int(end)) for start, end in padding]
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            f'Expected padding "same", "valid", a number or a list of pairs, got {padding!r}.'
        ) from error
    if len(pairs) != rank + 2 and (rank, len(pairs)) != (1, 4):  # TensorFlow.js pads a line as a picture of one row
        raise ArgumentError(
            f"Explicit padding needs {rank + 2} pairs here, one a dimension with batch and channels, got {len(pairs)}."
        )
    return pairs[-rank:] if channels_first else pairs[-1 - rank : -1]


_ROUNDINGS = {None: math.trunc, "floor": math.floor, "ceil": math.ceil, "round": lambda x: math.floor(x + 0.5)}


def _round(value: float, rounding: Rounding) -> int:
    if rounding not in _ROUNDINGS:
        raise unknown_name("rounding", rounding, [name for name in _ROUNDINGS if name])
    return _ROUNDINGS[rounding](value)


def _hashable(value: Any) -> Any:
    return tuple(_hashable(part) for part in value) if isinstance(value, list | tuple) else value
