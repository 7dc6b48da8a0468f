"""Datasets of lines."""

import codecs
from collections.abc import Iterator
from typing import Any

from velveteen.data.dataset import Dataset
from velveteen.data.sources import DataSource, as_source
from velveteen.errors import FileFormatError

LINE_LIMIT = 64 * 1024 * 1024
"""Most characters in a line: a file with none that end is no text, and would fill the memory."""


class TextLineDataset(Dataset):
    """The lines of a text in UTF-8, without their ends; bytes that are no UTF-8 become U+FFFD, as in TensorFlow.js.

    Args:
        input: a DataSource, a path, an address or bytes.

    Raises:
        MissingFileError: when gone through, a source that is not there.
        FileFormatError: when gone through, a line of more than 64 MiB.
    """

    def __init__(self, input: Any):
        self.input: DataSource = as_source(input)
        super().__init__(self._lines)

    def _lines(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        # A list, since joining the pieces of a long line again and again would take time by the square of its length.
        unfinished: list[str] = []
        length = 0
        for chunk in self.input:
            *lines, rest = decoder.decode(chunk).split("\n")
            if lines:
                lines[0] = "".join(unfinished) + lines[0]
                for line in lines:
                    yield line.removesuffix("\r")
                unfinished, length = [], 0
            unfinished.append(rest)
            length += len(rest)
            if length > LINE_LIMIT:
                raise FileFormatError(f"A line has more than {LINE_LIMIT} characters. This does not look like text.")
        last = "".join(unfinished) + decoder.decode(b"", final=True)
        if last:
            yield last.removesuffix("\r")
