"""Layer: what every layer has, so that a layer says only what is its own.

A layer is an nn.Module. Subclasses write the constructor, `build`, `call` and `compute_output_shape`; `call` works on
torch tensors. The config in files is read from the constructor's signature.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import torch
from torch import nn

from velveteen import backend
from velveteen.errors import ArgumentError, ArgumentTypeError, DtypeError, ShapeError, StateError
from velveteen.layers._graph import Node, SymbolicTensor
from velveteen.layers.weights import Weight, initial_value, name_scope
from velveteen.serialization import (
    Serializable,
    constructor_parameters,
    register_class,
    reject_unknown,
    serialize,
    snake_case,
)
from velveteen.tensors import Shape, Tensor, TensorLike, copy_to_store

_name_counts: Counter[str] = Counter()


class Layer(nn.Module, Serializable):
    """Base of all layers.

    Args:
        name: unique in a model; by default the class's name and a number, such as "dense_1".
        trainable: whether `fit` changes the weights.
        input_shape: shape of one example, for the first layer of a sequential model.
        batch_input_shape: the same with the batch size (or None) in front.
        batch_size: the batch size to go with `input_shape`, when it must be fixed.
        dtype: of the input, for the first layer of a sequential model; "float32" by default.
        weights: initial values, in the order of `get_weights()`.
    """

    supports_masking: ClassVar[bool] = False
    """Whether a mask may come in, and is passed on."""
    _call_takes_mask: ClassVar[bool]
    inputs_are_many: ClassVar[bool] = False
    """Whether `call` takes a list of tensors, as the merges do."""

    def __init_subclass__(cls, **options: Any):
        super().__init_subclass__(**options)
        if not cls.__name__.startswith("_"):  # what families of layers share is no layer of its own
            register_class(cls)
        cls._call_takes_mask = "mask" in inspect.signature(cls.call).parameters

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: str | None = None,
        weights: Sequence[TensorLike] | None = None,
        **unknown: Any,
    ):
        reject_unknown(type(self), unknown)
        super().__init__()
        self.eval()  # as in TensorFlow.js, calling a layer is inference unless told otherwise
        self.name = name or unique_name(type(self))
        self.built = False
        self.inbound_nodes: list[Node] = []
        self.own_weights: list[Weight] = []
        self.dtype = dtype or "float32"
        if batch_input_shape is None and input_shape is not None:
            batch_input_shape = (batch_size, *input_shape)
        self.batch_input_shape = check_shape(batch_input_shape, self.name) if batch_input_shape is not None else None
        self._trainable = trainable
        self._initial_weights = weights
        self._expected_ranks: tuple[int, ...] = ()
        self._expected_axes: dict[int, int] = {}
        self._min_rank = 0
        self._usual_rank = 0

    # What a subclass writes

    def build(self, input_shape: Any) -> None:
        """Makes the weights for an input of this shape (a list of shapes for several inputs)."""

    def call(self, inputs: Any) -> Any:
        """Computes on torch tensors. `self.training` tells whether this is training."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, inputs).")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape that `call` returns for an input of `input_shape`; None where a size is not known."""
        return input_shape

    @property
    def before_softmax(self) -> Callable[[torch.Tensor], torch.Tensor] | None:
        """`call` without the softmax over the last axis that it ends with, None for a layer that ends otherwise.

        Training computes its loss from there, which is faster and more exact.
        """
        return None

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the mask that goes on from here, given the one that came in."""
        return mask if self.supports_masking else None

    @property
    def makes_mask(self) -> bool:
        """Whether this layer makes a mask of its own, as `masking` and an embedding with `mask_zero` do."""
        return False

    # Weights

    def add_weight(
        self,
        name: str,
        shape: Sequence[int],
        initializer: Callable[..., torch.Tensor],
        *,
        dtype: str = "float32",
        regularizer: Any = None,
        constraint: Any = None,
        trainable: bool = True,
        stored: Sequence[int] | None = None,
    ) -> None:
        """Makes the weight `self.<name>`: an nn.Parameter, or a buffer when it is not trainable.

        Args:
            name: of the attribute, and in files behind the layer's own name.
            shape: in TensorFlow.js's layout.
            initializer: given the shape and dtype, returns a torch tensor of that layout.
            regularizer: adds to the loss.
            constraint: applied after every step.
            stored: the permutation of that layout's axes that the kernel likes; 4-D weights that are permuted are
                laid out as PyTorch's channels_last.
        """
        value = initial_value(name, shape, dtype, initializer).to(backend.device())
        if stored is not None:
            value = value.permute(tuple(stored))
            layout = torch.channels_last if value.dim() == 4 else torch.contiguous_format
            value = value.contiguous(memory_format=layout)
        if trainable:
            self.register_parameter(name, nn.Parameter(value))
        else:
            self.register_buffer(name, value)
        self.own_weights.append(Weight(self, name, name, shape, stored, regularizer, constraint))

    def sublayers(self) -> "list[Layer]":
        """Returns the layers directly inside, in order: a wrapper's layer, a model's layers."""
        found: list[Layer] = []
        for child in self.children():
            if isinstance(child, Layer):
                found.append(child)
            elif isinstance(child, nn.ModuleList):
                found.extend(layer for layer in child if isinstance(layer, Layer))
        return found

    def all_weights(self) -> Iterator[tuple[Weight, bool]]:
        """Yields each weight inside once, with whether `fit` changes it."""
        for weight in self.own_weights:
            yield weight, self.trainable and weight.trainable
        for layer in self.sublayers():
            for weight, trainable in layer.all_weights():
                yield weight, self.trainable and trainable

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        self._trainable = bool(trainable)

    @property
    def trainable_weights(self) -> list[Weight]:
        return [weight for weight, trainable in self.all_weights() if trainable]

    @property
    def non_trainable_weights(self) -> list[Weight]:
        return [weight for weight, trainable in self.all_weights() if not trainable]

    @property
    def weights(self) -> list[Weight]:
        """All weights: the trainable ones first, as in TensorFlow.js's files."""
        return self.trainable_weights + self.non_trainable_weights

    def get_weights(self) -> list[Tensor]:
        """Returns copies of the weights in TensorFlow.js's layout, in the order of `weights`."""
        return [Tensor(weight) for weight in self.weights]

    def set_weights(self, values: Sequence[TensorLike]) -> None:
        """Replaces all weights.

        Args:
            values: one a weight, in the order and layout of `get_weights()`.

        Raises:
            ArgumentError: another number of values.
            ShapeError: a value of another shape; then no weight has changed.
        """
        weights = self.weights
        if len(values) != len(weights):
            hint = "" if self.built else " It is not built yet: call it on data, or give its input_shape."
            raise ArgumentError(f'Layer "{self.name}" has {len(weights)} weights, but got {len(values)} values.{hint}')
        stores = [value if isinstance(value, Tensor) else Tensor(value) for value in values]
        for weight, store in zip(weights, stores, strict=True):
            if store.shape != weight.shape:
                raise ShapeError(
                    f'Weight "{weight.name}" has shape {weight.shape}, so it cannot take {store.shape}. '
                    "Give the weights in the order of get_weights()."
                )
        for weight, store in zip(weights, stores, strict=True):
            weight.assign(store)

    def count_params(self) -> int:
        """Returns how many numbers the weights hold.

        Raises:
            StateError: when the layer is not built yet.
        """
        if not self.built:
            raise StateError(
                f'Layer "{self.name}" has no weights yet, so they cannot be counted. '
                "Give the first layer an input_shape, or call the layer on data."
            )
        return sum(weight.parameter.numel() for weight, _ in self.all_weights())

    # Calling

    def apply(self, inputs: Any, **arguments: Any) -> Any:  # type: ignore[override]
        """Calls the layer.

        Args:
            inputs: symbolic tensors (the call is drawn into the graph and symbolic tensors come back), or tensors
                (they are computed on); a list for several inputs.
            arguments: more for `call`, such as `training=True` or `mask`.

        Raises:
            ShapeError: when the inputs' shape does not fit.
        """
        parts = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        symbolic = [isinstance(part, SymbolicTensor) for part in parts]
        if any(symbolic):
            if not all(symbolic):
                raise ArgumentTypeError(
                    f'Layer "{self.name}" got symbolic and real tensors together. Give it either the ones or the others.'
                )
            return self._apply_symbolic(inputs, parts, arguments)
        if callable(inputs) and not isinstance(inputs, Tensor):
            return nn.Module.apply(self, inputs)  # PyTorch's apply(function), which its own helpers call
        return self._apply_eager(inputs, arguments)

    def forward(self, inputs: Any, **arguments: Any) -> Any:
        """What `layer(x)` runs: `call` for torch tensors, `apply` for anything else."""
        first = inputs[0] if isinstance(inputs, list | tuple) and inputs else inputs
        if not isinstance(first, torch.Tensor):
            return self.apply(inputs, **arguments)
        if not self.built:
            self.ensure_built(_shapes(inputs))
        return self.call(inputs, **arguments)

    def ensure_built(self, input_shape: Any) -> None:
        """Builds the layer for this input shape unless that has happened, in its own name scope."""
        if not self.built:
            with name_scope(self.name):
                self.build_in_scope(input_shape)

    def build_in_scope(self, input_shape: Any) -> None:
        """Builds the layer in the name scope that is open: a wrapper's layer has no scope of its own."""
        self.build(input_shape)
        self.built = True
        if self._initial_weights is not None:
            values, self._initial_weights = self._initial_weights, None
            self.set_weights(values)

    def _apply_symbolic(self, inputs: Any, parts: list[SymbolicTensor], arguments: dict[str, Any]) -> Any:
        input_shape: Any = [part.shape for part in parts] if isinstance(inputs, list | tuple) else inputs.shape
        self.check_input_shape(input_shape)
        self.ensure_built(input_shape)
        self.check_input_shape(input_shape)
        masked = any(part.masked for part in parts)
        if masked and not self.supports_masking:
            raise ArgumentError(
                f'Layer "{self.name}" ({self.class_name}) does not support masking, but "{parts[0].source_layer.name}" '
                "passes a mask on. Put a recurrent layer between them, or leave the mask out."
            )
        output_shape = self.compute_output_shape(input_shape)
        many = is_shape_list(output_shape)
        dtype = self.output_dtype(parts)
        outputs = [
            SymbolicTensor(shape, dtype, self, index, masked=self.passes_mask(masked) and index == 0)
            for index, shape in enumerate(output_shape if many else [output_shape])
        ]
        Node(self, parts, outputs, arguments)
        return outputs if many else outputs[0]

    def output_dtype(self, inputs: list[SymbolicTensor]) -> str:
        """Returns the dtype of the outputs: float32 for every layer that does not say otherwise."""
        return "float32"

    def passes_mask(self, masked: bool) -> bool:
        """Returns whether a mask goes on from here, given whether one came in."""
        return self.makes_mask or (masked and self.supports_masking)

    def _apply_eager(self, inputs: Any, arguments: dict[str, Any]) -> Any:
        values = self.to_torch_inputs(inputs)
        shape = _shapes(values)
        self.check_input_shape(shape)
        self.ensure_built(shape)
        self.check_input_shape(shape)
        training = bool(arguments.pop("training", False))
        arguments = {k: _to_torch(v) if isinstance(v, Tensor) else v for k, v in arguments.items()}
        before = self.training
        self.train(training)
        try:
            with torch.set_grad_enabled(backend.is_recording()):
                return _to_tensors(self.call(values, **arguments))
        finally:
            self.train(before)

    def to_torch_inputs(self, inputs: Any) -> Any:
        """Returns one torch tensor, or a list of them, from what `apply` was given."""
        many = isinstance(inputs, list | tuple) and (
            self.inputs_are_many or any(isinstance(part, Tensor | torch.Tensor) for part in inputs)
        )
        return [_to_torch(part) for part in inputs] if many else _to_torch(inputs)

    # Checking inputs

    def expects(self, *ranks: int, min_rank: int = 0, axes: dict[int, int] | None = None, usual_rank: int = 0) -> None:
        """Says which inputs fit, for `check_input_shape`.

        Args:
            ranks: the ranks that fit; none for any.
            min_rank: the least rank.
            axes: sizes that some axes must have.
            usual_rank: among those from `min_rank` on, the one to name in errors.
        """
        self._expected_ranks = ranks
        self._min_rank = min_rank
        self._usual_rank = usual_rank
        self._expected_axes = axes or {}

    def check_input_shape(self, input_shape: Any) -> None:
        """Raises a ShapeError that says what to do, unless the shape fits what `expects` was told."""
        if is_shape_list(input_shape):
            return
        rank = len(input_shape)
        fits = (not self._expected_ranks or rank in self._expected_ranks) and rank >= self._min_rank
        if fits:
            fits = all(input_shape[axis] in (None, size) for axis, size in self._expected_axes.items())
        if not fits:
            raise ShapeError(
                f'Layer "{self.name}" expects input of shape {self._expectation(rank)} but got {Shape(input_shape)}. '
                f"{shape_hint(self._expected_ranks or (self._usual_rank or self._min_rank,), self._expected_axes, input_shape)}"
            )

    def _expectation(self, rank_given: int) -> str:
        rank = self._expected_ranks[0] if self._expected_ranks else self._usual_rank or max(rank_given, self._min_rank)
        sizes: list[Any] = ["null"] * rank
        for axis, size in self._expected_axes.items():
            sizes[axis] = size
        return "[" + ", ".join(map(str, sizes)) + ("]" if self._expected_ranks else ", …]" if not sizes else "]")

    # The graph

    @property
    def input(self) -> Any:
        """The symbolic input of this layer's only call, a list if it has several."""
        node = self._only_node("input")
        return node.inputs if len(node.inputs) > 1 else node.inputs[0]

    @property
    def output(self) -> Any:
        """The symbolic output of this layer's only call, a list if it has several."""
        node = self._only_node("output")
        return node.outputs if len(node.outputs) > 1 else node.outputs[0]

    def _only_node(self, what: str) -> Node:
        if len(self.inbound_nodes) != 1:
            raise StateError(
                f'Layer "{self.name}" is called {len(self.inbound_nodes)} times, so it has no single {what}. '
                "Keep what apply() returns instead."
            )
        return self.inbound_nodes[0]

    @property
    def output_shape(self) -> Any:
        """The shape of the output of the first call in the graph."""
        if not self.inbound_nodes:
            raise StateError(f'Layer "{self.name}" is not part of a model yet, so its output shape is not known.')
        shapes = [tensor.shape for tensor in self.inbound_nodes[0].outputs]
        return shapes if len(shapes) > 1 else shapes[0]

    # Its config

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as JSON has them, read from the attributes of the same names."""
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        if self.batch_input_shape is not None:
            config["batch_input_shape"] = list(self.batch_input_shape)
            config["dtype"] = self.dtype
        for parameter in constructor_parameters(type(self)):
            if parameter not in _BASE_PARAMETERS:
                config[parameter] = serialize(getattr(self, parameter))
        return config

    def dispose(self) -> None:
        """Exists for programs from TensorFlow.js: Python frees a forgotten layer by itself."""

    def extra_repr(self) -> str:
        return f'"{self.name}"'


_BASE_PARAMETERS = constructor_parameters(Layer)


def unique_name(cls: type[Serializable]) -> str:
    """Returns the class's name in snake_case and the next number: "dense_1"."""
    prefix = snake_case(cls.class_name)
    _name_counts[prefix] += 1
    return f"{prefix}_{_name_counts[prefix]}"


def check_shape(shape: Any, where: str) -> Shape:
    """Returns a batch input shape, or raises a ShapeError that says what is wrong with it."""
    sizes = list(shape) if isinstance(shape, list | tuple) else None
    if sizes is None or not all(size is None or (isinstance(size, int) and size >= 0) for size in sizes):
        raise ShapeError(
            f'The input shape of "{where}" must be a list of sizes, with None for those that vary, got {shape!r}.'
        )
    return Shape(sizes)


def is_shape_list(shape: Any) -> bool:
    """Returns whether `shape` is a list of shapes rather than one shape."""
    return isinstance(shape, list | tuple) and bool(shape) and isinstance(shape[0], list | tuple)


def shape_hint(ranks: Sequence[int], axes: dict[int, int], given: Sequence[int | None]) -> str:
    """Returns what to do about a shape that does not fit."""
    rank = ranks[0] if ranks else len(given)
    if rank == 2 and len(given) > 2:
        return "Add layers.flatten() before it, or reshape."
    if rank == len(given) + 1 and rank > 2 and axes.get(-1, 1) == 1:
        return "Add an axis for the channels, with layers.reshape() or tensor.expand_dims(-1)."
    if rank == len(given) + 1:
        return "Is the batch axis missing? Put one example into a batch with tensor.expand_dims(0)."
    return "Reshape the data, or change the model's input_shape."


def _shapes(values: Any) -> Any:
    return [tuple(v.shape) for v in values] if isinstance(values, list | tuple) else tuple(values.shape)


def _to_torch(value: Any) -> torch.Tensor:
    store: Any = value.value if isinstance(value, Tensor) else value if isinstance(value, torch.Tensor) else None
    if store is None:
        store = copy_to_store(value)
    if not isinstance(store, torch.Tensor):
        raise DtypeError("A layer computes on numbers, but got strings. Turn them into numbers first.")
    return store if store.device.type == backend.get_backend() else store.to(backend.device())


def _to_tensors(result: Any) -> Any:
    if isinstance(result, list | tuple):
        return [_to_tensors(part) for part in result]
    return Tensor.wrap(result)
