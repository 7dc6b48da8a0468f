"""The four networks in PyTorch as people write it; `VARIANT=tuned` as those do who know it well.

Plain: eager, default layout, Adam as it comes. Tuned: channels_last and the fused Adam.
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import nn

from bench import work
from bench.peers.worker import main

TUNED = os.environ.get("VARIANT") == "tuned"


def dense() -> nn.Module:
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))


def cnn() -> nn.Module:
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


class Unet(nn.Module):
    def __init__(self):
        super().__init__()
        widths = work.UNET_WIDTHS
        self.down = nn.ModuleList(double(*pair) for pair in zip((1, *widths), widths, strict=False))
        upwards = list(zip(reversed(widths[1:]), reversed(widths[:-1]), strict=True))
        self.up = nn.ModuleList(nn.ConvTranspose2d(before, after, 2, stride=2) for before, after in upwards)
        self.merge = nn.ModuleList(double(2 * after, after) for _, after in upwards)
        self.head = nn.Conv2d(widths[0], 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skips = []
        for block in self.down[:-1]:
            x = block(x)
            skips.append(x)
            x = nn.functional.max_pool2d(x, 2)
        x = self.down[-1](x)
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(torch.cat([skips.pop(), up(x)], dim=1))
        return self.head(x)


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(64, 512, num_layers=2, batch_first=True)
        self.head = nn.Linear(512, 64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(x)[0][:, -1])


def double(inputs: int, width: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU()
    )


NETWORKS: dict[str, Callable[[], nn.Module]] = {"dense": dense, "cnn": cnn, "unet": Unet, "lstm": Lstm}


class TorchPeer:
    def __init__(self, network: str, precision: str):
        self.model = NETWORKS[network]()
        self.is_binary = work.NETWORKS[network].is_binary
        self.precision = precision
        if TUNED:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=work.LEARNING_RATE, eps=work.EPSILON, fused=TUNED or None
        )
        self.loss = nn.BCEWithLogitsLoss() if self.is_binary else nn.CrossEntropyLoss()

    def fit(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> None:
        inputs, targets = self._tensor(x), self._tensor(y)
        total = 0.0
        for chosen in torch.randperm(len(inputs)).split(batch_size):
            self.optimizer.zero_grad()
            with self._precision():
                logits = self.model(inputs[chosen])
            loss = self.loss(logits.float(), targets[chosen])
            loss.backward()
            self.optimizer.step()
            total += loss.item()

    @torch.no_grad()
    def accuracy(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> float:
        labels = torch.from_numpy(y).argmax(1)
        right = 0
        for inputs, expected in zip(self._tensor(x).split(batch_size), labels.split(batch_size), strict=True):
            with self._precision():
                right += int((self.model(inputs).argmax(1) == expected).sum())
        return right / len(labels)

    def ways_to_predict(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        self.model.eval()

        def predict(x: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                logits = self.model(self._tensor(x))
                return (logits.sigmoid() if self.is_binary else logits.softmax(1)).numpy()

        return {"predict": predict}

    def _tensor(self, x: np.ndarray) -> torch.Tensor:
        """Returns pictures with their channels first, as PyTorch's users have them."""
        tensor = torch.from_numpy(x)
        if tensor.dim() < 4:
            return tensor
        tensor = tensor.permute(0, 3, 1, 2)
        return tensor.contiguous(memory_format=torch.channels_last if TUNED else torch.contiguous_format)

    def _precision(self) -> AbstractContextManager:
        return nullcontext() if self.precision == "float32" else torch.autocast("cpu", dtype=torch.bfloat16)


def versions() -> dict[str, str]:
    return {"torch": torch.__version__}


if __name__ == "__main__":
    main(TorchPeer, versions)
