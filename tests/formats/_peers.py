"""Runs what needs real Keras 3 in its environment."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tools import peers

HERE = Path(__file__).parent


def keras(program, *arguments):
    """Runs a program of this folder with Keras on PyTorch; skips the test where that cannot be installed."""
    try:
        python = peers.python()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"This test needs Keras 3, which cannot be installed here: {error}")
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    answer = subprocess.run([python, HERE / program, *arguments], env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr[-3000:]


def numbered(data, start):
    return [data[name] for name in data.files if name.startswith(start)]


def predict(model, inputs):
    predicted = model.predict(inputs if len(inputs) > 1 else inputs[0])
    return [tensor.numpy() for tensor in (predicted if isinstance(predicted, list) else [predicted])]


def to_json(array):
    dtype = "int32" if array.dtype == np.int32 else "float32"
    return {"shape": list(array.shape), "dtype": dtype, "data": array.ravel().tolist()}


def from_json(tensor):
    return np.array(tensor["data"], np.float32).reshape(tensor["shape"])
