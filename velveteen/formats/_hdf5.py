"""HDF5 files read as if an enemy had written them: no links out of the file, nothing larger than the file can hold."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from velveteen.errors import FileFormatError, MissingFileError, VelveteenError
from velveteen.formats._hdf5_heaps import check_heaps

ATTRIBUTE_LIMIT = 32 * 1024 * 1024
"""Largest attribute that is read, in bytes: an .h5 file keeps a model's config in one."""
_DATASETS_LIMIT = 100_000
_DEPTH_LIMIT = 200
_PACKING_LIMIT = 1100  # deflate cannot pack tighter than 1 : 1032
_FILTERS = (1, 2, 3)  # deflate, shuffle, checksums; others would be loaded from the machine's plugins
_KINDS = "fiub"
_AGAIN = "The file is damaged, hostile or of another program; save or download it again."


def h5py_module() -> Any:
    """Returns the module h5py, or says how to install it."""
    try:
        import h5py
    except ImportError as error:
        raise MissingFileError(
            'Files of Keras need the package h5py, which is not installed. Install it with pip install "velveteen[keras]".'
        ) from error
    return h5py


@contextlib.contextmanager
def open_hdf5(source: Path | bytes, where: str) -> Iterator[Any]:
    """Opens an HDF5 file, or the bytes of one, as an h5py group.

    Raises:
        FileFormatError: for whatever goes wrong while it is open, except for errors of velveteen's own.
    """
    h5py = h5py_module()
    try:
        check_heaps(source, where)
        if isinstance(source, bytes):
            file = h5py.File(h5py.h5f.open_file_image(source))
        else:
            file = h5py.File(source, "r", locking=False)
        with file:
            yield file
    except VelveteenError:
        raise
    except Exception as error:  # h5py raises OSError, KeyError, RuntimeError, … as the library below pleases
        raise FileFormatError(f"{where} cannot be read: {type(error).__name__}: {error!s:.200}. {_AGAIN}") from error


def datasets(group: Any, where: str) -> dict[str, Any]:
    """Returns all datasets below a group by their paths, having checked each.

    Raises:
        FileFormatError: a link that is not plain, data outside of the file, an unknown filter, no numbers, more values
            than the bytes in the file can hold, or groups in a circle.
    """
    h5py = h5py_module()
    found: dict[str, Any] = {}
    waiting = [("", group, 0)]
    groups = 0
    while waiting:
        path, parent, depth = waiting.pop()
        groups += 1
        if depth > _DEPTH_LIMIT or groups > _DATASETS_LIMIT or len(found) > _DATASETS_LIMIT:
            raise FileFormatError(f"{where} holds too many groups, or groups within themselves. {_AGAIN}")
        for name in parent:
            here = f"{path}/{name}" if path else str(name)
            child = _plain_child(parent, name, f"{where}: {here!s:.120}")
            if isinstance(child, h5py.Group):
                waiting.append((here, child, depth + 1))
            else:
                _check_dataset(child, f"{where}: {here!s:.120}")
                found[here] = child
    return found


def group_at(parent: Any, path: str, where: str) -> Any:
    """Returns the group at a path, following plain links only, or None.

    Raises:
        FileFormatError: a link that is not plain on the way.
    """
    h5py = h5py_module()
    for name in path.split("/"):
        if not isinstance(parent, h5py.Group) or name not in parent:
            return None
        parent = _plain_child(parent, name, f"{where}: {path:.120}")
    return parent if isinstance(parent, h5py.Group) else None


def read_array(dataset: Any, where: str) -> np.ndarray:
    """Returns the numbers of a dataset that `datasets` has checked, as float32 or int32."""
    array = dataset[()]
    if not isinstance(array, np.ndarray):
        array = np.asarray(array)
    if array.dtype.kind not in _KINDS:
        raise FileFormatError(f"{where} holds no numbers. {_AGAIN}")
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int32)


def attribute(owner: Any, name: str, where: str) -> Any:
    """Returns an attribute, or None when it is not there.

    Raises:
        FileFormatError: it is larger than any that Keras writes.
    """
    if name not in owner.attrs:
        return None
    size = owner.attrs.get_id(name).get_storage_size()
    if size > ATTRIBUTE_LIMIT:
        raise FileFormatError(f'{where}: the attribute "{name}" has {size} bytes, too many. {_AGAIN}')
    value = owner.attrs[name]
    return value.decode() if isinstance(value, bytes) else value


def texts(owner: Any, name: str, where: str) -> list[str]:
    """Returns an attribute that is a list of texts; a large one is kept in pieces, as name0, name1 and so on.

    Raises:
        FileFormatError: it is not there, or no such list.
    """
    parts = []
    whole = attribute(owner, name, where)
    if whole is not None:
        parts.append(whole)
    else:
        while (part := attribute(owner, f"{name}{len(parts)}", where)) is not None:
            parts.append(part)
    if not parts:
        raise FileFormatError(f'{where} lacks the attribute "{name}". {_AGAIN}')
    values = [value for part in parts for value in np.asarray(part).ravel().tolist()]
    found = [value.decode() if isinstance(value, bytes) else value for value in values]
    if not all(isinstance(value, str) for value in found):
        raise FileFormatError(f'{where}: the attribute "{name}" must hold texts. {_AGAIN}')
    return found


def _plain_child(parent: Any, name: str, where: str) -> Any:
    h5py = h5py_module()
    link = parent.get(name, getlink=True)
    if type(link) is not h5py.HardLink:
        raise FileFormatError(f"{where} is a link to elsewhere, so it is not opened. {_AGAIN}")
    return parent[name]


def _check_dataset(dataset: Any, where: str) -> None:
    h5py = h5py_module()
    if not isinstance(dataset, h5py.Dataset):
        raise FileFormatError(f"{where} is neither a group nor a dataset. {_AGAIN}")
    if dataset.is_virtual or dataset.external:
        raise FileFormatError(f"{where} keeps its numbers in another file, so it is not opened. {_AGAIN}")
    shape, dtype = dataset.shape, dataset.dtype
    if shape is None or dtype.kind not in _KINDS or dtype.subdtype is not None:
        raise FileFormatError(f"{where} holds no numbers, but {dtype!s:.40}. {_AGAIN}")
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]
    if any(number not in _FILTERS for number in filters):
        raise FileFormatError(f"{where} is packed in a way that velveteen does not open. Save it without compression.")
    needed = math.prod(shape) * dtype.itemsize
    stored = dataset.id.get_storage_size()
    if needed > stored * (_PACKING_LIMIT if filters else 1):
        raise FileFormatError(
            f"{where} claims shape {list(shape)!s:.80}, {needed} bytes, but {stored} are stored for it. {_AGAIN}"
        )
