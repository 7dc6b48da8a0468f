"""`velveteen convert` and `velveteen check`: models between programs."""

from pathlib import Path
from typing import Annotated

import typer

from velveteen.cli._output import AsJson, answer
from velveteen.errors import ArgumentError

TOLERANCE = 1e-4
"""How far TensorFlow.js's predictions may be from velveteen's, as part of the largest value where that is above 1."""

GRAPH_TOLERANCE = 1e-3
"""The same for graphs, in which rounding adds up; TensorFlow.js's own backends differ as much."""

_FOUND_SOMETHING = 1
_NO_TENSORFLOWJS = "Node with the package @tensorflow/tfjs is not there. `npm install @tensorflow/tfjs` gets it."
_FILES = (".keras", ".onnx")


def convert(
    source: Annotated[
        str, typer.Argument(metavar="IN", help="A TensorFlow.js folder or model.json, a .keras or an .h5.")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="A folder for TensorFlow.js, or a .keras or .onnx file.")
    ],
    quantize: Annotated[str | None, typer.Option(help="uint8, uint16 or float16: smaller weights, in folders.")] = None,
    as_json: AsJson = False,
) -> None:
    """Turns a model into the files of another program, as the names' ends say."""
    from velveteen.formats.either import load_either
    from velveteen.models import Model
    from velveteen.models.saving import save_model

    if target.suffix in (".h5", ".hdf5"):
        raise ArgumentError(f"Models for Keras are written as .keras files, which replace .h5, got {target}.")
    if quantize is not None and target.suffix in _FILES:
        raise ArgumentError(f"Only TensorFlow.js's folders hold quantized weights, but OUT is {target.name}.")
    model = load_either(source)
    if isinstance(model, Model):
        save_model(model, target, quantization=quantize)
        count = model.count_params()
    else:
        if target.suffix in _FILES:
            raise ArgumentError(
                f"{source} is a graph model, which has no layers: OUT must be a folder, got {target.name}."
            )
        model.save(str(target), quantization=quantize)
        count = sum(tensor.size for tensors in model.weights.values() for tensor in tensors)
    size = _size(target)
    if as_json:
        answer({"source": source, "target": str(target), "bytes": size, "params": count})
    else:
        print(f"Wrote {target}: {count} parameters, {size} bytes.")


def check(
    model: Annotated[str, typer.Argument(help="A TensorFlow.js folder or model.json, a .keras or an .h5.")],
    as_json: AsJson = False,
) -> None:
    """Tells what in a model a browser could not run, and compares with TensorFlow.js in Node where that is there."""
    from velveteen.formats.browser import compare, obstacles
    from velveteen.formats.either import load_either
    from velveteen.models import Model

    loaded = load_either(model)
    tolerance = TOLERANCE if isinstance(loaded, Model) else GRAPH_TOLERANCE
    found = obstacles(loaded)
    comparison = compare(loaded)
    if comparison is not None and not found:
        if comparison.error is not None:
            found.append(f"TensorFlow.js cannot run it: {comparison.error}")
        elif comparison.skipped is None and not (comparison.largest_difference or 0.0) <= tolerance:
            found.append(f"TensorFlow.js predicts something else, by up to {comparison.largest_difference:.2g}.")
    difference = None if comparison is None else comparison.largest_difference
    skipped = _NO_TENSORFLOWJS if comparison is None else comparison.skipped
    if as_json:
        answer({"model": model, "found": found, "compared": skipped is None, "largest_difference": difference})
    else:
        _print(model, found, difference, skipped)
    if found:
        raise typer.Exit(_FOUND_SOMETHING)


def _print(model: str, found: list[str], difference: float | None, skipped: str | None) -> None:
    for sentence in found:
        print(sentence)
    if skipped is not None:
        print(f"Not compared: {skipped}")
    elif difference is not None and not found:
        print(f"TensorFlow.js predicts the same on random inputs, within {difference:.2g}.")
    if not found:
        print(f"{model}: nothing found that a browser could not run.")


def _size(target: Path) -> int:
    return sum(file.stat().st_size for file in target.iterdir()) if target.is_dir() else target.stat().st_size
