"""Broken and hostile files of every language: nothing is lost, and what can be formatted comes out the same twice."""

import json
import subprocess
import sys
import time

import pytest

from velveteen.recipes.formatter import files, formatter
from velveteen.recipes.formatter.languages import named

LANGUAGES = ("javascript", "typescript", "tsx", "css", "json", "python")
SOURCES = {
    "javascript": b"function f(a, b) {\n  return [a, b, `x\n  y`];\n}\n",
    "typescript": b"interface A<T> {\n  b: T;\n  c(d: string): void;\n}\n",
    "tsx": b"const a = (b: B) => (\n  <p c={b}>\n    one two {b}\n  </p>\n);\n",
    "css": b"@media print {\n  a > b,\n  .c {\n    margin: 0 1px;\n  }\n}\n",
    "json": b'{\n  "a": [1, 2.5, null],\n  "b": { "c": "d" }\n}\n',
    "python": b'def f(a, b):\n    """Doc."""\n    if a:\n        return [a, b]\n    return {a: """x\n    y"""}\n',
}
OPENING = {
    "javascript": (b"a=", b"[", b"]", b""),
    "typescript": (b"type A=", b"[", b"]", b""),
    "tsx": (b"a=", b"<b>", b"</b>", b""),
    "css": (b"", b"@media a{", b"}", b""),
    "json": (b"", b"[", b"]", b""),
    "python": (b"a=", b"(", b")", b""),
}


def formatted(name: str, content: bytes) -> formatter.Formatted:
    """Formats twice, and makes sure of what holds for any file."""
    language = named(name)
    model = formatter.pretrained(language)
    done = model.format([content], language)[0]
    again = model.format([done.content], language)[0]
    assert again.content == done.content
    assert (again.error is None) == (done.error is None)
    if done.error is not None:
        assert done.content == content
    return done


def letters(content: bytes) -> bytes:
    """Returns a file without its white space."""
    return b"".join(content.split())


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_source_is_whole_afterwards(name):
    done = formatted(name, SOURCES[name])
    assert done.error is None
    assert letters(done.content) == letters(SOURCES[name])


@pytest.mark.parametrize("name", LANGUAGES)
def test_half_a_file_is_refused_with_the_place(name):
    text = SOURCES[name]
    half = text[: text.rindex(b"[") + 1] if b"[" in text else text[: len(text) * 2 // 3]
    done = formatted(name, half)
    assert done.error is not None and done.error.startswith("line ")
    assert "can be parsed" in done.error


@pytest.mark.parametrize("name", LANGUAGES)
def test_nul_bytes_are_refused_with_the_place(name):
    done = formatted(name, SOURCES[name] + b"\n\0")
    lines = SOURCES[name].count(b"\n") + 2
    assert done.error == f"line {lines}, column 1: a NUL byte. This is no text file."


@pytest.mark.parametrize("name", LANGUAGES)
def test_mixed_line_ends_stay_or_become_those_of_most(name):
    text = SOURCES[name]
    mixed = text.replace(b"\n", b"\r\n").replace(b"\r\n", b"\n", 1)
    done = formatted(name, mixed)
    assert done.error is None
    assert done.content.replace(b"\r\n", b"\n") == formatted(name, text).content
    assert letters(done.content) == letters(mixed)


@pytest.mark.parametrize("name", LANGUAGES)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_stay(name, encoding):
    content = SOURCES[name].decode().encode(encoding)
    done = formatted(name, content)
    assert done.error is None
    assert done.content == formatted(name, SOURCES[name]).content.decode().encode(encoding)


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_line_of_a_megabyte(name):
    long = b"x" * 1_000_000
    content = {
        "json": b'{"a":"' + long + b'","b":[1,2]}',
        "css": b"a{b:url(" + long + b');c:"' + b'"}',
        "python": b"a=f('" + long + b"',b)",
    }.get(name, b"a=f('" + long + b"',b)")
    done = formatted(name, content)
    assert letters(done.content) == letters(content)


@pytest.mark.slow
@pytest.mark.parametrize("name", LANGUAGES)
def test_ten_thousand_nested_brackets(name):
    before, opening, closing, after = OPENING[name]
    content = before + 10_000 * opening + 10_000 * closing + after
    done = formatted(name, content)
    assert letters(done.content) == letters(content)
    assert len(done.content) < 11_000_000 + 11 * len(content)


def test_deeply_nested_data_do_not_become_indentation():
    content = 10_000 * b"[" + 10_000 * b"]"
    done = formatted("json", content)
    assert done.content == content
    assert done.error is not None and "nested so deeply" in done.error


@pytest.mark.slow
def test_a_megabyte_of_minified_data():
    records = [{"id": i, "name": f"name {i}", "tags": ["a", "b"], "at": [i / 7, -i]} for i in range(16_000)]
    content = json.dumps(records, separators=(",", ":")).encode()
    assert len(content) > 1_000_000
    done = formatted("json", content)
    assert done.error is None
    assert json.loads(done.content) == records


WRITES_FOR_EVER = """
import itertools, pathlib, sys
from velveteen.recipes.formatter import files
for number in itertools.count():
    files.write(pathlib.Path(sys.argv[1]), bytes([97 + number % 2]) * 3_000_000)
    print("written", flush=True)
"""


def test_a_crash_in_the_middle_leaves_whole_files(tmp_path):
    file = tmp_path / "a.js"
    for pause in (0.0, 0.01):
        file.write_bytes(b"old")
        with subprocess.Popen([sys.executable, "-c", WRITES_FOR_EVER, file], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stdout.readline() == b"written\n"
            time.sleep(pause)
            process.kill()
        assert file.read_bytes() in (b"a" * 3_000_000, b"b" * 3_000_000)


def test_what_cannot_be_written_stays(tmp_path, monkeypatch):
    file = tmp_path / "a.js"
    file.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("velveteen.io.files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write(file, b"new")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("a.js", b"old")]
