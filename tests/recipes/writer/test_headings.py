"""What a heading is, in each kind of text."""

import pytest

from velveteen.recipes.writer.headings import LONGEST_PASSAGE, sections


def themes(text, suffix):
    return [theme for theme, _ in sections(text, suffix).passages]


@pytest.mark.parametrize("mark", ["#", "###### ", "  ## "])
def test_hashes(mark):
    assert sections(f"{mark.strip()} Tea #\nIt steams.\n\n#hashtag", ".md").passages == [
        ("Tea", "It steams.\n\n#hashtag")
    ]


def test_underlines():
    text = "Tea\n===\nIt steams.\n\nCoffee\n------\nIt smells."
    assert sections(text, ".md").passages == [("Tea", "It steams."), ("Coffee", "It smells.")]
    assert sections(text, ".txt") == sections(text, ".rst") == sections(text, ".md")


@pytest.mark.parametrize(
    "text",
    [
        "A paragraph of\ntwo lines\n---\nand more",
        "- a list\n---\ntext",
        "> quoted\n---\ntext",
        "| a | b |\n|---|---|\n",
        "text\n\n---\n\ntext",
        "---\ntitle: tea\n---\ntext",
        "    # indented code",
        "```\n# a comment\n```\ntext",
        "~~~~ sh\n# a comment\n~~~\n# still\n~~~~~\ntext",
        "```\n# never closed",
        "#\n\n##   \ntext",
        "ALL CAPITALS\n\nMarkdown has no such headings",
        "",
    ],
)
def test_what_is_no_heading_in_markdown(text):
    assert sections(text, ".md").passages == []


def test_headings_behind_code_count():
    assert themes("# A\n```\n# b\n```\nx\n# C\ny", ".markdown") == ["A", "C"]


@pytest.mark.parametrize("sign", list("=-`:.'\"~^_*+#"))
def test_restructured_text(sign):
    line = sign * 12
    text = f"Above\n\nTea, green\n{line}\n\nIt steams.\n\n{line}\n Cold tea\n{line}\nIt does not.\n\n{line}\n\nAfter a rule."
    found = sections(text, ".rst")
    assert [theme for theme, _ in found.passages] == ["Tea, green", "Cold tea"]
    assert found.passages[0][1] == "It steams." and "After a rule." in found.passages[1][1]
    assert (found.headings, found.before) == (2, len("Above"))


def test_a_line_shorter_than_the_title_is_none_in_restructured_text():
    assert themes("A long title\n---\ntext\n\n# no heading\n\ntext", ".rst") == []


def test_capitals_in_plain_text():
    text = "OF TEA\n\nIt steams.\n\nCHAPTER 2: СУП\n\nHot.\n\nTom said\nSTOP\n\nNO. IT\ngoes on\n\n1844\n\n茶\n"
    assert themes(text, ".txt") == ["OF TEA", "CHAPTER 2: СУП"]
    assert themes(text, "") == ["OF TEA", "CHAPTER 2: СУП"]


def test_a_long_section_becomes_passages_under_the_same_theme():
    paragraphs = [f"{letter * 300}." for letter in "abcdef"]
    found = sections("# Tea\n" + "\n \n".join(paragraphs) + "\n\n# Empty\n# Milk\nwhite", ".md")
    assert found.headings == 2
    assert found.passages == [
        ("Tea", "\n\n".join(paragraphs[:2])),
        ("Tea", "\n\n".join(paragraphs[2:4])),
        ("Tea", "\n\n".join(paragraphs[4:])),
        ("Milk", "white"),
    ]
    assert all(len(passage) <= LONGEST_PASSAGE for _, passage in found.passages)
    long = "word " * 400
    assert sections(f"# Tea\n{long}").passages == [("Tea", long.strip())]
