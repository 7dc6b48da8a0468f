"""Where the text comes from, and how it becomes numbers."""

from pathlib import Path

import numpy as np

from velveteen.errors import DataError, MissingFileError

LENGTH = 64
"""Characters that the network reads at once in training."""


def load(source: Path | None = None) -> str:
    """Returns the text of a file, or of all .txt and .md files in a folder; else Python's own documentation."""
    if source is None:
        from pydoc_data.topics import topics

        return "\n\n".join(topics.values())[:200_000]
    files = (
        [source]
        if source.is_file()
        else sorted(file for ending in ("txt", "md") for file in source.rglob(f"*.{ending}"))
    )
    text = "\n\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
    if not files:
        raise MissingFileError(f"{source} is no file and holds no .txt or .md. Give a text, or a folder of texts.")
    if len(text) < 20 * LENGTH:
        raise DataError(f"{source} has {len(text)} characters. Give at least {20 * LENGTH}; some 100,000 make sense.")
    return text


def split(text: str) -> tuple[str, str]:
    """Returns the text to learn from, and the last tenth to test on."""
    at = len(text) * 9 // 10
    return text[:at], text[at:]


def embed(text: str, alphabet: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns windows of the text as numbers [windows, 64], and the next character at each of their places."""
    numbers = np.array([alphabet.find(character) for character in text])
    numbers = numbers[numbers >= 0].astype(np.int32)  # what the alphabet lacks is left out
    count = (len(numbers) - 1) // LENGTH
    inputs, targets = (numbers[start : start + count * LENGTH].reshape(count, LENGTH) for start in (0, 1))
    return inputs, targets
