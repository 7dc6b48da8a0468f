"""The JavaScript of the documentation runs in the real TensorFlow.js, on what the Python beside it saved."""

import contextlib
import io
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

import velveteen as vt
from tests._javascript import chromium_page, run_node, serve, tensorflowjs_folder
from tests.browser.test_demo_page import STROKES
from tools import node

HERE = Path(__file__).parent
DOCS = HERE.parent.parent / "docs"
CDN = "https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@4.22.0"

pytestmark = pytest.mark.xdist_group("documents")


def code_of(page, language):
    text = (DOCS / page).read_text(encoding="utf-8")
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def run_python(page):
    names = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code_of(page, "python"), page, "exec"), names)
    return names


def test_the_ported_program_is_the_same_on_both_sides(tmp_path, monkeypatch):
    """Both programs run as they stand in porting.md, and each side loads what the other one saved."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    monkeypatch.chdir(ours)
    vt.set_random_seed(0)
    python = run_python("porting.md")
    printed = run_node(
        HERE / "node_document.js", {"code": code_of("porting.md", "js"), "folder": str(theirs)}, tmp_path
    )
    accuracy = next(float(line.split()[1]) for line in printed if line.startswith("accuracy"))
    assert accuracy > 0.95 and float(python["accuracy"]) > 0.95

    points, arms = python["points"], python["arms"]
    model = vt.load_layers_model(theirs / "spirals")
    right = (model.predict(points).arg_max(-1) == arms.arg_max(-1)).cast("float32").mean()
    assert float(right) == pytest.approx(accuracy, abs=0.003)  # their points are ours, to rounding

    code = "const model = await tf.loadLayersModel('file://spirals/model.json');\n"
    code += "console.log(model.predict(tf.tensor2d([[0.3, -0.1], [0.9, 0.2]])).dataSync().join(' '));"
    answered = run_node(HERE / "node_document.js", {"code": code, "folder": str(ours)}, tmp_path)
    expected = python["again"].predict([[0.3, -0.1], [0.9, 0.2]]).data_sync()
    np.testing.assert_allclose([float(number) for number in answered[-1].split()], expected, atol=1e-5)


@pytest.mark.parametrize("page", [path.name for path in sorted(DOCS.glob("*.md")) if code_of(path.name, "js")])
def test_javascript_is_javascript(page, tmp_path):
    """What runs in none of these tests runs in those of its recipe, written out; here its grammar is checked."""
    tensorflowjs_folder()  # skips where there is no Node
    (tmp_path / "page.mjs").write_text(code_of(page, "js"), encoding="utf-8")
    checked = subprocess.run([node.node_path(), "--check", tmp_path / "page.mjs"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("digit", ["3", "4"])
def test_the_page_of_the_start_reads_a_digit(digit, started):
    """The page of quickstart.md reads what is drawn on it."""
    canvas = started.locator("canvas")
    canvas.dblclick()  # clears it
    box = canvas.bounding_box()
    for stroke in STROKES[digit]:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        started.mouse.move(*points[0])
        started.mouse.down()
        for point in points[1:]:
            started.mouse.move(*point, steps=6)
        started.mouse.up()
    started.wait_for_function(f"document.querySelector('h1').textContent.startsWith('{digit}, ')")


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """The page of quickstart.md, beside the model that its Python saved; TensorFlow.js comes from the tests' packages."""
    pytest.importorskip("mlxtend")
    folder, script = tmp_path_factory.mktemp("start"), tensorflowjs_folder() / "tf.min.js"
    with contextlib.chdir(folder):
        run_python("quickstart.md")
    page = code_of("quickstart.md", "html")
    assert CDN in page
    (folder / "index.html").write_text(page, encoding="utf-8")
    with serve({"/": folder}) as address, chromium_page() as opened:
        opened.set_default_timeout(60_000)
        opened.route(CDN, lambda route: route.fulfill(path=script))
        opened.goto(f"{address}/index.html")
        yield opened
