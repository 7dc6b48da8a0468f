"""Which looks at sites are learned from and judged on, tools/layout_sites.py."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tools import layout_sites
from velveteen.recipes.layout.faults import FAULTS


def test_looks_at_pages_that_are_broken_as_they_ship_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("judged", "train"):
        (tmp_path / part).mkdir()
        for name in ("0000000-sound.png", "0000001-sound.png", "0000001-overlap.png", "0000001-overlap.mask.png"):
            Image.new("L", (4, 4)).save(tmp_path / part / name)
    seen = tmp_path / "seen.json"
    seen.write_text(json.dumps({"judged": {"overlap": [1], "collapsed": []}}))
    monkeypatch.setattr(layout_sites, "PICTURES", tmp_path)
    monkeypatch.setattr(layout_sites, "SEEN", seen)
    assert [each.path.name for each in layout_sites.pictures("judged")] == ["0000000-sound.png"]
    assert [each.path.name for each in layout_sites.pictures("train")] == [
        "0000000-sound.png",
        "0000001-overlap.png",
        "0000001-sound.png",
    ]


def test_the_list_of_such_looks_is_of_known_parts_and_kinds() -> None:
    seen = json.loads(layout_sites.SEEN.read_text())
    assert set(seen) <= {"train", "validation", "judged"}
    for kinds in seen.values():
        assert set(kinds) <= set(FAULTS)
        numbers = [number for some in kinds.values() for number in some]
        assert len(numbers) == len(set(numbers)) > 0
