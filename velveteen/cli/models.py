"""`velveteen summary` and `velveteen predict`: tools for any model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from velveteen.cli._output import AsJson, answer
from velveteen.errors import ArgumentError, FileFormatError, MissingFileError

if TYPE_CHECKING:
    import numpy as np

Model = Annotated[str, typer.Argument(help="The folder of a model, its model.json, or its address.")]


def summary(model: Model, as_json: AsJson = False) -> None:
    """Shows the layers of a model, their shapes and parameters; of a graph model its inputs, outputs and kinds of nodes."""
    from velveteen.formats.either import load_either
    from velveteen.models import LayersModel
    from velveteen.models.summary import describe

    loaded = load_either(model)
    if not isinstance(loaded, LayersModel):
        _show_graph(describe_graph(loaded), as_json)
    elif as_json:
        answer(describe(loaded))
    else:
        loaded.summary()


def predict(
    model: Model,
    inputs: Annotated[list[Path], typer.Argument(metavar="INPUT.npy", help="One array a model input, batch first.")],
    out: Annotated[Path | None, typer.Option(help="Where to write: .npy, or .npz for several outputs.")] = None,
    as_json: AsJson = False,
) -> None:
    """Computes what a model makes of the numbers in an .npy file."""
    from velveteen.formats.either import load_either
    from velveteen.models import LayersModel

    arrays = [read_array(path) for path in inputs]
    loaded = load_either(model)
    if out is not None:
        check_target(out, len(loaded.outputs))
    given = arrays if len(arrays) > 1 else arrays[0]
    if isinstance(loaded, LayersModel):
        names, predicted = loaded.output_names, loaded.predict(given)
    else:
        names, predicted = loaded.output_nodes, loaded.execute(given)
    tensors = predicted if isinstance(predicted, list) else [predicted]
    outputs = {name: tensor.numpy() for name, tensor in zip(names, tensors, strict=True)}
    if out is not None:
        write_arrays(out, outputs)
    if as_json:
        answer([{"name": name, "shape": list(array.shape)} | _values(array, out) for name, array in outputs.items()])
    elif out is not None:
        print(f"Wrote {out}: {', '.join(f'{name} {list(array.shape)}' for name, array in outputs.items())}")
    else:
        for name, array in outputs.items():
            print(f"{name} {list(array.shape)}\n{array}")


def describe_graph(model: Any) -> dict[str, Any]:
    """Returns what `summary` shows of a graph model as plain values."""
    weights = [tensor for tensors in model.weights.values() for tensor in tensors]
    return {
        "class": "GraphModel",
        "inputs": [_described(info) for info in model.inputs],
        "outputs": [_described(info) for info in model.outputs],
        "kinds": model.kinds,
        "params": {"total": sum(tensor.size for tensor in weights)},
        "metadata": model.metadata,
    }


def _described(info: Any) -> dict[str, Any]:
    return {"name": info.name, "shape": None if info.shape is None else list(info.shape), "dtype": info.dtype}


def _show_graph(described: dict[str, Any], as_json: bool) -> None:
    if as_json:
        answer(described)
        return
    print("A graph model: TensorFlow's own operations instead of layers.")
    for side in ("inputs", "outputs"):
        for each in described[side]:
            shape = "" if each["shape"] is None else str(each["shape"]).replace("None", "null")
            print("  ".join(filter(None, [f"{side[:-1]:6}", each["name"], shape, each["dtype"]])))
    kinds = sorted(described["kinds"].items(), key=lambda pair: -pair[1])
    print(f"{sum(count for _, count in kinds)} nodes: {', '.join(f'{count} {kind}' for kind, count in kinds)}")
    print(f"Total params: {described['params']['total']:,}")


def read_array(path: Path) -> "np.ndarray":
    """Returns the array in an .npy file; nothing in it is run.

    Raises:
        MissingFileError: when it is not there.
        FileFormatError: when it is not such a file, or holds Python objects.
    """
    import numpy as np

    try:
        array = np.load(path, allow_pickle=False)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise MissingFileError(f"{path} is not a file that is there. Give one that numpy.save wrote.") from error
    except (ValueError, EOFError, OSError) as error:
        raise FileFormatError(f"{path} cannot be read: {error}. Give an .npy file of numbers.") from error
    if not isinstance(array, np.ndarray):
        raise FileFormatError(f"{path} holds several arrays. Give one .npy file an input.")
    return array


def check_target(path: Path, outputs: int) -> None:
    """Raises unless the file's name fits the number of outputs, and its folder is there."""
    wanted = ".npy" if outputs == 1 else ".npz"
    if path.suffix != wanted:
        raise ArgumentError(
            f"The model has {outputs} output{'s' * (outputs > 1)}, so --out must end in {wanted}, got {path}."
        )
    if not path.parent.is_dir():
        raise MissingFileError(f"There is no folder {path.parent} to write {path.name} to. Make it first.")


def write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Writes one array as .npy, or several by their names as .npz."""
    import io

    import numpy as np

    from velveteen.io.files import write_beside_then_rename

    content = io.BytesIO()
    if path.suffix == ".npz":
        np.savez(content, **arrays)
    else:
        np.save(content, *arrays.values())
    write_beside_then_rename(path, content.getvalue())


def _values(array: Any, out: Path | None) -> dict[str, Any]:
    return {"file": str(out)} if out is not None else {"values": array.tolist()}
