import io
import json
from xml.etree import ElementTree

import pytest
from PIL import Image

from tests._javascript import chromium_page
from velveteen.errors import ArgumentError
from velveteen.recipes.layout import report
from velveteen.recipes.layout.findings import Finding, Result
from velveteen.recipes.layout.pictures import png


def result(target="site/index.html", colour="white", **more):
    findings = [
        Finding("overlap", True, (20.0, 30.0, 60.0, 20.0), 1.0, "#a > p", "Look for </script><b>z-index</b>.", "Words"),
        Finding("collapsed", False, (10.0, 70.0, 30.0, 5.0), 0.6, None, "Have a look."),
    ]
    picture = png(Image.new("RGB", (200, 100), colour))
    return Result(target, (200, 100), 200, 100, findings, picture=picture, **more)


def test_the_json_is_as_documented():
    answer = report.as_json([result()])
    (target,) = answer["targets"]
    assert list(target) == ["target", "viewport", "width", "height", "ok", "error", "findings"]
    assert (target["viewport"], target["width"], target["height"], target["ok"]) == ([200, 100], 200, 100, False)
    assert target["findings"][0] == {
        "kind": "overlap", "sure": True, "box": [20.0, 30.0, 60.0, 20.0], "score": 1.0, "selector": "#a > p",
        "advice": "Look for </script><b>z-index</b>.",
    }  # fmt: skip


def test_junit_tells_failures_and_errors():
    fine = Result("b\x00.html", (1, 1))
    root = ElementTree.fromstring(report.junit([result(), fine, Result("c.html", (1, 1), error="No <host>.")]))
    suite = root.find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    broken, sound, unreachable = suite.findall("testcase")
    assert "#a > p" in broken.find("failure").text and "collapsed? at 10,70,30,5" in broken.find("system-out").text
    assert list(sound) == [] and unreachable.find("error").get("message") == "No <host>."


def test_the_picture_shows_the_boxes():
    with Image.open(io.BytesIO(report.annotated(result()))) as picture:
        assert picture.size == (200, 100)
        assert picture.getpixel((18, 40)) == (157, 2, 118)  # the left line of the overlap
        assert picture.getpixel((50, 40)) == (255, 255, 255)


def test_names_differ_where_targets_or_viewports_do():
    names = {report.name_of(each) for each in (Result("a/b", (1, 1)), Result("a-b", (1, 1)), Result("a/b", (1, 2)))}
    assert len(names) == 3 and not any("/" in name for name in names)


def test_the_page_shows_findings_and_the_run_before(tmp_path, needs_chromium):
    report.write(tmp_path, [result(colour="red")])
    files = report.write(tmp_path, [result(), Result("gone.html", (200, 100), error="Nobody answers.")])
    assert [file.name for file in files] == ["results.json", "junit.xml", "report.html"]
    assert json.loads(files[0].read_text()) == report.as_json(
        [result(), Result("gone.html", (200, 100), error="Nobody answers.")]
    )
    assert len(list(tmp_path.glob("*.png"))) == 2
    with chromium_page() as page:
        page.goto(files[2].as_uri())
        assert page.title() == "Layout: 1 of 2 broken, 1 not checked"
        assert page.locator("nav button").count() == 2
        assert page.locator(".box").count() == 2 and page.locator(".box.unsure").count() == 1
        assert "</script><b>z-index</b>" in page.locator("li").first.inner_text()
        over = page.locator(".over")
        assert over.evaluate("e => e.style.clipPath") == "inset(0px 100% 0px 0px)"
        page.locator("label", has_text="before").locator("input").fill("60")
        assert over.evaluate("e => e.style.clipPath") == "inset(0px 40% 0px 0px)"
        page.locator("li").first.click()
        assert page.locator(".box.chosen").count() == 1
        page.get_by_role("button", name="gone.html").click()
        assert page.locator(".error").inner_text() == "Nobody answers."
        loaded = page.evaluate(
            "() => performance.getEntriesByType('resource').filter((e) => !e.name.startsWith('data:')).length"
        )
        assert loaded == 0  # one file, nothing beside it


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(ArgumentError, match="is a file"):
        report.write(tmp_path / "out", [])
