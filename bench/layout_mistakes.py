"""Draws what the network that ships misses, and where it raises an alarm for nothing: docs/images/layout-mistakes.png.

`python -m bench.layout_mistakes` looks at the generator's pages of kinds and designs that were not learned from, which
tools/layout_models.py makes; the first fault of each kind that it misses is drawn, and the first sound places that it marks.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from bench.layout import ROOT
from tools import layout_sites
from velveteen.recipes.layout import data, evaluation, main
from velveteen.recipes.layout.faults import FAULTS

FILE = ROOT / "docs" / "images" / "layout-mistakes.png"
TILE = 360, 230
COLUMNS = 4
ALARMS = 4
_CAPTION = 22
_AROUND = 4
_EDGE = 60


@dataclass(frozen=True)
class Mistake:
    """A place that was judged wrongly.

    Args:
        picture: of the page.
        box: x, y, width and height in pixels.
        said: the words below it.
    """

    picture: data.Picture
    box: tuple[int, int, int, int]
    said: str


def mistakes(pictures: list[data.Picture], detector: main.Detector) -> list[Mistake]:
    """Returns the first miss of each kind, and the first alarms on sound pages: sure ones first."""
    missed: dict[str, Mistake] = {}
    alarms: list[tuple[bool, Mistake]] = []
    for picture in pictures:
        found = detector.spots(detector.heat(picture.pixels()))
        if picture.kind is None:
            for spot in found:
                how = "sure" if spot.sure else "unsure"
                alarms.append((not spot.sure, Mistake(picture, spot.box, f"nothing; said: {spot.kind}, {how}")))
            continue
        mask = picture.mask()
        if not any(evaluation.touches(spot, mask) for spot in found):
            rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            box = (columns[0], rows[0], columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0])
            missed.setdefault(picture.kind, Mistake(picture, box, f"missed: {picture.kind}"))
    in_order = [missed[kind] for kind in FAULTS if kind in missed]
    return in_order + [each for _, each in sorted(alarms, key=lambda alarm: alarm[0])[:ALARMS]]


def drawn(found: list[Mistake]) -> Image.Image:
    """Returns the places beside one another, each as large as on the page, with a box around it, or the whole page, and what was said below."""
    width, height = TILE[0], TILE[1] + _CAPTION
    rows = -(-len(found) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * width, rows * height), "white")
    font = ImageFont.load_default(14)
    for number, mistake in enumerate(found):
        left, top = number % COLUMNS * width, number // COLUMNS * height
        sheet.paste(_tile(mistake), (left, top))
        draw = ImageDraw.Draw(sheet)
        draw.rectangle((left, top, left + width - 1, top + TILE[1]), outline="#999999")
        draw.text((left + 4, top + TILE[1] + 3), mistake.said, fill="black", font=font)
    return sheet


def _tile(mistake: Mistake) -> Image.Image:
    page = Image.fromarray(mistake.picture.pixels())
    x, y, width, height = mistake.box
    if width > 2 * TILE[0] and height > 2 * TILE[1]:
        return ImageOps.pad(page, TILE, color="white")
    # The middle of the box, or of its beginning where it is larger than the tile.
    middle = x + min(width, TILE[0] - _EDGE) // 2, y + min(height, TILE[1] - _EDGE) // 2
    left = min(max(0, middle[0] - TILE[0] // 2), max(0, page.width - TILE[0]))
    top = min(max(0, middle[1] - TILE[1] // 2), max(0, page.height - TILE[1]))
    tile = page.crop((left, top, left + TILE[0], top + TILE[1]))
    box = (x - left - _AROUND, y - top - _AROUND, x + width - left + _AROUND, y + height - top + _AROUND)
    ImageDraw.Draw(tile).rectangle(box, outline="#e00000", width=2)
    return tile


def run(file: Path = FILE) -> None:
    """Draws them."""
    found = mistakes(layout_sites.pictures("held-out"), main.load(main.PRETRAINED))
    drawn(found).quantize(128, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{len(found)} mistakes in {file.relative_to(ROOT)}")


if __name__ == "__main__":
    run()
