"""Checks targets: the browser renders one while the network looks at another."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from velveteen.errors import VelveteenError
from velveteen.recipes.layout import browser, main, pictures
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.findings import (
    Baseline,
    Finding,
    Ignored,
    Result,
    by_network,
    by_rule,
    outside,
    together,
)
from velveteen.recipes.layout.main import Detector
from velveteen.recipes.layout.targets import Target, resolve
from velveteen.recipes.layout.visiting import Looking, Seen, VisitError, visited

if TYPE_CHECKING:
    from playwright.async_api import Browser

VIEWPORT = (1280, 800)
_BROWSERS = 2


@dataclass(frozen=True)
class Options:
    """How to check.

    Args:
        viewports: width and height each, in CSS pixels; pages are looked at in each.
        looking: how to look at pages.
        ignored: what is not to be told.
        kinds: which kinds to look for.
        threshold: from which probability the network is sure, instead of what it was given in training.
        scale: of picture files, their pixels in a CSS pixel.
    """

    viewports: tuple[tuple[int, int], ...] = (VIEWPORT,)
    looking: Looking = field(default_factory=Looking)
    ignored: Ignored = field(default_factory=Ignored)
    kinds: tuple[str, ...] = tuple(FAULTS)
    threshold: float | None = None
    scale: float = 1.0


def check(
    targets: Sequence[str],
    options: Options | None = None,
    *,
    model: str | Path | Detector | None = None,
    baseline: str | Path | None = None,
    accept: bool = False,
    told: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Checks pages and pictures for broken layout.

    Args:
        targets: addresses, HTML files, folders of a static site, sitemaps, picture files.
        options: how.
        model: a network's folder, or what `main.load` returned. Without one the rules alone judge pages, and the network
            that ships judges pictures.
        baseline: the file with findings that were accepted; they are not told again. It need not be there.
        accept: whether to write today's findings to that file.
        told: is called with each result as soon as it is there.

    Returns:
        For each target and viewport what was found, in their order.

    Raises:
        StateError: there is no browser.
        MissingFileError, FileFormatError, ArgumentError: the model or the baseline cannot be used.
    """
    options = options or Options()
    accepted = None if baseline is None else Baseline(baseline)
    detector = model if isinstance(model, Detector) or model is None else main.load(model)
    jobs = [
        (target, viewport)
        for target in resolve(targets)
        for viewport in (options.viewports if target.address else options.viewports[:1])
    ]
    for_pictures = detector
    if detector is None and any(target.picture for target, _ in jobs):
        for_pictures = main.load(main.PRETRAINED)
    looking = replace(options.looking, kinds=options.kinds, ignored=options.ignored.selectors)
    detector, for_pictures = (_stricter(each, options.threshold) for each in (detector, for_pictures))
    results = browser.run(_Checking(replace(options, looking=looking), detector, for_pictures, told).all(jobs))
    if accepted is not None:
        if accept:
            accepted.accept(results)
        for result in results:
            accepted.take_out(result)
    return results


def _stricter(detector: Detector | None, sure: float | None) -> Detector | None:
    """Returns a detector that is sure from another probability on, if there are both."""
    if detector is None or sure is None:
        return detector
    limits = {
        kind: replace(each, unsure=min(sure, each.unsure), sure=sure, certain=sure)
        for kind, each in detector.thresholds.items()
    }
    return replace(detector, thresholds=limits)


class _Checking:
    def __init__(
        self,
        options: Options,
        detector: Detector | None,
        for_pictures: Detector | None,
        told: Callable[[Result], None],
    ):
        self._options, self._detector, self._for_pictures, self._told = options, detector, for_pictures, told
        self._network = asyncio.Lock()  # it uses all cores by itself

    async def all(self, jobs: Sequence[tuple[Target, tuple[int, int]]]) -> list[Result]:
        results: dict[int, Result] = {}
        pages = [number for number, (target, _) in enumerate(jobs) if target.address and target.error is None]
        waiting = iter(pages)

        def done(number: int, result: Result) -> None:
            results[number] = result
            self._told(result)

        async def browse() -> None:
            for first in waiting:
                async with browser.started() as chromium:
                    number: int | None = first
                    while number is not None:
                        done(number, await self._page(chromium, *jobs[number]))
                        # A page that failed may have taken the browser with it.
                        number = (
                            next(waiting, None) if chromium.is_connected() and results[number].error is None else None
                        )

        async def others() -> None:
            for number, (target, viewport) in enumerate(jobs):
                if number not in pages:
                    done(number, await self._picture(target, viewport))

        await asyncio.gather(others(), *[browse() for _ in range(min(_BROWSERS, len(pages)))])
        return [results[number] for number in range(len(jobs))]

    async def _page(self, chromium: "Browser", target: Target, viewport: tuple[int, int]) -> Result:
        result = Result(target.name, viewport)
        try:
            async with visited(chromium, target, viewport, self._options.looking) as seen:
                result.picture = seen.png
                result.height, result.width = seen.pixels.shape[:2]
                found = [by_rule(each) for each in seen.rules]
                found = await self._with_network(result, seen, found)
                self._keep(result, found, [*self._options.ignored.boxes, *seen.ignored])
        except VisitError as error:
            result.error = str(error)
        return result

    async def _picture(self, target: Target, viewport: tuple[int, int]) -> Result:
        result = Result(target.name, viewport, error=target.error)
        if target.picture is None:
            return result
        try:
            pixels, result.picture = await asyncio.to_thread(pictures.opened, target.picture, self._options.scale)
            result.height, result.width = pixels.shape[:2]
            result.viewport = (result.width, result.height)
            detector = self._for_pictures
            assert detector is not None  # there is a picture
            heat = await self._heat(result, pixels, detector)
            spots = detector.spots(heat, self._options.kinds)
            found = [by_network(spot, None, "", has_page=False) for spot in spots]
            self._keep(result, found, self._options.ignored.boxes)
        except VelveteenError as error:
            result.error = str(error)
        return result

    async def _with_network(self, result: Result, seen: Seen, rules: list[Finding]) -> list[Finding]:
        if self._detector is None:
            return rules
        heat, limits = await self._heat(result, seen.pixels, self._detector), self._detector.thresholds
        found, spots = together(rules, heat, limits, self._options.kinds)
        for spot in spots:
            at = await seen.evaluate("(box) => __layout.at(box)", list(spot.box))
            found.append(by_network(spot, at["selector"], at["text"], True, limits[spot.kind].certain))
        return found

    async def _heat(self, result: Result, pixels: np.ndarray, detector: Detector) -> np.ndarray:
        async with self._network:
            heat = await asyncio.to_thread(detector.heat, pixels)
        result.heat = await asyncio.to_thread(lambda: pictures.png(main.heat_picture(pixels, heat)))
        return heat

    def _keep(self, result: Result, found: list[Finding], ignored: Sequence[tuple[float, float, float, float]]) -> None:
        order = list(FAULTS)
        result.findings = sorted(
            outside(found, ignored), key=lambda each: (not each.sure, order.index(each.kind), each.box[1], each.box[0])
        )
