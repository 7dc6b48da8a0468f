"""Where Keras keeps the weights of each layer in a file."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from velveteen.errors import FileFormatError, ShapeError
from velveteen.layers import Layer
from velveteen.layers.recurrent import RNN, _RecurrentLayer
from velveteen.layers.recurrent_cells import StackedRNNCells
from velveteen.layers.weights import Weight
from velveteen.layers.wrappers import Bidirectional
from velveteen.models import Model

Config = Mapping[str, Any]
Read = Callable[[Any, str], np.ndarray]


def places(model: Model, config: Config) -> Iterator[tuple[str, list[Weight]]]:
    """Yields the group in `model.weights.h5` of each layer (also of those without weights), and its weights in order.

    Keras names groups by attributes (`layers`, `forward_layer`, `cell`) and, in lists, by class and number, never by the
    layers' names. So it matters in which order a model lists its layers.

    Args:
        config: the model's, in the order of the file.
    """
    for path, layer in _walk(model, config):
        # Keras's recurrent layers keep their weights in a cell.
        has_cell = isinstance(layer, _RecurrentLayer) and not isinstance(layer, RNN)
        yield _join(path, "cell/vars" if has_cell else "vars"), layer.own_weights


def weights_in_order(layer: Layer, config: Config) -> list[Weight]:
    """Returns all weights of a layer, the trainable ones first, as `.h5` files have them."""
    trainable = {id(weight) for weight in layer.trainable_weights}
    weights = [weight for _, part in _walk(layer, config) for weight in part.own_weights]
    return sorted(weights, key=lambda weight: id(weight) not in trainable)


def layers_in_order(model: Model, config: Config) -> list[tuple[Layer, Config]]:
    """Returns a model's layers in the order of its config, each with its own config."""
    by_name = {layer.name: layer for layer in model.sublayers()}
    found = []
    for entry in config["layers"]:
        layer = by_name.get(entry.get("name") or entry["config"].get("name"))
        if layer is not None:  # an input layer of a sequential model is no layer of its own
            found.append((layer, entry["config"]))
    return found


def _walk(layer: Layer, config: Config) -> Iterator[tuple[str, Layer]]:
    """Yields a layer and all those inside, each once, with its path."""
    seen: set[int] = set()
    waiting: list[tuple[str, Layer, Config]] = [("", layer, config)]
    while waiting:
        path, layer, config = waiting.pop()
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        yield path, layer
        waiting.extend(
            (_join(path, name), child, part) for name, child, part in reversed(list(_children(layer, config)))
        )


def _children(layer: Layer, config: Config) -> Iterator[tuple[str, Layer, Config]]:
    if isinstance(layer, Model):
        yield from _numbered("layers", layers_in_order(layer, config))
    elif isinstance(layer, StackedRNNCells):
        yield from _numbered("cells", [(cell, {}) for cell in layer.sublayers()])
    elif isinstance(layer, Bidirectional):
        yield from (("forward_layer", layer.forward_layer, {}), ("backward_layer", layer.backward_layer, {}))
    else:
        for name, child in layer.named_children():
            if isinstance(child, Layer):
                part = config.get(name)
                yield (
                    name,
                    child,
                    part["config"] if isinstance(part, dict) and isinstance(part.get("config"), dict) else {},
                )


def _numbered(attribute: str, layers: list[tuple[Layer, Config]]) -> Iterator[tuple[str, Layer, Config]]:
    counts: Counter[str] = Counter()
    for layer, config in layers:
        name = group_name("Functional" if layer.class_name == "Model" else layer.class_name)
        number = counts[name]
        counts[name] += 1
        yield f"{attribute}/{name}_{number}" if number else f"{attribute}/{name}", layer, config


def group_name(class_name: str) -> str:
    """Returns a class's name as Keras writes it in snake_case: "PReLU" is "p_re_lu"."""
    spaced = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", class_name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", spaced).lower()


def assign_by_path(model: Model, config: Config, found: Mapping[str, Any], read: Read, where: str) -> None:
    """Gives a model the weights that a `model.weights.h5` has.

    Args:
        config: the model's, in the order of the file.
        found: datasets by path.
        read: takes a dataset and where it is, returns an array.

    Raises:
        FileFormatError: a weight that the model has is not there, or the other way round.
        ShapeError: a weight has another shape.
    """
    # Keras 2.12 to 2.15 called the list of layers otherwise.
    left = {re.sub("_layer_checkpoint_dependencies[/\\\\]", "layers/", path): data for path, data in found.items()}
    matched: list[tuple[Weight, str, Any]] = []
    for path, weights in places(model, config):
        for number, weight in enumerate(weights):
            place = f"{path}/{number}"
            if place not in left:
                raise FileFormatError(
                    f'{where} lacks {place}, the weight "{weight.name}". It is damaged, or of another model.'
                )
            matched.append((weight, place, left.pop(place)))
    _check_nothing_left(list(left), where)
    _assign(matched, read, where)


def assign_in_order(layers: Iterable[tuple[Layer, Config, list[tuple[str, Any]]]], read: Read, where: str) -> None:
    """Gives each layer the weights that stand beside it as (name, dataset), in the order of an .h5 file.

    Raises:
        FileFormatError: a layer has another number of weights.
        ShapeError: a weight has another shape.
    """
    matched: list[tuple[Weight, str, Any]] = []
    for layer, config, stored in layers:
        weights = weights_in_order(layer, config)
        if len(weights) != len(stored):
            raise FileFormatError(
                f'{where}: layer "{layer.name}" has {len(weights)} weights, but the file has {len(stored)} for it. '
                "It is damaged, or of another model."
            )
        matched += [(weight, name, data) for weight, (name, data) in zip(weights, stored, strict=True)]
    _assign(matched, read, where)


def _check_nothing_left(paths: list[str], where: str) -> None:
    extra = [path for path in paths if path.startswith("layers/") and "seed_generator" not in path]
    if extra:
        raise FileFormatError(
            f"{where} holds {len(extra)} weights that the model's layers do not have: {', '.join(extra[:3]):.200}. "
            "It is damaged, or of another model."
        )


def _assign(matched: list[tuple[Weight, str, Any]], read: Read, where: str) -> None:
    for weight, place, data in matched:
        if list(data.shape) != list(weight.shape):
            raise ShapeError(
                f'{where}: {place:.120} has shape {list(data.shape)}, but weight "{weight.name}" needs {weight.shape}. '
                "The file is damaged, or of another model."
            )
    for weight, place, data in matched:
        # The constraint is for training; what a file holds is taken as it is.
        weight.parameter.data.copy_(weight.inside(torch.from_numpy(read(data, f"{where}: {place:.120}"))))


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
