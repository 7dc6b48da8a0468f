"""What `npm pack` makes works elsewhere: in a plain page, in a page built by Vite, for TypeScript, and in tests with Playwright."""

import json
import shutil
import subprocess
import tarfile

import pytest
from PIL import Image

from tests._javascript import chromium_page, serve, tensorflowjs_folder
from tests.web.conftest import SAMPLES
from tests.web.test_numbers import GRAMMARS, MODULES, WEB, run
from tools import chromium
from tools.node import npm_command

pytestmark = [
    pytest.mark.xdist_group("studio pages"),
    pytest.mark.skipif(not GRAMMARS.is_dir(), reason="the package is not built: make web"),
]
FORMATTED = """
import * as tf from "@tensorflow/tfjs";
import { Formatter } from "velveteen-web/recipes";
await tf.setBackend("cpu");
const formatter = await Formatter.load("/models/formatter/javascript");
const { text } = await formatter.format("f( a,b )");
document.body.append(text);
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A fresh project with the package, unpacked as npm does, beside the packages that it asks for."""
    folder = tmp_path_factory.mktemp("project")
    told = subprocess.run(
        [*npm_command(), "pack", "--ignore-scripts", "--json", "--pack-destination", folder],
        cwd=WEB, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    (packed,) = folder.glob("*.tgz")
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    modules = folder / "node_modules"
    modules.mkdir()
    (folder / "package").rename(modules / "velveteen-web")
    for name in ("@tensorflow", "@types", "pngjs", "playwright-core", "vite", "typescript"):
        (modules / name).symlink_to(MODULES / name)
    (folder / "package.json").write_text('{"name": "fresh", "type": "module"}')
    return folder


def test_it_has_what_is_needed_and_no_more(project):
    package = project / "node_modules" / "velveteen-web"
    names = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    dist = "recipes/dist/"
    assert {"package.json", "recipes/README.md", dist + "recipes.js", dist + "types/index.d.ts"} <= names
    assert {
        dist + "grammars/tree-sitter-css.wasm",
        dist + "grammars/LICENSES",
        dist + "models/formatter/css/model.json",
    } <= names
    others = {name for name in names if not name.startswith(dist)}
    assert others <= {"package.json", "recipes/README.md", "README.md", "LICENSE"}
    for entry in json.loads((package / "package.json").read_text())["exports"].values():
        if isinstance(entry, dict):
            assert all((package / path).is_file() for path in entry.values())


def test_a_plain_page_formats(project):
    package = project / "node_modules" / "velveteen-web" / "recipes" / "dist"
    imports = {"@tensorflow/tfjs": "/tfjs/tf.fesm.min.js", "velveteen-web/recipes": "/package/recipes.js"}
    (project / "plain").mkdir()
    (project / "plain" / "index.html").write_text(
        f"<!doctype html><link rel=icon href=data:,><script type=importmap>{json.dumps({'imports': imports})}</script>"
        f"<script type=module>{FORMATTED}</script>"
    )
    folders = {
        "/": project / "plain",
        "/tfjs": tensorflowjs_folder(),
        "/package": package,
        "/dist": package,
        "/models": package / "models",
    }
    with serve(folders) as address, chromium_page() as page:
        page.goto(f"{address}/index.html")
        page.wait_for_function("document.body.innerText.includes('f(a, b)')")


def test_vite_builds_a_page_with_it(project):
    page_folder = project / "page"
    page_folder.mkdir()
    (page_folder / "index.html").write_text(
        "<!doctype html><link rel=icon href=data:,><script type=module src=/main.ts></script>"
    )
    (page_folder / "main.ts").write_text(FORMATTED)
    shutil.copytree(
        project / "node_modules" / "velveteen-web" / "recipes" / "dist" / "models", page_folder / "public" / "models"
    )
    run(MODULES / "vite" / "bin" / "vite.js", "build", page_folder, "--logLevel", "error", "--target", "es2022")
    built = page_folder / "dist"
    assert [path.name for path in built.rglob("tree-sitter-javascript*.wasm")]
    with serve({"/": built}) as address, chromium_page() as page:
        page.goto(f"{address}/index.html")
        page.wait_for_function("document.body.innerText.includes('f(a, b)')")


@pytest.mark.parametrize("resolution", ["Bundler", "NodeNext"])
def test_typescript_knows_its_types(project, resolution):
    (project / "typed.ts").write_text(
        'import { Commands, Digits, Formatter, guessLanguage, Layout, Writer, type Finding } from "velveteen-web/recipes";\n'
        'import { layoutCheck, type PageFinding } from "velveteen-web/playwright";\n'
        "export const all: unknown[] = [Commands, Digits, Formatter, guessLanguage, Layout, Writer, layoutCheck];\n"
        "export const kind = (finding: Finding | PageFinding): string => finding.kind;\n"
        "// @ts-expect-error\n"
        "Formatter.load(1);\n"
    )
    module = "ESNext" if resolution == "Bundler" else "NodeNext"
    run(
        MODULES / "typescript" / "bin" / "tsc", "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", module,
        "--moduleResolution", resolution, "--lib", "es2023,dom", "--types", "node", project / "typed.ts",
    )  # fmt: skip


def test_a_broken_page_fails_in_playwright(project, numbers):
    path = chromium.chromium_path()
    if path is None:
        pytest.skip("There is no Chromium.")
    (project / "check.mjs").write_text("""
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { BrokenLayoutError, fromFolder, layoutCheck, useWasm } from "velveteen-web/playwright";
const [executablePath, model, picture] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage();
const told = {};
try {
  await page.setContent("<style>p { color: #222 }</style><p>Fine.</p>");
  told.fine = await layoutCheck(page);
  await page.setContent("<p id=cut style='height: 10px; overflow: hidden'>A line that is cut through</p><p style='margin-top: 1500px'>Far down</p>");
  told.ignored = await layoutCheck(page, { ignore: ["#cut"] });
  told.unsure = await layoutCheck(page, { model, ignore: ["#cut"] });
  await page.setViewportSize({ width: 320, height: 240 });
  const shipped = dirname(fileURLToPath(import.meta.resolve("velveteen-web/models/layout/model.json")));
  told.shipped = await layoutCheck(page, { model: shipped, ignore: ["body"] });
  await page.setViewportSize({ width: 1280, height: 720 });
  const error = await layoutCheck(page, { picture, fullPage: true }).catch((error) => error);
  Object.assign(told, { isRight: error instanceof BrokenLayoutError, message: error.message, findings: error.findings, viewport: page.viewportSize() });
} finally {
  await browser.close();
}
console.log(JSON.stringify(told));
""")
    picture = project / "report" / "broken.png"
    told = json.loads(run(project / "check.mjs", path, numbers["layout"]["folder"], picture).splitlines()[-1])
    assert told["fine"] == told["ignored"] == told["shipped"] == []
    assert told["unsure"] and not any(each["sure"] for each in told["unsure"])
    assert all(each["selector"] and each["measured"] == "" for each in told["unsure"])
    assert told["isRight"] and "1. text cut off (text-clipped): #cut: " in told["message"]
    assert str(picture) in told["message"]
    assert [(each["kind"], each["selector"], each["sure"]) for each in told["findings"]] == [
        ("text-clipped", "#cut", True)
    ]
    assert told["viewport"] == {"width": 1280, "height": 720}
    with Image.open(picture) as opened:
        assert opened.width == 1280 and opened.height > 1500
        x, y, width, height = (round(length) for length in told["findings"][0]["box"])
        assert opened.convert("RGB").getpixel((x + width // 2, y + height + 1)) == (232, 93, 4)


def test_samples_are_of_all_languages_that_have_a_model():
    assert set(SAMPLES) == {"javascript", "typescript", "tsx", "css", "json", "python"}
