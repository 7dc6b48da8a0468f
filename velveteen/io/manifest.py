"""Reads `model.json` as if an enemy had written it: everything is checked before anything is allocated."""

import json
import math
from pathlib import PurePosixPath
from typing import Any, NamedTuple, NoReturn

from velveteen.errors import FileFormatError, unknown_name
from velveteen.io.artifacts import WeightSpec

JSON_LIMIT = 32 * 1024 * 1024
"""Largest `model.json` that is read, in bytes: parsed, its text can take twenty times as much memory."""
BYTES_PER_VALUE = {"float32": 4, "int32": 4, "bool": 1, "complex64": 8, "uint8": 1, "uint16": 2, "float16": 2}
STRING_LENGTH_BYTES = 4
_DTYPES = ("float32", "int32", "bool", "string", "complex64")
_QUANTIZED_DTYPES = ("uint8", "uint16", "float16")
_DEPTH_LIMIT = 200
_RANK_LIMIT = 16
_VALUES_LIMIT = 2**48
_AGAIN = "The file is damaged or not a TensorFlow.js model; save or download it again."


class Group(NamedTuple):
    """Some weights, and the files that hold their bytes one after the other."""

    paths: list[str]
    specs: list[WeightSpec]


def parse_json(text: bytes, where: str) -> dict[str, Any]:
    """Returns the object that a JSON text holds.

    Raises:
        FileFormatError: larger than `JSON_LIMIT`, not UTF-8, not JSON, no object, nested too deeply, a key twice, or
            a number that is not finite.
    """
    if len(text) > JSON_LIMIT:
        raise FileFormatError(
            f"{where} has {len(text)} bytes, more than the {JSON_LIMIT} a model.json may have. {_AGAIN}"
        )
    try:
        content = json.loads(
            text.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_without_duplicates,
        )
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{where} is not UTF-8 text. {_AGAIN}") from error
    except RecursionError as error:
        raise FileFormatError(f"{where} is nested too deeply. {_AGAIN}") from error
    except ValueError as error:
        raise FileFormatError(f"{where} is not JSON: {error}. {_AGAIN}") from error
    if not isinstance(content, dict):
        raise FileFormatError(f"{where} must hold a JSON object, got {content!r:.80}. {_AGAIN}")
    _check_depth(content, where)
    return content


def check_manifest(manifest: Any, where: str) -> list[Group]:
    """Returns the groups of a `weightsManifest`.

    Raises:
        FileFormatError: when a field has another type than TensorFlow.js writes, a name or path comes twice, or a path
            leads out of the model's folder.
    """
    if not isinstance(manifest, list):
        raise FileFormatError(f'{where}: "weightsManifest" must be a list, got {manifest!r:.80}. {_AGAIN}')
    groups = []
    for number, entry in enumerate(manifest):
        here = f"{where}: weightsManifest[{number}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("paths"), list):
            raise FileFormatError(f'{here} must be an object with "paths" and "weights". {_AGAIN}')
        groups.append(
            Group([check_path(path, here) for path in entry["paths"]], check_specs(entry.get("weights"), here))
        )
    _check_unique([path for group in groups for path in group.paths], "path", where)
    _check_unique([spec["name"] for group in groups for spec in group.specs], "weight", where)
    return groups


def check_specs(specs: Any, where: str) -> list[WeightSpec]:
    """Returns the specs of weights, having checked name, dtype, shape and quantization of each.

    Raises:
        FileFormatError: a field that is missing, of another type or absurd.
        UnknownNameError: a dtype that nobody knows.
    """
    if not isinstance(specs, list):
        raise FileFormatError(f"{where}: the weights must be a list, got {specs!r:.80}. {_AGAIN}")
    for spec in specs:
        if not isinstance(spec, dict) or not isinstance(spec.get("name"), str) or not spec["name"]:
            raise FileFormatError(f"{where}: a weight must be an object with a name, got {spec!r:.80}. {_AGAIN}")
        here = f"{where}: weight {spec['name']!r:.80}"
        _check_shape(spec.get("shape"), here)
        if spec.get("dtype") not in _DTYPES:
            raise unknown_name(f"dtype in {here}", f"{spec.get('dtype')!s:.80}", _DTYPES)
        if spec.get("quantization") is not None:
            _check_quantization(spec, here)
        if spec.get("group") is not None and not isinstance(spec["group"], str):
            raise FileFormatError(f"{here}: the group must be a text, got {spec['group']!r:.80}. {_AGAIN}")
    _check_unique([spec["name"] for spec in specs], "weight", where)
    return specs


def check_path(path: Any, where: str) -> str:
    """Returns the path of a shard, relative to the model's folder.

    Raises:
        FileFormatError: when it is none, or leads anywhere else.
    """
    fine = isinstance(path, str) and path.isprintable() and not set(path) & set('\\:*?"<>|#')
    if fine:
        parts = PurePosixPath(path).parts
        fine = bool(parts) and ".." not in parts and not path.startswith("/") and not path.endswith("/")
    if not fine:
        raise FileFormatError(
            f"{where}: the path {path!r:.80} does not name a file inside the model's folder, so it is not opened. {_AGAIN}"
        )
    return path


def fixed_size(specs: list[WeightSpec]) -> tuple[int, bool]:
    """Returns how many bytes the weights take at least, and whether that is the exact number.

    It is not exact with strings among them, whose lengths stand between their bytes.
    """
    total = sum(math.prod(spec["shape"]) * bytes_per_value(spec) for spec in specs)
    return total, all(spec["dtype"] != "string" for spec in specs)


def bytes_per_value(spec: WeightSpec) -> int:
    """Returns how many bytes each value of a weight takes in the file, for a string at least."""
    if spec.get("quantization") is not None:
        return BYTES_PER_VALUE[spec["quantization"]["dtype"]]
    return STRING_LENGTH_BYTES if spec["dtype"] == "string" else BYTES_PER_VALUE[spec["dtype"]]


def check_size(group: Group, found: int, where: str) -> None:
    """Raises a FileFormatError unless the files of a group have the bytes that its weights need."""
    needed, exact = fixed_size(group.specs)
    if found != needed if exact else found < needed:
        raise FileFormatError(
            f"{where}: the weights in {', '.join(group.paths) or 'no file'} need {'' if exact else 'at least '}{needed} "
            f"bytes, but there are {found}. A file is truncated or of another model; save or download it again."
        )


def _check_shape(shape: Any, where: str) -> None:
    fine = isinstance(shape, list) and len(shape) <= _RANK_LIMIT
    if fine:
        # A size of 0 must not hide what stands beside it: strides are computed from the others.
        fine = all(type(size) is int and 0 <= size < 2**31 for size in shape)
        fine = fine and math.prod(max(size, 1) for size in shape) <= _VALUES_LIMIT
    if not fine:
        raise FileFormatError(f"{where}: the shape must be a list of sizes, got {shape!r:.80}. {_AGAIN}")


def _check_quantization(spec: WeightSpec, where: str) -> None:
    quantization = spec["quantization"]
    if not isinstance(quantization, dict):
        raise FileFormatError(f"{where}: the quantization must be an object, got {quantization!r:.80}. {_AGAIN}")
    dtype = quantization.get("dtype")
    if dtype not in _QUANTIZED_DTYPES:
        raise unknown_name(f"quantization dtype in {where}", f"{dtype!s:.80}", _QUANTIZED_DTYPES)
    takes = ("float32",) if dtype == "float16" else ("float32", "int32")
    if spec["dtype"] not in takes:
        raise FileFormatError(f"{where}: {dtype} holds {' or '.join(takes)}, not {spec['dtype']}. {_AGAIN}")
    if dtype != "float16" and not all(_is_number(quantization.get(key)) for key in ("min", "scale")):
        raise FileFormatError(f'{where}: a quantization to {dtype} needs the numbers "min" and "scale". {_AGAIN}')


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= 3.5e38


def _check_unique(names: list[str], kind: str, where: str) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise FileFormatError(f"{where}: the {kind} {name!r:.80} comes twice. {_AGAIN}")
        seen.add(name)


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text:.20} is too large a number")
    return number


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise ValueError(f"the key {key!r:.80} comes twice in an object")
        content[key] = value
    return content


def _check_depth(content: Any, where: str) -> None:
    level = [content]
    for _ in range(_DEPTH_LIMIT):
        level = [
            child
            for part in level
            for child in (part.values() if isinstance(part, dict) else part)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise FileFormatError(f"{where} is nested too deeply, over {_DEPTH_LIMIT} levels. {_AGAIN}")
