"""What all tests share."""

from pathlib import Path


def conformance_folder() -> Path | None:
    """Returns the folder with what TensorFlow.js was recorded to answer, or None where it is not beside the checkout."""
    folder = Path(__file__).parents[2] / "shared" / "conformance"
    return folder if folder.is_dir() else None
