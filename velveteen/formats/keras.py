"""Models as Keras saves them: `.keras` (version 3) and `.h5` (any version)."""

import io
from pathlib import Path
from typing import Any

from velveteen.errors import ArgumentError, FileFormatError, VelveteenError
from velveteen.formats._hdf5 import (
    attribute,
    datasets,
    group_at,
    h5py_module,
    open_hdf5,
    read_array,
    texts,
)
from velveteen.formats._keras_archive import KERAS_VERSION, archive_bytes, read_archive
from velveteen.formats._keras_config import from_keras, to_keras
from velveteen.formats._keras_expansion import expanded
from velveteen.formats._keras_training import compile_as_saved, compile_config
from velveteen.formats._keras_weights import assign_by_path, assign_in_order, layers_in_order, places
from velveteen.io.artifacts import ModelArtifacts, SaveResult, get_model_artifacts_info_for_json
from velveteen.io.files import regular_size, write_beside_then_rename
from velveteen.io.manifest import parse_json
from velveteen.layers import Layer
from velveteen.layers.weights import weights_come_later
from velveteen.layers.wrappers import Bidirectional
from velveteen.models import Model
from velveteen.models.dialects import usual_topology
from velveteen.models.saving import from_artifacts, to_artifacts
from velveteen.serialization import deserialize

_METADATA = "user_defined_metadata"


class KerasHandler:
    """Loads a model from a `.keras` or `.h5` file, and saves one as `.keras`.

    Args:
        path: the file.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)

    def load(self) -> ModelArtifacts:
        """Returns the model in the file.

        Raises:
            MissingFileError: the file, or the package h5py, is not there.
            FileFormatError: the file is damaged, hostile, or uses what velveteen cannot compute.
            UnknownNameError: a layer, activation, … that velveteen does not have.
            ShapeError: a weight has another shape than its layer.
        """
        return to_artifacts(read_keras(self.path))

    def save(self, artifacts: ModelArtifacts) -> SaveResult:
        """Writes a model as Keras 3 does, without what its optimizer remembers; the old file stays until the new one is whole.

        Raises:
            ArgumentError: the file's name does not end in .keras, or the model uses what Keras does not have.
        """
        if self.path.suffix != ".keras":
            raise ArgumentError(
                f"Models for Keras are written as .keras files, which replace .h5, got {self.path.name}."
            )
        write_keras(from_artifacts(artifacts), self.path)
        return SaveResult(get_model_artifacts_info_for_json(artifacts))


def read_keras(path: Path) -> Model:
    """Returns the model that Keras saved in a file; see `KerasHandler.load`."""
    where = str(path)
    regular_size(path)
    try:
        with open(path, "rb") as file:
            is_zip = file.read(4) == b"PK\x03\x04"
        return _read_archive(path, where) if is_zip else _read_h5(path, where)
    except (VelveteenError, OSError):
        raise
    except (Exception, RecursionError) as error:
        raise FileFormatError(
            f"{where} cannot be used: {type(error).__name__}: {error!s:.200}. It is damaged or of another format."
        ) from error


def write_keras(model: Model, path: Path) -> None:
    """Writes a model as a `.keras` file; see `KerasHandler.save`."""
    _check_masks(model)
    content = io.BytesIO()
    topology = model.to_json()
    with h5py_module().File(content, "w") as file:
        for place, weights in places(model, topology["config"]):
            group = file.create_group(place)
            for number, weight in enumerate(weights):
                group[str(number)] = weight.numpy()
    metadata = {} if model.user_defined_metadata is None else {_METADATA: model.user_defined_metadata}
    config = to_keras(topology)
    compiled = compile_config(model.get_training_config())
    if compiled is not None:
        config["compile_config"] = compiled
    write_beside_then_rename(path, archive_bytes(config, content.getvalue(), metadata))


def _check_masks(layer: Layer) -> None:
    """Raises for a layer that repeats outputs where a mask is false: Keras has zeros there."""
    for inside in layer.sublayers():
        masked = any(tensor.masked for node in inside.inbound_nodes for tensor in node.outputs)
        if masked and isinstance(inside, Bidirectional) and not inside.zero_output_for_mask:
            raise ArgumentError(
                f'Layer "{inside.name}" (Bidirectional) gets a mask. Where that is false, Keras returns zeros, so it '
                "would predict something else. Make the layer with zero_output_for_mask=True."
            )
        _check_masks(inside)


def _read_archive(path: Path, where: str) -> Model:
    config, metadata, weights = read_archive(path)
    version = _major(metadata.get("keras_version"))
    where = f"{where}: model.weights.h5"
    with open_hdf5(weights, where) as file:
        found = datasets(file, where)
        model, topology = _build(config, version, sum(data.size for data in found.values()))
        assign_by_path(model, topology, found, read_array, where)
    compile_as_saved(model, config.get("compile_config"))
    if isinstance(metadata.get(_METADATA), dict):
        model.user_defined_metadata = metadata[_METADATA]
    return model


def _read_h5(path: Path, where: str) -> Model:
    with open_hdf5(path, where) as file:
        text = attribute(file, "model_config", where)
        if not isinstance(text, str):
            raise FileFormatError(
                f"{where} holds no model: Keras writes its layers into an attribute model_config. "
                "A file of weights alone, from save_weights(), is not enough; use model.save()."
            )
        config = parse_json(text.encode(), f"{where}: model_config")
        root = group_at(file, "model_weights", where)
        if root is None:
            raise FileFormatError(f"{where} holds a model, but no weights. Save it again with model.save().")
        found = datasets(root, where)
        version = _major(attribute(file, "keras_version", where))
        model, topology = _build(config, version, sum(data.size for data in found.values()))
        stored: list[tuple[Layer, Any, list[tuple[str, Any]]]] = []
        for layer, part in layers_in_order(model, topology):
            names = _weight_names(root, layer.name, where)
            stored.append((layer, part, [(name, _dataset(found, f"{layer.name}/{name}", where)) for name in names]))
        assign_in_order(stored, read_array, where)
        training = attribute(file, "training_config", where)
    if isinstance(training, str):
        compile_as_saved(model, parse_json(training.encode(), f"{where}: training_config"))
    return model


def _weight_names(root: Any, layer: str, where: str) -> list[str]:
    group = group_at(root, layer, where)
    return texts(group, "weight_names", where) if group is not None and len(group) else []


def _dataset(found: dict[str, Any], name: str, where: str) -> Any:
    if name not in found:
        raise FileFormatError(f"{where} names the weight {name:.120}, but does not have it. Save the model again.")
    return found[name]


def _build(config: dict[str, Any], version: int, count: int) -> tuple[Model, dict[str, Any]]:
    """Makes the layers, with not more numbers than the file holds; their values come later. Returns the config too."""
    topology = from_keras(expanded(usual_topology(config)), version=version)
    _give_input_shape(topology["config"], config)
    with weights_come_later(count):
        model = deserialize(topology, Model, "model")
    if not model.built:
        raise FileFormatError(
            "The file's first layer says no input shape, so the model cannot be built. "
            "Call the model on data in Keras, or give it an Input, then save it again."
        )
    return model, topology["config"]


def _give_input_shape(config: Any, original: dict[str, Any]) -> None:
    """Puts the shape of the input where a sequential model that was built by its data has it."""
    layers = config.get("layers") if isinstance(config, dict) else None
    if not layers or "output_layers" in config or "batch_input_shape" in layers[0]["config"]:
        return
    shape = config.get("build_input_shape") or (original.get("build_config") or {}).get("input_shape")
    if isinstance(shape, list) and layers[0]["class_name"] not in ("Model", "Sequential"):
        layers[0]["config"]["batch_input_shape"] = shape


def _major(version: Any) -> int:
    first = str(version or KERAS_VERSION).partition(".")[0]
    return int(first) if first.isdecimal() else 3
