"""Themes: a text with headings as passages, each with the heading above it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

LONGEST_PASSAGE = 800
"""Characters: the paragraphs under a heading are put together up to this length, so that a theme is never far away."""
LONGEST_HEADING = 200
"""Characters; a longer line is text."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HASHES = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*")
_MARKDOWN_LINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*")
_BLOCK = re.compile(r"[-+*>|][ \t]|\||\d+[.)][ \t]")  # a list, a quotation, a table
_ANY_LINE = re.compile(r"([!-/:-@\[-`{-~])\1{2,}[ \t]*")
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")


class Heading(NamedTuple):
    """A heading: the theme, and the lines that it takes, `first` up to `end`."""

    theme: str
    first: int
    end: int


@dataclass(frozen=True)
class Sections:
    """What stands under the headings of a text.

    Attributes:
        passages: the theme and the text of each, one paragraph or several that are short.
        headings: how many there are with a text below.
        before: characters above the first heading.
    """

    passages: list[tuple[str, str]]
    headings: int
    before: int


def sections(text: str, suffix: str = ".txt") -> Sections:
    """Cuts a text at its headings; each paragraph has the heading above it as its theme.

    Args:
        text: with "\\n" at the ends of lines.
        suffix: of its file, which says what a heading is. `.rst`: a line that is underlined with one kind of sign, as in
            reStructuredText. `.md`, `.markdown`: "# Heading", or a line underlined with = or -, as in Markdown, outside of
            fenced code. Other ones: either of Markdown's, or a line in capitals between empty lines.
    """
    lines = text.split("\n")
    kind = suffix.lower()
    if kind == ".rst":
        headings = list(_restructured(lines))
    else:
        headings = list(_markdown(lines, capitals=kind not in (".md", ".markdown")))
    passages: list[tuple[str, str]] = []
    count = 0
    for number, heading in enumerate(headings, 1):
        end = headings[number].first if number < len(headings) else len(lines)
        found = _passages("\n".join(lines[heading.end : end]))
        passages += [(heading.theme, passage) for passage in found]
        count += bool(found)
    before = "\n".join(lines[: headings[0].first] if headings else lines).strip()
    return Sections(passages, count, len(before))


def _passages(body: str) -> list[str]:
    """Returns the paragraphs, neighbours together as long as they are short."""
    found: list[str] = []
    for paragraph in _PARAGRAPH_END.split(body):
        paragraph = paragraph.strip("\n").rstrip()
        if not paragraph.strip():
            continue
        if found and len(found[-1]) + 2 + len(paragraph) <= LONGEST_PASSAGE:
            found[-1] += f"\n\n{paragraph}"
        else:
            found.append(paragraph)
    return [passage.strip() for passage in found]


def _markdown(lines: Sequence[str], *, capitals: bool) -> Iterator[Heading]:
    """Yields Markdown's headings, as CommonMark 0.31 has them (sections 4.2, 4.3 and 4.5), if they are one line."""
    fence = ""
    begin = _front_matter(lines)
    for number in range(begin, len(lines)):
        line = lines[number]
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line[mark.end() :].strip():
                fence = ""
            continue
        if mark:
            fence = mark[1]
            continue
        hashes = _HASHES.fullmatch(line)
        after = lines[number + 1] if number + 1 < len(lines) else ""
        stands_apart = number == begin or not lines[number - 1].strip() or _is_end_of_heading(lines, number - 1)
        if hashes:
            if _is_heading(hashes[1]):
                yield Heading(hashes[1], number, number + 1)
        elif stands_apart and _is_heading(line) and line[0] not in " \t":
            if _MARKDOWN_LINE.fullmatch(after) and not _MARKDOWN_LINE.fullmatch(line) and not _BLOCK.match(line):
                yield Heading(line.strip(), number, number + 2)
            elif capitals and not after.strip() and _is_in_capitals(line):
                yield Heading(line.strip(), number, number + 1)


def _is_end_of_heading(lines: Sequence[str], number: int) -> bool:
    return bool(_HASHES.fullmatch(lines[number]) or _MARKDOWN_LINE.fullmatch(lines[number]))


def _front_matter(lines: Sequence[str]) -> int:
    """Returns the number of lines of what generators of web pages want to know first, between two lines ---."""
    if lines[0].rstrip() != "---":
        return 0
    ends = (number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---")
    return next(ends, -1) + 1


def _restructured(lines: Sequence[str]) -> Iterator[Heading]:
    """Yields reStructuredText's headings: https://docutils.sourceforge.io/docs/ref/rst/restructuredtext.html#sections."""
    number = 0
    while number + 1 < len(lines):
        line, after = lines[number], lines[number + 1]
        above = lines[number - 1] if number else ""
        is_overlined = _ANY_LINE.fullmatch(above) is not None and above.rstrip() == after.rstrip()
        is_underlined = _ANY_LINE.fullmatch(after) is not None and len(after.rstrip()) >= len(line.strip())
        if (
            is_underlined
            and _is_heading(line)
            and not _ANY_LINE.fullmatch(line)
            and (is_overlined or (not above.strip() and line[0] not in " \t"))
        ):
            yield Heading(line.strip(), number - is_overlined, number + 2)
            number += 1
        number += 1


def _is_heading(line: str) -> bool:
    return 0 < len(line.strip()) <= LONGEST_HEADING


def _is_in_capitals(line: str) -> bool:
    return line != line.lower() and line == line.upper()
