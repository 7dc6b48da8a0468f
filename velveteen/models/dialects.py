"""Topologies as other programs write them, brought into the form of TensorFlow.js's own `save`.

TensorFlow.js's converter passes on what the Keras of its day wrote, so files in the world differ in spelling.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from velveteen.errors import FileFormatError
from velveteen.models._keras_graph import usual_graph
from velveteen.serialization import snake_case

_RENAMED_CLASSES = {
    "Functional": "Model",
    "LayersModel": "Model",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}
_RENAMED_KEYS = {"batch_shape": "batch_input_shape"}
_GRAPH = ("inbound_nodes", "input_layers", "output_layers")


def usual_topology(topology: Any) -> dict[str, Any]:
    """Returns a topology as `{"class_name", "config"}` in today's spelling.

    Accepts a whole Keras file (the topology is its "model_config"), camelCase keys, "Functional" for "Model",
    "batch_shape" for "batch_input_shape", an axis of normalization in a list, and the calls, dtypes and initializers of
    Keras 3.

    Raises:
        FileFormatError: when it is no topology at all.
    """
    if isinstance(topology, dict):
        topology = topology.get("model_config") or topology.get("modelConfig") or topology
    usual = _usual(topology)
    if not isinstance(usual, dict) or not isinstance(usual.get("class_name"), str) or "config" not in usual:
        raise FileFormatError(
            f'The topology of a layers model must have a "class_name" and a "config", got {topology!r:.100}. '
            "A graph model is loaded with load_graph_model(); anything else is damaged or of another format."
        )
    return usual


def restore_depth_multipliers(topology: Any, shapes: Mapping[str, Sequence[int]]) -> None:
    """Puts the `depth_multiplier` of separable convolutions back, which TensorFlow.js forgets to write.

    Args:
        topology: what `usual_topology` returned; it is changed.
        shapes: of the weights by name: that of a depthwise kernel ends with the multiplier.
    """
    if isinstance(topology, list):
        for part in topology:
            restore_depth_multipliers(part, shapes)
    elif isinstance(topology, dict):
        config = topology.get("config")
        if topology.get("class_name") in ("SeparableConv1D", "SeparableConv2D") and isinstance(config, dict):
            shape = shapes.get(f"{config.get('name')}/depthwise_kernel")
            if shape and "depth_multiplier" not in config:
                config["depth_multiplier"] = shape[-1]
        for part in topology.values():
            restore_depth_multipliers(part, shapes)


def _take_axis_out_of_list(config: Any) -> None:
    """Makes TensorFlow's `"axis": [3]` a number; in JavaScript the one is as good as the other."""
    if isinstance(config, dict) and isinstance(config.get("axis"), list) and len(config["axis"]) == 1:
        config["axis"] = config["axis"][0]


def _usual(value: Any) -> Any:
    if isinstance(value, list):
        return [_usual(part) for part in value]
    if not isinstance(value, dict):
        return value
    found = {snake_case(key): part for key, part in value.items()}
    found = {_RENAMED_KEYS.get(key, key): part for key, part in found.items()}
    class_name = found.get("class_name")
    if class_name == "DTypePolicy" and isinstance(found.get("config"), dict):
        return found["config"].get("name")
    if isinstance(class_name, str):
        found["class_name"] = _RENAMED_CLASSES.get(class_name, class_name)
    if found.get("class_name") == "BatchNormalization":
        _take_axis_out_of_list(found.get("config"))
    if isinstance(found.get("layers"), list) and "output_layers" in found:
        found = usual_graph(found)
    return {key: part if key in _GRAPH else _usual(part) for key, part in found.items()}
