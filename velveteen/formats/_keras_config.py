"""Layers' configs between Keras and here: what is called otherwise, and what would compute something else."""

from collections.abc import Mapping
from typing import Any

from velveteen.errors import ArgumentError, FileFormatError, UnknownNameError
from velveteen.layers import Layer
from velveteen.serialization import constructor_parameters, find_class

_DTYPES = {"float64": "float32", "float16": "float32", "bfloat16": "float32", "int64": "int32", "int16": "int32"}
_DTYPES |= {"int8": "int32", "uint8": "int32", "uint16": "int32", "uint32": "int32", "uint64": "int32"}
_ACTIVATIONS = {"silu": "swish", "Silu": "swish"}
_RENAMED = {"LeakyReLU": {"negative_slope": "alpha"}}
_ONLY_HERE = ("implementation", "input_length", "batch_input_shape", "input_shape", "input_dtype")
# Keys that change no prediction.
_HARMLESS = (
    "activity_regularizer", "autocast", "backward_layer", "build_config", "build_input_shape", "cudnn", "dtype",
    "implementation", "input_shape", "input_dtype", "lora_alpha", "lora_rank", "module", "name", "optional",
    "quantization_config", "ragged", "registered_name", "renorm_clipping", "renorm_momentum", "seed", "shared_object_id",
    "sparse", "time_major", "trainable", "unit_forget_bias", "unroll", "use_cudnn",
    "fill_mode", "fill_value", "fused", "virtual_batch_size", "adjustment", "value_range", "batch_size", "kernel_initializer", "kernel_regularizer",
    "kernel_constraint", "input_spec",
)  # fmt: skip
# Keys with which a layer is the one that velveteen has, if they have this value.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "use_gate": (False,),
    "zero_output_for_mask": (False,),
    "attention_axes": ([1],),  # what Keras makes of None for sequences
    "data_format": ("channels_last",),
    "groups": (1,),
    "keepdims": (False,),
    "negative_slope": (0, 0.0),
    "threshold": (0, 0.0),
    "output_padding": (None,),
    "synchronized": (False,),
    "renorm": (False,),
    "rms_scaling": (False,),
    "ragged_output": (False,),
    "pad_to_aspect_ratio": (False,),
    "antialias": (False,),
}

_PICTURES = ("Resizing", "CenterCrop")
_MODELS = ("Model", "Functional", "Sequential")
_NOT_IN_KERAS = ("RandomWidth", "ThresholdedReLU")
_CODE = ("Lambda", "TFOpLambda", "SlicingOpLambda")


def _pixels_from_keras(class_name: str, config: dict[str, Any]) -> None:
    if class_name in ("Resizing", "CenterCrop") and config.get("data_format") == "channels_first":
        raise FileFormatError(
            f'Layer "{config.get("name")}" ({class_name}) has data_format="channels_first", which velveteen computes for '
            "channels_last only. Build the model with the channels last."
        )
    if _looks_between_pixels(class_name, config):
        config["half_pixel_centers"] = True


def _pixels_to_keras(class_name: str, config: dict[str, Any]) -> None:
    """Raises for a layer that takes pixels for points on the corners, as TensorFlow.js does and Keras does not."""
    centers = config.pop("half_pixel_centers", False)
    if not centers and _looks_between_pixels(class_name, config):
        instead = "layers.cropping2d, or " if class_name == "CenterCrop" else ""
        raise ArgumentError(
            f'Layer "{config.get("name")}" ({class_name}) resizes pictures as TensorFlow.js does, which Keras cannot, so '
            f"Keras would predict something else. Use {instead}half_pixel_centers=True, which computes as Keras does."
        )


def _looks_between_pixels(class_name: str, config: Mapping[str, Any]) -> bool:
    return class_name in _PICTURES or (class_name == "UpSampling2D" and config.get("interpolation") == "bilinear")


def _computed(layer: dict[str, Any]) -> dict[str, Any]:
    """Returns the part of a recurrent layer's config that its results depend on."""
    cls, config = _class_of(str(layer.get("class_name"))), layer.get("config") or {}
    known = constructor_parameters(cls) if cls is not None else tuple(config)
    starts = ("_initializer", "_regularizer", "_constraint")
    keys = [key for key in known if key not in _HARMLESS and not key.endswith(starts)]
    return {"class_name": layer.get("class_name"), **{key: config.get(key) for key in keys if key != "cell"}}


def _check_both_directions(config: Mapping[str, Any]) -> None:
    """Raises for a bidirectional layer whose backward layer is another than the forward one, only backwards."""
    forward, backward = config.get("layer"), config.get("backward_layer")
    if not isinstance(forward, dict) or not isinstance(backward, dict):
        return
    pair = [_computed(part) for part in (forward, backward)]
    ways = [part.pop("go_backwards", None) or False for part in pair]
    if pair[0] != pair[1] or ways[0] == ways[1]:
        raise FileFormatError(
            f'Layer "{config.get("name")}" (Bidirectional) has a backward_layer with options of its own, which neither '
            "velveteen nor TensorFlow.js has. Build it from one layer."
        )


def from_keras(topology: Any, *, version: int) -> Any:
    """Returns a topology that is in today's spelling, with layers that compute the same here.

    Args:
        topology: what `usual_topology` returned.
        version: Keras's, 2 or 3.

    Raises:
        UnknownNameError: a layer that velveteen does not have; one that holds code among them.
        FileFormatError: an option that velveteen does not have.
    """
    return _from_keras(topology, version, _makes_masks(topology))


def _makes_masks(topology: Any) -> bool:
    if isinstance(topology, dict):
        config = topology.get("config")
        if topology.get("class_name") == "Masking" or (isinstance(config, dict) and config.get("mask_zero")):
            return True
        topology = list(topology.values())
    return isinstance(topology, list) and any(_makes_masks(part) for part in topology)


def _from_keras(topology: Any, version: int, masks: bool) -> Any:
    if isinstance(topology, list):
        return [_from_keras(part, version, masks) for part in topology]
    if not isinstance(topology, dict):
        return topology
    config = topology.get("config")
    if isinstance(topology.get("class_name"), str) and isinstance(config, dict):
        if topology["class_name"] == "ReLU" and config.get("negative_slope") and config.get("max_value") is None:
            topology = {**topology, "class_name": "LeakyReLU"}  # ReLU has no slope in TensorFlow.js
            config = {key: value for key, value in config.items() if key != "max_value"}
        topology = {**topology, "config": _layer_from_keras(topology, config, version, masks)}
    return {key: _from_keras(part, version, masks) for key, part in topology.items()}


def _layer_from_keras(layer: dict[str, Any], config: dict[str, Any], version: int, masks: bool) -> dict[str, Any]:
    class_name = layer["class_name"]
    if class_name in _CODE:
        raise UnknownNameError(
            f'Layer "{config.get("name")}" is a {class_name}: its file holds code, which velveteen does not run, and which '
            "a browser could not. Replace it by a layer, or by one of your own that is registered in both programs."
        )
    renamed = _RENAMED.get(class_name, {})
    config = {renamed.get(key, key): value for key, value in config.items()}
    if config.get("dtype") is not None:
        config["dtype"] = _DTYPES.get(config["dtype"], config["dtype"]) if class_name == "InputLayer" else "float32"
    for key in ("activation", "recurrent_activation"):
        if key in config:
            config[key] = _activation_from_keras(config[key], config.get("name"), version)
    if class_name == "Sequential" or "output_layers" in config:
        return config
    _pixels_from_keras(class_name, config)
    if class_name == "Bidirectional":
        _check_both_directions(config)
        config.pop("backward_layer", None)
        inside = config.get("layer")
        if isinstance(inside, dict) and isinstance(inside.get("config"), dict):
            inside["config"].pop("zero_output_for_mask", None)  # Keras sets it by itself, always
        config["zero_output_for_mask"] = masks
    if class_name == "DepthwiseConv2D" and config.get("dilation_rate") not in (None, 1, [1, 1]):
        raise FileFormatError(
            f'Layer "{config.get("name")}" (DepthwiseConv2D) has dilation_rate={config["dilation_rate"]!r:.40}, which '
            "TensorFlow.js ignores, so it would compute something else. Use SeparableConv2D, where it works."
        )
    cls = _class_of(class_name)
    if cls is not None:
        _check_options(cls, config)
    return config


def _activation_from_keras(activation: Any, layer: Any, version: int) -> Any:
    if isinstance(activation, dict) and isinstance(activation.get("config"), str):
        activation = activation["config"]
    if version >= 3 and activation == "hard_sigmoid":
        raise UnknownNameError(
            f"Layer \"{layer}\" uses Keras 3's hard_sigmoid, which has another slope (1/6) than TensorFlow.js's and "
            "velveteen's (0.2). Train the model with sigmoid instead."
        )
    return _ACTIVATIONS.get(activation, activation) if isinstance(activation, str) else activation


def _class_of(class_name: str) -> type[Layer] | None:
    """Returns the layer of velveteen's own that has this name, None for anything else."""
    try:
        cls = find_class(class_name, Layer, "layer")
    except UnknownNameError:
        return None  # an initializer, or a layer whose absence is told where it is made
    return cls if cls.__module__.startswith("velveteen.") else None


def _check_options(cls: type[Layer], config: Mapping[str, Any]) -> None:
    """Raises for an option that would be left out here, though it changes what the layer computes."""
    known = constructor_parameters(cls)
    for key, value in config.items():
        if key in known or key in _HARMLESS or value is None:
            continue
        if value not in _NEUTRAL.get(key, ()) and not (isinstance(value, list) and not value):
            raise FileFormatError(
                f'Layer "{config.get("name")}" ({cls.class_name}) has {key}={value!r:.60}, an option that neither velveteen '
                "nor TensorFlow.js has, so it would compute something else. Build the model without it."
            )


def to_keras(topology: dict[str, Any]) -> dict[str, Any]:
    """Returns a model's topology as Keras 3 reads it.

    Args:
        topology: what `Model.to_json` returned.

    Raises:
        ArgumentError: something that Keras 3 does not have.
    """
    class_name, config = topology["class_name"], topology["config"]
    if class_name == "Sequential":
        layers = [_layer_to_keras(layer) for layer in config["layers"]]
        if layers and layers[0]["class_name"] != "InputLayer":
            layers.insert(0, _input_of(config["layers"][0], f"{config['name']}_input"))
        return _object("keras", class_name, {"name": config["name"], "trainable": True, "layers": layers})
    if class_name in ("Model", "Functional"):
        return _object("keras.src.models.functional", "Functional", _graph_to_keras(config))
    raise ArgumentError(f'A model of class "{class_name}" cannot be written for Keras. Use vt.model or vt.sequential.')


def _graph_to_keras(config: dict[str, Any]) -> dict[str, Any]:
    stacks = {layer["name"] for layer in config["layers"] if layer["class_name"] == "Sequential"}
    models = stacks | {layer["name"] for layer in config["layers"] if layer["class_name"] in _MODELS}
    layers = []
    for layer in config["layers"]:
        calls = [_call_to_keras(layer["class_name"], _earlier(call, models)) for call in layer["inbound_nodes"]]
        layers.append({**_layer_to_keras(layer), "name": layer["name"], "inbound_nodes": calls})
    return {
        "name": config["name"],
        "trainable": True,
        "layers": layers,
        "input_layers": _earlier(config["input_layers"], stacks),
        "output_layers": _earlier(config["output_layers"], stacks),
    }


def _earlier(places: list[list[Any]], names: set[str]) -> list[list[Any]]:
    """Returns places as Keras 3 counts nodes: see `models._keras_graph`."""
    return [[name, node - (name in names), *rest] for name, node, *rest in places]


def _call_to_keras(class_name: str, call: list[list[Any]]) -> dict[str, Any]:
    tensors: list[Any] = [
        {"class_name": "__keras_tensor__", "config": {"shape": [], "dtype": "float32", "keras_history": place[:3]}}
        for place in call
    ]
    arguments = dict(call[0][3])
    if getattr(_class_of(class_name), "inputs_are_many", False) or (len(tensors) > 1 and class_name in _MODELS):
        return {"args": [tensors], "kwargs": arguments}
    if class_name == "MultiHeadAttention":  # query, value and key; to itself, a tensor attends as query and value
        return {"args": tensors if len(tensors) > 1 else tensors * 2, "kwargs": arguments}
    if len(tensors) > 1:  # a recurrent layer with the states to start from
        arguments["initial_state"] = tensors[1:]
    return {"args": tensors[:1], "kwargs": arguments}


def _layer_to_keras(layer: dict[str, Any]) -> dict[str, Any]:
    class_name, config = layer["class_name"], dict(layer["config"])
    if class_name in _MODELS:
        return to_keras(layer)
    if class_name == "InputLayer":
        return _input_of(layer, config["name"])
    _pixels_to_keras(class_name, config)
    if class_name == "DepthwiseConv2D":
        config["dilation_rate"] = [1, 1]  # what TensorFlow.js and velveteen compute
    if class_name == "SpatialDropout1D":
        for key in ("trainable", "noise_shape"):  # unlike other layers of Keras, this one does not take them
            config.pop(key, None)
    config.pop("zero_output_for_mask", None)  # what Keras does without being told
    if class_name in _NOT_IN_KERAS:
        raise ArgumentError(f'Layer "{config["name"]}" is a {class_name}, which Keras 3 does not have. Leave it out.')
    cls = _class_of(class_name)
    if cls is None:
        return _object(None, class_name, config, registered_name=f"Custom>{class_name}")
    config = {key: _part_to_keras(key, value) for key, value in config.items() if key not in _ONLY_HERE}
    config["dtype"] = "float32"
    for theirs, ours in _RENAMED.get(class_name, {}).items():
        config[theirs] = config.pop(ours)
    if config.get("unit_forget_bias", True) is None:
        config["unit_forget_bias"] = False
    return _object("keras.layers", class_name, config)


def _part_to_keras(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_part_to_keras(key, part) for part in value]
    if isinstance(value, dict) and "class_name" in value:
        if key in ("layer", "cell", "cells"):
            return _layer_to_keras(value)
        kind = key.rpartition("_")[2]
        return _object(f"keras.{kind}s", value["class_name"], value["config"])
    if key in ("activation", "recurrent_activation") and value == "hard_sigmoid":
        raise ArgumentError(
            "The model uses hard_sigmoid, which has another slope (1/6) in Keras 3 than in TensorFlow.js (0.2), so Keras "
            "would predict something else. Use sigmoid."
        )
    return value


def _input_of(layer: dict[str, Any], name: str) -> dict[str, Any]:
    config = layer["config"]
    if "batch_input_shape" not in config and config.get("layers"):
        config = config["layers"][0]["config"]
    if "batch_input_shape" not in config:
        raise ArgumentError(
            "The model says no input shape, so it cannot be written for Keras. Give one to its first layer."
        )
    shape, dtype = config["batch_input_shape"], config.get("dtype") or "float32"
    return _object("keras.layers", "InputLayer", {"batch_shape": list(shape), "dtype": dtype, "name": name})


def _object(module: str | None, class_name: str, config: dict[str, Any], registered_name: Any = None) -> dict[str, Any]:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered_name}
