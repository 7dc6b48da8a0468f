"""Model: layers connected from inputs to outputs, to be trained, asked and saved."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Self

import torch

from velveteen.errors import ArgumentError, ArgumentTypeError, StateError, unknown_name
from velveteen.layers import Layer, SymbolicTensor
from velveteen.layers._graph import Node
from velveteen.layers.base import is_shape_list
from velveteen.models.graph import Graph
from velveteen.models.summary import print_summary
from velveteen.models.topology import functional_config, functional_from_config
from velveteen.tensors import Shape, Tensor, TensorLike
from velveteen.training import loop
from velveteen.training.arrays import predict_inputs
from velveteen.training.callbacks import History
from velveteen.training.compilation import Compilation


class Model(Layer):
    """A model: layers connected by `apply`, from symbolic inputs to symbolic outputs.

    A model is a layer itself, so it can be called inside of another one; and an nn.Module.

    Args:
        inputs: what `vt.input` returned, or a list.
        outputs: what the last `layer.apply` returned, or a list.
        name: by default "model_1", "model_2", …

    Raises:
        ArgumentError: an output that cannot be computed from the inputs, or two layers of one name.
    """

    class_name = "Model"
    supports_masking = True

    def __init__(
        self,
        inputs: SymbolicTensor | Sequence[SymbolicTensor] | None = None,
        outputs: SymbolicTensor | Sequence[SymbolicTensor] | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
    ):
        super().__init__(name=name, trainable=trainable)
        self.layers = torch.nn.ModuleList()
        self.stop_training = False
        self.user_defined_metadata: dict[str, Any] | None = None
        self.history: History | None = None
        self._graph: Graph | None = None
        self._compilation: Compilation | None = None
        if type(self) is Model or inputs is not None:
            self._connect(_symbolic_list(inputs, "inputs"), _symbolic_list(outputs, "outputs"))

    def _connect(self, inputs: list[SymbolicTensor], outputs: list[SymbolicTensor]) -> None:
        graph = Graph(inputs, outputs)
        _check_names(graph.layers)
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

    def summary(self, line_length: int | None = None, print_fn: Any = None) -> None:
        """Prints a table of the layers with their shapes and parameters, and what they weigh in memory.

        Args:
            line_length: characters a line; by default the terminal's.
            print_fn: called with each line instead of printing.
        """
        print_summary(self, line_length, print_fn)

    def reset_states(self) -> None:
        """Forgets the states of all stateful layers inside."""
        for layer in self.sublayers():
            reset = getattr(layer, "reset_states", None)
            if reset is not None:
                reset()

    # Asking

    def predict(self, x: Any, batch_size: int = 32, verbose: bool = False) -> Any:
        """Computes the outputs.

        Args:
            x: one tensor-like a model input, the batch first: a single one, a list, or a dict by input names.
            batch_size: how many examples to compute at once; the results do not depend on it.
            verbose: whether to show progress.

        Returns:
            A Tensor, or a list of them for several outputs.

        Raises:
            ShapeError, DtypeError, ArgumentError: x does not fit the inputs.
        """
        return loop.predict(self, predict_inputs(self, x), batch_size, verbose)

    def predict_on_batch(self, x: Any) -> Any:
        """As `predict`, in a single batch."""
        inputs = predict_inputs(self, x)
        return loop.predict(self, inputs, inputs[0].shape[0], False)

    # Training

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        *,
        loss_weights: Any = None,
        precision: str = "float32",
        apply_constraints: bool = False,
    ) -> None:
        """Says how to train.

        Args:
            optimizer: a name ("adam", "sgd", …) or what `vt.train.adam(…)` returns.
            loss: a name ("categoricalCrossentropy", "meanSquaredError", …) or a function of (y_true, y_pred); for
                several outputs also a list, or a dict by the outputs' names.
            metrics: a name, a function, a list of them, or a dict by the outputs' names.
            loss_weights: what each output's loss counts, as a list or dict; 1 by default.
            precision: "float32"; "bfloat16", which computes layers in bfloat16 but keeps the weights, the loss and
                the optimizer in float32; or "auto", bfloat16 where the machine is fast at it.
            apply_constraints: whether the layers' constraints hold after every step. TensorFlow.js, whose numbers are
                the default, applies them only when weights are set.

        Raises:
            UnknownNameError: a misspelt name.
            ArgumentError: no loss, or another number of losses than outputs.
        """
        self._compilation = Compilation(optimizer, loss, metrics, loss_weights, precision, apply_constraints)
        if self._graph is not None:
            self._compilation.resolve(self)

    @property
    def compilation(self) -> Compilation:
        """What `compile` was told, or a StateError."""
        if self._compilation is None:
            raise StateError(
                f'Model "{self.name}" is not compiled. Call model.compile(optimizer="adam", loss="…") before training.'
            )
        return self._compilation

    @property
    def optimizer(self) -> Any:
        return self.compilation.optimizer

    @property
    def loss(self) -> Any:
        return self.compilation.loss

    @property
    def metrics_names(self) -> list[str]:
        """Names of what `evaluate` returns: "loss", then the metrics."""
        return self.compilation.resolve(self).names

    def fit(
        self,
        x: Any,
        y: Any,
        *,
        batch_size: int = 32,
        epochs: int = 1,
        verbose: bool | int = True,
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
    ) -> History:
        """Trains the model.

        Ctrl-C ends the training after the batch at hand and keeps what was learned.

        Args:
            x, y: one tensor-like a model input and output, examples first: a single one, a list, or a dict by names.
            batch_size: examples a step.
            epochs: how often to go through the data (with `initial_epoch`, the number at which to stop).
            verbose: whether to show progress: a bar in a terminal, else a line an epoch.
            callbacks: callbacks, or dicts of functions by hook name.
            validation_split: the part of the data, at its end, that is kept for validation (0 to 1).
            validation_data: (x, y) to validate on after each epoch.
            shuffle: whether to draw the examples in another order each epoch.
            class_weight: what each class counts, {class: weight}; a list or dict of those for several outputs.
            sample_weight: what each example counts.
            initial_epoch: the number of the first epoch.

        Returns:
            The history: `history.epoch`, and `history.history` with a list a metric.

        Raises:
            StateError: the model is not compiled, or is training already.
            ShapeError, DtypeError, DataError, ArgumentError: data that does not fit; nothing was trained.
        """
        return loop.fit(
            self,
            x,
            y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            sample_weight=sample_weight,
            initial_epoch=initial_epoch,
        )

    async def fit_async(self, x: Any, y: Any, **options: Any) -> History:
        """Awaitable `fit`, which runs in a worker thread. Cancelling it ends the training after the batch at hand."""
        training = asyncio.ensure_future(asyncio.to_thread(self.fit, x, y, **options))
        try:
            return await asyncio.shield(training)
        except asyncio.CancelledError:
            self.stop_training = True
            await asyncio.wait([training])
            raise

    def evaluate(
        self,
        x: Any,
        y: Any,
        batch_size: int = 32,
        *,
        verbose: bool = False,
        sample_weight: TensorLike = None,
    ) -> Any:
        """Computes the loss and the metrics on data.

        Returns:
            A scalar Tensor, the loss; or a list, the loss first, when there are metrics (see `metrics_names`).

        Raises: as `fit`.
        """
        values = loop.evaluate(self, x, y, batch_size, verbose, sample_weight)
        scalars = [Tensor(value) for value in values]
        return scalars[0] if len(scalars) == 1 else scalars

    def train_on_batch(self, x: Any, y: Any) -> Any:
        """Does one training step on one batch; returns the loss as a float, or the loss and the metrics as a list."""
        values = loop.train_on_batch(self, x, y)
        return values[0] if len(values) == 1 else values

    # Saving

    def save(self, target: Any, *, include_optimizer: bool = True) -> Any:
        """Writes the model as TensorFlow.js does: model.json and the weights beside it.

        Args:
            target: a folder, or a handler of `velveteen.io`.
            include_optimizer: whether the training configuration is written too.

        Raises:
            StateError: the model is not built yet.
            ArgumentError: the target cannot be written to.
        """
        from velveteen.models.saving import save_model  # it knows the models, so it is imported when needed

        return save_model(self, target, include_optimizer=include_optimizer)

    def get_config(self) -> dict[str, Any]:
        return functional_config(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        inputs, outputs = functional_from_config(config)
        return cls(inputs, outputs, name=config.get("name"), trainable=config.get("trainable", True))

    def get_training_config(self) -> dict[str, Any] | None:
        """Returns TensorFlow.js's `trainingConfig`, or None when the model is not compiled."""
        return None if self._compilation is None else self._compilation.get_config()

    def compile_from_config(self, training_config: dict[str, Any]) -> None:
        """Compiles the model as a file's `trainingConfig` says."""
        self._compilation = Compilation.from_config(training_config)
        if self._graph is not None:
            self._compilation.resolve(self)

    def to_json(self) -> dict[str, Any]:
        """Returns the topology as it stands in model.json."""
        return {"class_name": self.class_name, "config": self.get_config()}


LayersModel = Model


def model(inputs: Any, outputs: Any, name: str | None = None) -> Model:
    """Connects symbolic inputs and outputs to a model (see Model)."""
    return Model(inputs, outputs, name=name)


def _symbolic_list(tensors: Any, what: str) -> list[SymbolicTensor]:
    listed = list(tensors) if isinstance(tensors, list | tuple) else [tensors]
    if not listed or not all(isinstance(tensor, SymbolicTensor) for tensor in listed):
        raise ArgumentTypeError(
            f"The {what} of a model must be symbolic tensors, from vt.input() or layer.apply(), got {tensors!r:.100}."
        )
    return listed


def _check_names(layers: Iterable[Layer]) -> None:
    seen: set[str] = set()
    for layer in layers:
        if layer.name in seen:
            raise ArgumentError(f'Two layers are named "{layer.name}". Give each a name of its own.')
        seen.add(layer.name)
