"""The models that ship, on real files that are installed anyway."""

import ast
import json
import re
from pathlib import Path

import click
import pytest

from velveteen.errors import ArgumentError
from velveteen.recipes.formatter import formatter, main
from velveteen.recipes.formatter.languages import named

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", ["css", "javascript", "json", "python", "tsx", "typescript"])
def test_a_model_is_small_and_loads(name):
    assert name in formatter.pretrained(named(name)).language_names
    for folder in formatter.PRETRAINED.iterdir():
        assert sum(file.stat().st_size for file in folder.iterdir()) < 3_000_000


def test_a_language_without_a_model_says_how_to_get_one():
    with pytest.raises(ArgumentError, match="velveteen formatter train DIR --language go"):
        formatter.pretrained(named("go"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('{"a":[1,2],"b":null}', '{ "a": [1, 2], "b": null }'),
        (
            '[{"id":1,"tags":["x","y"]},{"id":2,"tags":[]}]',
            '[{ "id": 1, "tags": ["x", "y"] }, { "id": 2, "tags": [] }]',
        ),
        ("{}", "{}"),
    ],
)
def test_small_values_are_laid_out_as_prettier_does(given, expected):
    assert main.format_text(given.encode(), "value.json").after.decode() == expected + "\n"


def formatted_twice(paths):
    once = main.format_files(paths)
    for result, path in zip(once, paths, strict=True):
        again = main.format_text(result.after, str(path))
        assert again.after == result.after, path
    return once


def test_python_means_the_same_to_python():
    paths = sorted(Path(click.__file__).parent.glob("*.py"))[:8]
    results = formatted_twice(paths)
    assert sum(result.error is None for result in results) >= len(paths) - 1
    for result in results:
        assert ast.dump(ast.parse(result.before)) == ast.dump(ast.parse(result.after))


def test_json_means_the_same(tmp_path):
    file = tmp_path / "a.json"
    value = {"name": "a", "list": [1, 2.5, None, True], "inner": {"key": "b c", "long": ["x" * 30] * 5}}
    file.write_text(json.dumps(value))
    result = formatted_twice([file])[0]
    assert json.loads(result.after) == value
    assert result.after.decode() == json.dumps(value).replace('{"', '{ "').replace("}", " }") or b"\n  " in result.after


def test_scripts_and_styles_of_the_pages_keep_all_but_white_space():
    paths = [*sorted((ROOT / "velveteen").rglob("*.js")), *sorted((ROOT / "velveteen").rglob("*.css"))]
    for result in formatted_twice(paths):
        assert re.sub(rb"\s", b"", result.after) == re.sub(rb"\s", b"", result.before)


def test_a_block_of_style_may_lack_its_last_semicolon():
    source = b"a{color:red;margin:0 1px}.b>c,d e{top:0}"
    expected = b"a {\n  color: red;\n  margin: 0 1px\n}\n.b > c,\nd e {\n  top: 0\n}\n"
    assert main.format_text(source, "a.css").after == expected


def test_scripts_may_lack_semicolons():
    source = b"const a=1\nlet b=[a]\nif(a) { f(b,(c)=>{\nreturn c\n}) }\n"
    expected = b"const a = 1\nlet b = [a]\nif (a) {\n  f(b, (c) => {\n    return c\n  })\n}\n"
    assert main.format_text(source, "a.js").after == expected


def test_prettiers_style_was_learned():
    source = b"""const result=await load( {first:1,second:"two"},(error,value)=>{
if(error)throw error;
else return value.map((x)=>x*2);
});
"""
    expected = b"""const result = await load({ first: 1, second: "two" }, (error, value) => {
  if (error) throw error;
  else return value.map((x) => x * 2);
});
"""
    assert main.format_text(source, "a.js").after == expected
