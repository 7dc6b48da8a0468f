"""Models in a folder of models: listed, copied, moved, removed."""

from pathlib import Path
from typing import Any

from velveteen.errors import ArgumentError, VelveteenError
from velveteen.io.artifacts import ModelArtifactsInfo, get_model_artifacts_info_for_json
from velveteen.io.folders import FolderHandler
from velveteen.io.handlers import find_load_handler, find_save_handler


def list_models(folder: str | Path = ".") -> dict[str, ModelArtifactsInfo]:
    """Returns the models in the folders directly inside `folder`, by their paths.

    Folders without a model, or with a damaged one, are left out.

    Args:
        folder: where the models are; by default the current folder.
    """
    root = Path(folder)
    found = {}
    for path in sorted(root.iterdir()) if root.is_dir() else []:
        if (path / "model.json").is_file():
            try:
                found[str(path)] = _info(FolderHandler(path))
            except VelveteenError:
                continue
    return found


def remove_model(path: str | Path) -> ModelArtifactsInfo:
    """Deletes a model: `model.json`, the files with its weights, and the folder if nothing else is in it.

    Args:
        path: the model's folder.

    Returns:
        what was there.

    Raises:
        MissingFileError, FileFormatError: when there is no model, or it is damaged; then nothing is deleted.
    """
    handler = _folder(path)
    info = _info(handler)
    handler.remove()
    return info


def copy_model(source: Any, target: Any) -> ModelArtifactsInfo:
    """Copies a model, whatever holds it.

    Args:
        source: a folder, an address or a handler, as for `load_layers_model`.
        target: a folder, an address or a handler, as for `model.save`.

    Raises:
        ArgumentError: when both are the same.
    """
    if _is_same(source, target):
        raise ArgumentError(f"Cannot copy the model in {source} onto itself. Give another target.")
    artifacts = find_load_handler(source).load()
    find_save_handler(target).save(artifacts)
    return get_model_artifacts_info_for_json(artifacts)


def move_model(source: str | Path, target: Any) -> ModelArtifactsInfo:
    """Copies a model, then removes it from its old place.

    Args:
        source: the model's folder.
        target: as for `copy_model`.
    """
    handler = _folder(source)
    info = copy_model(source, target)
    handler.remove()
    return info


def _folder(path: str | Path) -> FolderHandler:
    handler = find_load_handler(path)
    if not isinstance(handler, FolderHandler):
        raise ArgumentError(f"Only models in folders can be moved and removed, got {path!r}.")
    return handler


def _info(handler: FolderHandler) -> ModelArtifactsInfo:
    info = get_model_artifacts_info_for_json(handler.load())
    return info._replace(date_saved=handler.date_saved())


def _is_same(source: Any, target: Any) -> bool:
    if not isinstance(source, str | Path) or not isinstance(target, str | Path):
        return source is target
    return Path(source).resolve() == Path(target).resolve()
