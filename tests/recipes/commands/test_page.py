"""The page in Chromium, whose microphone plays a recording: it hears the words that Python hears, and asks nobody."""

import time

import numpy as np
import pytest
import soundfile

from tests._javascript import chromium_page, tensorflowjs_folder
from velveteen.recipes.commands import data, main, page, synthesis
from velveteen.recipes.commands.augmentation import Strength
from velveteen.recipes.commands.listening import listen
from velveteen.recipes.commands.recognizer import load
from velveteen.recipes.commands.settings import Settings

if not synthesis.available():
    pytest.skip("The words are spoken by espeak-ng, which is not installed.", allow_module_level=True)

# One worker trains and starts one Chromium for all.
pytestmark = pytest.mark.xdist_group("commands page")

WORDS = ("stop", "forward", "yellow", "left")
RATE = 48000
EVERY = 1.5
"""Seconds from one word to the next."""
MILD = Strength(speed=1.1, tract=1.1, voices=0, rooms=0, framed=0, bands=0, masks=0)


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    """A small network that has learned four words, spoken by espeak-ng in many voices."""
    folder = tmp_path_factory.mktemp("page") / "model"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthesis, "cache_folder", lambda: folder.parent / "speech")
        settings = Settings(
            size="small", epochs=12, batch_size=32, strength=MILD, synthesised=80, sample_rate=8000, unknown=False,
            false_accepts_per_hour=1000,
        )  # fmt: skip
        main.train(None, WORDS, settings, out=folder, seed=1, verbose=False)
    page.write(folder, folder / page.PAGE, tensorflowjs_folder() / "tf.min.js")
    return folder


@pytest.fixture(scope="module")
def said(model_folder):
    """What is played: a sound at 48 kHz, ten words in it that the model has not heard, and which they are."""
    speech = synthesis.speak(WORDS, each=3, sample_rate=RATE, samples=RATE, seed=99, cache=False)
    order = np.random.default_rng(1).permutation(len(speech))[:10]
    sound = 0.0005 * np.random.default_rng(2).standard_normal(round((11 * EVERY + 1) * RATE)).astype(np.float32)
    for number, place in enumerate(order):
        start = round((1 + number * EVERY) * RATE)
        sound[start : start + RATE] += 0.6 * data.to_float(speech.waveforms[place])
    path = model_folder.parent / "microphone.wav"
    soundfile.write(path, sound, RATE, subtype="PCM_16")
    return path, [WORDS[label] for label in speech.labels[order]]


@pytest.fixture(scope="module")
def opened(model_folder, said):
    microphone = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={said[0]}%noloop",
    ]
    with chromium_page(*microphone) as browser_page:
        browser_page.set_default_timeout(60_000)
        browser_page.requests = []
        browser_page.on("request", lambda request: browser_page.requests.append(request.url))
        browser_page.goto((model_folder / page.PAGE).as_uri())
        browser_page.wait_for_function("!document.getElementById('listen').disabled")
        yield browser_page


def test_it_hears_what_is_said_as_python_does(opened, model_folder, said):
    path, expected = said
    python = [event.label for event in listen(load(model_folder), path)]
    opened.locator("#listen").click()
    opened.wait_for_function("heard.length >= 5")
    # While words are spoken: the recording ends, and the picture goes on with silence.
    drawn = opened.evaluate("picture.getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 100)")
    assert drawn
    assert opened.locator("#answer").text_content() in WORDS
    assert opened.locator("#bars .best").count() == 1
    deadline = time.monotonic() + 30
    while opened.evaluate("heard.length") < len(python) and time.monotonic() < deadline:
        opened.wait_for_timeout(200)
    heard = [event["label"] for event in opened.evaluate("heard")]
    assert in_common(python, expected) >= 9
    assert in_common(heard, expected) >= 9
    assert opened.locator("#heard li").count() == len(heard)
    opened.locator("#listen").click()
    assert opened.locator("#certainty").text_content() == "ready"


def in_common(heard, said):
    """Returns the length of the longest sequence that both have in this order (Wagner and Fischer, 1974)."""
    lengths = np.zeros((len(heard) + 1, len(said) + 1), int)
    for i, one in enumerate(heard):
        for j, other in enumerate(said):
            lengths[i + 1, j + 1] = lengths[i, j] + 1 if one == other else max(lengths[i, j + 1], lengths[i + 1, j])
    return int(lengths[-1, -1])


def test_no_request_leaves_the_machine(opened):
    assert opened.requests
    assert all(url.startswith(("file:", "data:", "blob:")) for url in opened.requests)


def test_it_fits_a_phone(opened):
    opened.set_viewport_size({"width": 320, "height": 640})
    assert opened.evaluate("document.documentElement.scrollWidth") == 320
    assert opened.locator("#listen").bounding_box()["height"] >= 44
    assert opened.locator("#spectrogram").bounding_box()["width"] > 250
    opened.set_viewport_size({"width": 1000, "height": 760})


def test_without_a_microphone_it_says_so(opened, model_folder):
    other = opened.context.browser.new_page()
    other.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'))"
    )
    other.goto((model_folder / page.PAGE).as_uri())
    other.wait_for_function("!document.getElementById('listen').disabled")
    other.locator("#listen").click()
    other.wait_for_function("document.getElementById('certainty').classList.contains('failed')")
    assert other.locator("#certainty").text_content() == "There is no microphone. Connect one, and try again."
    assert other.locator("#listen").is_enabled()
    other.close()
