"""A step waits for nothing: no number is read from the device, however many batches there are."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import velveteen as vt

layers = vt.layers
WAITING = ("aten::_local_scalar_dense", "aten::nonzero", "aten::equal", "aten::masked_select", "aten::unique2")
"""Operators that need the numbers themselves, so that a GPU's must be waited for."""


class Waits(TorchDispatchMode):
    """Counts the operators that wait."""

    count = 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        self.count += function._schema.name in WAITING
        return function(*arguments, **(options or {}))


def dense():
    return [layers.dense(8, activation="relu", input_shape=[6, 4]), layers.flatten(), layers.dropout(0.2, seed=1)]


def convolutional():
    return [
        layers.reshape([6, 4, 1], input_shape=[6, 4]),
        layers.conv2d(3, 3, activation="relu"),
        layers.batch_normalization(),
        layers.max_pooling2d(2),
        layers.flatten(),
    ]


def recurrent():
    return [layers.lstm(5, input_shape=[6, 4])]


def waits(make, optimizer, batches):
    vt.set_random_seed(0)
    model = vt.sequential([*make(), layers.dense(2, activation="softmax", kernel_regularizer="l2")])
    model.compile(optimizer(), "categoricalCrossentropy", metrics=["accuracy", "precision"])
    x = np.linspace(0, 1, batches * 4 * 24, dtype=np.float32).reshape(-1, 6, 4)
    y = np.eye(2, dtype=np.float32)[np.arange(len(x)) % 2]
    with Waits() as seen:
        model.fit(x, y, batch_size=4, sample_weight=np.ones(len(x)), verbose=False)
    return seen.count


@pytest.mark.parametrize("make", [dense, convolutional, recurrent])
@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: vt.train.adam(0.01, global_clipnorm=1.0, weight_decay=0.1),
        lambda: vt.train.rmsprop(0.01, centered=True),
        lambda: vt.train.momentum(0.01, 0.9, clipnorm=1.0),
        lambda: vt.train.adamax(0.01, clipvalue=1.0),
    ],
    ids=["adam", "rmsprop", "momentum", "adamax"],
)
def test_more_batches_do_not_wait_more(make, optimizer):
    assert waits(make, optimizer, 12) == waits(make, optimizer, 3)


def test_waiting_would_be_seen():
    with Waits() as seen:
        assert float(torch.ones(2).sum()) == 2
    assert seen.count == 1
