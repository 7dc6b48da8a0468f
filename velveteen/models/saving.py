"""Between a model and its artifacts: what `model.save` writes and `load_layers_model` reads."""

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from velveteen.errors import ArgumentError, FileFormatError, ShapeError, UnknownNameError, VelveteenError, did_you_mean
from velveteen.io.artifacts import FORMAT, ModelArtifacts
from velveteen.io.handlers import find_load_handler, find_save_handler
from velveteen.io.manifest import parse_json
from velveteen.io.weights import decode_weights, encode_weights
from velveteen.layers.weights import Weight, weights_come_later
from velveteen.models.dialects import restore_depth_multipliers, usual_topology
from velveteen.models.model import Model
from velveteen.serialization import deserialize, name_in_files, registered_function
from velveteen.tensors import Tensor
from velveteen.training.optimizer_state import named_state, set_state
from velveteen.training.ranks import writes_files

_TENSORFLOWJS_VERSION = "4.22.0"
"""The version whose format is written; its readers look at it."""

_OPTIMIZER = "optimizer"
"""The group, in the weights' manifest, of what the optimizer remembers."""

_LOSS_WEIGHTS = "velveteen_loss_weights"
_TRAINING_CONFIG = "velveteen_training_config"
"""In the topology: the training configuration that names registered functions, over which TensorFlow.js would fail."""


def save_model(
    model: Model,
    target: Any,
    *,
    include_optimizer: bool | None = None,
    quantization: str | None = None,
    trainable_only: bool = False,
) -> Any:
    """Writes a model as TensorFlow.js does.

    Args:
        model: a model that is built.
        target: a folder, an http(s) address, or a handler of `velveteen.io`.
        include_optimizer: whether optimizer, loss and metrics are written too, and what the optimizer remembers, which
            makes Adam's files three times as large. By default only the first, so that a loaded model can be evaluated.
            All are left out when one is a function of one's own, which a file cannot hold, unless it is registered (see
            `register_function`).
        quantization: None, or "uint8", "uint16" or "float16": how the weights are stored.
        trainable_only: whether to leave out the weights that training does not change.

    Returns:
        what the handler returns: for a folder the sizes of the parts. None in all but the first of several processes that
        torchrun started, since only that one writes.

    Raises:
        StateError: the model is not built yet.
        ArgumentError: the target cannot be written to, or the model's metadata is no JSON.
    """
    handler = find_save_handler(target)
    # Every process takes part, since each may have only a part of the weights; the first one writes.
    artifacts = to_artifacts(
        model, include_optimizer=include_optimizer, quantization=quantization, trainable_only=trainable_only
    )
    return handler.save(artifacts) if writes_files(model) else None


def load_layers_model(source: Any, strict: bool = True, **options: Any) -> Model:
    """Loads a model that TensorFlow.js or velveteen saved, or TensorFlow.js's converter made from Keras.

    Args:
        source: a folder, the path of a `model.json`, an address (`http://`, `https://`, `file://`), or a handler of
            `velveteen.io`.
        strict: whether the file must hold exactly the weights that the layers have. Otherwise those without a
            counterpart are left out, and the layers' others keep their initial values.
        options: for an http(s) address those of `io.http`, such as `on_progress`.

    Returns:
        The model, compiled if the file says how.

    Raises:
        MissingFileError: a file is not there.
        FileFormatError: a file is damaged, truncated, hostile or of another format.
        UnknownNameError: a layer, activation, … that velveteen does not know.
        ShapeError: a weight has another shape than its layer.
    """
    return from_artifacts(find_load_handler(source, **options).load(), strict=strict)


def model_from_json(topology: Mapping[str, Any] | str) -> Model:
    """Makes a model from what `model.to_json()` returns; its weights are drawn anew.

    Args:
        topology: the topology as a dict or as JSON text, as TensorFlow.js's and Keras's `to_json()` write it, alone or as
            the "modelTopology" of a `model.json`.

    Raises:
        FileFormatError: no topology, or a damaged one.
        UnknownNameError: a layer, activation, … that velveteen does not know.
    """
    if isinstance(topology, str):
        topology = parse_json(topology.encode(), "The topology")
    content = topology.get("modelTopology", topology) if isinstance(topology, Mapping) else topology
    return from_artifacts(ModelArtifacts(content))


def to_artifacts(
    model: Model,
    *,
    include_optimizer: bool | None = None,
    quantization: str | None = None,
    trainable_only: bool = False,
) -> ModelArtifacts:
    """Returns everything that a file of this model holds."""
    topology = model.to_json() | {"keras_version": f"tfjs-layers {_TENSORFLOWJS_VERSION}", "backend": "tensor_flow.js"}
    training_config = None if include_optimizer is False else _training_config(model)
    state = named_state(model) if include_optimizer and training_config is not None else []
    if training_config is not None and _names_registered(model):
        topology[_TRAINING_CONFIG], training_config = training_config, None
    weights = _by_name(model)
    if trainable_only:
        weights = {str(weight.name): weights[str(weight.name)] for weight in model.trainable_weights}
    encoded = encode_weights(weights, quantization=quantization)
    remembered = encode_weights(state, _OPTIMIZER)
    return ModelArtifacts(
        model_topology=topology,
        weight_specs=encoded.specs + remembered.specs,
        weight_data=encoded.data + remembered.data,
        training_config=training_config,
        user_defined_metadata=model.user_defined_metadata,
        format=FORMAT,
        generated_by=f"TensorFlow.js tfjs-layers v{_TENSORFLOWJS_VERSION}",
    )


def from_artifacts(artifacts: ModelArtifacts, *, strict: bool = True) -> Model:
    """Makes a model from its artifacts; see `load_layers_model`."""
    topology = _from_file("modelTopology", usual_topology, artifacts.model_topology)
    remembered: list[Tensor] = []
    if artifacts.weight_data is None or artifacts.weight_specs is None:
        model = _build(topology)
    else:
        specs = artifacts.weight_specs
        tensors = decode_weights(artifacts.weight_data, specs)
        restore_depth_multipliers(topology, {spec["name"]: spec["shape"] for spec in specs})
        values = {spec["name"]: tensors[spec["name"]] for spec in specs if spec.get("group") in (None, "model")}
        remembered = [tensors[spec["name"]] for spec in specs if spec.get("group") == _OPTIMIZER]
        model = _build(topology, values if strict else None)
        assign_weights(model, values, strict=strict)
    if artifacts.training_config is not None:
        _from_file("trainingConfig", _compile, model, artifacts.training_config)
    elif topology.get(_TRAINING_CONFIG) is not None:
        try:
            _from_file(_TRAINING_CONFIG, _compile, model, topology[_TRAINING_CONFIG])
        except UnknownNameError as error:
            warnings.warn(
                f'Model "{model.name}" is loaded, but not compiled: {error!s:.200} If it is a function of your own, '
                "register it with vt.serialization.register_function before loading, or compile the model.",
                stacklevel=3,
            )
    if remembered and model.get_training_config() is not None:
        try:
            set_state(model, remembered)
        except FileFormatError as error:
            warnings.warn(f"The optimizer starts anew: {error}", stacklevel=3)
    model.user_defined_metadata = artifacts.user_defined_metadata
    return model


def assign_weights(model: Model, values: Mapping[str, Tensor], *, strict: bool = True) -> None:
    """Gives a model's weights the values that a file has under their names.

    Args:
        model: a model that is built.
        values: by the names of TensorFlow.js or of a converted Keras file.
        strict: whether both sides must match exactly.

    Raises:
        FileFormatError: a weight without a value or the other way round; then no weight has changed.
        ShapeError: a value of another shape; then no weight has changed.
    """
    weights = _by_name(model)
    places = _numbered(weights) if _is_numbered(values) else weights
    matched: dict[str, Tensor] = {}
    for name, value in values.items():
        weight = next((places[each] for each in _spellings(name) if each in places), None)
        if weight is not None and weight.name not in matched:
            _check_fits(weight, value)
            matched[str(weight.name)] = value
        elif strict:
            raise FileFormatError(
                f'The file has the weight "{name:.80}", but model "{model.name}" has none of that name.'
                f"{did_you_mean(name[:80], weights)} Load with strict=False to leave it out."
            )
    missing = [name for name in weights if name not in matched]
    if strict and missing:
        raise FileFormatError(
            f'The file lacks {len(missing)} of the {len(weights)} weights of model "{model.name}": '
            f"{', '.join(missing[:5])}{', …' if len(missing) > 5 else ''}. "
            "Load with strict=False to keep their initial values."
        )
    for name, value in matched.items():
        weights[name].assign(value)


def _build(topology: dict[str, Any], values: Mapping[str, Tensor] | None = None) -> Model:
    """Makes the layers; when values for all weights are there, not with more numbers than these hold."""
    if values is None:
        model = _from_file("modelTopology", deserialize, topology, Model, "model")
    else:
        with weights_come_later(sum(value.size for value in values.values())):
            model = _from_file("modelTopology", deserialize, topology, Model, "model")
    if not isinstance(model, Model) or not model.built:
        raise FileFormatError(
            "The file's first layer says no input shape, so the model cannot be built. "
            'Its config needs a "batch_input_shape"; convert or save the model again.'
        )
    return model


def _from_file(what: str, make: Any, *arguments: Any) -> Any:
    """Calls `make` on what a file says; whatever that trips over is the file's fault."""
    try:
        return make(*arguments)
    except VelveteenError:
        raise
    except (Exception, RecursionError) as error:
        raise FileFormatError(
            f"The file's {what} cannot be used: {type(error).__name__}: {error!s:.200}. It is damaged or of another format."
        ) from error


def _by_name(model: Model) -> dict[str, Weight]:
    weights: dict[str, Weight] = {}
    for weight in model.weights:
        if weight.name in weights:
            raise ArgumentError(
                f'Model "{model.name}" has two weights named "{weight.name}", which a file cannot hold. '
                "Give their layers different names."
            )
        weights[str(weight.name)] = weight
    return weights


def _is_numbered(values: Mapping[str, Tensor]) -> bool:
    """Whether weights are called "dense/0", "dense/1", as in files made from Keras 3."""
    return bool(values) and all(name.rpartition("/")[2].isdecimal() for name in values)


def _numbered(weights: dict[str, Weight]) -> dict[str, Weight]:
    numbered: dict[str, Weight] = {}
    counts: dict[str, int] = {}
    for name, weight in weights.items():
        layer = name.rpartition("/")[0]
        numbered[f"{layer}/{counts.get(layer, 0)}"] = weight
        counts[layer] = counts.get(layer, 0) + 1
    return numbered


def _spellings(name: str) -> Iterator[str]:
    """Yields what a weight may be called here.

    The converter puts the model's name before those of Keras 3, where a depthwise kernel is just a kernel.
    """
    inside = name.partition("/")[2]
    for each in (name, _short(name), inside, _short(inside)):
        yield each
        if each.endswith("/kernel"):
            yield each.removesuffix("kernel") + "depthwise_kernel"


def _short(name: str) -> str:
    """Returns a Keras name without the ":0" of TensorFlow's variables, "vars", and the cell inside of a layer."""
    parts = [part for part in name.removesuffix(":0").split("/") if part != "vars"]
    return "/".join([*parts[:-2], parts[-1]]) if len(parts) > 2 else "/".join(parts)


def _check_fits(weight: Weight, value: Tensor) -> None:
    if weight.shape != value.shape:
        raise ShapeError(
            f'The file\'s weight "{weight.name}" has shape {value.shape}, but its layer needs {weight.shape}. '
            "The topology and the weights are of different models."
        )


def _compile(model: Model, config: dict[str, Any]) -> None:
    model.compile_from_config({**config, "loss_weights": config.get("loss_weights") or config.get(_LOSS_WEIGHTS)})


def _training_config(model: Model) -> dict[str, Any] | None:
    """Returns the training configuration, or None when it names what no reader of the file could know."""
    config = model.get_training_config()
    if config is None or any(name_in_files(function) is None for function in _functions_of(model)):
        return None
    # TensorFlow.js refuses a file that has loss_weights, and looks at no other key.
    return {**config, "loss_weights": None, _LOSS_WEIGHTS: config["loss_weights"]} if config["loss_weights"] else config


def _names_registered(model: Model) -> bool:
    chosen = [*_leaves(model.compilation.loss), *_leaves(model.compilation.metrics)]
    names = [each if isinstance(each, str) else name_in_files(each) for each in chosen]
    return any(registered_function(str(name)) is not None for name in names)


def _functions_of(model: Model) -> list[Any]:
    chosen = [*_leaves(model.compilation.loss), *_leaves(model.compilation.metrics)]
    return [each for each in chosen if not isinstance(each, str)]


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _leaves(part)]
    return [] if value is None else [value]
