"""GraphModel: a TensorFlow graph in TensorFlow.js's format, run on PyTorch."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from velveteen import backend
from velveteen.errors import ArgumentError, DisposedError, DtypeError, FileFormatError, ShapeError, unknown_name
from velveteen.graph_models import registry
from velveteen.graph_models.frames import FrameProgram
from velveteen.graph_models.fusion import fuse
from velveteen.graph_models.nodes import Graph, Source, parse_functions, parse_graph, parse_source
from velveteen.graph_models.program import CONTROL_FLOW, Program, select
from velveteen.graph_models.tables import HashTable
from velveteen.io.artifacts import ModelArtifacts
from velveteen.io.handlers import find_save_handler
from velveteen.io.weights import decode_weights, encode_weights
from velveteen.tensors import Shape, Tensor, TensorLike, copy_to_store, dtype_name

_DEPTH_LIMIT = 64
"""How many functions may call each other, one inside of the other."""


class TensorInfo(NamedTuple):
    """What is known about an input or output beforehand.

    Attributes:
        name: the node's.
        shape: None where any fits, for the whole shape or a size.
        dtype: None where the file does not say.
    """

    name: str
    shape: Shape | None
    dtype: str | None


class GraphModel:
    """A model that TensorFlow.js's converter made of a SavedModel or a frozen graph: it predicts, and cannot be trained.

    Made by `load_graph_model`.

    Attributes:
        weights: the constants' tensors, each in a list, by the names of their nodes.
        model_signature: names, dtypes and shapes of inputs and outputs, as the file has them.
        model_version: the version of TensorFlow's format, or "n/a".
        model_structured_output_keys: the keys of what `predict` returns, where it is a dict.
        metadata: the user's metadata in the file.
    """

    def __init__(self, artifacts: ModelArtifacts):
        topology = artifacts.model_topology
        metadata = artifacts.user_defined_metadata or {}
        self._artifacts = artifacts
        self._graph = parse_graph(topology, "The file's modelTopology")
        tensors = decode_weights(artifacts.weight_data or b"", artifacts.weight_specs or [])
        self.weights: dict[str, list[Tensor]] = {name: [tensor] for name, tensor in tensors.items()}
        self._scope = _Scope(
            {name: tensor.value for name, tensor in tensors.items()},
            parse_functions(topology, "The file's modelTopology"),
        )
        self._initializer = artifacts.model_initializer
        self._captured: dict[Any, Any] | None = None
        self._programs: dict[Any, Program | FrameProgram] = {}
        self.metadata = artifacts.user_defined_metadata
        self.model_signature = metadata.get("signature") or artifacts.signature
        self.model_structured_output_keys = metadata.get("structuredOutputKeys")
        versions = topology.get("versions") or {}
        self.model_version = (
            f"{versions.get('producer')}.{versions.get('minConsumer', 'undefined')}"
            if isinstance(versions, dict) and versions
            else "n/a"
        )
        self._inputs = _Places(self.model_signature, "inputs", self._graph, self._placeholders())
        self._outputs = _Places(self.model_signature, "outputs", self._graph, self._ends())

    # What it is

    @property
    def inputs(self) -> list[TensorInfo]:
        """What `predict` takes: name, shape and dtype of each input."""
        return [self._info(source) for source in self._inputs.sources]

    @property
    def outputs(self) -> list[TensorInfo]:
        """What `predict` returns: name, and shape and dtype where the file says."""
        return [self._info(source) for source in self._outputs.sources]

    @property
    def input_nodes(self) -> list[str]:
        """The names by which `predict` takes a dict."""
        return list(self._inputs.names)

    @property
    def output_nodes(self) -> list[str]:
        """The names of what `predict` returns, in this order."""
        return list(self._outputs.names)

    @property
    def kinds(self) -> dict[str, int]:
        """How many nodes of each kind compute the outputs (`{"Conv2D": 52, …}`), those inside of functions among them."""
        fed = {source.node for source in self._inputs.sources}
        needed = select(self._graph, fed, self._outputs.sources)
        inside = [node for function in self._scope.functions.values() for node in function.nodes.values()]
        known = {"Const", "Placeholder"}
        computing = [node.op for node in (*needed, *inside) if node.name not in fed and node.op not in known]
        return dict(sorted(Counter(computing).items()))

    # What it does

    def predict(self, inputs: Any, config: Mapping[str, Any] | None = None) -> Any:
        """Computes the model's outputs.

        Args:
            inputs: a tensor, or anything tensor-like, when there is one input; a list in the order of `input_nodes`; or a
                dict by names, in which other nodes may be given too, to compute from there on.
            config: `{"batchSize", "verbose"}`, which TensorFlow.js takes and ignores.

        Returns:
            A Tensor, a list of them in the order of `output_nodes`, or a dict where the model was exported with
            structured outputs.

        Raises:
            ArgumentError: an input is missing, or not of this model.
            ShapeError, DtypeError: an input of another shape or dtype than the model's.
            UnknownNameError: a kind of node that velveteen does not have; see `register_op`.
        """
        result = self.execute(inputs, self.output_nodes)
        keys = self.model_structured_output_keys
        if not keys:
            return result
        return dict(zip(keys, result if isinstance(result, list) else [result], strict=False))

    def execute(self, inputs: Any, outputs: str | Sequence[str] | None = None) -> Any:
        """Computes some outputs.

        Args:
            inputs: as for `predict`.
            outputs: the names of outputs or of any nodes, with `:1` for a node's second output; by default the model's.

        Returns:
            A Tensor, or a list of them if there are several.

        Raises:
            as `predict`.
        """
        names = self.output_nodes if outputs is None else outputs
        targets = [self._outputs.find(name) for name in ([names] if isinstance(names, str) else names)]
        feeds = {source: self._read(source, value) for source, value in self._feeds(inputs)}
        with torch.set_grad_enabled(backend.is_recording()):
            results = self._program(self._graph, list(feeds), targets).run(list(feeds.values()))
        tensors = [registry.wrap(result) for result in results]
        return tensors if len(tensors) != 1 else tensors[0]

    async def predict_async(self, inputs: Any, config: Mapping[str, Any] | None = None) -> Any:
        """Awaitable `predict`, which does control flow as well."""
        return self.predict(inputs, config)

    async def execute_async(self, inputs: Any, outputs: str | Sequence[str] | None = None) -> Any:
        """Awaitable `execute`."""
        return self.execute(inputs, outputs)

    def save(self, target: Any, *, quantization: str | None = None) -> Any:
        """Writes the model as it was loaded.

        Args:
            target: a folder, an http(s) address, or a handler of `velveteen.io`.
            quantization: None, or "uint8", "uint16" or "float16": how the float32 weights are stored.

        Returns:
            what the handler returns: for a folder the sizes of the parts.
        """
        artifacts = self._artifacts
        if quantization is not None:
            weights = encode_weights(
                {name: tensor for name, (tensor,) in self.weights.items()}, quantization=quantization
            )
            artifacts = dataclasses.replace(artifacts, weight_specs=weights.specs, weight_data=weights.data)
        return find_save_handler(target).save(artifacts)

    def dispose(self) -> None:
        """Frees the weights; the model cannot be used any more."""
        for tensors in self.weights.values():
            for tensor in tensors:
                tensor.dispose()
        self._programs.clear()
        self._scope.clear()

    # How

    def _program(self, graph: Graph, feeds: list[Source], targets: list[Source]) -> Program | FrameProgram:
        if self._scope.is_disposed:
            raise DisposedError("This model was disposed; its weights are gone. Load it again.")
        key = (id(graph), tuple(feeds), tuple(targets), registry.version)
        if key not in self._programs:
            self._programs[key] = compile_graph(graph, feeds, targets, self._scope)
        return self._programs[key]

    def _feeds(self, inputs: Any) -> list[tuple[Source, Any]]:
        captured = self._capture()
        if isinstance(inputs, Mapping):
            given = [(self._inputs.find(name), value) for name, value in inputs.items()]
        else:
            values = inputs if isinstance(inputs, list | tuple) and self._is_list_of_inputs(inputs) else [inputs]
            wanted = [source for source in self._inputs.sources if source not in captured]
            if len(values) != len(wanted):
                raise ArgumentError(
                    f"The model has {len(wanted)} inputs ({', '.join(source.node for source in wanted)}), but "
                    f"{len(values)} are given. Give a list with one tensor each, or a dict by names."
                )
            given = list(zip(wanted, values, strict=True))
        return [*given, *captured.items()]

    def _is_list_of_inputs(self, inputs: Sequence[Any]) -> bool:
        """Whether it is one tensor an input, and not a single input written as nested lists."""
        if any(isinstance(part, Tensor | torch.Tensor | np.ndarray) for part in inputs):
            return True
        return len(self._inputs.sources) > 1

    def _capture(self) -> dict[Source, Any]:
        """Returns what the initializer made (tables), by the inputs that take it; computed at the first call."""
        if self._captured is None:
            self._captured = self._initialize()
        return self._captured

    def _initialize(self) -> dict[Source, Any]:
        if not self._initializer or not self._initializer.get("node"):
            return {}
        graph = parse_graph(self._initializer, "The file's modelInitializer")
        signature = self._artifacts.initializer_signature
        places = _Places(signature, "outputs", graph, _unread(graph))
        with torch.no_grad():
            results = compile_graph(graph, [], places.sources, self._scope).run([])
        made = dict(zip([entry.get("resourceId") for entry in places.entries], results, strict=True))
        return {
            source: made[entry["resourceId"]]
            for source, entry in zip(self._inputs.sources, self._inputs.entries, strict=True)
            if entry.get("resourceId") is not None and entry["resourceId"] in made
        }

    def _read(self, source: Source, value: TensorLike) -> Any:
        """Returns an input as the graph computes with it, having checked shape and dtype."""
        if isinstance(value, HashTable):
            return value
        info = self._info(source)
        if isinstance(value, Tensor):
            store = value.value
        elif isinstance(value, torch.Tensor | np.ndarray):
            store = copy_to_store(value)
        else:  # numbers in lists have no dtype of their own
            read = copy_to_store(value)
            wanted: Any = info.dtype if isinstance(read, torch.Tensor) and info.dtype != "string" else None
            store = copy_to_store(read, None, wanted)
        if isinstance(store, torch.Tensor) and store.device.type != backend.get_backend():
            store = store.to(backend.device())
        shape = Shape(store.shape)
        if info.shape is not None and not _fits(shape, info.shape):
            raise ShapeError(f'The input "{info.name}" must have the shape {info.shape}, got {shape}.')
        if info.dtype is not None and dtype_name(store) != info.dtype:
            raise DtypeError(
                f'The input "{info.name}" must be {info.dtype}, got {dtype_name(store)}. '
                f'Convert it with .cast("{info.dtype}") if that is what you mean.'
            )
        return store

    def _info(self, source: Source) -> TensorInfo:
        attributes = self._graph.nodes[source.node].attributes
        sizes = attributes.shape("shape")
        shape = None if sizes is None else Shape(None if size < 0 else size for size in sizes)  # type: ignore[misc]
        return TensorInfo(source.node, shape, attributes.dtype("dtype"))

    def _placeholders(self) -> list[str]:
        return [node.name for node in self._graph.nodes.values() if node.op.startswith("Placeholder")]

    def _ends(self) -> list[str]:
        return _unread(self._graph)

    def __repr__(self) -> str:
        return f"GraphModel({', '.join(self.input_nodes)} → {', '.join(self.output_nodes)})"


class _Scope:
    """What the nodes of a model share: weights, functions, tables."""

    def __init__(self, weights: dict[str, Any], functions: dict[str, Graph]):
        self.weights = weights
        self.tables: dict[str, HashTable] = {}
        self.is_disposed = False
        self.functions = functions
        self._compiled: dict[Any, Any] = {}
        self._compiling: list[str] = []

    def function(self, name: str) -> Any:
        """Returns what computes a function of the library: takes and returns a list of values."""
        if name not in self.functions:
            raise unknown_name("function of the graph", name[:80], self.functions)
        key = (name, registry.version)
        if key not in self._compiled:
            if name in self._compiling or len(self._compiling) >= _DEPTH_LIMIT:
                raise FileFormatError(
                    f"The function {name!r:.80} calls itself, or {_DEPTH_LIMIT} functions call each other. "
                    "The file is damaged; convert it again."
                )
            graph = self.functions[name]
            self._compiling.append(name)
            try:
                program = compile_graph(graph, [Source(each, 0) for each in graph.arguments], graph.results, self)
            finally:
                self._compiling.pop()
            self._compiled[key] = _checked(program, len(graph.arguments), name)
        return self._compiled[key]

    def clear(self) -> None:
        self.weights = {}
        self.tables = {}
        self._compiled = {}
        self.is_disposed = True


class _Places:
    """The inputs or outputs: the names that users call them by, and where they are in the graph.

    Args:
        signature: of the file.
        side: "inputs" or "outputs".
        graph: where they are.
        default: the nodes' names, for a file without a signature.
    """

    def __init__(self, signature: Any, side: str, graph: Graph, default: list[str]):
        self._graph = graph
        self._what = side[:-1]
        entries = signature.get(side) if isinstance(signature, dict) else None
        if entries is not None and not isinstance(entries, dict):
            raise FileFormatError(f"The file's signature must have an object as {side!r}, got {entries!r:.80}.")
        self.names: list[str] = []
        self.sources: list[Source] = []
        self.entries: list[dict[str, Any]] = []
        for name, entry in (entries or {}).items():
            if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
                raise FileFormatError(f"The file's signature must name the node of {name!r:.80}, got {entry!r:.80}.")
            source = parse_source(entry["name"])
            if source.node in graph.nodes:
                self._add(name, source, entry)
        if not self.names:
            for name in default:
                self._add(name, Source(name, 0), {})

    def _add(self, name: str, source: Source, entry: dict[str, Any]) -> None:
        self.names.append(name)
        self.sources.append(source)
        self.entries.append(entry)

    def find(self, name: str) -> Source:
        """Returns where the node is that a name of the signature, or the graph's own, means.

        Raises:
            UnknownNameError: nothing has that name.
        """
        if not isinstance(name, str):
            raise ArgumentError(f"The name of an {self._what} must be a text, got {name!r:.80}.")
        if name in self.names:
            return self.sources[self.names.index(name)]
        source = parse_source(name) if name not in self._graph.nodes else Source(name, 0)
        if source.node not in self._graph.nodes:
            raise unknown_name(self._what, name[:200], self.names)
        return source


def compile_graph(graph: Graph, feeds: list[Source], outputs: list[Source], scope: Any) -> Program | FrameProgram:
    """Returns what computes some outputs: a flat program, or one that waits for inputs where there are jumps."""
    fed = {feed.node for feed in feeds}
    order = select(graph, fed, outputs)
    fused = fuse(order, graph, fed, {output.node for output in outputs}, scope.weights)
    has_jumps = any(node.op in CONTROL_FLOW for node in order)
    return (FrameProgram if has_jumps else Program)(fused, graph, feeds, outputs, scope)


def _checked(program: Program | FrameProgram, count: int, name: str) -> Any:
    def call(values: list[Any]) -> list[Any]:
        if len(values) != count:
            raise FileFormatError(f"The function {name!r:.80} takes {count} values, but the graph gives {len(values)}.")
        return program.run(values)

    return call


def _unread(graph: Graph) -> list[str]:
    read = {source.node for node in graph.nodes.values() for source in node.inputs}
    read |= {name for node in graph.nodes.values() for name in node.controls}
    return [name for name in graph.nodes if name not in read]


def _fits(shape: Shape, expected: Shape) -> bool:
    return len(shape) == len(expected) and all(
        want is None or size == want for size, want in zip(shape, expected, strict=True)
    )
