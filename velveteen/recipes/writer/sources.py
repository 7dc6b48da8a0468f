"""Where texts come from: files, folders, standard input, archives of messages, and Python's own documentation."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from velveteen.errors import DataError, MissingFileError
from velveteen.recipes.writer import archives
from velveteen.recipes.writer.archives import Keep
from velveteen.recipes.writer.headings import sections

END, THEME_END = "\x03", "\x02"
"""ASCII's own: "end of text" closes a message; "start of text" stands between a theme and its text."""

TEXT_SUFFIXES = (".txt", ".text", ".md", ".markdown", ".rst", ".org")
ARCHIVE_NAMES = re.compile(r"tweets?(?:-part\d+)?\.js|result\.json|outbox\.json|.*\.(?:mbox|mbx)")
STANDARD_INPUT = "-"
PYDOC = "pydoc_data.topics"
"""The module with the documentation that ships with Python."""

_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff\ufffe\uffff]")


@dataclass
class Found:
    """What the sources held.

    Attributes:
        pieces: the texts, or the messages.
        are_messages: whether each piece is a whole, which ends with the symbol for its end.
        notes: what to tell, a sentence each.
        name: of the source.
    """

    pieces: list[str] = field(default_factory=list)
    are_messages: bool = False
    notes: list[str] = field(default_factory=list)
    name: str = ""


def read(
    sources: Sequence[str | Path], keep: Keep | None = None, *, themes: bool = False, encoding: str = "utf-8"
) -> Found:
    """Reads texts and messages.

    Args:
        sources: files, folders, archives, or "-" for standard input; none for the documentation that ships with Python.
        keep: what stays in messages.
        themes: whether texts are cut at their headings, each the theme of the passages below it; see `headings`.
        encoding: of text files.

    Raises:
        MissingFileError: a source is not there.
        DataError: a source cannot be read, or has nothing in it.
    """
    keep = keep or Keep()
    names = (
        "standard input" if str(source) == STANDARD_INPUT else Path(source).name or str(source) for source in sources
    )
    found = Found(name=", ".join(names) or PYDOC)
    texts: list[tuple[str, str]] = []  # each with the suffix of its file
    if not sources:
        texts += _pydoc(themes)
        found.notes.append(f"Python's own documentation ({len(texts)} topics).")
    kinds: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    left_out = 0  # messages
    for source in sources:
        for path in _files(source, skipped):
            if path is None:
                texts.append((clean_text(sys.stdin.read()), ""))
                kinds["standard input"] += 1
                continue
            messages = archives.read(path, keep)
            if messages is None:
                texts.append((clean_text(_decode(path, encoding)), path.suffix))
                kinds["text file"] += 1
            else:
                found.are_messages = True
                found.pieces += [clean_text(text) for text in messages.texts]
                kinds[messages.kind] += 1
                left_out += messages.count - len(messages.texts)
    if themes:
        found.are_messages = True
        found.pieces += _under_headings(texts, found)
    else:
        found.pieces += [text for text, _ in texts if text.strip()]
    if left_out:
        why = "what repeats others, what others wrote, and what has no words"
        found.notes.append(f"Left out {_counted(left_out, 'message')}: {why}.")
    if found.are_messages:
        _drop_repeated(found)
    if not any(piece.strip() for piece in found.pieces):
        raise DataError(
            f"There is no text in {found.name}. Give text files, a folder of them, or an archive of messages."
        )
    found.notes = [*_describe(kinds, skipped), *found.notes]
    return found


def clean_text(text: str) -> str:
    """Returns a text with line ends as Python's, and without control characters, which are symbols of our own."""
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _under_headings(texts: Sequence[tuple[str, str]], found: Found) -> list[str]:
    """Returns the passages below headings, each as theme, THEME_END, and passage; notes what was there."""
    cut = [sections(text, suffix) for text, suffix in texts]
    headings = sum(each.headings for each in cut)
    if not headings:
        raise DataError(
            f"No heading with a text below was found in {found.name}. Headings are Markdown's (# Theme, or a line underlined "
            "with === or ---); in .rst files lines underlined with any sign; in other texts also lines in capitals between "
            "empty lines."
        )
    passages = [f"{theme}{THEME_END}{passage}" for each in cut for theme, passage in each.passages]
    found.notes.append(f"{_counted(headings, 'heading')} with {_counted(len(passages), 'passage')} below.")
    without = [each for each in cut if not each.headings]
    if without:
        found.notes.append(f"Left out {_counted(len(without), 'text')} without headings.")
    before = sum(each.before for each in cut if each.headings)
    if before:
        found.notes.append(f"Left out {before:,} characters above the first heading of a text.")
    return passages


def _pydoc(themes: bool) -> list[tuple[str, str]]:
    from pydoc_data.topics import topics

    texts = {name: clean_text(text).strip() for name, text in sorted(topics.items())}
    if not themes:
        return [(text, ".rst") for text in texts.values()]
    # A topic is the theme of what stands above its own first heading.
    return [(f"{name}\n{'=' * 80}\n\n{text}", ".rst") for name, text in texts.items()]


def _files(source: str | Path, skipped: Counter[str]) -> Iterable[Path | None]:
    """Yields the files of a source, None for standard input."""
    if str(source) == STANDARD_INPUT:
        yield None
        return
    path = Path(source)
    if path.is_file():
        yield path
    elif path.is_dir():
        chosen = []
        for each in sorted(each for each in path.rglob("*") if each.is_file()):
            if _is_hidden(each.relative_to(path)):
                skipped["hidden"] += 1
            elif _is_wanted(each):
                chosen.append(each)
            else:
                skipped[each.suffix or each.name] += 1
        if not chosen:
            raise DataError(
                f"The folder {path} has no texts in it: they end with {', '.join(TEXT_SUFFIXES)}; archives are "
                "tweets.js, result.json, outbox.json and *.mbox. Name other files one by one."
            )
        yield from chosen
    else:
        raise MissingFileError(
            f"There is no {path}. Give a text file, a folder, an archive of messages, or - for standard input."
        )


def _is_hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)


def _is_wanted(path: Path) -> bool:
    return path.suffix.lower() in TEXT_SUFFIXES or ARCHIVE_NAMES.fullmatch(path.name.lower()) is not None


def _decode(path: Path, encoding: str) -> str:
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in content[:1000] and encoding == "utf-8":
        raise DataError(f"{path} is no text: it has zero bytes in it. Leave it out.")
    try:
        text = content.decode(encoding)
    except LookupError as error:
        raise DataError(
            f'There is no encoding "{encoding}". Common ones are utf-8, utf-16, latin-1 and cp1251.'
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not {encoding}: the byte {error.object[error.start]:#04x} at place {error.start:,} is no part of a "
            "character. Say its encoding with --encoding, such as cp1252 or cp1251."
        ) from error
    if "\0" in text:
        raise DataError(f"{path} is no text: it has zero bytes in it. Leave it out.")
    return text


def _drop_repeated(found: Found) -> None:
    distinct = list(dict.fromkeys(found.pieces))
    if len(distinct) < len(found.pieces):
        found.notes.append(f"Left out {_counted(len(found.pieces) - len(distinct), 'message')} that came before.")
    found.pieces = distinct


def _describe(kinds: Counter[str], skipped: Counter[str]) -> list[str]:
    notes = []
    if kinds:
        names = [
            _counted(count, kind) if kind == "text file" else f"{count} × {kind}" if count > 1 else kind
            for kind, count in kinds.items()
        ]
        notes.append(f"Read {', '.join(names)}.")
    if skipped:
        listed = ", ".join(f"{count} {suffix}" for suffix, count in skipped.most_common(5))
        notes.append(f"Left out {_counted(skipped.total(), 'other file')} ({listed}).")
    return notes


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
