"""Which recordings are kept to test on: by lists, by speaker, by number or by lot."""

import hashlib
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from velveteen.errors import ArgumentError, DataError, unknown_name

PARTS = ("train", "validation", "test")
SPLITS = ("auto", "lists", "hash", "speakers", "random", "none")
"""What `split` understands, beside "speaker:NAME,…" and "index:FIRST-LAST".

- lists: testing_list.txt and validation_list.txt in the folder say it, as in Speech Commands.
- hash: Speech Commands' rule, a tenth of the speakers for validation and a tenth for testing, drawn by their names.
- speakers: a fifth of the speakers are for testing, at least one.
- speaker:NAME,…: these speakers are for testing.
- index:FIRST-LAST: recordings with these numbers are for testing; in spoken digits 0-4 are the official ones.
- random: a fifth of the recordings of each word, whoever speaks.
- none: everything is to learn from.
- auto: lists where there are any, hash where files are named as in Speech Commands, speakers where two or more are known,
  random otherwise.
"""
LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
_TEST_PART = 0.2
_SEED = 20
"""Always the same, so that `evaluate` never meets a recording that `train` has learned from."""
_SPEECH_COMMANDS = re.compile(r"(?P<speaker>[^_]+)_nohash_(?P<index>\d+)$")
_DIGITS = re.compile(r"(?P<word>[^_]+)_(?P<speaker>[^_]+)_(?P<index>\d+)$")
_MOST_FILES = 2**27 - 1
"""Of a class, from the rule of Speech Commands; only a number for the hash to be divided by."""


@dataclass(frozen=True)
class Recording:
    """A file, the word in it, and who says it the how manieth time, as far as that is known."""

    path: Path
    within: str
    word: str
    speaker: str | None = None
    index: int | None = None


def describe(path: Path, within: Path) -> Recording | None:
    """Returns what the name of a file tells, or None where it tells no word.

    Args:
        path: the file.
        within: the same, from the folder of all recordings.
    """
    name = within.as_posix()
    parts = within.parts
    if len(parts) > 1 and (match := _SPEECH_COMMANDS.match(path.stem)):
        return Recording(path, name, parts[-2], match["speaker"], int(match["index"]))
    match = _DIGITS.match(path.stem)
    if match and (len(parts) == 1 or match["word"] == parts[0] or (len(parts) == 2 and parts[0] == "recordings")):
        return Recording(path, name, match["word"], match["speaker"], int(match["index"]))
    return Recording(path, name, parts[0]) if len(parts) > 1 else None


def split(folder: Path, recordings: Sequence[Recording], rule: str) -> tuple[dict[str, list[Recording]], str]:
    """Returns the recordings of each of PARTS, and in words how they were divided.

    Raises:
        UnknownNameError: there is no such rule.
        ArgumentError: the rule names no speaker that is there, or no numbers.
        DataError: the folder lacks what the rule needs.
    """
    name, _, argument = rule.partition(":")
    if name not in {*SPLITS, "speaker", "index"} or (name in SPLITS and argument):
        raise unknown_name("split", rule, {*SPLITS, "speaker:NAME", "index:0-4"})
    if name == "auto":
        name = _automatic(folder, recordings)
    part_of, told = _RULES[name](folder, recordings, argument)
    parts: dict[str, list[Recording]] = {part: [] for part in PARTS}
    for recording in recordings:
        parts[part_of(recording)].append(recording)
    return parts, told


def which_set(file_name: str, validation: float = 10.0, testing: float = 10.0) -> str:
    """Returns the part in which Speech Commands has a recording: all recordings of a speaker are in the same one.

    Source: P. Warden, "Speech Commands", arXiv:1804.03209, and the README of the data set: the SHA-1 of the file's name
    up to `_nohash_`, as a percentage.

    Args:
        file_name: such as "bed/0a7c2a8d_nohash_0.wav".
        validation, testing: percent of the speakers.
    """
    speaker = re.sub(r"_nohash_.*$", "", file_name.rsplit("/", 1)[-1])
    number = int(hashlib.sha1(speaker.encode(), usedforsecurity=False).hexdigest(), 16)
    percent = number % (_MOST_FILES + 1) * (100.0 / _MOST_FILES)
    return "validation" if percent < validation else "test" if percent < testing + validation else "train"


Rule = tuple[Callable[[Recording], str], str]


def _automatic(folder: Path, recordings: Sequence[Recording]) -> str:
    if (folder / LISTS["test"]).is_file():
        return "lists"
    if any("_nohash_" in recording.path.name for recording in recordings):
        return "hash"
    speakers = {recording.speaker for recording in recordings if recording.speaker is not None}
    return "speakers" if len(speakers) > 1 else "random"


def _by_lists(folder: Path, recordings: Sequence[Recording], argument: str) -> Rule:
    listed: dict[str, str] = {}
    for part, name in LISTS.items():
        if (folder / name).is_file():
            lines = (folder / name).read_text(encoding="utf-8", errors="replace").split("\n")
            listed |= {line.strip().replace("\\", "/"): part for line in lines if line.strip()}
    if not listed:
        raise DataError(f"{folder} has no {LISTS['test']}, which --split lists needs. Use another --split.")
    return lambda recording: listed.get(recording.within, "train"), "by its testing_list.txt and validation_list.txt"


def _by_hash(folder: Path, recordings: Sequence[Recording], argument: str) -> Rule:
    return (
        lambda recording: which_set(recording.speaker or recording.path.name),
        "by Speech Commands' rule, no speaker in both",
    )


def _by_speakers(folder: Path, recordings: Sequence[Recording], argument: str) -> Rule:
    speakers = sorted(_speakers(folder, recordings))
    if len(speakers) < 2:
        raise DataError(
            f"The recordings in {folder} are of one speaker only, {speakers[0]}. Use --split random, or add another one."
        )
    chosen = random.Random(_SEED).sample(speakers, max(1, round(_TEST_PART * len(speakers))))
    return _speaker_rule(chosen)


def _by_speaker(folder: Path, recordings: Sequence[Recording], argument: str) -> Rule:
    speakers, chosen = _speakers(folder, recordings), [name for name in argument.split(",") if name]
    for name in chosen:
        if name not in speakers:
            raise unknown_name("speaker", name, speakers)
    if not chosen:
        raise ArgumentError(f"Say which speakers to test on, such as --split speaker:{min(speakers)}.")
    return _speaker_rule(chosen)


def _by_index(folder: Path, recordings: Sequence[Recording], argument: str) -> Rule:
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", argument)
    if not match:
        raise ArgumentError(
            f'The numbers of the recordings to test on should be as in index:0-4, not "{argument:.50}".'
        )
    first, last = int(match[1]), int(match[2] or match[1])

    def part(recording: Recording) -> str:
        return "test" if recording.index is not None and first <= recording.index <= last else "train"

    return part, f"recordings numbered {first} to {last} are for testing"


def _by_lot(folder: Path, recordings: Sequence[Recording], argument: str) -> Rule:
    chosen: set[Path] = set()
    by_word: dict[str, list[Path]] = {}
    for recording in recordings:
        by_word.setdefault(recording.word, []).append(recording.path)
    for word, paths in sorted(by_word.items()):
        chosen.update(random.Random(f"{_SEED} {word}").sample(sorted(paths), int(_TEST_PART * len(paths))))
    return lambda recording: "test" if recording.path in chosen else "train", "a fifth of each word's, whoever speaks"


def _none(folder: Path, recordings: Sequence[Recording], argument: str) -> Rule:
    return lambda recording: "train", "none kept to test on"


def _speaker_rule(chosen: Sequence[str]) -> Rule:
    return (
        lambda recording: "test" if recording.speaker in chosen else "train",
        f"all of {', '.join(sorted(chosen)[:5])} are for testing" + (" and so on" if len(chosen) > 5 else ""),
    )


def _speakers(folder: Path, recordings: Sequence[Recording]) -> set[str]:
    speakers = {recording.speaker for recording in recordings if recording.speaker is not None}
    if not speakers:
        raise DataError(
            f"Nobody knows who speaks in {folder}. Name the files WORD_SPEAKER_INDEX.wav, or use --split random."
        )
    return speakers


_RULES: dict[str, Callable[[Path, Sequence[Recording], str], Rule]] = {
    "lists": _by_lists,
    "hash": _by_hash,
    "speakers": _by_speakers,
    "speaker": _by_speaker,
    "index": _by_index,
    "random": _by_lot,
    "none": _none,
}
