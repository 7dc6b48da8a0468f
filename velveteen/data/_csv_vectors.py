"""Rows of a CSV file as vectors of numbers: whole blocks of lines at a time, parsed in a process of its own."""

import collections
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from velveteen.data._decoder import parse_numbers
from velveteen.data._processes import Question, answered
from velveteen.data.sources import DataSource
from velveteen.data.text_lines import LINE_LIMIT
from velveteen.errors import FileFormatError

_LARGE = 1 << 20
"""Bytes in a block from which on a process is worth its start."""


def number_blocks(
    source: DataSource,
    skipped: int,
    columns: int,
    delimiter: str,
    workers: int,
    read: Callable[[list[str], int], np.ndarray],
) -> Iterator[np.ndarray]:
    """Yields float32 [rows, columns] of the lines of a source.

    Args:
        source: a CSV file.
        skipped: lines to leave out at its start, 0 or 1.
        columns, delimiter: what the lines consist of.
        workers: processes that parse; 0 for none.
        read: parses lines that hold more than plain numbers; takes them and the number of the first.
    """
    blocks = _blocks(source, skipped)
    held: list[bytes] = []  # the first two: a second one means that the file is large
    for block in blocks:
        held.append(block)
        if len(held) == 2:
            break
    line = 1 + skipped
    asked: collections.deque[bytes] = collections.deque()
    if workers and len(held) == 2 and len(held[0]) >= _LARGE // 2:
        arrays = _in_processes(_chained(held, blocks), asked, columns, delimiter, workers)
    else:
        arrays = _here(_chained(held, blocks), asked, columns, delimiter)
    del held
    for array in arrays:
        block = asked.popleft()
        if array is None:
            lines = block.decode("utf-8", "replace").removesuffix("\n").split("\n")
            array = read([text.removesuffix("\r") for text in lines], line)
        line += len(array)
        yield array


def _here(
    blocks: Iterable[bytes], asked: "collections.deque[bytes]", columns: int, delimiter: str
) -> Iterator[np.ndarray | None]:
    for block in blocks:
        asked.append(block)
        yield parse_numbers(block, columns, delimiter)


def _in_processes(
    blocks: Iterable[bytes], asked: "collections.deque[bytes]", columns: int, delimiter: str, workers: int
) -> Iterator[np.ndarray | None]:
    def questions() -> Iterator[Question]:
        for block in blocks:
            asked.append(block)
            yield Question({"columns": columns, "delimiter": delimiter}, block)

    for message, array in answered(questions(), workers):
        yield array if message["parsed"] else None


def _chained(held: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    while held:
        yield held.pop(0)
    yield from rest


def _blocks(source: DataSource, skipped: int) -> Iterator[bytes]:
    """Yields the source in pieces that end with a line."""
    unfinished: list[bytes] = []
    length = 0
    is_first = True
    for chunk in source:
        if is_first:
            chunk, is_first = chunk.removeprefix(b"\xef\xbb\xbf"), False
        end = chunk.rfind(b"\n") + 1
        unfinished.append(chunk[:end] if end else chunk)
        length += len(chunk)
        if not end:
            if length > LINE_LIMIT:
                raise FileFormatError(f"A line has more than {LINE_LIMIT} bytes. This does not look like text.")
            continue
        block = b"".join(unfinished)
        unfinished, length = [chunk[end:]], len(chunk) - end
        block, skipped = _without_first(block, skipped)
        if block:
            yield block
    last, _ = _without_first(b"".join(unfinished), skipped)
    if last:
        yield last


def _without_first(block: bytes, lines: int) -> tuple[bytes, int]:
    while lines and block:
        _, _, block = block.partition(b"\n")
        lines -= 1
    return block, lines
