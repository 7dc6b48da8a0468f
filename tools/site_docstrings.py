"""Lets the reference show docstrings whose lines describe several names at once, which griffe's parser does not know.

`a, b: tensors of any shape` becomes a line for `a` and a line for `b`, each with the words. griffe loads this file by its path.
"""

import re
from typing import Any

import griffe

_NAMES = re.compile(r"^(\s+)(\*{0,2}\w+(?:, \*{0,2}\w+)+): \S")


class SeveralNames(griffe.Extension):
    """Splits the lines of each docstring before it is parsed."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = split_names(obj.docstring.value)


def split_names(docstring: str) -> str:
    """Returns a docstring in which each line describes one name."""
    lines = docstring.split("\n")
    result: list[str] = []
    while lines:
        line = lines.pop(0)
        found = _NAMES.match(line)
        if not found:
            result.append(line)
            continue
        indent, names = found[1], found[2].split(", ")
        words = [line[found.end(2) :]]
        while lines and lines[0].startswith(indent + " "):
            words.append(lines.pop(0))
        for name in names:
            result += [f"{indent}{name}{words[0]}", *words[1:]]
    return "\n".join(result)
