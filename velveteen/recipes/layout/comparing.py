"""Compares a page with how it was: only what is broken now and was not is told, whatever else has changed."""

import io
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageChops

from velveteen.recipes.layout.checking import Options, check
from velveteen.recipes.layout.findings import Result, is_same
from velveteen.recipes.layout.main import Detector

_VISIBLE = 24
"""A pixel has changed when a channel differs by more than this, of 255."""


@dataclass
class Compared:
    """A target of NEW.

    Attributes:
        result: with those findings alone that OLD has not; `accepted` counts the others.
        changed: the share of the picture's pixels that differ, from 0 to 1; None where there is nothing to compare with.
    """

    result: Result
    changed: float | None

    def as_json(self) -> dict[str, Any]:
        """Returns what stands in the JSON of a comparison."""
        return {**self.result.as_json(), "changed": None if self.changed is None else round(self.changed, 5)}


def compare(
    old: str,
    new: str,
    options: Options | None = None,
    *,
    model: str | Path | Detector | None = None,
    told: Callable[[Result], None] = lambda result: None,
) -> list[Compared]:
    """Checks OLD and NEW, and returns what is broken in NEW alone.

    Args:
        old, new: targets of one kind, as `check` takes them; in two folders pages of the same name belong together.
        options, model: as for `check`.
        told: is called with each result as soon as it is there.

    Raises: as `check`.
    """
    before = _by_page(check([old], options, model=model, told=told), old)
    after = _by_page(check([new], options, model=model, told=told), new)
    return [
        _compared(earlier, result)
        for name, results in after.items()
        for earlier, result in itertools.zip_longest(before.get(name, [])[: len(results)], results)
    ]


def _by_page(results: Sequence[Result], target: str) -> dict[str, list[Result]]:
    """Returns the results of each page, a viewport after the other; its name is what the target's own does not say."""
    pages: dict[str, list[Result]] = {}
    for result in results:
        pages.setdefault(result.target.removeprefix(target).lstrip("/"), []).append(result)
    return pages


def _compared(before: Result | None, after: Result) -> Compared:
    if before is None or before.error is not None or after.error is not None:
        if before is not None and before.error is not None and after.error is None:
            after.error = f"What to compare it with could not be checked: {before.error}"
        return Compared(after, None)
    earlier = [finding.as_json() for finding in before.findings]
    new = [finding for finding in after.findings if not any(is_same(each, finding) for each in earlier)]
    after.accepted, after.findings = len(after.findings) - len(new), new
    return Compared(after, changed(before.picture or b"", after.picture or b""))


def changed(before: bytes, after: bytes) -> float:
    """Returns the share of pixels that differ between two pictures, of those of the larger one.

    Args:
        before, after: PNG.
    """
    with Image.open(io.BytesIO(before)) as one, Image.open(io.BytesIO(after)) as other:
        first, second = one.convert("RGB"), other.convert("RGB")
    width, height = min(first.width, second.width), min(first.height, second.height)
    box = (0, 0, width, height)
    differs = np.asarray(ImageChops.difference(first.crop(box), second.crop(box))).max(axis=-1) > _VISIBLE
    whole = max(first.width, second.width) * max(first.height, second.height)
    return float((np.count_nonzero(differs) + whole - width * height) / whole)
