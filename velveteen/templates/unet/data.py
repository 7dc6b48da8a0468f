"""Where the pictures come from: a folder with pictures/ and masks/, in which files of the same name belong together."""

import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from velveteen.data.images import ENDINGS, read_image
from velveteen.errors import MissingFileError

SIZE = (64, 64)


def load(folder: Path | None = None) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Returns pictures and masks to learn from, and a fifth to test on: always the same.

    Both are [count, 64, 64, 1] from 0 to 1; a mask is 1 where the picture shows what is looked for.
    """
    folder = folder or draw_circles(Path("circles"))
    files = sorted(file for file in (folder / "pictures").glob("*") if file.suffix.lower() in ENDINGS)
    masks = [folder / "masks" / file.name for file in files]
    missing = [mask for mask in masks if not mask.is_file()]
    if len(files) < 5 or missing:
        found = f"{missing[0]} is missing" if missing else f"there are {len(files)} pictures in {folder / 'pictures'}"
        raise MissingFileError(f"{found}. Give a folder with at least 5 pictures/ and masks/ of the same names.")
    x, y = np.stack([read(file) for file in files]), np.stack([read(mask) for mask in masks]).round()
    test, learned = np.split(np.random.default_rng(1).permutation(len(files)), [len(files) // 5])
    return (x[learned], y[learned]), (x[test], y[test])


def read(picture: Path) -> np.ndarray:
    """Returns a picture as the network takes it: [64, 64, 1], grey."""
    return read_image(picture, SIZE, channels=1, fit="stretch")


def draw_circles(folder: Path, count: int = 300) -> Path:
    """Draws circles among noise, and their masks, unless the folder is there already."""
    if folder.is_dir():
        return folder
    chance = random.Random(0)
    for kind in ("pictures", "masks"):
        (folder / kind).mkdir(parents=True)
    for number in range(count):
        mask = Image.new("L", SIZE)
        for _ in range(chance.randint(1, 3)):
            x, y, radius = chance.randint(8, 55), chance.randint(8, 55), chance.randint(5, 13)
            ImageDraw.Draw(mask).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        mask.save(folder / "masks" / f"{number}.png")
        Image.blend(mask, Image.effect_noise(SIZE, 100), 0.7).save(folder / "pictures" / f"{number}.png")
    return folder
