"""Sites that nobody here wrote, to learn layout from and to judge it on: what packages of npm, PyPI and Debian ship.

They are named in layout_sites.json; what is downloaded stays in build/layout and is no part of velveteen. Of each site those
pages are taken that stand as their authors saw them: every style sheet and picture they ask for is in the package.
"""

import asyncio
import json
import random
import re
import subprocess
import sys
import tarfile
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from velveteen.recipes.layout import browser, data, pages
from velveteen.recipes.layout.making import Visit
from velveteen.recipes.layout.targets import LOCAL, Target
from velveteen.recipes.layout.visiting import serve

SITES = Path(__file__).with_name("layout_sites.json")
"""Names of packages; under "broken" those of their pages that have faults as they ship: somebody has looked at them."""
SEEN = Path(__file__).with_name("layout_seen.json")
"""Of each part, by kind, the numbers of the looks at pages that are broken as they ship; of those to learn from, all looks at such a page.
To know them sound pictures were looked at, of "train" the first 780, by somebody who was not told what the rules or the network say."""
WORK = Path(__file__).parent.parent / "build" / "layout"
PICTURES = WORK / "pictures"
PAGES = 20
"""Of a site at most, so that none sets the tone."""
_TRIED, _TRIED_IN_VAIN = 50, 12
"""So many files are opened to find them; fewer where none is found."""
_AGAIN = 4
_WIDTHS = (1024, 1280, 1280, 1366, 1440, 1920)
"""Most were made for desktops: in narrower viewports many have faults of their own."""
_SECONDS = 15
_NEEDED = {"stylesheet", "image"}
_FONTS = re.compile(
    r"//(fonts\.googleapis\.com/css|[^/]*fontawesome|use\.typekit)|font-?awesome|themify|ionicons", re.IGNORECASE
)
"""Letters and signs from elsewhere: a page without them has others, and stands all the same."""
_COMMON = ("libjs-sphinxdoc", "libjs-jquery", "libjs-underscore", "sphinx-rtd-theme-common", "fonts-font-awesome")
"""Debian packages that pages of others have links to."""
_IS_SOUND = """() => {
  const body = getComputedStyle(document.body), text = document.body.innerText.trim();
  const plain = /Times/.test(body.fontFamily) && body.backgroundColor === 'rgba(0, 0, 0, 0)' && document.styleSheets.length === 0;
  const fits = document.documentElement.scrollWidth <= innerWidth + 2;
  return text.length > 150 && !plain && fits && document.body.scrollHeight > 100;
}"""


def named(part: str) -> list[str]:
    """Returns the sites of a part of layout_sites.json: "train", "validation", "judged"."""
    found: list[str] = json.loads(SITES.read_text())[part]
    return found


def pictures(part: str) -> list[data.Picture]:
    """Returns the pictures in a folder of PICTURES; of the looks at sites, those that show a page without faults of its own."""
    seen = json.loads(SEEN.read_text()).get(part, {})
    broken = {number for numbers in seen.values() for number in numbers}
    return [each for each in data.load(PICTURES / part) if int(each.page) not in broken]


def fetch(package: str) -> Path:
    """Returns the folder of a package, "npm:name@version", "pypi:name==version" or "deb:name", downloaded when it is not there."""
    folder = WORK / "sites" / re.sub(r"[^\w.+-]+", "-", package).strip("-")
    if folder.is_dir():
        return folder
    part = folder.with_name(folder.name + ".part")
    part.mkdir(parents=True, exist_ok=True)
    kind, _, name = package.partition(":")
    if kind == "npm":
        subprocess.run(["npm", "pack", "--silent", name], cwd=part, check=True, stdout=subprocess.DEVNULL)
        for packed in part.glob("*.tgz"):
            with tarfile.open(packed) as archive:
                archive.extractall(part, filter="data")
            packed.unlink()
    elif kind == "pypi":
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(part), name]
        subprocess.run(command, check=True)
        for wheel in part.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(part)
    else:
        for each in (name, *(() if name.startswith("fonts-") else _COMMON)):
            subprocess.run(["apt-get", "download", each], cwd=part, check=True, stdout=subprocess.DEVNULL)
        for packed in part.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(packed), "."], cwd=part, check=True)
            packed.unlink()
    part.rename(folder)
    return folder


def fonts() -> Path:
    """Returns a folder for XDG_DATA_HOME with the fonts of layout_sites.json."""
    home = WORK / "fonts"
    for package in named("fonts"):
        link = home / "fonts" / package
        if not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(fetch(f"deb:{package}"))
    return home


def sound_pages(packages: list[str]) -> list[Target]:
    """Returns the pages of sites, those of all sites in turn."""
    browser.run(_chosen([each for each in packages if not _list_of(each).exists()]))
    broken = json.loads(SITES.read_text())["broken"]
    lists = [
        [
            (fetch(each), inside)
            for inside in json.loads(_list_of(each).read_text())
            if not any(fnmatch(inside, pattern) for pattern in broken.get(each, ()))
        ]
        for each in packages
    ]
    most = max((len(each) for each in lists), default=0)
    # A site with few pages is looked at again, in other viewports.
    return [
        _target(*each[number % len(each)]) for number in range(most) for each in lists if number < _AGAIN * len(each)
    ]


def _list_of(package: str) -> Path:
    folder = fetch(package)
    return folder.with_name(folder.name + ".pages.json")


def _target(folder: Path, inside: str) -> Target:
    from urllib.parse import quote

    return Target(f"{folder.name}/{inside}", f"{LOCAL}/{quote(inside)}", folder.resolve())


async def _chosen(packages: list[str]) -> None:
    waiting = iter(packages)

    async def work() -> None:
        for package in waiting:
            async with browser.started() as chromium:
                page = await chromium.new_page(viewport={"width": 1280, "height": 800}, bypass_csp=True)
                await _choose(page, package)

    await asyncio.gather(work(), work())


async def _choose(page: Any, package: str) -> None:
    from playwright.async_api import Error

    folder = fetch(package)
    files = [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*.htm*"))
        if path.is_file() and not path.is_symlink() and path.stat().st_size > 1500 and path.suffix in (".html", ".htm")
    ]
    random.Random(package).shuffle(files)
    chosen: list[str] = []
    missing: list[str] = []
    reasons: list[str] = []

    async def answer(route: Any) -> None:
        if route.request.url.startswith(LOCAL):
            await serve(route, folder.resolve(), lambda said: None)
        else:
            await route.abort()

    def came(response: Any) -> None:
        if response.status >= 400:
            failed(response.request)

    def failed(request: Any) -> None:
        if request.resource_type in _NEEDED and not _FONTS.search(request.url):
            missing.append(request.url)

    async def quiet(dialog: Any) -> None:
        await dialog.dismiss()

    page.on("response", came)
    page.on("requestfailed", failed)
    page.on("dialog", quiet)
    await page.route("**/*", answer)
    for number, inside in enumerate(files[:_TRIED]):
        if len(chosen) >= PAGES or (number >= _TRIED_IN_VAIN and not chosen):
            break
        missing.clear()
        try:
            await page.goto(_target(folder, inside).address, timeout=1000 * _SECONDS)
            reasons += missing[:1]
            if not missing and await page.evaluate(_IS_SOUND):
                chosen.append(inside)
        except (Error, TimeoutError):
            if page.is_closed():
                break
    if not chosen and reasons:
        print(package, reasons[:3], flush=True)
    _list_of(package).write_text(json.dumps(chosen))
    print(f"{package}: {len(chosen)} of {len(files)} pages", flush=True)


def visits(packages: list[str]) -> Any:
    """Returns what `data.make` is given to look at the pages of sites, in viewports of chance."""
    found = sound_pages(packages)

    def page_of(seed: int) -> Visit:
        chance = random.Random(f"layout site {seed}")
        width, height = chance.choice(_WIDTHS), chance.choice(pages.HEIGHTS)
        return Visit(found[seed % len(found)], width, height, 1, max(0.0, chance.uniform(-0.7, 1)), is_alone=True)

    return page_of
