"""Layer: what every layer has, so that a layer says only what is its own.

A layer is an nn.Module. Subclasses write the constructor, `build`, `call` and `compute_output_shape`; `call` works on
torch tensors. The config in files is read from the constructor's signature.
"""

import functools
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from velveteen import backend
from velveteen.errors import ArgumentError, ArgumentTypeError, DtypeError, ShapeError, StateError
from velveteen.layers._expecting import Expecting, check_shape, is_shape_list
from velveteen.layers._graph import Connected, Node, SymbolicTensor
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


class Layer(Connected, Expecting, nn.Module, Serializable):
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
    built: bool = False
    """Whether the weights are there."""
    stateful: bool = False
    """Whether something is remembered from one batch to the next."""

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
        if name is not None and not isinstance(name, str):
            raise ArgumentTypeError(f"The name of a layer must be a text, got {name!r:.100}.")
        self.name = name or unique_name(type(self))
        self.built = False
        self.inbound_nodes = []
        self.own_weights: list[Weight] = []
        self.dtype = dtype or "float32"
        if batch_input_shape is None and input_shape is not None:
            batch_input_shape = (batch_size, *input_shape)
        self.batch_input_shape = check_shape(batch_input_shape, self.name) if batch_input_shape is not None else None
        self._trainable = trainable
        self._added_losses: list[Callable[[], Any]] = []
        self._call_hook: RemovableHandle | None = None
        self._initial_weights = weights
        self.expects()

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

    @property
    def losses(self) -> list[Callable[[], torch.Tensor]]:
        """What training adds to the loss: functions of nothing, each returns a torch scalar.

        They are the regularizers of all weights inside, also of those that are not trained, and what `add_loss` got.
        """
        regularized = [weight for weight in self.own_weights if weight.regularizer is not None]
        found: list[Callable[[], torch.Tensor]] = [weight.penalty for weight in regularized]
        found.extend(functools.partial(_scalar, self.name, loss) for loss in self._added_losses)
        for layer in self.sublayers():
            found.extend(layer.losses)
        return found

    def add_loss(self, losses: Callable[[], Any] | Sequence[Callable[[], Any]]) -> None:
        """Lets training add something to the loss of every batch.

        Args:
            losses: a function of nothing that returns a scalar, as a torch tensor or a Tensor; or a list of them. What
                it computes from the layer's weights as torch tensors (`self.kernel`) has gradients.
        """
        listed: Sequence[Any] = losses if isinstance(losses, list | tuple) else [losses]
        if not all(callable(loss) for loss in listed):
            raise ArgumentTypeError(
                f"add_loss() expects a function that takes nothing and returns a scalar, or a list, got {losses!r:.100}."
            )
        self._added_losses.extend(listed)

    @property
    def updates(self) -> list[Any]:
        """Always empty, as in TensorFlow.js: a layer that moves statistics does so in `call`."""
        return []

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

    def set_call_hook(self, hook: Callable[[Any, dict[str, Any]], Any]) -> None:
        """Lets `hook(inputs, arguments)` see the torch tensors of every call from now on; it replaces the one before."""
        self.clear_call_hook()
        self._call_hook = self.register_forward_pre_hook(
            lambda _, args, arguments: (hook(args[0], arguments), None)[1], with_kwargs=True
        )

    def clear_call_hook(self) -> None:
        """Forgets the hook."""
        if self._call_hook is not None:
            self._call_hook.remove()
            self._call_hook = None

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
                return _to_tensors(self(values, **arguments))
        finally:
            self.train(before)

    def to_torch_inputs(self, inputs: Any) -> Any:
        """Returns one torch tensor, or a list of them, from what `apply` was given."""
        many = isinstance(inputs, list | tuple) and (
            self.inputs_are_many or any(isinstance(part, Tensor | torch.Tensor) for part in inputs)
        )
        return [_to_torch(part) for part in inputs] if many else _to_torch(inputs)

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

    def get_class_name(self) -> str:
        """Returns the class's name in files, TensorFlow.js's."""
        return self.class_name

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


def _shapes(values: Any) -> Any:
    return [tuple(v.shape) for v in values] if isinstance(values, list | tuple) else tuple(values.shape)


def _scalar(name: str, loss: Callable[[], Any]) -> torch.Tensor:
    value = loss()
    store = value.value if isinstance(value, Tensor) else value
    if not isinstance(store, torch.Tensor) or store.numel() != 1:
        shape = f" of shape {Shape(store.shape)}" if isinstance(store, torch.Tensor) else ""
        raise ShapeError(
            f'A function given to add_loss() of layer "{name}" must return a scalar tensor, but returned '
            f"{type(value).__name__}{shape}. Reduce it with mean() or sum()."
        )
    return store.reshape(())


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
