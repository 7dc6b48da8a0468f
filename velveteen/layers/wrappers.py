"""Layers around another layer: TimeDistributed and Bidirectional."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import torch

from velveteen.errors import ArgumentError, ArgumentTypeError, ShapeError
from velveteen.layers._arguments import choice
from velveteen.layers.base import Layer, is_shape_list
from velveteen.layers.recurrent import _RecurrentLayer, join_states, split_states
from velveteen.layers.recurrent_cells import state_sizes
from velveteen.serialization import deserialize, serialize
from velveteen.tensors import Shape

__all__ = ["Bidirectional", "TimeDistributed", "Wrapper", "bidirectional", "time_distributed"]


class Wrapper(Layer):
    """Base of the layers around another layer.

    Args:
        layer: the layer inside.

    Raises:
        ArgumentTypeError: `layer` is no layer.
    """

    supports_masking = True

    def __init__(self, layer: Layer, **base: Any):
        super().__init__(**base)
        if not isinstance(layer, Layer):
            raise ArgumentTypeError(
                f"{type(self).__name__} expects a layer inside, such as layers.dense(10), got {layer!r:.100}."
            )

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        self._trainable = bool(trainable)
        for layer in self.sublayers():
            layer.trainable = trainable

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return super().from_config({**config, "layer": deserialize(config.get("layer"), Layer, "layer")})


class TimeDistributed(Wrapper):
    """Applies a layer to every step of a sequence, with the same weights.

    All steps go through the layer as one large batch, so in training a batch normalization inside sees them together.

    Shapes: [batch, time, …] → [batch, time, …], the dots as the layer inside has them.

    Args:
        layer: the layer inside; it takes one step, [batch, …].
    """

    def __init__(self, layer: Layer, **base: Any):
        super().__init__(layer, **base)
        self.layer = layer
        self.expects(min_rank=3)

    def build(self, input_shape: Sequence[int | None]) -> None:
        if not self.layer.built:
            self.layer.build_in_scope(_step_shape(input_shape))

    def call(self, x: torch.Tensor) -> torch.Tensor:
        batch, time = x.shape[:2]
        steps = self.layer(x.reshape(batch * time, *x.shape[2:]))
        return steps.reshape(batch, time, *steps.shape[1:])

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Any:
        step_shape = self.layer.compute_output_shape(_step_shape(input_shape))
        if is_shape_list(step_shape):
            raise ArgumentError(
                f'Layer "{self.layer.name}" returns {len(step_shape)} tensors, but inside of "{self.name}" it must '
                "return one. Leave out return_state."
            )
        return (input_shape[0], input_shape[1], *step_shape[1:])

    def check_input_shape(self, input_shape: Any) -> None:
        super().check_input_shape(input_shape)
        self.layer.check_input_shape(_step_shape(input_shape))


def _step_shape(input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
    return (input_shape[0], *input_shape[2:])


class Bidirectional(Wrapper):
    """Runs a recurrent layer over a sequence in both directions.

    The layer itself is a pattern: two new layers with its config are made, `forward_layer` and `backward_layer`.

    Shapes: those of the layer inside, with twice as many features for "concat". With `return_state` there follow the
    states of the forward layer, then those of the backward layer.

    Args:
        layer: a recurrent layer, such as `layers.lstm(32)`. TensorFlow.js 4.22 cannot load a bidirectional
            `layers.rnn(cell)`; one for a browser must be made of `lstm`, `gru` or `simple_rnn`.
        merge_mode: how the two outputs become one: "concat" (the default), "sum", "mul", "ave", or None for a list of
            both. The outputs of all steps, with `return_sequences`, are both in the order of time.
        zero_output_for_mask: whether outputs of steps that a mask leaves out are zeros, as in Keras. TensorFlow.js
            repeats the output before, whatever this says.

    Raises:
        ArgumentTypeError: `layer` is no recurrent layer.
        UnknownNameError: another merge_mode.
    """

    def __init__(
        self,
        layer: Layer,
        *,
        merge_mode: str | None = "concat",
        zero_output_for_mask: bool = False,
        **base: Any,
    ):
        super().__init__(layer, **base)
        self.zero_output_for_mask = bool(zero_output_for_mask)
        if not isinstance(layer, _RecurrentLayer):
            raise ArgumentTypeError(
                f"Bidirectional expects a recurrent layer inside, such as layers.lstm(32), got {type(layer).__name__}."
            )
        self.merge_mode = None if merge_mode is None else choice(merge_mode, list(_MERGES), "merge_mode")
        self._pattern = (layer,)  # in a tuple, for PyTorch would count it among the parts otherwise
        config = serialize(layer)["config"]
        self.forward_layer = type(layer).from_config({**config, "name": f"forward_{layer.name}"})
        self.backward_layer = type(layer).from_config(
            {**config, "name": f"backward_{layer.name}", "go_backwards": not layer.go_backwards}
        )
        self.expects(3)

    @property
    def layer(self) -> _RecurrentLayer:
        return self._pattern[0]

    def get_config(self) -> dict[str, Any]:
        """Returns the layer's config: as TensorFlow.js writes it, unless it computes what TensorFlow.js cannot."""
        config = super().get_config()
        if not self.zero_output_for_mask:
            del config["zero_output_for_mask"]
        return config

    @property
    def return_sequences(self) -> bool:
        return self.forward_layer.return_sequences

    @property
    def return_state(self) -> bool:
        return self.forward_layer.return_state

    @property
    def stateful(self) -> bool:  # type: ignore[override]
        return self.forward_layer.stateful

    def apply(self, inputs: Any, initial_state: Any = None, **arguments: Any) -> Any:  # type: ignore[override]
        """Calls the layer.

        Args:
            inputs: [batch, time, features]; or a list of that and the states to start from.
            initial_state: the states to start from, those of the forward layer first; zeros by default.
            arguments: more for `call`, such as `training=True` or `mask`.
        """
        if initial_state is not None:
            inputs = join_states(inputs, initial_state)
        return super().apply(inputs, **arguments)

    def build(self, input_shape: Any) -> None:
        shape = input_shape[0] if is_shape_list(input_shape) else input_shape
        self.forward_layer.ensure_built(shape)
        self.backward_layer.ensure_built(shape)
        self.expects(3, axes={-1: shape[-1]})

    def call(self, inputs: Any, mask: Any = None, initial_state: Any = None) -> Any:
        x, states = split_states(inputs, initial_state)
        half = len(states) // 2
        forward = self.forward_layer([x, *states[:half]], mask=mask)
        backward = self.backward_layer([x, *states[half:]], mask=mask)
        last_states = []
        if self.return_state:
            forward, *forward_states = forward
            backward, *backward_states = backward
            last_states = [*forward_states, *backward_states]
        if self.return_sequences:
            backward = backward.flip(1)
            first_mask = mask[0] if isinstance(mask, list | tuple) else mask
            if self.zero_output_for_mask and first_mask is not None:
                forward, backward = forward * first_mask.unsqueeze(-1), backward * first_mask.unsqueeze(-1)
        outputs = [forward, backward] if self.merge_mode is None else [_MERGES[self.merge_mode](forward, backward)]
        return [*outputs, *last_states] if len(outputs) + len(last_states) > 1 else outputs[0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        shapes = self.forward_layer.compute_output_shape(input_shape)
        output, *states = shapes if is_shape_list(shapes) else [shapes]
        if self.merge_mode == "concat":
            output = (*output[:-1], 2 * output[-1])
        outputs = [output, output] if self.merge_mode is None else [output]
        return [*outputs, *states, *states] if len(outputs) + len(states) > 1 else output

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        passed = mask if self.return_sequences else None
        masks = [passed, passed] if self.merge_mode is None else [passed]
        if self.return_state:
            masks += [None] * 2 * len(state_sizes(self.forward_layer))
        return masks if len(masks) > 1 else passed

    def passes_mask(self, masked: bool) -> bool:
        return masked and self.return_sequences

    def check_input_shape(self, input_shape: Any) -> None:
        shapes = input_shape if is_shape_list(input_shape) else [input_shape]
        super().check_input_shape(shapes[0])
        states = shapes[1:]
        if len(states) % 2:
            raise ShapeError(
                f'Layer "{self.name}" expects an even number of states to start from, half for each direction, '
                f"but got {len(states)}: {', '.join(str(Shape(shape)) for shape in states)}."
            )
        half = len(states) // 2
        self.forward_layer.check_input_shape([shapes[0], *states[:half]])
        self.backward_layer.check_input_shape([shapes[0], *states[half:]])

    def reset_states(self) -> None:
        """Lets the next batch start anew, in both directions.

        Raises:
            StateError: the layer inside is not stateful.
        """
        self.forward_layer.reset_states()
        self.backward_layer.reset_states()


_MERGES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "concat": lambda forward, backward: torch.cat([forward, backward], dim=-1),
    "sum": torch.add,
    "ave": lambda forward, backward: (forward + backward) * 0.5,
    "mul": torch.mul,
}

time_distributed = TimeDistributed
bidirectional = Bidirectional
