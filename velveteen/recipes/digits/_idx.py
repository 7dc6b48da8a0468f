"""IDX, the file format of MNIST: a header of sizes, then bytes.

Source of the format: https://github.com/cvdfoundation/mnist, section "File formats".
"""

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from velveteen.errors import FileFormatError

_GZIP = b"\x1f\x8b"
_UNSIGNED_BYTE = 0x08
_LIMIT = 2 * 1024**3
"""Bytes; MNIST has 47 million. A header that claims more is damaged or hostile."""


def read(path: Path, rank: int) -> np.ndarray:
    """Returns the array in an IDX file, gzipped or not, which its content tells.

    Args:
        path: the file.
        rank: the number of dimensions it must have: 3 for pictures, 1 for labels.

    Returns:
        A uint8 array.

    Raises:
        FileFormatError: when the file is no such IDX file, or not whole.
    """
    with open(path, "rb") as file:
        zipped = file.read(2) == _GZIP
    with gzip.open(path) if zipped else open(path, "rb") as file:
        try:
            shape = _read_shape(file, path, rank)
            size = math.prod(shape)
            content = file.read(size + 1)
        except (EOFError, OSError, zlib.error) as error:
            raise FileFormatError(f"{path} is damaged: {error}. Download or copy it again.") from error
    if len(content) != size:
        difference = "fewer" if len(content) < size else "more"
        raise FileFormatError(
            f"{path} should hold {size} values (shape {list(shape)}), but holds {difference}. Download or copy it again."
        )
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)


def _read_shape(file: BinaryIO | gzip.GzipFile, path: Path, rank: int) -> tuple[int, ...]:
    expected = bytes([0, 0, _UNSIGNED_BYTE, rank])
    magic = file.read(4)
    if magic != expected:
        kind = "pictures" if rank == 3 else "labels"
        raise FileFormatError(
            f"{path} is not an IDX file of {kind}: it should begin with {expected.hex(' ')}, "
            f"but begins with {magic.hex(' ') or 'nothing'}. Give MNIST's own file, as it is or gzipped."
        )
    header = file.read(4 * rank)
    if len(header) != 4 * rank:
        raise FileFormatError(f"{path} ends within its header. Download or copy it again.")
    shape = tuple(int(size) for size in np.frombuffer(header, dtype=">u4"))
    if math.prod(shape) > _LIMIT:
        raise FileFormatError(f"{path} claims to hold {list(shape)} values, more than {_LIMIT}. It seems damaged.")
    return shape
