"""What a kind of fault is, and how ink is measured in pictures."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

INK = 24
"""A pixel counts as ink when a channel differs by more than this, of 255, from the same picture without it."""


@dataclass(frozen=True)
class Edge:
    """An edge that cuts something off.

    Args:
        side: "left", "top", "right" or "bottom": which end of the thing is beyond.
        at: where the edge is, in CSS pixels from the viewport's left or top.
        box: the whole thing, cut or not: x, y, width and height.
    """

    side: str
    at: float
    box: tuple[float, float, float, float]


@dataclass
class Injected:
    """A fault in a page, as the browser tells.

    Args:
        boxes: the places of the fault: x, y, width and height in CSS pixels of the viewport.
        before: the page's picture without the fault, uint8 [height, width, 3].
        after: and with it.
        scale: picture pixels in a CSS pixel.
        edges: what cuts something off.
    """

    boxes: list[tuple[float, float, float, float]]
    before: np.ndarray
    after: np.ndarray
    scale: float
    edges: list[Edge] = field(default_factory=list)

    def region(self) -> np.ndarray:
        """Returns the mask: a bool array of the pictures' height and width."""
        return filled(self.boxes, self.after.shape[:2], self.scale)

    def leave_out_unseen(self, seen: np.ndarray) -> None:
        """Removes the boxes without a pixel in `seen`, [height, width]: of a text that is partly under something, say."""
        self.boxes = [box for box in self.boxes if (seen & filled([box], self.after.shape[:2], self.scale)).any()]


class Camera(Protocol):
    """Takes pictures of an injected page, with parts of it not shown."""

    def __call__(self, **state: str) -> Awaitable[np.ndarray]:
        """Returns the viewport's picture, [height, width, 3], where the roles ("target", or of a pair "first" and
        "second") have the classes that browser.js knows: __no_ink, __hidden, __no_clip."""


@dataclass(frozen=True)
class Fault:
    """A kind of fault; what happens in the page stands in the file of the same name, `.js`.

    Args:
        name: the name in JSON.
        title: what to call it in a sentence.
        ways: the names of the ways in which it is injected; the file's `ways` has the same.
        shows: tells whether the picture shows an injected fault.
        tell: what is wrong and what to try, from by how many pixels, and how (as the rule says).
        colour: of its boxes in pictures, red, green and blue.
    """

    name: str
    title: str
    ways: tuple[str, ...]
    shows: Callable[[Injected, Camera], Awaitable[bool]]
    tell: Callable[[float, str], str]
    colour: tuple[int, int, int]

    @property
    def script(self) -> str:
        """What the page is given: candidates, ways, mask and rule of this kind."""
        return (Path(__file__).parent / f"{self.name.replace('-', '_')}.js").read_text(encoding="utf-8")


def ink(picture: np.ndarray, without: np.ndarray) -> np.ndarray:
    """Returns where two pictures differ: a bool array [height, width]."""
    height, width = (min(a, b) for a, b in zip(picture.shape[:2], without.shape[:2], strict=True))
    one, other = picture[:height, :width], without[:height, :width]
    # Three comparisons of whole pictures take a ninth of what numpy needs for the highest of each pixel's three values.
    red, green, blue = np.moveaxis(np.maximum(one, other) - np.minimum(one, other) > INK, -1, 0)
    return red | green | blue


def filled(boxes: list[tuple[float, float, float, float]], shape: tuple[int, ...], scale: float) -> np.ndarray:
    """Returns a bool array [height, width], true in the boxes (CSS pixels; `scale` picture pixels each)."""
    mask = np.zeros(shape[:2], dtype=bool)
    for x, y, width, height in boxes:
        left, top = max(0, round(x * scale)), max(0, round(y * scale))
        mask[top : max(top + 1, round((y + height) * scale)), left : max(left + 1, round((x + width) * scale))] = True
    return mask


def crossing(drawn: np.ndarray, edge: Edge, scale: float) -> int:
    """Returns how many pixels along an edge have ink on both sides, close to it: how much ink it cuts.

    Args:
        drawn: where ink is when nothing is cut, [height, width].
        edge: the edge.
        scale: picture pixels in a CSS pixel.
    """
    x, y, width, height = (round(length * scale) for length in edge.box)
    at = round(edge.at * scale)
    if edge.side in ("left", "right"):
        strip, place = drawn[max(0, y) : y + height], at
    else:
        strip, place = drawn[:, max(0, x) : x + width].T, at
    if not 2 <= place <= strip.shape[1] - 2:
        return 0
    return int((strip[:, place - 2 : place].any(axis=1) & strip[:, place : place + 2].any(axis=1)).sum())


def pixels(length: float) -> str:
    """Returns a length as a person says it."""
    rounded = round(length)
    return f"{rounded} pixel" if rounded == 1 else f"{rounded} pixels"
