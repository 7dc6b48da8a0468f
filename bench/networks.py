"""The four networks of the talk, in velveteen and in plain PyTorch as people write it (channels_last)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

import velveteen as vt


class Network(NamedTuple):
    """One network in both dialects, and the shape of its data."""

    input_shape: tuple[int, ...]
    target_shape: tuple[int, ...]
    batch_size: int
    batches: int  # in one round of the measurement
    loss: str
    velveteen: Callable[[], "vt.Model"]
    torch: Callable[[], nn.Module]
    torch_loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def dense() -> "vt.Model":
    layers = vt.layers
    return vt.sequential(
        [
            layers.dense(512, activation="relu", input_shape=(784,)),
            layers.dense(256, activation="relu"),
            layers.dense(10, activation="softmax"),
        ]
    )


def cnn() -> "vt.Model":
    layers = vt.layers
    return vt.sequential(
        [
            layers.conv2d(32, 3, activation="relu", input_shape=(28, 28, 1)),
            layers.conv2d(32, 3, activation="relu"),
            layers.max_pooling2d(2),
            layers.conv2d(64, 3, activation="relu"),
            layers.max_pooling2d(2),
            layers.flatten(),
            layers.dense(512, activation="relu"),
            layers.dense(10, activation="softmax"),
        ]
    )


def unet(widths: tuple[int, ...] = (64, 128, 256, 512, 1024)) -> "vt.Model":
    layers = vt.layers

    def double(x, width):
        x = layers.conv2d(width, 3, padding="same", activation="relu").apply(x)
        return layers.conv2d(width, 3, padding="same", activation="relu").apply(x)

    picture = x = vt.input((128, 128, 1))
    skips = []
    for width in widths[:-1]:
        x = double(x, width)
        skips.append(x)
        x = layers.max_pooling2d(2).apply(x)
    x = double(x, widths[-1])
    for width in reversed(widths[:-1]):
        x = layers.conv2d_transpose(width, 2, strides=2).apply(x)
        x = layers.concatenate().apply([skips.pop(), x])
        x = double(x, width)
    return vt.model(picture, layers.conv2d(1, 1, activation="sigmoid").apply(x))


def lstm() -> "vt.Model":
    layers = vt.layers
    return vt.sequential(
        [
            layers.lstm(512, return_sequences=True, input_shape=(40, 64)),
            layers.lstm(512),
            layers.dense(64, activation="softmax"),
        ]
    )


class TorchUnet(nn.Module):
    def __init__(self, widths: tuple[int, ...] = (64, 128, 256, 512, 1024)):
        super().__init__()
        self.down = nn.ModuleList()
        before = 1
        for width in widths:
            self.down.append(_double(before, width))
            before = width
        self.up = nn.ModuleList()
        self.merge = nn.ModuleList()
        for width in reversed(widths[:-1]):
            self.up.append(nn.ConvTranspose2d(before, width, 2, stride=2))
            self.merge.append(_double(2 * width, width))
            before = width
        self.head = nn.Conv2d(before, 1, 1)

    def forward(self, x):
        skips = []
        for block in self.down[:-1]:
            x = block(x)
            skips.append(x)
            x = nn.functional.max_pool2d(x, 2)
        x = self.down[-1](x)
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(torch.cat([skips.pop(), up(x)], dim=1))
        return self.head(x)


class TorchLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(64, 512, num_layers=2, batch_first=True)
        self.head = nn.Linear(512, 64)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


def _double(inputs: int, width: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU()
    )


def torch_dense() -> nn.Module:
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))


def torch_cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 5 * 5, 512),
        nn.ReLU(),
        nn.Linear(512, 10),
    )


def _cross_entropy(target: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    return nn.functional.cross_entropy(logits, target)


def _binary_cross_entropy(target: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    return nn.functional.binary_cross_entropy_with_logits(logits, target)


NETWORKS = {
    "dense": Network((784,), (10,), 128, 60, "categoricalCrossentropy", dense, torch_dense, _cross_entropy),
    "cnn": Network((28, 28, 1), (10,), 128, 12, "categoricalCrossentropy", cnn, torch_cnn, _cross_entropy),
    "unet": Network((128, 128, 1), (128, 128, 1), 2, 2, "binaryCrossentropy", unet, TorchUnet, _binary_cross_entropy),
    "lstm": Network((40, 64), (64,), 128, 3, "categoricalCrossentropy", lstm, TorchLstm, _cross_entropy),
}


def data(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Returns random inputs and targets of the network's shapes, the same ones every time."""
    random = np.random.default_rng(7)
    count = network.batch_size * network.batches
    x = random.random((count, *network.input_shape), dtype=np.float32)
    if network.loss == "binaryCrossentropy":
        y = (random.random((count, *network.target_shape)) < 0.5).astype(np.float32)
    else:
        y = np.eye(network.target_shape[0], dtype=np.float32)[random.integers(network.target_shape[0], size=count)]
    return x, y
