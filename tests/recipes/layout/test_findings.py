import json

import pytest

from velveteen.errors import ArgumentError, FileFormatError
from velveteen.recipes.layout.findings import Baseline, Finding, Ignored, Result, by_network, outside
from velveteen.recipes.layout.heat import Spot, unexplained


def finding(kind="overlap", box=(10.0, 10.0, 50.0, 20.0), selector="#a", sure=True):
    return Finding(kind, sure, box, 1.0, selector, "Move it.")


def result(*findings, target="a.html", viewport=(800, 600)):
    return Result(target, viewport, 800, 600, list(findings))


def test_ok_is_nothing_sure_and_no_error():
    assert result().ok and result(finding(sure=False)).ok
    assert not result(finding()).ok
    assert not Result("a", (1, 1), error="gone").ok


def test_what_is_ignored():
    lines = ["# a remark", "", "#banner .text", "0,0,100,100", " 5,5,10,10 "]
    ignored = Ignored.parsed(lines)
    assert ignored == Ignored(("#banner .text",), ((0, 0, 100, 100), (5, 5, 10, 10)))
    inside, half_out, elsewhere = finding(), finding(box=(80.0, 10.0, 100.0, 20.0)), finding(box=(300.0, 0.0, 9.0, 9.0))
    assert outside([inside, half_out, elsewhere], ignored.boxes) == [half_out, elsewhere]
    with pytest.raises(ArgumentError, match=r'x,y,width,height in CSS pixels, got "1,2,3"'):
        Ignored.parsed(["1,2,3"])


def test_what_the_network_alone_sees_is_seldom_sure_where_there_is_a_dom():
    spots = [Spot("overlap", (10, 10, 20, 20), 0.9, True), Spot("collapsed", (400, 10, 20, 20), 0.9, True)]
    assert unexplained(spots, [finding().box]) == spots[1:]
    assert not by_network(spots[1], "#b", "", has_page=True).sure
    assert by_network(spots[1], "#b", "", has_page=True, certain=0.85).sure
    assert by_network(spots[1], None, "", has_page=False).sure


def test_accepted_findings_are_not_told_again(tmp_path):
    file = tmp_path / "baseline.json"
    first = result(finding(), finding("collapsed", selector=None))
    assert Baseline(file).accept([first]) == 2
    later = result(
        finding(box=(500.0, 10.0, 50.0, 20.0)),  # the same element, moved
        finding("collapsed", (12.0, 10.0, 50.0, 20.0), None),  # the same place
        finding("collapsed", (200.0, 10.0, 50.0, 20.0), None),
        finding("misaligned"),
    )
    Baseline(file).take_out(later)
    assert later.accepted == 2 and [each.kind for each in later.findings] == ["collapsed", "misaligned"]
    other = result(finding(), viewport=(390, 844))
    Baseline(file).take_out(other)
    assert other.accepted == 0


def test_accepting_keeps_what_could_not_be_checked_today(tmp_path):
    file = tmp_path / "baseline.json"
    Baseline(file).accept([result(finding()), result(finding(), target="b.html")])
    Baseline(file).accept([result(), Result("b.html", (800, 600), error="gone")])
    assert [each["target"] for each in json.loads(file.read_text())["accepted"]] == ["b.html"]


@pytest.mark.parametrize("content", ["", "[]", '{"accepted": [{"target": "a"}]}', '{"accepted": [{"box": ["x"]}]}'])
def test_a_damaged_baseline(tmp_path, content):
    (tmp_path / "b.json").write_text(content)
    with pytest.raises(FileFormatError, match="no list of accepted findings"):
        Baseline(tmp_path / "b.json")
