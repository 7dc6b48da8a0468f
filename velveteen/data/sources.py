"""Where bytes come from: files, addresses, memory. They come in pieces, so that no source is held in memory."""

import http.client
import io
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from velveteen._web import web_opener
from velveteen.errors import ArgumentError, ArgumentTypeError, FileFormatError, MissingFileError

CHUNK_SIZE = 1024 * 1024


class DataSource:
    """Base of what gives bytes in pieces, anew for each loop."""

    def __iter__(self) -> Iterator[bytes]:
        raise NotImplementedError


class FileDataSource(DataSource):
    """The bytes of a file, or bytes in memory.

    Args:
        input: a path (with or without `file://` in front), or bytes.
        chunk_size: bytes in a piece.
        offset: where to begin.

    Raises:
        MissingFileError: when read, a file that is not there.
    """

    def __init__(self, input: str | os.PathLike[str] | bytes, chunk_size: int = CHUNK_SIZE, offset: int = 0):
        if not isinstance(input, str | os.PathLike | bytes | bytearray | memoryview):
            raise ArgumentTypeError(f"FileDataSource expects a path or bytes, got {type(input).__name__}.")
        if chunk_size < 1 or offset < 0:
            raise ArgumentError(
                f"FileDataSource needs a chunk_size of at least 1 and an offset of at least 0, got {chunk_size} and {offset}."
            )
        self.input = input
        self.chunk_size = chunk_size
        self.offset = offset

    def __iter__(self) -> Iterator[bytes]:
        with self._open() as file:
            file.seek(self.offset)
            while chunk := file.read(self.chunk_size):
                yield chunk

    def _open(self) -> IO[bytes]:
        if isinstance(self.input, bytes | bytearray | memoryview):
            return io.BytesIO(self.input)
        path = _local_path(self.input)
        try:
            return path.open("rb")
        except OSError as error:
            reason = "is a folder" if path.is_dir() else "is not there" if not path.exists() else str(error)
            raise MissingFileError(f'Cannot read "{path}": it {reason}. Give the path of a file.') from error


class URLDataSource(DataSource):
    """What a web server sends, asked for anew by each loop; a local path or `file://` works as well.

    Args:
        url: the address.
        headers: to send with the request, such as an authorization.
        timeout: seconds to wait for each answer.
        chunk_size: bytes in a piece.

    Raises:
        MissingFileError: when read, a server that does not answer or has no such file.
        FileFormatError: when read, an answer that is cut off.
    """

    def __init__(
        self,
        url: str | os.PathLike[str],
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        chunk_size: int = CHUNK_SIZE,
    ):
        self.url = url
        self.headers = dict(headers or {})
        self.timeout = timeout
        self.chunk_size = chunk_size
        self._file = None if _is_web(url) else FileDataSource(url, chunk_size)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._file) if self._file is not None else self._download(str(self.url))

    def _download(self, url: str) -> Iterator[bytes]:
        request = urllib.request.Request(url, headers=self.headers)
        try:
            with web_opener().open(request, timeout=self.timeout) as response:
                while chunk := response.read(self.chunk_size):
                    yield chunk
                missing = response.length
        except urllib.error.HTTPError as error:
            raise MissingFileError(f"{url} answered {error.code} {error.reason}. Check the address.") from error
        except http.client.IncompleteRead as error:
            raise _cut_off(url, error.expected) from error
        except (OSError, http.client.HTTPException) as error:
            raise MissingFileError(f"Cannot reach {url}: {error}. Check the address and the network.") from error
        if missing:
            raise _cut_off(url, missing)


def as_source(source: Any) -> DataSource:
    """Returns a source from one, or from an address, a path or bytes."""
    if isinstance(source, DataSource):
        return source
    if isinstance(source, str | os.PathLike):
        return URLDataSource(source)
    return FileDataSource(source)


def _is_web(url: Any) -> bool:
    return isinstance(url, str) and urllib.parse.urlsplit(url).scheme in ("http", "https")


def _local_path(name: Any) -> Path:
    text = os.fspath(name)
    scheme, found, _ = text.partition("://")
    if found and scheme != "file":
        raise ArgumentError(
            f'Data can be read from http://, https:// and file:// addresses and from paths, not "{text}".'
        )
    return Path(text.removeprefix("file://"))


def _cut_off(url: str, missing: int | None) -> FileFormatError:
    return FileFormatError(f"{url} stopped {missing} bytes before the end. Try again, or download the file first.")
