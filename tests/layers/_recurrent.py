"""What the tests of recurrent layers and of their cells share."""

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen import layers

BATCH, TIME, FEATURES, UNITS = 3, 6, 4, 5
KINDS = {"lstm": layers.lstm, "gru": layers.gru, "simple_rnn": layers.simple_rnn}
CELLS = {"lstm": layers.lstm_cell, "gru": layers.gru_cell, "simple_rnn": layers.simple_rnn_cell}
STATES = {"lstm": 2, "gru": 1, "simple_rnn": 1}
kinds = pytest.mark.parametrize("kind", KINDS)


def close(a, b, tolerance=1e-5):
    np.testing.assert_allclose(
        a.numpy() if isinstance(a, vt.Tensor) else a.detach().numpy(),
        b.numpy() if isinstance(b, vt.Tensor) else b.detach().numpy(),
        rtol=1e-4,
        atol=tolerance,
    )


def twin(layer, **changes):
    """Returns a layer with the same weights and other options."""
    config = layer.get_config() | changes
    return type(layer).from_config(config | {"weights": layer.get_weights()})


def built(layer, features=FEATURES):
    """Returns the layer with random weights, bias included."""
    layer.ensure_built((None, None, features))
    layer.set_weights([torch.randn(tuple(weight.shape)) * 0.5 for weight in layer.weights])
    return layer
