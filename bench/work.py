"""The work that everybody does: four networks' data, batches and steps. Needs numpy only, as each peer brings its own."""

import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Work(NamedTuple):
    """What training one network means. A turn is `batches` steps, through one call of the peer's own `fit`."""

    title: str
    input_shape: tuple[int, ...]
    target_shape: tuple[int, ...]
    batch_size: int
    batches: int
    is_binary: bool = False


NETWORKS = {
    "dense": Work("dense", (784,), (10,), 128, 200),
    "cnn": Work("CNN", (28, 28, 1), (10,), 128, 24),
    "unet": Work("U-Net", (128, 128, 1), (128, 128, 1), 2, 4, is_binary=True),
    "lstm": Work("LSTM", (40, 64), (64,), 128, 4),
}
"""784-512-256-10; conv32-conv32-pool-conv64-pool-512-10; U-Net 64…1024; LSTM 2×512 on sequences of 40."""

PRECISIONS = ("float32", "bfloat16")
UNET_WIDTHS = (64, 128, 256, 512, 1024)
LEARNING_RATE = 0.001
EPSILON = 1e-7
"""Of Adam, as in Keras and TensorFlow.js; PyTorch's own default is 1e-8."""


def data(network: str, batches: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Returns random inputs and targets, float32, the same ones every time."""
    work = NETWORKS[network]
    random = np.random.default_rng(7)
    count = work.batch_size * (batches or work.batches)
    x = random.random((count, *work.input_shape), dtype=np.float32)
    if work.is_binary:
        return x, (random.random((count, *work.target_shape)) < 0.5).astype(np.float32)
    return x, np.eye(work.target_shape[0], dtype=np.float32)[random.integers(work.target_shape[0], size=count)]


def read_digits(folder: str | Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Reads MNIST's files of a split ("train", "t10k"): pictures [count, 28, 28, 1], 0 to 1, and one-hot labels."""
    images = _read_idx(Path(folder) / f"{split}-images-idx3-ubyte.gz", header=16).reshape(-1, 28, 28, 1)
    labels = _read_idx(Path(folder) / f"{split}-labels-idx1-ubyte.gz", header=8)
    return images.astype(np.float32) / np.float32(255), np.eye(10, dtype=np.float32)[labels]


def write_digits(folder: Path, split: str, images: np.ndarray, labels: np.ndarray) -> None:
    """Writes pictures [count, 28, 28] and labels [count] uint8 as MNIST's files."""
    for name, array in ((f"{split}-images-idx3-ubyte.gz", images), (f"{split}-labels-idx1-ubyte.gz", labels)):
        header = np.array([0x0800 + array.ndim, *array.shape], dtype=">i4").tobytes()
        (folder / name).write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes(), compresslevel=1))


def _read_idx(path: Path, header: int) -> np.ndarray:
    return np.frombuffer(gzip.decompress(path.read_bytes()), dtype=np.uint8, offset=header)
