"""The symbolic graph that `layer.apply(symbolic)` draws: tensors without values, and the calls between them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from velveteen.tensors import Shape

if TYPE_CHECKING:
    from velveteen.layers.base import Layer


class SymbolicTensor:
    """A tensor that has a shape but no values yet: what a layer would return.

    Attributes:
        shape: with None where the size is not known, as for the batch.
        dtype: "float32", "int32", …
        source_layer: the layer that makes it.
        node: the call of that layer that makes it.
        tensor_index: its place among the outputs of that call.
        masked: whether a mask comes with it.
    """

    def __init__(
        self,
        shape: Sequence[int | None],
        dtype: str,
        source_layer: "Layer",
        tensor_index: int = 0,
        masked: bool = False,
    ):
        self.shape = Shape(shape)  # type: ignore[arg-type]
        self.dtype = dtype
        self.source_layer = source_layer
        self.tensor_index = tensor_index
        self.masked = masked
        self.node: Node | None = None
        self.name = source_layer.name

    @property
    def rank(self) -> int:
        return len(self.shape)

    def __repr__(self) -> str:
        return f'SymbolicTensor of shape {self.shape} from layer "{self.source_layer.name}"'


class Node:
    """One call of a layer: what went in, what came out.

    Its place in `layer.inbound_nodes` is the node index of TensorFlow.js's files.
    """

    def __init__(
        self,
        layer: "Layer",
        inputs: list[SymbolicTensor],
        outputs: list[SymbolicTensor],
        arguments: dict[str, Any] | None = None,
        *,
        owns_outputs: bool = True,
    ):
        self.layer = layer
        self.inputs = inputs
        self.outputs = outputs
        self.arguments = arguments or {}
        self.index = len(layer.inbound_nodes)
        layer.inbound_nodes.append(self)
        if owns_outputs:
            for tensor in outputs:
                tensor.node = self
