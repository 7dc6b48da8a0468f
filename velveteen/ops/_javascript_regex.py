"""JavaScript's regular expressions, translated to Python's."""

import re

from velveteen.errors import ArgumentError

_GROUP_NAME = re.compile(r"\(\?<([A-Za-z_$][\w$]*)>")
_LINE_ENDS = r"\n\r\u2028\u2029"
_REPLACEMENT = re.compile(r"\$(?:(\$)|(&)|(`)|(')|<([^>]*)>|(\d{1,2}))")


def replace(text: str, pattern: re.Pattern[str], rewrite: str, everywhere: bool) -> str:
    """Replaces matches as `String.prototype.replace` does; `rewrite` may hold `$1`, `$<name>`, `$&`, `` $` ``, `$'`, `$$`."""
    return pattern.sub(lambda match: _expand(rewrite, match), text, count=0 if everywhere else 1)


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Returns a JavaScript pattern (without flags) as a Python one.

    Raises:
        ArgumentError: when Python cannot read it.
    """
    try:
        return re.compile(_translate(pattern), re.ASCII)
    except re.error as error:
        raise ArgumentError(f"The regular expression {pattern!r} cannot be read: {error}.") from error


def _translate(pattern: str) -> str:
    parts, at, in_class = [], 0, False
    while at < len(pattern):
        letter = pattern[at]
        if letter == "\\":
            part, taken = _escape(pattern[at:], in_class)
        elif in_class:
            # A set within a set is Python's own idea.
            part, taken = ("\\" + letter if letter in "[&~|" else letter), 1
            in_class = letter != "]"
        elif letter == "[":
            part, taken, in_class = _open_class(pattern[at:])
        elif name := _GROUP_NAME.match(pattern, at):
            part, taken = f"(?P<{name[1]}>", len(name[0])
        else:
            part, taken = {".": f"[^{_LINE_ENDS}]", "$": r"\Z"}.get(letter, letter), 1
        parts.append(part)
        at += taken
    return "".join(parts)


def _escape(rest: str, in_class: bool) -> tuple[str, int]:
    """Returns the translation of an escape, and how many letters it is made of."""
    if name := re.match(r"\\k<(\w+)>", rest):
        return f"(?P={name[1]})", len(name[0])
    if control := re.match(r"\\c([A-Za-z])", rest):
        return re.escape(chr(ord(control[1].upper()) - 64)), 3
    letter = rest[1:2]
    if letter in ("s", "S"):  # JavaScript's space is Unicode's, its \\w and \\d are ASCII's
        spaces = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
        if in_class:
            return (spaces, 2) if letter == "s" else ("\\S", 2)
        return f"[{'^' if letter == 'S' else ''}{spaces}]", 2
    if letter.isalpha() and letter not in "bBdDwWfnrtvux":
        return letter, 2  # an escape without a meaning is the letter
    return rest[:2], 2


def _open_class(rest: str) -> tuple[str, int, bool]:
    if rest.startswith("[^]"):
        return r"[\s\S]", 3, False
    if rest.startswith("[]"):
        return r"(?!)", 2, False
    return ("[^", 2, True) if rest.startswith("[^") else ("[", 1, True)


def _expand(rewrite: str, match: re.Match[str]) -> str:
    def value(found: re.Match[str]) -> str:
        dollar, whole, before, after, name, number = found.groups()
        if dollar:
            return "$"
        if whole:
            return match[0]
        if before:
            return match.string[: match.start()]
        if after:
            return match.string[match.end() :]
        if name is not None:
            return (match.groupdict().get(name) or "") if match.re.groupindex else found[0]
        return _group(match, number)

    return _REPLACEMENT.sub(value, rewrite)


def _group(match: re.Match[str], number: str) -> str:
    """Returns the group that `$12` means: the twelfth, or, where there are not so many, the first and a 2."""
    if 1 <= int(number) <= match.re.groups:
        return match[int(number)] or ""
    if len(number) == 2 and 1 <= int(number[0]) <= match.re.groups:
        return (match[int(number[0])] or "") + number[1]
    return "$" + number
