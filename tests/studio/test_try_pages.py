"""Try it: code is formatted and a screenshot is judged, in a real browser, by models of the studio's."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

import velveteen as vt
from tests._javascript import chromium_page
from velveteen.recipes.formatter.formatter import pretrained
from velveteen.recipes.formatter.languages import named
from velveteen.recipes.layout.faults import FAULTS
from velveteen.studio.app import PAGES

pytestmark = [
    pytest.mark.xdist_group("studio pages"),
    pytest.mark.skipif(not (PAGES / "index.html").is_file(), reason="the pages are not built: make web"),
]
AXE = PAGES.parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
CODE = {
    "javascript": "const f=(a,b)=>{return {a:1,b:[1,2,3],...b}}\nif(f){g()}else{h( )}",
    "json": '{"a":1,"b":[1,2,{"c":null}]}',
    "css": "a:hover,b>c{color:red}",
    "python": "def f(a,b = 1):\n  if a:return {k:v for k,v in b.items()}\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a network to which whatever is red is an overlap."""
    root = tmp_path_factory.mktemp("studio")
    network = vt.sequential([vt.layers.conv2d(len(FAULTS), 1, activation="sigmoid", input_shape=[None, None, 3])])
    kernel, bias = np.zeros((1, 1, 3, len(FAULTS))), np.full(len(FAULTS), -9.0)
    kernel[0, 0, :, list(FAULTS).index("overlap")] = (18, -18, 0)
    network.set_weights([kernel, bias])
    network.user_defined_metadata = {
        "recipe": "layout",
        "kinds": list(FAULTS),
        "thresholds": {kind: [0.5, 0.8] for kind in FAULTS} | {"text-clipped": [1.0, 1.0]},
        "multiple": 1,
        "input": {"outside": -1.0, "border": 32},
    }
    network.save(root / "models" / "red")
    return root


@pytest.fixture(scope="module")
def page(address):
    with chromium_page() as opened:
        opened.set_default_timeout(90_000)
        strangers = []
        opened.on("request", lambda request: strangers.append(request.url))
        opened.goto(address)
        yield opened
        allowed = (address.split("/?")[0], "data:", "blob:")
        assert [url for url in strangers if not url.startswith(allowed)] == []


def opened_on(page, address, name):
    page.goto("about:blank")  # an address that differs behind its # alone would not load the page anew
    page.goto(f"{address.split('?')[0]}#/try/{name}")
    page.wait_for_selector(".trial label")


def screenshot(box=None):
    """A PNG of 200 × 120 with a red box, if any."""
    pixels = np.full((120, 200, 3), 250, np.uint8)
    if box:
        x, y, width, height = box
        pixels[y : y + height, x : x + width] = (240, 20, 30)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize("name", CODE)
def test_pasted_code_is_formatted_as_in_python(page, address, name):
    language = named(name)
    (expected,) = pretrained(language).format([CODE[name].encode()], language)
    opened_on(page, address, "pretrained/formatter")
    page.get_by_label("Code", exact=True).fill(CODE[name])
    page.get_by_label("Language").select_option("" if name != "python" else name)
    page.get_by_label("Code", exact=True).press("Control+Enter")
    formatted = page.get_by_label("Formatted code")
    expect(formatted).to_be_visible(timeout=90_000)
    assert formatted.text_content() == expected.content.decode()
    title = {"javascript": "JavaScript", "json": "JSON", "css": "CSS", "python": "Python"}[name]
    expect(page.locator(".told")).to_contain_text(f"{title}: white space changed in")
    assert page.locator(".diff .added").count() and page.locator(".diff .removed").count()


def test_code_that_does_not_parse_is_told_where(page, address):
    opened_on(page, address, "pretrained/formatter")
    page.get_by_label("Code", exact=True).fill("let a = 1;\nlet b = @;")
    page.get_by_label("Language").select_option("javascript")
    page.get_by_role("button", name="Format").click()
    expect(page.locator(".told")).to_contain_text("JavaScript: line 2, column 7", timeout=90_000)
    expect(page.get_by_label("Formatted code")).to_be_hidden()


def test_a_dropped_screenshot_is_judged(page, address):
    opened_on(page, address, "red")
    expect(page.get_by_text("has not learned enough to find: text cut off.")).to_be_visible()
    content = base64.b64encode(screenshot((40, 30, 60, 20))).decode()
    page.evaluate(
        """(content) => {
            const data = new DataTransfer();
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            data.items.add(new File([bytes], "s.png", { type: "image/png" }));
            document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
        }""",
        content,
    )
    expect(page.locator(".findings li")).to_have_count(1, timeout=90_000)
    expect(page.locator(".findings li")).to_have_text(
        re.compile(r"elements overlapping sure, \d+ %, 60 × 20 at 40, 30")
    )
    expect(page.locator(".told")).to_contain_text("1 sure and 0 unsure; 200 × 120 pixels")
    marked = page.evaluate(
        "[...document.querySelector('.looked canvas').getContext('2d').getImageData(70, 28, 1, 1).data]"
    )
    assert marked == [*FAULTS["overlap"].colour, 255]


def test_a_sound_screenshot_and_one_that_is_none(page, address):
    opened_on(page, address, "red")
    choose = page.locator("#screenshot")
    choose.set_input_files({"name": "sound.png", "mimeType": "image/png", "buffer": screenshot()})
    expect(page.locator(".told")).to_contain_text("Nothing broken; 200 × 120 pixels", timeout=90_000)
    choose.set_input_files({"name": "none.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(page.locator(".told")).to_contain_text("cannot be read as a picture")
    expect(page.locator(".looked")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["pretrained/formatter", "red"])
def test_axe_finds_nothing_and_phones_need_not_scroll_sideways(page, address, name, scheme):
    page.emulate_media(color_scheme=scheme)
    opened_on(page, address, name)
    if name == "red":
        page.locator("#screenshot").set_input_files(
            {"name": "s.png", "mimeType": "image/png", "buffer": screenshot((40, 30, 60, 20))}
        )
        expect(page.locator(".findings li")).to_have_count(1, timeout=90_000)
    else:
        page.get_by_role("button", name="Format").click()
        expect(page.get_by_label("Formatted code")).to_be_visible(timeout=90_000)
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then(results => results.violations)")
    assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found] == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 720})
