"""A graph as the file has it: nodes that name their inputs. Everything is checked here, before anything runs."""

import dataclasses
from typing import Any, NamedTuple

from velveteen.errors import FileFormatError
from velveteen.graph_models.attributes import Attributes

_AGAIN = "The file is damaged or not a TensorFlow.js graph model; convert or download it again."


class Source(NamedTuple):
    """One of a node's outputs, as an input of another node."""

    node: str
    place: int
    label: str = ""
    """The output's name, which only functions use; `place` then counts from that output's first tensor."""


class Node(NamedTuple):
    """One operation."""

    name: str
    op: str
    inputs: tuple[Source, ...]
    controls: tuple[str, ...]
    """Nodes that must have run before, although their values are not used."""
    attributes: Attributes


@dataclasses.dataclass
class Graph:
    """Nodes by name, in the order of the file."""

    nodes: dict[str, Node]
    arguments: list[str] = dataclasses.field(default_factory=list)
    """Of a function: the names of its parameters."""
    results: list[Source] = dataclasses.field(default_factory=list)
    """Of a function: what it returns."""


def parse_graph(topology: Any, where: str) -> Graph:
    """Returns the nodes of a GraphDef.

    Raises:
        FileFormatError: a field of another type than the converter writes, a name twice, an input that is not there.
    """
    if not isinstance(topology, dict) or not isinstance(topology.get("node"), list):
        raise FileFormatError(f'{where} must be an object with a list "node", got {topology!r:.80}. {_AGAIN}')
    graph = Graph(_nodes(topology["node"], where))
    _check_sources(graph, where)
    return graph


def parse_functions(topology: dict[str, Any], where: str) -> dict[str, Graph]:
    """Returns the functions of a GraphDef's library by their names.

    Raises:
        FileFormatError: as `parse_graph`.
    """
    library = topology.get("library") or {}
    entries = library.get("function") or [] if isinstance(library, dict) else None
    if not isinstance(entries, list):
        raise FileFormatError(f'{where}: "library" must be an object with a list "function". {_AGAIN}')
    functions: dict[str, Graph] = {}
    for entry in entries:
        signature = entry.get("signature") if isinstance(entry, dict) else None
        name = signature.get("name") if isinstance(signature, dict) else None
        if not isinstance(name, str) or name in functions:
            raise FileFormatError(f"{where}: a function must have a name of its own, got {name!r:.80}. {_AGAIN}")
        functions[name] = _function(entry, f"{where}, function {name!r:.80}")
    return functions


def parse_source(text: str) -> Source:
    """Returns what `node`, `node:1` or (in functions) `node:output:0` names."""
    name, *rest = text.split(":")
    if not rest:
        return Source(name, 0)
    index = rest[-1]
    if len(rest) > 2 or not index.isdecimal() or len(index) > 6:
        raise FileFormatError(f"{text!r:.80} does not name a node's output. Write it as node or node:1.")
    return Source(name, int(index), rest[0] if len(rest) == 2 else "")


def _function(entry: dict[str, Any], where: str) -> Graph:
    signature = entry["signature"]
    nodes = _nodes(entry.get("nodeDef") or [], where)
    arguments = []
    for argument in _entries(signature.get("inputArg"), where):
        name = argument["name"].split(":")[0]
        if name in nodes:
            raise FileFormatError(f"{where}: the name {name!r:.80} comes twice. {_AGAIN}")
        arguments.append(name)
        attributes = {"dtype": {"type": argument.get("type")}}
        nodes[name] = Node(name, "Placeholder", (), (), Attributes(attributes, f"{where}, argument {name!r:.80}"))
    returned = entry.get("ret") or {}
    results = []
    for result in _entries(signature.get("outputArg"), where):
        source = returned.get(result["name"]) if isinstance(returned, dict) else None
        if not isinstance(source, str):
            raise FileFormatError(f"{where}: nothing is returned as {result['name']!r:.80}. {_AGAIN}")
        results.append(parse_source(source))
    graph = Graph(nodes, arguments, results)
    _check_sources(graph, where)
    return graph


def _entries(value: Any, where: str) -> list[dict[str, Any]]:
    """Returns the parameters or results of a function, each of which has a name."""
    entries = value or []
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in entries
    ):
        raise FileFormatError(f"{where}: the parameters must be a list of objects with names. {_AGAIN}")
    return entries


def _nodes(entries: Any, where: str) -> dict[str, Node]:
    if not isinstance(entries, list):
        raise FileFormatError(f"{where}: the nodes must be a list, got {entries!r:.80}. {_AGAIN}")
    nodes: dict[str, Node] = {}
    for entry in entries:
        node = _node(entry, where)
        if node.name in nodes:
            raise FileFormatError(f"{where}: the node {node.name!r:.80} comes twice. {_AGAIN}")
        nodes[node.name] = node
    return nodes


def _node(entry: Any, where: str) -> Node:
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in ("name", "op")):
        raise FileFormatError(f"{where}: a node must be an object with name and op, got {entry!r:.80}. {_AGAIN}")
    here = f"Node {entry['name']!r:.80} ({entry['op']:.80})"
    inputs, attributes = entry.get("input") or [], entry.get("attr") or {}
    if not isinstance(inputs, list) or not all(isinstance(name, str) and name.strip("^") for name in inputs):
        raise FileFormatError(f"{here}: the inputs must be a list of names, got {inputs!r:.80}. {_AGAIN}")
    if not isinstance(attributes, dict):
        raise FileFormatError(f"{here}: the attributes must be an object, got {attributes!r:.80}. {_AGAIN}")
    sources = tuple(parse_source(name) for name in inputs if not name.startswith("^"))
    controls = tuple(name[1:].split(":")[0] for name in inputs if name.startswith("^"))
    return Node(entry["name"], entry["op"], sources, controls, Attributes(attributes, here))


def _check_sources(graph: Graph, where: str) -> None:
    for node in graph.nodes.values():
        for name in (*[source.node for source in node.inputs], *node.controls):
            if name not in graph.nodes:
                raise FileFormatError(
                    f"{where}: node {node.name!r:.80} reads {name!r:.80}, which is not in the graph. {_AGAIN}"
                )
    for source in graph.results:
        if source.node not in graph.nodes:
            raise FileFormatError(f"{where}: {source.node!r:.80}, which is returned, is not there. {_AGAIN}")
