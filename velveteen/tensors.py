"""Tensor: a thin, immutable wrapper around one torch.Tensor, and how it is made from anything tensor-like.

A string tensor holds a numpy array of Python strings instead, since PyTorch has none.
"""

import asyncio
import weakref
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch

from velveteen import backend
from velveteen.errors import ArgumentTypeError, DisposedError, DtypeError, ShapeError, unknown_name

Dtype = Literal["float32", "int32", "bool", "string", "complex64"]
TensorLike = Any
"""A Tensor, a number, a boolean, a string, nested lists of those, a numpy array, or anything that speaks DLPack."""

TORCH_DTYPES: dict[str, torch.dtype] = {
    "float32": torch.float32,
    "int32": torch.int32,
    "bool": torch.bool,
    "complex64": torch.complex64,
}
_BYTES_PER_ELEMENT = {"float32": 4, "int32": 4, "bool": 1, "complex64": 8}

# By id, not a WeakSet: that would compare tensors with ==, which is element-wise.
_live: "weakref.WeakValueDictionary[int, Tensor]" = weakref.WeakValueDictionary()


class Shape(tuple[int, ...]):
    """A tensor's shape: a tuple that also equals the same list, as TensorFlow.js's shapes are lists."""

    def __eq__(self, other: object) -> bool:
        return tuple.__eq__(self, tuple(other) if isinstance(other, list) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__

    def __repr__(self) -> str:
        return "[" + ", ".join("null" if size is None else str(size) for size in self) + "]"


class Tensor:
    """An immutable array of one dtype.

    Args:
        values: anything tensor-like; it is copied.
        shape: the shape to give it; by default the nesting of `values`.
        dtype: `"float32"`, `"int32"`, `"bool"`, `"string"` or `"complex64"`; by default numbers are float32, booleans
            bool, strings string, and arrays keep their kind.

    Raises:
        ShapeError: ragged lists, or a `shape` that does not fit the values.
        DtypeError: values that have no such dtype.
    """

    __slots__ = ("_store", "name", "__weakref__")
    __array_priority__ = 1000  # numpy_array + tensor is a Tensor, not an object array
    __array_ufunc__ = None
    __hash__ = object.__hash__

    operators: ClassVar[set[str]] = set()
    """Names of the operators that are methods too; filled by velveteen.ops."""

    if TYPE_CHECKING:  # operators become methods when velveteen.ops is imported

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, values: TensorLike, shape: Sequence[int] | None = None, dtype: Dtype | None = None):
        self._adopt(copy_to_store(values, shape, dtype))

    @classmethod
    def wrap(cls, value: torch.Tensor | np.ndarray) -> "Tensor":
        """Returns a Tensor around `value` without copying; the caller gives it away and must not change it."""
        tensor = Tensor.__new__(Tensor)
        tensor._adopt(_normalise(value))
        return tensor

    def _adopt(self, store: torch.Tensor | np.ndarray) -> None:
        self._store: torch.Tensor | np.ndarray | None = store
        self.name: str | None = None
        _live[id(self)] = self

    @property
    def value(self) -> Any:
        """What is wrapped: a torch.Tensor (or a numpy array of strings), shared and not to be changed."""
        if self._store is None:
            raise DisposedError("This tensor was disposed; its values are gone. Call dispose() after the last use.")
        return self._store

    # What it is

    @property
    def shape(self) -> Shape:
        return Shape(self.value.shape)

    @property
    def rank(self) -> int:
        return len(self.value.shape)

    @property
    def size(self) -> int:
        value = self.value
        return value.size if isinstance(value, np.ndarray) else value.numel()

    @property
    def dtype(self) -> Dtype:
        return dtype_name(self.value)

    @property
    def is_disposed(self) -> bool:
        return self._store is None

    # Its values

    def data_sync(self) -> np.ndarray:
        """Returns the values as a new flat numpy array, row by row."""
        return self.numpy().reshape(-1)

    def array_sync(self) -> Any:
        """Returns the values as nested lists of Python numbers, booleans or strings; a scalar as itself."""
        return self.numpy().tolist()

    async def data(self) -> np.ndarray:
        """Awaitable `data_sync`: waits for the device in a worker thread."""
        return await asyncio.to_thread(self.data_sync)

    async def array(self) -> Any:
        """Awaitable `array_sync`."""
        return await asyncio.to_thread(self.array_sync)

    def numpy(self) -> np.ndarray:
        """Returns the values as a new numpy array of the same shape."""
        value = self.value
        if isinstance(value, np.ndarray):
            return value.copy()
        return value.detach().resolve_conj().cpu().numpy().copy()

    def _numeric(self, what: str) -> torch.Tensor:
        value = self.value
        if isinstance(value, np.ndarray):
            raise DtypeError(f"{what} needs numbers, but this tensor holds strings. Use array_sync() or numpy().")
        return value

    def dispose(self) -> None:
        """Frees the memory at once. Calling it again does nothing; Python frees forgotten tensors by itself."""
        self._store = None
        _live.pop(id(self), None)

    # How it prints

    def __str__(self) -> str:
        from velveteen.formatting import tensor_to_string

        return tensor_to_string(self)

    def __repr__(self) -> str:
        return "Tensor (disposed)" if self.is_disposed else str(self)

    def to_string(self, verbose: bool = False) -> str:
        """Returns what `print` prints."""
        from velveteen.formatting import tensor_to_string

        return tensor_to_string(self, verbose)

    # Python's own protocols

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = self.numpy()
        return values if dtype is None else values.astype(dtype, copy=False)

    def __dlpack__(self, **options: Any) -> Any:
        return self._numeric("__dlpack__").detach().clone().__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._numeric("__dlpack__").__dlpack_device__()

    def __len__(self) -> int:
        if self.rank == 0:
            raise ArgumentTypeError("A scalar has no length. Use tensor.size for the number of values.")
        return self.shape[0]

    def __iter__(self) -> Iterator["Tensor"]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: Any) -> "Tensor":
        """Indexes as numpy does: integers, slices, `...`, `None`, and integer or boolean tensors."""
        places = tuple(_unwrap_index(part) for part in index) if isinstance(index, tuple) else _unwrap_index(index)
        value = self.value
        try:
            picked = index_backwards(value, places) if isinstance(value, torch.Tensor) else value[places]
        except (IndexError, TypeError, ValueError) as error:
            raise ShapeError(f"Cannot index a tensor of shape {self.shape} with {index!r}: {error}") from error
        return Tensor.wrap(picked if isinstance(picked, torch.Tensor) else np.asarray(picked, dtype=object))

    def _scalar(self, what: str) -> Any:
        if self.size != 1:
            raise ShapeError(f"{what} needs a single value, but this tensor has shape {self.shape}.")
        return self.value.item()

    def __bool__(self) -> bool:
        return bool(self._scalar("bool()"))

    def __float__(self) -> float:
        return float(self._scalar("float()"))

    def __int__(self) -> int:
        return int(self._scalar("int()"))

    def __index__(self) -> int:
        if self.dtype != "int32":
            raise ArgumentTypeError(f"Only an int32 tensor can be an index, this one is {self.dtype}.")
        return int(self._scalar("An index"))

    # Last, since inside of the class it hides the module of that name.
    def torch(self) -> torch.Tensor:
        """Returns a torch.Tensor with a copy of the values, on the same device; gradients flow through it.

        Raises:
            DtypeError: for a string tensor.
        """
        return self._numeric("torch()").clone()


def copy_to_store(
    values: TensorLike, shape: Sequence[int] | None = None, dtype: Dtype | None = None
) -> torch.Tensor | np.ndarray:
    """Returns a fresh torch tensor on the backend's device (or an array of strings) with a copy of `values`."""
    if dtype is not None:
        check_dtype(dtype)
    store = _read(values)
    if dtype == "string" and isinstance(values, list | tuple) and 0 in store.shape:  # nothing tells what it holds
        store = np.empty(tuple(store.shape), dtype=object)
    if dtype == "string" or isinstance(store, np.ndarray):
        if dtype not in (None, "string") or not isinstance(store, np.ndarray):
            raise DtypeError(f"Cannot make a {dtype} tensor from {_describe(values)}.")
        return store if shape is None else _reshape(store, shape)
    store = _normalise(store)
    if dtype is not None and store.dtype != TORCH_DTYPES[dtype]:
        store = store.to(TORCH_DTYPES[dtype])
    store = store.to(backend.device())
    return store if shape is None else _reshape(store, shape)


def dtype_name(store: torch.Tensor | np.ndarray) -> Dtype:
    """Returns velveteen's name for what a store holds."""
    if isinstance(store, np.ndarray):
        return "string"
    for name, torch_dtype in TORCH_DTYPES.items():
        if store.dtype == torch_dtype:
            return name  # type: ignore[return-value]
    return dtype_name(_normalise(store))


def check_dtype(dtype: str) -> None:
    """Raises an UnknownNameError unless `dtype` is one of velveteen's."""
    if dtype not in (*TORCH_DTYPES, "string"):
        raise unknown_name("dtype", dtype, (*TORCH_DTYPES, "string"))


def live_tensors() -> list[Tensor]:
    """Returns the tensors that exist and are not disposed."""
    return [tensor for tensor in _live.values() if not tensor.is_disposed]


def _read(values: TensorLike) -> torch.Tensor | np.ndarray:
    """Returns a copy of `values`: a torch tensor, or a numpy array of strings."""
    if isinstance(values, Tensor):
        value = values.value
        return value.copy() if isinstance(value, np.ndarray) else value.detach().clone()
    if isinstance(values, torch.Tensor):
        return values.detach().clone()
    if isinstance(values, np.ndarray | np.generic):
        return _read_numpy(np.asarray(values))
    if hasattr(values, "__dlpack__"):
        return torch.from_dlpack(values).clone()
    if hasattr(values, "__array__"):
        return _read_numpy(np.asarray(values))
    if isinstance(values, bool | int | float | complex | str | list | tuple):
        return _read_nested(values)
    raise ArgumentTypeError(
        f"Cannot make a tensor from {_describe(values)}. Give numbers, booleans or strings, nested lists of them, "
        "a numpy array, a torch tensor or a Tensor."
    )


def _read_numpy(values: np.ndarray) -> torch.Tensor | np.ndarray:
    if values.dtype.kind in "US" or (values.dtype.kind == "O" and all(isinstance(v, str) for v in values.flat)):
        return values.astype(object)
    if values.dtype.kind not in "biufc":
        raise DtypeError(f"Cannot make a tensor from a numpy array of {values.dtype}. Convert it to numbers first.")
    if values.dtype.kind == "u" and values.dtype.itemsize > 1:
        values = values.astype(np.int64)
    return torch.from_numpy(np.array(values, dtype=values.dtype.newbyteorder("="), order="C"))  # a copy


def _read_nested(values: Any) -> torch.Tensor | np.ndarray:
    """Reads numbers, booleans, strings, or lists of them, in which tensors and arrays may stand as well."""
    if _contains_arrays(values):
        parts = [_read(part) for part in values]
        shapes = {tuple(part.shape) for part in parts}
        if len(shapes) != 1:
            raise ShapeError(f"Cannot stack tensors of different shapes: {[Shape(s) for s in sorted(shapes)]}.")
        if isinstance(parts[0], np.ndarray):
            return np.stack(parts)
        return torch.stack(parts)  # type: ignore[arg-type]
    _check_rectangular(values)
    array = np.array(values, dtype=object) if _first_leaf_is(values, str) else np.array(values)
    if array.dtype == object:
        if not all(isinstance(leaf, str) for leaf in array.flat):
            raise DtypeError("A tensor holds either strings or numbers, but this list mixes or contains other things.")
        return array
    if array.dtype.kind in "US":
        raise DtypeError("A tensor holds either strings or numbers, but this list mixes them.")
    if array.dtype.kind not in "biufc":
        raise DtypeError(f"Cannot make a tensor from {_describe(values)}.")
    # TensorFlow.js has one kind of number: an integer in a list is a float32 like any other.
    if array.dtype.kind in "iuf":
        array = array.astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(array).reshape(array.shape))


def _contains_arrays(values: Any) -> bool:
    return isinstance(values, list | tuple) and any(
        isinstance(part, Tensor | torch.Tensor | np.ndarray) for part in values
    )


def _first_leaf_is(values: Any, kind: type) -> bool:
    while isinstance(values, list | tuple) and values:
        values = values[0]
    return isinstance(values, kind)


def _check_rectangular(values: Any, place: str = "") -> tuple[int, ...]:
    """Returns the shape of nested lists, or says which element breaks it."""
    if not isinstance(values, list | tuple):
        return ()
    if not values:
        return (0,)
    if not any(isinstance(part, list | tuple) for part in values):
        return (len(values),)  # the leaves of one row need no look each
    first = _check_rectangular(values[0], f"{place}[0]")
    for index, part in enumerate(values):
        shape = _check_rectangular(part, f"{place}[{index}]")
        if shape != first:
            expected = f"a list of shape {Shape(first)}" if first else "a single value"
            found = f"has shape {Shape(shape)}" if shape else "is a single value"
            raise ShapeError(
                f"Element {place}[{index}] should be {expected}, as element {place}[0] is, but it {found}. "
                "Make all rows the same length."
            )
    return (len(values), *first)


def _normalise(store: Any) -> Any:
    """Returns the store in one of velveteen's dtypes."""
    if isinstance(store, np.ndarray) or store.dtype in (torch.float32, torch.int32, torch.bool, torch.complex64):
        return store
    if store.dtype.is_complex:
        return store.to(torch.complex64)
    return store.to(torch.float32 if store.dtype.is_floating_point else torch.int32)


def _reshape(store: Any, shape: Sequence[int]) -> Any:
    size = store.size if isinstance(store, np.ndarray) else store.numel()
    if -1 not in shape and int(np.prod(shape, dtype=np.int64)) != size:
        raise ShapeError(f"Shape {Shape(shape)} needs {int(np.prod(shape))} values, but there are {size}.")
    try:
        return store.reshape(tuple(shape))
    except (RuntimeError, ValueError) as error:
        raise ShapeError(f"Cannot give {size} values the shape {Shape(shape)}.") from error


def _unwrap_index(part: Any) -> Any:
    if isinstance(part, Tensor):
        return part.value.long() if part.dtype == "int32" else part.value
    if isinstance(part, list):
        return np.asarray(part)
    return part


def index_backwards(value: torch.Tensor, places: Any) -> torch.Tensor:
    """Indexes a torch tensor, with the negative steps in slices that PyTorch lacks."""
    parts = list(places) if isinstance(places, tuple) else [places]
    flips: list[int] = []
    dims = sum(1 for part in parts if part is not None and part is not Ellipsis)
    source = target = 0
    for at, part in enumerate(parts):
        if part is Ellipsis:
            source += value.dim() - dims
            target += value.dim() - dims
        elif part is None:
            target += 1
        else:
            if isinstance(part, slice):
                if part.step is not None and part.step < 0:
                    chosen = range(*part.indices(value.shape[source]))
                    parts[at] = slice(chosen[-1], chosen[0] + 1, -chosen.step) if chosen else slice(0, 0)
                    flips.append(target)
                target += 1
            source += 1
    picked = value[tuple(parts)]
    return picked.flip(flips) if flips else picked


def _describe(values: Any) -> str:
    text = repr(values)
    return f"{type(values).__name__} {text if len(text) <= 60 else text[:57] + '...'}"
