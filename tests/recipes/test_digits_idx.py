import gzip
import struct

import numpy as np
import pytest

from tests.recipes.conftest import idx_bytes
from velveteen.errors import FileFormatError
from velveteen.recipes.digits import _idx

PICTURES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "train-images-idx3-ubyte"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_reads_pictures_whatever_the_name_says(written, pack):
    np.testing.assert_array_equal(_idx.read(written(pack(idx_bytes(PICTURES))), 3), PICTURES)


def test_reads_labels(written):
    np.testing.assert_array_equal(_idx.read(written(idx_bytes(np.array([3, 1], np.uint8))), 1), [3, 1])


WHOLE = idx_bytes(PICTURES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file of pictures.*begins with nothing"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "should begin with 00 00 08 03, but begins with 89 50 4e 47"),
        (idx_bytes(np.array([1], np.uint8)), "not an IDX file of pictures"),
        (b"\0\0\x0d" + WHOLE[3:], "not an IDX file of pictures"),
        (WHOLE[:10], "ends within its header"),
        (WHOLE[:-1], "should hold 24 values .shape .2, 3, 4.., but holds fewer"),
        (WHOLE + b"x", "but holds more"),
        (gzip.compress(WHOLE)[:-12], "is damaged.*Download or copy it again"),
        (gzip.compress(WHOLE)[:10] + b"\xff" * 40, "is damaged"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12, "claims to hold .4294967295, 4294967295, 4294967295. values"),
    ],
    ids=["empty", "png", "labels", "floats", "header", "short", "long", "gzip cut", "gzip garbage", "huge claim"],
)
def test_damaged_files_say_what_is_wrong(written, content, message):
    path = written(content)
    with pytest.raises(FileFormatError, match=message) as caught:
        _idx.read(path, 3)
    assert str(path) in str(caught.value)


def test_a_gzip_bomb_is_not_unpacked(written):
    bomb = gzip.compress(bytes([0, 0, 8, 3]) + struct.pack(">3I", 1, 2, 2) + bytes(50_000_000))
    with pytest.raises(FileFormatError, match="holds more"):
        _idx.read(written(bomb), 3)
