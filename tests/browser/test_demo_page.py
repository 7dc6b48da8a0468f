"""The page of `velveteen demo` in a real browser: it reads what is drawn, and sees it as Python does."""

import io

import numpy as np
import pytest
from PIL import Image

from tests._javascript import chromium_page, tensorflowjs_folder
from velveteen.recipes.digits import main, page, picture

# One worker trains and starts one Chromium for all.
pytestmark = pytest.mark.xdist_group("demo page")

STROKES = {
    "1": [[(0.52, 0.15), (0.48, 0.85)]],
    "3": [
        [(0.3, 0.25), (0.45, 0.15), (0.65, 0.2), (0.7, 0.33), (0.6, 0.45), (0.45, 0.48)],
        [(0.45, 0.48), (0.62, 0.5), (0.73, 0.65), (0.65, 0.8), (0.45, 0.85), (0.28, 0.75)],
    ],
    "4": [[(0.35, 0.15), (0.25, 0.5), (0.7, 0.5)], [(0.62, 0.2), (0.58, 0.85)]],
    "7": [[(0.25, 0.2), (0.75, 0.2), (0.45, 0.8)]],
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """What `velveteen demo` makes, after fewer epochs."""
    script = tensorflowjs_folder() / "tf.min.js"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "DEMO_EPOCHS", 2)
        patch.setattr(page, "find_tensorflow_js", lambda: script)
        return main.demo(out=tmp_path_factory.mktemp("demo"), verbose=False)


@pytest.fixture(scope="module")
def browser_page(demo):
    with chromium_page() as opened:
        opened.set_default_timeout(60_000)
        opened.goto((demo.folder / main.PAGE).as_uri())
        opened.wait_for_function("document.getElementById('certainty').textContent == 'waiting for your digit'")
        yield opened


@pytest.fixture
def fresh(browser_page):
    """The page with nothing drawn."""
    browser_page.locator("#clear").click()
    browser_page.wait_for_function("document.getElementById('answer').textContent == '?'")
    return browser_page


def draw(opened, digit, size=1.0):
    box = opened.locator("#canvas").bounding_box()
    for stroke in STROKES[digit]:
        points = [(box["x"] + size * x * box["width"], box["y"] + size * y * box["height"]) for x, y in stroke]
        opened.mouse.move(*points[0])
        opened.mouse.down()
        for point in points[1:]:
            opened.mouse.move(*point, steps=6)
        opened.mouse.up()


def wait_for(opened, digit):
    opened.wait_for_function("digit => document.getElementById('answer').textContent == digit", arg=digit)


@pytest.mark.parametrize("digit", STROKES)
def test_it_reads_what_is_drawn(fresh, digit):
    draw(fresh, digit)
    wait_for(fresh, digit)
    best = fresh.locator("#bars .best")
    assert best.locator("span").first.text_content() == digit
    assert best.locator(".share").text_content().endswith(" %")
    assert fresh.locator("#bars li").count() == 10


@pytest.mark.parametrize("key", ["Delete", "Backspace", "Escape"])
def test_a_key_clears_it(fresh, key):
    draw(fresh, "7")
    wait_for(fresh, "7")
    fresh.keyboard.press(key)
    wait_for(fresh, "?")
    assert fresh.evaluate("[...document.querySelectorAll('.share')].every(share => share.textContent == '')")


@pytest.mark.parametrize("size", [1.0, 0.3])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_sees_the_drawing_as_python_does(fresh, demo, scheme, size):
    fresh.emulate_media(color_scheme=scheme)
    draw(fresh, "3", size)
    fresh.wait_for_function("document.getElementById('answer').textContent != '?'")
    seen, scores, png = fresh.evaluate(
        """async () => {
            const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
            const alpha = data.filter((_, i) => i % 4 == 3);
            return [[...normalize(alpha, canvas.width, canvas.height)], await recognize(),
                    await fetch(canvas.toDataURL()).then(r => r.arrayBuffer()).then(b => [...new Uint8Array(b)])];
        }"""
    )
    path = demo.folder / f"{scheme}-{size}.png"
    path.write_bytes(bytes(png))
    seen_here = picture.read(path)
    assert np.abs(np.reshape(seen, (28, 28)) - seen_here).max() <= 2
    [reading] = main.predict(demo.folder, [path])
    np.testing.assert_allclose(scores, reading["scores"], atol=0.02)  # its weights are halved to float16


def test_the_page_needs_nothing_beside_it(demo):
    text = (demo.folder / main.PAGE).read_text()
    assert "<link" not in text
    assert "<script src" not in text
    assert f"It read {100 * demo.measured.accuracy:.1f} % of 1,000 others right." in text


def test_it_fits_a_phone(browser_page):
    browser_page.set_viewport_size({"width": 320, "height": 640})
    assert browser_page.evaluate("document.documentElement.scrollWidth") == 320
    canvas, button = (browser_page.locator(name).bounding_box() for name in ("#canvas", "#clear"))
    assert canvas["width"] > 250
    assert button["height"] >= 44
    browser_page.set_viewport_size({"width": 1000, "height": 760})


def test_the_drawing_stays_when_the_colours_change(fresh):
    fresh.emulate_media(color_scheme="light")
    draw(fresh, "7")
    dark_ink = pixels(fresh).min()
    fresh.emulate_media(color_scheme="dark")
    fresh.wait_for_function("getComputedStyle(canvas).getPropertyValue('--ink').trim() == '#f3f0ea'")
    light_ink = pixels(fresh).max()
    assert dark_ink < 80
    assert light_ink > 200
    wait_for(fresh, "7")


def pixels(opened):
    return np.asarray(Image.open(io.BytesIO(opened.locator("#canvas").screenshot())).convert("L"))
