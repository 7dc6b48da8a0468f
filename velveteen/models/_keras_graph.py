"""Graphs as Keras 3 writes them: calls with args and kwargs, operations beside the layers, masks drawn into the graph."""

from collections.abc import Callable
from typing import Any

from velveteen.errors import FileFormatError, UnknownNameError

_MERGES = ("Add", "Multiply", "Maximum", "Minimum")
_ACTIVATIONS = (
    "Elu",
    "LogSoftmax",
    "Relu",
    "Relu6",
    "Selu",
    "Sigmoid",
    "Silu",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
)
_WITH_NUMBER: dict[str, Callable[[float], dict[str, float]]] = {
    "Add": lambda number: {"scale": 1.0, "offset": number},
    "Subtract": lambda number: {"scale": 1.0, "offset": -number},
    "Multiply": lambda number: {"scale": number, "offset": 0.0},
    "Divide": lambda number: {"scale": 1.0 / number, "offset": 0.0},
    "TrueDivide": lambda number: {"scale": 1.0 / number, "offset": 0.0},
}


def usual_graph(config: dict[str, Any]) -> dict[str, Any]:
    """Returns a functional model's config with calls as [[layer name, node index, tensor index, arguments], …].

    Masks flow along with the tensors here, so what Keras 3 draws to compute them is left out. Sums, products and
    activations that were written as operators become layers. Of graphs in that form already, only the calls of stacks
    without an input shape are counted anew.

    Raises:
        FileFormatError: a call in no known form.
        UnknownNameError: an operation that no layer stands for.
    """
    entries = [entry for entry in config["layers"] if isinstance(entry, dict)]
    if not any(isinstance(call, dict) for entry in entries for call in entry.get("inbound_nodes") or []):
        return _with_own_graphs(config, {_name(entry) for entry in entries if _lacks_shape(entry)})
    models = {_name(entry) for entry in entries if entry.get("class_name") in ("Functional", "Model", "Sequential")}
    stacks = {_name(entry) for entry in entries if entry.get("class_name") == "Sequential"}

    def later(place: list[Any], names: set[Any]) -> list[Any]:
        # In TensorFlow.js's files the first node of a model inside is its own graph. Keras 3 counts that one for
        # functional models too, though not in calls.
        return [place[0], place[1] + 1, *place[2:]] if place[0] in names else place

    outputs = _places(config.get("output_layers"))
    needed = _reachable(entries, [place[0] for place in outputs])
    layers = []
    for entry in entries:
        if _is_operation(entry):
            if _name(entry) not in needed:
                continue
            entry = _operation_as_layer(entry)
        calls = [_usual_call(call, _name(entry)) for call in entry.get("inbound_nodes") or []]
        layers.append({**entry, "inbound_nodes": [[later(place, models) for place in call] for call in calls]})
    return {
        **config,
        "layers": layers,
        "input_layers": [later(place, stacks) for place in _places(config.get("input_layers"))],
        "output_layers": [later(place, stacks) for place in outputs],
    }


def _lacks_shape(entry: dict[str, Any]) -> bool:
    """Whether this is a stack that Keras 2 built at its first call: such a one had no graph of its own."""
    layers = (entry.get("config") or {}).get("layers") if entry.get("class_name") == "Sequential" else None
    if not isinstance(layers, list) or not layers or not isinstance(layers[0], dict):
        return False
    first = layers[0].get("config") or {}
    is_model = layers[0].get("class_name") in ("InputLayer", "Functional", "Model")
    return not is_model and not any(key in first for key in ("batch_input_shape", "batchInputShape", "batch_shape"))


def _with_own_graphs(config: dict[str, Any], stacks: set[Any]) -> dict[str, Any]:
    """Counts one node more for stacks: here each has a graph of its own, which is its first node."""
    if not stacks:
        return config

    def later(places: Any) -> Any:
        if not isinstance(places, list):
            return places
        if len(places) > 1 and isinstance(places[0], str) and places[0] in stacks and isinstance(places[1], int):
            return [places[0], places[1] + 1, *places[2:]]
        return [later(part) for part in places]

    layers = [
        {**entry, "inbound_nodes": later(entry.get("inbound_nodes"))} if isinstance(entry, dict) else entry
        for entry in config["layers"]
    ]
    return {**config, "layers": layers, "output_layers": later(config.get("output_layers"))}


def _name(entry: dict[str, Any]) -> Any:
    return entry.get("name") or (entry.get("config") or {}).get("name")


def _is_operation(entry: dict[str, Any]) -> bool:
    if entry.get("module") is not None:
        return str(entry["module"]).startswith(("keras.src.ops", "keras.ops"))
    # An .h5 says no module, but every layer's config says whether it can be trained.
    return "trainable" not in (entry.get("config") or {}) and entry.get("class_name") != "InputLayer"


def _reachable(entries: list[dict[str, Any]], names: list[Any]) -> set[Any]:
    """Returns the names of all layers and operations that those named are computed from, masks aside."""
    by_name = {_name(entry): entry for entry in entries}
    found: set[Any] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found and name in by_name:
            found.add(name)
            for call in by_name[name].get("inbound_nodes") or []:
                waiting += [history[0] for history in _histories(_tensor_arguments(call))]
    return found


def _tensor_arguments(call: Any) -> list[Any]:
    if not isinstance(call, dict):
        raise FileFormatError(f"A call in the model's graph is in no form that velveteen knows: {call!r:.100}.")
    kwargs = call.get("kwargs") or {}
    return [call.get("args") or [], [value for key, value in kwargs.items() if key != "mask"]]


def _usual_call(call: Any, name: Any) -> list[list[Any]]:
    args, _ = _tensor_arguments(call)
    arguments = {}
    for key, value in (call.get("kwargs") or {}).items():
        if key == "initial_state" and value is not None:
            args = [*args, value]
        elif key == "mask" or value is None or (key == "training" and value is False):
            continue  # masks flow along by themselves, and inference is the default
        elif _histories(value):
            raise FileFormatError(
                f'Layer "{name}" is called with a tensor as its argument "{key}", which velveteen cannot read from a file. '
                "Pass it among the inputs, and save the model again."
            )
        else:
            arguments[key] = value
    histories = _histories(args)
    if not histories or _constants(args):
        raise FileFormatError(f'Layer "{name}" is called on what velveteen does not know: {args!r:.100}.')
    return [[*history, arguments] for history in histories]


def _operation_as_layer(entry: dict[str, Any]) -> dict[str, Any]:
    """Returns the layer that computes what an operation of `keras.ops`, or `+` and `*`, does."""
    kind, name = entry.get("class_name"), _name(entry)
    (call,) = entry.get("inbound_nodes") or [None]
    args, others = _tensor_arguments(call)
    tensors, numbers = _histories(args), _constants(args)
    options = [*others, *(value for key, value in (entry.get("config") or {}).items() if key != "name")]
    layer: dict[str, Any] | None = None
    if not others and len(tensors) == 2 and not numbers and kind in _MERGES:
        layer = {"class_name": kind, "config": {"name": name}}
    elif not others and len(tensors) == 1 and len(numbers) == 1 and kind in _WITH_NUMBER:
        numbers_last = args[-1] == numbers[0]
        if (numbers_last and numbers[0] != 0) or kind in ("Add", "Multiply"):
            layer = {"class_name": "Rescaling", "config": {"name": name, **_WITH_NUMBER[kind](float(numbers[0]))}}
        elif kind == "Subtract" and not numbers_last:
            layer = {"class_name": "Rescaling", "config": {"name": name, "scale": -1.0, "offset": float(numbers[0])}}
    elif len(tensors) == 1 and not numbers and kind in _ACTIVATIONS and set(options) <= {None, -1}:
        layer = {"class_name": "Activation", "config": {"name": name, "activation": str(kind)}}
    if layer is None:
        raise UnknownNameError(
            f'The model computes "{name}" with the operation {kind!s:.40} of keras.ops, for which velveteen has no layer. '
            "Build the model from layers only, and save it again."
        )
    places = [{"args": [_as_tensor(history) for history in tensors], "kwargs": {}}]
    return {**layer, "name": name, "inbound_nodes": places}


def _as_tensor(history: list[Any]) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": history}}


def _history(value: Any) -> Any:
    config = value.get("config") if isinstance(value, dict) else None
    return config.get("keras_history") if isinstance(config, dict) else None


def _histories(value: Any) -> list[list[Any]]:
    """Returns the [layer name, node index, tensor index] of every tensor in a structure of lists and dicts."""
    history = _history(value)
    if history is not None:
        if not (isinstance(history, list) and len(history) == 3 and isinstance(history[0], str)):
            raise FileFormatError(
                f"A tensor in the model's graph has no history that velveteen knows: {history!r:.100}."
            )
        return [history]
    parts = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return [history for part in parts for history in _histories(part)]


def _constants(value: Any) -> list[Any]:
    """Returns what is neither a tensor nor a list of such."""
    if isinstance(value, list):
        return [constant for part in value for constant in _constants(part)]
    return [] if _history(value) is not None else [value]


def _places(value: Any) -> list[list[Any]]:
    """Returns the places of inputs or outputs, which may stand in a list or dict, or alone."""
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [value]
    parts = value if isinstance(value, list) else value.values() if isinstance(value, dict) else None
    if parts is None:
        raise FileFormatError(
            f"Expected [layer name, node index, tensor index] in the model's graph, got {value!r:.100}."
        )
    return [place for part in parts for place in _places(part)]
