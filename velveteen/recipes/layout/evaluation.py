"""How well a network, or the rules, find faults in labelled pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from velveteen.recipes.layout.data import Picture
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.heat import NEVER, Spot, Thresholds, spots, support, unexplained

_STEP = 2 / 255
LOWEST, HIGHEST = 0.02, NEVER
"""Bounds of thresholds. Broken places are rare, and small probabilities say much already."""
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
            both.page(picture.kind, mask, together(ruled, marked, heat, thresholds))
        told(done)
    return Comparison(
        rules.result() if has_rules else None,
        network.result() if heat_of else None,
        both.result() if has_rules and heat_of else None,
    )


def together(
    rules: Sequence[Spot], marked: Sequence[Spot], heat: np.ndarray, thresholds: Mapping[str, Thresholds]
) -> list[Spot]:
    """Returns what `check` says of a page with a DOM: see `findings.together`."""

    def of(kind: str) -> Thresholds:
        return thresholds.get(kind, Thresholds())

    confirmed = [replace(each, sure=each.sure and support(heat, each.box) >= of(each.kind).confirms) for each in rules]
    alone = [
        replace(each, sure=each.score >= of(each.kind).certain)
        for each in unexplained(marked, [each.box for each in rules])
    ]
    return [*confirmed, *alone]


def _spot(rule: Mapping[str, Any]) -> Spot:
    x, y, width, height = (round(length) for length in rule["box"])
    return Spot(rule["kind"], (x, y, max(1, width), max(1, height)), 1.0, rule["sure"])


@dataclass(frozen=True)
class Scored:
    """What is said of a picture: of a sound one anywhere, of a broken one at its fault.

    Args:
        kind: of its fault, or None: it is sound.
        highest: of each kind the network's highest probability.
        support: of each kind the highest probability, of whatever kind, at what a rule is sure of; below 0 where none is.
    """

    kind: str | None
    highest: tuple[float, ...]
    support: tuple[float, ...] = ()


def scored(picture: Picture, heat: np.ndarray) -> Scored:
    """Returns what a heat map, uint8 [height, width, kinds], and the rules say of a picture."""
    mask, rules = picture.mask(), [_spot(each) for each in picture.rules() or ()]
    if picture.kind is not None:
        rules = [each for each in rules if touches(each, mask)]
    supports = [
        max((support(heat, each.box) for each in rules if each.sure and each.kind == kind), default=-1.0)
        for kind in FAULTS
    ]
    places = slice(None), slice(None)
    if picture.kind is not None:
        rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        if len(rows):
            places = (
                slice(max(0, rows[0] - NEAR), rows[-1] + NEAR),
                slice(max(0, columns[0] - NEAR), columns[-1] + NEAR),
            )

    return Scored(picture.kind, tuple((heat[places].max(axis=(0, 1)) / 255).tolist()), tuple(supports))


def chosen_thresholds(
    pages: Sequence[Scored],
    sure: float,
    unsure: float,
    with_page: float,
    least: Mapping[str, Thresholds] | None = None,
) -> dict[str, Thresholds]:
    """Returns the thresholds with which so few sound pages raise an alarm and most faults are found.

    Args:
        pages: sound and broken ones.
        sure: of 100 sound pages, those that may have a sure finding, of whatever kind, in the picture alone.
        unsure: the same for findings that are listed as unsure.
        with_page: the same for sure findings where there is a DOM. What the network marks and no rule finds is unsure there: on strange
            sites a network that was sure alone raised three alarms of 100 more, and found nothing that the rules had not.
        least: thresholds to begin from, which are only raised; by default there are none, and a kind by which no broken page is found
            is never marked.
    """
    sound, broken = [each for each in pages if each.kind is None], [each for each in pages if each.kind is not None]
    of_sound, of_broken = (_matrix([each.highest for each in some]) for some in (sound, broken))
    upper_least, lower_least = [LOWEST] * len(FAULTS), [LOWEST] * len(FAULTS)
    if least is not None:
        before = [least.get(kind, Thresholds()) for kind in FAULTS]
        upper_least, lower_least = [each.sure for each in before], [each.unsure for each in before]
    upper, lower = (
        _with_room(limits(of_sound, of_broken, alarms, lowest), of_broken)
        for alarms, lowest in ((sure, upper_least), (unsure, lower_least))
    )
    if least is None:
        upper, lower = (_without_idle(each, of_broken) for each in (upper, lower))
    confirms = [0.0] * len(FAULTS)
    if all(each.support for each in pages) and pages:
        supports = [_matrix([each.support for each in some]) for some in (sound, broken)]
        confirms = limits(supports[0], supports[1], with_page, 0.0)
    return {
        kind: Thresholds(min(low, high), high, confirmed)
        for kind, low, high, confirmed in zip(FAULTS, lower, upper, confirms, strict=True)
    }


def _without_idle(limits: Sequence[float], broken: np.ndarray) -> list[float]:
    """Returns limits; one that no broken page reaches is too high for any: elsewhere it would only raise alarms."""
    return np.where((broken >= np.array(limits)).any(axis=0), limits, HIGHEST).tolist()


def _with_room(limits: Sequence[float], broken: np.ndarray) -> list[float]:
    """Returns limits half as far up as they could go and mark the same broken pages: strange sound ones reach a little higher.

    Args:
        limits: from `limits`, which are just above what the sound pages reach.
        broken: [pages, columns].
    """
    raised = np.array(limits)
    for column in range(len(raised)):
        marked = broken >= raised
        is_needed = marked[:, column] & (marked.sum(axis=1) == 1)
        if is_needed.any():
            raised[column] += (broken[is_needed, column].min() - raised[column]) / 2
    return raised.tolist()


def _matrix(rows: Sequence[Sequence[float]]) -> np.ndarray:
    return np.array(rows, np.float64) if rows else np.zeros((0, len(FAULTS)))


def limits(sound: np.ndarray, broken: np.ndarray, alarms: float, lowest: float | Sequence[float]) -> list[float]:
    """Returns a limit for each column; a page is marked when any value of its row reaches its column's limit.

    Limits begin above what all sound pages reach. Then one is lowered after the other: always that which marks most further
    broken pages for each further sound one.

    Args:
        sound, broken: [pages, columns].
        alarms: of 100 sound pages, those that may be marked.
        lowest: the least limit, of all columns or of each.
    """
    columns = sound.shape[1]
    least = np.broadcast_to(np.asarray(lowest, np.float64), (columns,))
    steps = [
        np.unique(np.append(sound[:, column] + _STEP, least[column])).clip(least[column], HIGHEST)[::-1]
        for column in range(columns)
    ]
    chosen = np.array([step[0] for step in steps])
    most = alarms / 100 * len(sound)
    while True:
        alarmed, found = (sound >= chosen).any(axis=1), (broken >= chosen).any(axis=1)
        best, rate = None, 0.0
        for column, step in enumerate(steps):
            for limit in step[step < chosen[column]]:
                cost = np.count_nonzero(alarmed | (sound[:, column] >= limit)) - np.count_nonzero(alarmed)
                if np.count_nonzero(alarmed) + cost > most:
                    break
                gain = np.count_nonzero(found | (broken[:, column] >= limit)) - np.count_nonzero(found)
                if gain / (cost + 0.1) > rate:
                    best, rate = (column, limit), gain / (cost + 0.1)
        if best is None:
            break
        chosen[best[0]] = best[1]
    return chosen.tolist()
