"""What is kept to test on: by lists, by Speech Commands' rule, by speaker, by number, by lot."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velveteen.errors import ArgumentError, DataError, UnknownNameError
from velveteen.recipes.commands import splitting


def described(*names):
    found = [splitting.describe(Path("/all") / name, Path(name)) for name in names]
    return [recording for recording in found if recording is not None]


def digits(speakers=("jackson", "theo", "lucas"), count=4):
    return described(*(f"{word}_{speaker}_{i}.wav" for word in range(3) for speaker in speakers for i in range(count)))


@pytest.mark.parametrize(
    ("name", "word", "speaker", "index"),
    [
        ("7_jackson_3.wav", "7", "jackson", 3),
        ("recordings/7_jackson_3.wav", "7", "jackson", 3),
        ("7/7_jackson_3.wav", "7", "jackson", 3),
        ("bed/0a7c2a8d_nohash_1.wav", "bed", "0a7c2a8d", 1),
        ("train/bed/0a7c2a8d_nohash_1.wav", "bed", "0a7c2a8d", 1),
        ("bed/morning.wav", "bed", None, None),
        ("bed/a_b_3.wav", "bed", None, None),
        ("включи/я_1.wav", "включи", None, None),
    ],
)
def test_names_are_understood(name, word, speaker, index):
    (found,) = described(name)
    assert (found.word, found.speaker, found.index) == (word, speaker, index)


def test_a_name_that_tells_no_word():
    assert described("recording.wav", "my_word.wav") == []


def test_lists_decide_which_recordings_are_for_what(tmp_path):
    (tmp_path / "testing_list.txt").write_text("bed/a.wav\r\nbed\\b.wav\n")
    (tmp_path / "validation_list.txt").write_text("bed/c.wav\n")
    recordings = described(*(f"bed/{name}.wav" for name in "abcd"))
    parts, told = splitting.split(tmp_path, recordings, "auto")
    names = {part: [Path(found.within).stem for found in parts[part]] for part in splitting.PARTS}
    assert names == {"test": ["a", "b"], "validation": ["c"], "train": ["d"]}
    assert "testing_list.txt" in told


def test_lists_that_are_not_there(tmp_path):
    with pytest.raises(DataError, match=r"has no testing_list.txt"):
        splitting.split(tmp_path, digits(), "lists")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("bed/0c40e715_nohash_0.wav", "test"),
        ("bed/0ea0e2f4_nohash_0.wav", "test"),
        ("right/bb05582b_nohash_3.wav", "test"),
        ("bed/026290a7_nohash_0.wav", "validation"),
        ("bed/060cd039_nohash_0.wav", "validation"),
    ],
)
def test_which_set_agrees_with_the_lists_that_speech_commands_brings(name, part):
    assert splitting.which_set(name) == part


@given(st.text(alphabet="0123456789abcdef", min_size=8, max_size=8), st.integers(0, 9), st.integers(0, 9))
def test_a_speaker_is_always_in_the_same_set(speaker, first, second):
    assert splitting.which_set(f"bed/{speaker}_nohash_{first}.wav") == splitting.which_set(
        f"cat/{speaker}_nohash_{second}.wav"
    )


def test_a_tenth_of_many_speakers_is_in_each_of_the_small_sets():
    sets = [splitting.which_set(f"{number:08x}_nohash_0.wav") for number in range(3000)]
    assert 240 < sets.count("test") < 360
    assert 240 < sets.count("validation") < 360


@pytest.mark.parametrize("rule", ["auto", "speakers", "speaker:theo", "speaker:theo,lucas", "hash"])
def test_nobody_is_learned_from_and_tested_on(rule):
    parts, told = splitting.split(Path("/all"), digits(), rule)
    speakers = {part: {found.speaker for found in parts[part]} for part in splitting.PARTS}
    assert not speakers["train"] & speakers["test"]
    assert not speakers["train"] & speakers["validation"]
    assert sum(map(len, parts.values())) == len(digits())
    if rule.startswith("speaker:"):
        assert speakers["test"] == set(rule.partition(":")[2].split(","))
        assert "theo" in told


@pytest.mark.parametrize(("rule", "indices"), [("index:0-1", {0, 1}), ("index:3", {3})])
def test_numbers_decide(rule, indices):
    parts, _ = splitting.split(Path("/all"), digits(), rule)
    assert {found.index for found in parts["test"]} == indices
    assert {found.index for found in parts["train"]} == {0, 1, 2, 3} - indices


def test_a_fifth_of_each_word_by_lot_and_always_the_same():
    recordings = described(*(f"{word}/{number}.wav" for word in ("on", "off") for number in range(10)))
    parts, _ = splitting.split(Path("/all"), recordings, "auto")
    assert sorted(found.word for found in parts["test"]) == ["off", "off", "on", "on"]
    assert splitting.split(Path("/all"), list(reversed(recordings)), "random")[0]["test"] == parts["test"][::-1]


def test_none_keeps_everything_for_learning():
    assert len(splitting.split(Path("/all"), digits(), "none")[0]["train"]) == len(digits())


@pytest.mark.parametrize(
    ("rule", "error", "message"),
    [
        ("speakrs", UnknownNameError, 'Unknown split "speakrs".*"speakers"'),
        ("random:3", UnknownNameError, "Unknown split"),
        ("speaker:jakson", UnknownNameError, 'Unknown speaker "jakson".*"jackson"'),
        ("speaker:", ArgumentError, "Say which speakers to test on, such as --split speaker:jackson"),
        ("index:a", ArgumentError, 'should be as in index:0-4, not "a"'),
    ],
)
def test_rules_that_make_no_sense(rule, error, message):
    with pytest.raises(error, match=message):
        splitting.split(Path("/all"), digits(), rule)


def test_speakers_that_nobody_knows():
    with pytest.raises(DataError, match="Nobody knows who speaks"):
        splitting.split(Path("/all"), described("on/1.wav", "off/2.wav"), "speakers")


def test_one_speaker_is_not_enough():
    with pytest.raises(DataError, match="of one speaker only, theo"):
        splitting.split(Path("/all"), digits(("theo",)), "speakers")
