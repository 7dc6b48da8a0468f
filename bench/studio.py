"""Measures the studio in Chromium: `python -m bench.studio` prints how soon its page answers, and how smoothly long histories move.

It starts `velveteen studio` on a folder with a run of 12,000 epochs, and 5,000 pictures that it puts into a class.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests._javascript import chromium_page
from velveteen.training.runs import RunHistory

EPOCHS = 12_000
PICTURES = 5_000
_FRAMES = """() => {
  window.frames = [];
  let last = performance.now();
  const look = (now) => { frames.push(now - last); last = now; requestAnimationFrame(look); };
  requestAnimationFrame(look);
}"""


def main() -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        _write_history(root / "velveteen-runs")
        command = [sys.executable, "-m", "velveteen", "studio", str(root), "--no-open", "--port", "0", "--json"]
        start = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
            try:
                assert server.stdout is not None
                address = json.loads(server.stdout.readline())["url"]
                print(f"server ready after {time.perf_counter() - start:.2f} s")
                with chromium_page() as page:
                    _first_page(page, address)
                    _history(page, address)
                    _teach(page, address, root)
            finally:
                server.kill()


def _write_history(folder: Path) -> None:
    history = RunHistory(folder)
    run = history.begin("long", [])
    with history._connection() as connection:
        rows = (
            (
                run,
                i,
                "epoch",
                i,
                i / 10,
                json.dumps({"loss": 2 / i**0.5 + (i * 7919 % 13) / 50, "val_loss": 3 / i**0.5}),
            )
            for i in range(1, EPOCHS + 1)
        )
        connection.executemany("INSERT INTO points VALUES (?, ?, ?, ?, ?, ?)", rows)
    history.update(run, state="done", about={"epochs": EPOCHS, "samples": 60_000})


def _first_page(page: Any, address: str) -> None:
    taken = []
    for _ in range(5):
        page.context.clear_cookies()
        start = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.get_by_role("button", name="Start training").click(trial=True)
        taken.append(time.perf_counter() - start)
    print(f"first page interactive after {taken[0]:.2f} s the first time, then {statistics.median(taken[1:]):.2f} s")


def _history(page: Any, address: str) -> None:
    start = time.perf_counter()
    page.goto(f"{address.split('?')[0]}#/runs/1")
    page.wait_for_selector("figure.chart canvas")
    print(f"{EPOCHS:,} epochs drawn after {time.perf_counter() - start:.2f} s")
    box = page.locator("figure.chart .u-over").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.evaluate(_FRAMES)
    for turn in [-120] * 12 + [120] * 6:
        page.mouse.wheel(0, turn)
        page.wait_for_timeout(30)
    for _ in range(40):
        page.mouse.wheel(60, 0)
        page.wait_for_timeout(16)
    frames = sorted(page.evaluate("frames.slice(2)"))
    slow = sum(frame > 34 for frame in frames)
    print(
        f"looking closer and moving: {len(frames)} frames, median {statistics.median(frames):.1f} ms, "
        f"95 % within {frames[int(0.95 * len(frames))]:.1f} ms, longest {frames[-1]:.1f} ms, {slow} over 34 ms"
    )


def _draw(folder: Path) -> list[Path]:
    """Writes pictures of 64 × 64 pixels of noise, 12 kB each."""
    folder.mkdir()
    random = np.random.default_rng(1)
    paths = [folder / f"{number}.png" for number in range(PICTURES)]
    for path in paths:
        Image.fromarray(random.integers(0, 256, (64, 64, 3), np.uint8)).save(path)
    return paths


def _teach(page: Any, address: str, root: Path) -> None:
    page.goto(f"{address.split('?')[0]}#/teach")
    room = page.get_by_role("region", name="Class one")
    room.wait_for()
    files = room.get_by_label("Files for one")
    pictures = _draw(root / "pictures")
    page.evaluate(_FRAMES)
    start = time.perf_counter()
    files.set_input_files(pictures)
    room.get_by_text(f"{PICTURES:,} examples").wait_for(timeout=280_000)
    seconds = time.perf_counter() - start
    frames = sorted(page.evaluate("frames.slice(2)"))
    print(
        f"{PICTURES:,} pictures kept in {seconds:.1f} s ({PICTURES / seconds:.0f} a second); meanwhile frames of "
        f"{statistics.median(frames):.1f} ms, 95 % within {frames[int(0.95 * len(frames))]:.1f} ms"
    )
    start = time.perf_counter()
    files.set_input_files(pictures[:1])
    room.get_by_text(f"{PICTURES + 1:,} examples").wait_for()
    print(f"one more in {1000 * (time.perf_counter() - start):.0f} ms")
    page.goto(f"{address.split('?')[0]}#/runs")
    page.wait_for_selector(".page.runs h1")
    start = time.perf_counter()
    page.goto(f"{address.split('?')[0]}#/teach")
    page.get_by_role("region", name="Class one").locator("img").first.wait_for()
    print(f"Teach with {PICTURES:,} pictures opened in {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
