"""What one layer of Keras does, and two do here and in TensorFlow.js."""

from typing import Any

_POOLED_DIMENSIONS = {
    "GlobalAveragePooling1D": 1,
    "GlobalMaxPooling1D": 1,
    "GlobalAveragePooling2D": 2,
    "GlobalMaxPooling2D": 2,
}


def expanded(topology: Any) -> Any:
    """Returns a topology in which a global pooling with `keepdims=True` is followed by a `Reshape` that brings them back.

    The second layer has the name of the first, so that calls of others still find it; the first is called "…_pooled".

    Args:
        topology: what `usual_topology` returned.
    """
    if isinstance(topology, list):
        return [expanded(part) for part in topology]
    if not isinstance(topology, dict):
        return topology
    found = {key: expanded(part) for key, part in topology.items()}
    if isinstance(found.get("layers"), list):
        found["layers"] = [part for entry in found["layers"] for part in _one_or_two(entry)]
    return found


def _one_or_two(layer: Any) -> list[Any]:
    config = layer.get("config") if isinstance(layer, dict) else None
    if not isinstance(config, dict) or config.get("keepdims") is not True:
        return [layer]
    rank = _POOLED_DIMENSIONS.get(layer.get("class_name"))
    if rank is None:
        return [layer]
    name = layer.get("name") or config.get("name")
    inside = f"{name}_pooled"
    shape = [-1, *[1] * rank] if config.get("data_format") == "channels_first" else [*[1] * rank, -1]
    pooling = {**layer, "config": {**config, "name": inside, "keepdims": False}}
    reshape: dict[str, Any] = {"class_name": "Reshape", "config": {"name": name, "target_shape": shape}}
    if "inbound_nodes" in layer:
        pooling["name"], reshape["name"] = inside, name
        calls = layer["inbound_nodes"]
        count = len(calls) if isinstance(calls, list) else 0
        reshape["inbound_nodes"] = [[[inside, place, 0, {}]] for place in range(count)]
    return [pooling, reshape]
