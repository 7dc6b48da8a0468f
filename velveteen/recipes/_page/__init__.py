"""A web page in one file: a recipe's page with its model and, where it can be had, TensorFlow.js inside."""

import base64
import importlib.resources
import json
from pathlib import Path
from typing import Any

from velveteen.io.files import write_beside_then_rename
from velveteen.io.folders import FolderHandler
from velveteen.io.weights import decode_weights, encode_weights

TENSORFLOW_JS = Path("node_modules/@tensorflow/tfjs/dist/tf.min.js")
_CDN = "https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@4.22.0/dist/tf.min.js"
_CDN_INTEGRITY = "sha384-vE8hbVJ4lezako5rlvE7bY0BVzWlFhZncPlckrqNwcUQpVtgbENTgZ8TBbnPjZre"


def write(
    package: str, scripts: list[str], model: dict[str, Any], target: str | Path, tensorflow_js: Path | None
) -> Path:
    """Writes a page.

    Args:
        package: the Python package with the page's `template.html`, `style.css` and scripts.
        scripts: the scripts' names, in their order.
        model: what the page finds as JSON in its element "model"; see `model_inside`.
        target: the file to write.
        tensorflow_js: TensorFlow.js's own `tf.min.js` to put inside; with None the page loads it from the CDN.

    Returns:
        The file written.
    """
    target = Path(target)
    parts = {
        "style": _read(__package__, "base.css") + "\n" + _read(package, "style.css"),
        "script": "\n".join(_read(package, name) for name in scripts),
        "model": json.dumps(model).replace("<", r"\u003c"),  # a "</script>" inside would end the element
        "tensorflow": _embed_tensorflow_js(tensorflow_js),
    }
    head, *rest = _read(package, "template.html").split("{{")  # cut first: nothing inside the parts is a place to fill
    pieces = [head]
    for piece in rest:
        name, after = piece.split("}}", 1)
        pieces += [parts[name], after]
    write_beside_then_rename(target, "".join(pieces).encode())
    return target


def find_tensorflow_js() -> Path | None:
    """Returns the `tf.min.js` of npm's @tensorflow/tfjs, in the folder one works in or in this checkout, or None."""
    checkout = Path(__file__).resolve().parents[3]
    for root in (Path.cwd(), checkout, checkout / "web", checkout / "tests" / "browser"):
        if (root / TENSORFLOW_JS).is_file():
            return root / TENSORFLOW_JS
    return None


def model_inside(folder: str | Path, **more: Any) -> dict[str, Any]:
    """Returns a saved model as a page has it inside, with weights of 16 bits, and what else is given."""
    artifacts = FolderHandler(folder).load()
    weights = decode_weights(artifacts.weight_data or b"", artifacts.weight_specs or [])
    data, specs = encode_weights(weights, quantization="float16")
    return {
        "modelTopology": artifacts.model_topology,
        "weightSpecs": specs,
        "weightData": base64.b64encode(data).decode(),
        **more,
    }


def _embed_tensorflow_js(script: Path | None) -> str:
    if script is None:
        return f'<script src="{_CDN}" integrity="{_CDN_INTEGRITY}" crossorigin="anonymous"></script>'
    code = script.read_text(encoding="utf-8").replace("//# sourceMappingURL=tf.min.js.map", "")
    return "<script>" + code.replace("</script", r"<\/script") + "</script>"


def _read(package: str, name: str) -> str:
    return (importlib.resources.files(package) / name).read_text(encoding="utf-8").rstrip("\n")
