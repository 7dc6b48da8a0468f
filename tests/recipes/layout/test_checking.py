"""Pages that are broken, sound, or mean no good: each has its answer, and none keeps the others from theirs."""

import http.server
import io
import struct
import threading
import zlib

import pytest
from PIL import Image

from velveteen.recipes.layout import checking, pictures, visiting
from velveteen.recipes.layout.checking import Options
from velveteen.recipes.layout.findings import Ignored
from velveteen.recipes.layout.visiting import Looking

pytestmark = pytest.mark.usefixtures("needs_chromium")

SOUND = """<!doctype html><title>Sound</title><style>body { margin: 20px; font: 16px/1.5 sans-serif } .box { background: #eee; padding: 8px }
    .short { width: 120px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis } .sr { position: absolute; width: 1px;
    height: 1px; overflow: hidden; clip: rect(0 0 0 0); white-space: nowrap } .dot { position: absolute; top: -6px; right: -6px;
    background: red; color: #fff; z-index: 1 } .scroll { overflow: auto; width: 200px; white-space: nowrap } .menu { background: #eee;
    height: 60px; overflow: auto; width: 200px } .clamp { background: #eee; display: -webkit-box; -webkit-box-orient: vertical;
    -webkit-line-clamp: 1; overflow: hidden; width: 100px }</style>
    <h1>All is well</h1><div class="menu">Many<br>lines<br>that<br>one<br>has<br>to<br>scroll<br>to</div><p class="clamp">Words that are
    shortened after the first line, of many</p><p class="box">Some words in a box.</p><p class="short">Shortened with dots by design, of course</p>
    <button style="position: relative">Buy<span class="sr">Only for screen readers, these many words</span></button><div style="position: relative; width: 90px" class="box">Inbox
    <b class="dot">3</b></div><div class="scroll">Wide things that are there to be scrolled to their end by somebody</div>"""
BROKEN = """<!doctype html><title>Broken</title><style>body { margin: 20px; font: 16px/1.5 sans-serif }</style>
    <div id="over" style="width: 120px; height: 30px; background: #cde; white-space: nowrap">Much longer than its box is wide</div>
    <p id="cut" style="height: 12px; overflow: hidden">A line of text that is cut through</p>
    <p id="under">Here is a line of text</p><p id="on" style="margin-top: -38px">There is another one</p>
    <p id="out" style="position: absolute; left: 760px; top: 300px; white-space: nowrap">This leaves the page at its side</p>
    <img id="image" src="nothing.png" width="100" height="60">
    <div id="low" style="height: 4px; background: #fd9; margin-top: 100px; width: 300px">Three<br>lines<br>of text</div>
    <ul id="row" style="display: flex; gap: 20px; list-style: none; margin-top: 120px; padding: 0"><li style="background: #eee">One</li>
    <li style="background: #eee; position: relative; top: 9px" id="item">Two</li><li style="background: #eee">Three</li><li
    style="background: #eee">Four</li></ul>"""
BARE = (
    "<!doctype html><title>Bare</title><link rel=stylesheet href=gone.css><h1>Title</h1>"
    + "<p>Some <b>words</b></p>" * 4
)
EXPECTED = {
    "text-overflow": "#over", "text-clipped": "#cut", "overlap": "#on", "out-of-viewport": "#out", "broken-image": "#image",
    "collapsed": "#low", "misaligned": "#item",
}  # fmt: skip


def checked(paths, viewport=(800, 600), timeout=30.0, **settings):
    looking = Looking(full_page=settings.pop("full_page", False), timeout=timeout, wait=settings.pop("wait", None))
    options = Options((viewport,), looking, settings.pop("ignored", Ignored()), **settings.pop("options", {}))
    return checking.check([str(path) for path in paths], options, **settings)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    for name, html in {"broken": BROKEN, "sound": SOUND, "bare": BARE}.items():
        (folder / f"{name}.html").write_text(html)
    return folder


def test_the_rules_find_each_kind_and_name_its_element(site):
    broken, sound, bare = checked([site / "broken.html", site / "sound.html", site / "bare.html"])
    found = {each.kind: each for each in broken.findings}
    assert {kind: each.selector for kind, each in found.items()} == EXPECTED
    assert all(each.sure and each.score == 1 for each in found.values())
    assert "cut through" in found["text-clipped"].advice and "nothing.png" in found["broken-image"].advice
    x, y, width, height = found["text-overflow"].box
    assert 138 <= x <= 142 and 15 <= y <= 25 and width > 40 and height < 30
    assert (sound.ok, sound.findings, sound.error) == (True, [], None)
    assert [each.kind for each in bare.findings] == ["unstyled"] and "gone.css" in bare.findings[0].advice
    assert (broken.width, broken.height) == (800, 600)
    assert Image.open(io.BytesIO(broken.picture)).size == (800, 600)


def test_what_is_fine_is_not_told(site, tmp_path):
    ignored = Ignored.parsed(["#over", ".none", "0,290,800,310"])
    (result,) = checked(
        [site / "broken.html"],
        ignored=ignored,
        options={"kinds": ("text-overflow", "text-clipped", "collapsed", "out-of-viewport")},
    )
    assert [each.selector for each in result.findings] == ["#cut", "#low"][: len(result.findings)]
    (tmp_path / "ok.html").write_text(BROKEN.replace('id="cut"', 'id="cut" data-layout-ok'))
    (allowed,) = checked([tmp_path / "ok.html"], options={"kinds": ("text-clipped",)})
    assert allowed.ok
    (wrong,) = checked([site / "sound.html"], ignored=Ignored(("p[",)))
    assert wrong.error == "One of these is no CSS selector: p[."


def test_accepting_and_new_findings(site, tmp_path):
    file = tmp_path / "baseline.json"
    (first,) = checked([site / "broken.html"], baseline=file, accept=True)
    assert first.ok and first.accepted == len(EXPECTED)
    copy = site / "broken.html"
    copy.write_text(
        BROKEN.replace(
            "</ul>",
            '</ul><div id="new" style="width: 60px; background: #eee; white-space: nowrap">One that is new here</div>',
        )
    )
    (second,) = checked([copy], baseline=file)
    copy.write_text(BROKEN)
    assert [each.selector for each in second.findings] == ["#new"] and second.accepted == len(EXPECTED)


def test_waiting_and_the_whole_page(tmp_path):
    late = (
        SOUND
        + "<script>setTimeout(() => document.body.insertAdjacentHTML('beforeend', '<p id=late style=\"margin-top: 2000px\">Late</p>'), 300)</script>"
    )
    (tmp_path / "late.html").write_text(late)
    (whole,) = checked([tmp_path / "late.html"], wait="#late", full_page=True)
    assert whole.ok and whole.height > 2000
    (never,) = checked([tmp_path / "late.html"], wait="#never", timeout=8)
    assert never.error == 'Nothing on the page matches --wait "#never".'


class _Hostile(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/hangs":
            self.send_response(200)
            self.end_headers()
            self.server.stop.wait(30)
        elif self.path == "/file":
            self.send_response(200)
            self.send_header("Content-Type", "application/zip")
            self.send_header("Content-Disposition", "attachment; filename=a.zip")
            self.end_headers()
            self.wfile.write(b"PK")
        else:
            self.send_error(500)

    def log_message(self, *_):
        pass


@pytest.fixture
def hostile_server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hostile)
    server.daemon_threads, server.stop = True, threading.Event()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


HOSTILE = {
    "computes": ("<script>while (true) {}</script>", "not done after 10 seconds"),
    "endless": (
        "<div style='height: 3000px'>A</div><script>addEventListener('scroll', () => document.body.insertAdjacentHTML('beforeend', "
        "'<div style=\"height: 1500px\">More</div>'))</script>",
        "grows while it is scrolled",
    ),
    "high": ("<div style='height: 30000px'>High</div>", "is 30,0"),
    "popup": ("<script>open('about:blank')</script>", "opens another window by itself"),
    "alert": ("<script>setInterval(() => alert('Hello'), 10)</script>", 'shows a dialog by itself (alert: "Hello")'),
    "download": (
        "<a id=a href='data:application/zip,x' download='a.zip'></a><script>a.click()</script>",
        "starts a download by itself",
    ),
    "reader": ("<iframe src='file:///etc/passwd'></iframe>", "asks for a file of this machine (file:///etc/passwd"),
    "climber": ("<img src='link/secret.txt'>", "asks for /link/secret.txt, which leads out of its folder"),
}


def test_hostile_pages_each_end_with_an_error_and_the_others_are_checked(site, tmp_path, hostile_server):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "secret.txt").write_text("secret")
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    for name, (html, _) in HOSTILE.items():
        (folder / f"{name}.html").write_text(f"<!doctype html><title>{name}</title><body>{html}<p>Words</p></body>")
    wanted = {str(folder / f"{name}.html"): message for name, (_, message) in HOSTILE.items()}
    wanted |= {
        f"{hostile_server}/hangs": "not done after 10 seconds",
        f"{hostile_server}/file": "This is a file to download, no page.",
        f"{hostile_server}/wrong": "The server answered 500",
        "http://127.0.0.1:1/": "A browser refuses to open this port.",
        "http://nobody.invalid/": "There is no such host.",
        str(site / "sound.html"): None,
    }
    results = checked(wanted, timeout=10.0, full_page=True)
    assert [result.target for result in results] == list(wanted)
    for result, message in zip(results, wanted.values(), strict=True):
        if message is None:
            assert result.ok
        else:
            assert message in (result.error or "nothing"), result.target
            assert not result.ok and not result.findings


def test_a_tab_that_crashes(site, monkeypatch):
    looked = visiting._looked

    async def crashing(context, target, looking, misdeeds):
        if "broken" in target.name:
            page = await context.new_page()
            visiting._watch(page, context, misdeeds)
            await (await context.new_cdp_session(page)).send("Page.crash")
        return await looked(context, target, looking, misdeeds)

    monkeypatch.setattr(visiting, "_looked", crashing)
    crashed, sound = checked([site / "broken.html", site / "sound.html"])
    assert "tab crashed" in crashed.error and sound.ok


def bomb():
    """A PNG of a hundred bytes that claims 60,000 × 60,000 pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_pictures_that_are_none(tmp_path):
    (tmp_path / "bomb.png").write_bytes(bomb())
    (tmp_path / "text.png").write_text("no picture")
    Image.new("RGB", (60, 40), "white").save(tmp_path / "good.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "good.png").read_bytes()[:60])
    names = [str(tmp_path / name) for name in ("bomb.png", "text.png", "half.png", "good.png")]
    results = checking.check(names)
    assert "claims far more than the 120,000,000 pixels" in results[0].error
    assert "it is no PNG, JPEG or WebP" in results[1].error
    assert "cannot be read as a picture" in results[2].error
    assert results[3].error is None and results[3].findings == []  # by the network that ships
    assert results[3].heat is not None and (results[3].width, results[3].height) == (60, 40)


def test_pictures_of_a_dense_screen_are_looked_at_in_css_pixels(tmp_path):
    Image.new("RGBA", (60, 40), (0, 0, 0, 0)).save(tmp_path / "clear.webp")
    pixels, _ = pictures.opened(tmp_path / "clear.webp", scale=2)
    assert pixels.shape == (20, 30, 3) and (pixels == 255).all()
