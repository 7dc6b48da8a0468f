"""Container: layers connected from inputs to outputs, as a layer itself. `Model` adds training and saving."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch

from velveteen.errors import ArgumentError, ArgumentTypeError, StateError, unknown_name
from velveteen.layers import Layer, SymbolicTensor
from velveteen.layers._graph import Node
from velveteen.layers.base import is_shape_list
from velveteen.models.graph import Graph
from velveteen.models.summary import print_summary
from velveteen.tensors import Shape, Tensor
from velveteen.training.arrays import predict_inputs


class _Container(Layer):
    """Layers connected from symbolic inputs to symbolic outputs."""

    supports_masking = True

    def __init__(self, *, name: str | None = None, trainable: bool = True):
        super().__init__(name=name, trainable=trainable)
        self.layers = torch.nn.ModuleList()
        self.user_defined_metadata: dict[str, Any] | None = None
        self._graph: Graph | None = None

    def connect(self, inputs: list[SymbolicTensor], outputs: list[SymbolicTensor]) -> None:
        """Makes the graph between these the model's own."""
        graph = Graph(inputs, outputs)
        check_names(graph.layers)
        self._graph = graph
        self.layers = torch.nn.ModuleList(graph.layers)
        self.built = True
        # As in TensorFlow.js's files, the first node of a model is its own graph; calls from outside come after it.
        Node(self, inputs, outputs, owns_outputs=False)

    @property
    def graph(self) -> Graph:
        """The graph, or a StateError while the shape of the input is not known yet."""
        if self._graph is None:
            raise StateError(
                f'Model "{self.name}" is not built yet, since the shape of its input is unknown. '
                "Give the first layer an input_shape, or call fit() or predict() first."
            )
        return self._graph

    @property
    def inputs(self) -> list[SymbolicTensor]:
        return self.graph.inputs

    @property
    def outputs(self) -> list[SymbolicTensor]:
        return self.graph.outputs

    @property
    def input_names(self) -> list[str]:
        return [tensor.source_layer.name for tensor in self.inputs]

    @property
    def output_names(self) -> list[str]:
        return [tensor.source_layer.name for tensor in self.outputs]

    # As a layer

    def call(self, inputs: Any, mask: Any = None) -> Any:
        values = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        if mask is None:
            results = self.graph.run(values)
        else:
            results, _ = self.graph.run_masked(values, mask if isinstance(mask, list) else [mask])
        return results[0] if len(results) == 1 else results

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        values = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        masks = mask if isinstance(mask, list) else [mask] * len(values)
        _, passed = self.graph.run_masked(values, masks)
        return passed[0] if len(passed) == 1 else passed

    @property
    def makes_mask(self) -> bool:
        return self._graph is not None and any(tensor.masked for tensor in self._graph.outputs)

    def passes_mask(self, masked: bool) -> bool:
        return self.makes_mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        shapes = list(input_shape) if is_shape_list(input_shape) else [input_shape]
        outputs = self.graph.output_shapes([Shape(shape) for shape in shapes])
        return outputs[0] if len(outputs) == 1 else outputs

    def check_input_shape(self, input_shape: Any) -> None:
        if self._graph is not None:
            shapes = input_shape if is_shape_list(input_shape) else [input_shape]
            if len(shapes) != len(self.inputs):
                raise ArgumentError(
                    f'Model "{self.name}" has {len(self.inputs)} inputs ({", ".join(self.input_names)}), '
                    f"but got {len(shapes)}."
                )

    # Its layers

    def get_layer(self, name: str | int | None = None, index: int | None = None) -> Layer:
        """Returns a layer by its name or its place.

        Raises:
            UnknownNameError: no layer has that name.
            ArgumentError: the place is outside of the list.
        """
        if isinstance(name, int):
            name, index = None, name
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ArgumentError(f'Model "{self.name}" has {len(self.layers)} layers, so there is no layer {index}.')
            return self.layers[index]  # type: ignore[return-value]
        for layer in self.sublayers():
            if layer.name == name:
                return layer
        raise unknown_name("layer", name, [layer.name for layer in self.sublayers()])

    def summary(self, line_length: int | None = None, positions: Any = None, print_fn: Any = None) -> None:
        """Prints a table of the layers with their shapes and parameters, and what they weigh in memory.

        Args:
            line_length: characters a line; by default the terminal's.
            positions: where TensorFlow.js's columns end; here columns are as wide as what is in them.
            print_fn: called with each line instead of printing.
        """
        print_summary(self, line_length, print_fn)

    @property
    def losses(self) -> list[Callable[[], torch.Tensor]]:
        """What training adds to the loss (see Layer.losses); as in TensorFlow.js, once for each call of a layer."""
        found = super().losses
        if self._graph is None:
            return found
        once = {id(layer) for layer in self.layers}
        for node in self._graph.nodes:
            if id(node.layer) in once:
                once.remove(id(node.layer))
            else:
                found.extend(node.layer.losses)
        return found

    @property
    def stateful(self) -> bool:  # type: ignore[override]
        """Whether a layer inside remembers something from one batch to the next."""
        return any(layer.stateful for layer in self.sublayers())

    def reset_states(self) -> None:
        """Forgets the states of all stateful layers inside."""
        for layer in self.sublayers():
            reset = getattr(layer, "reset_states", None)
            if reset is not None:
                reset()

    # Its weights and metadata by name

    def get_named_weights(self, trainable_only: bool = False) -> list[dict[str, Any]]:
        """Returns copies of the weights as they stand in files: a list of `{"name", "tensor"}`.

        Args:
            trainable_only: whether to leave out those that `fit` does not change.
        """
        weights = self.trainable_weights if trainable_only else self.weights
        return [{"name": weight.name, "tensor": Tensor(weight)} for weight in weights]

    def load_weights(self, weights: Mapping[str, Any], strict: bool = True) -> None:
        """Replaces the weights by name.

        Args:
            weights: a dict from names as in files, such as "dense_1/kernel", to tensor-likes.
            strict: whether both sides must match exactly. Otherwise what has no counterpart is left out.

        Raises:
            FileFormatError: a weight without a value or the other way round; then no weight has changed.
            ShapeError: a value of another shape; then no weight has changed.
        """
        from velveteen.models.saving import assign_weights  # it knows the models, so it is imported when needed

        if not isinstance(weights, Mapping):
            raise ArgumentTypeError(
                f"load_weights() expects a dict from names to tensors, got {type(weights).__name__}. "
                "A file is loaded by vt.load_layers_model()."
            )
        tensors = {name: value if isinstance(value, Tensor) else Tensor(value) for name, value in weights.items()}
        assign_weights(self, tensors, strict=strict)  # type: ignore[arg-type]

    def set_user_defined_metadata(self, metadata: dict[str, Any]) -> None:
        """Sets `user_defined_metadata`: what the model needs beside its weights, saved with it.

        Raises:
            ArgumentTypeError: it is no dict.
        """
        if not isinstance(metadata, dict):
            raise ArgumentTypeError(f"The metadata of a model must be a dict, got {type(metadata).__name__}.")
        self.user_defined_metadata = metadata

    def get_user_defined_metadata(self) -> dict[str, Any] | None:
        """Returns `user_defined_metadata`, None when there is none."""
        return self.user_defined_metadata

    # Asking

    def execute(self, inputs: Any, outputs: str | SymbolicTensor | Sequence[str | SymbolicTensor]) -> Any:
        """Computes what any layers inside return.

        Args:
            inputs: as for `predict`.
            outputs: the name of a layer (of its first call in this model), or a symbolic tensor; or a list of those.

        Returns:
            A Tensor; or a list of them, where `outputs` is one or the layer returns several.

        Raises:
            UnknownNameError: no layer has that name.
            ArgumentError: an empty list, or a tensor of another model.
        """
        listed: list[Any] = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
        if not listed:
            raise ArgumentError("execute() needs at least one output: the name of a layer, or a list of names.")
        wanted = [tensor for each in listed for tensor in self._outputs_of(each)]
        tensors = predict_inputs(self, inputs)
        graph = Graph(self.inputs, wanted)
        before = self.training
        self.eval()
        try:
            with torch.no_grad():
                results = [Tensor.wrap(result) for result in graph.run(tensors)]
        finally:
            self.train(before)
        return results if isinstance(outputs, list | tuple) or len(results) > 1 else results[0]

    def _outputs_of(self, output: str | SymbolicTensor) -> list[SymbolicTensor]:
        if isinstance(output, SymbolicTensor):
            return [output]
        for node in self.graph.nodes:
            if node.layer.name == output:
                return node.outputs
        raise unknown_name("layer", output, [node.layer.name for node in self.graph.nodes])


def symbolic_list(tensors: Any, what: str) -> list[SymbolicTensor]:
    """Returns one or several symbolic tensors as a list, or raises an ArgumentTypeError."""
    listed = list(tensors) if isinstance(tensors, list | tuple) else [tensors]
    if not listed or not all(isinstance(tensor, SymbolicTensor) for tensor in listed):
        raise ArgumentTypeError(
            f"The {what} of a model must be symbolic tensors, from vt.input() or layer.apply(), got {tensors!r:.100}."
        )
    return listed


def check_names(layers: Iterable[Layer]) -> None:
    """Raises when two layers have one name."""
    seen: set[str] = set()
    for layer in layers:
        if layer.name in seen:
            raise ArgumentError(f'Two layers are named "{layer.name}". Give each a name of its own.')
        seen.add(layer.name)
