"""Writes the page that listens: one file with the model and, where it can be had, TensorFlow.js inside."""

from pathlib import Path

from velveteen.recipes import _page
from velveteen.recipes._page import find_tensorflow_js
from velveteen.recipes.commands.recognizer import CommandModel, load

PAGE = "index.html"
SCRIPTS = ("log_mel.js", "resampling.js", "listening.js", "page.js")


def write(model_folder: str | Path, target: str | Path, tensorflow_js: str | Path | None = None) -> Path:
    """Writes the page.

    Args:
        model_folder: a model that `velveteen commands train` saved; it is put inside.
        target: the file to write.
        tensorflow_js: TensorFlow.js's own `tf.min.js` to put inside; by default the one in the `node_modules` here or
            of this checkout, and where there is none, the page loads it from the CDN.

    Returns:
        The file written.

    Raises:
        MissingFileError, FileFormatError, ArgumentError: the model cannot be used.
    """
    model = load(model_folder)
    script = find_tensorflow_js() if tensorflow_js is None else Path(tensorflow_js)
    inside = _page.model_inside(model_folder, **describe(model))
    return _page.write(__package__, list(SCRIPTS), inside, target, script)


def describe(model: CommandModel) -> dict[str, object]:
    """Returns what the page has to know beside the network: all that listening needs, in windows and frames."""
    detector = model.detector()
    return {
        "words": model.words,
        "commands": model.commands,
        "samples": model.samples,
        "log_mel": model.log_mel.to_json(),
        "stride": model.stride,
        "detection": detector.to_json(),
        "about": _about(model),
    }


def _about(model: CommandModel) -> str:
    accuracy, seconds = model.training.get("test_accuracy"), model.training.get("seconds")
    text = "Trained with velveteen"
    if isinstance(seconds, int | float):
        text += f" in {seconds:.0f} seconds"
    if isinstance(accuracy, int | float):
        text += f"; it heard {100 * accuracy:.1f} % of its test words right"
    return text + "."
