"""The unit tests of the browser side, which are written in TypeScript."""

import subprocess
from pathlib import Path

import pytest

from tools.node import node_path

WEB = Path(__file__).parents[2] / "web"
VITEST = WEB / "node_modules" / "vitest" / "vitest.mjs"


@pytest.mark.skipif(not VITEST.is_file() or not node_path(), reason="the packages of web/ are not installed: make web")
def test_the_recipes_of_the_browser():
    result = subprocess.run([node_path(), str(VITEST), "run"], cwd=WEB, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
