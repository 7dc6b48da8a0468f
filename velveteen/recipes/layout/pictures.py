"""Picture files that anybody may have made."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from velveteen.errors import FileFormatError

MOST_PIXELS = 120_000_000
"""A picture claims its size in a few bytes; this much memory is given to it at most (three bytes each)."""
_MOST_BYTES = 200_000_000
_FORMATS = ("PNG", "JPEG", "WEBP")


def opened(path: Path, scale: float = 1.0) -> tuple[np.ndarray, bytes]:
    """Returns a picture, uint8 [height, width, 3] with a pixel for a CSS pixel, and the same as PNG.

    Args:
        path: a PNG, JPEG or WebP file.
        scale: its pixels in a CSS pixel.

    Raises:
        FileFormatError: it is none of these, damaged, or too large.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FileFormatError(f"{path} has more than {_MOST_BYTES:,} bytes.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is told below
            with Image.open(path, formats=_FORMATS) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS:
                    raise FileFormatError(
                        f"{path} claims {width:,} × {height:,} pixels; at most {MOST_PIXELS:,} are read."
                    )
                flat = Image.new("RGBA", picture.size, "white")
                flat.alpha_composite(picture.convert("RGBA"))
    except FileFormatError:
        raise
    except Image.DecompressionBombError as error:
        raise FileFormatError(f"{path} claims far more than the {MOST_PIXELS:,} pixels that are read.") from error
    except (OSError, ValueError, SyntaxError) as error:
        reason = "it is no PNG, JPEG or WebP" if "cannot identify" in str(error) else str(error)
        raise FileFormatError(f"{path} cannot be read as a picture: {reason:.200}.") from error
    rgb = flat.convert("RGB")
    if scale != 1:
        size = (max(1, round(width / scale)), max(1, round(height / scale)))
        rgb = rgb.resize(size, Image.Resampling.BOX)
    return np.asarray(rgb), png(rgb)


def png(picture: Image.Image) -> bytes:
    """Returns a picture as PNG."""
    content = io.BytesIO()
    picture.save(content, "PNG", compress_level=3)
    return content.getvalue()
