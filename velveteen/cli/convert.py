"""`velveteen convert` and `velveteen check`: models between programs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from velveteen.cli._output import AsJson, answer
from velveteen.errors import ArgumentError

TOLERANCE = 1e-4
"""How far TensorFlow.js's predictions may be from velveteen's."""

_FOUND_SOMETHING = 1
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
    import velveteen as vt
    from velveteen.models.saving import save_model

    if target.suffix in (".h5", ".hdf5"):
        raise ArgumentError(f"Models for Keras are written as .keras files, which replace .h5, got {target}.")
    if quantize is not None and target.suffix in _FILES:
        raise ArgumentError(f"Only TensorFlow.js's folders hold quantized weights, but OUT is {target.name}.")
    model = vt.load_layers_model(source)
    save_model(model, target, quantization=quantize)
    size = _size(target)
    if as_json:
        answer({"source": source, "target": str(target), "bytes": size, "params": model.count_params()})
    else:
        print(f"Wrote {target}: {model.count_params()} parameters, {size} bytes.")


def check(
    model: Annotated[str, typer.Argument(help="A TensorFlow.js folder or model.json, a .keras or an .h5.")],
    as_json: AsJson = False,
) -> None:
    """Tells what in a model a browser could not run, and compares with TensorFlow.js in Node where that is there."""
    import velveteen as vt
    from velveteen.formats.browser import compare, obstacles

    loaded = vt.load_layers_model(model)
    found = obstacles(loaded)
    comparison = compare(loaded)
    if comparison is not None and not found:
        if comparison.error is not None:
            found.append(f"TensorFlow.js cannot run it: {comparison.error}")
        elif not (comparison.largest_difference or 0.0) <= TOLERANCE:
            found.append(f"TensorFlow.js predicts something else, by up to {comparison.largest_difference:.2g}.")
    difference = None if comparison is None else comparison.largest_difference
    if as_json:
        answer({"model": model, "found": found, "compared": comparison is not None, "largest_difference": difference})
    else:
        _print(loaded, found, difference, comparison is not None)
    if found:
        raise typer.Exit(_FOUND_SOMETHING)


def _print(model: Any, found: list[str], difference: float | None, compared: bool) -> None:
    for sentence in found:
        print(sentence)
    if difference is not None:
        print(f"TensorFlow.js predicts the same on random inputs, within {difference:.2g}.")
    elif not compared:
        print(
            "Not compared: Node with the package @tensorflow/tfjs is not there. `npm install @tensorflow/tfjs` gets it."
        )
    if not found:
        print(f'Model "{model.name}": nothing found that a browser could not run.')


def _size(target: Path) -> int:
    return sum(file.stat().st_size for file in target.iterdir()) if target.is_dir() else target.stat().st_size
