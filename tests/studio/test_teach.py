"""Teach: pictures of anything are taken, learned and told apart without a line typed; and thousands of them."""

import base64
import io
import re

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from tests._javascript import chromium_page
from velveteen.recipes.pictures import main as recipe
from velveteen.studio.app import PAGES

pytestmark = [
    pytest.mark.xdist_group("studio pages"),
    pytest.mark.skipif(not (PAGES / "index.html").is_file(), reason="the pages are not built: make web"),
]
expect.set_options(timeout=90_000)
MANY = 5000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def page(address):
    with chromium_page("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream") as opened:
        opened.set_default_timeout(90_000)
        opened.goto(address)
        yield opened


@pytest.fixture
def teach(page, address):
    page.goto(f"{address.split('?')[0]}#/models")
    page.wait_for_selector(".page.models h1")
    page.goto(f"{address.split('?')[0]}#/teach")
    page.wait_for_selector(".classroom")
    return page


def ball(place):
    """Returns a PNG of a red ball on blue, unlike what the fake camera shows."""
    picture = Image.new("RGB", (60, 48), (20, 30, 120 + place))
    ImageDraw.Draw(picture).ellipse((10 + place, 8, 40 + place, 38), (230, 30, 20))
    content = io.BytesIO()
    picture.save(content, "png")
    return content.getvalue()


def hand_over(teach, label, event, pictures):
    """Drops or pastes pictures."""
    teach.get_by_role("region", name=f"Class {label}").evaluate(
        """(room, [event, pictures]) => {
          const files = new DataTransfer();
          for (const [name, text] of pictures) {
            files.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name, { type: "image/png" }));
          }
          if (event === "drop") room.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
          else document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true }));
        }""",
        [event, [(f"{place}.png", content) for place, content in enumerate(pictures)]],
    )


def encoded(content):
    return base64.b64encode(content).decode()


def rename(teach, label, other):
    teach.once("dialog", lambda dialog: dialog.accept(other))
    teach.get_by_role("region", name=f"Class {label}").get_by_role("button", name="Rename").click()
    return teach.get_by_role("region", name=f"Class {other}")


def test_pictures_are_taken_learned_and_told_apart(teach, address, folder):
    camera, balls = rename(teach, "one", "camera"), rename(teach, "other", "a ball")
    files = folder / "datasets" / "mine pictures"

    # From the camera, for as long as the button is held.
    camera.get_by_role("button", name="Camera", exact=True).click()
    hold = camera.get_by_role("button", name="Hold to take pictures")
    hold.hover()
    teach.mouse.down()
    expect(camera.locator(".count")).to_have_text(at_least(8))
    teach.mouse.up()
    camera.get_by_role("button", name="Close the camera").click()
    with Image.open(next((files / "camera").glob("*.jpg"))) as taken:
        assert taken.size == (256, 256)

    # Chosen, dropped, pasted; and what is no picture is told.
    chosen = [{"name": f"{n}.png", "mimeType": "image/png", "buffer": ball(n)} for n in range(6)]
    broken = {"name": "broken.gif", "mimeType": "image/gif", "buffer": b"GIF89a"}
    balls.get_by_label("Files for a ball").set_input_files([*chosen, broken])
    expect(balls.locator(".count")).to_have_text(" 6 examples")
    expect(teach.locator("#notices p").last).to_contain_text("broken.gif")
    hand_over(teach, "a ball", "drop", [encoded(ball(7)), encoded(ball(8))])
    expect(balls.locator(".count")).to_have_text(" 8 examples")
    balls.get_by_role("heading").hover()
    hand_over(teach, "a ball", "paste", [encoded(ball(9))])
    expect(balls.locator(".count")).to_have_text(" 9 examples")
    assert len(list((files / "a ball").glob("*.png"))) == 9

    teach.get_by_role("button", name="Train on these").click()
    teach.wait_for_selector(".pill.done", timeout=180_000)
    teach.wait_for_selector("figure.chart canvas")
    expect(teach.locator(".advice")).to_contain_text("There are few pictures of a ball (9)")

    # The page tells what Python tells.
    (folder / "seen.png").write_bytes(ball(5))
    (told,) = recipe.predict(folder / "models" / "mine pictures", [folder / "seen.png"])
    assert told["label"] == "a ball" and told["score"] > 0.8
    teach.get_by_role("link", name="Try it").last.click()
    teach.locator("#seen-picture").set_input_files(folder / "seen.png")
    expect(teach.locator(".answer")).to_have_text(f"a ball, {round(100 * told['score'])} %")
    for label, score in told["scores"].items():
        shown = teach.get_by_label(f"Score of {label}").evaluate("meter => meter.value")
        assert shown == pytest.approx(score, abs=1e-3)
    teach.get_by_role("button", name="Camera").click()
    expect(teach.locator(".answer")).to_contain_text("camera, ")

    # It can be taken along once this browser computes what Python computes.
    teach.goto(f"{address.split('?')[0]}#/models/mine%20pictures")
    teach.get_by_role("button", name="Check it in this browser").click()
    teach.get_by_text("Download for a web page").wait_for()
    assert "Pictures.load" in teach.get_by_label("Program text for the page").text_content()


def at_least(count):
    return re.compile(rf"^ ({'|'.join(map(str, range(count, 200)))}) examples$")


def test_a_class_has_five_thousand_examples(teach, folder):
    """Not timed: what must not grow with their number is counted."""
    teach.get_by_label("Another class").fill("many")
    teach.get_by_role("button", name="Add").click()
    room = teach.get_by_role("region", name="Class many")
    asked = []
    teach.on("request", lambda request: asked.append(request))
    room.get_by_label("Files for many").evaluate(
        """async (input, count) => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
          canvas.getContext("2d").fillRect(0, 0, 5, 5);
          const picture = await new Promise((resolve) => canvas.toBlob(resolve));
          const files = new DataTransfer();
          for (let i = 0; i < count; i++) files.items.add(new File([picture, `${i}`], `${i}.png`, { type: "image/png" }));
          input.files = files.files;
          input.dispatchEvent(new Event("change"));
        }""",
        MANY,
    )
    expect(room.locator(".count")).to_have_text(" 5,000 examples", timeout=180_000)
    posts = [request for request in asked if request.method == "POST"]
    assert len(posts) <= MANY / 100 + 1
    assert max(int(request.all_headers()["content-length"]) for request in posts) < 20e6
    assert len(list((folder / "datasets" / "mine pictures" / "many").iterdir())) == MANY

    # What is shown is as little as before, and one more example costs as much as the first one.
    assert room.locator("img").count() == 24
    assert teach.evaluate("document.querySelectorAll('*').length") < 800
    teach.evaluate("Promise.allSettled([...document.images].map((each) => each.decode()))")
    asked.clear()
    with teach.expect_response(lambda response: response.request.method == "GET" and response.request in asked):
        room.get_by_label("Files for many").set_input_files(
            [{"name": "a.png", "mimeType": "image/png", "buffer": ball(1)}]
        )
    expect(room.locator(".count")).to_have_text(" 5,001 examples")
    expect(room.locator("img")).to_have_count(24)
    assert sorted(request.method for request in asked) == ["GET", "POST"]  # the example, and its picture
    answered = next(request for request in asked if request.method == "POST").response()
    assert len(answered.body()) < 200

    # All of them can be looked through, and opening the page asks for a few.
    room.get_by_role("button", name="Older").click()
    expect(room.get_by_role("button", name="Newer")).to_be_visible()
    expect(room.locator("img")).to_have_count(24)
    asked.clear()
    teach.reload()
    expect(teach.get_by_role("region", name="Class many").locator(".count")).to_have_text(" 5,001 examples")
    expect(teach.get_by_role("region", name="Class many").locator("img")).to_have_count(24)
    lists = [request for request in asked if request.url.endswith("/datasets") or "skip=" in request.url]
    assert len(lists) <= 1 + teach.locator(".classroom").count()
    assert sum(len(request.response().body()) for request in lists) < 5000
