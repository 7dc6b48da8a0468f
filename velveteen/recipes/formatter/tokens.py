"""A source file as tokens, the tree over them, and the gaps between neighbours."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np

from velveteen.errors import DataError
from velveteen.recipes.formatter.languages import Language, parser

FREE, MUST_BREAK, NO_BREAK, WORDS, NO_SPACE, AS_IT_IS, LINE_ENDS, LINE_GOES_ON, TOGETHER, APART = range(10)
"""What may stand in a gap: anything; a line break, or none, since comments stay where they are on their lines; a space
or a break, between words of JSX or parts of a selector; a break or nothing, since a space would show on the page; only
what stood there; where a line break is a sign of the language, as in Python outside of brackets, a break, or none; and between
tokens that would be others with or without space, nothing, or a space or a break."""

MOST_BLANKS = 2
_OPENING = frozenset({b"(", b"[", b"{"})
_CLOSING = frozenset({b")", b"]", b"}"})
_OPENS, _CLOSES, _SIGNS = list(b"([{"), list(b")]}"), list(b"+-")
_IS_WORD = np.array([byte >= 128 or chr(byte).isalnum() or byte in b"_$" for byte in range(256)])


@dataclass(frozen=True)
class Source:
    """A parsed file: `tokens` and what is known of each, the nodes of the tree in preorder, and the gaps.

    Gap i is between token i and token i + 1. Arrays about tokens have a length of n, those about gaps n - 1. `widths` are
    in columns, up to the token's first line break, and `tails` after its last, or -1 when it has none. A gap's `common`
    is the smallest node around both tokens, and `left` and `right` are its children that they are in (-1: the token is a
    part of a node that is one token). `blanks` and `spaces` are the
    lines and columns that the source leaves empty there.
    """

    language: Language
    text: bytes
    starts: np.ndarray
    ends: np.ndarray
    kinds: np.ndarray
    widths: np.ndarray
    tails: np.ndarray
    comments: np.ndarray
    rules: np.ndarray
    common: np.ndarray
    left: np.ndarray
    right: np.ndarray
    blanks: np.ndarray
    spaces: np.ndarray
    node_kinds: np.ndarray
    node_parents: np.ndarray
    node_firsts: np.ndarray
    node_lasts: np.ndarray
    node_indexes: np.ndarray
    node_counts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    def token(self, index: int) -> bytes:
        """Returns a token's text."""
        return self.text[self.starts[index] : self.ends[index]]

    def tokens(self) -> list[bytes]:
        """Returns the texts of all the tokens."""
        return [self.text[start:end] for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]

    def gaps(self) -> list[bytes]:
        """Returns what stands in the gaps."""
        return [
            self.text[start:end] for start, end in zip(self.ends[:-1].tolist(), self.starts[1:].tolist(), strict=True)
        ]


def parse(text: bytes, language: Language) -> Source:
    """Returns a file's tokens and tree.

    Args:
        text: the file in UTF-8, with "\\n" between lines.
        language: what it is written in.

    Raises:
        DataError: it does not parse; the message has line and column.
    """
    if b"\0" in text:
        raise DataError(f"{_place(text, text.index(0))}: a NUL byte. This is no text file.")
    tree = parser(language).parse(text)
    root = tree.root_node
    if root.has_error:
        raise DataError(f"{_place(text, _error(root))}: this is no {language.name} that can be parsed.")
    return _Walk(text, language).run(tree)


class _Walk:
    """Goes through a tree once, and fills the lists."""

    def __init__(self, text: bytes, language: Language):
        self.text = text
        self.language = language
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.kinds: list[int] = []
        self.comments: list[bool] = []
        self.common: list[int] = []
        self.left: list[int] = []
        self.right: list[int] = []
        self.shown: dict[int, int] = {}  # gaps with a rule of their own

    def run(self, tree: Any) -> Source:
        verbatim, comments = self.language.verbatim, self.language.comments
        kinds: list[int] = []
        parents, firsts, lasts, indexes, counts = ([0] * 0 for _ in range(5))
        spaced: set[int] = set()
        path: list[int] = []  # the nodes from the root to here
        seen: list[int] = [0]  # named children so far, by depth
        lowest, closed = 0, -1  # since the last token: how far up the walk went, and what it left there
        starts, common, left, right = self.starts, self.common, self.left, self.right
        cursor = tree.walk()
        while True:
            node = cursor.node
            number = len(kinds)
            kinds.append(node.kind_id)
            parents.append(path[-1] if path else -1)
            firsts.append(len(starts))
            lasts.append(-1)
            indexes.append(seen[-1])
            counts.append(0)
            if node.is_named:
                seen[-1] += 1
            path.append(number)
            kind = node.type
            is_whole = kind in verbatim
            if kind in self.language.spaced:
                spaced.add(number)
            if not is_whole and cursor.goto_first_child():
                seen.append(0)
                continue
            before = len(starts)
            self.leaf(node, kind, kind in comments)
            if len(starts) > before:
                if before:
                    common.append(path[lowest])
                    if path[lowest] in spaced:
                        self.shown[before - 1] = WORDS
                    left.append(closed)
                    right.append(path[lowest + 1] if lowest + 1 < len(path) else -1)
                for _ in range(len(starts) - before - 1):
                    common.append(number)
                    left.append(-1)
                    right.append(-1)
                lowest = len(path)
            while True:
                done = path.pop()
                lasts[done] = len(starts) - 1
                if len(path) <= lowest:
                    lowest, closed = len(path) - 1, done
                if cursor.goto_next_sibling():
                    break
                if not cursor.goto_parent():
                    return self.source(kinds, parents, firsts, lasts, indexes, counts)
                counts[path[-1]] = seen.pop()

    def leaf(self, node: Any, kind: str, is_comment: bool) -> None:
        start, end = node.start_byte, node.end_byte
        if kind == "jsx_text":
            self.words(node)
            return
        if is_comment or not self.language.verbatim:
            while end > start and self.text[end - 1] in b" \t\n":
                end -= 1
        if start == end or self.text[start:end].isspace():
            return
        self.starts.append(start)
        self.ends.append(end)
        self.kinds.append(node.kind_id)
        self.comments.append(is_comment)

    def words(self, node: Any) -> None:
        """Takes the words of JSX text as tokens; spaces between words are where lines may break."""
        start, end = node.start_byte, node.end_byte
        text = self.text[start:end]
        here = len(self.starts)
        spans = [match.span() for match in re.finditer(rb"[^ \t\r\n]+", text)]
        if not spans:
            self.shown[here - 1] = AS_IT_IS if b"\n" not in text else NO_SPACE
            return
        head, tail = text[: spans[0][0]], text[spans[-1][1] :]
        self.shown[here - 1] = NO_SPACE if not head or b"\n" in head else AS_IT_IS
        for number, (first, last) in enumerate(spans):
            self.starts.append(start + first)
            self.ends.append(start + last)
            self.kinds.append(node.kind_id)
            self.comments.append(False)
            if number:
                self.shown[here + number - 1] = WORDS
        self.shown[len(self.starts) - 1] = NO_SPACE if not tail or b"\n" in tail else AS_IT_IS

    def line_signs(self, rules: np.ndarray, lines: np.ndarray, kinds: list[int]) -> None:
        """Outside of brackets, keeps what ends a line and what does not; only a body may move to a line of its own."""
        grammar = parser(self.language).language
        tokens = [self.text[start:end] for start, end in zip(self.starts, self.ends, strict=True)]
        depth = bracket_depths(tokens)[:-1]
        body = grammar.id_for_node_kind("block", True)
        begins_body = np.array([right >= 0 and kinds[right] == body for right in self.right])
        outside = (depth == 0) & (rules == FREE)
        outside &= ~begins_body
        rules[outside & (lines > 0)] = LINE_ENDS
        rules[outside & (lines == 0)] = LINE_GOES_ON

    def statement_ends(self, rules: np.ndarray, kinds: list[int], lasts: list[int]) -> None:
        """Keeps the line breaks that end statements without semicolons."""
        if not self.language.ended:
            return
        grammar = parser(self.language).language
        ended = [grammar.id_for_node_kind(kind, True) or -1 for kind in self.language.ended]
        for number in np.flatnonzero(np.isin(kinds, ended)).tolist():
            gap = lasts[number]
            if 0 <= gap < len(rules) and rules[gap] == FREE and self.text[self.ends[gap] - 1] not in b";,":
                following = self.text[self.starts[gap + 1]]
                if following not in b";,)]}":
                    rules[gap] = LINE_ENDS

    def word_ends(self, rules: np.ndarray, kinds: list[int]) -> None:
        """Keeps apart what is apart, and together what is together, where tokens would be others otherwise."""
        text = np.frombuffer(self.text, np.uint8)
        ends, starts = np.array(self.ends[:-1]), np.array(self.starts[1:])
        before, after = text[ends - 1], text[starts]
        matters = (_IS_WORD[before] & _IS_WORD[after]) | ((before == after) & np.isin(before, _SIGNS))
        if self.language.free:
            matters = ~np.isin(before, _OPENS) & ~np.isin(after, _CLOSES)
            common = np.array(kinds)[self.common]
            grammar = parser(self.language).language
            for kind, signs in self.language.free:
                beside = np.isin(before, list(signs)) | np.isin(after, list(signs))
                matters &= ~(beside & ((common == grammar.id_for_node_kind(kind, True)) | (kind == "")))
        matters &= rules == FREE
        rules[matters] = np.where(starts > ends, APART, TOGETHER)[matters]

    def source(self, kinds: Any, parents: Any, firsts: Any, lasts: Any, indexes: Any, counts: Any) -> Source:
        text = self.text
        starts, ends = np.array(self.starts, np.int64), np.array(self.ends, np.int64)
        comments = np.array(self.comments, bool)
        gaps = [text[end:start] for end, start in zip(self.ends[:-1], self.starts[1:], strict=True)]
        lines = np.array([gap.count(b"\n") for gap in gaps], np.int64)
        for gap, end in zip(gaps, self.ends, strict=False):
            if gap and not gap.isspace():
                raise DataError(
                    f"{_place(text, end)}: {gap.strip()[:20]!r} is no {self.language.name} that can be parsed."
                )
        rules = np.zeros(len(gaps), np.int8)
        if len(gaps):
            beside = comments[:-1] | comments[1:]
            rules[beside] = np.where(lines > 0, MUST_BREAK, NO_BREAK)[beside]
            if self.language.lines_matter:
                self.line_signs(rules, lines, kinds)
            self.statement_ends(rules, kinds, lasts)
            self.word_ends(rules, kinds)
            for number, rule in self.shown.items():
                if 0 <= number < len(gaps):
                    rules[number] = rule
        widths, tails = _measure(text, starts, ends, comments)
        return Source(
            self.language, text, starts, ends, np.array(self.kinds, np.int32), widths, tails, comments, rules,
            np.array(self.common, np.int64), np.array(self.left, np.int64), np.array(self.right, np.int64),
            np.clip(lines - 1, 0, MOST_BLANKS), starts[1:] - ends[:-1], np.array(kinds, np.int32), np.array(parents, np.int64),
            np.array(firsts, np.int64), np.array(lasts, np.int64), np.array(indexes, np.int64), np.array(counts, np.int64),
        )  # fmt: skip


def bracket_depths(tokens: list[bytes]) -> np.ndarray:
    """Returns in how many brackets each token is; an opening one is inside of its own, a closing one is not."""
    return np.cumsum([(token in _OPENING) - (token in _CLOSING) for token in tokens])


def _measure(text: bytes, starts: np.ndarray, ends: np.ndarray, comments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the widths of tokens up to their first line break, and after their last (-1: there is none)."""
    widths, tails = ends - starts, np.full(len(starts), -1, np.int64)
    breaks = np.flatnonzero(np.frombuffer(text, np.uint8) == 10)
    has_break = np.searchsorted(breaks, starts) < np.searchsorted(breaks, ends)
    for index in np.flatnonzero(has_break):
        lines = text[starts[index] : ends[index]].split(b"\n")
        last = lines[-1]
        if comments[index] and all(line.lstrip(b" \t").startswith(b"*") for line in lines[1:]):
            last = b" " + last.lstrip(b" \t")  # formatting may move it, so where it is now must not matter
        widths[index], tails[index] = _width(lines[0]), _width(last)
    if not text.isascii():
        high = np.flatnonzero(np.frombuffer(text, np.uint8) >= 128)
        has_high = np.searchsorted(high, starts) < np.searchsorted(high, ends)
        for index in np.flatnonzero(has_high & ~has_break):
            widths[index] = _width(text[starts[index] : ends[index]])
    return widths, tails


def _width(line: bytes) -> int:
    """Returns how many columns a text takes; Chinese characters and the like take two."""
    if line.isascii():
        return len(line)
    characters = line.decode("utf-8", "replace")
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in characters)
    return len(characters) + wide - sum(unicodedata.combining(character) > 0 for character in characters)


def _place(text: bytes, offset: int) -> str:
    line = text.count(b"\n", 0, offset) + 1
    column = offset - (text.rfind(b"\n", 0, offset) + 1) + 1
    return f"line {line}, column {column}"


def _error(node: Any) -> int:
    """Returns where the first thing is that does not belong there, or is missing."""
    while not (node.is_error or node.is_missing):
        inner = next((child for child in node.children if child.has_error or child.is_missing), None)
        if inner is None:
            break
        node = inner
    return node.start_byte
