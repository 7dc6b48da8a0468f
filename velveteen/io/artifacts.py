"""A model outside of memory: what TensorFlow.js calls artifacts, and the text of `model.json`."""

import dataclasses
import datetime
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from velveteen.errors import ArgumentError, FileFormatError

WeightSpec = dict[str, Any]
"""`{"name", "shape", "dtype"}` and, where they apply, `"group"` and `"quantization"`."""
WeightData = bytes | bytearray | memoryview | Sequence[bytes | bytearray | memoryview]
"""The weights' bytes in the order of their specs: one buffer, or several that follow each other."""

FORMAT = "layers-model"
_KEYS = {  # in model.json, in the order that TensorFlow.js writes them
    "modelTopology": "model_topology",
    "format": "format",
    "generatedBy": "generated_by",
    "convertedBy": "converted_by",
    "signature": "signature",
    "userDefinedMetadata": "user_defined_metadata",
    "modelInitializer": "model_initializer",
    "initializerSignature": "initializer_signature",
    "trainingConfig": "training_config",
}
_TEXTS = ("format", "generatedBy", "convertedBy")


@dataclasses.dataclass
class ModelArtifacts:
    """Everything that a file of TensorFlow.js holds.

    Attributes:
        model_topology: the layers and how they are connected, as JSON has it.
        weight_specs: name, shape and dtype of each weight.
        weight_data: the weights' bytes, in the order of `weight_specs`.
        training_config: optimizer, loss and metrics, as JSON has them.
        user_defined_metadata: whatever the model needs beside its weights (labels, alphabet, sample rate), as JSON.
        format: `"layers-model"` or `"graph-model"`.
        generated_by, converted_by: which program wrote the file.
        signature: names of the inputs and outputs of a graph model.
        model_initializer, initializer_signature: of a graph model with tables.
    """

    model_topology: Any = None
    weight_specs: list[WeightSpec] | None = None
    weight_data: WeightData | None = None
    training_config: dict[str, Any] | None = None
    user_defined_metadata: dict[str, Any] | None = None
    format: str | None = None
    generated_by: str | None = None
    converted_by: str | None = None
    signature: dict[str, Any] | None = None
    model_initializer: dict[str, Any] | None = None
    initializer_signature: dict[str, Any] | None = None


class ModelArtifactsInfo(NamedTuple):
    """When a model was saved and how many bytes its parts take."""

    date_saved: datetime.datetime
    model_topology_type: str
    model_topology_bytes: int
    weight_specs_bytes: int
    weight_data_bytes: int


class SaveResult(NamedTuple):
    """What `model.save` returns."""

    model_artifacts_info: ModelArtifactsInfo


def get_model_artifacts_info_for_json(model_artifacts: ModelArtifacts) -> ModelArtifactsInfo:
    """Returns the sizes of a model's parts in bytes, and the present moment as the date.

    Args:
        model_artifacts: the model.
    """
    data = model_artifacts.weight_data
    return ModelArtifactsInfo(
        datetime.datetime.now(datetime.UTC),
        "JSON",
        _json_bytes(model_artifacts.model_topology),
        _json_bytes(model_artifacts.weight_specs),
        0 if data is None else byte_length(data),
    )


def byte_length(data: WeightData) -> int:
    """Returns how many bytes the buffers hold together."""
    return sum(memoryview(buffer).nbytes for buffer in buffers(data))


def buffers(data: WeightData) -> list[Any]:
    """Returns the buffers of a weight's data, also when it is a single one."""
    return [data] if isinstance(data, bytes | bytearray | memoryview) else list(data)


def to_model_json(artifacts: ModelArtifacts, manifest: list[dict[str, Any]]) -> bytes:
    """Returns the content of `model.json`.

    Raises:
        ArgumentError: when a config or the metadata holds something that JSON has not, such as NaN or an array.
    """
    content: dict[str, Any] = {}
    for key, attribute in _KEYS.items():
        value = getattr(artifacts, attribute)
        if value is not None or key == "convertedBy":
            content[key] = value
    content["weightsManifest"] = manifest
    try:
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(
            f"The model cannot be saved as JSON: {error}. Layer configs and user_defined_metadata may hold "
            "finite numbers, strings, booleans, None, lists and dicts with strings as keys."
        ) from error


def from_model_json(content: dict[str, Any], where: str) -> ModelArtifacts:
    """Returns the artifacts that `model.json` describes, still without weights.

    Raises:
        FileFormatError: when a field is of another type than TensorFlow.js writes.
    """
    artifacts = ModelArtifacts()
    for key, attribute in _KEYS.items():
        value = content.get(key)
        if value is None:
            continue
        expected = str if key in _TEXTS else dict
        if not isinstance(value, expected):
            kind = "a text" if expected is str else "an object"
            raise FileFormatError(f'{where}: "{key}" must be {kind}, got {value!r:.80}. Save the model again.')
        setattr(artifacts, attribute, value)
    return artifacts


def _json_bytes(value: Any) -> int:
    if value is None:
        return 0
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
