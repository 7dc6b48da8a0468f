"""The decorator that turns a function on torch tensors into an operator of velveteen.

An operator's parameters say what they take by their annotation:

- none: a numeric tensor (or None, where that is the default);
- `Int32`, `Bool`, `Float32`, `String`, `AnyDtype`: a tensor of that dtype; lists are read as it;
- `Tensors`: a list of numeric tensors;
- anything else (`int`, `Sequence[int]`, …): passed as it is.

Called with torch tensors, the function runs as it stands: layers use the very same operators at no cost.
"""

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin

import numpy as np
import torch

from velveteen import backend
from velveteen.buffers import TensorBuffer
from velveteen.errors import ArgumentError, ArgumentTypeError, DtypeError, ShapeError, VelveteenError
from velveteen.tensors import TORCH_DTYPES, Shape, Tensor, copy_to_store, dtype_name

Function = TypeVar("Function", bound=Callable[..., Any])


class _Kind(NamedTuple):
    dtype: str  # "numeric", "any" or one of velveteen's dtypes
    many: bool = False


Int32 = Annotated[Any, _Kind("int32")]
Bool = Annotated[Any, _Kind("bool")]
Float32 = Annotated[Any, _Kind("float32")]
String = Annotated[Any, _Kind("string")]
AnyDtype = Annotated[Any, _Kind("any")]
Tensors = Annotated[Any, _Kind("numeric", many=True)]
AnyTensors = Annotated[Any, _Kind("any", many=True)]
_NUMERIC = _Kind("numeric")


class Operator(NamedTuple):
    """What the registry knows about an operator."""

    name: str  # as in velveteen: "mat_mul", "image.resize_bilinear"
    heading: str  # as in TensorFlow.js's reference
    subheading: str
    function: Callable[..., Any]
    method: bool


REGISTRY: dict[str, Operator] = {}

watchers: list[Callable[[str, list[Any], Any], None]] = []
"""Called after each operator with its name, what it computed with, and its result: debug mode and profiling."""


def operator(
    heading: str, subheading: str, *, namespace: str = "", name: str | None = None, method: bool = False
) -> Callable[[Function], Function]:
    """Registers the decorated function as an operator and lets it take anything tensor-like.

    Args:
        heading, subheading: where TensorFlow.js's reference lists it.
        namespace: `"image"`, `"linalg"`, …; empty for the top.
        name: the public name, where it cannot be the function's own.
        method: whether it is a method of Tensor too, the tensor being the first argument.
    """

    def decorate(function: Function) -> Function:
        public = name or function.__name__
        parameters = list(inspect.signature(function).parameters.values())
        kinds = [_kind(parameter) for parameter in parameters]
        rest = kinds[-1] if parameters and parameters[-1].kind is inspect.Parameter.VAR_POSITIONAL else None
        by_name = {p.name: kind for p, kind in zip(parameters, kinds, strict=True) if kind is not None}

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if args:
                first = args[0]
                if type(first) in (list, tuple) and first:
                    first = first[0]
                if isinstance(first, torch.Tensor) and not _has_wrapped(args):
                    return function(*args, **kwargs)
            values = [
                arg if kind is None else _convert(arg, kind, parameter.name, public)
                for arg, kind, parameter in zip(args, kinds, parameters, strict=False)
            ]
            for arg in args[len(values) :]:  # *tensors; else too many, and Python's own error names the function
                values.append(_convert(arg, rest, parameters[-1].name, public) if rest else arg)
            for key, arg in kwargs.items():
                kind = by_name.get(key)
                if kind is not None:
                    kwargs[key] = _convert(arg, kind, key, public)
            try:
                result = _wrap(function(*values, **kwargs))
            except VelveteenError as error:
                if f"{public}()" in str(error):
                    raise
                raise type(error)(f"{public}(): {error}") from error
            except (RuntimeError, IndexError) as error:
                raise ShapeError(_explain(public, values, error)) from error
            except (TypeError, ValueError, ArithmeticError) as error:
                if error.__traceback__ is not None and error.__traceback__.tb_next is None:
                    raise  # the call itself is wrong, an argument missing, say: Python's message is clear
                error_class = ArgumentTypeError if isinstance(error, TypeError) else ArgumentError
                raise error_class(f"{public}() cannot use its arguments: {error}. See help(vt.{public}).") from error
            for watch in watchers:
                watch(public, values, result)
            return result

        REGISTRY[f"{namespace}.{public}" if namespace else public] = Operator(
            f"{namespace}.{public}" if namespace else public, heading, subheading, call, method
        )
        # `from velveteen.ops.arithmetic import *` brings the operators and nothing else.
        vars(sys.modules[function.__module__]).setdefault("__all__", []).append(function.__name__)
        if method:
            setattr(Tensor, public, call)
            Tensor.operators.add(public)
        return call  # type: ignore[return-value]

    return decorate


def _has_wrapped(args: tuple[Any, ...]) -> bool:
    """Returns whether a Tensor stands among torch tensors, so that all must be converted."""
    for arg in args:
        if isinstance(arg, Tensor) or (type(arg) is list and any(isinstance(part, Tensor) for part in arg)):
            return True
    return False


def _kind(parameter: inspect.Parameter) -> _Kind | None:
    annotation = parameter.annotation
    if annotation is inspect.Parameter.empty:
        return _NUMERIC if parameter.kind is not parameter.VAR_KEYWORD else None
    if get_origin(annotation) is Annotated:
        for mark in get_args(annotation)[1:]:
            if isinstance(mark, _Kind):
                return mark
    return None


def _convert(value: Any, kind: _Kind, argument: str, operator_name: str) -> Any:
    """Returns the torch tensor (or array of strings) an operator computes with."""
    if value is None:
        return None
    if kind.many:
        if isinstance(value, Tensor | str) or not hasattr(value, "__iter__"):
            raise ArgumentTypeError(
                f'{operator_name}() expects a list of tensors for "{argument}", got {type(value).__name__}. '
                "Put it in brackets."
            )
        one = _Kind(kind.dtype)
        return [_convert(v, one, f"{argument}[{i}]", operator_name) for i, v in enumerate(value)]
    if isinstance(value, Tensor):
        store = value.value
        given = True
    elif isinstance(value, torch.Tensor):
        store, given = value, True
    else:
        try:
            store = copy_to_store(value)
        except VelveteenError as error:
            raise type(error)(f'{operator_name}(), argument "{argument}": {error}') from error
        given = isinstance(value, np.ndarray | TensorBuffer)
    if isinstance(store, torch.Tensor) and store.device.type != backend.get_backend():
        store = store.to(backend.device())
    if kind.dtype == "any":
        return store
    if kind.dtype == "numeric":
        if isinstance(store, np.ndarray):
            raise DtypeError(
                f'{operator_name}() expects numbers for "{argument}", but got strings. '
                "Only the operators in velveteen.string take strings."
            )
        return store
    found = dtype_name(store)
    if found == kind.dtype:
        return store
    if given or "string" in (found, kind.dtype):
        raise DtypeError(
            f'{operator_name}() expects {kind.dtype} for "{argument}", but got {found}. '
            f'Convert it with .cast("{kind.dtype}") if that is what you mean.'
        )
    return store.to(TORCH_DTYPES[kind.dtype])


def _wrap(result: Any) -> Any:
    if isinstance(result, torch.Tensor | np.ndarray):
        return Tensor.wrap(result)
    if isinstance(result, tuple):
        parts = [_wrap(part) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
    if isinstance(result, list):
        return [_wrap(part) for part in result]
    if isinstance(result, dict):
        return {key: _wrap(part) for key, part in result.items()}
    return result


def _explain(operator_name: str, values: list[Any], error: Exception) -> str:
    listed = [part for value in values for part in (value if isinstance(value, list) else [value])]
    shapes = [str(Shape(part.shape)) for part in listed if isinstance(part, torch.Tensor)]
    reason = str(error).strip().split("\n")[0].rstrip(".")
    advice = "Reshape one, so that they fit."
    if "non-singleton dimension" in reason:
        advice = "Sizes must be equal or 1, counted from the last axis: reshape() or expand_dims() one of them."
    return f"{operator_name}() cannot work on shapes {' and '.join(shapes) or '(none)'}: {reason}. {advice}"
