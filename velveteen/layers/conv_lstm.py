"""The LSTM whose products are convolutions, for sequences of pictures (Shi et al., 2015, arXiv:1506.04214)."""

from collections.abc import Sequence
from typing import Any

import torch

from velveteen.errors import ArgumentError, ShapeError
from velveteen.layers._arguments import choice, integers, positive_integer
from velveteen.layers._arguments import data_format as check_data_format
from velveteen.layers._windows import Size, check_sizes, join_shape, split_shape, windows_length
from velveteen.layers.base import is_shape_list
from velveteen.layers.lstm import _LSTMFormula
from velveteen.layers.recurrent import _RecurrentLayer
from velveteen.layers.recurrent_cells import States, _FormulaCell
from velveteen.ops._padding import one_is_one
from velveteen.ops.convolution import conv_nd
from velveteen.tensors import Shape

__all__ = ["ConvLSTM2D", "ConvLSTM2DCell", "conv_lstm2d", "conv_lstm2d_cell"]


class _ConvLSTM2DFormula(_LSTMFormula):
    """The arguments, weights and step of a convolutional LSTM, for the layer and for its cell."""

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        *,
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        dilation_rate: int | Sequence[int] = 1,
        **options: Any,
    ):
        super().__init__(positive_integer(filters, "filters"), **options)
        self.filters = self.units
        self.kernel_size = integers(kernel_size, 2, "kernel_size")
        self.strides = integers(strides, 2, "strides")
        self.padding = choice(padding, ("valid", "same"), "padding")
        self.data_format = check_data_format(data_format)
        self.dilation_rate = integers(dilation_rate, 2, "dilation_rate")
        one_is_one(self.strides, self.dilation_rate, "conv_lstm2d")
        self.channels_first = self.data_format == "channels_first"

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["units"]  # they are the filters
        return config

    def make_weights(self, step_shape: Sequence[int | None]) -> None:
        channels = step_shape[1 if self.channels_first else -1]
        if channels is None:
            raise ShapeError(
                f'Layer "{self.name}" must know the number of channels of its input, but it is null in '
                f"{Shape(step_shape)}. Give the model an input_shape with that size."  # type: ignore[arg-type]
            )
        width = self.gates * self.filters
        self.add_weight(
            "kernel",
            (*self.kernel_size, channels, width),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            stored=(3, 2, 0, 1),
        )
        self.add_weight(
            "recurrent_kernel",
            (*self.kernel_size, self.filters, width),
            self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
            stored=(3, 2, 0, 1),
        )
        if self.use_bias:
            self.add_weight(
                "bias",
                (width,),
                self.initial_bias,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def state_shapes(self, step_shape: Sequence[Size]) -> list[tuple[Size, ...]]:
        batch, sizes, _ = split_shape(step_shape, self.channels_first)
        out = [
            windows_length(size, kernel, self.padding, stride, dilation)
            for size, kernel, stride, dilation in zip(
                sizes, self.kernel_size, self.strides, self.dilation_rate, strict=True
            )
        ]
        check_sizes(self.name, step_shape, out)
        return [join_shape(batch, out, self.filters, self.channels_first)] * 2

    def project(self, x: torch.Tensor) -> torch.Tensor:
        convolved = conv_nd(
            x.flatten(0, 1),
            self.kernel,
            self.bias,
            self.strides,
            self.padding,
            self.dilation_rate,
            channels_first=self.channels_first,
        )
        return convolved.unflatten(0, x.shape[:2])

    def fused_masked(self, x: torch.Tensor, states: States, mask: torch.Tensor, sequences: bool) -> None:
        return None

    def fused(self, x: torch.Tensor, states: States, sequences: bool) -> None:
        return None

    def fused_step(self, x: torch.Tensor, states: States) -> None:
        return None

    def step(self, projected: torch.Tensor, states: States, dropped: torch.Tensor) -> States:
        gates = projected + conv_nd(dropped, self.recurrent_kernel, None, 1, "same", channels_first=self.channels_first)
        return self.new_states(gates.chunk(4, dim=1 if self.channels_first else -1), states[1])


class ConvLSTM2DCell(_ConvLSTM2DFormula, _FormulaCell):
    """One step of a convolutional LSTM: [x, h, c] → [h', h', c'], each [batch, height, width, channels].

    `layers.rnn` takes no such cell, as in TensorFlow.js: `layers.conv_lstm2d` goes over sequences.

    Args: those of `layers.conv_lstm2d`, without the ones about sequences.
    """

    def compute_output_shape(self, input_shape: Any) -> Any:
        states = self.state_shapes(input_shape[0] if is_shape_list(input_shape) else input_shape)
        return [states[0], *states]


class ConvLSTM2D(_ConvLSTM2DFormula, _RecurrentLayer):
    """Long short-term memory over a sequence of pictures; what goes in and what is remembered are convolved.

    Shapes: [batch, time, height, width, channels] → [batch, new height, new width, filters], or
    [batch, time, new height, new width, filters] with `return_sequences`. The states, h and c, have the shape of the
    output of one step. Kernel [height, width, channels, 4·filters], recurrent kernel
    [height, width, filters, 4·filters]: input, forget, candidate, output.

    Args:
        filters: how many channels the output and each state have.
        kernel_size: an integer, or [height, width].
        strides: of the convolution of the input; the one of the state has 1.
        padding: of the input, "valid" (none) or "same"; the state is always padded to keep its size.
        data_format: "channels_last" or "channels_first".
        dilation_rate: of the convolution of the input; 1 unless the strides are.
        options: those of `layers.lstm`, of all recurrent layers and of all layers; `unroll` must be False.

    Raises:
        ArgumentError: unroll=True, which TensorFlow.js refuses too.
    """

    sequence_rank = 5

    def __init__(self, filters: int, kernel_size: int | Sequence[int], **options: Any):
        super().__init__(filters, kernel_size, **options)
        if self.unroll:
            raise ArgumentError(f'Layer "{self.name}": a convolutional recurrent layer cannot unroll. Leave it out.')

    @property
    def feature_axis(self) -> int:
        return 2 if self.channels_first else -1


conv_lstm2d = ConvLSTM2D
conv_lstm2d_cell = ConvLSTM2DCell
