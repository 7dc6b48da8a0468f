"""Draws the pictures of the documentation again, by velveteen's own commands, into docs/images.

    python tools/site_pictures.py                     # all: trains half a dozen small networks, about ten minutes
    python tools/site_pictures.py layout formatter    # these
    python tools/site_pictures.py writer=bard         # of a model that is there, instead of training a small one

The pictures of performance.md are `make bench`'s, the one of seq2seq.md is its project's own `predict --picture`.
"""

import contextlib
import functools
import http.server
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import chromium
import node
import numpy as np
import site_drawings
from PIL import Image
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
TFJS = ROOT / "tests" / "browser"
BLOCK = re.compile(r"^```(python|html)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_THREE = (
    *((0.3, 0.25), (0.45, 0.15), (0.65, 0.2), (0.7, 0.33), (0.6, 0.45), (0.45, 0.48)),
    *((0.62, 0.5), (0.73, 0.65), (0.65, 0.8), (0.45, 0.85), (0.28, 0.75)),
)
"""A handwritten 3, as parts of the canvas."""

SHOP = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Tea shop</title>
<style>
  body { margin: 0; font: 16px/1.5 sans-serif; color: #2b2b2b; background: #fafafa; }
  header { display: flex; gap: 24px; align-items: center; padding: 16px 32px; background: white; }
  header b { font-size: 20px; margin-right: auto; }
  main { display: grid; grid-template-columns: repeat(3, 1fr); gap: 24px; padding: 32px; }
  article { background: white; border: 1px solid #ddd; border-radius: 8px; padding: 16px; }
  article img { width: 100%; height: 120px; object-fit: cover; }
  button { width: 150px; height: 40px; overflow: hidden; white-space: nowrap; border: 0; border-radius: 6px; }
  button { background: #2f6f4f; color: white; font: inherit; }
  .badge { position: relative; top: -34px; background: #c33; color: white; padding: 2px 8px; border-radius: 4px; }
  footer { padding: 16px 32px; white-space: nowrap; }
</style>
<header><b>Leaf &amp; Kettle</b><span>Teas</span><span>Pots</span><span>About us</span><span>Cart (2)</span></header>
<main>
  <article><img src="tea.svg" alt="Green tea"><h3>Green tea</h3><p>Fresh and grassy, from the first harvest.</p>
    <p><b>12 €</b></p><button>Add to cart</button></article>
  <article><img src="missing.jpg" alt="Black tea"><h3>Black tea</h3><p>Strong, with a note of malt.</p>
    <p><b>9 €</b></p><button>Add to the shopping cart</button></article>
  <article><img src="tea.svg" alt="Herbal tea"><h3>Herbal tea</h3><p>Mint, fennel and lemon balm.</p>
    <p><b>8 €</b></p><p><span class="badge">Only three left</span></p><button>Add to cart</button></article>
</main>
<footer>Free delivery above 40 € within the country, 4.90 € below, and 12.90 € to all other countries; please allow three
to five working days, and up to ten in December.</footer>
</html>
"""
"""A page with five faults."""

TEA = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="120"><rect width="300" height="120" fill="#cfe3d4"/>'
    '<circle cx="150" cy="60" r="36" fill="#5a8f6b"/></svg>'
)

CART = """const total=(items)=>items.filter(i=>i.price>0).reduce((sum,{price,count})=>sum+price*count,0);
export async function checkout(cart,{currency="EUR",express=false}={}){
if(!cart.items.length)throw new Error("The cart is empty.");
  const body={items:cart.items,total:total(cart.items),currency,express}
const response=await fetch("/api/orders",{method:"POST",body:JSON.stringify(body)});
return response.ok?await response.json():null }
"""


def quickstart(folder: Path, _: Path | None) -> dict[str, bytes]:
    """The page of the ten-minute start, with a 3 drawn on it."""
    html = run_document("quickstart.md", folder)["html"]
    (folder / "index.html").write_text(html, encoding="utf-8")
    with served(folder) as address, page(300, 350) as opened:
        opened.goto(address)
        opened.wait_for_load_state("networkidle")
        draw(opened, "canvas")
        opened.wait_for_function("document.querySelector('h1').textContent.includes('sure')")
        return {"quickstart.png": opened.screenshot()}


def concepts(folder: Path, _: Path | None) -> dict[str, bytes]:
    """The curves and pictures of the concepts."""
    names = run_document("concepts.md", folder)
    return {
        "activations.svg": site_drawings.activations(),
        "learning-rate.svg": site_drawings.learning_rates(names["network"], *names["moons"](400)),
        "overfitting.svg": site_drawings.overfitting(names["history"]),
        "convolution.png": site_drawings.convolution(),
    }


def unet(folder: Path, _: Path | None) -> dict[str, bytes]:
    """What the project that `velveteen new --model unet` begins with finds."""
    velveteen("new", "circles", "--model", "unet", cwd=folder)
    run([sys.executable, "main.py", "train"], folder / "circles")
    rows = []
    for number in range(3):  # of the pictures that data.py keeps to test on
        name = f"{np.random.default_rng(1).permutation(300)[number]}.png"
        run([sys.executable, "main.py", "predict", f"circles/pictures/{name}"], folder / "circles")
        places = [f"circles/pictures/{name}", f"circles/masks/{name}", "mask.png"]
        rows.append([Image.open(folder / "circles" / place).convert("L").copy() for place in places])
    return {"unet.png": site_drawings.circles(rows)}


def digits(folder: Path, _: Path | None) -> dict[str, bytes]:
    """What `velveteen demo` writes, and its page with a 3 drawn on it."""
    velveteen("demo", cwd=folder)
    out = folder / "velveteen-demo"
    with served(out) as address, page(900, 620) as opened:
        opened.goto(address)
        opened.wait_for_function("document.getElementById('certainty').textContent == 'waiting for your digit'")
        draw(opened, "#canvas")
        opened.wait_for_function("document.getElementById('answer').textContent == '3'")
        screenshot = opened.screenshot()
    return {
        "digits-curves.png": (out / "learning-curves.png").read_bytes(),
        "digits-mistakes.png": (out / "mistakes.png").read_bytes(),
        "digits-page.png": screenshot,
    }


def commands(folder: Path, model: Path | None) -> dict[str, bytes]:
    """`commands show` on words that espeak-ng says, between others and noise; and the confusions."""
    import soundfile

    from velveteen.recipes.commands import espeak

    if model is None:
        smaller_ones = ("--words", "stop,forward,left,right", "--model", "small", "--epochs", "10")
        velveteen("commands", "train", *smaller_ones, "--seed", "1", "--out", "robot", cwd=folder)
        model = folder / "robot"
    chance, said = np.random.default_rng(1), []
    synthesizer = espeak.open_espeak()
    rate = synthesizer.sample_rate
    metadata = json.loads((model / "model.json").read_text(encoding="utf-8"))["userDefinedMetadata"]
    one, two, three, four = [word for word in metadata["words"] if not word.startswith("_")][:4]
    for word in (one, "table", two, three, "window", four):
        sound = synthesizer.say(word)
        said += [0.5 * sound / np.abs(sound).max(), np.zeros(int(0.7 * rate))]
    sound = np.concatenate([np.zeros(rate // 2), *said])
    soundfile.write(folder / "robot.wav", sound + 0.002 * chance.standard_normal(len(sound)), rate)
    velveteen("commands", "show", "robot.wav", "--model", str(model), "--out", "heard.png", cwd=folder)
    pictures = {"commands-show.png": (folder / "heard.png").read_bytes()}
    if (model / "confusion.png").exists():  # there were recordings to test on
        pictures["commands-confusion.png"] = (model / "confusion.png").read_bytes()
    return pictures


def layout(folder: Path, _: Path | None) -> dict[str, bytes]:
    """`layout check` on a page with five faults: the marked picture and the report."""
    (folder / "shop.html").write_text(SHOP, encoding="utf-8")
    (folder / "tea.svg").write_text(TEA, encoding="utf-8")
    velveteen("layout", "check", "shop.html", "--viewport", "900x640", cwd=folder, code=1)
    marked = next((folder / "layout-report").glob("*.found.png")).read_bytes()
    with page(1200, 800) as opened:
        opened.goto((folder / "layout-report" / "report.html").as_uri())
        return {"layout-found.png": marked, "layout-report.png": opened.screenshot()}


def writer(folder: Path, model: Path | None) -> dict[str, bytes]:
    """A terminal in which `writer write` has written."""
    if model is None:
        sizes = ("--units", "192", "--embedding", "64", "--epochs", "6")
        velveteen("writer", "train", *sizes, "--seed", "1", "--out", "handbook", cwd=folder)
        model = folder / "handbook"
    arguments = ("--prompt", "The ", "--temperature", "0.5", "--length", "600", "--seed", "1")
    if model.name == "bard":
        arguments = ("--prompt", "ROMEO:", "--temperature", "0.7", "--length", "600", "--seed", "1")
    told = velveteen("writer", "write", str(model), *arguments, cwd=folder)
    typed = " ".join(f'"{word}"' if word in ("The ", "ROMEO:") else word for word in arguments)
    return {"writer-terminal.svg": terminal(f"velveteen writer write {model.name} {typed}", told)}


def formatter(folder: Path, _: Path | None) -> dict[str, bytes]:
    """A terminal with `formatter format --diff`."""
    (folder / "cart.js").write_text(CART, encoding="utf-8")
    told = velveteen("formatter", "format", "cart.js", "--diff", cwd=folder)
    return {"formatter-diff.svg": terminal("velveteen formatter format cart.js --diff", told, diff=True)}


PICTURES: dict[str, Callable[[Path, Path | None], dict[str, bytes]]] = {
    each.__name__: each for each in (quickstart, concepts, unet, digits, commands, layout, writer, formatter)
}


def velveteen(*arguments: str, cwd: Path, code: int = 0) -> str:
    """Runs a command of velveteen as in a terminal of 100 columns; returns what it prints."""
    return run([sys.executable, "-m", "velveteen", *arguments], cwd, code)


def run(command: list[str], cwd: Path, code: int = 0) -> str:
    """Runs a program, tells its errors on, and returns what it prints."""
    environment = {**os.environ, "COLUMNS": "100", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, text=True)
    if ended.returncode != code:
        raise SystemExit(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout}")
    return ended.stdout


def run_document(name: str, folder: Path) -> dict[str, Any]:
    """Runs the Python of a page of docs in a folder; returns its names, and its HTML as `html`."""
    names: dict[str, Any] = {"__name__": "__main__"}
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        for language, code in BLOCK.findall(text):
            if language == "python":
                exec(compile(code, name, "exec"), names)
            else:
                names["html"] = code
    return names


@contextlib.contextmanager
def page(width: int, height: int) -> Iterator[Any]:
    """Opens a page in Chromium; TensorFlow.js comes from the tests' packages instead of its CDN."""
    from playwright.sync_api import sync_playwright

    if not node.install_packages(TFJS):
        raise SystemExit("TensorFlow.js could not be installed: make npm")
    script = TFJS / "node_modules" / "@tensorflow" / "tfjs" / "dist" / "tf.min.js"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.chromium_path(), args=["--no-sandbox"])
        try:
            opened = browser.new_page(viewport={"width": width, "height": height})
            opened.route("https://cdn.jsdelivr.net/npm/@tensorflow/**", lambda route: route.fulfill(path=script))
            yield opened
        finally:
            browser.close()


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves a folder on this machine; yields the address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def draw(opened: Any, canvas: str) -> None:
    """Draws a 3 with the mouse."""
    box = opened.locator(canvas).bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in _THREE]
    opened.mouse.move(*points[0])
    opened.mouse.down()
    for point in points[1:]:
        opened.mouse.move(*point, steps=6)
    opened.mouse.up()


def terminal(command: str, output: str, *, diff: bool = False) -> bytes:
    """Returns an SVG of a terminal; it loads no font."""
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ ", "green") + Text(command, "bold"))
    colors = {"+": "green", "-": "red", "@": "cyan"}
    for line in output.rstrip().splitlines():
        console.print(Text(line, colors.get(line[:1], "") if diff else ""))
    svg = console.export_svg(title="", unique_id="terminal")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return svg.replace("font-family: Fira Code", "font-family: ui-monospace, Menlo, Consolas").encode()


def smaller(content: bytes) -> bytes:
    """Returns a PNG with at most 128 colors, which is a third of the size."""
    picture = Image.open(io.BytesIO(content)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    written = io.BytesIO()
    picture.save(written, "png", optimize=True)
    return written.getvalue()


def main(*wanted: str) -> None:
    """Draws the pictures that are wanted, or all."""
    for each in wanted or PICTURES:
        name, _, model = each.partition("=")
        if name not in PICTURES:
            raise SystemExit(f'There is no "{name}". There are: {", ".join(PICTURES)}.')
        with tempfile.TemporaryDirectory() as folder:
            pictures = PICTURES[name](Path(folder), Path(model).resolve() if model else None)
        for file, content in pictures.items():
            content = smaller(content) if file.endswith(".png") else content
            (IMAGES / file).write_bytes(content)
            print(f"docs/images/{file}: {len(content) // 1000} kB")


if __name__ == "__main__":
    main(*sys.argv[1:])
