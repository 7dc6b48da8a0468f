"""From the nodes that some outputs need to a flat program: which functions, in which order, from which slot to which."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from velveteen.errors import ArgumentError, FileFormatError, ShapeError, VelveteenError
from velveteen.graph_models import registry
from velveteen.graph_models.nodes import Graph, Node, Source
from velveteen.graph_models.registry import Call, Function, Kind, unwrap
from velveteen.tensors import Tensor

CONTROL_FLOW = frozenset({"Switch", "Merge", "Enter", "Exit", "NextIteration"})
"""The kinds of nodes that make an order known beforehand impossible."""


class Step(NamedTuple):
    """One call of a function."""

    node: Node
    function: Function
    inputs: tuple[int, ...]  # slots
    numbers: tuple[int, ...]  # places among the inputs that the function wants as Python numbers
    outputs: tuple[tuple[int, int], ...]  # place in the result, slot; empty when nobody reads it
    many: bool  # the function returns a list
    last_use: tuple[int, ...]  # slots that nobody reads afterwards


class Program:
    """Computes some outputs of a graph without jumps.

    Args:
        order: the nodes that compute, each after its inputs.
        graph: the whole graph, its constants among it.
        feeds: what will be given, in this order.
        outputs: what to return.
        scope: the model; its `weights` has the constants by name.
    """

    def __init__(self, order: Sequence[Node], graph: Graph, feeds: list[Source], outputs: list[Source], scope: Any):
        self._graph = graph
        self._scope = scope
        self._fed = {feed.node for feed in feeds}
        self._slots: dict[Any, int] = {(feed.node, feed.place): slot for slot, feed in enumerate(feeds)}
        self._constants: dict[int, Any] = {}
        drafts = [self._draft(node) for node in order]
        self._outputs = [self._slot(resolve(output, graph)) for output in outputs]
        self._steps = self._finish(drafts)
        self._template = [self._constants.get(slot) for slot in range(len(self._slots))]

    def run(self, values: Sequence[Any]) -> list[Any]:
        """Computes the outputs from the values that were announced as feeds."""
        slots = [*values, *self._template[len(values) :]]
        step = None
        try:
            for step in self._steps:
                arguments = [slots[slot] for slot in step.inputs]
                for place in step.numbers:
                    arguments[place] = as_numbers(arguments[place])
                result = step.function(*arguments)
                for slot in step.last_use:
                    slots[slot] = None
                if step.many:
                    for place, slot in step.outputs:
                        slots[slot] = unwrap(result[place])
                elif step.outputs:
                    slots[step.outputs[0][1]] = result.value if type(result) is Tensor else result
        except Exception as error:
            if step is None:
                raise
            raise explain(error, step.node) from error
        return [slots[slot] for slot in self._outputs]

    def _draft(self, node: Node) -> tuple[Node, Kind, Function, tuple[int, ...], tuple[int, ...]]:
        kind, function, numbers = bind(node, self._graph, self._fed, self._scope)
        sources = [resolve(source, self._graph) for source in value_inputs(node, self._graph)]
        inputs, waiting = [], []
        for place, source in enumerate(sources):
            if place in numbers and self._is_constant(source.node):
                inputs.append(self._numbers_slot(source.node))
            else:
                inputs.append(self._slot(source))
                if place in numbers:
                    waiting.append(place)
        return node, kind, function, tuple(inputs), tuple(waiting)

    def _slot(self, source: Source) -> int:
        key = (source.node, source.place)
        if key not in self._slots:
            self._slots[key] = len(self._slots)
            if self._is_constant(source.node):
                self._constants[self._slots[key]] = constant(self._graph.nodes[source.node], self._scope)
        return self._slots[key]

    def _numbers_slot(self, name: str) -> int:
        """Returns the slot of a constant as Python numbers, read once and not at every call."""
        key = (name, "numbers")
        if key not in self._slots:
            self._slots[key] = len(self._slots)
            self._constants[self._slots[key]] = as_numbers(constant(self._graph.nodes[name], self._scope))
        return self._slots[key]

    def _is_constant(self, name: str) -> bool:
        return name not in self._fed and self._graph.nodes[name].op == "Const"

    def _finish(self, drafts: list[Any]) -> list[Step]:
        read = {slot for draft in drafts for slot in draft[3]} | set(self._outputs)
        made: dict[str, list[tuple[int, int]]] = {}
        for (name, index), slot in self._slots.items():
            if slot in read and index != "numbers":
                made.setdefault(name, []).append((index, slot))
        read_later = set(self._outputs) | set(self._constants)
        steps = []
        for node, kind, function, inputs, numbers in reversed(drafts):
            done = tuple(slot for slot in dict.fromkeys(inputs) if slot not in read_later)
            read_later.update(inputs)
            outputs = tuple(made.get(node.name, ()))
            if not kind.many and any(place for place, _ in outputs):
                raise FileFormatError(f"{describe(node)} has one output, but the graph reads another.")
            steps.append(Step(node, function, inputs, numbers, outputs, kind.many, done))
        return steps[::-1]


def select(graph: Graph, fed: set[str], outputs: Sequence[Source]) -> list[Node]:
    """Returns the nodes that compute the outputs, each after those it reads.

    Constants are left out, unless control flow decides whether they are there.

    Written without recursion, since a graph may be thousands of nodes deep. The way back in a loop, from NextIteration
    to Merge, is no order.

    Raises:
        ArgumentError: an output needs an input that is not given.
        FileFormatError: the graph has a cycle.
    """
    order = _sort(graph, fed, outputs, gated_constants=False)
    if any(node.op in CONTROL_FLOW for node in order):
        order = _sort(graph, fed, outputs, gated_constants=True)
    return order


def _sort(graph: Graph, fed: set[str], outputs: Sequence[Source], gated_constants: bool) -> list[Node]:
    order: list[Node] = []
    state: dict[str, str] = {}
    missing = []
    later = [output.node for output in outputs]
    for root in later:  # grows while it is walked: loops' ends come after everything else
        stack = [(root, False)]
        while stack:
            name, inputs_done = stack.pop()
            node = graph.nodes[name]
            if inputs_done:
                state[name] = "done"
                order.append(node)
                continue
            is_given = name in fed or (node.op == "Const" and not (gated_constants and node.controls))
            if is_given or state.get(name) == "done":
                continue
            if state.get(name) == "open":
                raise FileFormatError(f"The graph has a cycle at {describe(node)}, so it cannot be computed.")
            if node.op == "Placeholder":
                missing.append(name)
                state[name] = "done"
                continue
            state[name] = "open"
            stack.append((name, True))
            for source in (*node.controls[::-1], *[source.node for source in node.inputs[::-1]]):
                if node.op == "Merge" and graph.nodes[source].op == "NextIteration":
                    later.append(source)
                else:
                    stack.append((source, False))
    if missing:
        raise ArgumentError(
            f"The outputs {', '.join(output.node for output in outputs)} need the input {', '.join(missing)}, which is "
            "not given. Give a dict with all inputs by their names."
        )
    return order


def bind(node: Node, graph: Graph, fed: set[str], scope: Any) -> tuple[Kind, Function, tuple[int, ...]]:
    """Returns what computes a node, and the places among its inputs that are wanted as Python numbers."""
    kind = registry.find_kind(node.op, node.name)
    inputs = value_inputs(node, graph)
    constants = {
        place: constant(graph.nodes[source.node], scope)
        for place, source in enumerate(inputs)
        if source.node not in fed and graph.nodes[source.node].op == "Const"
    }
    try:
        function = kind.make(Call(node.name, node.op, node.attributes, constants, len(inputs), scope))
    except Exception as error:
        raise explain(error, node) from error
    numbers = {place if place >= 0 else place + len(inputs) for place in kind.numbers}
    return kind, function, tuple(sorted(place for place in numbers if 0 <= place < len(inputs)))


def value_inputs(node: Node, graph: Graph) -> list[Source]:
    """Returns a node's inputs without those that only give an order, which older files do not mark."""
    return [source for source in node.inputs if graph.nodes[source.node].op != "NoOp"]


def resolve(source: Source, graph: Graph) -> Source:
    """Returns a source by its output's number, where a function gave the name."""
    if not source.label:
        return source
    node = graph.nodes[source.node]
    kind = registry.KINDS.get(node.op)
    first = kind.outputs.index(source.label) if kind and source.label in kind.outputs else 0
    return Source(source.node, first + source.place)


def constant(node: Node, scope: Any) -> Any:
    """Returns the value of a Const node.

    Raises:
        FileFormatError: the file has no weight of its name.
    """
    if node.name not in scope.weights:
        raise FileFormatError(
            f"The file lacks the weight {node.name!r:.80} of the graph. Its topology and weights are of different models."
        )
    return scope.weights[node.name]


def as_numbers(value: Any) -> Any:
    """Returns a value as a Python number or nested list."""
    return value.tolist() if isinstance(value, torch.Tensor | np.ndarray) else value


def describe(node: Node) -> str:
    """Returns how errors call a node."""
    return f'node "{node.name:.200}" ({node.op:.80})'


def explain(error: Exception, node: Node) -> Exception:
    """Returns the error to raise for one that a node raised."""
    if isinstance(error, VelveteenError):
        return type(error)(f"In {describe(node)}: {error}")
    if registry.is_registered(node.op):
        return error  # of the user's own function
    reason = f"{error!s:.300}".strip().split("\n")[0].rstrip(".")
    if isinstance(error, RuntimeError | IndexError | NotImplementedError):
        return ShapeError(f"In {describe(node)}: {reason}. Check the shapes of the model's inputs.")
    return FileFormatError(
        f"In {describe(node)}: {type(error).__name__}: {reason}. The graph is damaged, or its inputs are not what it was "
        "made for."
    )
