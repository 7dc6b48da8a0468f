"""Models in the files of other programs: of Keras, in both directions, and ONNX to write.

Importing this teaches `load_layers_model` and `Model.save` the names that end in .keras, .h5 and .onnx.
"""

from pathlib import Path
from typing import Any

from velveteen import io
from velveteen.formats.keras import KerasHandler
from velveteen.formats.onnx import OnnxHandler

KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")


def _load_router(source: str, options: dict[str, Any]) -> KerasHandler | None:
    path = _file(source)
    return KerasHandler(path) if path is not None and path.suffix.lower() in KERAS_SUFFIXES else None


def _save_router(target: str) -> Any:
    path = _file(target)
    if path is None:
        return None
    if path.suffix.lower() == ".onnx":
        return OnnxHandler(path)
    return KerasHandler(path) if path.suffix.lower() in KERAS_SUFFIXES else None


def _file(name: str) -> Path | None:
    """Returns the path of a file, None for an address or a folder, which may be called anything."""
    path = Path(name.removeprefix("file://"))
    return None if "://" in str(name.removeprefix("file://")) or path.is_dir() else path


io.register_load_router(_load_router)
io.register_save_router(_save_router)
