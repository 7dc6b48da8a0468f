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

END, THEME_END = "\x03", "\x02"
"""ASCII's own: "end of text" closes a message; "start of text" stands between a theme and its text."""

TEXT_SUFFIXES = (".txt", ".text", ".md", ".markdown", ".rst", ".org")
ARCHIVE_NAMES = re.compile(r"tweets?(?:-part\d+)?\.js|result\.json|outbox\.json|.*\.(?:mbox|mbx)")
STANDARD_INPUT = "-"
PYDOC = "pydoc_data.topics"
"""The module with the documentation that ships with Python."""

_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$|^(?=\S)(.+)\n(?:={3,}|-{3,})[ \t]*$", re.MULTILINE)
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
        themes: whether texts are cut at their headings, each heading being the theme of what follows.
        encoding: of text files.

    Raises:
        MissingFileError: a source is not there.
        DataError: a source cannot be read, or has nothing in it.
    """
    keep = keep or Keep()
    found = Found(name=", ".join(Path(source).name or str(source) for source in sources) or PYDOC)
    texts: list[str] = []
    if not sources:
        _add_pydoc(found, texts, themes)
    kinds: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for source in sources:
        for path in _files(source, skipped):
            if path is None:
                texts.append(clean_text(sys.stdin.read()))
                kinds["standard input"] += 1
                continue
            messages = archives.read(path, keep)
            if messages is None:
                texts.append(clean_text(_decode(path, encoding)))
                kinds["text file"] += 1
            else:
                found.are_messages = True
                found.pieces += [clean_text(text) for text in messages.texts]
                kinds[messages.kind] += 1
    if themes and sources:
        found.are_messages = True
        texts = [section for text in texts for section in sections(text)]
        if not texts:
            raise DataError(
                f"No heading with a text below was found in {found.name}. Themes are Markdown's headings (# Theme), or "
                "lines underlined with === or ---."
            )
    found.pieces += [text for text in texts if text.strip()]
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


def sections(text: str) -> list[str]:
    """Returns the sections of a text with headings, each as theme, THEME_END, and what stands below."""
    headings = list(_HEADING.finditer(text))
    ends = [*(heading.start() for heading in headings), len(text)][1:]
    found = []
    for heading, end in zip(headings, ends, strict=True):
        theme, body = (heading[1] or heading[2]).strip(), text[heading.end() : end].strip()
        if theme and body:
            found.append(f"{theme}{THEME_END}{body}")
    return found


def _add_pydoc(found: Found, texts: list[str], themes: bool) -> None:
    from pydoc_data.topics import topics

    if themes:
        found.are_messages = True
        texts += [f"{name}{THEME_END}{clean_text(text).strip()}" for name, text in sorted(topics.items())]
    else:
        texts += [clean_text(text).strip() for _, text in sorted(topics.items())]
    found.notes.append(f"Python's own documentation ({len(texts)} topics).")


def _files(source: str | Path, skipped: Counter[str]) -> Iterable[Path | None]:
    """Yields the files of a source, None for standard input."""
    if str(source) == STANDARD_INPUT:
        yield None
        return
    path = Path(source)
    if path.is_file():
        yield path
    elif path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.is_file() and not _is_hidden(each.relative_to(path)))
        chosen = [each for each in files if _is_wanted(each)]
        skipped.update(each.suffix or each.name for each in files if not _is_wanted(each))
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
        found.notes.append(f"{len(found.pieces) - len(distinct):,} messages that repeat another one were left out.")
    found.pieces = distinct


def _describe(kinds: Counter[str], skipped: Counter[str]) -> list[str]:
    notes = []
    if kinds:
        names = [
            f"{count} {kind}s" if count > 1 and kind == "text file" else f"{count} × {kind}" if count > 1 else kind
            for kind, count in kinds.items()
        ]
        notes.append(f"Read {', '.join(names)}.")
    if skipped:
        listed = ", ".join(f"{count} {suffix}" for suffix, count in skipped.most_common(5))
        notes.append(f"Left out {skipped.total():,} other files ({listed}).")
    return notes
