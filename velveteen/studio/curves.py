"""What a run has measured, as curves of so many points as a screen has: a long history costs no more than a short one."""

import bisect
import threading
from array import array
from collections import OrderedDict, deque
from typing import Any

from velveteen.training.overfitting import Overfitting
from velveteen.training.runs import Point, RunHistory

_RUNS = 20
"""How many runs are held in memory; others are read anew."""
_AT_ONCE = 20_000
"""Points read from the history at a time."""
_RECENT = 20
"""Points that tell how fast a training is: not those before it was stopped and resumed."""


class Curves:
    """The curves of the runs in a history. Each point is read from the history once.

    Args:
        history: where they are.
    """

    def __init__(self, history: RunHistory):
        self._history = history
        self._held: OrderedDict[int, _Held] = OrderedDict()
        self._lock = threading.Lock()

    def of(
        self, run: int, width: int, first: float | None = None, last: float | None = None, kind: str | None = None
    ) -> dict[str, Any]:
        """Returns the curves of a run.

        Args:
            run: its number.
            width: buckets for the range; each curve has at most two points in one: its least and its most, so that no peak is
                lost.
            first, last: the range of epochs; by default all. The nearest point on either side of it is there too.
            kind: "batch" or "epoch" for these points only.

        Returns:
            {"curves": [{"name", "kind", "steps", "values"}], "points": how many points there are without down-sampling}.

        Raises:
            MissingFileError: there is no such run.
        """
        with self._lock:
            held = self._read(run)
            curves = [
                {"name": name, "kind": of_kind, **series.between(width, first, last)}
                for (of_kind, name), series in held.series.items()
                if kind is None or kind == of_kind
            ]
            return {"curves": curves, "points": held.count}

    def summary(self, run: int) -> dict[str, Any]:
        """Returns what is told of a run beside its curves.

        Returns:
            {"number": of the last point, "step", "seconds": of the last point, "epoch": figures of the last epoch,
            "batch": those of the last batches, "epochs_per_second", "advice": if it overfits}.
        """
        with self._lock:
            held = self._read(run)
            return {
                "number": held.number,
                "step": held.last.step if held.last else 0.0,
                "seconds": held.last.seconds if held.last else 0.0,
                "epoch": held.figures.get("epoch"),
                "batch": held.figures.get("batch"),
                "epochs_per_second": held.speed(),
                "advice": held.advice,
            }

    def _read(self, run: int) -> "_Held":
        self._history.get(run)
        held = self._held.setdefault(run, _Held())
        self._held.move_to_end(run)
        while len(self._held) > _RUNS:
            self._held.popitem(last=False)
        if held.rewound(self._history, run):
            held = self._held[run] = _Held()
        while new := self._history.points(run, held.number, _AT_ONCE):
            for point in new:
                held.add(point)
        return held


class _Held:
    """What was read of a run."""

    def __init__(self) -> None:
        self.series: dict[tuple[str, str], _Series] = {}
        self.figures: dict[str, dict[str, float | None]] = {}
        self.number = 0
        self.count = 0
        self.last: Point | None = None
        self.advice: str | None = None
        self._recent: deque[Point] = deque(maxlen=_RECENT)
        self._rule = Overfitting()

    def add(self, point: Point) -> None:
        """Takes the next point."""
        for name, value in point.figures.items():
            self.series.setdefault((point.kind, name), _Series()).add(point.step, value)
        self.figures[point.kind] = point.figures
        self.number, self.last = point.number, point
        self.count += 1
        self._recent.append(point)
        loss, validation = point.figures.get("loss"), point.figures.get("val_loss")
        if point.kind == "epoch" and loss is not None and validation is not None:
            self.advice = self._rule.hear(round(point.step), loss, validation) or self.advice

    def rewound(self, history: RunHistory, run: int) -> bool:
        """Returns whether a training that was resumed has taken points back since."""
        return self.last is not None and history.points(run, self.number - 1, 1)[:1] != [self.last]

    def speed(self) -> float | None:
        """Returns epochs a second, over the last points."""
        if not self._recent or self._recent[-1].seconds <= self._recent[0].seconds:
            return None
        first, last = self._recent[0], self._recent[-1]
        return (last.step - first.step) / (last.seconds - first.seconds)


class _Series:
    """A figure over the epochs."""

    def __init__(self) -> None:
        self.steps = array("d")
        self.values = array("d")

    def add(self, step: float, value: float | None) -> None:
        self.steps.append(step)
        self.values.append(float("nan") if value is None else value)

    def between(self, width: int, first: float | None, last: float | None) -> dict[str, list[float | None]]:
        """Returns steps and values of at most 2 · width + 4 points; None where a value was no number."""
        start = 0 if first is None else max(0, bisect.bisect_left(self.steps, first) - 1)
        end = len(self.steps) if last is None else min(len(self.steps), bisect.bisect_right(self.steps, last) + 1)
        chosen = extremes(self.values, start, end, width)
        values = [self.values[place] for place in chosen]
        return {
            "steps": [self.steps[place] for place in chosen],
            "values": [None if value != value else value for value in values],
        }


def extremes(values: "array[float]", start: int, end: int, width: int) -> list[int]:
    """Returns the places of the least and the most value in each of so many buckets, and of the first and the last one.

    With no more than two values a bucket, all places are returned. What is no number is passed over, unless a bucket has
    nothing else.
    """
    count = end - start
    if count <= 2 * width + 2:
        return list(range(start, end))
    chosen = {start, end - 1}
    for bucket in range(width):
        places = range(start + bucket * count // width, start + (bucket + 1) * count // width)
        numbers = [place for place in places if values[place] == values[place]] or places[:1]
        chosen |= {min(numbers, key=values.__getitem__), max(numbers, key=values.__getitem__)}
    return sorted(chosen)
