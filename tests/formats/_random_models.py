"""Functional models of layers and options that are drawn: what a browser gets, in all its combinations."""

import random
from collections.abc import Callable

import numpy as np

import velveteen as vt
from velveteen import layers as L
from velveteen.errors import VelveteenError

_ACTIVATIONS = (
    "relu", "tanh", "sigmoid", "elu", "selu", "softplus", "softsign", "hardSigmoid", "relu6", "swish", "mish", "gelu",
    "gelu_new", "linear", "softmax",
)  # fmt: skip
_SHAPES = ([4], [6, 3], [6, 5, 2], [3, 5, 4, 2])
_WORDS = 9


class Draw:
    """Draws layers for vectors, sequences, pictures and volumes."""

    def __init__(self, seed: int):
        self._random = random.Random(seed)
        self._numbers = np.random.default_rng(seed)

    def model(self) -> vt.Model:
        """Returns a model with random weights; its inputs are floats, or the numbers of words."""
        while True:
            if self._chance(0.15):
                x = start = vt.input([5], dtype="int32")
                x = L.embedding(_WORDS, 3, mask_zero=self._chance()).apply(x)
            else:
                x = start = vt.input(self._one_of(_SHAPES))
            for _ in range(self._random.randint(2, 5)):
                x = self._next(x)
            if x is not start:
                return self._with_weights(vt.model(start, x))

    def examples(self, model: vt.Model) -> np.ndarray:
        shape = [2, *model.inputs[0].shape[1:]]
        if model.inputs[0].dtype == "int32":
            return self._numbers.integers(0, _WORDS, shape).astype(np.int32)
        return self._numbers.random(shape).astype(np.float32)

    def _with_weights(self, model: vt.Model) -> vt.Model:
        values = [self._numbers.normal(0, 0.6, weight.shape) for weight in model.weights]
        named = [str(weight.name) for weight in model.weights]
        model.set_weights([np.abs(v) + 0.3 if "variance" in name else v for name, v in zip(named, values, strict=True)])
        return model

    def _next(self, x: vt.SymbolicTensor) -> vt.SymbolicTensor:
        """Returns what one more layer gives, or x where that does not fit."""
        rank = x.rank
        makers = {2: self._vectors, 3: self._sequences, 4: self._pictures, 5: self._volumes}[rank]()
        endings = {
            2: [],
            3: [L.flatten, L.global_average_pooling1d, L.global_max_pooling1d],
            4: [L.flatten, L.global_average_pooling2d, L.global_max_pooling2d],
            5: [L.flatten],
        }[rank]
        try:
            y = self._one_of(endings if endings and self._chance(0.1) else makers)().apply(x)
            # Not with masks, to which TensorFlow.js's merges give an axis more.
            if list(y.shape) == list(x.shape) and not x.masked and self._chance(0.2):
                y = self._one_of([L.add, L.multiply, L.average, L.maximum, L.minimum])().apply([x, y])
        except VelveteenError:
            return x
        return y if all(size is None or 0 < size < 400 for size in y.shape) else x

    def _everywhere(self) -> list[Callable[[], L.Layer]]:
        return [
            lambda: L.activation(self._one_of(_ACTIVATIONS)),
            lambda: L.batch_normalization(center=self._chance(), scale=self._chance(), epsilon=0.01),
            lambda: L.layer_normalization(center=self._chance()),
            lambda: L.prelu(),
            lambda: self._one_of([L.dropout, L.gaussian_dropout, L.gaussian_noise, L.alpha_dropout])(0.3),
            lambda: self._one_of([L.leaky_relu, L.elu, L.relu, L.thresholded_relu, L.softmax])(),
            lambda: L.dense(self._size(), activation=self._activation(), use_bias=self._chance()),
            lambda: L.rescaling(0.5, offset=0.1),
        ]

    def _vectors(self) -> list[Callable[[], L.Layer]]:
        return [*self._everywhere(), lambda: L.repeat_vector(3), lambda: L.reshape([1, -1])]

    def _sequences(self) -> list[Callable[[], L.Layer]]:
        gate = self._one_of(["sigmoid", "hardSigmoid"])
        recurrent = {"return_sequences": True, "go_backwards": self._chance(0.3)}
        inside = self._one_of([L.lstm, L.gru, L.simple_rnn])
        pooling = {"strides": self._one_of([None, 1, 2]), "padding": self._padding()}
        return [
            *self._everywhere(),
            lambda: L.conv1d(self._size(), self._size(), padding=self._padding(), activation=self._activation()),
            lambda: L.conv1d(2, 2, dilation_rate=2, padding=self._padding()),
            lambda: L.lstm(self._size(), recurrent_activation=gate, unit_forget_bias=self._chance(), **recurrent),
            lambda: L.gru(self._size(), recurrent_activation=gate, use_bias=self._chance(), **recurrent),
            lambda: L.simple_rnn(self._size(), activation=self._one_of(["tanh", "relu"]), **recurrent),
            lambda: L.rnn([L.lstm_cell(2), L.gru_cell(3)], return_sequences=True),
            lambda: L.bidirectional(
                inside(2, return_sequences=True), merge_mode=self._one_of(["sum", "mul", "concat", "ave"])
            ),
            lambda: L.time_distributed(L.dense(self._size(), activation=self._activation())),
            lambda: self._one_of([L.max_pooling1d, L.average_pooling1d])(self._size(), **pooling),
            lambda: L.permute([2, 1]),
            lambda: L.reshape([-1, 1]),
            lambda: L.masking(mask_value=0),
            lambda: L.spatial_dropout1d(0.3),
            lambda: L.softmax(axis=1),
        ]

    def _pictures(self) -> list[Callable[[], L.Layer]]:
        first = {"data_format": self._one_of(["channelsLast", "channelsLast", "channelsFirst"])}
        layout = {"padding": self._padding(), "strides": self._one_of([1, 1, 2])}
        convolution = {**layout, "activation": self._activation(), "use_bias": self._chance()}
        return [
            *self._everywhere(),
            lambda: L.conv2d(self._size(), self._one_of([1, 2, 3, [1, 3]]), **convolution, **first),
            lambda: L.conv2d(2, 2, dilation_rate=self._one_of([2, [1, 2]]), padding=self._padding()),
            lambda: L.conv2d_transpose(self._size(), self._size(), **convolution, **first),
            lambda: L.separable_conv2d(self._size(), self._size(), depth_multiplier=2, **convolution),
            lambda: L.depthwise_conv2d(self._size(), depth_multiplier=2, **convolution),
            lambda: self._one_of([L.max_pooling2d, L.average_pooling2d])(
                self._one_of([1, 2, [1, 2]]), **layout, **first
            ),
            lambda: L.up_sampling2d([2, 1], interpolation=self._one_of(["nearest", "bilinear"]), **first),
            lambda: L.zero_padding2d(self._one_of([1, [[1, 0], [0, 2]]]), **first),
            lambda: L.cropping2d([[1, 0], [0, 1]], **first),
            lambda: L.prelu(shared_axes=[1, 2]),
            lambda: L.permute([2, 1, 3]),
            lambda: L.time_distributed(L.conv1d(2, 2, padding="same")),
            lambda: L.batch_normalization(axis=self._one_of([1, 3])),
            lambda: L.center_crop(2, 2),
            lambda: L.resizing(3, 4),
        ]

    def _volumes(self) -> list[Callable[[], L.Layer]]:
        layout = {"padding": self._padding(), "strides": self._one_of([1, 2])}
        return [
            *self._everywhere(),
            lambda: L.conv3d(2, self._one_of([1, 2, [1, 2, 3]]), activation=self._activation(), **layout),
            lambda: L.conv3d_transpose(2, self._size(), **layout),
            lambda: self._one_of([L.max_pooling3d, L.average_pooling3d])(2, **layout),
            lambda: L.conv_lstm2d(2, self._one_of([1, 2]), return_sequences=True, **layout),
            lambda: L.time_distributed(L.conv2d(2, 2, padding="same")),
        ]

    def _activation(self) -> str | None:
        return self._one_of([None, *_ACTIVATIONS])

    def _padding(self) -> str:
        return self._one_of(["same", "valid"])

    def _size(self) -> int:
        return self._random.randint(1, 3)

    def _one_of(self, choices):
        return self._random.choice(choices)

    def _chance(self, likelihood: float = 0.5) -> bool:
        return self._random.random() < likelihood
