"""For test suites: `layout_check(page)` fails where the layout of Playwright's page is broken.

In conftest.py: `pytest_plugins = ["velveteen.recipes.layout.pytest_plugin"]`.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FOLDER = "layout-report"


@pytest.fixture
def layout_check(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Returns the function to call with a page; see `check_page`. A failure names the picture with the findings marked."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", request.node.nodeid).strip("-")
    count = 0

    def check(page: Any, **settings: Any) -> None:
        nonlocal count
        count += 1
        result = check_page(page, **settings)
        if result.ok:
            return
        from velveteen.recipes.layout import report

        folder = request.config.rootpath / FOLDER
        folder.mkdir(exist_ok=True)
        picture = folder / f"{name}-{count}.png"
        picture.write_bytes(report.annotated(result) or b"")
        record_property("layout_picture", str(picture))
        found = [f"{each.kind}: {each.selector}: {each.advice}" for each in result.findings if each.sure]
        pytest.fail(
            "\n".join([f"The layout of {result.target} is broken:", *found, f"Look at {picture}"]), pytrace=False
        )

    return check


@cache
def _loaded(folder: Path) -> Any:
    from velveteen.recipes.layout import main

    return main.load(folder)


def check_page(
    page: Any,
    *,
    model: str | Path | Any = None,
    kinds: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    full_page: bool = False,
) -> Any:
    """Returns what is broken on a page that is open, as a `findings.Result`.

    Args:
        page: Playwright's, of the synchronous kind.
        model: a network's folder, or what `main.load` returned, which looks too; by default the rules judge alone.
        kinds: which kinds to look for; by default all.
        ignore: CSS selectors, or boxes `x,y,width,height`, of what is not to be told.
        full_page: whether to look at the whole page.

    Raises:
        ArgumentError, MissingFileError, FileFormatError: a box of no size, or the model cannot be used.
    """
    from velveteen.recipes.layout.browser import decoded, scripts
    from velveteen.recipes.layout.faults import FAULTS
    from velveteen.recipes.layout.findings import Ignored, Result, by_network, by_rule, outside, together

    chosen, ignored = tuple(kinds or FAULTS), Ignored.parsed(list(ignore))
    usual = page.viewport_size
    if full_page:
        height = page.evaluate("() => document.documentElement.scrollHeight")
        page.set_viewport_size({"width": usual["width"], "height": max(height, usual["height"])})
    try:
        page.evaluate(scripts())
        boxes = page.evaluate("(a) => __layout.ignored(a)", list(ignored.selectors))
        rules = page.evaluate("(a) => __layout.check(...a)", [list(chosen), list(ignored.selectors)])
        picture = page.screenshot(scale="css")
        found = [by_rule(each) for each in rules]
        pixels = decoded(picture)
        if model is not None:
            detector = _loaded(Path(model)) if isinstance(model, str | Path) else model
            found, spots = together(found, detector.heat(pixels), detector.thresholds, chosen)
            for spot in spots:
                at, certain = (
                    page.evaluate("(box) => __layout.at(box)", list(spot.box)),
                    detector.thresholds[spot.kind].certain,
                )
                found.append(by_network(spot, at["selector"], at["text"], True, certain))
    finally:
        if full_page:
            page.set_viewport_size(usual)
    size = (pixels.shape[1], pixels.shape[0])
    kept = outside(found, [*ignored.boxes, *(tuple(box) for box in boxes)])
    return Result(page.url, (usual["width"], usual["height"]), *size, findings=kept, picture=picture)
