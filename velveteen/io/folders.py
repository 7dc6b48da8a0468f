"""A model as a folder: `model.json` and its shards."""

import contextlib
import datetime
import hashlib
import re
from pathlib import Path
from typing import Any

from velveteen.errors import ArgumentError, FileFormatError, MissingFileError
from velveteen.io.artifacts import (
    ModelArtifacts,
    SaveResult,
    buffers,
    from_model_json,
    get_model_artifacts_info_for_json,
    to_model_json,
)
from velveteen.io.files import find_inside, is_left_over, read_exactly, regular_size, write_beside_then_rename
from velveteen.io.manifest import JSON_LIMIT, Group, check_manifest, check_size, parse_json

SHARD_BYTES = 4 * 1024 * 1024
"""TensorFlow.js's converter cuts files at this size, since browsers cache no larger ones."""
_OWN_SHARD = re.compile(r"group\d+-shard\d+of\d+-[0-9a-f]{16}\.bin")


class FolderHandler:
    """Loads a model from a folder, and saves one there.

    Args:
        path: the folder, or its `model.json`.
    """

    def __init__(self, path: str | Path):
        path = Path(path)
        is_json = path.suffix == ".json" and not path.is_dir()
        self.folder = path.parent if is_json else path
        self.file = path if is_json else path / "model.json"

    def load(self) -> ModelArtifacts:
        """Returns the model in the folder.

        Raises:
            MissingFileError: when the folder, `model.json` or a shard is not there.
            FileFormatError, UnknownNameError: when a file is damaged, truncated or hostile.
        """
        for _ in range(3):
            text = self._read_json()
            try:
                return self._load(text)
            except (MissingFileError, FileFormatError):
                # Someone may have saved a newer model between the two reads.
                if self._read_json() == text:
                    raise
        return self._load(self._read_json())

    def save(self, artifacts: ModelArtifacts) -> SaveResult:
        """Replaces the model in the folder. A crash at any line leaves the old model or the new one.

        Files that are not of a model stay as they are. Only one program may save into a folder at a time.

        Raises:
            ArgumentError: when the path is a file's, or the model holds what JSON cannot.
            OSError: when the disk is full, the folder may not be written, …; then the old model is still there.
        """
        shards = cut(artifacts)
        manifest = [{"paths": list(shards), "weights": artifacts.weight_specs or []}]
        text = to_model_json(artifacts, manifest if artifacts.weight_specs is not None else [])
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise ArgumentError(f"Cannot save a model to {self.folder}: it is a file. Give a folder's name.") from error
        for name, content in shards.items():
            # The name tells the content, so the old model.json never finds a new content under an old name.
            write_beside_then_rename(self.folder / name, content)
        write_beside_then_rename(self.file, text)
        self._remove_unreferenced(shards)
        return SaveResult(get_model_artifacts_info_for_json(artifacts))

    def remove(self) -> None:
        """Deletes the model: first `model.json`, so that no half of a model is ever found."""
        where = str(self.file)
        content = parse_json(self._read_json(), where)
        groups = check_manifest(content.get("weightsManifest") or [], where)
        paths = [self.folder / path for group in groups for path in group.paths]
        self.file.unlink()
        for path in paths:
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # other files are in it
            self.folder.rmdir()

    def date_saved(self) -> datetime.datetime:
        """Returns when the model was saved."""
        return datetime.datetime.fromtimestamp(self.file.stat().st_mtime, datetime.UTC)

    def _read_json(self) -> bytes:
        try:
            size = regular_size(self.file)
        except MissingFileError as error:
            raise MissingFileError(
                f"There is no model in {self.folder}: {self.file.name} is missing. "
                "Give the folder that model.save() wrote, or the path of its model.json."
            ) from error
        if size > JSON_LIMIT:
            raise FileFormatError(f"{self.file} has {size} bytes, more than the {JSON_LIMIT} a model.json may have.")
        return self.file.read_bytes()

    def _load(self, text: bytes) -> ModelArtifacts:
        where = str(self.file)
        content = parse_json(text, where)
        artifacts = from_model_json(content, where)
        if content.get("weightsManifest") is not None:
            groups = check_manifest(content["weightsManifest"], where)
            artifacts.weight_specs = [spec for group in groups for spec in group.specs]
            artifacts.weight_data = read_groups(self.folder, groups, where)
        return artifacts

    def _remove_unreferenced(self, shards: dict[str, Any]) -> None:
        for path in self.folder.iterdir():
            old_shard = _OWN_SHARD.fullmatch(path.name) and path.name not in shards
            if old_shard or is_left_over(path.name):
                with contextlib.suppress(OSError):  # the new model is complete; a left-over does no harm
                    path.unlink()


def folder(path: str | Path) -> FolderHandler:
    """Returns what loads a model from a folder and saves one there, for `load_layers_model` and `model.save`.

    Args:
        path: the folder, or its `model.json`.
    """
    return FolderHandler(path)


def cut(artifacts: ModelArtifacts) -> dict[str, memoryview]:
    """Returns the shards of a model's weights by their names, `group1-shard1of3-<content>.bin`."""
    if artifacts.weight_data is None:
        return {}
    parts = buffers(artifacts.weight_data)
    data = memoryview(parts[0] if len(parts) == 1 else b"".join(parts)).cast("B")
    pieces = [data[start : start + SHARD_BYTES] for start in range(0, data.nbytes, SHARD_BYTES)]
    names = [
        f"group1-shard{number}of{len(pieces)}-{hashlib.sha256(piece).hexdigest()[:16]}.bin"
        for number, piece in enumerate(pieces, 1)
    ]
    return dict(zip(names, pieces, strict=True))


def read_groups(folder: Path, groups: list[Group], where: str) -> bytearray:
    """Returns the bytes of all groups' files, having checked that they are as many as the weights need.

    Raises:
        MissingFileError, FileFormatError: as `FolderHandler.load`.
    """
    files = [[find_inside(folder, path) for path in group.paths] for group in groups]
    for group, paths in zip(groups, files, strict=True):
        check_size(group, sum(regular_size(path) for path in paths), where)
    sizes = [(path, regular_size(path)) for paths in files for path in paths]
    data = bytearray(sum(size for _, size in sizes))
    offset = 0
    for path, size in sizes:
        read_exactly(path, memoryview(data)[offset : offset + size])
        offset += size
    return data
