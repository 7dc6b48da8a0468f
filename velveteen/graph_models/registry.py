"""Which function computes which kind of node: velveteen's own, and those that users register."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from velveteen.errors import ArgumentTypeError, UnknownNameError, did_you_mean
from velveteen.graph_models.attributes import Attributes
from velveteen.tensors import Tensor

Function = Callable[..., Any]
"""Computes a node: gets the inputs' values, returns the output's, or a list where there are several."""


@dataclasses.dataclass
class Call:
    """What is known about a node before it runs.

    Attributes:
        name, op: the node's.
        attributes: what it was told.
        constants: the values of those inputs that never change, by their places.
        count: how many inputs it has.
        scope: the model it belongs to, with `function(name)` and `tables`.
    """

    name: str
    op: str
    attributes: Attributes
    constants: Mapping[int, Any]
    count: int
    scope: Any


class Kind(NamedTuple):
    """A kind of node.

    Attributes:
        make: called once with a `Call`, returns the function that computes the node.
        numbers: the places of inputs that the function wants as Python numbers or nested lists (counted from the end
            if negative).
        outputs: the names of the outputs, where there are several that functions read by name.
        many: whether the function returns a list.
    """

    make: Callable[[Call], Function]
    numbers: tuple[int, ...] = ()
    outputs: tuple[str, ...] = ()
    many: bool = False


class GraphNode(NamedTuple):
    """What a function registered with `register_op` gets.

    Attributes:
        name, op: the node's.
        inputs: the inputs' tensors.
        attrs: the attributes by TensorFlow's names, decoded to numbers, texts, booleans, dtypes, shapes and lists.
    """

    name: str
    op: str
    inputs: list[Tensor]
    attrs: dict[str, Any]


KINDS: dict[str, Kind] = {}
_registered: dict[str, Kind] = {}
version = 0
"""Rises with each registration, so that programs made before are made again."""


def kind(
    *names: str, numbers: Iterable[int] = (), outputs: Iterable[str] = (), many: bool = False
) -> Callable[[Callable[[Call], Function]], Callable[[Call], Function]]:
    """Registers the decorated function as what makes the functions of these kinds of nodes; see `Kind`."""

    def decorate(make: Callable[[Call], Function]) -> Callable[[Call], Function]:
        for name in names:
            KINDS[name] = Kind(make, tuple(numbers), tuple(outputs), many)
        return make

    return decorate


def plain(functions: Mapping[str, Function], numbers: Iterable[int] = ()) -> None:
    """Registers functions for nodes without attributes that matter."""
    for name, function in functions.items():
        KINDS[name] = Kind(lambda call, function=function: function, tuple(numbers))  # type: ignore[misc]


def find_kind(op: str, name: str) -> Kind:
    """Returns the kind of a node.

    Raises:
        UnknownNameError: nobody registered it.
    """
    found = _registered.get(op) or KINDS.get(op)
    if found is None:
        raise UnknownNameError(
            f'Node "{name:.200}" is of the kind "{op:.80}", which velveteen does not have.'
            f"{did_you_mean(op[:80], KINDS)} Write it: vt.register_op({op!r:.80}, function), where function gets the "
            "node with its inputs and attrs, and returns a tensor or a list of tensors."
        )
    return found


def register_op(name: str, op_func: Callable[[GraphNode], Any]) -> None:
    """Tells graph models how to compute a kind of node; one that velveteen has is replaced.

    Args:
        name: the kind, as in the file's `op`.
        op_func: gets a node with `name`, `op`, `inputs` (tensors) and `attrs` (a dict), and returns a tensor, or a list
            of the outputs.
    """
    if not isinstance(name, str) or not callable(op_func):
        raise ArgumentTypeError(f"register_op() expects a name and a function, got {name!r:.80} and {op_func!r:.80}.")

    def make(call: Call) -> Function:
        attributes = call.attributes.as_python()

        def compute(*values: Any) -> list[Any]:
            inputs = [wrap(value) for value in values]
            result = op_func(GraphNode(call.name, call.op, inputs, attributes))
            return [unwrap(part) for part in (result if isinstance(result, list | tuple) else [result])]

        return compute

    global version
    version += 1
    _registered[name] = Kind(make, many=True)


def is_registered(op: str) -> bool:
    """Returns whether a kind of node is computed by a function of the user's."""
    return op in _registered


def deregister_op(name: str) -> None:
    """Takes back what `register_op` registered.

    Args:
        name: the kind; nothing happens when it is not registered.
    """
    global version
    version += 1
    _registered.pop(name, None)


def wrap(value: Any) -> Any:
    """Returns a value of the graph as a Tensor; lists and tables stay what they are."""
    return Tensor.wrap(value) if isinstance(value, torch.Tensor | np.ndarray) else value


def unwrap(value: Any) -> Any:
    """Returns what an operator returned as the graph's values are: torch tensors and arrays of strings."""
    if isinstance(value, Tensor):
        return value.value
    if isinstance(value, bool | int | float | list | np.generic):
        return Tensor(value).value
    return value
