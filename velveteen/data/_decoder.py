"""Pictures and tables of numbers as arrays; also the program of the processes that do nothing else.

Such a process is this file run by itself, so it imports neither PyTorch nor velveteen and is there in no time. It answers
questions from its standard input on its standard output: a line of JSON, then as many bytes as that says. It ends when
the questions do, and when nobody asks for a while.
"""

import json
import os
import re
import signal
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import IO, Any

import numpy as np

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_EXIF_OF_PNG = {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"}
_FRACTION = re.compile(rb"[.eE]")
_LONELY_SIGN = re.compile(rb"[-+][^0-9.]|[-+]$")  # "-", which numpy takes for 0
_EXACT = 2**53  # from here on float64, as which JavaScript reads numbers, has gaps
_SECONDS_OF_IDLENESS = 20.0


def read_picture(path: str | Path, size: tuple[int, int], channels: int, fit: str) -> np.ndarray:
    """Returns a picture as uint8 [height, width, channels]."""
    from PIL import Image, ImageOps

    target = (size[1], size[0])
    with Image.open(path) as image:
        # Large photographs are decoded at the smallest size that is still large enough, which is quicker.
        image.draft(None, (2 * target[0], 2 * target[1]))
        image.load()
        is_upright = image.format == "PNG" and not _EXIF_OF_PNG & image.info.keys()  # looking takes longer than reading
        picture = image if is_upright else ImageOps.exif_transpose(image)
        if picture.mode.startswith("I;16"):  # convert() would cut off what is above 255
            picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
        if picture.mode != MODES[channels]:
            picture = picture.convert(MODES[channels])
        bilinear = Image.Resampling.BILINEAR
        if picture.size != target:
            if fit == "crop":
                picture = ImageOps.fit(picture, target, bilinear)
            elif fit == "pad":
                picture = ImageOps.pad(picture, target, bilinear)
            else:
                picture = picture.resize(target, bilinear)
        return np.frombuffer(picture.tobytes(), dtype=np.uint8).reshape(*size, channels)


def parse_numbers(lines: bytes, columns: int, delimiter: str) -> np.ndarray | None:
    """Returns float32 [rows, columns], or None where something else than plain decimal numbers stands in the lines."""
    separator = delimiter.encode()
    lines = lines.replace(b"\r\n", b"\n").removesuffix(b"\n")
    if lines.translate(None, b"0123456789+-.eE \n" + separator) or _LONELY_SIGN.search(lines):
        return None
    rows = lines.split(b"\n")
    if any(row.count(separator) != columns - 1 for row in rows):
        return None
    text = lines.replace(b"\n", separator).replace(separator, b",")
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        try:  # "1,,2", "1 2" and the like are told by a warning, in later versions an error
            # Whole numbers are read five times as fast as such; very large ones would be cut off.
            values = np.fromstring(text, np.float64 if _FRACTION.search(text) else np.int64, sep=",")
            if values.dtype == np.int64 and values.size and np.abs(values).max() >= _EXACT:
                values = np.fromstring(text, np.float64, sep=",")
        except (DeprecationWarning, ValueError):
            return None
    return values.astype(np.float32).reshape(-1, columns) if values.size == len(rows) * columns else None


def _decode_pictures(question: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray]:
    pictures, errors = [], {}
    for place, path in enumerate(question["paths"]):
        try:
            pictures.append(read_picture(path, tuple(question["size"]), question["channels"], question["fit"]))
        except Exception as error:  # decoders raise whatever they like on broken files
            errors[place] = str(error).strip() or type(error).__name__
    shape = (*question["size"], question["channels"])
    return {"errors": errors}, np.stack(pictures) if pictures else np.empty((0, *shape), np.uint8)


def _answer(question: dict[str, Any], content: bytes) -> tuple[dict[str, Any], np.ndarray]:
    if "paths" in question:
        return _decode_pictures(question)
    values = parse_numbers(content, question["columns"], question["delimiter"])
    return {"parsed": values is not None}, np.empty((0, 0), np.float32) if values is None else values


def send(stream: IO[bytes], message: dict[str, Any], content: Any = b"") -> None:
    """Writes a line of JSON and the bytes behind it."""
    content = memoryview(content).cast("B") if len(content) else b""
    stream.write(json.dumps({**message, "bytes": len(content)}).encode() + b"\n")
    stream.write(content)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Reads what `send` wrote; raises an EOFError where there is no more."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    message = json.loads(line)
    content = stream.read(message["bytes"])
    if len(content) < message["bytes"]:
        raise EOFError
    return message, content


def _end_when_idle(last: list[float]) -> None:
    while time.monotonic() - last[0] < _SECONDS_OF_IDLENESS:
        time.sleep(_SECONDS_OF_IDLENESS / 4)
    os._exit(0)


def _serve() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that asks
    last = [time.monotonic()]
    threading.Thread(target=_end_when_idle, args=(last,), daemon=True).start()
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    try:
        while True:
            question, content = receive(questions)
            last[0] = float("inf")
            message, array = _answer(question, content)
            send(answers, {**message, "shape": array.shape, "dtype": str(array.dtype)}, array)
            last[0] = time.monotonic()
    except (EOFError, BrokenPipeError):
        os._exit(0)


if __name__ == "__main__":
    _serve()
