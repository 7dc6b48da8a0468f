import gzip
import struct
import warnings

import numpy as np
import pytest
from PIL import Image

from velveteen.recipes.digits import data


def idx_bytes(array):
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()
    )


@pytest.fixture(scope="session")
def some_digits():
    """Forty real examples of each digit to learn from, ten to test on."""
    sample = data.sample()

    def pick(examples, count):
        places = np.concatenate([np.flatnonzero(examples.labels == label)[:count] for label in range(10)])
        return data.Examples(examples.images[places], examples.labels[places])

    return data.Digits(pick(sample.train, 40), pick(sample.test, 10), "some digits")


@pytest.fixture(scope="session")
def idx_folder(some_digits, tmp_path_factory):
    """A folder as MNIST's, two files gzipped and two not, with few examples."""
    folder = tmp_path_factory.mktemp("idx")
    for prefix, examples in (("train", some_digits.train), ("t10k", some_digits.test)):
        (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(examples.images)))
        (folder / f"{prefix}-labels.idx1-ubyte").write_bytes(idx_bytes(examples.labels))
    return folder


@pytest.fixture(scope="session")
def labelled_folder(some_digits, tmp_path_factory):
    """Folders 0 to 9 with ten pictures each, black on white."""
    folder = tmp_path_factory.mktemp("labelled")
    for label in range(10):
        (folder / str(label)).mkdir()
        for i, image in enumerate(some_digits.train.images[some_digits.train.labels == label][:10]):
            Image.fromarray(255 - image).save(folder / str(label) / f"{i}.png")
        (folder / str(label) / "notes.txt").write_text("not a picture")
    return folder


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No mirror of MNIST can be reached, and nothing is kept from earlier."""
    import pooch

    monkeypatch.setattr(data, "MIRRORS", ("http://127.0.0.1:9/",))
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)


@pytest.fixture(autouse=True)
def _matplotlib_deprecations():
    """What matplotlib and mlxtend warn of while they are imported is theirs to mend."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", category=DeprecationWarning, module=r"(matplotlib|mlxtend|pyparsing|dateutil).*"
        )
        yield
