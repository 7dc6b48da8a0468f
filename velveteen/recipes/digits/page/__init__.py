"""Writes the page that reads what one draws: one file with the model and, where it can be had, TensorFlow.js inside."""

import base64
import importlib.resources
import json
from pathlib import Path

from velveteen.io.files import write_beside_then_rename
from velveteen.io.folders import FolderHandler
from velveteen.io.weights import decode_weights, encode_weights

TENSORFLOW_JS = Path("node_modules/@tensorflow/tfjs/dist/tf.min.js")
_CDN = "https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@4.22.0/dist/tf.min.js"
_CDN_INTEGRITY = "sha384-vE8hbVJ4lezako5rlvE7bY0BVzWlFhZncPlckrqNwcUQpVtgbENTgZ8TBbnPjZre"


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
    target = Path(target)
    script = find_tensorflow_js() if tensorflow_js is None else Path(tensorflow_js)
    parts = {
        "style": _read("style.css"),
        "script": _read("page.js"),
        "model": _embed_model(model_folder, about),
        "tensorflow": _embed_tensorflow_js(script),
    }
    page = _read("template.html")
    head, *rest = page.split("{{")  # cut first, so that nothing inside the parts is taken for a place to fill
    pieces = [head]
    for piece in rest:
        name, after = piece.split("}}", 1)
        pieces += [parts[name], after]
    write_beside_then_rename(target, "".join(pieces).encode())
    return target


def find_tensorflow_js() -> Path | None:
    """Returns the `tf.min.js` of npm's @tensorflow/tfjs, in the folder one works in or in this checkout, or None."""
    checkout = Path(__file__).resolve().parents[4]
    for root in (Path.cwd(), checkout, checkout / "web", checkout / "tests" / "browser"):
        if (root / TENSORFLOW_JS).is_file():
            return root / TENSORFLOW_JS
    return None


def _embed_model(folder: str | Path, about: str) -> str:
    artifacts = FolderHandler(folder).load()
    weights = decode_weights(artifacts.weight_data or b"", artifacts.weight_specs or [])
    data, specs = encode_weights(weights, quantization="float16")  # half the size, and the same digit
    content = {
        "modelTopology": artifacts.model_topology,
        "weightSpecs": specs,
        "weightData": base64.b64encode(data).decode(),
        "about": about,
    }
    return json.dumps(content).replace("<", r"\u003c")  # a "</script>" inside would end the element


def _embed_tensorflow_js(script: Path | None) -> str:
    if script is None:
        return f'<script src="{_CDN}" integrity="{_CDN_INTEGRITY}" crossorigin="anonymous"></script>'
    code = script.read_text(encoding="utf-8").replace("//# sourceMappingURL=tf.min.js.map", "")
    return "<script>" + code.replace("</script", r"<\/script") + "</script>"


def _read(name: str) -> str:
    return (importlib.resources.files(__package__) / name).read_text(encoding="utf-8").rstrip("\n")
