"""The attributes of a node, as protobuf's JSON has them: texts in base64, integers as texts, fields left out."""

import base64
import binascii
from typing import Any

from velveteen.errors import FileFormatError

# The numbers are those of TensorFlow's types.proto; a model.json has either them or the names.
_DTYPES = {
    "DT_FLOAT": (1, "float32"),
    "DT_DOUBLE": (2, "float32"),
    "DT_INT32": (3, "int32"),
    "DT_UINT8": (4, "int32"),
    "DT_INT16": (5, "int32"),
    "DT_INT8": (6, "int32"),
    "DT_STRING": (7, "string"),
    "DT_COMPLEX64": (8, "complex64"),
    "DT_INT64": (9, "int32"),
    "DT_BOOL": (10, "bool"),
    "DT_BFLOAT16": (14, "float32"),
    "DT_UINT16": (17, "int32"),
    "DT_COMPLEX128": (18, "complex64"),
    "DT_HALF": (19, "float32"),
}
_BY_NUMBER = dict(_DTYPES.values())


class Attributes:
    """What a node was told beside its inputs.

    Args:
        raw: the node's `attr`.
        where: how errors call the node.
    """

    def __init__(self, raw: dict[str, Any], where: str):
        self.raw = raw
        self.where = where

    def number(self, name: str, default: float = 0) -> Any:
        """Returns an int or a float."""
        value = self._field(name)
        for key in ("i", "f"):
            if value.get(key) is not None:
                return self._number(name, value[key])
        return default

    def numbers(self, name: str, default: list[int] | None = None) -> list[Any]:
        """Returns a list of ints or floats."""
        value = self._field(name).get("list")
        if not isinstance(value, dict):
            return default or []
        return [self._number(name, each) for each in self._list(name, value.get("f") or value.get("i") or [])]

    def boolean(self, name: str, default: bool = False) -> bool:
        """Returns a boolean."""
        return bool(self._field(name).get("b", default)) if name in self.raw else default

    def text(self, name: str, default: str = "") -> str:
        """Returns a text."""
        value = self._field(name).get("s")
        return default if value is None else self._text(name, value)

    def texts(self, name: str) -> list[str]:
        """Returns a list of texts."""
        value = self._field(name).get("list")
        texts = value.get("s") if isinstance(value, dict) else None
        return [self._text(name, each) for each in self._list(name, texts or [])]

    def dtype(self, name: str, default: str | None = None) -> Any:
        """Returns one of velveteen's dtypes, or `default` where there is none that corresponds."""
        return parse_dtype(self._field(name).get("type")) or default

    def shape(self, name: str) -> list[int] | None:
        """Returns the sizes, -1 where any fits; None for any rank."""
        value = self._field(name).get("shape")
        return parse_shape(value, f"{self.where}, attribute {name!r}")

    def function(self, name: str) -> str:
        """Returns the name of a function in the model's library."""
        value = self._field(name).get("func")
        found = value.get("name") if isinstance(value, dict) else None
        if not isinstance(found, str):
            raise self._wrong(name, "a function")
        return found

    def as_python(self) -> dict[str, Any]:
        """Returns all attributes decoded: what a registered function gets."""
        return {name: self._decode(name) for name in self.raw}

    def _decode(self, name: str) -> Any:
        value = self._field(name)
        if "s" in value:
            return self.text(name)
        if "b" in value:
            return self.boolean(name)
        if "type" in value:
            return self.dtype(name)
        if "shape" in value:
            return self.shape(name)
        if "func" in value:
            return self.function(name)
        if "list" in value:
            lists = value["list"] if isinstance(value["list"], dict) else {}
            if lists.get("s"):
                return self.texts(name)
            if lists.get("type"):
                return [parse_dtype(each) for each in self._list(name, lists["type"])]
            if lists.get("shape"):
                return [parse_shape(each, self.where) for each in self._list(name, lists["shape"])]
            return list(lists["b"]) if lists.get("b") else self.numbers(name)
        return self.number(name) if value.keys() & {"i", "f"} else None

    def _field(self, name: str) -> dict[str, Any]:
        value = self.raw.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return value

    def _list(self, name: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self._wrong(name, "a list")
        return value

    def _number(self, name: str, value: Any) -> Any:
        if isinstance(value, int | float):
            return value
        try:
            return int(value)
        except (TypeError, ValueError):
            pass
        try:
            return float(value)  # protobuf writes "Infinity" and "NaN" as texts
        except (TypeError, ValueError) as error:
            raise self._wrong(name, "a number") from error

    def _text(self, name: str, value: Any) -> str:
        try:
            content = bytes(value) if isinstance(value, list) else base64.b64decode(value, validate=True)
            return content.decode("utf-8")
        except (binascii.Error, TypeError, ValueError) as error:
            raise self._wrong(name, "a text in base64") from error

    def _wrong(self, name: str, expected: str) -> FileFormatError:
        return FileFormatError(
            f"{self.where}: the attribute {name!r:.80} must be {expected}, got {self.raw.get(name)!r:.80}. "
            "The file is damaged; convert or download it again."
        )


def parse_dtype(value: Any) -> Any:
    """Returns velveteen's dtype for TensorFlow's, given by name or number; None where there is none."""
    if isinstance(value, str):
        return _DTYPES.get(value, (0, None))[1]
    return _BY_NUMBER.get(value) if isinstance(value, int) else None


def parse_shape(value: Any, where: str) -> list[int] | None:
    """Returns the sizes of a TensorShapeProto, -1 where any fits; None for any rank."""
    if not isinstance(value, dict) or value.get("unknownRank"):
        return None
    try:
        sizes = [int(dim.get("size", 0)) for dim in value.get("dim") or []]
    except (AttributeError, TypeError, ValueError) as error:
        raise FileFormatError(f"{where}: a shape must be a list of sizes, got {value!r:.80}.") from error
    if len(sizes) > 16 or not all(-1 <= size < 2**31 for size in sizes):
        raise FileFormatError(f"{where}: a shape must be a list of sizes, got {value!r:.80}.")
    return sizes
