import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from velveteen.errors import ArgumentError, DataError, FileFormatError, MissingFileError, UnknownNameError
from velveteen.recipes.formatter import (
    counted,
    data,
    features,
    formatter,
    main,
    project,
    review,
    style,
    tokens,
    vocabulary,
    writing,
)
from velveteen.recipes.formatter.languages import named

JAVASCRIPT = named("javascript")


@pytest.fixture(scope="session")
def model(trained):
    return formatter.load(trained[0])


def squeeze(text: str) -> str:
    """Makes a mess of a file without changing what it means: strings and comments of the project have no such signs."""
    return text.replace("  ", "      ").replace(" = ", "=").replace(", ", "   ,").replace(") {", "){")


def test_a_style_is_learned(trained):
    training = trained[1]
    assert training.measured.gap_accuracy > 0.99
    assert training.measured.trees_changed == 0
    assert training.measured.gap_accuracy > training.baselines["bigrams"]
    assert training.consistency > 0.99


def test_messy_files_get_the_layout_of_the_others(model, project):
    text = (project / "file3.js").read_text()
    done = model.format([squeeze(text).encode()], JAVASCRIPT)[0]
    assert done.error is None
    before, after = text.splitlines(), done.content.decode().splitlines()
    assert sum(a == b for a, b in zip(before, after, strict=False)) >= 0.95 * len(before)


def test_formatting_twice_is_formatting_once(model, project):
    rng = random.Random(0)
    contents = []
    for path in sorted(project.glob("*.js")):
        text = path.read_text()
        contents.append("".join("\n" * rng.randint(1, 4) if c == "\n" else c for c in text).encode())
    once = model.format(contents, JAVASCRIPT)
    assert [each.error for each in once] == [None] * len(contents)
    twice = model.format([each.content for each in once], JAVASCRIPT)
    assert twice == once


def test_a_file_does_not_depend_on_those_beside_it(model, project):
    contents = [path.read_bytes() for path in sorted(project.glob("*.js"))]
    assert [model.format([content], JAVASCRIPT)[0] for content in contents] == model.format(contents, JAVASCRIPT)
    sources = [tokens.parse(content, JAVASCRIPT) for content in (b"a", *contents, b"const b = 1;\n")]
    begin, together = 0, read_around(model, sources)
    for source in sources:
        # Not only nearly: what is almost as likely as something else would be another thing then.
        assert torch.equal(read_around(model, [source]), together[begin : begin + len(source)])
        begin += len(source)


def read_around(model, sources):
    facts = features.read(data.join(sources), model.reading.vocabulary, model.reading.contexts)
    return model.network.read(facts)


HOSTILE = {
    "half a file": (b"function a() {\n  if (b", "cannot be parsed|can be parsed"),
    "NUL bytes": (b"a = 1;\0\0", "NUL byte"),
    "old Mac": (b"a = 1;\rb = 2;\r", "carriage return"),
    "not UTF-16": (b"\xff\xfea", "utf-16"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_formatted_is_left_as_it_is(model, name):
    content, message = HOSTILE[name]
    done = model.format([content, b"a=1"], JAVASCRIPT)
    assert done[0].content == content
    assert done[0].error is not None
    with pytest.raises(DataError, match=message):
        raise DataError(done[0].error)
    assert done[1].error is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n \n",
        b"// only a comment",
        b"\xef\xbb\xbfa=1\r\nb=`x\r\ny`\r\n",
        b"a=1\r\nb=`x\ny`\nc=2\r\n",
        "a = 'é'  +1\n".encode("latin-1"),
        "a = '日本' ;\n".encode("utf-16"),
        b"a=" + b"[" * 1000 + b"]" * 1000,
        b"a=[" + b"1," * 20000 + b"1]",
        b"x = <p>one  two {a} three\n <b/> </p>",
        b"let a\nlet b = a\n;[1].map(b)\na\n++b",
    ],
    ids=lambda content: repr(content[:20]),
)
def test_strange_files_keep_their_tokens_and_come_out_the_same_twice(model, content):
    once = model.format([content], JAVASCRIPT)[0]
    again = model.format([once.content], JAVASCRIPT)[0]
    assert again.content == once.content
    assert b"".join(once.content.split()).replace(b"\0", b"") == b"".join(content.split()).replace(b"\0", b"")


def test_byte_order_mark_and_line_ends_stay(model):
    done = model.format([b"\xef\xbb\xbfa=1;\r\nb=`x\ny`;\r\nc=2;\r\n"], JAVASCRIPT)[0]
    assert done.content.startswith(b"\xef\xbb\xbfa")
    assert b"`x\ny`" in done.content
    assert done.content.count(b"\r\n") == done.content.count(b"\n") - 1 >= 1


def test_more_than_white_space_is_never_changed():
    source = tokens.parse(b"return_\n(1)\n", JAVASCRIPT)
    writing.check_unchanged(source, b"return_(1);\n".replace(b";", b""))
    for wrong in (b"return_(2)\n", b"return_\n(1)(1)\n", b"return _(1)\n", b"return_;\n(1)\n", b"(\n"):
        with pytest.raises(writing.ChangedError, match="left as it was"):
            writing.check_unchanged(source, wrong)
    statement = tokens.parse(b"function f() { return a; }", JAVASCRIPT)
    with pytest.raises(writing.ChangedError, match="line 1: formatting would change more than white space"):
        writing.check_unchanged(statement, b"function f() { return\na; }")


def test_only_the_lines_asked_for_are_touched(model, project):
    text = (project / "file2.js").read_text()
    messy = text.replace(" > ", ">").replace(", second", ",second")
    done = model.format([messy.encode()], JAVASCRIPT, lines=(3, 3))[0].content.decode()
    before, after = messy.splitlines(), done.splitlines()
    assert after[2] == text.splitlines()[2] != before[2]
    assert [*after[:2], *after[3:]] == [*before[:2], *before[3:]]


def test_files_that_show_no_style_are_passed_over(tmp_path):
    (tmp_path / "good.js").write_text("a = 1;\n")
    (tmp_path / "jquery.min.js").write_text("a=1")
    (tmp_path / "long.js").write_text("a = 1;" * 1000)
    (tmp_path / "made.js").write_text("// @generated\na = 1;\n")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "b.js").write_text("b = 1;\n")
    (tmp_path / "ignored.js").write_text("b = 1;\n")
    (tmp_path / ".gitignore").write_text("ignored.js\n")
    found = project_files(tmp_path)
    assert [path.name for path in found.paths] == ["good.js"]
    assert found.skipped == {"minified": 2, "generated": 1, "vendored or built": 1}
    if shutil.which("git"):
        subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
        assert project_files(tmp_path).paths == found.paths


def project_files(folder: Path) -> project.Files:
    return project.find([folder], [JAVASCRIPT])


def test_nothing_to_learn_from_is_said(tmp_path):
    with pytest.raises(DataError, match="There is no javascript to learn from"):
        main.collect([tmp_path], [JAVASCRIPT])
    with pytest.raises(MissingFileError, match="not a file or folder that is there"):
        main.collect([tmp_path / "none"], [JAVASCRIPT])


def test_a_teacher_lays_the_files_out_first(tmp_path):
    (tmp_path / "a.js").write_text("a = 1;\n")
    sources, _ = main.collect([tmp_path], [JAVASCRIPT], "sed s/1/2/")
    assert sources[0].token(2) == b"2"
    with pytest.raises(ArgumentError, match='"no-such-formatter" is no command'):
        main.collect([tmp_path], [JAVASCRIPT], "no-such-formatter {}")


def test_mistakes_are_found_and_the_rest_is_not(model, project, tmp_path):
    text = (project / "file5.js").read_text()
    assert review.review(model, project / "file5.js") == []
    wrong = tmp_path / "wrong.js"
    wrong.write_text(text.replace("first + second", "first+ second", 1))
    found = review.review(model, wrong)
    assert [(each.line, each.found, each.proposal) for each in found] == [(2, "nothing", '" "')]
    assert found[0].probability < 0.02


def test_what_is_odd_again_and_again_is_told_of_once_with_its_number(model, project, tmp_path):
    text = (project / "file5.js").read_text()
    wrong = tmp_path / "wrong.js"
    times = text.count("first + second")
    assert times >= review.HABIT
    wrong.write_text(text.replace("first + second", "first+ second"))
    assert [(each.line, each.times) for each in review.review(model, wrong)] == [(2, times)]
    wrong.write_text(text.replace("first + second", "first+ second", review.HABIT - 1))
    assert [each.times for each in review.review(model, wrong)] == [1] * (review.HABIT - 1)


def test_lines_of_one_oddity_are_told_of_once(model, project, tmp_path):
    lines = (project / "file5.js").read_text().split("\n")
    wrong = tmp_path / "wrong.js"
    body = range(1, lines.index("}"))
    wrong.write_text("\n".join(line[2:] if number in body else line for number, line in enumerate(lines)))
    assert [each.line for each in review.review(model, wrong)] == [2]


def test_style_is_read_off():
    assert style.indentation_unit([b"a {\n\tb\n\t\tc\n}\n"]) == (True, 2)
    assert style.indentation_unit([b"a {\n    b\n        c\n}\n"]) == (False, 4)


def test_a_model_of_something_else_is_refused(tmp_path):
    import velveteen as vt

    vt.sequential([vt.layers.dense(1, input_shape=[1])]).save(tmp_path)
    with pytest.raises(ArgumentError, match="is no formatter"):
        formatter.load(tmp_path)


@pytest.mark.parametrize("name", counted.SITUATIONS)
def test_a_baseline_is_a_model_as_any_other(project, tmp_path, name, trained):
    sources, _ = main.collect([project], [JAVASCRIPT])
    training = main.train(sources, model=name, out=tmp_path / "m", verbose=False)
    assert training.measured.gap_accuracy == pytest.approx(training.baselines[name], abs=1e-12)
    assert training.baselines == pytest.approx(trained[1].baselines)
    loaded = formatter.load(tmp_path / "m")
    once = loaded.format([(project / "file3.js").read_bytes()], JAVASCRIPT)[0]
    assert once.error is None
    assert loaded.format([once.content], JAVASCRIPT)[0] == once
    assert loaded.format([b"const  value1=name1 ( 1,2 ) ;"], JAVASCRIPT)[0].content == b"const value1 = name1(1, 2);\n"


def test_bigrams_know_the_letters_beside_a_gap():
    batch = data.join([tokens.parse(b"ab(cd);", JAVASCRIPT)])
    pairs = counted.bigrams(batch, vocabulary.learn([batch]))
    assert [bytes(divmod(pair, 256)) for pair in pairs.tolist()] == [b"b(", b"(c", b"d)", b");", b";\n"]


def test_a_damaged_baseline_is_refused(project, tmp_path):
    sources, _ = main.collect([project], [JAVASCRIPT])
    main.train(sources, model="bigrams", out=tmp_path, verbose=False)
    description = json.loads((tmp_path / "model.json").read_text())
    description["userDefinedMetadata"]["situations"].pop()
    (tmp_path / "model.json").write_text(json.dumps(description))
    with pytest.raises(FileFormatError, match="damaged"):
        formatter.load(tmp_path)
    with pytest.raises(UnknownNameError, match="bigram"):
        main.train(sources, model="bigram", out=tmp_path)
