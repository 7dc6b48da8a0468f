"""What the rules say of small pages, each as it should be and with something wrong."""

import pytest

from velveteen.recipes.layout import checking
from velveteen.recipes.layout.checking import Options
from velveteen.recipes.layout.visiting import Looking

pytestmark = pytest.mark.usefixtures("needs_chromium")

BODY = "<!doctype html><html lang=en><title>Page</title><style>body { margin: 20px; font: 16px/1.2 sans-serif }</style>"
PART = """<style>nav a, .news a { color: #a02; text-decoration: none; padding: 4px }</style>
    <nav><a href="/">Start</a> <a href="/shop">Shop</a> <a href="/help">Help</a> <a href="/contact">Contact</a></nav>
    <main style="padding: 9px"><section class="CLASS"><h2>News</h2><ul><li><a href="/a">The first one</a><li><a href="/b">The
    second one</a></ul><p>And no more.</p></section></main>"""
UNTOUCHED = (
    "<style>"
    + "".join(f".part-{number} a {{ color: #a02; padding: {number}px }}" for number in range(24))
    + """</style><div class="CLASS"><h2>Things</h2><ul><li><a href="/a">The first</a><li><a href="/b">The second</a></ul><p>No more.</p></div>"""
)
MEANT = UNTOUCHED.replace("<h2>", '<h2 class="title">').replace("<style>", "<style>.title { text-align: center }")
FLOATS = """<style>li { float: left; list-style: none; height: 30px; margin-right: 20px }</style>
    <ul><li>One</li><li id="it" style="position: relative; top: OFFpx">Two</li><li>Three</li><li>Four</li></ul>"""
COLUMN = """<p>One</p><p>Two</p><p id="it" style="position: relative; left: OFFpx">Three</p><p>Four</p>
    <p style="padding: 0; margin-left: 60px">One that is meant so</p><p>Six</p><p>Seven</p>"""
TAGS = """<style>div { display: flex; flex-wrap: wrap; gap: 10px; width: 230px } span { width: 90px }</style><div><span>One</span>
    <span>Two</span><span id="it" style="position: relative; left: OFFpx">Three</span><span>Four</span><span>Five</span><span>Six</span></div>"""
UNLIKE = """<style>div { display: flex; align-items: flex-start; gap: 9px }</style><div><i style="height: 40px">a</i><i style="height: 50px">b</i>
    <i style="height: 60px">c</i><i id="it" style="height: 45px; margin-top: OFFpx">d</i></div>"""
LOW = """<style>a { background: #cde; display: block; width: 200px; height: HIGHpx; line-height: 20px }</style><a id="it">Ready to go</a>"""
SCROLLED = """<div style="height: 130px; overflow: hidden"><div style="height: 130px; overflow: auto" id="list">
    <p style="margin: 0; line-height: 20px">LINES</p></div></div>""".replace(
    "LINES", "<br>".join(["A line of text"] * 30)
)
CUT = """<div style="height: 91px; overflow: hidden"><p id="it" style="margin: 0; line-height: 20px">LINES</p></div>""".replace(
    "LINES", "<br>".join(["A line of text"] * 30)
)
TURNED = """<div style="perspective: 400px"><p id="it" style="position: absolute; left: 700px; white-space: nowrap">Some words that leave
    the page</p></div>"""
FIELD = """<p id="it" style="margin: 0 0 DOWNpx">Colour of the box</p><input type="range" style="width: 200px; height: 30px; display: block">"""
LABEL = """<label id="it" style="display: block; margin-bottom: DOWNpx">Your name</label><input style="width: 200px; height: 30px; display: block">"""
BUTTONS = (
    """<button style="width: 90px">One</button><button id="it" style="width: 90px; margin-left: OFFpx">Two</button>"""
)
FAINT = """<p style="margin: 0">First line</p><p id="it" style="margin: OFFpx 0 0; opacity: .8">Second line</p>"""
ICON = """<ul style="list-style: none; position: relative"><li id="it" style="POSITION; background: url(a.png) no-repeat">First line</li>
    <li style="background: none">Second line</li></ul>"""
SPANS = """<pre id="it" style="height: HIGHpx; overflow: hidden; margin: 0"><b>one</b> <i>two</i></pre>"""
SHRUNK = """<div style="display: flex; width: 400px"><h6 id="it" style="width: WIDEpx; font-size: 16px; word-break: break-all">Profile</h6></div>"""
WRAPPED = """<div style="display: flex; flex-wrap: wrap; width: 140px; gap: 8px"><span style="width: 90px">One</span>
    <span id="it" style="width: 110px; position: relative; left: OFFpx">Two</span><span style="width: 75px">Three</span></div>"""
CHAT = """<style>p { width: fit-content; background: #eee; margin: 5px 0 } .mine { margin-left: auto }</style><p>How are you doing?</p><p class="mine">Fine</p>
    <p class="mine" id="it" style="position: relative; right: OFFpx">And yourself, then?</p><p>I am well</p><p class="mine">That is good</p><p>Yes</p>"""
BLOCKS = """<div style="width: 400px"><p>First</p><div id="it" style="position: relative; left: OFFpx">Second</div><h4>Third</h4></div>"""
HANGING = BLOCKS.replace("OFF", "-20") + BLOCKS.replace("OFF", "-20").replace('"it"', '"other"').replace(
    "Second", "Hangs too"
)
COVERED = """<p id="it">Words below</p><div style="position: relative; top: -UPpx; background: #fc0; width: 300px; height: 60px"></div>"""
CODE = """<div id="it" style="background: #eee; height: HIGHpx; overflow: hidden"><pre style="overflow-x: auto; margin: 0">first
second
third</pre></div>"""
SCROLLER = """<div id="it" style="background: #eee; height: HIGHpx; overflow: auto"><table><tr><td>Name<td>Place<tr><td>Ada<td>Paris<tr><td>Ole
    <td>Oslo<tr><td>Mei<td>Taipei<tr><td>Tom<td>Bath</table></div>"""
CARD = """<div id="it" style="background: #eee; height: HIGHpx; overflow: hidden"><svg width="90" height="70" style="display: block">
    <rect width="90" height="70" fill="#08c" /></svg>The words below it</div>"""
DOTS = """<p id="it" style="margin: 0; width: 200px; height: HIGHpx; overflow: hidden; white-space: nowrap; text-overflow: ellipsis">Some words that are
    too long for it</p>"""
INLINE = """<pre id="it" style="background: #eee; width: WIDEpx"><b>first</b> <i>second</i> <b>third</b> <i>fourth</i></pre>"""
GRID = """<div style="display: grid; gap: 9px; width: 300px"><div>One<br><input value="first"></div><div style="margin-top: -UPpx"><label
    id="it">Name</label><br><input value="second"></div></div>"""
PILLS = """<style>b { background: #cde; padding: 0 9px }</style><div><b id="it" style="position: absolute; PLACE">Some words</b><b>Other words</b></div>"""
PHOTO = """<p id="it" style="margin: 0; width: 200px; position: absolute; PLACE">Some words</p><canvas style="background: #9c6; width: 300px; height: 90px">
    </canvas>"""
JAPANESE = """<p id="it" style="width: WIDEpx; line-break: anywhere">この文書について</p>"""
CHIP = """<b id="it" style="display: inline-block; background: #cde; font: 16px monospace; white-space: nowrap; width: calc(10ch - OUTpx)">Some words</b>"""
SKIPPED = """<p>Some words</p><section style="content-visibility: auto; contain-intrinsic-size: 10px 4000px; margin-top: 3000px">
    <p>One</p><p style="margin-top: -34px">Another</p></section>"""


@pytest.mark.parametrize(
    ("sound", "broken", "kind"),
    [
        (PART.replace("CLASS", "news"), PART.replace("CLASS", "new"), "unstyled"),
        (UNTOUCHED.replace("CLASS", "part-5"), UNTOUCHED.replace("CLASS", "part"), "unstyled"),
        (MEANT.replace("CLASS", "part"), UNTOUCHED.replace("CLASS", "part"), "unstyled"),
        (FLOATS.replace("OFF", "0"), FLOATS.replace("OFF", "9"), "misaligned"),
        (COLUMN.replace("OFF", "0"), COLUMN.replace("OFF", "9"), "misaligned"),
        (TAGS.replace("OFF", "0"), TAGS.replace("OFF", "9"), "misaligned"),
        (UNLIKE.replace("OFF", "0"), UNLIKE.replace("OFF", "13"), "misaligned"),
        (LOW.replace("HIGH", "19"), LOW.replace("HIGH", "14"), "text-overflow"),
        (SCROLLED, CUT, "text-clipped"),
        (FIELD.replace("DOWN", "0"), FIELD.replace("DOWN", "-14"), "overlap"),
        (LABEL.replace("DOWN", "0"), LABEL.replace("DOWN", "-14"), "overlap"),
        (BUTTONS.replace("OFF", "0"), BUTTONS.replace("OFF", "-20"), "overlap"),
        (FAINT.replace("OFF", "0"), FAINT.replace("OFF", "-12"), "overlap"),
        (ICON.replace("POSITION", ""), ICON.replace("POSITION", "position: absolute"), "overlap"),
        (SPANS.replace("HIGH", "20"), SPANS.replace("HIGH", "9"), "text-clipped"),
        (WRAPPED.replace("OFF", "0"), WRAPPED.replace("OFF", "9"), "misaligned"),
        (CHAT.replace("OFF", "0"), CHAT.replace("OFF", "14"), "misaligned"),
        (HANGING, BLOCKS.replace("OFF", "-20"), "misaligned"),
        (SHRUNK.replace("WIDE", "100"), SHRUNK.replace("WIDE", "0"), "collapsed"),
        (COVERED.replace("UP", "40"), COVERED.replace("UP", "26"), "overlap"),
        (CODE.replace("HIGH", "60"), CODE.replace("HIGH", "8"), "collapsed"),
        (JAPANESE.replace("WIDE", "200"), JAPANESE.replace("WIDE", "20"), "collapsed"),
        (SCROLLER.replace("HIGH", "60"), SCROLLER.replace("HIGH", "30"), "collapsed"),
        (CARD.replace("HIGH", "95"), CARD.replace("HIGH", "14"), "collapsed"),
        (DOTS.replace("HIGH", "20"), DOTS.replace("HIGH", "11"), "text-clipped"),
        (INLINE.replace("WIDE", "300"), INLINE.replace("WIDE", "60"), "text-overflow"),
        (GRID.replace("UP", "0"), GRID.replace("UP", "22"), "overlap"),
        (PILLS.replace("PLACE", "top: 20px"), PILLS.replace("PLACE", ""), "overlap"),
        (PHOTO.replace("PLACE", "top: 24px"), PHOTO.replace("PLACE", ""), "overlap"),
        (CHIP.replace("OUT", "0"), CHIP.replace("OUT", "7"), "text-overflow"),
    ],
    ids=[
        "part", "untouched", "meant", "floats", "column", "rows", "unlike", "low", "cut", "field", "label", "buttons", "faint", "icon", "spans", "wrapped", "chat",
        "blocks", "shrunk", "covered", "code", "letters", "scroller", "card", "dots", "inline", "grid", "pills", "photo",
        "chip",
    ],
)  # fmt: skip
def test_what_is_broken_is_told_from_what_is_not(tmp_path, sound, broken, kind):
    as_it_should_be, wrong = found(tmp_path, sound, broken)
    assert as_it_should_be == []
    assert {each.kind for each in wrong if each.sure} == {kind}
    assert "#it" in {each.selector for each in wrong} or kind == "unstyled"
    assert len(wrong[0].advice) > 40


def test_two_labels_on_each_other_are_told_once(tmp_path):
    [wrong] = found(tmp_path, PILLS.replace("PLACE", ""))
    assert [each.selector for each in wrong] == ["#it"]


def test_what_is_turned_is_unsure(tmp_path):
    straight, turned = found(tmp_path, TURNED.replace("perspective: 400px", "color: #222"), TURNED)
    assert [(each.kind, each.sure) for each in straight] == [("out-of-viewport", True)]
    assert [(each.kind, each.sure) for each in turned] == [("out-of-viewport", False)]


def test_what_the_browser_has_not_laid_out_yet_is_not_judged(tmp_path):
    assert found(tmp_path, SKIPPED) == [[]]


def found(folder, *pages):
    """Returns what is found on each of some pages, given as what stands in them."""
    paths = [folder / f"{number}.html" for number in range(len(pages))]
    for path, page in zip(paths, pages, strict=True):
        path.write_text(BODY + page, encoding="utf-8")
    results = checking.check([str(path) for path in paths], Options(((800, 600),), Looking(full_page=False)))
    assert [each.error for each in results] == [None] * len(pages)
    return [each.findings for each in results]
