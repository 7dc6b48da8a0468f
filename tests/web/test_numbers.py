"""The classes of the browser side compute what Python computes: in Node, and in headless Chromium on WebAssembly."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests._javascript import chromium_page, serve
from tools.node import node_path

WEB = Path(__file__).parents[2] / "web"
MODULES = WEB / "node_modules"
GRAMMARS = WEB / "recipes" / "dist" / "grammars"
pytestmark = [
    pytest.mark.xdist_group("studio pages"),
    pytest.mark.skipif(not GRAMMARS.is_dir() or not node_path(), reason="the package is not built: make web"),
]


def run(*command, **environment):
    result = subprocess.run(
        [node_path(), *map(str, command)], cwd=WEB, capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
    return result.stdout


def test_in_node(numbers):
    told = run(
        MODULES / "vitest" / "vitest.mjs",
        "run",
        "recipes/tests/numbers.test.ts",
        VELVETEEN_NUMBERS=str(numbers["file"]),
    )
    assert "2 passed" in told, told[-2000:]


def test_in_chromium(numbers, tmp_path):
    (tmp_path / "modules").mkdir()
    run(
        MODULES / "esbuild" / "bin" / "esbuild", "recipes/tests/numbers.ts", "--bundle", "--format=esm", "--log-level=error",
        "--external:node:*", "--external:module", "--external:fs/promises", f"--outfile={tmp_path / 'modules' / 'numbers.js'}",
    )  # fmt: skip
    (tmp_path / "index.html").write_text("<!doctype html><link rel=icon href=data:,>")
    folders = {
        "/": tmp_path,
        "/dist/grammars": GRAMMARS,
        "/wasm": MODULES / "@tensorflow" / "tfjs-backend-wasm" / "dist",
    }
    for number, each in enumerate([*numbers["formatter"], numbers["layout"]]):
        folders[f"/model{number}"] = Path(each["folder"])
    (tmp_path / "numbers.json").write_bytes(numbers["file"].read_bytes())
    # Numbers go through files and strings: as values, millions of them would take Playwright a minute.
    ask = """async ([what, address, ...place]) => {
        const numbers = await import("/modules/numbers.js");
        await numbers.useWasm("/wasm/");
        const inputs = place.reduce((part, name) => part[name], await (await fetch("/numbers.json")).json());
        return JSON.stringify(await numbers[what](address, inputs));
    }"""
    with serve(folders) as address, chromium_page() as page:
        page.goto(f"{address}/index.html")
        for number, group in enumerate(numbers["formatter"]):
            answers = json.loads(page.evaluate(ask, ["formatted", f"/model{number}", "formatter", number, "samples"]))
            for theirs, ours in zip(answers, group["samples"], strict=True):
                assert (theirs["text"], theirs["error"]) == (ours["text"], ours["error"])
                np.testing.assert_allclose(theirs["gap"], ours["gap"], rtol=0, atol=1e-4)
        answers = json.loads(page.evaluate(ask, ["found", f"/model{len(numbers['formatter'])}", "layout", "pictures"]))
        for theirs, ours in zip(answers, numbers["layout"]["pictures"], strict=True):
            assert np.abs(np.subtract(theirs["heat"], ours["heat"])).max() <= 1
            assert theirs["findings"] == ours["findings"] and len(ours["findings"]) > 1
