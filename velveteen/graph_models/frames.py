"""Graphs with jumps (Switch, Merge, Enter, Exit, NextIteration): a node runs when its inputs have come.

A value belongs to a frame: the outermost, or one iteration of a loop inside of another frame. What was made in an outer
frame is seen in the inner ones. See "Implementation of Control Flow in TensorFlow" (2017).
"""

import heapq
from collections.abc import Sequence
from typing import Any

from velveteen.errors import ArgumentError
from velveteen.graph_models.nodes import Graph, Node, Source
from velveteen.graph_models.program import as_numbers, bind, constant, describe, explain, resolve, value_inputs
from velveteen.graph_models.registry import unwrap

Frame = tuple[tuple[str, int], ...]
"""The loops around, outermost first, each with the number of its iteration."""

DEAD = object()
"""The output of a Switch on the side that was not taken."""


class FrameProgram:
    """Computes some outputs of a graph with jumps.

    Args:
        order: the nodes that may have to compute.
        graph, feeds, outputs, scope: as for `Program`.
    """

    def __init__(self, order: Sequence[Node], graph: Graph, feeds: list[Source], outputs: list[Source], scope: Any):
        fed = {feed.node for feed in feeds}
        self._feeds = feeds
        self._outputs = [resolve(output, graph) for output in outputs]
        self._nodes = {node.name: node for node in order}
        self._bound = {
            node.name: bind(node, graph, fed, scope) for node in order if node.op not in _JUMPS and node.op != "Const"
        }
        self._inputs = {node.name: [resolve(source, graph) for source in value_inputs(node, graph)] for node in order}
        self._constants: dict[str, list[Any]] = {}
        self._readers: dict[str, list[Node]] = {}
        for node in order:
            waits_for = dict.fromkeys([*[source.node for source in node.inputs], *node.controls])
            for name in waits_for:
                self._readers.setdefault(name, []).append(node)
                source = graph.nodes[name]
                if source.op == "Const" and not source.controls and name not in fed:
                    self._constants[name] = [constant(source, scope)]
        self._values = {node.name: constant(node, scope) for node in order if node.op == "Const"}
        self._loop_constants: dict[str, list[Node]] = {}
        for node in order:
            if node.op == "Enter" and node.attributes.boolean("is_constant"):
                inside = self._loop_constants.setdefault(node.attributes.text("frame_name"), [])
                inside.extend(self._readers.get(node.name, ()))
        self._reader_counts = self._count_readers()
        for output in self._outputs:
            source = graph.nodes[output.node]
            if source.op == "Const" and output.node not in fed:
                self._constants[output.node] = [constant(source, scope)]

    def run(self, values: Sequence[Any]) -> list[Any]:
        """Computes the outputs from the values that were announced as feeds."""
        run = _Run(self._nodes, self._inputs, self._readers)
        outermost: dict[str, list[Any]] = run.values[()]
        outermost.update(self._constants)
        for feed, value in zip(self._feeds, values, strict=True):
            known = outermost.setdefault(feed.node, [])
            known.extend([DEAD] * (feed.place + 1 - len(known)))
            known[feed.place] = value
        for node in self._nodes.values():
            run.announce(node, ())
        unread = dict(self._reader_counts)
        while run.ready:
            node, frame = run.next()
            target, results = self._compute(node, frame, run)
            starts = node.op == "NextIteration" and target not in run.values
            run.store(node, target, results)
            if starts:
                for reader in self._loop_constants.get(target[-1][0], ()):
                    run.announce(reader, target)
            if not frame:
                for name in {source.node for source in node.inputs} & unread.keys():
                    unread[name] -= 1
                    if not unread[name]:
                        outermost[name] = []
            # What goes through a constant Enter is stored outside of the loop, for all its iterations.
            inside = (*frame, (node.attributes.text("frame_name"), 0)) if node.op == "Enter" else target
            for reader in self._readers.get(node.name, ()):
                run.announce(reader, inside)
            run.leave(frame)
        return [self._result(output, outermost) for output in self._outputs]

    def _count_readers(self) -> dict[str, int]:
        """Returns how often each value of the outermost frame is read, for those that no loop reads."""
        looping: set[str] = set()
        stack = [node.name for node in self._nodes.values() if node.op == "Enter"]
        while stack:
            for reader in self._readers.get(stack.pop(), ()):
                if reader.op != "Exit" and reader.name not in looping:
                    looping.add(reader.name)
                    stack.append(reader.name)
        kept = {*self._constants, *(output.node for output in self._outputs)}
        return {
            name: sum(any(source.node == name for source in reader.inputs) for reader in readers)
            for name, readers in self._readers.items()
            if name not in kept and not looping & {name, *(reader.name for reader in readers)}
        }

    def _compute(self, node: Node, frame: Frame, run: "_Run") -> tuple[Frame, list[Any]]:
        arguments = [run.find(source, frame) for source in self._inputs[node.name]]
        if node.op == "Const":
            return frame, [self._values[node.name]]
        try:
            if node.op in _JUMPS:
                return _JUMPS[node.op](node, frame, arguments)
            kind, function, numbers = self._bound[node.name]
            for place in numbers:
                arguments[place] = as_numbers(arguments[place])
            result = function(*arguments)
            return frame, [unwrap(part) for part in result] if kind.many else [unwrap(result)]
        except Exception as error:
            raise explain(error, node) from error

    def _result(self, output: Source, values: dict[str, list[Any]]) -> Any:
        found = values.get(output.node, [])
        if output.place >= len(found) or found[output.place] is DEAD:
            name = describe(self._nodes[output.node]) if output.node in self._nodes else output.node
            raise ArgumentError(
                f"Output {output.place} of {name} was not computed: it lies inside of a loop or of a branch that was not "
                "taken. Ask for an output behind the loop or branch."
            )
        return found[output.place]


class _Run:
    """What is known while a graph runs."""

    def __init__(self, nodes: dict[str, Node], inputs: dict[str, list[Source]], readers: dict[str, list[Node]]):
        self._nodes = nodes
        self._inputs = inputs
        self._readers = readers
        self.values: dict[Frame, dict[str, list[Any]]] = {(): {}}
        self.ready: list[tuple[Frame, int, Node]] = []
        self._announced: dict[Frame, set[str]] = {}
        self._waiting: dict[Frame, int] = {}
        self._count = 0

    def find(self, source: Source, frame: Frame) -> Any:
        """Returns a value that is seen in a frame, or DEAD."""
        for depth in range(len(frame), -1, -1):
            known = self.values.get(frame[:depth], {}).get(source.node)
            if known is not None:
                return known[source.place] if source.place < len(known) else DEAD
        return DEAD

    def announce(self, node: Node, frame: Frame) -> None:
        """Puts a node among those that are ready, if it is and was not before."""
        if node.name in self._announced.setdefault(frame, set()):
            return
        inputs = self._inputs[node.name]
        found = any if node.op == "Merge" and inputs else all
        if not found(self.find(source, frame) is not DEAD for source in inputs):
            return
        if not all(self._has_run(name, frame) for name in node.controls):
            return
        self._announced[frame].add(node.name)
        self._count += 1
        # Outer frames first, and earlier iterations before later ones: when one begins, all that it needs is there.
        heapq.heappush(self.ready, (frame, self._count, node))
        for depth in range(1, len(frame) + 1):
            self._waiting[frame[:depth]] = self._waiting.get(frame[:depth], 0) + 1

    def next(self) -> tuple[Node, Frame]:
        """Takes the next node and its frame."""
        frame, _, node = heapq.heappop(self.ready)
        return node, frame

    def store(self, node: Node, frame: Frame, results: list[Any]) -> None:
        """Keeps a node's outputs."""
        self.values.setdefault(frame, {})[node.name] = results

    def leave(self, frame: Frame) -> None:
        """Forgets the iterations in which nothing is left to do."""
        for depth in range(1, len(frame) + 1):
            part = frame[:depth]
            self._waiting[part] -= 1
            if not self._waiting[part]:
                for known in (self.values, self._announced, self._waiting):
                    known.pop(part, None)

    def _has_run(self, name: str, frame: Frame) -> bool:
        for depth in range(len(frame), -1, -1):
            known = self.values.get(frame[:depth], {}).get(name)
            if known is not None:
                return any(value is not DEAD for value in known) or not known
        return False


def _switch(node: Node, frame: Frame, arguments: list[Any]) -> tuple[Frame, list[Any]]:
    data, condition = arguments
    return frame, [DEAD, data] if bool(condition.reshape(-1)[0]) else [data, DEAD]


def _merge(node: Node, frame: Frame, arguments: list[Any]) -> tuple[Frame, list[Any]]:
    return frame, [next(value for value in arguments if value is not DEAD)]


def _enter(node: Node, frame: Frame, arguments: list[Any]) -> tuple[Frame, list[Any]]:
    if node.attributes.boolean("is_constant"):
        return frame, arguments[:1]
    return (*frame, (node.attributes.text("frame_name"), 0)), arguments[:1]


def _exit(node: Node, frame: Frame, arguments: list[Any]) -> tuple[Frame, list[Any]]:
    return frame[:-1], arguments[:1]


def _next_iteration(node: Node, frame: Frame, arguments: list[Any]) -> tuple[Frame, list[Any]]:
    name, iteration = frame[-1]
    return (*frame[:-1], (name, iteration + 1)), arguments[:1]


_JUMPS = {
    "Switch": _switch,
    "Merge": _merge,
    "Enter": _enter,
    "Exit": _exit,
    "NextIteration": _next_iteration,
}
