"""From a picture to a heat map, and from a heat map to findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from velveteen.models.tiling import predict_tiles
from velveteen.recipes.layout.data import BORDER, OUTSIDE
from velveteen.recipes.layout.faults import FAULTS

WHOLE = 1536
"""A side of a picture up to so many pixels is computed whole: a screen needs no tiles, whose overlaps cost time."""
TILE, OVERLAP = 1024, 128
"""Of the pieces that larger ones are computed in, in pixels: the memory that takes does not grow with the picture."""
STRIP = 4096
"""So many rows are computed at a time: a page of 30,000 pixels' height would need gigabytes at once."""
NEVER = 1.1
"""A threshold that no probability reaches."""
NEAR = 12
"""Pixels between what the network marks and what a rule finds, when both mean the same."""
_LEAST = 30
"""Pixels: a smaller spot is noise."""


@dataclass(frozen=True)
class Thresholds:
    """From which probability the network is believed.

    Args:
        unsure: a place is listed.
        sure: it is sure, where there is a picture alone.
        confirms: what a rule is sure of is sure, when the network marks the same place with so much, as whatever kind.
        certain: on a page with a DOM the network is sure alone, where no rule has found anything; only `--threshold` says so.
    """

    unsure: float = 0.5
    sure: float = 0.8
    confirms: float = 0.0
    certain: float = NEVER


@dataclass(frozen=True)
class Spot:
    """A place that the network marks.

    Args:
        kind: of the fault.
        box: x, y, width and height in pixels.
        score: the highest probability in it.
        sure: whether it is over the upper threshold.
    """

    kind: str
    box: tuple[int, int, int, int]
    score: float
    sure: bool


def heat_map(network: Any, picture: np.ndarray, multiple: int = 32) -> np.ndarray:
    """Returns the probabilities of each kind, in steps of 1/255: uint8 [height, width, kinds].

    Args:
        network: from `model.unet`, or what its `optimize` returned.
        picture: uint8 [height, width, 3], a pixel for a CSS pixel.
        multiple: of what the network needs height and width to be a multiple.
    """
    height, width = picture.shape[:2]
    strips = []
    for top in range(0, height, STRIP):
        above = min(top, OVERLAP)
        rows = picture[top - above : top + STRIP + OVERLAP]
        sides = [-(-(side + 2 * BORDER) // multiple) * multiple for side in rows.shape[:2]]
        inside = np.full((*sides, 3), OUTSIDE, np.float32)
        place = (slice(BORDER, BORDER + rows.shape[0]), slice(BORDER, BORDER + width))
        np.multiply(rows, 1 / 255, out=inside[place], casting="unsafe")
        tile = [side if side <= WHOLE else TILE - TILE % multiple for side in sides]
        probabilities = predict_tiles(network, inside, tile, min(OVERLAP, min(tile) // 2)).numpy()[place]
        strips.append(np.round(probabilities[above : above + STRIP] * 255).astype(np.uint8))
    return np.concatenate(strips)


def spots(heat: np.ndarray, thresholds: Mapping[str, Thresholds], kinds: Sequence[str] = tuple(FAULTS)) -> list[Spot]:
    """Returns the places that a heat map marks.

    Args:
        heat: uint8 [height, width, kinds], from `heat_map`.
        thresholds: of each kind.
        kinds: which kinds to look for.
    """
    found = []
    for number, kind in enumerate(FAULTS):
        if kind not in kinds:
            continue
        limits, layer = thresholds.get(kind, Thresholds()), heat[..., number]
        for left, top, right, bottom, count in components(layer >= limits.unsure * 255):
            if count < _LEAST:
                continue
            score = float(layer[top:bottom, left:right].max()) / 255
            found.append(Spot(kind, (left, top, right - left, bottom - top), score, score >= limits.sure))
    return found


def support(heat: np.ndarray, box: Sequence[float]) -> float:
    """Returns the highest probability of any kind at a box, or near it.

    Args:
        heat: uint8 [height, width, kinds], from `heat_map`.
        box: x, y, width and height in pixels.
    """
    x, y, width, height = (round(length) for length in box)
    part = heat[max(0, y - NEAR) : max(0, y + height + NEAR), max(0, x - NEAR) : max(0, x + width + NEAR)]
    return float(part.max(initial=0)) / 255


def unexplained(spots: Sequence[Spot], rules: Sequence[Sequence[float]]) -> list[Spot]:
    """Returns the places where no rule has found anything; `rules` are the boxes of what they found."""
    return [spot for spot in spots if not any(_is_near(spot.box, box) for box in rules)]


def _is_near(a: Sequence[float], b: Sequence[float]) -> bool:
    return all(a[side] < b[side] + b[side + 2] + NEAR and b[side] < a[side] + a[side + 2] + NEAR for side in (0, 1))


def components(mask: np.ndarray) -> list[tuple[int, int, int, int, int]]:
    """Returns the connected parts of a bool array: left, top, right, bottom (not included), and how many pixels.

    Runs of each row are joined with those of the row above that they touch, also at a corner (union-find).
    """
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    parents = list(range(len(rows)))

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    first_of_row = np.searchsorted(rows, np.arange(mask.shape[0] + 1))
    for row in range(1, mask.shape[0]):
        above, run = first_of_row[row - 1], first_of_row[row]
        while above < first_of_row[row] and run < first_of_row[row + 1]:
            if starts[above] <= ends[run] and starts[run] <= ends[above]:
                parents[root(run)] = root(above)
            if ends[above] < ends[run]:
                above += 1
            else:
                run += 1
    boxes: dict[int, tuple[int, int, int, int, int]] = {}
    for run, (row, start, end) in enumerate(zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True)):
        left, top, right, bottom, count = boxes.get(root(run), (start, row, end, row + 1, 0))
        boxes[root(run)] = (min(left, start), min(top, row), max(right, end), max(bottom, row + 1), count + end - start)
    return list(boxes.values())
