"""Tensors as TensorFlow.js's bytes, and back, with quantization to one or two bytes a value."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from velveteen import backend
from velveteen.errors import ArgumentError, FileFormatError
from velveteen.io.artifacts import WeightData, WeightSpec, buffers
from velveteen.io.manifest import STRING_LENGTH_BYTES, Group, bytes_per_value, check_size, check_specs
from velveteen.tensors import Tensor, TensorLike

# Little-endian on every machine: TensorFlow.js writes what x86 and ARM have in memory.
_NUMPY = {"float32": "<f4", "int32": "<i4", "bool": "u1", "complex64": "<c8"}
_QUANTIZED = {"uint8": "u1", "uint16": "<u2", "float16": "<f2"}


class EncodedWeights(NamedTuple):
    """Bytes, and how to read them."""

    data: bytes
    specs: list[WeightSpec]


class NamedTensor(NamedTuple):
    """A tensor and its name in a file."""

    name: str
    tensor: TensorLike


def encode_weights(
    tensors: Mapping[str, TensorLike] | Sequence[tuple[str, TensorLike]],
    group: str | None = None,
    *,
    quantization: str | None = None,
) -> EncodedWeights:
    """Returns the bytes of tensors, one after the other, and the list that says what they are.

    Args:
        tensors: a dict from names to tensors, or pairs of name and tensor.
        group: what they belong to, such as "optimizer"; None for the model.
        quantization: None, or "uint8", "uint16" or "float16": how float32 tensors are stored.

    Raises:
        ArgumentError: for another quantization.
    """
    if quantization is not None and quantization not in _QUANTIZED:
        raise ArgumentError(f'Expected a quantization of "uint8", "uint16" or "float16", got {quantization!r}.')
    data = bytearray()
    specs: list[WeightSpec] = []
    for name, values in tensors.items() if isinstance(tensors, Mapping) else tensors:
        tensor = values if isinstance(values, Tensor) else Tensor(values)
        spec: WeightSpec = {"name": name, "shape": list(tensor.shape), "dtype": tensor.dtype}
        if group is not None:
            spec["group"] = group
        array = tensor.numpy()
        if quantization is not None and tensor.dtype == "float32" and array.size:
            array, spec["quantization"] = _quantize(array, quantization)
            data += array.tobytes()
        elif tensor.dtype == "string":
            for text in array.flat:
                encoded = text.encode()
                data += len(encoded).to_bytes(STRING_LENGTH_BYTES, "little") + encoded
        else:
            data += array.astype(_NUMPY[tensor.dtype], copy=False).tobytes()
        specs.append(spec)
    return EncodedWeights(bytes(data), specs)


def decode_weights(weight_data: WeightData, specs: list[WeightSpec]) -> dict[str, Tensor]:
    """Returns the tensors that `encode_weights` (or TensorFlow.js) wrote, by name.

    Args:
        weight_data: the bytes, as one buffer or several that follow each other.
        specs: what they are, in their order.

    Raises:
        FileFormatError: when the specs are not well formed, or the bytes are not as many as they need.
        UnknownNameError: when a spec has an unknown dtype.
    """
    check_specs(specs, "decode_weights()")
    parts = buffers(weight_data)
    data = memoryview(parts[0] if len(parts) == 1 else b"".join(parts)).cast("B")
    check_size(Group(["weight_data"], specs), data.nbytes, "decode_weights()")
    tensors = {}
    offset = 0
    for spec in specs:
        if spec["dtype"] == "string":
            value, offset = _decode_strings(spec, data, offset)
            tensors[spec["name"]] = Tensor.wrap(value)
            continue
        size = math.prod(spec["shape"]) * bytes_per_value(spec)
        if offset + size > data.nbytes:
            raise FileFormatError(
                f"Weight {spec['name']!r} ends behind the end of the file. Save or download it again."
            )
        array = _decode_numbers(spec, data[offset : offset + size])
        tensors[spec["name"]] = Tensor.wrap(torch.from_numpy(array).to(backend.device()))
        offset += size
    if offset != data.nbytes:
        raise FileFormatError(
            f"The weights end at byte {offset}, but there are {data.nbytes}. Save or download them again."
        )
    return tensors


def get_weight_specs(weights_manifest: list[dict[str, Any]]) -> list[WeightSpec]:
    """Returns the specs of all weights of a `weightsManifest`, in their order."""
    return [spec for group in weights_manifest for spec in group["weights"]]


def _decode_numbers(spec: WeightSpec, data: memoryview) -> np.ndarray:
    """Returns a new array: nothing of a file's buffer stays in use."""
    quantization = spec.get("quantization")
    if quantization is None:
        values = np.frombuffer(data, dtype=_NUMPY[spec["dtype"]])
        values = values != 0 if spec["dtype"] == "bool" else values.astype(spec["dtype"])
    else:
        stored = np.frombuffer(data, dtype=_QUANTIZED[quantization["dtype"]])
        if quantization["dtype"] == "float16":
            values = stored.astype(np.float32)
        else:
            with np.errstate(over="ignore"):  # a hostile scale makes infinities, which are numbers like any other
                exact = stored * float(quantization["scale"]) + float(quantization["min"])
                values = _to_int32(exact) if spec["dtype"] == "int32" else exact.astype(np.float32)
    return values.reshape(spec["shape"])


def _to_int32(values: np.ndarray) -> np.ndarray:
    # JavaScript's Math.round takes halves up, numpy's to the even neighbour.
    limits = np.iinfo(np.int32)
    return np.clip(np.floor(values + 0.5), limits.min, limits.max).astype(np.int32)


def _decode_strings(spec: WeightSpec, data: memoryview, offset: int) -> tuple[np.ndarray, int]:
    texts = []
    for _ in range(math.prod(spec["shape"])):
        start = offset + STRING_LENGTH_BYTES
        end = start + int.from_bytes(data[offset:start], "little")
        if end > data.nbytes:
            raise FileFormatError(
                f"Weight {spec['name']!r} ends behind the end of the file. Save or download it again."
            )
        try:
            texts.append(str(data[start:end], "utf-8"))
        except UnicodeDecodeError as error:
            raise FileFormatError(f"Weight {spec['name']!r} holds bytes that are not UTF-8 text.") from error
        offset = end
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array.reshape(spec["shape"]), offset


def _quantize(values: np.ndarray, dtype: str) -> tuple[np.ndarray, dict[str, Any]]:
    """Returns the stored values and how to read them.

    Affine, as TensorFlow.js's converter does it: `value = stored * scale + min`, with 0 always among the values that
    are exact, so that a pruned weight stays pruned.
    """
    if dtype == "float16":
        limit = np.finfo(np.float16).max
        return np.clip(values, -limit, limit).astype("<f2"), {"dtype": dtype}
    if not np.isfinite(values).all():
        raise ArgumentError(f"A weight with NaN or infinity in it cannot be quantized to {dtype}. Save it without.")
    levels = 255 if dtype == "uint8" else 65535
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = (high - low) / levels or 1.0
    zero = round(-low / scale)
    stored = np.clip(np.round(values.astype(np.float64) / scale) + zero, 0, levels)
    return stored.astype(_QUANTIZED[dtype]), {"dtype": dtype, "min": -zero * scale, "scale": scale}
