"""Archives of the shapes that X, Telegram, Mastodon and RFC 4155 describe, and broken ones."""

import io
import json
import tarfile
import zipfile

import pytest

from velveteen.errors import DataError
from velveteen.recipes.writer import archives, sources
from velveteen.recipes.writer.archives import Keep

TWEETS = [
    {"tweet": {"id_str": "1", "full_text": "Tea &amp; cake with @ann https://t.co/abc", "retweeted": False}},
    {"tweet": {"id_str": "2", "full_text": "RT @bob: not mine"}},
    {"tweet": {"id_str": "3", "full_text": "Grüße aus Köln 🙂\nzweite Zeile"}},
    {"tweet": {"id_str": "4", "full_text": "https://t.co/only"}},
]
TELEGRAM = {
    "name": "Ann",
    "type": "personal_chat",
    "id": 1,
    "messages": [
        {"id": 1, "type": "service", "action": "phone_call", "text": ""},
        {"id": 2, "type": "message", "from": "Ann Lee", "from_id": "user7", "text": "Привет"},
        {"id": 3, "type": "message", "from": "Bob", "text": ["see ", {"type": "link", "text": "https://a.b"}, " now"]},
        {"id": 4, "type": "message", "from": "Bob", "forwarded_from": "News", "text": "forwarded"},
        {"id": 5, "type": "message", "from": "Bob", "photo": "x.jpg", "text": ""},
    ],
}
OUTBOX = {
    "@context": "https://www.w3.org/ns/activitystreams",
    "type": "OrderedCollection",
    "orderedItems": [
        {
            "type": "Create",
            "object": {
                "type": "Note",
                "content": '<p>Hi <a href="https://x/@eva" class="mention">@<span>eva</span></a>, 1 &lt; 2<br>yes</p><p>End</p>',
            },
        },
        {"type": "Announce", "object": "https://mastodon.example/users/eva/statuses/1"},
    ],
}
MBOX = """From ann@example.org Sat Jan  3 01:05:34 1996
From: Ann <ann@example.org>
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

I think so too. Grüße!

On Friday Bob wrote:
> Do you think so?

--\x20
Ann, Street 1

From bob@example.org Sat Jan  3 02:05:34 1996
From: bob@example.org
Content-Type: multipart/alternative; boundary="=="

--==
Content-Type: text/html; charset=utf-8

<html><style>p {}</style><p>Only <b>HTML</b></p></html>
--==--

From cyn@example.org Sat Jan  3 03:05:34 1996
From: cyn@example.org
Content-Type: text/plain; charset=no-such-charset

Strange charset
"""


def tweets_js(tweets=TWEETS, start="window.YTD.tweets.part0 = "):
    return start + json.dumps(tweets)


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def texts(path, **keep):
    return archives.read(path, Keep(**keep)).texts


def test_x(tmp_path):
    path = write(tmp_path / "tweets.js", tweets_js())
    assert texts(path) == ["Tea & cake with", "Grüße aus Köln 🙂\nzweite Zeile"]
    assert texts(path, links=True)[0] == "Tea & cake with https://t.co/abc"
    assert texts(path, handles=True)[0] == "Tea & cake with @ann"
    assert texts(path, retweets=True, handles=True)[1] == "RT @bob: not mine"


def test_x_of_older_archives(tmp_path):
    path = write(
        tmp_path / "tweet.js", tweets_js([{"full_text": "old"}, {"text": "older"}], "\ufeffGrailbird.data = ") + ";\n"
    )
    assert texts(path) == ["old", "older"]


def test_x_as_downloaded(tmp_path):
    with zipfile.ZipFile(tmp_path / "twitter.zip", "w") as archive:
        archive.writestr("data/tweets-part1.js", tweets_js([{"tweet": {"full_text": "second"}}]))
        archive.writestr("data/tweets.js", tweets_js([{"tweet": {"full_text": "first"}}]))
        archive.writestr("data/deleted-tweets.js", "not read")
        archive.writestr("data/tweets_media/1.jpg", b"\xff")
    found = archives.read(tmp_path / "twitter.zip", Keep())
    assert (found.kind, sorted(found.texts)) == ("an archive of X", ["first", "second"])


def test_telegram(tmp_path):
    path = write(tmp_path / "result.json", json.dumps(TELEGRAM))
    assert texts(path) == ["Привет", "see now"]
    assert texts(path, author="ann") == ["Привет"]
    assert texts(path, retweets=True, links=True) == ["Привет", "see https://a.b now", "forwarded"]


def test_telegram_of_all_chats(tmp_path):
    export = {"about": "…", "chats": {"about": "…", "list": [TELEGRAM, {"messages": None}, TELEGRAM]}}
    assert texts(write(tmp_path / "result.json", json.dumps(export))) == ["Привет", "see now"] * 2


def test_mastodon(tmp_path):
    path = write(tmp_path / "outbox.json", json.dumps(OUTBOX))
    assert texts(path, handles=True) == ["Hi @eva, 1 < 2\nyes\n\nEnd"]
    assert texts(path) == ["Hi , 1 < 2\nyes\n\nEnd"]


def test_mastodon_as_downloaded(tmp_path):
    content = json.dumps(OUTBOX).encode()
    with tarfile.open(tmp_path / "archive.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("outbox.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    assert len(texts(tmp_path / "archive.tar.gz")) == 1


@pytest.mark.parametrize("name", ["mail.mbox", "Sent"])
def test_mbox_also_without_its_suffix(tmp_path, name):
    path = write(tmp_path / name, MBOX)
    assert texts(path) == ["I think so too. Grüße!", "Only HTML", "Strange charset"]
    assert texts(path, author="bob@") == ["Only HTML"]


def test_a_text_is_no_archive(tmp_path):
    assert archives.read(write(tmp_path / "a.txt", "From here on 1996\nno mail"), Keep()) is None


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "tweets.js",
            tweets_js()[:200],
            "tweets.js is damaged at line 1, column .*: Unterminated string. Download it again",
        ),
        ("tweets.js", "function () {}", "does not begin like an archive of X"),
        ("tweets.js", tweets_js([{"tweet": {"id": 1}}]), 'entry 1 has no "full_text"'),
        ("tweets.js", tweets_js(["text"]), 'entry 1 has no "full_text"'),
        ("result.json", '{"messages": [', "result.json is damaged"),
        ("result.json", '{"photos": []}', 'neither an export of Telegram .* it has photos.*"Machine-readable JSON"'),
        ("outbox.json", "[1, 2]", "it has list"),
        ("result.json", "[" * 100_000, "nested too deeply|is damaged"),
        ("archive.zip", b"PK\x03\x04 no zip", "cannot be unpacked: .* Download it again"),
        ("archive.tar.gz", b"\x1f\x8b no tar", "cannot be unpacked"),
        ("mail.mbox", "no mail at all", "has no message in it"),
    ],
)
def test_broken_ones_say_what_is_wrong(tmp_path, name, content, message):
    with pytest.raises(DataError, match=message):
        archives.read(write(tmp_path / name, content), Keep())


def test_a_zip_without_messages(tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("photo.jpg", b"")
    with pytest.raises(DataError, match="has neither tweets.js"):
        archives.read(tmp_path / "photos.zip", Keep())


def test_what_would_unpack_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_MEMBER", 100)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/tweets.js", " " * 1000)
    with pytest.raises(DataError, match="has 1,000 bytes, more than the 100 read at most"):
        archives.read(tmp_path / "bomb.zip", Keep())


def test_odd_entries_are_left_out(tmp_path):
    messages = [None, 3, {"type": "message", "text": None}, {"type": "message", "text": [1, {"type": "bold"}, "kept"]}]
    assert texts(write(tmp_path / "result.json", json.dumps({"messages": messages}))) == ["kept"]
    items = [None, {"type": "Create"}, {"type": "Create", "object": {"content": None}}]
    assert texts(write(tmp_path / "outbox.json", json.dumps({"orderedItems": items}))) == []


@pytest.mark.parametrize(
    ("name", "content", "left_out"),
    [
        ("tweets.js", tweets_js(), "2 messages"),
        ("result.json", json.dumps(TELEGRAM), "2 messages"),
        ("outbox.json", json.dumps(OUTBOX), "1 message"),
    ],
)
def test_what_is_left_out_is_told(tmp_path, name, content, left_out):
    (tmp_path / name).write_text(content)
    assert f"Left out {left_out}: what repeats others" in "".join(sources.read([tmp_path]).notes)
