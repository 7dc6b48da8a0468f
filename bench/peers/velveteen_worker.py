"""The four networks in velveteen."""

from collections.abc import Callable

import numpy as np

import velveteen as vt
from bench import work
from bench.peers.worker import main

layers = vt.layers


def dense() -> vt.Model:
    return vt.sequential(
        [
            layers.dense(512, activation="relu", input_shape=(784,)),
            layers.dense(256, activation="relu"),
            layers.dense(10, activation="softmax"),
        ]
    )


def cnn() -> vt.Model:
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


def unet() -> vt.Model:
    def double(x, width):
        x = layers.conv2d(width, 3, padding="same", activation="relu").apply(x)
        return layers.conv2d(width, 3, padding="same", activation="relu").apply(x)

    picture = x = vt.input((128, 128, 1))
    skips = []
    for width in work.UNET_WIDTHS[:-1]:
        x = double(x, width)
        skips.append(x)
        x = layers.max_pooling2d(2).apply(x)
    x = double(x, work.UNET_WIDTHS[-1])
    for width in reversed(work.UNET_WIDTHS[:-1]):
        x = layers.conv2d_transpose(width, 2, strides=2).apply(x)
        x = layers.concatenate().apply([skips.pop(), x])
        x = double(x, width)
    return vt.model(picture, layers.conv2d(1, 1, activation="sigmoid").apply(x))


def lstm() -> vt.Model:
    return vt.sequential(
        [
            layers.lstm(512, return_sequences=True, input_shape=(40, 64)),
            layers.lstm(512),
            layers.dense(64, activation="softmax"),
        ]
    )


NETWORKS = {"dense": dense, "cnn": cnn, "unet": unet, "lstm": lstm}


class VelveteenPeer:
    def __init__(self, network: str, precision: str):
        self.model = NETWORKS[network]()
        loss = "binaryCrossentropy" if work.NETWORKS[network].is_binary else "categoricalCrossentropy"
        self.model.compile(vt.train.adam(work.LEARNING_RATE), loss, precision=precision)

    def fit(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> None:
        self.model.fit(x, y, batch_size=batch_size, verbose=False)

    def accuracy(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> float:
        answers = self.model.predict(x, batch_size=batch_size)
        return float((np.asarray(answers).argmax(-1) == y.argmax(-1)).mean())

    def ways_to_predict(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        return {
            "predict": lambda x: np.asarray(self.model.predict(x, batch_size=len(x))),
            "predict_on_batch": lambda x: np.asarray(self.model.predict_on_batch(x)),
        }


def versions() -> dict[str, str]:
    return {"velveteen": vt.__version__}


if __name__ == "__main__":
    main(VelveteenPeer, versions)
