"""The zip file that Keras 3 calls `.keras`: opened without trusting its sizes, and written."""

import datetime
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from velveteen.errors import FileFormatError
from velveteen.io.files import regular_size
from velveteen.io.manifest import JSON_LIMIT, parse_json

KERAS_VERSION = "3.15.1"
"""The version whose format is written."""
_ENTRIES_LIMIT = 10_000
_PACKING_LIMIT = 100
_SMALL = 1024 * 1024
_AGAIN = "The file is damaged, hostile or of another program; save or download it again."


def read_archive(path: Path) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Returns config, metadata and the content of `model.weights.h5`. Nothing is unpacked to the disk.

    Raises:
        MissingFileError: the file is not there.
        FileFormatError: it is no such archive, or its parts unpack to far more than it has bytes.
    """
    regular_size(path)
    where = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(names) > _ENTRIES_LIMIT or len(set(names)) != len(names):
                raise FileFormatError(f"{where} holds too many files, or one twice. {_AGAIN}")
            config = parse_json(_read(archive, "config.json", JSON_LIMIT, where), f"{where}: config.json")
            metadata: dict[str, Any] = {}
            if "metadata.json" in names:
                metadata = parse_json(_read(archive, "metadata.json", JSON_LIMIT, where), f"{where}: metadata.json")
            if "model.weights.h5" not in names and any(name.startswith("model.weights") for name in names):
                raise FileFormatError(
                    f"{where} has its weights in several files, which velveteen does not read. "
                    "Save the model without sharding."
                )
            weights = _read(archive, "model.weights.h5", regular_size(path) * _PACKING_LIMIT, where)
    except FileFormatError:
        raise
    except OSError as error:
        if error.filename is not None:  # the disk's fault
            raise
        raise FileFormatError(f"{where} cannot be read: {error!s:.200}. {_AGAIN}") from error
    except Exception as error:  # zipfile raises BadZipFile, NotImplementedError, zlib.error, RuntimeError, EOFError, …
        raise FileFormatError(
            f"{where} is no .keras file that can be read: {type(error).__name__}: {error!s:.200}. {_AGAIN}"
        ) from error
    return config, metadata, weights


def archive_bytes(config: dict[str, Any], weights: bytes, metadata: dict[str, Any]) -> bytes:
    """Returns the content of a `.keras` file."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d@%H:%M:%S")
    described = {"keras_version": KERAS_VERSION, "date_saved": now, **metadata}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("metadata.json", json.dumps(described))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights)
    return content.getvalue()


def _read(archive: zipfile.ZipFile, name: str, limit: int, where: str) -> bytes:
    try:
        entry = archive.getinfo(name)
    except KeyError as error:
        raise FileFormatError(f"{where} lacks {name}, so it is no model that Keras 3 saved. {_AGAIN}") from error
    if entry.file_size > min(limit, max(entry.compress_size * _PACKING_LIMIT, _SMALL)):
        raise FileFormatError(f"{where}: {name} unpacks to {entry.file_size} bytes, too many. {_AGAIN}")
    with archive.open(entry) as file:
        content = file.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise FileFormatError(f"{where}: {name} has another size than the archive says. {_AGAIN}")
    return content
