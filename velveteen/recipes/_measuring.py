"""How right a classifier is on examples."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Measured:
    """How right a model is on examples; `confusion[true class][class it was taken for]` counts them."""

    accuracy: float
    loss: float
    examples: int
    confusion: list[list[int]]


def measure(scores: np.ndarray, labels: np.ndarray) -> Measured:
    """Returns how right the scores [count, classes] are about the labels [count]."""
    classes = scores.shape[1]
    confusion = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(confusion, (labels, scores.argmax(axis=1)), 1)
    right = scores[np.arange(len(labels)), labels]
    loss = -np.log(np.clip(right, 1e-7, 1)).mean()  # clipped as TensorFlow.js's cross entropy is
    return Measured(float(np.trace(confusion) / len(labels)), float(loss), len(labels), confusion.tolist())
