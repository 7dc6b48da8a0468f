import numpy as np
import pytest

from velveteen.errors import DataError
from velveteen.recipes.formatter import batch, files, layout
from velveteen.recipes.formatter.languages import LANGUAGES, named, of_file
from velveteen.recipes.formatter.tokens import AS_IT_IS, MUST_BREAK, NO_BREAK, NO_SPACE, WORDS, parse

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
