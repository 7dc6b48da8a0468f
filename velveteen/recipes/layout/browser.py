"""A Chromium, and pages in it: found, started, photographed."""

import asyncio
import base64
import io
import shutil
import threading
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from velveteen.errors import StateError
from velveteen.recipes.layout.faults import FAULTS

if TYPE_CHECKING:
    from playwright.async_api import Browser, CDPSession

_COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_ARGUMENTS = ("--disable-lcd-text", "--force-color-profile=srgb")  # coloured edges of letters would be ink of their own


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Returns what a coroutine returns; also where an event loop runs already, as in a notebook."""
    result: dict[str, Any] = {}

    async def watched() -> None:
        result["loop"], result["task"] = asyncio.get_running_loop(), asyncio.current_task()
        result["value"] = await work

    def target() -> None:
        try:
            asyncio.run(watched())
        except BaseException as error:
            result["error"] = error

    thread = threading.Thread(target=target, name="velveteen-layout")
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        if "loop" in result:
            result["loop"].call_soon_threadsafe(result["task"].cancel)
        thread.join(30)
        raise
    if "error" in result:
        raise result["error"]
    return result["value"]


@asynccontextmanager
async def started() -> AsyncIterator["Browser"]:
    """Starts a Chromium without a window: Playwright's own, or where that is missing the system's.

    Raises:
        StateError: there is none, or Playwright is not installed.
    """
    try:
        from playwright.async_api import Error, async_playwright
    except ImportError as error:
        raise StateError(
            'Layout needs a browser: pip install "velveteen[layout]", then playwright install chromium.'
        ) from error
    async with async_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        path = str(own) if own.exists() else _of_the_system()
        if path is None:
            raise StateError(
                "There is no Chromium. Run playwright install chromium, or install Chromium or Chrome with your system's packages."
            )
        try:
            browser = await playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        except Error as error:
            raise StateError(f"{path} does not start: {error.message[:300]}") from error
        try:
            yield browser
        finally:
            with suppress(Error, TimeoutError):  # it has ended already, or hangs; Playwright ends it with itself
                await asyncio.wait_for(browser.close(), 10)


def _of_the_system() -> str | None:
    found = [shutil.which(command) for command in _COMMANDS]
    return next((path for path in [*found, *_APPLICATIONS] if path and Path(path).exists()), None)


@cache
def scripts() -> str:
    """Returns what pages are given before they are asked: browser.js and the script of each kind of fault."""
    own = (Path(__file__).parent / "browser.js").read_text(encoding="utf-8")
    kinds = "\n".join(fault.script for fault in FAULTS.values())
    return f"(() => {{\n{own}\n{kinds}\n}})()"


async def has_letters(browser: "Browser", samples: Mapping[str, str]) -> tuple[str, ...]:
    """Returns those scripts that the machine has letters for; others are drawn as empty boxes.

    Args:
        browser: a Chromium.
        samples: a letter of each script.
    """
    page = await browser.new_page()
    try:
        drawn = await page.evaluate(
            """(letters) => letters.map((letter) => {
                const canvas = new OffscreenCanvas(64, 64), context = canvas.getContext('2d');
                context.font = '40px sans-serif';
                context.fillText(letter, 4, 48);
                return context.getImageData(0, 0, 64, 64).data.join();
            })""",
            ["\U0010fffd", *samples.values()],  # nobody has a letter for the last of the private ones
        )
    finally:
        await page.close()
    return tuple(name for name, picture in zip(samples, drawn[1:], strict=True) if picture != drawn[0])


async def photographed(devtools: "CDPSession", clip: tuple[float, float, float, float] | None = None) -> bytes:
    """Returns the viewport's picture as PNG, without Playwright's waiting, which costs more than the picture.

    Args:
        devtools: the page's session.
        clip: x, y, width and height in CSS pixels of the document; by default the viewport.
    """
    settings: dict[str, Any] = {"format": "png", "optimizeForSpeed": True}
    if clip:
        settings["clip"] = {**dict(zip(("x", "y", "width", "height"), clip, strict=True)), "scale": 1}
    answer = await devtools.send("Page.captureScreenshot", settings)
    return base64.b64decode(answer["data"])


def decoded(content: bytes) -> np.ndarray:
    """Returns a picture that the browser took: uint8 [height, width, 3]."""
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGB"))
