"""From what a user names a model by (a folder, an address, an object) to what loads or saves it."""

import inspect
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from velveteen.errors import ArgumentError, ArgumentTypeError, did_you_mean
from velveteen.io.artifacts import ModelArtifacts, WeightData, WeightSpec
from velveteen.io.folders import FolderHandler
from velveteen.io.web import http_handler


@runtime_checkable
class LoadHandler(Protocol):
    """What a model can be loaded from."""

    def load(self) -> ModelArtifacts: ...


@runtime_checkable
class SaveHandler(Protocol):
    """What a model can be saved to."""

    def save(self, artifacts: ModelArtifacts) -> Any: ...


LoadRouter = Callable[[str, dict[str, Any]], LoadHandler | None]
SaveRouter = Callable[[str], SaveHandler | None]

_load_routers: list[LoadRouter] = []
_save_routers: list[SaveRouter] = []


def register_load_router(load_router: LoadRouter) -> None:
    """Adds a way to load models by name, such as addresses with a scheme of your own.

    Args:
        load_router: called with the name and the options of `load_layers_model`; returns a handler with a `load`
            method, or None when the name is not for it.
    """
    _load_routers.append(load_router)


def register_save_router(save_router: SaveRouter) -> None:
    """Adds a way to save models by name.

    Args:
        save_router: called with the name; returns a handler with a `save` method, or None when the name is not for it.
    """
    _save_routers.append(save_router)


def find_load_handler(source: Any, **options: Any) -> LoadHandler:
    """Returns what loads a model from `source`.

    Args:
        source: a folder, the path of a `model.json`, an address (`file://`, `http://`, `https://`, or one that a
            registered router knows), or an object with a `load` method.
        options: for the routers; for an http address those of `io.http`.

    Raises:
        ArgumentError, ArgumentTypeError: when nothing can load from that.
    """
    if isinstance(source, str | Path):
        routed = _routed([router(str(source), options) for router in _load_routers], str(source))
        if routed is not None:
            return routed
    _check_options(options)
    if isinstance(source, str):
        scheme = _scheme(source)
        if scheme in ("http", "https"):
            return http_handler(source, **options)
        source = _path(source, scheme)
    if isinstance(source, Path):
        return FolderHandler(source)
    if isinstance(source, LoadHandler):
        return source
    raise ArgumentTypeError(
        f"Expected a model's folder, the path of its model.json, an address, or an object with a load method such as "
        f"io.from_memory() returns, got {type(source).__name__}."
    )


def find_save_handler(target: Any) -> SaveHandler:
    """Returns what saves a model to `target`: as `find_load_handler`, with a `save` method.

    Raises:
        ArgumentError, ArgumentTypeError: when nothing can save to that.
    """
    if isinstance(target, str | Path):
        routed = _routed([router(str(target)) for router in _save_routers], str(target))
        if routed is not None:
            return routed
    if isinstance(target, str):
        scheme = _scheme(target)
        if scheme in ("http", "https"):
            return http_handler(target)
        target = _path(target, scheme)
    if isinstance(target, Path):
        return FolderHandler(target)
    if isinstance(target, SaveHandler):
        return target
    raise ArgumentTypeError(
        f"Expected a folder to save to, an address, or an object with a save method such as io.with_save_handler() "
        f"returns, got {type(target).__name__}."
    )


def get_load_handlers(url: str, load_options: dict[str, Any] | None = None) -> list[LoadHandler]:
    """Returns everything that would load a model from a folder or address: several, when several routers want it.

    Args:
        url: a folder or an address; one with a scheme that nobody knows gives an empty list.
        load_options: as for `load_layers_model`.
    """
    options = load_options or {}
    routed = [handler for router in _load_routers if (handler := router(url, options)) is not None]
    return routed or ([find_load_handler(url, **options)] if _has_known_scheme(url) else [])


def get_save_handlers(url: str) -> list[SaveHandler]:
    """Returns everything that would save a model to a folder or address; see `get_load_handlers`."""
    routed = [handler for router in _save_routers if (handler := router(url)) is not None]
    return routed or ([find_save_handler(url)] if _has_known_scheme(url) else [])


def _has_known_scheme(url: str) -> bool:
    return _scheme(url) in ("", "file", "http", "https")


class _Memory:
    def __init__(self, artifacts: ModelArtifacts):
        self._artifacts = artifacts

    def load(self) -> ModelArtifacts:
        return self._artifacts


class _Callback:
    def __init__(self, function: Callable[[ModelArtifacts], Any]):
        self._function = function

    def save(self, artifacts: ModelArtifacts) -> Any:
        return self._function(artifacts)


def from_memory(
    model_artifacts: ModelArtifacts | dict[str, Any],
    weight_specs: list[WeightSpec] | None = None,
    weight_data: WeightData | None = None,
    training_config: dict[str, Any] | None = None,
) -> LoadHandler:
    """Returns what loads a model that is in memory already.

    Args:
        model_artifacts: the whole model, or its topology alone.
        weight_specs, weight_data, training_config: the rest, when only the topology came first.
    """
    if isinstance(model_artifacts, ModelArtifacts):
        return _Memory(model_artifacts)
    return _Memory(ModelArtifacts(model_artifacts, weight_specs, weight_data, training_config))


def with_save_handler(save_handler: Callable[[ModelArtifacts], Any]) -> SaveHandler:
    """Returns what saves a model by calling a function with its artifacts.

    Args:
        save_handler: what it returns is what `model.save` returns.
    """
    return _Callback(save_handler)


def _check_options(options: dict[str, Any]) -> None:
    """Raises for what is an option nowhere; those of an http address do nothing elsewhere, but are no mistake."""
    known = [name for name in inspect.signature(http_handler).parameters if name != "path"]
    for option in options:
        if option not in known:
            raise ArgumentTypeError(
                f'Loading a model has no option "{option}".{did_you_mean(option, [*known, "strict"])} '
                f"It takes: strict, {', '.join(known)}."
            )


def _routed(handlers: list[Any], source: str) -> Any:
    found = [handler for handler in handlers if handler is not None]
    if len(found) > 1:
        raise ArgumentError(f"{len(found)} registered routers want {source!r}. Give the handler itself instead.")
    return found[0] if found else None


def _scheme(source: str) -> str:
    return source.partition("://")[0].lower() if "://" in source else ""


def _path(source: str, scheme: str) -> Path:
    if not source:
        raise ArgumentError("Expected a model's folder or address, got an empty text.")
    if scheme == "file":
        parts = urllib.parse.urlsplit(source)
        # "file://models/digits" is how TensorFlow.js writes a relative path.
        return Path(urllib.request.url2pathname(parts.netloc + parts.path))
    if scheme:
        raise ArgumentError(
            f'Nobody knows the scheme "{scheme}" of {source!r}. Use a folder, "file://", "http://" or "https://", or '
            "register it with io.register_load_router() and io.register_save_router()."
        )
    return Path(source)
