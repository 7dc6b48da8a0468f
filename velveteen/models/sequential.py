"""Sequential: a stack of layers, each one's output the next one's input."""

from collections.abc import Iterable
from typing import Any, Self

import torch

from velveteen.errors import ArgumentError, ArgumentTypeError, FileFormatError, StateError
from velveteen.layers import InputLayer, Layer, SymbolicTensor
from velveteen.layers._graph import Node
from velveteen.layers.base import is_shape_list
from velveteen.layers.weights import outer_name_scope
from velveteen.models.container import check_names
from velveteen.models.graph import Graph
from velveteen.models.model import Model
from velveteen.serialization import deserialize, serialize


class Sequential(Model):
    """A stack of layers.

    Without an `input_shape` at the first layer, the model is built when it first sees data.

    Args:
        layers: the layers to start with.
        name: by default "sequential_1", …
    """

    class_name = "Sequential"

    def __init__(self, layers: Iterable[Layer] | None = None, *, name: str | None = None, trainable: bool = True):
        super().__init__(name=name, trainable=trainable)
        self._entry: SymbolicTensor | None = None
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Layer) -> None:
        """Puts a layer on top.

        Raises:
            ArgumentTypeError: what is given is no layer.
            ArgumentError: a layer of that name is there already, or the layer has several outputs.
            ShapeError: the layer cannot follow the one before it.
        """
        if not isinstance(layer, Layer):
            raise ArgumentTypeError(
                f'Model "{self.name}" can only add layers, such as layers.dense(10), got {type(layer).__name__}.'
            )
        check_names([*self.sublayers(), layer])
        if self._entry is None and not self.layers:
            self._entry = _entry_of(layer)
        exit_tensor: SymbolicTensor | None = None
        if self._entry is not None:
            before = self._graph.outputs[0] if self._graph is not None else self._entry
            exit_tensor = before if isinstance(layer, InputLayer) else self._apply_next(layer, before)
        self.layers.append(layer)
        if exit_tensor is not None:
            self._set_exit(exit_tensor)

    def pop(self) -> Layer:
        """Takes the top layer off and returns it.

        Raises:
            StateError: there is no layer.
        """
        if len(self.layers) == 0:
            raise StateError(f'Model "{self.name}" has no layer to take off.')
        remaining = self.sublayers()
        removed = remaining.pop()
        self.layers = torch.nn.ModuleList(remaining)
        removed.inbound_nodes.pop()
        if not remaining:
            self._entry, self._graph, self.built = None, None, False
            self.inbound_nodes.clear()
        elif self._graph is not None:
            last = remaining[-1].inbound_nodes[-1].outputs[0] if remaining[-1].inbound_nodes else self._entry
            assert last is not None
            self._set_exit(last)
        return removed

    def build(self, input_shape: Any) -> None:
        """Connects the layers for an input of this shape; the batch size stays open."""
        if self._graph is not None:
            return
        if len(self.layers) == 0:
            raise StateError(f'Model "{self.name}" has no layers. Add some with model.add(layers.dense(10)).')
        if is_shape_list(input_shape):
            raise ArgumentError(f'Model "{self.name}" is sequential, so it takes one input, got {len(input_shape)}.')
        self._entry = InputLayer(batch_input_shape=(None, *input_shape[1:])).inbound_nodes[0].outputs[0]
        tensor = self._entry
        with outer_name_scope():
            for layer in self.sublayers():
                tensor = self._apply_next(layer, tensor)
        self._set_exit(tensor)

    def _apply_next(self, layer: Layer, before: SymbolicTensor) -> SymbolicTensor:
        after = layer.apply([before] if layer.inputs_are_many else before)
        if isinstance(after, list):
            layer.inbound_nodes.pop()
            raise ArgumentError(
                f'Layer "{layer.name}" has {len(after)} outputs, so nothing can follow it in a sequential model. '
                "Use vt.model() with vt.input() instead."
            )
        return after

    def _set_exit(self, exit_tensor: SymbolicTensor) -> None:
        assert self._entry is not None
        self._graph = Graph([self._entry], [exit_tensor])
        self.built = True
        if self.inbound_nodes:
            self.inbound_nodes[0].outputs = [exit_tensor]
        else:
            Node(self, [self._entry], [exit_tensor], owns_outputs=False)

    def get_config(self) -> dict[str, Any]:
        layers = [serialize(layer) for layer in self.sublayers()]
        if layers and self._graph is not None and "batch_input_shape" not in layers[0]["config"]:
            # Built from data: the file must carry the shape, since TensorFlow.js asks for it.
            entry = self._graph.inputs[0]
            if not isinstance(self.sublayers()[0], Model):
                layers[0]["config"] |= {"batch_input_shape": list(entry.shape), "dtype": entry.dtype}
        return {"name": self.name, "layers": layers}

    @classmethod
    def from_config(cls, config: Any) -> Self:
        if isinstance(config, list):  # as the first versions of Keras wrote it
            config = {"layers": config}
        if not isinstance(config.get("layers"), list):
            raise FileFormatError(f'A sequential model\'s config must have a list "layers", got {config!r:.200}.')
        model = cls(name=config.get("name"), trainable=config.get("trainable", True))
        for entry in config["layers"]:
            model.add(deserialize(entry, Layer, "layer"))
        return model


def sequential(layers: Iterable[Layer] | None = None, name: str | None = None) -> Sequential:
    """Makes a stack of layers (see Sequential)."""
    return Sequential(layers, name=name)


def _entry_of(layer: Layer) -> SymbolicTensor | None:
    """Returns the symbolic input that a first layer brings along, or None if it does not say its input's shape."""
    if isinstance(layer, InputLayer):
        return layer.inbound_nodes[0].outputs[0]
    shape = layer.batch_input_shape
    dtype = layer.dtype
    if shape is None and isinstance(layer, Model) and layer._graph is not None:
        shape, dtype = layer.inputs[0].shape, layer.inputs[0].dtype
    if shape is None:
        return None
    return InputLayer(batch_input_shape=shape, dtype=dtype).inbound_nodes[0].outputs[0]
