"""Where recipes write their models."""

from pathlib import Path

from velveteen.errors import ArgumentError


def prepare(out: str | Path) -> Path:
    """Makes the folder of a model before the training, so that a wrong name costs no time.

    Raises:
        ArgumentError: it is a file, or lies below one.
    """
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise ArgumentError(f"{out} is a file, so the model cannot be written there. Give a folder's name.") from error
    return out
