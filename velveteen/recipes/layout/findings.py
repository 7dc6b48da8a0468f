"""Findings: what the rules and the network say, what is left out, and what was accepted earlier."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from velveteen.errors import ArgumentError, FileFormatError
from velveteen.io.files import write_beside_then_rename
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.heat import NEVER, Spot, Thresholds, spots, support, unexplained

Box = tuple[float, float, float, float]
"""x, y, width and height in CSS pixels of the picture."""
_COVERED = 0.5
"""A finding is left out when so much of it lies in an ignored box."""
_SAME = 0.5
"""Boxes are the same place when their intersection over union is no less."""


@dataclass(frozen=True)
class Finding:
    """Something broken.

    Args:
        kind: one of FAULTS.
        sure: whether it fails the run.
        box: where.
        score: from 0 to 1; 1 for what a rule measured.
        selector: the element's CSS selector; None where there is no DOM.
        advice: what is wrong and what to try.
        text: what the element says.
        rule: what the rule measured, or "" when the network alone has found it.
    """

    kind: str
    sure: bool
    box: Box
    score: float
    selector: str | None
    advice: str
    text: str = ""
    rule: str = ""

    def as_json(self) -> dict[str, Any]:
        """Returns what stands in the JSON of a run."""
        return {
            "kind": self.kind,
            "sure": self.sure,
            "box": [round(length, 1) for length in self.box],
            "score": round(self.score, 3),
            "selector": self.selector,
            "advice": self.advice,
        }


@dataclass
class Result:
    """What became of a target in a viewport.

    Args:
        target: its name.
        viewport: width and height in CSS pixels.
        width, height: of the picture, in CSS pixels.
        findings: new ones.
        accepted: how many were accepted earlier.
        error: why it could not be checked.
        picture, heat: PNG, as the page looked, and what the network marks.
    """

    target: str
    viewport: tuple[int, int]
    width: int = 0
    height: int = 0
    findings: list[Finding] = field(default_factory=list)
    accepted: int = 0
    error: str | None = None
    picture: bytes | None = None
    heat: bytes | None = None

    @property
    def ok(self) -> bool:
        """Whether it was checked, and nothing sure was found."""
        return self.error is None and not any(each.sure for each in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Returns what stands in the JSON of a run."""
        return {
            "target": self.target,
            "viewport": list(self.viewport),
            "width": self.width,
            "height": self.height,
            "ok": self.ok,
            "error": self.error,
            "findings": [each.as_json() for each in self.findings],
        }


def by_rule(found: dict[str, Any]) -> Finding:
    """Returns a finding of the page's script."""
    fault = FAULTS[found["kind"]]
    sure = bool(found["sure"])
    measured = f"{found['off']:.0f} px {found['how']}".strip() if found["off"] else found["how"] or fault.title
    return Finding(
        fault.name,
        sure,
        tuple(found["box"]),
        1.0 if sure else 0.5,
        found["selector"],
        fault.tell(found["off"], found["how"]),
        found["text"],
        measured,
    )


def confirmed(finding: Finding, heat: np.ndarray, thresholds: Mapping[str, Thresholds]) -> Finding:
    """Returns what a rule found, no longer sure where the network sees nothing there."""
    if not finding.sure or support(heat, finding.box) >= thresholds.get(finding.kind, Thresholds()).confirms:
        return finding
    return replace(
        finding, sure=False, score=0.5, advice=f"{finding.advice} The picture shows no fault here; have a look."
    )


def together(
    rules: Sequence[Finding], heat: np.ndarray, thresholds: Mapping[str, Thresholds], kinds: Sequence[str]
) -> tuple[list[Finding], list[Spot]]:
    """Returns what rules found, sure or not after a look at the heat map, and what the network marks beside that."""
    marked = unexplained(spots(heat, thresholds, kinds), [each.box for each in rules])
    return [confirmed(each, heat, thresholds) for each in rules], marked


def by_network(spot: Spot, selector: str | None, text: str, has_page: bool, certain: float = NEVER) -> Finding:
    """Returns a finding of the network.

    Args:
        spot: what it marks.
        selector, text: of the element there, where there is a DOM.
        has_page: whether there is one; no rule has found anything there, so that the network must be certain to be sure.
        certain: from which probability it is.
    """
    advice = f"{FAULTS[spot.kind].title.capitalize()}: the picture looks like it here."
    if has_page:
        advice += " No rule confirms it; have a look."
    box = tuple(float(length) for length in spot.box)
    sure = spot.score >= certain if has_page else spot.sure
    return Finding(spot.kind, sure, box, spot.score, selector, advice, text)  # type: ignore[arg-type]


def outside(findings: Sequence[Finding], ignored: Sequence[Box]) -> list[Finding]:
    """Returns the findings that lie in no ignored box."""

    def share(box: Box, other: Box) -> float:
        return _common(box, other) / max(1e-6, box[2] * box[3])

    return [each for each in findings if all(share(each.box, box) < _COVERED for box in ignored)]


def _common(a: Box, b: Box) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)


@dataclass(frozen=True)
class Ignored:
    """What is not to be told.

    Args:
        selectors: of elements; what is in them does not count either.
        boxes: of the picture.
    """

    selectors: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()

    @classmethod
    def parsed(cls, lines: Sequence[str]) -> "Ignored":
        """Returns what lines say: a CSS selector or a box `x,y,width,height` each; lines that begin with "# " say nothing.

        Raises:
            ArgumentError: a box of no size.
        """
        selectors: list[str] = []
        boxes: list[Box] = []
        for said in (line.strip() for line in lines):
            if not said or said == "#" or said.startswith("# "):
                continue
            try:
                numbers = [float(part) for part in said.split(",")]
            except ValueError:
                selectors.append(said)
                continue
            if len(numbers) != 4 or min(numbers[2:]) <= 0:
                raise ArgumentError(f'A box to ignore is x,y,width,height in CSS pixels, got "{said}".')
            boxes.append((numbers[0], numbers[1], numbers[2], numbers[3]))
        return cls(tuple(selectors), tuple(boxes))


class Baseline:
    """The findings that were accepted, in a JSON file."""

    def __init__(self, file: str | Path):
        self.file = Path(file)
        self._accepted: list[dict[str, Any]] = []
        if self.file.exists():
            try:
                content = json.loads(self.file.read_text(encoding="utf-8"))
                self._accepted = [dict(each, box=[float(part) for part in each["box"]]) for each in content["accepted"]]
                for each in self._accepted:
                    _ = each["target"], each["viewport"], each["kind"], each["selector"]
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise FileFormatError(
                    f"{file} is no list of accepted findings ({type(error).__name__}: {error!s:.100}). Remove it, or write it anew with --accept."
                ) from error

    def take_out(self, result: Result) -> None:
        """Removes from a result what was accepted, and counts it."""
        new = [each for each in result.findings if not self._has(result, each)]
        result.accepted = len(result.findings) - len(new)
        result.findings = new

    def _has(self, result: Result, finding: Finding) -> bool:
        return any(
            each["target"] == result.target and each["viewport"] == list(result.viewport) and is_same(each, finding)
            for each in self._accepted
        )

    def accept(self, results: Sequence[Result]) -> int:
        """Writes today's findings of the targets that could be checked; keeps those of targets that were not. Returns how many."""
        checked = {(each.target, each.viewport) for each in results if each.error is None}
        kept = [each for each in self._accepted if (each["target"], tuple(each["viewport"])) not in checked]
        new = [_remembered(result, finding) for result in results for finding in result.findings]
        self._accepted = kept + new
        text = json.dumps({"accepted": self._accepted}, indent=1, ensure_ascii=False)
        write_beside_then_rename(self.file, (text + "\n").encode())
        return len(new)


def is_same(earlier: dict[str, Any], finding: Finding) -> bool:
    """Returns whether a finding is one of earlier, {"kind", "box", "selector"}: of the same element, or in the same place."""
    if earlier["kind"] != finding.kind:
        return False
    if earlier["selector"] is not None and earlier["selector"] == finding.selector:
        return True
    box = (earlier["box"][0], earlier["box"][1], earlier["box"][2], earlier["box"][3])
    both = _common(box, finding.box)
    return both >= _SAME * (box[2] * box[3] + finding.box[2] * finding.box[3] - both)


def _remembered(result: Result, finding: Finding) -> dict[str, Any]:
    told = finding.as_json()
    return {
        "target": result.target,
        "viewport": list(result.viewport),
        **{name: told[name] for name in ("kind", "box", "selector")},
    }
