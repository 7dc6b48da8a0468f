"""Finds a Chromium for the tests, and gets one where there is none.

`python tools/chromium.py` looks for one on the system and among Playwright's downloads. Without success it tries apt
(as root), then Playwright's own download. It prints the path, or one sentence saying that none can be had; the tests
that need a browser are skipped then.
"""

import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

_COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


@lru_cache
def chromium_path() -> str | None:
    """Returns the path of a Chromium that starts, or None."""
    candidates = [shutil.which(command) for command in _COMMANDS]
    candidates += [*_APPLICATIONS, _playwright_path()]
    return next((path for path in candidates if path and Path(path).exists() and _starts(path)), None)


def install_chromium() -> str | None:
    """Returns the path of a Chromium, which is installed first if there is none; None when it cannot be had."""
    for attempt in (_install_with_apt, _install_with_playwright):
        if chromium_path():
            break
        attempt()
        chromium_path.cache_clear()
    return chromium_path()


def _starts(path: str) -> bool:
    # Ubuntu's chromium-browser can be a script that only says where else to get it.
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _playwright_path() -> str | None:
    # In a process of its own, since Playwright's synchronous side refuses to run inside an event loop.
    script = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: print(p.chromium.executable_path)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    return answer.stdout.strip() or None


def _install_with_apt() -> None:
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return
    print("Installing Chromium with apt.", flush=True)
    install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]
    if not _run(install):
        _run(["apt-get", "update"])
        _run(install)


def _install_with_playwright() -> None:
    print("Downloading Chromium with Playwright.", flush=True)
    _run([sys.executable, "-m", "playwright", "install", "chromium"])


def _run(command: list[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, timeout=600).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    path = install_chromium()
    print(
        f"Chromium: {path}"
        if path
        else "No Chromium can be had: none is installed, and neither apt nor Playwright could get one. "
        "The tests in a browser are skipped. Install Chromium or Chrome, and run this again."
    )
