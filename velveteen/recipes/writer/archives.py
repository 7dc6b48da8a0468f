"""Messages from the archives that people have: of X (Twitter), Telegram, Mastodon, and mailboxes."""

import html
import io
import json
import mailbox
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from email.policy import default as email_policy
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import Any

from velveteen.errors import DataError

LARGEST_MEMBER = 2**31
"""Bytes that a file inside of an archive may have once it is unpacked."""

_LINK = re.compile(r"\b(?:https?://|www\.)\S+")
_HANDLE = re.compile(r"(?<![\w.])@\w[\w.-]*(?:@[\w-]+(?:\.[\w-]+)+)?")
_X_FILE = re.compile(r"(?:.*/)?tweets?(?:-part\d+)?\.js")


@dataclass(frozen=True)
class Keep:
    """What stays in messages.

    Attributes:
        links: addresses such as https://example.org.
        retweets: messages that repeat someone else's: retweets, boosts, forwarded ones.
        handles: names such as @someone.
        author: only messages whose author's name or address contains this; None for all.
    """

    links: bool = False
    retweets: bool = False
    handles: bool = False
    author: str | None = None


@dataclass(frozen=True)
class Messages:
    """What an archive held: what kind it was, the messages' texts in its order, and how many there were in all."""

    kind: str
    texts: list[str]
    count: int


def read(path: Path, keep: Keep) -> Messages | None:
    """Returns the messages of an archive, or None when the file is no archive.

    Args:
        path: `tweets.js`, `result.json`, `outbox.json`, an mbox; or a zip or tar.gz with one of the first three inside.
        keep: what stays in them.

    Raises:
        DataError: an archive that is damaged, or has nothing of what it should have.
    """
    name = path.name.lower()
    if name.endswith(".zip"):
        return _from_zip(path, keep)
    if name.endswith((".tar.gz", ".tgz", ".tar")):
        return _from_tar(path, keep)
    if name.endswith(".js"):
        return _from_x([(str(path), path.read_bytes())], keep)
    if name.endswith(".json"):
        return _from_json(str(path), path.read_bytes(), keep)
    if name.endswith((".mbox", ".mbx")):
        return _from_mbox(path, keep)
    with path.open("rb") as file:
        looks_like_mbox = re.match(rb"From \S+ .*\d{4}\r?\n[\w-]+:", file.read(1000)) is not None
    return _from_mbox(path, keep) if looks_like_mbox else None


def clean(text: str, keep: Keep) -> str:
    """Returns a message's text without what should not stay, and without needless spaces."""
    if not keep.links:
        text = _LINK.sub("", text)
    if not keep.handles:
        text = _HANDLE.sub("", text)
    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in text.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _cleaned(texts: Iterator[str], keep: Keep) -> list[str]:
    return [text for text in (clean(each, keep) for each in texts) if text]


def _from_zip(path: Path, keep: Keep) -> Messages:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            return _from_members(path, sizes, archive.read, keep)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise DataError(f"{path} cannot be unpacked: {error}. Download it again.") from error


def _from_tar(path: Path, keep: Keep) -> Messages:
    try:
        with tarfile.open(path) as archive:
            sizes = {entry.name: entry.size for entry in archive if entry.isfile()}

            def read_member(name: str) -> bytes:
                file = archive.extractfile(name)
                assert file is not None  # only regular files are listed
                return file.read()

            return _from_members(path, sizes, read_member, keep)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"{path} cannot be unpacked: {error}. Download it again.") from error


def _from_members(path: Path, sizes: dict[str, int], read_member: Callable[[str], bytes], keep: Keep) -> Messages:
    x_files = sorted((name for name in sizes if _X_FILE.fullmatch(name)), key=_natural)
    json_files = [name for name in sizes if PurePosixPath(name).name in ("result.json", "outbox.json")]
    for name in x_files + json_files:
        if sizes[name] > LARGEST_MEMBER:
            raise DataError(
                f"{name} in {path} has {sizes[name]:,} bytes, more than the {LARGEST_MEMBER:,} read at most."
            )
    if x_files:
        return _from_x([(f"{path}: {name}", read_member(name)) for name in x_files], keep)
    if json_files:
        return _from_json(f"{path}: {json_files[0]}", read_member(json_files[0]), keep)
    raise DataError(
        f"{path} has neither tweets.js (X), result.json (Telegram) nor outbox.json (Mastodon) in it. "
        "For other texts, unpack it and give the folder."
    )


def _natural(name: str) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


# X: `window.YTD.tweets.part0 = [ {"tweet": {"full_text": …}}, … ]`, as its README in the archive tells.


def _from_x(files: list[tuple[str, bytes]], keep: Keep) -> Messages:
    texts: list[str] = []
    count = 0
    for where, content in files:
        text = content.decode("utf-8", errors="replace")
        start = re.match(r"\ufeff?\s*[\w.\s]+=\s*(?=\[)", text)
        if start is None:
            raise DataError(f'{where} does not begin like an archive of X, "window.YTD.tweets.part0 = [".')
        tweets = _json(where, text[start.end() :].rstrip().removesuffix(";"))
        texts += _cleaned(_x_texts(where, tweets, keep), keep)
        count += len(tweets)
    return Messages("an archive of X", texts, count)


def _x_texts(where: str, tweets: list[Any], keep: Keep) -> Iterator[str]:
    for number, entry in enumerate(tweets):
        tweet = entry.get("tweet", entry) if isinstance(entry, dict) else None
        text = tweet.get("full_text", tweet.get("text")) if isinstance(tweet, dict) else None
        if not isinstance(tweet, dict) or not isinstance(text, str):
            raise DataError(f'{where}: entry {number + 1} has no "full_text", so this is no archive of posts.')
        is_retweet = text.startswith("RT @") or "retweeted_status" in tweet
        if keep.retweets or not is_retweet:
            yield html.unescape(text)


# Telegram: https://telegram.org/blog/export-and-more; Mastodon: an ActivityStreams OrderedCollection.


def _from_json(where: str, content: bytes, keep: Keep) -> Messages:
    found = _json(where, content.decode("utf-8-sig", errors="replace"))
    if isinstance(found, dict) and isinstance(found.get("messages"), list):
        return _from_telegram("a chat of Telegram", found["messages"], keep)
    if isinstance(found, dict) and isinstance(found.get("chats"), dict):
        chats = found["chats"].get("list")
        messages = [
            message
            for chat in (chats if isinstance(chats, list) else [])
            if isinstance(chat, dict) and isinstance(chat.get("messages"), list)
            for message in chat["messages"]
        ]
        return _from_telegram("an export of Telegram", messages, keep)
    if isinstance(found, dict) and isinstance(found.get("orderedItems"), list):
        posts = found["orderedItems"]
        return Messages("an outbox of Mastodon", _cleaned(_mastodon_texts(posts, keep), keep), len(posts))
    keys = ", ".join(list(found)[:5]) if isinstance(found, dict) else type(found).__name__
    raise DataError(
        f'{where} is JSON, but neither an export of Telegram ("messages" or "chats") nor an outbox of Mastodon '
        f'("orderedItems"): it has {keys or "nothing"}. In Telegram Desktop choose "Machine-readable JSON" when exporting.'
    )


def _from_telegram(kind: str, entries: list[Any], keep: Keep) -> Messages:
    # Others tell that someone joined, or called.
    messages = [entry for entry in entries if isinstance(entry, dict) and entry.get("type") == "message"]
    return Messages(kind, _cleaned(_telegram_texts(messages, keep), keep), len(messages))


def _telegram_texts(messages: list[dict[str, Any]], keep: Keep) -> Iterator[str]:
    for message in messages:
        if not keep.retweets and ("forwarded_from" in message or "saved_from" in message):
            continue
        if not _is_by(keep.author, message.get("from"), message.get("from_id")):
            continue
        parts = message.get("text")
        parts = parts if isinstance(parts, list) else [parts]
        yield "".join(part if isinstance(part, str) else _text_of(part) for part in parts)


def _text_of(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else None
    return text if isinstance(text, str) else ""


def _mastodon_texts(items: list[Any], keep: Keep) -> Iterator[str]:
    for item in items:
        post = item.get("object") if isinstance(item, dict) else None
        if not isinstance(post, dict) or not isinstance(post.get("content"), str):
            continue  # a boost names only the address of what it repeats
        if item.get("type") == "Create" or keep.retweets:
            yield text_of_html(post["content"])


# Mailboxes: RFC 4155.


def _from_mbox(path: Path, keep: Keep) -> Messages:
    box = mailbox.mbox(path, factory=_parse_mail, create=False)
    try:
        texts = _cleaned(_mail_texts(box, keep), keep)
        count = len(box)
    finally:
        box.close()
    if count == 0:
        raise DataError(f'{path} has no message in it. A mailbox (mbox) begins with "From " and an address.')
    return Messages("a mailbox", texts, count)


def _parse_mail(file: Any) -> Any:
    import email

    return email.message_from_binary_file(file, policy=email_policy)


def _mail_texts(box: mailbox.mbox, keep: Keep) -> Iterator[str]:
    for message in box:
        if _is_by(keep.author, _header(message, "From")):
            yield _own_words(_mail_body(message))


def _header(message: Message, name: str) -> str:
    try:
        return str(message[name])
    except Exception:  # the standard library raises many kinds of errors for broken headers
        return ""


def _mail_body(message: Any) -> str:
    try:
        part = message.get_body(("plain", "html"))
        if part is None:
            return ""
        content = part.get_content()
    except (LookupError, ValueError, AttributeError, TypeError):  # an unknown charset, broken parts
        payload = message.get_payload(decode=True)
        return payload.decode("utf-8", errors="replace") if isinstance(payload, bytes) else ""
    text = content if isinstance(content, str) else ""
    return text_of_html(text) if part.get_content_type() == "text/html" else text


def _own_words(text: str) -> str:
    """Returns a mail without what it quotes, and without the signature (RFC 3676, section 4.3)."""
    kept: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if line == "-- ":
            break
        if line.startswith(">"):
            while kept and (
                not kept[-1].strip() or re.search(r"(?:wrote|schrieb|écrit|пишет|написал\w*)\s*:$", kept[-1])
            ):
                kept.pop()
            continue
        kept.append(line)
    return "\n".join(kept)


def _is_by(author: str | None, *names: Any) -> bool:
    return author is None or any(isinstance(name, str) and author.lower() in name.lower() for name in names)


def _json(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{where} is damaged at line {error.lineno}, column {error.colno}: {error.msg.removesuffix(' starting at')}. "
            "Download it again."
        ) from error
    except RecursionError as error:
        raise DataError(f"{where} is nested too deeply to be an archive of messages.") from error


class _TextOfHtml(HTMLParser):
    """Collects the text; paragraphs and line breaks become line ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out = io.StringIO()
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in ("script", "style"):
            self._hidden += 1
        if tag == "br":
            self.out.write("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._hidden = max(0, self._hidden - 1)
        if tag in ("p", "div", "li", "tr", "h1", "h2", "h3"):
            self.out.write("\n\n" if tag == "p" else "\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.out.write(data)


def text_of_html(content: str) -> str:
    """Returns the text of a piece of HTML, paragraphs apart."""
    parser = _TextOfHtml()
    parser.feed(content)
    parser.close()
    return parser.out.getvalue().strip()
