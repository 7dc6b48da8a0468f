"""The real TensorFlow.js for tests: in Node, and on a page in headless Chromium.

    from tests._javascript import chromium_page, run_node, serve, tensorflowjs_folder

    def test_page(tmp_path):
        with serve({"/": tmp_path, "/tfjs": tensorflowjs_folder()}) as address, chromium_page() as page:
            page.goto(f"{address}/index.html")
            assert page.evaluate("tf.version.tfjs") == "4.22.0"

What a machine lacks skips the test with a reason, and fails it where CI is set. `make browsers` gets both.
"""

import contextlib
import functools
import http.server
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tools import chromium, node

PACKAGES = Path(__file__).parent / "browser"
"""The folder whose package.json pins TensorFlow.js."""


@functools.lru_cache
def tensorflowjs_folder() -> Path:
    """Returns the folder with TensorFlow.js's `tf.min.js`; installs it from npm when it is not there."""
    if node.node_path() is None:
        _lacking("Node.js 18 or newer")
    # Two workers that install into one folder would spoil each other's work.
    may_install = "PYTEST_XDIST_WORKER" not in os.environ
    if not _is_installed() and not (may_install and node.install_packages(PACKAGES)):
        _lacking("the npm package @tensorflow/tfjs")
    return PACKAGES / "node_modules" / "@tensorflow" / "tfjs" / "dist"


def run_node(script: Path, request: Any, folder: Path) -> Any:
    """Runs a script with Node and TensorFlow.js.

    Args:
        script: called with two paths: of a JSON file to read `request` from, and of one to write the answer to.
        request: anything that JSON has.
        folder: for the two files.

    Returns:
        the answer.
    """
    tensorflowjs_folder()
    asked, answered = folder / "request.json", folder / "answer.json"
    asked.write_text(json.dumps(request), encoding="utf-8")
    program = node.node_path()
    assert program is not None
    environment = {**os.environ, "NODE_PATH": str(PACKAGES / "node_modules")}
    command = [program, str(script), str(asked), str(answered)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, f"{script.name} failed:\n{result.stderr[-4000:]}"
    return json.loads(answered.read_text(encoding="utf-8"))


@contextlib.contextmanager
def chromium_page(*arguments: str) -> Iterator[Any]:
    """Opens an empty page in headless Chromium (Playwright's `Page`). An error on the page fails the test at the end.

    Args:
        arguments: of Chromium's command line.
    """
    path = chromium.chromium_path()
    if path is None:
        _lacking("Chromium or Chrome")
    from playwright.sync_api import sync_playwright

    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if is_root else []
        browser = playwright.chromium.launch(executable_path=path, args=[*sandbox, *arguments])
        try:
            page = browser.new_page()
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            yield page
            assert errors == []
        finally:
            browser.close()


@contextlib.contextmanager
def serve(folders: dict[str, Path]) -> Iterator[str]:
    """Serves folders on 127.0.0.1 under their prefixes (the longest one wins); yields the address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            prefix = max((p for p in folders if path.startswith(p)), key=len, default="/")
            self.directory = str(folders.get(prefix, PACKAGES / "nothing"))
            return super().translate_path("/" + path[len(prefix) :].lstrip("/"))

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _is_installed() -> bool:
    return (PACKAGES / "node_modules" / ".package-lock.json").exists()


def _lacking(what: str) -> NoReturn:
    reason = f'This test needs {what}, which this machine lacks. "make browsers" gets it.'
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
