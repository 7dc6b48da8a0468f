"""Where the pictures come from: a folder with a subfolder a class, such as pictures/cat/1.png."""

import random
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

import velveteen as vt
from velveteen.data.images import read_image

SIZE = (32, 32)
CHANNELS = 3


def load(folder: Path | None = None) -> tuple[Any, Any]:
    """Returns the pictures to learn from, and a fifth of each class to test on: always the same.

    They are datasets of {"xs": [32, 32, 3] from 0 to 1, "ys": one-hot}.
    """
    folder = folder or draw_shapes(Path("shapes"))
    return vt.data.image_folder(folder, SIZE, CHANNELS, fit="crop", validation_split=0.2, subset="both")


def read(picture: Path) -> np.ndarray:
    """Returns one picture as the network takes it: [1, 32, 32, 3]."""
    return read_image(picture, SIZE, CHANNELS, fit="crop")[None]


def draw_shapes(folder: Path, each: int = 300) -> Path:
    """Draws circles, squares and triangles of any place, size and color, unless the folder is there already."""
    if folder.is_dir():
        return folder
    chance = random.Random(0)
    for sides, name in ((36, "circle"), (3, "triangle"), (4, "square")):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            dark, light = ([chance.randint(low, low + 110) for _ in range(CHANNELS)] for low in (0, 140))
            radius = chance.randint(9, 14)
            x, y = (chance.randint(radius, size - radius) for size in SIZE)
            picture = Image.new("RGB", SIZE, tuple(dark))
            ImageDraw.Draw(picture).regular_polygon((x, y, radius), sides, chance.randint(0, 359), tuple(light))
            noise = Image.effect_noise(SIZE, 80).convert("RGB")
            Image.blend(picture, noise, 0.2).save(folder / name / f"{number}.png")
    return folder
