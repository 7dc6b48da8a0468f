"""What a Tensor has beside the operators: Python's own `+ - * /`, and the conversions of TensorFlow.js's Tensor."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from velveteen.buffers import TensorBuffer
from velveteen.ops import arithmetic, basic_math, creation, logical, matrices, slicing, transformations
from velveteen.tensors import Dtype, Tensor

__all__: list[str] = []  # methods only: nothing here is a name of the package


def _binary(name: str, function: Callable[..., Any], reflected: bool = True) -> None:
    """Makes `function` the meaning of a Python operator, also with a number or list on the left."""

    def forward(self: Tensor, other: Any) -> Any:
        return NotImplemented if _is_foreign(other) else function(self, other)

    def backward(self: Tensor, other: Any) -> Any:
        return NotImplemented if _is_foreign(other) else function(other, self)

    setattr(Tensor, f"__{name}__", forward)
    if reflected:
        setattr(Tensor, f"__r{name}__", backward)


def _is_foreign(other: Any) -> bool:
    """Returns whether Python should decide what to do: `tensor == None` is False, not an error."""
    return other is None or not (
        isinstance(other, bool | int | float | complex | str | list | tuple | Tensor | TensorBuffer | np.generic)
        or hasattr(other, "__array__")
        or hasattr(other, "__dlpack__")
    )


def _and(a: Any, b: Any) -> Any:
    return (logical.bitwise_and if Tensor(a).dtype == Tensor(b).dtype == "int32" else logical.logical_and)(a, b)


_binary("add", arithmetic.add)
_binary("sub", arithmetic.sub)
_binary("mul", arithmetic.mul)
_binary("truediv", arithmetic.div)
_binary("floordiv", arithmetic.floor_div)
_binary("mod", arithmetic.mod)
_binary("pow", arithmetic.pow)
_binary("matmul", matrices.mat_mul)
_binary("and", _and)
_binary("or", logical.logical_or)
_binary("xor", logical.logical_xor)
_binary("eq", logical.equal, reflected=False)
_binary("ne", logical.not_equal, reflected=False)
_binary("lt", logical.less, reflected=False)
_binary("le", logical.less_equal, reflected=False)
_binary("gt", logical.greater, reflected=False)
_binary("ge", logical.greater_equal, reflected=False)
for _name, _function in {
    "__neg__": basic_math.neg,
    "__pos__": creation.clone,
    "__abs__": basic_math.abs,
    "__invert__": logical.logical_not,
}.items():
    setattr(Tensor, _name, _function)


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    setattr(Tensor, function.__name__, function)
    Tensor.operators.add(function.__name__)
    return function


@_method
def flatten(self: Tensor) -> Tensor:
    """Returns the values as a tensor of rank 1."""
    return transformations.reshape(self, [-1]) if self.size else transformations.reshape(self, [0])


@_method
def as_scalar(self: Tensor) -> Tensor:
    """Returns the only value as a tensor of rank 0."""
    return transformations.reshape(self, [])


@_method
def as_1d(self: Tensor) -> Tensor:
    """Returns the values as a tensor of rank 1."""
    return transformations.reshape(self, [self.size])


@_method
def as_2d(self: Tensor, rows: int, columns: int) -> Tensor:
    """Returns the values as a tensor of rank 2."""
    return transformations.reshape(self, [rows, columns])


@_method
def as_3d(self: Tensor, rows: int, columns: int, depth: int) -> Tensor:
    """Returns the values as a tensor of rank 3."""
    return transformations.reshape(self, [rows, columns, depth])


@_method
def as_4d(self: Tensor, rows: int, columns: int, depth: int, depth2: int) -> Tensor:
    """Returns the values as a tensor of rank 4."""
    return transformations.reshape(self, [rows, columns, depth, depth2])


@_method
def as_5d(self: Tensor, rows: int, columns: int, depth: int, depth2: int, depth3: int) -> Tensor:
    """Returns the values as a tensor of rank 5."""
    return transformations.reshape(self, [rows, columns, depth, depth2, depth3])


@_method
def reshape_as(self: Tensor, x: Tensor) -> Tensor:
    """Returns the values in the shape of `x`."""
    return transformations.reshape(self, x.shape)


@_method
def as_type(self: Tensor, dtype: Dtype) -> Tensor:
    """Returns `cast(dtype)`."""
    return transformations.cast(self, dtype)


@_method
def to_float(self: Tensor) -> Tensor:
    """Returns the values as float32."""
    return transformations.cast(self, "float32")


@_method
def to_int(self: Tensor) -> Tensor:
    """Returns the values as int32, cut towards zero."""
    return transformations.cast(self, "int32")


@_method
def to_bool(self: Tensor) -> Tensor:
    """Returns the values as bool: all but 0 is true."""
    return transformations.cast(self, "bool")


@_method
def buffer_sync(self: Tensor) -> TensorBuffer:
    """Returns a mutable copy, to change value by value."""
    return TensorBuffer(self.shape, self.dtype, self.numpy())


@_method
async def buffer(self: Tensor) -> TensorBuffer:
    """Awaitable `buffer_sync`."""
    return TensorBuffer(self.shape, self.dtype, await self.data())


@_method
async def bytes(self: Tensor) -> Any:
    """Returns the bytes of the values, row by row, little-endian; of strings, a list of their UTF-8 bytes."""
    values = await self.data()
    return [text.encode() for text in values] if self.dtype == "string" else values.tobytes()


_print = creation.print


@_method
def print(self: Tensor, verbose: bool = False) -> None:
    """Prints the values; with `verbose`, dtype, rank and shape too."""
    _print(self, verbose)


@_method
def where(self: Tensor, condition: Any, x: Any) -> Tensor:
    """Returns this tensor's elements where `condition` is true, those of `x` where it is false."""
    return logical.where(condition, self, x)


@_method
def stack(self: Tensor, x: Tensor | Sequence[Tensor], axis: int = 0) -> Tensor:
    """Returns this tensor stacked with another, or with several, along a new axis."""
    return slicing.stack([self, *_several(x)], axis)


@_method
def concat(self: Tensor, x: Tensor | Sequence[Tensor], axis: int = 0) -> Tensor:
    """Returns this tensor joined with another, or with several, along an axis."""
    return slicing.concat([self, *_several(x)], axis)


def _several(x: Tensor | Sequence[Tensor]) -> list[Tensor]:
    return [x] if isinstance(x, Tensor) else list(x)
