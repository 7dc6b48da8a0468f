"""A functional model's config: the layers and the calls between them, as TensorFlow.js writes and reads them."""

from collections import deque
from typing import TYPE_CHECKING, Any

from velveteen.errors import ArgumentError, FileFormatError
from velveteen.layers import Layer, SymbolicTensor
from velveteen.serialization import deserialize, serialize

if TYPE_CHECKING:
    from velveteen.models.model import Model


def functional_config(model: "Model") -> dict[str, Any]:
    """Returns `{"name", "layers", "input_layers", "output_layers"}`."""
    graph = model.graph
    saved_index = _saved_node_indices(model)
    layers = []
    for layer in graph.layers:
        calls = []
        for node in layer.inbound_nodes:
            if id(node) in saved_index and node.inputs:
                arguments = serialize(node.arguments)
                calls.append([[*_place(tensor, saved_index), arguments] for tensor in node.inputs])
        layers.append(
            {
                "name": layer.name,
                "class_name": layer.class_name,
                "config": layer.get_config(),
                "inbound_nodes": calls,
            }
        )
    return {
        "name": model.name,
        "layers": layers,
        "input_layers": [_place(tensor, saved_index) for tensor in graph.inputs],
        "output_layers": [_place(tensor, saved_index) for tensor in graph.outputs],
    }


def functional_from_config(config: dict[str, Any]) -> tuple[list[SymbolicTensor], list[SymbolicTensor]]:
    """Makes the layers of a config and calls them; returns the symbolic inputs and outputs.

    Raises:
        FileFormatError: a layer that is called on what does not exist, or a cycle.
    """
    layers: dict[str, Layer] = {}
    calls: dict[str, deque[list[Any]]] = {}
    for entry in _list(config, "layers"):
        layer = deserialize(entry, Layer, "layer")
        if entry.get("name"):
            layer.name = str(entry["name"])
        if layer.name in layers:
            raise FileFormatError(f'The model has two layers named "{layer.name}".')
        layers[layer.name] = layer
        calls[layer.name] = deque(_call_places(call, layer.name) for call in entry.get("inbound_nodes") or [])
    _make_calls(layers, calls)
    return (
        [_existing(layers, place, "input_layers") for place in _places(config, "input_layers")],
        [_existing(layers, place, "output_layers") for place in _places(config, "output_layers")],
    )


def _make_calls(layers: dict[str, Layer], calls: dict[str, deque[list[Any]]]) -> None:
    """Calls each layer as often as the config says, in its own order, once what it is called on exists."""
    ready = deque(layers)
    waiting_for: dict[str, list[str]] = {}
    while ready:
        name = ready.popleft()
        layer, pending = layers[name], calls[name]
        while pending:
            tensors = [_find(layers, place) for place in pending[0]]
            if None in tensors:
                missing = pending[0][tensors.index(None)][0]
                waiting_for.setdefault(missing, []).append(name)
                break
            arguments = _arguments(pending.popleft())
            layer.apply(tensors if len(tensors) > 1 or layer.inputs_are_many else tensors[0], **arguments)
            ready.extend(waiting_for.pop(name, ()))
    stuck = sorted(name for name, pending in calls.items() if pending)
    if stuck:
        raise FileFormatError(
            f"The model's graph cannot be built: {', '.join(stuck[:5])} wait for each other or for a layer that "
            "does not exist (a cycle, or a damaged file)."
        )


def _saved_node_indices(model: "Model") -> dict[int, int]:
    """Returns the index under which each node of the graph is saved: only its own calls count, and for a model inside
    of the model the first index is that inner model's own graph."""
    kept = {id(node) for node in model.graph.nodes}
    indices: dict[int, int] = {}
    for layer in model.graph.layers:
        index = 1 if hasattr(layer, "graph") else 0
        for node in layer.inbound_nodes:
            if id(node) in kept:
                indices[id(node)] = index
                index += 1
    return indices


def _place(tensor: SymbolicTensor, saved_index: dict[int, int]) -> list[Any]:
    return [tensor.source_layer.name, saved_index.get(id(tensor.node), 0), tensor.tensor_index]


def _find(layers: dict[str, Layer], place: Any) -> SymbolicTensor | None:
    """Returns the symbolic tensor at [layer name, node index, tensor index, …], or None if it does not exist yet."""
    name, node_index, tensor_index = place[:3]
    layer = layers.get(name)
    if layer is None:
        raise FileFormatError(f'The model\'s graph names the layer "{name!s:.80}", but there is no such layer.')
    if node_index >= len(layer.inbound_nodes):
        return None
    outputs = layer.inbound_nodes[node_index].outputs
    if tensor_index >= len(outputs):
        raise FileFormatError(f'The model\'s graph names output {tensor_index} of "{name}", which has {len(outputs)}.')
    return outputs[tensor_index]


def _existing(layers: dict[str, Layer], place: Any, what: str) -> SymbolicTensor:
    tensor = _find(layers, place)
    if tensor is None:
        raise FileFormatError(f"The model's {what} name {place!r}, which no layer makes.")
    return tensor


def _arguments(places: list[Any]) -> dict[str, Any]:
    arguments = places[0][3] if places and len(places[0]) > 3 else {}
    return {str(key): value for key, value in arguments.items() if key != "training" or value is not None}


def _call_places(call: Any, name: str) -> list[Any]:
    """Returns the [layer name, node index, tensor index, arguments] of one call."""
    if isinstance(call, list) and call and isinstance(call[0], str):
        call = [call]  # a single input that is not wrapped in a list
    if not isinstance(call, list) or not call:
        raise FileFormatError(f'The calls of layer "{name}" are not in a form that velveteen knows: {call!r:.200}')
    return [_checked_place(place) for place in call]


def _places(config: dict[str, Any], key: str) -> list[Any]:
    listed = _list(config, key)
    if listed and isinstance(listed[0], str):
        listed = [listed]  # one place that is not wrapped in a list
    if not listed:
        raise FileFormatError(f'The model has no "{key}".')
    return [_checked_place(place) for place in listed]


def _checked_place(place: Any) -> Any:
    fits = (
        isinstance(place, list)
        and len(place) >= 3
        and isinstance(place[0], str)
        and all(isinstance(index, int) and index >= 0 for index in place[1:3])
        and (len(place) == 3 or isinstance(place[3], dict))
    )
    if not fits:
        raise FileFormatError(
            f"Expected [layer name, node index, tensor index] in the model's graph, got {place!r:.200}"
        )
    return place


def _list(config: dict[str, Any], key: str) -> list[Any]:
    if not isinstance(config, dict) or not isinstance(config.get(key), list):
        raise ArgumentError(f'A model\'s config must have a list "{key}".')
    return config[key]
