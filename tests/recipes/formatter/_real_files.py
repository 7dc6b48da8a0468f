"""Real source files that are on the machine, and the proof that formatting them loses nothing.

The proof does not use the formatter's own: it compares bytes, and what tree-sitter, `ast` and `json` read.
"""

import ast
import json
import os
import random
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from velveteen.recipes.formatter import formatter
from velveteen.recipes.formatter.languages import Language, of_file, parser

ROOT = Path(__file__).parents[3]
LARGEST = 60_000
_AT_ONCE = 25


def standard_library() -> Path:
    """Returns the folder of Python's own modules."""
    return Path(sysconfig.get_path("stdlib"))


def node_modules() -> list[Path]:
    """Returns the folders of npm packages that the project's tests use."""
    return sorted(ROOT.glob("tests/*/node_modules"))


def folders() -> list[Path]:
    """Returns all folders with real files: packages of npm and of this Python, what `make models` downloaded, and
    those that the variable VELVETEEN_SOURCES names."""
    named = [Path(name) for name in os.environ.get("VELVETEEN_SOURCES", "").split(os.pathsep) if name]
    return [*named, ROOT / "build", *node_modules(), Path(sysconfig.get_path("purelib")), standard_library()]


def find(language: Language, count: int, roots: Sequence[Path], seed: int = 0) -> list[Path]:
    """Returns files of a language, always the same of the same folders, drawn from all packages alike.

    tsconfig.json is none of JSON: it has comments, and commas behind the last.
    """
    packages: dict[Path, list[Path]] = {}
    for root in roots:
        for extension in language.extensions:
            for path in root.rglob(f"*{extension}"):
                if path.name.startswith("tsconfig") or path.is_symlink() or not path.is_file():
                    continue
                if 0 < path.stat().st_size <= LARGEST:
                    packages.setdefault(Path(*path.parts[: len(root.parts) + 1]), []).append(path)
    rng = random.Random(seed)
    piles = [packages[package] for package in sorted(packages)]
    for pile in piles:
        pile.sort()
        rng.shuffle(pile)
    chosen: list[Path] = []
    while piles and len(chosen) < count:
        rng.shuffle(piles)
        chosen += [pile.pop() for pile in piles[: count - len(chosen)]]
        piles = [pile for pile in piles if pile]
    return chosen


def faults(model: formatter.Formatter, paths: Sequence[Path]) -> tuple[list[str], int]:
    """Formats files twice.

    Returns:
        What was lost, changed or came out otherwise the second time; and how many files were given back as they were since
        they do not parse or more than white space would have changed.
    """
    found: list[str] = []
    left = 0
    for start in range(0, len(paths), _AT_ONCE):
        some = paths[start : start + _AT_ONCE]
        contents = [path.read_bytes() for path in some]
        by_language: dict[str, list[int]] = {}
        for number, path in enumerate(some):
            by_language.setdefault(of_file(path).name, []).append(number)
        for numbers in by_language.values():
            language = of_file(some[numbers[0]])
            once = model.format([contents[number] for number in numbers], language)
            twice = model.format([result.content for result in once], language)
            for number, first, second in zip(numbers, once, twice, strict=True):
                left += first.error is not None
                for fault in _compared(contents[number], first, language):
                    found.append(f"{some[number]}: {fault}")
                if second.content != first.content:
                    found.append(f"{some[number]}: formatting twice gives something else than once")
                if (second.error is None) != (first.error is None):
                    found.append(f"{some[number]}: {second.error or 'the second time it can be formatted'}")
    return found, left


def _compared(before: bytes, result: formatter.Formatted, language: Language) -> list[str]:
    after = result.content
    if result.error is not None:
        return [] if after == before else ["an error, and yet it is not as it was"]
    found = []
    if b"".join(before.split()) != b"".join(after.split()):
        found.append("bytes are lost")
    if _nodes(before, language) != _nodes(after, language):
        found.append("the tree is another")
    if language.name == "json" and _json(before) != _json(after):
        found.append("json reads something else")
    if language.name == "python" and _python(before) != _python(after):
        found.append("Python reads something else")
    return found


def _nodes(content: bytes, language: Language) -> list[tuple[int, str]]:
    """Returns depth and kind of all nodes but comments."""
    cursor = parser(language).parse(content.replace(b"\r\n", b"\n")).walk()
    nodes: list[tuple[int, str]] = []
    while True:
        kind = cursor.node.type
        if kind not in language.comments:
            nodes.append((cursor.depth, kind))
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return nodes


def _json(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:  # tree-sitter's JSON has comments
        return None


def _python(content: bytes) -> str | None:
    try:
        return ast.dump(ast.parse(content))
    except (SyntaxError, ValueError):  # of another version of Python
        return None


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    chosen = find(of_file("x." + sys.argv[1]), int(sys.argv[2]), [Path(name) for name in sys.argv[3:]] or folders())
    print(len(chosen), "files")
    told, untouched = faults(formatter.pretrained(of_file("x." + sys.argv[1])), chosen)
    print("\n".join(told), f"{len(told)} faults, {untouched} left", sep="\n")
