"""In a test suite of somebody's."""

import subprocess
import sys

from PIL import Image

from tests._javascript import chromium_page
from tools import chromium
from velveteen.recipes.layout.pytest_plugin import check_page

SUITE = """
import pytest
from playwright.sync_api import sync_playwright

@pytest.fixture
def page():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path={path!r})
        yield browser.new_page()
        browser.close()

def test_fine(page, layout_check):
    page.set_content("<style>p {{ color: #222 }}</style><p>Fine.</p>")
    layout_check(page)

def test_broken(page, layout_check):
    page.set_content("<p id=cut style='height: 10px; overflow: hidden'>A line that is cut through</p>")
    layout_check(page, ignore=["#cut"])
    layout_check(page)
"""


def test_a_broken_page_fails_with_its_picture(tmp_path, needs_chromium):
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["velveteen.recipes.layout.pytest_plugin"]\n')
    (tmp_path / "test_pages.py").write_text(SUITE.format(path=chromium.chromium_path()))
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", tmp_path, "-p", "no:cacheprovider", tmp_path]
    told = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path).stdout
    assert "1 failed, 1 passed" in told, told
    assert "text-clipped: #cut: A line of text is cut through" in told
    (picture,) = (tmp_path / "layout-report").glob("*.png")
    assert f"Look at {picture}" in told and "test_broken-2.png" in picture.name
    with Image.open(picture) as opened:
        assert opened.size == (1280, 720)


def test_the_whole_page_and_its_viewport_afterwards(needs_chromium):
    with chromium_page() as page:
        page.set_content(
            "<style>p { color: #222 }</style><div style='height: 3000px'>Far down</div>"
            "<p id=cut style='height: 10px; overflow: hidden'>A line that is cut through</p>"
        )
        assert check_page(page).ok
        result = check_page(page, full_page=True)
        assert [each.selector for each in result.findings] == ["#cut"] and result.height > 3000
        assert page.viewport_size == {"width": 1280, "height": 720}
        assert check_page(page, full_page=True, ignore=["0,2900,1280,300"]).ok
