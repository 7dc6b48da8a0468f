import numpy as np
import pytest

from velveteen.errors import DataError
from velveteen.recipes.formatter import batch, files, layout, writing
from velveteen.recipes.formatter.languages import LANGUAGES, named, of_file
from velveteen.recipes.formatter.tokens import (
    APART,
    AS_IT_IS,
    FREE,
    LINE_ENDS,
    MUST_BREAK,
    NO_BREAK,
    NO_SPACE,
    TOGETHER,
    WORDS,
    parse,
)

SAMPLES = {
    "javascript": b'const a = [1, `x\n${b}`]; // hey\n\n\nfoo(a, { b: "c d" });\n',
    "typescript": b"export type A<T> = { readonly b?: T };\n",
    "tsx": b"const a = <B c={1}>text and {more}</B>;\n",
    "css": b'a > b,\n.c:hover { color: #fff; margin: 0 10px; content: "x y"; }\n',
    "json": b'{ "a": [1, 2.5, null], "b c": {} }\n',
    "python": b"def f(a, *, b=1):\n    return {a: b}  # why\n",
    "go": b'package a\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("a b")\n}\n',
}


@pytest.mark.parametrize("name", SAMPLES)
def test_tokens_and_gaps_make_up_the_file(name):
    source = parse(SAMPLES[name], named(name))
    parts = [part for pair in zip(source.tokens(), [*source.gaps(), b"\n"], strict=True) for part in pair]
    assert b"".join(parts) == SAMPLES[name]
    assert all(not gap.strip() for gap in source.gaps())


def test_every_language_has_a_sample():
    assert set(SAMPLES) == set(LANGUAGES)


def test_strings_and_templates_stay_whole():
    assert b"`x\n${b}`" in parse(SAMPLES["javascript"], named("javascript")).tokens()


def test_a_gap_knows_the_smallest_node_around_it():
    source = parse(b"f(a, b);", named("javascript"))
    kinds = named_kinds(source)
    assert kinds[:4] == ["call_expression", "arguments", "arguments", "arguments"]


def named_kinds(source):
    from velveteen.recipes.formatter.vocabulary import kind_names

    names = kind_names(source.language)
    return [names[source.node_kinds[node]] for node in source.common]


def test_comments_keep_their_places():
    source = parse(b"a; // one\n// two\nb; /* three */ c;", named("javascript"))
    tokens = source.tokens()
    assert source.rules[tokens.index(b"// one") - 1] == NO_BREAK
    assert source.rules[tokens.index(b"// two") - 1] == MUST_BREAK
    assert source.rules[tokens.index(b"/* three */")] == NO_BREAK


def test_spaces_that_a_page_shows_stay():
    source = parse(b"x = <p>one two {a}\n  <b /></p>;", named("javascript"))
    tokens = source.tokens()
    assert source.rules[tokens.index(b"one") - 1] == NO_SPACE
    assert source.rules[tokens.index(b"one")] == WORDS
    assert source.rules[tokens.index(b"two")] == AS_IT_IS


def test_what_does_not_parse_is_refused_with_its_place():
    with pytest.raises(DataError, match="line 2, column"):
        parse(b"a;\nb = (;\n", named("javascript"))
    with pytest.raises(DataError, match="line 1, column 2: a NUL byte"):
        parse(b"a\0b", named("javascript"))


def test_layout_gives_columns_and_indentations():
    text = b"if (a) {\n  b = `x\nyz` + 1;\n    c();\n}\n"
    joined = batch.join([parse(text, named("javascript"))])
    where, texts = layout.true_layout(joined, 2)
    tokens = joined.tokens()
    assert where.starts[tokens.index(b"b")] == 2
    assert where.ends[tokens.index(b"`x\nyz`")] == 3
    assert where.starts[tokens.index(b"c")] == where.indents[tokens.index(b"c")] == 4
    assert texts[0] == " " and texts[tokens.index(b"{")] is None


def test_a_file_is_of_the_language_of_its_extension():
    assert of_file("a/b.TSX").name == "tsx"
    with pytest.raises(ValueError, match='no language that the formatter knows by its extension ".zig"'):
        of_file("a.zig")


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfa;\n", "a = 'é';\n".encode("latin-1"), "a;\n".encode("utf-16")])
def test_a_text_is_written_as_it_was_read(content):
    text = files.decode(content)
    assert text.encode(text.body) == content


def test_wide_characters_take_two_columns():
    source = parse('a = "日本";'.encode(), named("javascript"))
    assert source.widths.tolist() == [1, 1, 6, 1]
    assert np.all(source.tails == -1)


def rule_behind(source, token: bytes) -> int:
    return int(source.rules[source.tokens().index(token)])


def test_what_a_line_end_ends_keeps_it():
    source = parse(
        b"#!/usr/bin/env node\nlet a = 1\nif (a) b()\nelse c()\nclass D { e = 2\n f() {} }", named("javascript")
    )
    assert rule_behind(source, b"#!/usr/bin/env node") == MUST_BREAK
    assert [rule_behind(source, token) for token in (b"1", b"2")] == [LINE_ENDS] * 2
    assert source.rules.tolist().count(LINE_ENDS) == 4
    members = parse(b"interface A { b: c\n d(): e }\ntype F = { g: h, i: j; }", named("typescript"))
    assert rule_behind(members, b"c") == LINE_ENDS
    assert LINE_ENDS not in (rule_behind(members, b"e"), rule_behind(members, b"h"), rule_behind(members, b"j"))


def test_what_would_become_one_word_stays_apart():
    source = parse(b"return_ = a - -b; new C(typeof d)", named("javascript"))
    assert rule_behind(source, b"new") == rule_behind(source, b"typeof") == rule_behind(source, b"-") == APART
    style = parse(b"a{b:12px/1.5 c,d;e:f !important}@media screen and (min-width:1px){a.b c{d:e}}", named("css"))
    assert [rule_behind(style, token) for token in (b"12", b"px/1.5", b"and", b"screen")] == [TOGETHER, *[APART] * 3]
    assert [rule_behind(style, token) for token in (b"b", b"c", b"f", b"{")] == [FREE] * 4


def test_python_is_not_indented_for_no_reason():
    source = parse(b"if a:\n    b\n# c\nd\n", named("python"))
    writing.check_unchanged(source, b"if a:\n  b\n  # c\nd\n")
    for wrong in (b"if a:\n    b\n# c\n  d\n", b"if a:\n    b\n# c\n    d\n"):
        with pytest.raises(writing.ChangedError, match="line [34]: formatting would change more"):
            writing.check_unchanged(source, wrong)
    body = parse(b"if a: b\nclass C: pass\nd\n", named("python"))
    writing.check_unchanged(body, b"if a:\n    b\nclass C:\n  pass\nd\n")
    with pytest.raises(writing.ChangedError, match="line 3"):
        writing.check_unchanged(body, b"if a:\n    b\nclass C: pass\n  d\n")
