"""Weights alone, without a model around them."""

from pathlib import Path
from typing import Any

from velveteen.errors import unknown_name
from velveteen.io.folders import read_groups
from velveteen.io.manifest import check_manifest
from velveteen.io.web import http_handler
from velveteen.io.weights import decode_weights
from velveteen.tensors import Tensor


def load_weights(
    manifest: list[dict[str, Any]],
    file_path_prefix: str | Path = "",
    weight_names: list[str] | None = None,
    **options: Any,
) -> dict[str, Tensor]:
    """Returns the weights of a `weightsManifest`, by name.

    Args:
        manifest: the groups, each with `"paths"` and `"weights"`.
        file_path_prefix: the folder, or the http(s) address, in which the paths are; by default the current folder.
        weight_names: only these; by default all. Groups without any of them are not read.
        options: those of `io.http`, for an address.

    Raises:
        UnknownNameError: when a name is not in the manifest.
        MissingFileError, FileFormatError: when a file is not there, damaged, truncated or hostile.
    """
    groups = check_manifest(manifest, "load_weights()")
    known = [spec["name"] for group in groups for spec in group.specs]
    wanted = known if weight_names is None else weight_names
    for name in wanted:
        if name not in known:
            raise unknown_name("weight", name, known)
    needed = [group for group in groups if any(spec["name"] in wanted for spec in group.specs)]
    prefix = str(file_path_prefix)
    if prefix.startswith(("http://", "https://")):
        data = http_handler(prefix, weight_path_prefix=prefix, **options).read_groups(needed)
    else:
        data = read_groups(Path(prefix), needed, prefix or "load_weights()")
    tensors = decode_weights(data, [spec for group in needed for spec in group.specs])
    return {name: tensors[name] for name in wanted}
