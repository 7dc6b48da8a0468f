"""Formatting real files loses nothing, changes no tree, and twice is once: with every model that ships."""

import pytest

from tests.recipes.formatter import _real_files as real
from velveteen.recipes.formatter import formatter
from velveteen.recipes.formatter.languages import named

LANGUAGES = ("javascript", "typescript", "css", "json", "python")


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_few_files(name):
    roots = [real.standard_library(), real.ROOT / "velveteen", *real.node_modules()]
    paths = real.find(named(name), 10, roots)
    if not paths:
        pytest.skip(f"There is no {name} on this machine. `make browsers` brings some.")
    faults, left = real.faults(formatter.pretrained(named(name)), paths)
    assert faults == []
    assert left <= len(paths) // 2


@pytest.mark.slow
@pytest.mark.parametrize("name", LANGUAGES)
def test_five_hundred_files(name):
    paths = real.find(named(name), 500, real.folders())
    if len(paths) < 500:
        pytest.skip(f"There are only {len(paths)} files of {name}. VELVETEEN_SOURCES names folders with more.")
    faults, left = real.faults(formatter.pretrained(named(name)), paths)
    assert faults == []
    assert (
        left <= 100
    )  # which of them the grammars can read depends on the machine: styles of dialects, hacks, templates
