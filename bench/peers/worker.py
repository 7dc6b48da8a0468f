"""What the workers in Python have in common: how a peer is asked, and how its time is taken."""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from bench import protocol, work


class Peer(Protocol):
    """One network in one library, built and trained as that library's users do it."""

    def __init__(self, network: str, precision: str): ...

    def fit(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> None:
        """Trains one epoch, in batches in random order."""

    def accuracy(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> float:
        """Returns how many of the examples are classified as in `y`, 0 to 1."""

    def ways_to_predict(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        """Returns what predicts a batch: `predict`, and what else there is that is faster."""


class Desk:
    """Answers for one peer. Its network and data are made when first needed, as a user's program does."""

    def __init__(self, peer: type[Peer], versions: Callable[[], dict[str, str]], network: str, precision: str):
        self._make = lambda: peer(network, precision)
        self._versions = versions
        self._network = network
        self._peer: Peer | None = None
        self._data: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._digits: tuple[np.ndarray, ...] = ()

    def hello(self) -> dict[str, Any]:
        return {"versions": self._versions()}

    def train(self, batches: int) -> dict[str, Any]:
        """Trains one epoch; answers the milliseconds a step."""
        if batches not in self._data:
            self._data[batches] = work.data(self._network, batches)
        x, y = self._data[batches]
        peer = self._get()
        start = time.perf_counter()
        peer.fit(x, y, work.NETWORKS[self._network].batch_size)
        return {"milliseconds": 1000 * (time.perf_counter() - start) / batches}

    def predict(self, rows: int, seconds: float) -> dict[str, Any]:
        """Predicts again and again; answers the median milliseconds of each way to predict."""
        x = work.data(self._network, 1)[0]
        x = np.ascontiguousarray(np.resize(x, (rows, *x.shape[1:])))
        return {name: _median_milliseconds(way, x, seconds) for name, way in self._get().ways_to_predict().items()}

    def digits(self, folder: str) -> dict[str, Any]:
        """Trains an epoch of MNIST and tests; the first time also reads the files and builds the network."""
        start = time.perf_counter()
        if not self._digits:
            self._digits = (*work.read_digits(folder, "train"), *work.read_digits(folder, "t10k"))
        x, y, test_x, test_y = self._digits
        peer = self._get()
        peer.fit(x, y, 128)
        accuracy = peer.accuracy(test_x, test_y, 128)
        return {"seconds": time.perf_counter() - start, "accuracy": accuracy}

    def _get(self) -> Peer:
        if self._peer is None:
            self._peer = self._make()
        return self._peer


def _median_milliseconds(call: Callable[[np.ndarray], np.ndarray], x: np.ndarray, seconds: float) -> float:
    call(x)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        call(x)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def main(peer: type[Peer], versions: Callable[[], dict[str, str]]) -> None:
    """Answers for the network and the precision that the command line names."""
    desk = Desk(peer, versions, *sys.argv[1:3])
    protocol.serve({"hello": desk.hello, "train": desk.train, "predict": desk.predict, "digits": desk.digits})
