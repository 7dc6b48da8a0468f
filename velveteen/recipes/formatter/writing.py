"""Decisions become text again, and the proof that nothing but white space is different."""

import numpy as np

from velveteen.errors import DataError
from velveteen.recipes.formatter.files import Text
from velveteen.recipes.formatter.style import Style
from velveteen.recipes.formatter.tokens import AS_IT_IS, NO_SPACE, WORDS, Source, bracket_depths, parse


class ChangedError(DataError):
    """Formatting would change more than white space."""


def gap_texts(source: Source, kinds: np.ndarray, columns: np.ndarray, blanks: np.ndarray, style: Style) -> list[bytes]:
    """Returns what stands in each gap, "\\n" for line breaks.

    Args:
        source: the file.
        kinds: [gaps], the classes.
        columns: [gaps], the indentation after a line break.
        blanks: [gaps], the blank lines of a line break.
        style: what the classes mean.
    """
    spaces = [space.encode() for space in style.spaces]
    texts = []
    for number, (kind, column, blank) in enumerate(zip(kinds.tolist(), columns.tolist(), blanks.tolist(), strict=True)):
        if kind == style.line_break:
            texts.append(b"\n" * (blank + 1) + style.indentation(column).encode())
        elif source.rules[number] == AS_IT_IS:
            texts.append(source.text[source.ends[number] : source.starts[number + 1]])
        else:
            texts.append(spaces[kind])
    return texts


def compose(source: Source, gaps: list[bytes], text: Text, style: Style, starts: np.ndarray) -> bytes:
    """Returns the file's text, with its own line ends.

    Args:
        source: the file.
        gaps: what stands between the tokens.
        text: the file as it was read.
        style: tells whether stars of comments are moved.
        starts: [tokens], the column of each, for such comments.
    """
    if not len(source):
        return b""
    tokens = source.tokens()
    for number in np.flatnonzero(source.tails >= 0).tolist():
        moved = style.star_comments and source.comments[number]
        stars = _moved(tokens[number], style.indentation(int(starts[number])).encode()) if moved else None
        tokens[number] = _own_line_ends(source, number, text) if stars is None else stars.replace(b"\n", text.line_end)
    parts = [part for pair in zip(tokens, [*gaps, b""], strict=True) for part in pair]
    for number in range(1, len(parts), 2):
        parts[number] = parts[number].replace(b"\n", text.line_end)
    last = b"" if tokens[-1].endswith(b"\n") else text.line_end
    return b"".join(parts) + last


def _own_line_ends(source: Source, number: int, text: Text) -> bytes:
    """Returns a token of several lines with the line ends that it had."""
    token = source.token(number)
    line = source.text.count(b"\n", 0, source.starts[number])
    lines = token.split(b"\n")
    ends = [*text.line_ends[line : line + len(lines) - 1], b""]
    return b"".join(part for pair in zip(lines, ends, strict=True) for part in pair)


def _moved(comment: bytes, margin: bytes) -> bytes | None:
    """Returns a comment whose further lines all begin with a star, with the stars below each other; else None."""
    first, *lines = comment.split(b"\n")
    bodies = [line.strip(b" \t") for line in lines]
    if not first.startswith(b"/*") or not all(body.startswith(b"*") for body in bodies):
        return None
    return b"\n".join([first.rstrip(b" \t"), *(margin + b" " + body for body in bodies)])


def check_unchanged(before: Source, after: bytes) -> None:
    """Makes sure that a formatted text has the tokens and the tree of the source.

    Args:
        before: the source.
        after: the new text, "\\n" between lines.

    Raises:
        ChangedError: it has not; the message has the place in the source.
    """
    try:
        new = parse(after, before.language)
    except DataError as error:
        raise ChangedError(f"formatting would break it: {error} The file is left as it was.") from error
    for number, (old_token, new_token) in enumerate(zip(before.tokens(), new.tokens(), strict=False)):
        if old_token != new_token and not (before.comments[number] and _plain(old_token) == _plain(new_token)):
            raise _changed(before, number)
    if len(before) != len(new):
        raise _changed(before, min(len(before), len(new)) - 1)
    shown = (NO_SPACE, WORDS, AS_IT_IS)
    different = np.isin(before.rules, shown) | np.isin(new.rules, shown)
    different &= before.rules != new.rules
    if different.any():
        raise _changed(before, int(different.argmax()))
    if before.language.lines_matter:
        misplaced = _misindented(new)
        if misplaced is not None:
            raise _changed(before, misplaced)
    old_nodes, new_nodes = _tree(before), _tree(new)
    if [part.shape for part in old_nodes] != [part.shape for part in new_nodes] or not all(
        np.array_equal(old, other) for old, other in zip(old_nodes, new_nodes, strict=True)
    ):
        count = min(len(old_nodes[0]), len(new_nodes[0]))
        unequal = np.flatnonzero(
            (old_nodes[0][:count] != new_nodes[0][:count]) | (old_nodes[1][:count] != new_nodes[1][:count])
        )
        node = int(unequal[0]) if len(unequal) else count - 1
        raise _changed(before, min(int(old_nodes[2][node]), len(before) - 1))


def _tree(source: Source) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns kinds, parents and first tokens of the nodes, comments left out: where these belong is a matter of taste."""
    is_comment = np.zeros(len(source.node_kinds), bool)
    is_comment[np.isin(source.node_kinds, np.unique(source.kinds[source.comments]))] = True
    keep = ~is_comment
    numbers = np.cumsum(keep) - 1
    parents = source.node_parents[keep]
    code = np.append(0, np.cumsum(~source.comments))  # tokens that are no comments, before each
    return (
        source.node_kinds[keep],
        np.where(parents < 0, -1, numbers[np.maximum(parents, 0)]),
        code[source.node_firsts[keep]],
    )


def _misindented(source: Source) -> int | None:
    """Returns the first token of a line whose indentation Python would refuse, or None.

    Tree-sitter's grammar of Python takes lines that are indented for no reason; Python does not.
    """
    tokens = source.tokens()
    depths = bracket_depths(tokens)
    open_blocks = [0]
    code = 0  # the last token that is no comment
    for number, gap in enumerate(source.gaps()):
        if not source.comments[number]:
            code = number
        if b"\n" not in gap or depths[number] or source.comments[number + 1]:
            continue
        column = len(gap[gap.rindex(b"\n") + 1 :].expandtabs(8))
        if column > open_blocks[-1] and tokens[code] == b":":
            open_blocks.append(column)
        while column < open_blocks[-1]:
            open_blocks.pop()
        if column != open_blocks[-1]:
            return number + 1
    return None


def _plain(comment: bytes) -> list[bytes]:
    """Returns a comment's lines without the white space around them, if its further lines begin with stars."""
    lines = comment.split(b"\n")
    stripped = [line.strip(b" \t") for line in lines]
    return stripped if all(line.startswith(b"*") for line in stripped[1:]) else lines


def _changed(source: Source, token: int) -> ChangedError:
    start = int(source.starts[token])
    line = source.text.count(b"\n", 0, start) + 1
    near = source.token(token)[:30].decode("utf-8", "replace").splitlines()[0]
    return ChangedError(
        f'line {line}: formatting would change more than white space, near "{near}". It is left as it was.'
    )
