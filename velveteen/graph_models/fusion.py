"""Joins a convolution with the bias and the activation behind it, as TensorFlow's own optimizer does for newer files."""

import base64
from collections.abc import Sequence
from typing import Any

import torch

from velveteen.graph_models.attributes import Attributes
from velveteen.graph_models.nodes import Graph, Node, Source
from velveteen.graph_models.registry import is_registered

_FUSED = {
    "Conv2D": "_FusedConv2D",
    "_FusedConv2D": "_FusedConv2D",
    "DepthwiseConv2dNative": "FusedDepthwiseConv2dNative",
    "FusedDepthwiseConv2dNative": "FusedDepthwiseConv2dNative",
}
_SUMS = ("BiasAdd", "Add", "AddV2")
_ACTIVATIONS = ("Relu", "Relu6", "Elu", "Sigmoid")


def fuse(
    order: Sequence[Node], graph: Graph, feeds: set[str], outputs: set[str], weights: dict[str, Any]
) -> list[Node]:
    """Returns the nodes of a program without those that were joined.

    Args:
        order: the nodes, each after those it reads.
        graph: the whole graph.
        feeds: the nodes that are given.
        outputs: the nodes whose values must be there in the end.
        weights: the constants by name.
    """
    readers: dict[str, list[Node]] = {}
    for node in order:
        for name in (*[source.node for source in node.inputs], *node.controls):
            readers.setdefault(name, []).append(node)
    known = {name: value for name, value in weights.items() if name not in feeds}
    replaced: dict[str, Node | None] = {}
    for node in order:
        if node.op not in _FUSED or is_registered(node.op) or is_registered(_FUSED[node.op]):
            continue
        chain = [node]
        sources, operations = list(node.inputs), [name.lower() for name in node.attributes.texts("fused_ops")]
        while (follower := _only_reader(chain[-1], readers, outputs)) is not None:
            if follower.op in _SUMS and not operations:
                bias = _bias(follower, chain[-1], node, graph, known)
                if bias is None:
                    break
                sources.append(bias)
                operations.append("biasadd")
            elif follower.op in _ACTIVATIONS and operations in ([], ["biasadd"]):
                operations.append(follower.op.lower())
            else:
                break
            chain.append(follower)
        if len(chain) > 1:
            replaced.update((part.name, None) for part in chain)
            replaced[chain[-1].name] = _joined(node, chain[-1].name, sources, operations)
    found = (replaced.get(node.name, node) for node in order)
    return [node for node in found if node is not None]


def _only_reader(node: Node, readers: dict[str, list[Node]], outputs: set[str]) -> Node | None:
    """Returns the node that reads another's value, if nobody else does."""
    found = readers.get(node.name, [])
    if node.name in outputs or len(found) != 1 or found[0].controls or is_registered(found[0].op):
        return None
    return found[0]


def _bias(total: Node, summand: Node, convolution: Node, graph: Graph, known: dict[str, Any]) -> Source | None:
    """Returns the other summand, if it is a constant with a number for each of the convolution's channels."""
    others = [source for source in total.inputs if source.node != summand.name]
    if len(total.inputs) != 2 or len(others) != 1 or graph.nodes[others[0].node].op != "Const":
        return None
    if len(convolution.inputs) < 2 or convolution.attributes.text("data_format", "NHWC").upper() != "NHWC":
        return None
    bias, filter = known.get(others[0].node), known.get(convolution.inputs[1].node)
    if not isinstance(bias, torch.Tensor) or not isinstance(filter, torch.Tensor) or filter.dim() != 4:
        return None
    channels = filter.shape[2] * filter.shape[3] if "Depthwise" in convolution.op else filter.shape[3]
    fits = bias.numel() == channels and 1 <= bias.dim() <= 4 and bias.shape[-1] == channels
    return others[0] if fits else None


def _joined(convolution: Node, name: str, sources: list[Source], operations: list[str]) -> Node:
    names = [base64.b64encode(operation.encode()).decode() for operation in operations]
    attributes = Attributes(
        {**convolution.attributes.raw, "fused_ops": {"list": {"s": names}}}, convolution.attributes.where
    )
    return Node(name, _FUSED[convolution.op], tuple(sources), convolution.controls, attributes)
