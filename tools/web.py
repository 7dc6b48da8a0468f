"""Builds the browser side: `python tools/web.py` makes the npm package (web/recipes/dist) and the studio's pages from web/, unless
they are up to date.

It needs Node.js 20.19 or newer, and installs the packages of web/package.json. Where they cannot be had it prints one sentence,
and the studio says that its pages are not built.
"""

import subprocess
import sys
from pathlib import Path

from node import install_node, install_packages  # beside this script, which alone is run as one

ROOT = Path(__file__).parent.parent
WEB = ROOT / "web"
PAGES = ROOT / "velveteen" / "studio" / "pages"
_SOURCES = ("*.json", "*.ts", "recipes/*.*", "recipes/src/**/*", "studio/*.html", "studio/src/*", "studio/public/*")
_TAKEN_ALONG = (
    "velveteen/recipes/*/page/*",
    "velveteen/recipes/_page/*.css",
    "velveteen/recipes/layout/**/*.js",
    "velveteen/recipes/*/pretrained/**/*",
)


def is_built() -> bool:
    """Returns whether package and pages are newer than everything that they are made from."""
    index = PAGES / "index.html"
    if not index.is_file() or not (WEB / "recipes" / "dist" / "recipes.js").is_file():
        return False
    sources = [path for pattern in _SOURCES for path in WEB.glob(pattern)]
    sources += [path for pattern in _TAKEN_ALONG for path in ROOT.glob(pattern) if path.is_file()]
    return index.stat().st_mtime >= max(path.stat().st_mtime for path in sources)


def build() -> None:
    """Builds the pages, if that can be done here.

    Raises:
        SystemExit: they have an error.
    """
    if is_built():
        return
    node = install_node()
    if node is None or not install_packages(WEB):
        print(
            "The studio's pages are not built: that needs Node.js and the npm packages of web/. Their tests are skipped."
        )
        return
    modules = WEB / "node_modules"
    for script, *arguments in (
        (WEB / "recipes" / "build.mjs",),
        (modules / "typescript/bin/tsc", "--noEmit"),
        (modules / "vite/bin/vite.js", "build", "--logLevel", "warn"),
    ):
        if subprocess.run([node, str(script), *arguments], cwd=WEB).returncode:
            sys.exit("The studio's pages could not be built. Node.js 20.19 or newer is needed.")


if __name__ == "__main__":
    build()
