"""Makes labelled pictures: a sound page, and the same page with a fault that its picture shows."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from velveteen.recipes.layout.browser import decoded, photographed, scripts, started
from velveteen.recipes.layout.faults import FAULTS, Edge, Fault, Injected
from velveteen.recipes.layout.pages import Page
from velveteen.recipes.layout.targets import LOCAL, Target
from velveteen.recipes.layout.visiting import serve

if TYPE_CHECKING:
    from playwright.async_api import Browser

_TRIES = 3
"""So often is a kind tried on a page, before the next kind's turn."""
_AROUND = 12
"""CSS pixels beside a fault that are photographed to measure its ink."""
_LONGEST = 60.0
"""Seconds for one page; one that takes longer is passed over."""
_WIDE = 1280
"""CSS pixels; in a viewport of so many every page for a desktop should fit."""
_SCROLLS_SIDEWAYS = "() => document.documentElement.scrollWidth > innerWidth + 2"


@dataclass(frozen=True)
class Visit:
    """A page of somebody's, to be looked at like a generated one.

    Args:
        target: the page.
        width, height: of the viewport, in CSS pixels.
        scale: picture pixels in a CSS pixel.
        scroll: how far down to look, from 0, the top, to 1, the end.
        is_alone: whether to ask nobody else for what the page wants from elsewhere.
    """

    target: Target
    width: int
    height: int
    scale: int
    scroll: float
    is_alone: bool = False


@dataclass(frozen=True)
class Example:
    """A labelled picture.

    Args:
        seed: the number it was made from.
        page: what is on it.
        picture: PNG.
        mask: class indices, uint8 [height, width] of the picture: 0 sound, then FAULTS in their order.
        kind: the fault's name, or None for a sound page.
        way: how it was injected.
        boxes: where it is: x, y, width and height in CSS pixels.
        rules: what the rules find on the same page, as browser.js says it.
    """

    seed: int
    page: Page | Visit
    picture: bytes
    mask: np.ndarray
    kind: str | None = None
    way: str | None = None
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Tally:
    """What became of the injections: by kind, how many were kept, not seen in the picture, or could not be done."""

    kept: Counter[str] = field(default_factory=Counter)
    unseen: Counter[str] = field(default_factory=Counter)
    impossible: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Shown:
    """An injected fault: how, where (no boxes where the picture does not show it), the picture, and what the rules say."""

    way: str
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    picture: bytes = b""
    rules: list[dict[str, Any]] = field(default_factory=list)


class Studio:
    """One tab of the browser, used for one page after the other."""

    def __init__(self, page: Any, devtools: Any):
        self._page, self._devtools = page, devtools
        self._scroll, self._now = (0.0, 0.0), np.zeros((1, 1, 3), np.uint8)
        self._root: Path | None = None
        self._is_alone = False

    @classmethod
    async def opened(cls, browser: "Browser") -> "Studio":
        """Opens a tab."""
        page = await browser.new_page(bypass_csp=True)
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.dismiss()))
        studio = cls(page, await page.context.new_cdp_session(page))
        await page.route("**/*", studio._answer)
        return studio

    async def _answer(self, route: Any) -> None:
        if route.request.url.startswith(f"{LOCAL}/"):
            await serve(route, self._root, lambda said: None)
        elif self._is_alone:
            await route.abort()
        else:
            await route.continue_()

    async def close(self) -> None:
        """Closes the tab."""
        await self._page.context.close()

    async def show(self, page: Page | Visit) -> Page | Visit:
        """Opens a page, and scrolls to where it is looked at.

        Returns:
            The same; wider when somebody's page was not made for so narrow a viewport, so that it would not be sound there.
        """
        await self._resize(page)
        if isinstance(page, Page):
            await self._page.set_content(page.html)
        else:
            self._root, self._is_alone = page.target.root, page.is_alone
            await self._page.goto(page.target.address, timeout=1000 * _LONGEST)
        if isinstance(page, Visit) and page.width < _WIDE and await self._page.evaluate(_SCROLLS_SIDEWAYS):
            page = replace(page, width=_WIDE)
            await self._resize(page)
        await self._page.evaluate(scripts())
        self._scroll = await self._page.evaluate(
            "(share) => { scrollTo(0, share * (document.documentElement.scrollHeight - innerHeight)); return [scrollX, scrollY]; }",
            page.scroll,
        )
        await self._page.evaluate("() => __layout.keep()")
        return page

    async def _resize(self, page: Page | Visit) -> None:
        await self._devtools.send(
            "Emulation.setDeviceMetricsOverride",
            {"width": page.width, "height": page.height, "deviceScaleFactor": page.scale, "mobile": False},
        )

    async def show_again(self, page: Page | Visit) -> None:
        """Brings the page that is shown back as it was before a fault."""
        if isinstance(page, Page) or not await self._page.evaluate("() => __layout.restore()"):
            await self.show(page)

    async def picture(self) -> bytes:
        """Returns the viewport's picture as PNG."""
        return await photographed(self._devtools)

    async def rules(self) -> list[dict[str, Any]]:
        """Returns what the rules find on the page as it is now."""
        found: list[dict[str, Any]] = await self._page.evaluate("(kinds) => __layout.check(kinds)", list(FAULTS))
        return found

    async def inject(self, fault: Fault, chance: random.Random, page: Page | Visit, before: np.ndarray) -> Shown | None:
        """Injects a fault somewhere in the page that is shown.

        Returns:
            What became of it; None when it cannot befall this page.
        """
        count = await self._page.evaluate("(kind) => __layout.candidates(kind)", fault.name)
        if not count:
            return None
        way = chance.choice(fault.ways)
        arguments = [fault.name, chance.randrange(count), way, chance.random()]
        if not await self._page.evaluate("async (a) => await __layout.inject(...a)", arguments):
            return None
        mask = await self._page.evaluate("(kind) => __layout.mask(kind)", fault.name)
        if mask is None:
            return Shown(way)
        content = await self.picture()
        self._now, rules = decoded(content), await self.rules()
        self._scroll = await self._page.evaluate("() => [scrollX, scrollY]")
        edges = [Edge(each["side"], each["at"], tuple(each["box"])) for each in mask["edges"]]
        injected = Injected([tuple(box) for box in mask["boxes"]], before, self._now, page.scale, edges)
        if before.shape != self._now.shape or not await fault.shows(injected, self._camera(injected, page)):
            return Shown(way)
        return Shown(way, injected.boxes, content, rules)

    def _camera(self, injected: Injected, page: Page | Visit) -> Any:
        left = max(0, int(min(box[0] for box in injected.boxes)) - _AROUND)
        top = max(0, int(min(box[1] for box in injected.boxes)) - _AROUND)
        right = min(page.width, int(max(box[0] + box[2] for box in injected.boxes)) + _AROUND)
        bottom = min(page.height, int(max(box[1] + box[3] for box in injected.boxes)) + _AROUND)

        async def camera(**state: str) -> np.ndarray:
            await self._page.evaluate("(state) => __layout.show(state)", state)
            clip = (left + self._scroll[0], top + self._scroll[1], right - left, bottom - top)
            part = decoded(await photographed(self._devtools, clip))
            whole = self._now.copy()
            y, x = top * page.scale, left * page.scale
            whole[y : y + part.shape[0], x : x + part.shape[1]] = part
            return whole

        return camera


async def examples(
    seeds: Sequence[int],
    page_of: Callable[[int], Page | Visit],
    *,
    kinds: Sequence[str] = tuple(FAULTS),
    faults: int = 2,
    browsers: int = 2,
    tally: Tally | None = None,
) -> AsyncIterator[list[Example]]:
    """Makes examples, a list for each page: first the sound page, then with one fault each.

    Args:
        seeds: a page for each; the same number gives the same page and faults.
        page_of: returns the Page or Visit of a number.
        kinds: which kinds of faults; they take turns from number to number.
        faults: broken pictures a page.
        browsers: how many work at once; two tabs of one would wait for each other's pictures.
        tally: counts what became of the injections.
    """
    tally = tally if tally is not None else Tally()
    waiting = iter(seeds)
    done: asyncio.Queue[list[Example] | BaseException | None] = asyncio.Queue(maxsize=2 * browsers)

    async def work() -> None:
        try:
            for first in waiting:
                async with (
                    started() as browser
                ):  # anew after each page that fails: it may have taken the browser with it
                    studio = await Studio.opened(browser)
                    for seed in itertools.chain([first], waiting):
                        try:
                            made = _of_page(studio, seed, page_of(seed), kinds, faults, tally)
                            await done.put(await asyncio.wait_for(made, _LONGEST))
                        except (_errors(), TimeoutError) as error:
                            tally.failed.append(
                                f"{seed}: {str(error).splitlines()[0] if str(error) else 'it took too long'}"
                            )
                            break
            await done.put(None)
        except Exception as error:
            await done.put(error)

    workers = [asyncio.ensure_future(work()) for _ in range(browsers)]
    try:
        running = browsers
        while running:
            made = await done.get()
            if isinstance(made, BaseException):
                raise made
            if made is None:
                running -= 1
            else:
                yield made
    finally:
        for worker in workers:
            worker.cancel()


def _errors() -> type[Exception]:
    from playwright.async_api import Error

    return Error


async def _of_page(
    studio: Studio, seed: int, page: Page | Visit, kinds: Sequence[str], faults: int, tally: Tally
) -> list[Example]:
    chance = random.Random(f"layout faults {seed}")
    page = await studio.show(page)
    content = await studio.picture()
    before = decoded(content)
    made = [Example(seed, page, content, np.zeros(before.shape[:2], np.uint8), rules=await studio.rules())]
    turn = [kinds[(seed * faults + i) % len(kinds)] for i in range(len(kinds))]
    is_fresh = True
    for kind in turn:
        for _ in range(_TRIES):
            if len(made) > faults:
                return made
            if not is_fresh:
                await studio.show_again(page)
            is_fresh = False
            result = await studio.inject(FAULTS[kind], chance, page, before)
            if result is None:
                tally.impossible[kind] += 1
                continue
            if not result.boxes:
                tally.unseen[kind] += 1
                continue
            tally.kept[kind] += 1
            mask = Injected(result.boxes, before, before, page.scale).region().astype(np.uint8)
            mask *= list(FAULTS).index(kind) + 1
            made.append(Example(seed, page, result.picture, mask, kind, result.way, result.boxes, result.rules))
            break
    return made
