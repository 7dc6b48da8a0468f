"""How well a network, or the rules, find faults in labelled pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from velveteen.recipes.layout.data import Picture
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.heat import Spot, Thresholds, spots

NEAR = 16
"""A finding that is no more than so many pixels away from the mask has found the fault."""


@dataclass(frozen=True)
class OfKind:
    """How well one kind is found.

    Attributes:
        pictures: with this fault.
        found: the share of them with a sure finding at the fault, of whatever kind: recall.
        named: the share of them whose finding has the right kind.
        false_alarms: per 100 sound pages, sure findings' pages of this kind.
        iou: intersection over union of the pixels, of all pictures together; None for rules, which mark boxes.
    """

    pictures: int
    found: float
    named: float
    false_alarms: float
    iou: float | None


@dataclass(frozen=True)
class Evaluation:
    """How well the faults in labelled pictures are found.

    Attributes:
        broken, sound: how many pictures.
        precision: of the pictures with a sure finding, the share that is broken.
        recall: of the broken pictures, the share with a sure finding at the fault.
        false_alarms: sound pages with a sure finding, per 100.
        mean_iou: over the kinds that occur.
        kinds: by name; only those that occur.
    """

    broken: int
    sound: int
    precision: float
    recall: float
    false_alarms: float
    mean_iou: float | None
    kinds: dict[str, OfKind]


class Counts:
    """Counts picture after picture."""

    def __init__(self, has_pixels: bool = True) -> None:
        size = len(FAULTS)
        self._has_pixels = has_pixels
        self._both, self._either = np.zeros(size, np.int64), np.zeros(size, np.int64)
        self._pictures, self._found, self._named = (dict.fromkeys(FAULTS, 0) for _ in range(3))
        self._alarms = dict.fromkeys(FAULTS, 0)
        self._sound = self._sound_alarmed = self._broken_alarmed = 0

    def pixels(self, heat: np.ndarray, mask: np.ndarray, thresholds: Mapping[str, Thresholds]) -> None:
        """Counts the pixels of a heat map, uint8 [height, width, kinds], and its mask, classes [height, width]."""
        for number, kind in enumerate(FAULTS):
            marked = heat[..., number] >= thresholds.get(kind, Thresholds()).unsure * 255
            is_there = mask == number + 1
            self._both[number] += np.count_nonzero(marked & is_there)
            self._either[number] += np.count_nonzero(marked | is_there)

    def page(self, kind: str | None, mask: np.ndarray, found: Sequence[Spot]) -> None:
        """Counts a page: its fault's kind or None, its mask, and what was found."""
        sure = [spot for spot in found if spot.sure]
        if kind is None:
            self._sound += 1
            self._sound_alarmed += bool(sure)
            for name in {spot.kind for spot in sure}:
                self._alarms[name] += 1
            return
        at = [spot for spot in sure if touches(spot, mask)]
        self._pictures[kind] += 1
        self._found[kind] += bool(at)
        self._named[kind] += any(spot.kind == kind for spot in at)
        self._broken_alarmed += bool(sure)

    def result(self) -> Evaluation:
        """Returns the figures."""
        kinds = {}
        for number, name in enumerate(FAULTS):
            count = self._pictures[name]
            if count:
                iou = self._both[number] / max(1, self._either[number]) if self._has_pixels else None
                alarms = 100 * self._alarms[name] / self._sound if self._sound else 0.0
                kinds[name] = OfKind(
                    count,
                    self._found[name] / count,
                    self._named[name] / count,
                    alarms,
                    None if iou is None else float(iou),
                )
        broken, alarmed = sum(self._pictures.values()), self._broken_alarmed + self._sound_alarmed
        ious = [each.iou for each in kinds.values() if each.iou is not None]
        return Evaluation(
            broken,
            self._sound,
            self._broken_alarmed / alarmed if alarmed else 1.0,
            sum(self._found.values()) / broken if broken else 1.0,
            100 * self._sound_alarmed / self._sound if self._sound else 0.0,
            sum(ious) / len(ious) if ious else None,
            kinds,
        )


def touches(spot: Spot, mask: np.ndarray) -> bool:
    """Returns whether a finding is at the fault."""
    x, y, width, height = spot.box
    rows = slice(max(0, y - NEAR), y + height + NEAR)
    return bool(mask[rows, max(0, x - NEAR) : x + width + NEAR].any())


@dataclass(frozen=True)
class Comparison:
    """What `evaluate` returns: the rules on the DOM, the network on the picture, and both together, each where it is known."""

    rules: Evaluation | None
    network: Evaluation | None
    both: Evaluation | None


def measure(
    pictures: Sequence[Picture],
    heat_of: Callable[[Picture], np.ndarray] | None,
    thresholds: Mapping[str, Thresholds],
    told: Callable[[int], None] = lambda done: None,
) -> Comparison:
    """Returns how well broken pages are told from sound ones.

    Args:
        pictures: from `data.load`.
        heat_of: returns a picture's heat map, uint8 [height, width, kinds]; None where there is no network.
        thresholds: of each kind.
        told: is called with the number of pictures done.
    """
    rules, network, both = Counts(has_pixels=False), Counts(), Counts(has_pixels=False)
    has_rules = True
    for done, picture in enumerate(pictures, 1):
        mask, by_rules = picture.mask(), picture.rules()
        has_rules &= by_rules is not None
        ruled = [_spot(each) for each in by_rules or ()]
        rules.page(picture.kind, mask, ruled)
        if heat_of is not None:
            heat = heat_of(picture)
            marked = spots(heat, thresholds)
            network.pixels(heat, mask, thresholds)
            network.page(picture.kind, mask, marked)
            both.page(picture.kind, mask, [*ruled, *marked])
        told(done)
    return Comparison(
        rules.result() if has_rules else None,
        network.result() if heat_of else None,
        both.result() if has_rules and heat_of else None,
    )


def _spot(rule: Mapping[str, Any]) -> Spot:
    x, y, width, height = (round(length) for length in rule["box"])
    return Spot(rule["kind"], (x, y, max(1, width), max(1, height)), 1.0, rule["sure"])


def chosen_thresholds(
    sound: Sequence[Mapping[str, float]], false_alarms: float, unsure: float
) -> dict[str, Thresholds]:
    """Returns thresholds by which so few sound pages raise an alarm.

    Args:
        sound: for each sound page the highest probability of each kind.
        false_alarms: pages with a sure finding, per 100; the kinds take equal parts.
        unsure: the same for findings that are listed as unsure.
    """
    limits = {}
    for kind in FAULTS:
        values = np.array([page.get(kind, 0.0) for page in sound] or [0.0])
        at = [
            float(np.quantile(values, 1 - min(1.0, rate / 100 / len(FAULTS)), method="higher"))
            for rate in (unsure, false_alarms)
        ]
        # Just above what sound pages reach, and never so low that every page has a finding.
        low, high = (min(0.996, max(0.3, value + 2 / 255)) for value in at)
        limits[kind] = Thresholds(low, max(low, high))
    return limits
