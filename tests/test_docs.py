"""The Python in README and docs runs, as it stands there, in order, a document in one program."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCUMENTS = [
    path
    for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
    if BLOCK.search(path.read_text())
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_examples_run(document, tmp_path, monkeypatch):
    import velveteen

    velveteen.set_random_seed(0)
    monkeypatch.chdir(tmp_path)  # what they save lands here
    names = {"__name__": "__main__"}
    text = document.read_text()
    for block in BLOCK.finditer(text):
        line = text[: block.start()].count("\n") + 1
        # Padded, so that a traceback points at the document's own line.
        code = compile("\n" * line + block[1], str(document), "exec")
        with contextlib.redirect_stdout(io.StringIO()):
            exec(code, names)


def test_there_are_examples():
    assert {"README.md", "quickstart.md"} <= {path.name for path in DOCUMENTS}
