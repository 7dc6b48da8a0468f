"""Speech from nothing but words: espeak-ng says them with many voices, and the result is kept in the user's cache."""

import dataclasses
import hashlib
import io
import json
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from velveteen.errors import ArgumentError, StateError
from velveteen.io.files import write_beside_then_rename
from velveteen.recipes.commands import sounds, words_of
from velveteen.recipes.commands.data import UNKNOWN, Examples, nothing, to_int16
from velveteen.recipes.commands.espeak import Espeak, open_espeak

_VERSION = 1
"""Of what is kept in the cache; another one makes it anew."""
_SCRIPTS = {
    "CYRILLIC": ["ab", "ba", "be", "bg", "cv", "kk", "ky", "mk", "nog", "ru", "sr", "tg", "tt", "uk"],
    "GREEK": ["el", "grc"],
    "ARABIC": ["ar", "fa", "sd", "ug", "ur"],
    "DEVANAGARI": ["hi", "kok", "mr", "ne"],
    "HEBREW": ["he"],
    "ARMENIAN": ["hy", "hyw"],
    "GEORGIAN": ["ka"],
    "BENGALI": ["as", "bn", "bpy"],
    "GUJARATI": ["gu"],
    "GURMUKHI": ["pa"],
    "TAMIL": ["ta"],
    "TELUGU": ["te"],
    "KANNADA": ["kn"],
    "MALAYALAM": ["ml"],
    "SINHALA": ["si"],
    "THAI": ["th"],
    "MYANMAR": ["my", "shn"],
    "ETHIOPIC": ["am", "ti"],
    "HANGUL": ["ko"],
    "CJK": ["cmn", "hak", "ja", "yue"],
    "HIRAGANA": ["ja"],
    "KATAKANA": ["ja"],
}
"""Languages by the script they are written in, as Unicode names it; all others use the Latin one."""
_ROBOTS = ("UniRobot", "anikaRobot", "Demonic", "robosoft", "croak", "whisper", "Tweaky", "fast")
"""Beginnings of variants that no person sounds like."""
_FOREIGN = ("de", "fr-fr", "es", "it", "nl", "pl", "pt", "ru", "hi", "sv", "el", "tr")
"""Voices that say other languages' words as their speakers would who are learning them."""


@dataclass(frozen=True)
class Manner:
    """How words are spoken: each time by another voice, at a speed, pitch, melody and loudness drawn from these ranges.

    Attributes:
        rate: words a minute, as espeak-ng counts.
        pitch, pitch_range: 0 to 99; the second one is how much it moves.
        volume: 0 to 200.
        foreign: how many of all are spoken with the accent of another language, 0 to 1.
    """

    rate: tuple[int, int] = (110, 260)
    pitch: tuple[int, int] = (10, 95)
    pitch_range: tuple[int, int] = (10, 95)
    volume: tuple[int, int] = (60, 120)
    foreign: float = 0.25


def speak(
    words: Sequence[str],
    languages: Sequence[str] = ("en",),
    each: int = 200,
    *,
    sample_rate: int = 16000,
    samples: int = 16000,
    unknown: int = 0,
    besides: Sequence[str] = (),
    seed: int = 1,
    manner: Manner | None = None,
    cache: bool = True,
    tell: Callable[[str], Any] = lambda text: None,
) -> Examples:
    """Returns spoken words; labels are places in `words`, or `len(words)` for other words than these.

    Args:
        words: what to say. A word is said in those of the languages that are written in its script; "de:halt" says in
            which one, and its class is "halt".
        languages: of espeak-ng, such as "en", "ru", "pt-br"; one without a region is spoken with all its accents.
        each: how many of each word.
        sample_rate, samples: of each example.
        unknown: how many other words: those of everyday English, and made-up ones that sound like the languages.
        besides: commands that are not spoken, but are no other words either.
        seed: the same seed gives the same words, voices and manners; espeak-ng itself says nothing twice in quite the same
            way, only what is kept is the same.
        manner: how they are spoken.
        cache: whether to keep the speech in the user's cache folder, and to take it from there.
        tell: is called with a line about what takes a while.

    Raises:
        StateError: espeak-ng is not installed.
        ArgumentError: it does not speak the language.
    """
    manner = manner or Manner()
    synthesizer = open_espeak()
    request = {
        "version": _VERSION,
        "words": list(words),
        "languages": list(languages),
        "each": each,
        "sample_rate": sample_rate,
        "samples": samples,
        "unknown": unknown,
        "besides": list(besides),
        "seed": seed,
        "manner": dataclasses.asdict(manner),
    }
    name = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:24]
    path = cache_folder() / f"{name}.npz"
    if cache and (kept := _read(path, samples)) is not None:
        return kept
    texts = [(text, label) for label, word in enumerate(words) for text in _texts(synthesizer, word, languages)]
    count = each * len(words) + unknown
    if count:
        tell(f"Speaking {count:,} words with espeak-ng; they are kept for the next time.")
    chance = np.random.default_rng(seed)
    spoken = _spoken(synthesizer, texts, each, sample_rate, samples, manner, chance)
    other = words_of.unknown([label_of(word) for word in (*words, *besides)], unknown, chance)
    spoken += [
        (_say(synthesizer, other_word, voice, sample_rate, samples, manner, chance), len(words), voice)
        for other_word, voice in zip(other, _voices(synthesizer, languages, unknown, chance), strict=True)
    ]
    if not spoken:
        return nothing(samples)
    speakers: list[str | None] = [f"espeak {voice}" for _, _, voice in spoken]
    examples = Examples(
        np.stack([sound for sound, _, _ in spoken]),
        np.array([label for _, label, _ in spoken], dtype=np.int64),
        speakers,
        ["" for _ in spoken],
    )
    if cache:
        _write(path, examples)
    return examples


def available() -> bool:
    """Returns whether espeak-ng is installed and works."""
    try:
        open_espeak()
    except StateError:
        return False
    return True


def can_say(word: str, languages: Sequence[str]) -> bool:
    """Returns whether one of these languages, or the one that the word names, can say it; needs espeak-ng."""
    try:
        return bool(_texts(open_espeak(), word, languages))
    except ArgumentError:
        return False


def label_of(word: str) -> str:
    """Returns the class of a word as it was given: "halt" for "de:halt"."""
    language, colon, rest = word.partition(":")
    return rest if colon and language and rest else word


def cache_folder() -> Path:
    """Returns where spoken words are kept."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("velveteen", appauthor=False)) / "speech"


@dataclass(frozen=True)
class _Text:
    """What is said, and by which voices."""

    text: str
    voices: list[str]


def _texts(synthesizer: Espeak, word: str, languages: Sequence[str]) -> list[_Text]:
    """Returns a word in each language that it can be said in."""
    language, colon, rest = word.partition(":")
    if colon and language and rest:
        return [_Text(rest, synthesizer.accents(language))]
    script = _script(word)
    fitting = [language for language in languages if script is None or _is_written_in(language, script)]
    if not fitting:
        raise ArgumentError(
            f'None of the languages {", ".join(languages)} is written as "{word}" is. Add its language to --language.'
        )
    return [_Text(word, synthesizer.accents(language)) for language in fitting]


def _script(word: str) -> str | None:
    """Returns the script of the first letter, or None for a word without letters, such as a number."""
    letter = next((character for character in word if character.isalpha()), None)
    return None if letter is None else unicodedata.name(letter, "LATIN").split(" ")[0].split("-")[0]


def _is_written_in(language: str, script: str) -> bool:
    language = language.split("-")[0].lower()
    if script in _SCRIPTS:
        return language in _SCRIPTS[script]
    return not any(language in others for others in _SCRIPTS.values())


def _spoken(
    synthesizer: Espeak,
    texts: Sequence[tuple[_Text, int]],
    each: int,
    sample_rate: int,
    samples: int,
    manner: Manner,
    chance: np.random.Generator,
) -> list[tuple[np.ndarray, int, str]]:
    """Returns sound, label and voice of each word `each` times."""
    by_label: dict[int, list[_Text]] = {}
    for text, label in texts:
        by_label.setdefault(label, []).append(text)
    spoken = []
    for label, choices in by_label.items():
        for number in range(each):
            text = choices[number % len(choices)]
            voice = str(chance.choice(text.voices)) + _variant(synthesizer, chance)
            spoken.append((_say(synthesizer, text.text, voice, sample_rate, samples, manner, chance), label, voice))
    return spoken


def _voices(synthesizer: Espeak, languages: Sequence[str], count: int, chance: np.random.Generator) -> list[str]:
    accents = [accent for language in languages for accent in synthesizer.accents(language)]
    return [str(chance.choice(accents)) + _variant(synthesizer, chance) for _ in range(count)]


def _variant(synthesizer: Espeak, chance: np.random.Generator) -> str:
    persons = [name for name in synthesizer.variants if not name.startswith(_ROBOTS)]
    return "+" + persons[int(chance.integers(len(persons)))]


def _say(
    synthesizer: Espeak,
    text: str,
    voice: str,
    sample_rate: int,
    samples: int,
    manner: Manner,
    chance: np.random.Generator,
) -> np.ndarray:
    """Returns a word, cut out of the silence that espeak-ng puts around it: int16 [samples]."""
    import soxr

    settings: dict[str, Any] = {}
    for name in ("rate", "pitch", "pitch_range", "volume"):
        low, high = getattr(manner, name)
        settings[name] = int(chance.integers(low, high + 1))
    melody = str(chance.choice(["", ".", "!", "?", ","]))
    if chance.random() < manner.foreign:
        letters = words_of.with_accent(synthesizer.phonemes(text, voice.partition("+")[0]), chance)
        foreign = str(chance.choice(_FOREIGN)) + "+" + voice.partition("+")[2]
        sound = synthesizer.say(letters, foreign, phonemes=True, **settings)
    else:
        sound = synthesizer.say(text + melody, voice, **settings)
    if not len(sound) or np.abs(sound).max() == 0:
        return np.zeros(samples, np.int16)
    resampled = soxr.resample(sound, synthesizer.sample_rate, sample_rate)
    return to_int16(sounds.cut_word(resampled, sample_rate, samples).samples)


def _read(path: Path, samples: int) -> Examples | None:
    """Returns what is kept in the cache, or None where there is nothing that can be used."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            waveforms, labels, speakers = kept["waveforms"], kept["labels"], kept["speakers"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if waveforms.dtype != np.int16 or waveforms.shape != (len(labels), samples) or len(speakers) != len(labels):
        return None
    return Examples(waveforms, labels, [str(name) for name in speakers], ["" for _ in labels])


def _write(path: Path, examples: Examples) -> None:
    content = io.BytesIO()
    np.savez(
        content, waveforms=examples.waveforms, labels=examples.labels, speakers=np.array(examples.speakers, dtype=str)
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_beside_then_rename(path, content.getvalue())
    except OSError:
        return  # a cache that cannot be written to only costs time


__all__ = ["UNKNOWN", "Manner", "available", "cache_folder", "label_of", "speak"]
