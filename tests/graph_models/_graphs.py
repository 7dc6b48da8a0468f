"""Graphs as the converter writes them, from a few words."""

import base64
from typing import Any

import numpy as np

import velveteen as vt
from velveteen.io import ModelArtifacts, encode_weights

DTYPES = {
    "float32": "DT_FLOAT",
    "int32": "DT_INT32",
    "bool": "DT_BOOL",
    "string": "DT_STRING",
    "complex64": "DT_COMPLEX64",
}


def attribute(value: Any) -> dict[str, Any]:
    """Returns an attribute as protobuf's JSON has it; a dict is taken as it is."""
    if isinstance(value, dict):
        return value
    if isinstance(value, bool):
        return {"b": value}
    if isinstance(value, int):
        return {"i": str(value)}
    if isinstance(value, float):
        return {"f": value}
    if isinstance(value, str):
        return {"type": value} if value.startswith("DT_") else {"s": base64.b64encode(value.encode()).decode()}
    if value and isinstance(value[0], str):
        return {"list": {"s": [base64.b64encode(text.encode()).decode() for text in value]}}
    return {"list": {"i": [str(number) for number in value]}}


def shape(*sizes: int) -> dict[str, Any]:
    """Returns a shape as an attribute."""
    return {"shape": {"dim": [{"size": str(size)} for size in sizes]}}


def function(name: str) -> dict[str, Any]:
    """Returns the name of a function as an attribute."""
    return {"func": {"name": name}}


def node(name: str, op: str, *inputs: str, **attributes: Any) -> dict[str, Any]:
    """Returns a node."""
    return {
        "name": name,
        "op": op,
        "input": list(inputs),
        "attr": {key: attribute(value) for key, value in attributes.items()},
    }


def placeholder(name: str, dtype: str = "float32", sizes: list[int] | None = None) -> dict[str, Any]:
    """Returns an input; of any shape if none is given."""
    fits = shape(*sizes) if sizes is not None else {"shape": {"unknownRank": True}}
    return node(name, "Placeholder", dtype=DTYPES[dtype], shape=fits)


def constant(name: str, dtype: str = "float32", *controls: str) -> dict[str, Any]:
    """Returns a constant, whose value is among the weights."""
    return node(name, "Const", *controls, dtype=DTYPES[dtype])


def library(name: str, arguments: dict[str, str], results: dict[str, str], *nodes: dict[str, Any]) -> dict[str, Any]:
    """Returns a function: its arguments' dtypes, and what it returns, both by name."""
    return {
        "signature": {
            "name": name,
            "inputArg": [{"name": each, "type": DTYPES.get(dtype, dtype)} for each, dtype in arguments.items()],
            "outputArg": [{"name": each, "type": "DT_FLOAT"} for each in results],
        },
        "nodeDef": list(nodes),
        "ret": results,
    }


def topology(nodes: list[dict[str, Any]], functions: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Returns a GraphDef."""
    return {"node": nodes, "library": {"function": functions or []}, "versions": {"producer": 1482, "minConsumer": 12}}


def artifacts(graph: dict[str, Any], weights: dict[str, Any] | None = None, **fields: Any) -> ModelArtifacts:
    """Returns what a file with this graph holds; weights are tensors, arrays or lists."""
    encoded = encode_weights(weights or {})
    return ModelArtifacts(graph, encoded.specs, encoded.data, format="graph-model", **fields)


def graph_model(
    nodes: list[dict[str, Any]],
    weights: dict[str, Any] | None = None,
    functions: list[dict[str, Any]] | None = None,
    **fields: Any,
) -> vt.GraphModel:
    """Returns a model of these nodes."""
    return vt.load_graph_model(vt.io.from_memory(artifacts(topology(nodes, functions), weights, **fields)))


def tensor(values: Any, dtype: str = "float32") -> vt.Tensor:
    """Returns a tensor; NaN and infinities may be texts, as in the recorded answers."""
    return vt.tensor(np.array(values, dtype=object if dtype == "string" else dtype))
