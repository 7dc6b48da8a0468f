"""Writes the page that reads what one draws: one file with the model and, where it can be had, TensorFlow.js inside."""

from pathlib import Path

from velveteen.recipes import _page
from velveteen.recipes._page import find_tensorflow_js


def write(model_folder: str | Path, target: str | Path, about: str, tensorflow_js: str | Path | None = None) -> Path:
    """Writes the page.

    Args:
        model_folder: a model that `velveteen digits train` saved; it is put inside.
        target: the file to write.
        about: a sentence about the model, shown at the bottom.
        tensorflow_js: TensorFlow.js's own `tf.min.js` to put inside; by default the one in the `node_modules` here or
            of this checkout, and where there is none, the page loads it from the CDN.

    Returns:
        The file written.
    """
    script = find_tensorflow_js() if tensorflow_js is None else Path(tensorflow_js)
    return _page.write(
        __package__, ["picture.js", "page.js"], _page.model_inside(model_folder, about=about), target, script
    )
