"""The four networks in Keras 3, on the backend that KERAS_BACKEND names."""

import importlib.metadata
from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from bench import work
from bench.peers.worker import main


def dense() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(512, activation="relu"),
            layers.Dense(256, activation="relu"),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )


def cnn() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )


def unet() -> keras.Model:
    def double(x, width):
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        return layers.Conv2D(width, 3, padding="same", activation="relu")(x)

    picture = x = keras.Input((128, 128, 1))
    skips = []
    for width in work.UNET_WIDTHS[:-1]:
        x = double(x, width)
        skips.append(x)
        x = layers.MaxPooling2D(2)(x)
    x = double(x, work.UNET_WIDTHS[-1])
    for width in reversed(work.UNET_WIDTHS[:-1]):
        x = layers.Conv2DTranspose(width, 2, strides=2)(x)
        x = layers.Concatenate()([skips.pop(), x])
        x = double(x, width)
    return keras.Model(picture, layers.Conv2D(1, 1, activation="sigmoid", dtype="float32")(x))


def lstm() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((40, 64)),
            layers.LSTM(512, return_sequences=True),
            layers.LSTM(512),
            layers.Dense(64, activation="softmax", dtype="float32"),
        ]
    )


NETWORKS = {"dense": dense, "cnn": cnn, "unet": unet, "lstm": lstm}


class KerasPeer:
    def __init__(self, network: str, precision: str):
        if precision == "bfloat16":
            keras.mixed_precision.set_global_policy("mixed_bfloat16")
        self.model = NETWORKS[network]()
        loss = "binary_crossentropy" if work.NETWORKS[network].is_binary else "categorical_crossentropy"
        self.model.compile(keras.optimizers.Adam(work.LEARNING_RATE), loss)

    def fit(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> None:
        self.model.fit(x, y, batch_size=batch_size, verbose=0)

    def accuracy(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> float:
        answers = self.model.predict(x, batch_size=batch_size, verbose=0)
        return float((answers.argmax(-1) == y.argmax(-1)).mean())

    def ways_to_predict(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        return {
            "predict": lambda x: self.model.predict(x, batch_size=len(x), verbose=0),
            "predict_on_batch": lambda x: np.asarray(self.model.predict_on_batch(x)),
        }


def versions() -> dict[str, str]:
    names = {"tensorflow": "tensorflow_cpu", "jax": "jax", "torch": "torch"}
    backend = keras.backend.backend()
    return {"keras": keras.__version__, backend: importlib.metadata.version(names[backend])}


if __name__ == "__main__":
    main(KerasPeer, versions)
