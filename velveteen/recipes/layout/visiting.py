"""A page is opened, looked at and photographed, whatever it does; where that fails it is told why."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import numpy as np

from velveteen.errors import VelveteenError
from velveteen.recipes.layout.browser import decoded, photographed, scripts
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.targets import LOCAL, Target

if TYPE_CHECKING:
    from playwright.async_api import Browser

HIGHEST = 16_384
"""CSS pixels; beyond that Chromium paints no picture in one piece."""
_SETTLING = 3.0
"""Seconds for fonts and pictures that are still on their way when the page says it is loaded."""
_ROUNDS = 5
"""So often may a page become higher while it is looked at in full; one that does so on is endless."""
_CLOSING = 5.0


class VisitError(VelveteenError, RuntimeError):
    """A page that cannot be checked; the message says why."""


@dataclass(frozen=True)
class Looking:
    """How to look at pages.

    Args:
        full_page: whether to look at the whole page, or at what a screen shows.
        wait: seconds, a CSS selector that has to be there, or "networkidle"; after the page is loaded.
        timeout: seconds for one page, all in all.
        storage_state: Playwright's file with cookies and storage of somebody who is logged in.
        kinds: which rules to ask.
        ignored: CSS selectors of what is not to be told.
    """

    full_page: bool = False
    wait: str | float | None = None
    timeout: float = 30.0
    storage_state: Path | None = None
    kinds: tuple[str, ...] = tuple(FAULTS)
    ignored: tuple[str, ...] = ()


@dataclass
class Seen:
    """What was seen of a page.

    Args:
        png: the picture.
        pixels: the same, uint8 [height, width, 3].
        rules: what the rules found, as browser.js says it.
        ignored: boxes of what is not to be told.
        evaluate: runs JavaScript on the page while it is open, as Playwright's.
    """

    png: bytes
    pixels: np.ndarray
    rules: list[dict[str, Any]]
    ignored: list[tuple[float, float, float, float]]
    evaluate: Callable[..., Awaitable[Any]]


class _Misdeeds:
    """What a page did that no page should do by itself; the first of it is told."""

    def __init__(self) -> None:
        self.first: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def tell(self, what: str) -> None:
        if not self.first.done():
            self.first.set_result(what)


@asynccontextmanager
async def visited(
    browser: "Browser", target: Target, viewport: tuple[int, int], looking: Looking
) -> AsyncIterator[Seen]:
    """Opens a page in a context of its own, and gives what is to be seen of it; it stays open meanwhile.

    Args:
        browser: a Chromium.
        target: a page.
        viewport: width and height in CSS pixels.
        looking: how.

    Raises:
        VisitError: the page cannot be checked.
    """
    from playwright.async_api import Error

    options: dict[str, Any] = {"viewport": {"width": viewport[0], "height": viewport[1]}, "bypass_csp": True}
    if looking.storage_state:
        options["storage_state"] = str(looking.storage_state)
    try:
        context = await asyncio.wait_for(browser.new_context(**options), looking.timeout)
    except (Error, TimeoutError) as error:
        raise VisitError(f"The browser opens no tab: {_first_line(error)}") from error
    try:
        yield await _unless_it_misbehaves(_looked, context, target, looking)
    except Error as error:
        raise VisitError(_first_line(error)) from error
    finally:
        with suppress(Error, TimeoutError):
            await asyncio.wait_for(context.close(), _CLOSING)


async def _unless_it_misbehaves(
    look: Callable[..., Coroutine[Any, Any, Seen]], context: Any, target: Target, looking: Looking
) -> Seen:
    misdeeds = _Misdeeds()
    work = asyncio.ensure_future(look(context, target, looking, misdeeds))
    try:
        both: list[asyncio.Future[Any]] = [work, misdeeds.first]
        await asyncio.wait(both, timeout=looking.timeout, return_when=asyncio.FIRST_COMPLETED)
        if misdeeds.first.done():
            raise VisitError(misdeeds.first.result())
        if not work.done():
            raise VisitError(
                f"The page was not done after {looking.timeout:g} seconds: it goes on loading or computing. "
                "Give it longer with --timeout, or find what it waits for."
            )
        return work.result()
    finally:
        work.cancel()
        with suppress(Exception, asyncio.CancelledError):  # what it says now is of no interest any more
            await asyncio.wait_for(work, 1)


async def _looked(context: Any, target: Target, looking: Looking, misdeeds: _Misdeeds) -> Seen:
    page = await context.new_page()
    _watch(page, context, misdeeds)
    if target.root is not None:
        await context.route(f"{LOCAL}/**", lambda route: serve(route, target.root, misdeeds.tell))
    from playwright.async_api import Error

    try:
        answer = await page.goto(target.address, wait_until="load", timeout=1000 * looking.timeout)
    except Error as error:
        if "Download is starting" in str(error):
            raise VisitError("This is a file to download, no page.") from error
        raise VisitError(_reason(error)) from error
    if answer is not None and answer.status >= 400:
        raise VisitError(f"The server answered {answer.status} {answer.status_text}.".replace(" .", "."))
    await _wait(page, looking)
    devtools = await context.new_cdp_session(page)
    await page.evaluate(scripts())
    if looking.full_page:
        await _unrolled(page)
    ignored = await _asked(page, "(a) => __layout.ignored(a)", list(looking.ignored))
    rules = await page.evaluate("(a) => __layout.check(...a)", [list(looking.kinds), list(looking.ignored)])
    for rule in rules:  # the name under which pages of this machine are opened says nothing to people
        rule["how"] = rule["how"].replace(f"{LOCAL}/", "")
    png = await photographed(devtools)
    return Seen(png, decoded(png), rules, [tuple(box) for box in ignored], page.evaluate)


def _watch(page: Any, context: Any, misdeeds: _Misdeeds) -> None:
    async def dismissed(dialog: Any) -> None:
        misdeeds.tell(
            f'The page shows a dialog by itself ({dialog.type}: "{dialog.message[:80]}"), which hides it from everybody. '
            "Show a message in the page instead."
        )
        with suppress(Exception):
            await dialog.dismiss()

    def opened(other: Any) -> None:
        if other is not page:
            misdeeds.tell("The page opens another window by itself (a pop-up). Open windows only when somebody clicks.")

    page.on("dialog", dismissed)
    page.on(
        "crash", lambda *_: misdeeds.tell("The page's tab crashed: most likely it needs more memory than there is.")
    )
    page.on(
        "download",
        lambda download: misdeeds.tell(f"The page starts a download by itself ({download.suggested_filename[:80]})."),
    )
    page.on("console", lambda said: _local_file(said.text, misdeeds))
    context.on("page", opened)


def _local_file(said: str, misdeeds: _Misdeeds) -> None:
    if said.startswith("Not allowed to load local resource"):
        misdeeds.tell(
            f"The page asks for a file of this machine ({said.partition(': ')[2][:100]}), which it does not get."
        )


async def serve(route: Any, root: Path | None, tell: Callable[[str], None]) -> None:
    """Answers a request with a file of the folder; nothing leads out of it, also no link: that is told."""
    assert root is not None
    path = (root / unquote(urlsplit(route.request.url).path).lstrip("/")).resolve()
    if path.is_dir():
        path = path / "index.html"
    if not path.resolve().is_relative_to(root):
        tell(f"The page asks for {route.request.url.removeprefix(LOCAL)[:100]}, which leads out of its folder.")
        await route.abort()
    elif not path.is_file():
        await route.fulfill(status=404, body="There is no such file.", content_type="text/html")
    else:
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        await route.fulfill(body=path.read_bytes(), content_type=kind)


async def _wait(page: Any, looking: Looking) -> None:
    from playwright.async_api import TimeoutError as TooLong

    with suppress(TimeoutError):
        await asyncio.wait_for(page.evaluate("async () => { await document.fonts.ready; }"), _SETTLING)
    if isinstance(looking.wait, float | int):
        await asyncio.sleep(looking.wait)
    elif looking.wait == "networkidle":
        await page.wait_for_load_state("networkidle", timeout=1000 * looking.timeout)
    elif looking.wait is not None:
        try:
            await page.wait_for_selector(looking.wait, timeout=500 * looking.timeout)
        except TooLong as error:
            raise VisitError(f'Nothing on the page matches --wait "{looking.wait}".') from error


async def _unrolled(page: Any) -> None:
    """Makes the viewport as high as the page, which is scrolled to its end first, for what is loaded only then."""
    width = page.viewport_size["width"]
    heights = [int(await page.evaluate("() => document.documentElement.scrollHeight"))]
    for _ in range(_ROUNDS):
        if heights[-1] > HIGHEST:
            break
        await page.evaluate("() => { scrollTo(0, document.documentElement.scrollHeight); }")
        await asyncio.sleep(0.2)
        if len(heights) > 1:  # what waits for being seen, not for being scrolled to
            await page.set_viewport_size({"width": width, "height": heights[-1]})
            await asyncio.sleep(0.1)
        heights.append(int(await page.evaluate("() => document.documentElement.scrollHeight")))
        if heights[-1] == heights[-2] and len(heights) > 2:
            await page.evaluate("() => { scrollTo(0, 0); }")
            return
    if len(set(heights)) > 2:
        raise VisitError(
            f"The page grows while it is scrolled ({', '.join(map(str, heights))} pixels), so it has no end to look at. "
            "Leave out --full-page, or give a --viewport of the height that counts."
        )
    raise VisitError(
        f"The page is {heights[-1]:,} pixels high; a picture has at most {HIGHEST:,}. Leave out --full-page, or give a "
        "--viewport of the height that counts."
    )


async def _asked(page: Any, script: str, argument: Any) -> Any:
    from playwright.async_api import Error

    try:
        return await page.evaluate(script, argument)
    except Error as error:
        if "SyntaxError" in str(error):
            raise VisitError(f"One of these is no CSS selector: {', '.join(argument)}.") from error
        raise


def _reason(error: Exception) -> str:
    line = _first_line(error)
    if "Timeout" in line:
        return "The page did not finish loading in time. Give it longer with --timeout, or find what it waits for."
    known = {
        "ERR_NAME_NOT_RESOLVED": "There is no such host.",
        "ERR_CONNECTION_REFUSED": "Nobody answers at this address: the server is not running, or listens elsewhere.",
        "ERR_CONNECTION_TIMED_OUT": "The host does not answer.",
        "ERR_ADDRESS_UNREACHABLE": "The host cannot be reached.",
        "ERR_INTERNET_DISCONNECTED": "This machine has no network.",
        "ERR_UNSAFE_PORT": "A browser refuses to open this port.",
        "ERR_TOO_MANY_REDIRECTS": "The page redirects in circles.",
        "ERR_CERT": "The site's certificate is not valid.",
    }
    code = line.partition("net::")[2].partition(" ")[0]
    return next((f"{text} ({code})" for name, text in known.items() if code.startswith(name)), line)


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0][:300] if lines else type(error).__name__
