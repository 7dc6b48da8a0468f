"""docs/parity.md is what tools/parity.py writes, and every required name of TensorFlow.js is there."""

import pytest

from tests.conftest import conformance_folder
from tools import parity


@pytest.fixture(scope="module")
def rows():
    folder = conformance_folder()
    if folder is None:
        pytest.skip("the list of TensorFlow.js's names is not beside this checkout")
    return parity.read_rows(folder / "api.csv")


def test_every_required_name_is_there(rows):
    assert [row.ours for row in rows if row.required and not row.there] == []


def test_the_page_is_not_stale(rows):
    assert parity.PAGE.read_text(encoding="utf-8") == parity.page(rows), "run: python tools/parity.py"


def test_a_name_that_is_missing_is_told(tmp_path):
    names = tmp_path / "names.csv"
    lines = [
        "kind,tensorflowjs,velveteen,status,note",
        "top,add,add,required,",
        "layers,denser,layers.denser,required,big",
    ]
    names.write_text("\n".join([*lines, "top,env,,internal,"]))
    page = parity.page(parity.read_rows(names))
    assert "**1 of 2 required names are there (50 %)**" in page
    assert "## Operations: Arithmetic\n" in page and "| `add` | `add` | also a method |" in page
    assert "| `layers.denser` | `layers.denser` | big; not there |" in page
    assert "env" not in page
