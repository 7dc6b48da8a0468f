"""Small models of every kind, with weights that are all different, for TensorFlow.js to load."""

from typing import Any

import numpy as np

import velveteen as vt
from velveteen import layers


def dense():
    return vt.sequential(
        [
            layers.dense(16, activation="relu", input_shape=[12], kernel_regularizer="l1_l2"),
            layers.dropout(0.5),
            layers.dense(8, activation="gelu", kernel_constraint=vt.constraints.max_norm(2)),
            layers.leaky_relu(),
            layers.dense(5, activation="softmax", kernel_initializer="heNormal"),
        ]
    )


def cnn():
    return vt.sequential(
        [
            layers.conv2d(6, 3, activation="relu", padding="same", input_shape=[12, 12, 2]),
            layers.max_pooling2d(2),
            layers.zero_padding2d(1),
            layers.conv2d(7, [3, 2], strides=2, use_bias=False, dilation_rate=1),
            layers.average_pooling2d(2),
            layers.flatten(),
            layers.dense(4, activation="softmax"),
        ]
    )


def unet():
    x = vt.input([16, 16, 3])
    first = layers.conv2d(4, 3, padding="same", activation="relu").apply(x)
    second = layers.conv2d(6, 3, padding="same", activation="relu").apply(layers.max_pooling2d(2).apply(first))
    bottom = layers.conv2d(8, 3, padding="same", activation="relu").apply(layers.max_pooling2d(2).apply(second))
    up = layers.conv2d_transpose(6, 2, strides=2, padding="same").apply(bottom)
    up = layers.conv2d(6, 3, padding="same", activation="relu").apply(layers.concatenate().apply([second, up]))
    up = layers.up_sampling2d([2, 2]).apply(up)
    up = layers.conv2d(4, 3, padding="same", activation="relu").apply(layers.concatenate().apply([first, up]))
    return vt.model(inputs=x, outputs=layers.conv2d(1, 1, activation="sigmoid").apply(up))


def lstm():
    return vt.sequential(
        [
            layers.lstm(8, return_sequences=True, input_shape=[6, 5]),
            layers.lstm(7, go_backwards=True),
            layers.dense(4, activation="softmax"),
        ]
    )


def gru():
    return vt.sequential(
        [
            layers.bidirectional(layers.gru(5, return_sequences=True), merge_mode="concat", input_shape=[6, 4]),
            layers.time_distributed(layers.dense(3, activation="tanh")),
            layers.gru(4, recurrent_activation="hardSigmoid"),
        ]
    )


def two_by_two():
    left, right = vt.input([6], name="left"), vt.input([4, 3], name="right")
    flat = layers.flatten().apply(right)
    both = layers.concatenate().apply([left, layers.dense(6, activation="elu").apply(flat)])
    total = layers.add().apply([left, layers.dense(6, name="shared").apply(flat)])
    first = layers.dense(3, activation="softmax", name="first").apply(both)
    second = layers.dense(1, name="second").apply(layers.multiply().apply([total, left]))
    return vt.model(inputs=[left, right], outputs=[first, second])


def nested():
    inner_input = vt.input([5])
    inner = vt.model(inputs=inner_input, outputs=layers.dense(5, activation="tanh").apply(inner_input))
    stack = vt.sequential([layers.dense(5, activation="relu", input_shape=[5]), layers.batch_normalization()])
    x = vt.input([5])
    twice = inner.apply(inner.apply(x))
    return vt.model(inputs=x, outputs=layers.dense(2).apply(layers.average().apply([twice, stack.apply(x)])))


def batch_norm():
    return vt.sequential(
        [
            layers.conv2d(4, 3, use_bias=False, input_shape=[8, 8, 3]),
            layers.batch_normalization(momentum=0.9, epsilon=1e-3),
            layers.activation("relu"),
            layers.global_average_pooling2d(),
            layers.batch_normalization(scale=False),
            layers.layer_normalization(),
        ]
    )


def separable():
    return vt.sequential(
        [
            layers.separable_conv2d(6, 3, depth_multiplier=2, padding="same", input_shape=[9, 9, 3]),
            layers.depthwise_conv2d(3, strides=2),
            layers.cropping2d([[1, 0], [0, 1]]),
            layers.global_max_pooling2d(),
        ]
    )


def embedding_with_mask():
    return vt.sequential(
        [
            layers.embedding(11, 6, mask_zero=True, input_length=7),
            layers.lstm(5, return_sequences=True),
            layers.gru(4),
            layers.dense(3, activation="softmax"),
        ]
    )


def conv_lstm():
    return vt.sequential(
        [
            layers.conv_lstm2d(4, 3, strides=2, return_sequences=True, input_shape=[3, 9, 8, 2]),
            layers.conv_lstm2d(3, 2, padding="same", unit_forget_bias=True),
            layers.flatten(),
        ]
    )


def reshaped():
    """TensorFlow.js finds no open size by itself when the layer behind needs it."""
    return vt.sequential(
        [
            layers.dense(12, input_shape=[4, 2]),
            layers.reshape([2, 3, -1]),
            layers.conv2d(2, 2),
            layers.reshape([-1]),
            layers.dense(3),
        ]
    )


def without_input_shapes():
    """Stacks that are built by what they are called on, one inside of the other."""
    x = vt.input([5])
    inside = vt.sequential([layers.dense(4, activation="tanh"), layers.batch_normalization()])
    stack = vt.sequential([layers.dense(6, activation="relu"), inside])
    steps = layers.time_distributed(vt.sequential([layers.dense(2), layers.layer_normalization()]))
    repeated = layers.repeat_vector(3).apply(stack.apply(x))
    return vt.model(inputs=x, outputs=layers.lstm(3).apply(steps.apply(repeated)))


def two_shards():
    return vt.sequential(
        [
            layers.embedding(1100, 1000, input_length=4),
            layers.global_average_pooling1d(),
            layers.dense(3, activation="softmax"),
        ]
    )


MODELS = {
    build.__name__: build
    for build in (
        dense,
        cnn,
        unet,
        lstm,
        gru,
        two_by_two,
        nested,
        batch_norm,
        separable,
        embedding_with_mask,
        conv_lstm,
        reshaped,
        without_input_shapes,
        two_shards,
    )
}


def with_random_weights(model: Any) -> Any:
    """Gives each weight values of its own, so that a mix-up shows; those of a variance stay positive."""
    random = np.random.default_rng(7)
    for weight in model.weights:
        values = random.normal(size=weight.shape) * 0.4
        weight.assign(np.abs(values) + 0.5 if "variance" in weight.name else values)
    return model


def inputs_for(model: Any, examples: int = 3) -> list[np.ndarray]:
    """Returns random inputs; whole numbers with zeros at the end of each row where an embedding follows."""
    random = np.random.default_rng(11)
    values = [random.normal(size=(examples, *tensor.shape[1:])).astype(np.float32) for tensor in model.inputs]
    if type(model.layers[0]).__name__ == "Embedding" or type(model.layers[1]).__name__ == "Embedding":
        tokens = random.integers(1, 11, values[0].shape)
        tokens[:, -2:] = 0
        values = [tokens.astype(np.float32)]
    return values
