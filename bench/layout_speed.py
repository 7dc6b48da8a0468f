"""Times how long `layout check` takes beyond the browser, the same network in a browser on WebAssembly, and how fast pictures are made.

`python -m bench.layout_speed` prints the figures and keeps them in bench/results/layout-speed.json; with `--docs` it writes
them into docs/layout.md. Leave the machine alone meanwhile.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench import machine
from bench.report import fill
from tests._javascript import chromium_page, serve
from tools.node import node_path
from velveteen.io.files import write_beside_then_rename
from velveteen.recipes.layout import checking, data, main, pages

ROOT = Path(__file__).parent.parent
RESULTS, PAGE = ROOT / "bench" / "results" / "layout-speed.json", ROOT / "docs" / "layout.md"
WEB = ROOT / "web"
WIDTH, HEIGHT = checking.VIEWPORT
TARGETS = 100
_ROUNDS = 7
_IN_BROWSER = """
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { Layout } from "./recipes/src/layout";
export async function times(width: number, height: number, rounds: number): Promise<number[]> {
  setWasmPaths("/wasm/");
  await tf.setBackend("wasm");
  const layout = await Layout.load("/model/model.json");
  const data = Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => (i * 7919) % 256);
  const found: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await layout.find({ width, height, data });
    found.push((performance.now() - began) / 1000);
  }
  return found;
}
"""


def in_python() -> float:
    """Returns the seconds of a screen's heat map."""
    picture = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    detector, taken = main.load(main.PRETRAINED), []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        detector.heat(picture)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def many_pages(folder: Path) -> dict[str, float]:
    """Returns the seconds for pages in a folder: by the rules alone, by the network alone, and as `check` does both.

    Beside them is which share of the cores' time was used while both worked: browser and network together, or one after the other.
    """
    for number in range(TARGETS):
        (folder / f"{number}.html").write_text(pages.page(number).html)
    detector = main.load(main.PRETRAINED)

    def seconds(work: Callable[[], Any]) -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    found = {
        "rules": seconds(lambda: checking.check([str(folder)])),
        "network": seconds(lambda: [detector.heat(picture) for _ in range(TARGETS)]),
    }
    used, idle = _core_ticks()
    found["both"] = seconds(lambda: checking.check([str(folder)], model=detector))
    used, idle = (after - before for after, before in zip(_core_ticks(), (used, idle), strict=True))
    return {**found, "busy": used / (used + idle)}


def _core_ticks() -> tuple[float, float]:
    """Returns how long the machine's cores, all together, have worked and waited since it began, in Linux's ticks."""
    ticks = [float(each) for each in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    waited = ticks[3] + ticks[4]
    return sum(ticks) - waited, waited


def in_browser(folder: Path) -> float:
    """Returns the seconds of a screen's heat map in headless Chromium, on TensorFlow.js's wasm backend."""
    esbuild = WEB / "node_modules" / "esbuild" / "bin" / "esbuild"
    subprocess.run(
        [node_path(), str(esbuild), "--bundle", "--format=esm", "--loader=ts", "--log-level=error", "--external:node:*",
         "--external:module", "--external:fs/promises", f"--outfile={folder / 'times.js'}"],
        cwd=WEB, input=_IN_BROWSER, text=True, check=True,
    )  # fmt: skip
    (folder / "index.html").write_text("<!doctype html><link rel=icon href=data:,>")
    wasm = WEB / "node_modules" / "@tensorflow" / "tfjs-backend-wasm" / "dist"
    ask = "async (size) => (await import('/times.js')).times(...size)"
    with serve({"/": folder, "/model": main.PRETRAINED, "/wasm": wasm}) as address, chromium_page() as page:
        page.goto(f"{address}/index.html")
        return statistics.median(page.evaluate(ask, [WIDTH, HEIGHT, 4])[1:])


def pictures_a_second(folder: Path) -> float:
    """Returns how many labelled pictures of generated pages `layout make` makes in a second, its browsers' start included."""
    began = time.perf_counter()
    data.make(folder, TARGETS)
    seconds = time.perf_counter() - began
    return len(data.load(folder)) / seconds


def table(found: dict[str, Any]) -> str:
    """Returns the figures as Markdown."""
    many = found["many"]
    rows = [
        ("in Python, beyond the browser's own time", f"{found['python']:.2f} s", "1.0 s"),
        ("in headless Chromium, TensorFlow.js on wasm", f"{found['browser']:.2f} s", "5 s"),
        (f"{TARGETS} pages: the rules alone", f"{many['rules']:.0f} s", ""),
        (f"{TARGETS} pages: the network alone", f"{many['network']:.0f} s", ""),
        (f"{TARGETS} pages: both, and the heat maps' pictures", f"{many['both']:.0f} s", ""),
        ("… with so much of the cores' time in use", f"{100 * many['busy']:.0f} %", ""),
        ("labelled pictures that `make` makes in a second", f"{found['made']:.1f}", "5"),
    ]
    lines = ["| a picture of 1280 × 800 | takes | wanted |", "|---|---|---|"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def run() -> None:
    """Measures, prints, keeps, and with `--docs` writes into the page."""
    found: dict[str, Any] = {
        "machine": machine.describe(),
        "threads": torch.get_num_threads(),
        "python": in_python(),
    }
    for name, measured in (("many", many_pages), ("browser", in_browser), ("made", pictures_a_second)):
        with tempfile.TemporaryDirectory() as folder:
            found[name] = measured(Path(folder))
    print(table(found))
    write_beside_then_rename(RESULTS, (json.dumps(found, indent=1) + "\n").encode())
    if "--docs" in sys.argv:
        write_beside_then_rename(PAGE, fill(PAGE.read_text(encoding="utf-8"), {"speed": table(found)}).encode())


if __name__ == "__main__":
    run()
