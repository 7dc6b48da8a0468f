"""Checks on an HDF5 file's bytes before the HDF5 library sees them: over damaged heaps of texts it runs for ever."""

import mmap
from pathlib import Path

from velveteen.errors import FileFormatError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HEAP = b"GCOL\x01\0\0\0"
_HEADER = 16  # of a heap, and of each object in one
_SIZES_AT = {0: 13, 1: 13, 2: 9, 3: 9}  # version of the superblock: where the widths of offsets and lengths are
_OBJECTS_LIMIT = 1_000_000
_AGAIN = "The file is damaged, hostile or of another program; save or download it again."


def check_heaps(source: Path | bytes, where: str) -> None:
    """Checks that the objects in each global heap of a file fill it, one after the other.

    The layout is that of the HDF5 File Format Specification 3.0, III.E, with lengths of 8 bytes, as all programs write.

    Raises:
        FileFormatError: they do not, or it is no HDF5 file.
    """
    if isinstance(source, bytes):
        _check(source, where)
        return
    with open(source, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        _check(content, where)


def _check(content: bytes | mmap.mmap, where: str) -> None:
    sizes_at = _SIZES_AT.get(content[8]) if content[:8] == _SIGNATURE and len(content) > _HEADER else None
    if sizes_at is None or content[sizes_at : sizes_at + 2] != b"\x08\x08":
        raise FileFormatError(f"{where} is no HDF5 file such as Keras writes. {_AGAIN}")
    objects, start = 0, content.find(_HEAP)
    while start >= 0:
        end = start + _number(content, start + 8)
        place = start + _HEADER
        if not place <= end <= len(content):
            raise FileFormatError(f"{where} has a heap of texts that is larger than the file. {_AGAIN}")
        while end - place >= _HEADER:
            size = _number(content, place + 8)
            # Object 0 is the free space at the end, and counts its own header.
            whole = size if content[place : place + 2] == b"\0\0" else _HEADER + (size + 7) // 8 * 8
            objects += 1
            if not _HEADER <= whole <= end - place or objects > _OBJECTS_LIMIT:
                raise FileFormatError(f"{where} has a heap whose texts do not fit into it. {_AGAIN}")
            place += whole
        start = content.find(_HEAP, start + 1)


def _number(content: bytes | mmap.mmap, place: int) -> int:
    return int.from_bytes(content[place : place + 8], "little")
