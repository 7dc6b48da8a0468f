"""The symbolic graph that `layer.apply(symbolic)` draws: tensors without values, and the calls between them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from velveteen.errors import ArgumentError, StateError
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


class Connected:
    """What a layer knows of its calls in the graph."""

    name: str
    inbound_nodes: list[Node]

    @property
    def input(self) -> Any:
        """The symbolic input of this layer's only call, a list if it has several."""
        return _one_or_all(self._only_node("input").inputs)

    @property
    def output(self) -> Any:
        """The symbolic output of this layer's only call, a list if it has several."""
        return _one_or_all(self._only_node("output").outputs)

    def get_input_at(self, node_index: int) -> Any:
        """Returns the symbolic input of a call, a list if it has several.

        Args:
            node_index: which call, 0 for the first.

        Raises:
            ArgumentError: there are not so many calls.
        """
        return _one_or_all(self._node_at(node_index).inputs)

    def get_output_at(self, node_index: int) -> Any:
        """Returns the symbolic output of a call, a list if it has several; see `get_input_at`."""
        return _one_or_all(self._node_at(node_index).outputs)

    @property
    def output_shape(self) -> Any:
        """The shape of the output of the first call in the graph."""
        if not self.inbound_nodes:
            raise StateError(f'Layer "{self.name}" is not part of a model yet, so its output shape is not known.')
        return _one_or_all([tensor.shape for tensor in self.inbound_nodes[0].outputs])

    def _only_node(self, what: str) -> Node:
        if len(self.inbound_nodes) != 1:
            raise StateError(
                f'Layer "{self.name}" is called {len(self.inbound_nodes)} times, so it has no single {what}. '
                f"Use get_{what}_at(0), or keep what apply() returns."
            )
        return self.inbound_nodes[0]

    def _node_at(self, index: int) -> Node:
        if not 0 <= index < len(self.inbound_nodes):
            raise ArgumentError(
                f'Layer "{self.name}" is called {len(self.inbound_nodes)} times, so there is no call {index}.'
            )
        return self.inbound_nodes[index]


def _one_or_all(items: list[Any]) -> Any:
    return items if len(items) > 1 else items[0]
