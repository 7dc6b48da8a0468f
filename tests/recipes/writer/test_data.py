import io
import itertools
import json

import numpy as np
import pytest

from velveteen.errors import DataError, MissingFileError
from velveteen.recipes.writer import data, sources
from velveteen.recipes.writer.data import RARE, Alphabet
from velveteen.recipes.writer.sources import END, THEME_END


def messages_file(tmp_path, texts):
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"messages": [{"type": "message", "text": text} for text in texts]}))
    return path


def test_the_last_tenth_of_a_text_is_kept(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("".join(chr(97 + i % 26) for i in range(1000)))
    corpus = data.load([path], rare_below=1)
    whole = path.read_text()
    assert corpus.alphabet.decode(corpus.train) == whole[:900]
    assert corpus.alphabet.decode(corpus.validation) == whole[900:]
    assert "900 characters to learn from, and the last 100 to validate on." in corpus.notes
    assert not corpus.are_messages


def test_messages_stay_whole(tmp_path):
    corpus = data.load([messages_file(tmp_path, [f"message number {i:03}" for i in range(100)])], rare_below=1)
    decode = corpus.alphabet.decode
    messages = [decode(part) for part in np.split(corpus.train, corpus.starts[1:])]
    assert messages == [f"message number {i:03}{END}" for i in range(90)]
    assert decode(corpus.validation) == "".join(f"message number {i:03}{END}" for i in range(90, 100))
    mixed = decode(corpus.in_new_order(np.random.default_rng(1)))
    assert mixed != "".join(messages) and sorted(mixed.split(END)) == sorted("".join(messages).split(END))


def test_repeated_messages_are_left_out(tmp_path):
    found = sources.read([messages_file(tmp_path, ["same", "other", "same"])])
    assert found.pieces == ["same", "other"]
    assert "Left out 1 message that came before." in found.notes


def test_rare_symbols_become_one_and_are_told(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("ab" * 400 + "ξζ" + "ab" * 400 + "ω" + "ab" * 40, encoding="utf-8")
    corpus = data.load([path])
    assert corpus.alphabet.symbols == ["a", "b", RARE]
    assert "2 symbols; 2 rare ones became one: ζ ξ." in corpus.notes
    assert "The validation text has ω, which count as rare symbols." in corpus.notes
    assert corpus.alphabet.decode(corpus.train).count(RARE) == 2


@pytest.mark.parametrize("text", ["日本語のテキスト。", "Ελληνικά", "שלום עולם", "🙂🙃👍🏽", "naïve café"])
def test_any_alphabet_goes_round(text):
    alphabet, rare = data.make_alphabet(text * 3)
    assert rare == []
    assert alphabet.decode(alphabet.encode(text)) == text
    assert alphabet.decode(alphabet.encode("\U0010ffff")) == RARE
    assert alphabet.missing(text + "\u0378") == ["\u0378"]


def test_line_ends_marks_and_control_characters(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\x03\x02\x1b\tend")
    assert sources.read([path]).pieces == ["one\ntwo\nthree\tend"]


def test_encodings(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("Привет".encode("cp1251"))
    with pytest.raises(DataError, match="is not utf-8: the byte 0xcf at place 0 .*--encoding"):
        sources.read([path])
    assert sources.read([path], encoding="cp1251").pieces == ["Привет"]
    with pytest.raises(DataError, match='no encoding "klingon"'):
        sources.read([path], encoding="klingon")
    path.write_bytes("Привет".encode("utf-16"))
    assert sources.read([path]).pieces == ["Привет"]
    path.write_bytes(b"text\0text")
    with pytest.raises(DataError, match="has zero bytes"):
        sources.read([path])


def test_folders(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "b" / "two.md").write_text("two")
    (tmp_path / "one.txt").write_text("one")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / ".git" / "three.txt").write_text("hidden")
    found = sources.read([tmp_path])
    assert sorted(found.pieces) == ["one", "two"]
    assert found.notes == ["Read 2 text files.", "Left out 2 other files (1 hidden, 1 .jpg)."]


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("from a pipe"))
    assert sources.read(["-"]).pieces == ["from a pipe"]


def test_nothing_given_is_pythons_documentation():
    found = sources.read([])
    assert len("".join(found.pieces)) > 300_000 and not found.are_messages
    themed = sources.read([], themes=True)
    assert any(piece.startswith(f'The "assert" statement{THEME_END}Assert statements are') for piece in themed.pieces)
    assert "headings with" in themed.notes[1]


def test_themes_are_headings(tmp_path):
    path = tmp_path / "a.md"
    path.write_text(
        "intro\n# Cats #\nThey purr.\n\n## Empty\n\nDogs\n====\nThey bark.\n#hashtag\n\nFish\n---\n\nThey swim.\n"
    )
    found = sources.read([path], themes=True)
    assert found.pieces == [
        f"Cats{THEME_END}They purr.",
        f"Dogs{THEME_END}They bark.\n#hashtag",
        f"Fish{THEME_END}They swim.",
    ]
    assert found.are_messages
    path.write_text("no headings")
    with pytest.raises(DataError, match="No heading with a text below"):
        sources.read([path], themes=True)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (None, MissingFileError, "There is no .*a.txt. Give a text file, a folder"),
        ("", DataError, "There is no text in a.txt"),
        (" \n ", DataError, "There is no text in a.txt"),
        ("short", DataError, "has 5 characters. Give at least 500"),
    ],
)
def test_too_little(tmp_path, content, error, message):
    path = tmp_path / "a.txt"
    if content is not None:
        path.write_text(content)
    with pytest.raises(error, match=message):
        data.load([path])


def test_a_folder_without_texts(tmp_path):
    with pytest.raises(DataError, match="has no texts in it: they end with .txt"):
        sources.read([tmp_path])


def test_a_single_message(tmp_path):
    with pytest.raises(DataError, match="only one message"):
        data.load([messages_file(tmp_path, ["long " * 200])])


def test_a_share_that_is_none(corpus, text_file):
    with pytest.raises(DataError, match="between 0 and 1, got 1.5"):
        data.load([text_file], validation=1.5)


def corpus_of(text):
    alphabet = Alphabet([*sorted(set(text)), RARE])
    return data.Corpus("test", alphabet, alphabet.encode(text), alphabet.encode("a"), None)


def test_streams_go_on_from_batch_to_batch():
    corpus = corpus_of("".join(chr(200 + i) for i in range(101)))
    batches = data.Streams(corpus, one_hot=False, streams=4, length=5, seed=3)
    first = list(batches)
    assert len(first) == len(batches) == 5
    for (x, y), (later, _) in itertools.pairwise(first):
        assert x.shape == y.shape == (4, 5)
        np.testing.assert_array_equal(x[:, 1:], y[:, :-1])
        np.testing.assert_array_equal(y[:, -1], later[:, 0])
    read = np.concatenate([x for x, _ in first], axis=1)
    assert len(np.unique(read)) == 100  # every place once
    again = np.concatenate([x for x, _ in batches], axis=1)
    assert not np.array_equal(read, again)  # the next epoch begins elsewhere


def test_windows_foretell_the_character_behind():
    corpus = corpus_of("".join(chr(200 + i) for i in range(101)))
    for x, y in data.Windows(corpus, one_hot=True, streams=4, length=5, seed=3):
        assert x.shape == (4, 5, 102) and y.shape == (4, 1)
        np.testing.assert_array_equal((x.argmax(axis=2)[:, -1] + 1) % 101, y[:, 0])


@pytest.mark.parametrize(
    ("characters", "wanted"), [(1_000_000, (32, 64)), (1000, (3, 64)), (100, (1, 24)), (2, (1, 1))]
)
def test_small_texts_get_fewer_and_shorter_streams(characters, wanted):
    assert data.sizes(characters, 32, 64) == wanted
