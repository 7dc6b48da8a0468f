"""Recording one's own voice: a folder a word with short sounds in it, as `data.load` reads them."""

import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from velveteen.errors import ArgumentError, DataError
from velveteen.io.files import write_beside_then_rename
from velveteen.recipes.commands import sounds, streams

SAMPLE_RATE = 16000
SECONDS = 2.0
"""Of a recording: time to read the word and to say it."""
_LEAST_RISE = 10.0
"""Decibels by which a word is louder than what is always there."""
_FORBIDDEN = set('/\\:*?"<>|_')
"""In the names of words and speakers: what folders cannot be called, and what parts the names of files."""


def check_name(kind: str, name: str) -> None:
    """Makes sure that a word or a speaker can be part of a file's name.

    Raises:
        ArgumentError: it cannot.
    """
    if not name.strip() or name.startswith((".", " ")) or name.endswith((".", " ")) or _FORBIDDEN & set(name):
        raise ArgumentError(
            f'"{name:.50}" cannot be the name of a {kind}: it becomes part of a file\'s name, so it needs a letter, and has '
            f"none of {' '.join(sorted(_FORBIDDEN))} and no dot at its ends."
        )


def from_microphone(seconds: float = SECONDS, device: int | str | None = None) -> Iterator[np.ndarray]:
    """Yields what is said in the next seconds, block by block, at SAMPLE_RATE. Raises: as `streams.from_microphone`."""
    left = round(seconds * SAMPLE_RATE)
    blocks = streams.from_microphone(SAMPLE_RATE, device)
    try:
        while left > 0:
            block = next(blocks)[:left]
            left -= len(block)
            yield block
    finally:
        blocks.close()  # type: ignore[attr-defined]  # a generator


def keep(sound: np.ndarray, folder: str | Path, word: str, speaker: str) -> Path:
    """Writes a recording of a word, once it is sure that something is said in it.

    Args:
        sound: float32 [samples] at SAMPLE_RATE, from -1 to 1.
        folder: of all recordings; the file is FOLDER/WORD/WORD_SPEAKER_INDEX.wav with the first free index.
        word, speaker: what is said, and by whom.

    Returns:
        The file.

    Raises:
        ArgumentError: word or speaker cannot be part of a file's name.
        DataError: nobody speaks in it, or it is clipped.
    """
    check_name("word", word)
    check_name("speaker", speaker)
    name = f"The recording of {word}"
    sounds.word_in(sound, SAMPLE_RATE, SAMPLE_RATE, SAMPLE_RATE, name)
    level = sounds.loudness(sound, SAMPLE_RATE)
    if level.max() - np.percentile(level, 20) < _LEAST_RISE:
        raise DataError(
            f"{name} has nothing that is louder than the noise around it. Say it again, nearer to the microphone."
        )
    import soundfile

    content = io.BytesIO()
    soundfile.write(content, sound, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    for_word = Path(folder) / word
    for_word.mkdir(parents=True, exist_ok=True)
    free = (for_word / f"{word}_{speaker}_{index}.wav" for index in itertools.count())
    path = next(path for path in free if not path.exists())
    write_beside_then_rename(path, content.getvalue())
    return path
