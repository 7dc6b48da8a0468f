"""Files that are either written whole or not at all, and read only where and as far as they may be."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from velveteen.errors import FileFormatError, MissingFileError

_TEMPORARY = ".velveteen-tmp"


def write_beside_then_rename(path: Path, content: bytes | memoryview) -> None:
    """Writes a file so that its name always leads to the whole old content or the whole new one."""
    temporary = path.with_name(f".{secrets.token_hex(8)}{_TEMPORARY}")
    try:
        # Not the tempfile module: its files cannot be read by others, such as a web server.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(path.parent)


def is_left_over(name: str) -> bool:
    """Returns whether a file is what a program that was killed while writing leaves behind."""
    return name.startswith(".") and name.endswith(_TEMPORARY)


def _sync_folder(folder: Path) -> None:
    """Waits until the folder's names are on the disk, where the system can do that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def find_inside(folder: Path, relative: str) -> Path:
    """Returns the path of a regular file in `folder`, whose name came from a file.

    Raises:
        MissingFileError: when it is not there.
        FileFormatError: when it is no regular file, or a link leads out of the folder.
    """
    try:
        root = folder.resolve()
        path = (root / relative).resolve()
    except (OSError, RuntimeError) as error:  # links in a circle, a name without end
        raise FileFormatError(f'"{relative:.80}" in {folder} cannot be opened: {error!s:.200}.') from error
    if not path.is_relative_to(root):
        raise FileFormatError(
            f'"{relative}" in {folder} is a link that leads out of the model\'s folder, so it is not opened. '
            "Put the file itself there."
        )
    regular_size(path)
    return path


def regular_size(path: Path) -> int:
    """Returns the size of a regular file in bytes.

    Raises:
        MissingFileError: when it is not there.
        FileFormatError: when it is a folder, a device, a pipe, …
        PermissionError: when it may not be read.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingFileError(f"{path} is missing. Copy all files of the model, or save it again.") from error
    except PermissionError:
        raise
    except OSError as error:
        raise FileFormatError(f"{path!s:.200} cannot be opened: {error.strerror}.") from error
    if not stat.S_ISREG(status.st_mode):
        raise FileFormatError(f"{path} is not a regular file, so it is not read as part of a model.")
    return status.st_size


def read_exactly(path: Path, buffer: memoryview) -> None:
    """Fills `buffer` with a file's whole content.

    Raises:
        FileFormatError: when the file is shorter or longer than the buffer.
    """
    with open(path, "rb") as file:
        done = 0
        while done < len(buffer) and (count := file.readinto(buffer[done:])):
            done += count
        if done != len(buffer) or file.read(1):
            raise FileFormatError(f"{path} changed while it was read. Load the model again.")
