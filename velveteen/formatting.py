"""How a tensor prints: character by character as TensorFlow.js prints it."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np

from velveteen.tensors import Tensor

_MOST_VALUES = 20  # of a dimension with more, only the first and the last few are shown
_FIRST_AND_LAST = 3
_DECIMALS = 7


def tensor_to_string(tensor: Tensor, verbose: bool = False) -> str:
    """Returns the values of a tensor in brackets, columns aligned, up to seven decimals.

    Args:
        tensor: a tensor of any shape and dtype.
        verbose: whether to say dtype, rank and shape first.
    """
    values = tensor.numpy()
    lines = ["Tensor"]
    if verbose:
        shape = ",".join(str(size) for size in tensor.shape)
        lines += [f"  dtype: {tensor.dtype}", f"  rank: {tensor.rank}", f"  shape: [{shape}]", "  values:"]
    if tensor.rank == 0:
        lines.append("    " + _scalar(values[()]))
    else:
        lines += ["    " + line for line in _block(_texts(values), True)]
    return "\n".join(lines)


def javascript_number(value: float) -> str:
    """Returns a number as JavaScript's `toString` writes it: the shortest digits that read back as the same double."""
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(exponent)  # where the decimal point stands, counted from the first digit
    if -6 < point <= 21:
        if point <= 0:
            text = "0." + "0" * -point + text
        elif point < len(text):
            text = f"{text[:point]}.{text[point:]}"
        else:
            text += "0" * (point - len(text))
    else:
        mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
        text = f"{mantissa}e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return "-" + text if sign else text


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_ | complex | np.complexfloating):
        return _text(value)
    return javascript_number(float(value))


def _texts(values: np.ndarray) -> np.ndarray:
    """Returns the values as strings; from two dimensions on, padded to the width of their column."""
    flat = [_text(value) for value in values.reshape(-1).tolist()]
    texts = np.array(flat, dtype=object).reshape(values.shape)
    if texts.ndim > 1 and texts.size:
        lengths = np.array([len(text) for text in flat]).reshape(-1, values.shape[-1])
        widths = lengths.max(axis=0)
        padded = [text.ljust(widths[place % len(widths)]) for place, text in enumerate(flat)]
        texts = np.array(padded, dtype=object).reshape(values.shape)
    return texts


def _text(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, complex | np.complexfloating):
        return f"{_text(float(value.real))} + {_text(float(value.imag))}j"
    return javascript_number(_rounded(float(value)))


def _rounded(value: float) -> float:
    """Returns the number with seven decimals; JavaScript rounds an exact half away from zero, Python to even."""
    if not np.isfinite(value) or abs(value) >= 1e21:
        return value
    if (value * 256).is_integer():  # only such numbers can lie exactly half between two with seven decimals
        return float(Decimal(value).quantize(Decimal(1).scaleb(-_DECIMALS), ROUND_HALF_UP))
    return float(f"{value:.{_DECIMALS}f}")


def _block(texts: np.ndarray, is_last: bool) -> list[str]:
    """Returns the lines of a tensor of rank 1 or more; `is_last` says that nothing follows it in its own block."""
    size = len(texts)
    shown = list(range(size))
    gap = size > _MOST_VALUES
    if gap:
        shown = shown[:_FIRST_AND_LAST] + shown[-_FIRST_AND_LAST:]
    if texts.ndim == 1:
        parts = [texts[place] for place in shown]
        if gap:
            parts.insert(_FIRST_AND_LAST, "...")
        return ["[" + ", ".join(parts) + "]"]
    lines: list[str] = []
    for count, place in enumerate(shown):
        if gap and count == _FIRST_AND_LAST:
            lines.append("...")
        lines += _block(texts[place], place == size - 1)
    separator = "," if texts.ndim == 2 else ""
    lines = lines or [""]
    first = lines[0] + separator if size else ""
    lines = ["[" + first, *(f" {line}{separator}" for line in lines[1:-1]), *lines[1:][-1:]]
    end = "]" if is_last else "]," + "\n" * (texts.ndim - 1)
    lines[-1] = " " + lines[-1] + end
    return lines
