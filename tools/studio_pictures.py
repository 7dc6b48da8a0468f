"""Takes the pictures of the studio's pages for docs/studio.md: `python tools/studio_pictures.py [FOLDER]`.

It trains small models in the folder (build/studio by default) as a user does, through the studio's pages and interface, and
shows each page in light and dark, 1280 and 390 pixels wide. What is trained there already is not trained again. `--train-only`
takes no pictures, `--only=teach,watch` those of these pages.
"""

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.test_demo_page import STROKES  # noqa: E402
from tools.chromium import chromium_path  # noqa: E402
from velveteen.templates.cnn.data import draw_shapes  # noqa: E402

OUT = ROOT / "docs" / "images" / "studio"
SIZES = {1280: (800, 1500), 390: (844, 1800)}
"""Heights of the window, and of the longest picture, by the window's width."""
QUALITY = 62
TRAININGS: dict[str, tuple[str, dict[str, Any]]] = {
    "quick reader": ("digits", {"model": "dense", "epochs": 8, "seed": 1}),
    "reader": ("digits", {"model": "cnn", "epochs": 5, "seed": 1}),
    "storyteller": (
        "writer",
        {
            "sources": ["story.txt"], "units": 128, "layers": 1, "embedding": 16, "epochs": 3, "streams": 16, "length": 64,
            "learning_rate": 0.01, "seed": 1,
        },
    ),
    "lamp": ("commands", {"words": "stop,yellow", "epochs": 10, "synthesised": 60, "unknown": False, "seed": 1}),
}  # fmt: skip
SHAPES = "mine pictures"
_LONGEST = 3600


def main(folder: Path) -> None:
    """Trains what is missing, and takes the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_shapes(folder / "shapes", each=60)
    (folder / "story.txt").write_text("\n".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))))
    if not (folder / "screens").is_dir():
        make = [sys.executable, "-m", "velveteen", "layout", "make", str(folder / "screens")]
        subprocess.run(
            [*make, "--pages", "3", "--first", "500001", "--held-out"], check=True, stdout=subprocess.DEVNULL
        )
    command = [sys.executable, "-m", "velveteen", "studio", str(folder), "--no-open", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server, sync_playwright() as playwright:
        try:
            assert server.stdout is not None
            address = json.loads(server.stdout.readline())["url"]
            sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
            fake = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*sandbox, *fake])
            page = browser.new_page()
            page.set_default_timeout(300_000)
            page.goto(address)
            _train(page, folder)
            if "--train-only" not in sys.argv:
                _show(page, folder)
        finally:
            server.kill()


def _train(page: Any, folder: Path) -> None:
    """Trains what is not there, one after the other."""
    for name, (recipe, settings) in TRAININGS.items():
        if not (folder / "models" / name / "model.json").is_file():
            answer = page.request.post(
                _url(page, "api/runs"), data={"recipe": recipe, "name": name, "settings": settings}
            )
            assert answer.ok, answer.text()
            _wait(page, answer.json()["id"])
    if not (folder / "models" / SHAPES / "model.json").is_file():
        _go(page, "teach")
        for label in sorted(path.name for path in (folder / "shapes").iterdir()):
            page.get_by_label("Another class").fill(label)
            page.get_by_role("button", name="Add").click()
            room = page.get_by_role("region", name=f"Class {label}")
            room.get_by_label(f"Files for {label}").set_input_files(sorted((folder / "shapes" / label).glob("*.png")))
            room.get_by_text("60 examples").wait_for()
        page.get_by_role("button", name="Train on these").click()
        page.wait_for_selector(".page.runs .facts")
        _wait(page, int(page.url.rsplit("/", 1)[1]))


def _wait(page: Any, run: int) -> None:
    deadline = time.monotonic() + _LONGEST
    while (found := page.request.get(_url(page, f"api/runs/{run}")).json())["state"] == "running":
        assert time.monotonic() < deadline, found
        time.sleep(1)
    assert found["state"] == "done", found


def _show(page: Any, folder: Path) -> None:
    """Takes the pictures of all pages."""
    runs = {run["name"]: run["id"] for run in reversed(page.request.get(_url(page, "api/runs")).json())}
    pages: dict[str, tuple[str, Callable[[Any, Path], None]]] = {
        "runs": ("runs", _nothing),
        "run": (f"runs/{runs['reader']}", _drawn),
        "compare": (f"runs/compare/{runs['quick reader']},{runs['reader']}", _drawn),
        "models": ("models", _nothing),
        "model": ("models/reader", _checked),
        "try-digits": ("try/reader", _digit),
        "try-pictures": (f"try/{SHAPES}", _shape),
        "try-commands": ("try/lamp", _loaded),
        "try-writer": ("try/storyteller", _story),
        "try-formatter": ("try/pretrained/formatter", _code),
        "try-layout": ("try/pretrained/layout", _screenshot),
        "teach": ("teach", _taught),
        "watch": ("watch", _learned),
    }
    OUT.mkdir(parents=True, exist_ok=True)
    only = next(
        (option.removeprefix("--only=").split(",") for option in sys.argv if option.startswith("--only=")), list(pages)
    )
    for name, (where, ready) in ((name, pages[name]) for name in only):
        page.set_viewport_size({"width": 1280, "height": 800})
        _go(page, where)
        ready(page, folder)
        for width, (height, longest) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.wait_for_timeout(500)
                page.evaluate("document.getElementById('notices').replaceChildren()")
                whole = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
                cut = whole.crop((0, 0, width, min(whole.height, longest)))
                cut.save(OUT / f"{name}-{scheme}-{width}.webp", quality=QUALITY, method=6)
    made = list(OUT.glob("*.webp"))
    print(f"{len(made)} pictures, {sum(path.stat().st_size for path in made) / 1e6:.2f} MB")


def _url(page: Any, path: str) -> str:
    return page.url.split("#")[0].rstrip("/") + "/" + path


def _go(page: Any, where: str) -> None:
    page.goto(_url(page, f"#/{where}"))
    page.wait_for_selector(f".page.{where.split('/')[0]} h1")
    page.wait_for_timeout(300)  # the page before it is gone by then


def _nothing(page: Any, folder: Path) -> None:
    page.locator("table tbody tr").nth(3).wait_for()


def _drawn(page: Any, folder: Path) -> None:
    page.locator("figure.chart canvas").first.wait_for()


def _loaded(page: Any, folder: Path) -> None:
    page.locator(".trial meter").first.wait_for()


def _checked(page: Any, folder: Path) -> None:
    page.get_by_role("button", name="Check it in this browser").click()
    page.get_by_text("Download for a web page").wait_for()
    digit = Image.new("L", (28, 28))
    for stroke in STROKES["3"]:
        ImageDraw.Draw(digit).line([(28 * x, 28 * y) for x, y in stroke], fill=255, width=3)
    digit.save(folder / "three.png")
    page.set_input_files("#picture", folder / "three.png")
    page.locator(".strip canvas").first.wait_for()


def _digit(page: Any, folder: Path) -> None:
    canvas = page.locator(".digits canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    for stroke in STROKES["3"]:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=4)
        page.mouse.up()
    page.wait_for_timeout(800)


def _shape(page: Any, folder: Path) -> None:
    page.set_input_files("#seen-picture", folder / "shapes" / "triangle" / "7.png")
    page.get_by_text("triangle,").wait_for()


def _story(page: Any, folder: Path) -> None:
    page.get_by_label("Text", exact=True).fill("A layer is")
    page.get_by_label("Characters").fill("40")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Stop").wait_for(state="hidden")


def _code(page: Any, folder: Path) -> None:
    page.get_by_role("button", name="Format").click()
    page.locator(".diff").wait_for()


def _screenshot(page: Any, folder: Path) -> None:
    broken = sorted(path for path in (folder / "screens").glob("*-broken-image.png"))
    page.set_input_files("#screenshot", broken[0])
    page.get_by_role("region", name="The screenshot").wait_for()


def _taught(page: Any, folder: Path) -> None:
    page.locator(".samples img").nth(10).wait_for()


def _learned(page: Any, folder: Path) -> None:
    page.get_by_label("Points", exact=True).select_option("circles")
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text(re.compile("(99|100) % of 240 points right")).wait_for()
    page.get_by_role("button", name="Pause").click()


if __name__ == "__main__":
    given = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    main(Path(given[0]) if given else ROOT / "build" / "studio")
