"""A file's bytes as text that can be parsed, and back: encoding, byte order mark and line ends stay."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from velveteen.errors import DataError, MissingFileError
from velveteen.io.files import write_beside_then_rename

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True)
class Text:
    """A file: its text in UTF-8 with "\\n" between lines, and what else it takes to write it again.

    `line_ends` are the source's, in their order; new ones are `line_end`.
    """

    body: bytes
    mark: bytes
    encoding: str
    line_ends: tuple[bytes, ...]
    line_end: bytes

    def encode(self, text: bytes) -> bytes:
        """Returns a text with the file's line ends already in it as bytes of the file."""
        if self.encoding == "utf-8":
            return self.mark + text
        return self.mark + text.decode("utf-8").encode(self.encoding)


def decode(content: bytes) -> Text:
    """Returns the text of a file.

    Raises:
        DataError: it has a NUL byte, or line ends of the old Mac.
    """
    mark, encoding = next(((mark, encoding) for mark, encoding in _MARKS if content.startswith(mark)), (b"", "utf-8"))
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or mark:
            raise DataError(
                f"it begins as {encoding}, but cannot be read as such: {error}. Save it as UTF-8."
            ) from error
        encoding = "latin-1"
        text = content.decode(encoding)
    body = text.encode("utf-8")
    pieces = body.split(b"\n")
    ends = tuple(b"\r\n" if piece.endswith(b"\r") else b"\n" for piece in pieces[:-1])
    body = body.replace(b"\r\n", b"\n")
    if b"\r" in body:
        line = body.count(b"\n", 0, body.index(b"\r")) + 1
        raise DataError(f"line {line}: a carriage return without a line feed. Convert the file's line ends first.")
    return Text(body, mark, encoding, ends, b"\r\n" if ends.count(b"\r\n") * 2 > len(ends) else b"\n")


def read(path: Path) -> bytes:
    """Returns a file's bytes.

    Raises:
        MissingFileError: it is not there.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise MissingFileError(f"{path} is not a file that is there. Give the path of a source file.") from error


def write(path: Path, content: bytes) -> None:
    """Replaces a file, which keeps its permissions; at each moment its name leads to the old or to the new content."""
    path = path.resolve()  # a link stays a link
    mode = path.stat().st_mode
    write_beside_then_rename(path, content)
    path.chmod(mode & 0o7777)
