"""Every layer that Keras 3 and velveteen share, with its options, run in the environment of tools/peers.py.

keras_layers.py save|predict FOLDER: see keras_zoo.py.
"""

import sys
from pathlib import Path

import keras
from keras import layers as L
from keras_zoo import predict_all, save_models


def stack(shape, *layers, dtype="float32"):
    return keras.Sequential([keras.Input(shape, dtype=dtype), *layers])


def drawn(shape, function, dtype="float32"):
    x = keras.Input(shape, dtype=dtype)
    return keras.Model(x, function(x))


def joined(layer, *shapes):
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs, layer(inputs))


def tokens(*layers):
    return stack([7], L.Embedding(11, 4, mask_zero=True), *layers, dtype="int32")


def with_states(layer, shape=(6, 4)):
    """All that the layer returns are the model's outputs."""
    return drawn(shape, lambda x: list(layer(x)))


def from_states(layer, state_count, units):
    x, states = keras.Input([6, 4]), [keras.Input([units]) for _ in range(state_count)]
    return keras.Model([x, *states], layer(x, initial_state=states))


def shared_twice():
    left, right = keras.Input([5]), keras.Input([5])
    layer, other = L.Dense(5, "tanh"), L.BatchNormalization()
    return keras.Model([left, right], L.Concatenate()([other(layer(layer(left))), layer(other(right))]))


def nested_outputs():
    """A model with two outputs, inside of a sequential one's neighbour, called twice."""
    x = keras.Input([4])
    y = L.Dense(4, "relu")(x)
    inner = keras.Model(x, [L.Dense(3)(y), L.Dense(4)(y)], name="two")
    deep = keras.Sequential([keras.Input([4]), keras.Sequential([keras.Input([4]), L.Dense(4)]), L.PReLU()])
    x = keras.Input([4])
    first, second = inner(deep(x))
    third, _ = inner(second)
    return keras.Model(x, [L.Add()([first, third]), deep(second)])


def attention_between(**call):
    query, value, key = keras.Input([5, 6]), keras.Input([7, 4]), keras.Input([7, 3])
    return keras.Model([query, value, key], L.MultiHeadAttention(2, 3, value_dim=4)(query, value, key, **call))


def attention_with_mask(x):
    return L.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)


CASES = {
    # Core
    "dense": lambda: stack([4], L.Dense(3, "selu", kernel_regularizer="l1")),
    "dense_3d": lambda: stack([5, 4], L.Dense(3, use_bias=False, kernel_constraint=keras.constraints.MaxNorm(2.0))),
    "dropout": lambda: stack([4], L.Dense(3), L.Dropout(0.5, seed=1)),
    "flatten": lambda: stack([3, 2, 2], L.Flatten()),
    "flatten_channels_first": lambda: stack([3, 2, 4], L.Flatten(data_format="channels_first")),
    "reshape": lambda: stack([12], L.Reshape([3, -1]), L.Permute([2, 1])),
    "repeat_vector": lambda: stack([5], L.RepeatVector(3)),
    "masking": lambda: stack([6, 3], L.Masking(0.0), L.LSTM(3)),
    "embedding": lambda: stack([7], L.Embedding(11, 4, embeddings_regularizer="l2"), dtype="int32"),
    "embedding_mask": lambda: tokens(L.LSTM(4, return_sequences=True), L.SimpleRNN(3)),
    # Activations
    **{
        f"activation_{name}": (lambda name=name: stack([6], L.Dense(5, name), L.Activation(name)))
        for name in (
            "elu",
            "exponential",
            "gelu",
            "linear",
            "log_softmax",
            "relu",
            "relu6",
            "selu",
            "sigmoid",
            "silu",
            "softmax",
            "softplus",
            "softsign",
            "swish",
            "tanh",
            "mish",
            "leaky_relu",
            "hard_sigmoid",
            "hard_swish",
            "celu",
        )
    },
    "relu": lambda: stack([6], L.ReLU()),
    "relu_6": lambda: stack([6], L.ReLU(max_value=1.5)),
    "relu_slope": lambda: stack([6], L.ReLU(negative_slope=0.2)),
    "leaky_relu": lambda: stack([6], L.LeakyReLU(0.1)),
    "elu": lambda: stack([6], L.ELU(0.7)),
    "prelu": lambda: stack([4, 6], L.PReLU(alpha_initializer="ones")),
    "prelu_shared": lambda: stack([4, 5, 6], L.PReLU(shared_axes=[1, 2])),
    "softmax": lambda: stack([4, 6], L.Softmax(axis=1)),
    # Convolutions
    "conv1d": lambda: stack([9, 3], L.Conv1D(4, 3, strides=2, padding="same", activation="relu")),
    "conv1d_dilated": lambda: stack([9, 3], L.Conv1D(4, 3, dilation_rate=2, use_bias=False)),
    "conv1d_causal": lambda: stack([9, 3], L.Conv1D(4, 3, dilation_rate=2, padding="causal")),
    "conv2d": lambda: stack([9, 8, 3], L.Conv2D(4, [3, 2], strides=[2, 1], padding="same")),
    "conv2d_dilated": lambda: stack([9, 8, 3], L.Conv2D(4, 3, dilation_rate=[2, 1])),
    "conv2d_channels_first": lambda: stack([3, 9, 8], L.Conv2D(4, 3, data_format="channels_first")),
    "conv2d_groups": lambda: stack([9, 8, 4], L.Conv2D(4, 3, groups=2)),
    "conv3d": lambda: stack([5, 6, 7, 2], L.Conv3D(3, [2, 3, 2], strides=[1, 2, 1], padding="same")),
    "conv2d_transpose": lambda: stack([4, 5, 3], L.Conv2DTranspose(2, 3, strides=2, padding="same")),
    "conv2d_transpose_valid": lambda: stack([4, 5, 3], L.Conv2DTranspose(2, [3, 2], strides=[2, 3])),
    "conv2d_transpose_first": lambda: stack([3, 4, 5], L.Conv2DTranspose(2, 3, data_format="channels_first")),
    "conv3d_transpose": lambda: stack([3, 4, 3, 2], L.Conv3DTranspose(2, 3, strides=2, padding="same")),
    "depthwise": lambda: stack([9, 8, 3], L.DepthwiseConv2D(3, activation="relu", depthwise_regularizer="l2")),
    "depthwise_same": lambda: stack(
        [9, 8, 3], L.DepthwiseConv2D([3, 2], strides=2, padding="same", depth_multiplier=2)
    ),
    "depthwise_dilated": lambda: stack([9, 8, 3], L.DepthwiseConv2D(3, dilation_rate=2)),
    "depthwise_first": lambda: stack([3, 9, 8], L.DepthwiseConv2D(3, data_format="channels_first")),
    "separable": lambda: stack([9, 8, 3], L.SeparableConv2D(4, 3, strides=2, depth_multiplier=2, padding="same")),
    "separable_dilated": lambda: stack([9, 8, 3], L.SeparableConv2D(4, 3, dilation_rate=2, use_bias=False)),
    # Pooling
    **{
        f"{kind}_pooling{rank}d{padding}": (
            lambda kind=kind, rank=rank, padding=padding: stack(
                [*[7, 6, 5][:rank], 3], getattr(L, f"{kind.title()}Pooling{rank}D")(3, 2, padding=padding)
            )
        )
        for kind in ("max", "average")
        for rank in (1, 2, 3)
        for padding in ("valid", "same")
    },
    "max_pooling_first": lambda: stack([3, 8, 9], L.MaxPooling2D([2, 3], data_format="channels_first")),
    "average_pooling_uneven": lambda: stack([8, 9, 3], L.AveragePooling2D([2, 3], strides=[1, 2])),
    "global_1d": lambda: drawn([6, 3], lambda x: [L.GlobalAveragePooling1D()(x), L.GlobalMaxPooling1D()(x)]),
    "global_2d": lambda: drawn([6, 5, 3], lambda x: [L.GlobalAveragePooling2D()(x), L.GlobalMaxPooling2D()(x)]),
    "global_2d_first": lambda: stack([3, 6, 5], L.GlobalAveragePooling2D(data_format="channels_first")),
    "global_keepdims": lambda: stack([6, 5, 3], L.GlobalAveragePooling2D(keepdims=True), L.Conv2D(2, 1)),
    "global_keepdims_1d": lambda: drawn([6, 3], lambda x: L.Add()([x, L.GlobalMaxPooling1D(keepdims=True)(x)])),
    "global_keepdims_first": lambda: stack([3, 6, 5], L.GlobalMaxPooling2D("channels_first", keepdims=True)),
    "global_masked": lambda: tokens(L.GlobalAveragePooling1D()),
    # Shapes of pictures
    "zero_padding": lambda: stack([4, 5, 3], L.ZeroPadding2D(((1, 0), (2, 3)))),
    "zero_padding_first": lambda: stack([3, 4, 5], L.ZeroPadding2D([1, 2], data_format="channels_first")),
    "cropping": lambda: stack([6, 7, 3], L.Cropping2D(((1, 0), (2, 3)))),
    "cropping_first": lambda: stack([3, 6, 7], L.Cropping2D(1, data_format="channels_first")),
    "up_sampling": lambda: stack([3, 4, 2], L.UpSampling2D([2, 3])),
    "up_sampling_first": lambda: stack([2, 3, 4], L.UpSampling2D(2, data_format="channels_first")),
    "up_sampling_bilinear": lambda: stack([3, 4, 2], L.UpSampling2D([2, 3], interpolation="bilinear")),
    "up_sampling_bilinear_first": lambda: stack(
        [2, 3, 4], L.UpSampling2D(2, data_format="channels_first", interpolation="bilinear")
    ),
    # Preprocessing
    "rescaling": lambda: stack([4, 3], L.Rescaling(0.5, offset=-1.0)),
    "resizing": lambda: stack([5, 6, 2], L.Resizing(8, 4)),
    "resizing_smaller": lambda: stack([9, 8, 2], L.Resizing(4, 3)),
    "resizing_nearest": lambda: stack([5, 6, 2], L.Resizing(7, 9, interpolation="nearest")),
    "resizing_crop": lambda: stack([6, 9, 2], L.Resizing(4, 4, crop_to_aspect_ratio=True)),
    "resizing_bicubic": lambda: stack([6, 9, 2], L.Resizing(4, 4, interpolation="bicubic")),
    "center_crop": lambda: stack([8, 9, 2], L.CenterCrop(4, 5)),
    "center_crop_odd": lambda: stack([9, 7, 2], L.CenterCrop(4, 4)),
    "center_crop_larger": lambda: stack([4, 4, 2], L.CenterCrop(6, 5)),
    "category_encoding": lambda: stack([5], L.CategoryEncoding(11, output_mode="multi_hot"), dtype="int32"),
    "category_count": lambda: stack([5], L.CategoryEncoding(11, output_mode="count"), dtype="int32"),
    "category_one_hot": lambda: stack([1], L.CategoryEncoding(11, output_mode="one_hot"), dtype="int32"),
    # Normalization
    "batch_normalization": lambda: stack([5, 4], L.BatchNormalization(epsilon=1e-2, momentum=0.8)),
    "batch_normalization_plain": lambda: stack([5, 4], L.BatchNormalization(center=False, scale=False)),
    "batch_normalization_axis": lambda: stack([3, 5, 4], L.BatchNormalization(axis=1)),
    "layer_normalization": lambda: stack([5, 4], L.LayerNormalization(epsilon=1e-4)),
    "layer_normalization_axes": lambda: stack([5, 4], L.LayerNormalization(axis=[1, 2], center=False)),
    "layer_normalization_plain": lambda: stack([5, 4], L.LayerNormalization(scale=False, center=False)),
    # Noise
    "noise": lambda: stack([5, 4], L.GaussianNoise(0.5), L.GaussianDropout(0.3), L.AlphaDropout(0.2), L.Dense(2)),
    "spatial_dropout": lambda: stack([5, 4], L.SpatialDropout1D(0.5), L.Dense(2)),
    # Merges
    **{
        name.lower(): (lambda name=name: joined(getattr(L, name)(), [4, 3], [4, 3]))
        for name in ("Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
    },
    "add_three": lambda: joined(L.Add(), [4], [4], [4]),
    "concatenate_axis": lambda: joined(L.Concatenate(axis=1), [4, 3], [2, 3]),
    "dot": lambda: joined(L.Dot(axes=1), [4], [4]),
    "dot_matrices": lambda: joined(L.Dot(axes=[2, 1], normalize=True), [4, 3], [3, 5]),
    # Recurrent
    "simple_rnn": lambda: stack([6, 4], L.SimpleRNN(3, activation="relu", use_bias=False)),
    "lstm": lambda: stack([6, 4], L.LSTM(3, return_sequences=True, go_backwards=True)),
    "lstm_options": lambda: stack(
        [6, 4], L.LSTM(3, activation="relu", unit_forget_bias=False, use_bias=False, dropout=0.2, recurrent_dropout=0.1)
    ),
    "lstm_hard": lambda: stack([6, 4], L.LSTM(3, recurrent_activation="hard_sigmoid")),
    "lstm_states": lambda: with_states(L.LSTM(3, return_sequences=True, return_state=True)),
    "lstm_initial": lambda: from_states(L.LSTM(3, return_sequences=True), 2, 3),
    "gru": lambda: stack([6, 4], L.GRU(3, reset_after=False)),
    "gru_after": lambda: stack([6, 4], L.GRU(3, return_sequences=True)),
    "gru_after_plain": lambda: stack([6, 4], L.GRU(3, use_bias=False, go_backwards=True)),
    "gru_states": lambda: with_states(L.GRU(3, return_state=True, reset_after=False)),
    "gru_initial": lambda: from_states(L.GRU(3, reset_after=False), 1, 3),
    "simple_rnn_states": lambda: with_states(L.SimpleRNN(3, return_sequences=True, return_state=True)),
    "lstm_stateful": lambda: keras.Sequential([keras.Input(batch_shape=[3, 6, 4]), L.LSTM(3, stateful=True)]),
    "rnn_cell": lambda: stack([6, 4], L.RNN(L.LSTMCell(3), return_sequences=True)),
    "rnn_cells": lambda: stack([6, 4], L.RNN([L.GRUCell(5, reset_after=False), L.SimpleRNNCell(3), L.LSTMCell(2)])),
    "conv_lstm": lambda: stack([3, 7, 6, 2], L.ConvLSTM2D(3, 3, strides=2, return_sequences=True)),
    "conv_lstm_same": lambda: stack([3, 7, 6, 2], L.ConvLSTM2D(3, [3, 2], padding="same", activation="relu")),
    # Wrappers
    **{
        f"bidirectional_{mode}": (
            lambda mode=mode: stack([6, 4], L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode=mode))
        )
        for mode in ("concat", "sum", "mul", "ave")
    },
    "bidirectional_list": lambda: with_states(L.Bidirectional(L.LSTM(3), merge_mode=None)),
    "bidirectional_states": lambda: with_states(L.Bidirectional(L.LSTM(3, return_sequences=True, return_state=True))),
    "bidirectional_last": lambda: stack([6, 4], L.Bidirectional(L.GRU(3, reset_after=False))),
    "bidirectional_two": lambda: stack(
        [6, 4], L.Bidirectional(L.LSTM(3, activation="relu"), backward_layer=L.LSTM(3, go_backwards=True))
    ),
    "bidirectional_mask": lambda: tokens(L.Bidirectional(L.LSTM(3))),
    "bidirectional_mask_sequences": lambda: tokens(L.Bidirectional(L.LSTM(3, return_sequences=True))),
    "time_distributed": lambda: stack([4, 7, 6, 2], L.TimeDistributed(L.Conv2D(3, 3, activation="relu"))),
    "time_distributed_model": lambda: stack([4, 5], L.TimeDistributed(stack([5], L.Dense(3), L.BatchNormalization()))),
    # Attention
    "attention": lambda: drawn([5, 6], lambda x: L.MultiHeadAttention(2, 3, kernel_regularizer="l2")(x, x)),
    "attention_plain": lambda: drawn([5, 6], lambda x: L.MultiHeadAttention(2, 3, use_bias=False, dropout=0.1)(x, x)),
    "attention_causal": lambda: drawn([5, 6], attention_with_mask),
    "attention_between": attention_between,
    "attention_shape": lambda: drawn([5, 6], lambda x: L.MultiHeadAttention(2, 3, output_shape=4)(x, x)),
    "attention_axes": lambda: drawn([3, 4, 6], lambda x: L.MultiHeadAttention(2, 3, attention_axes=2)(x, x)),
    "attention_both_axes": lambda: drawn([3, 4, 6], lambda x: L.MultiHeadAttention(2, 3)(x, x)),
    "attention_tokens": lambda: drawn(
        [7], lambda x: attention_with_mask(L.Embedding(11, 6, mask_zero=True)(x)), dtype="int32"
    ),
    # Graphs
    "shared": shared_twice,
    "nested_outputs": nested_outputs,
    "mixed_precision": lambda: stack([4], L.Dense(3, dtype="mixed_bfloat16"), L.Dense(2, dtype="float64")),
    "unused_layer_order": lambda: drawn([4], lambda x: L.Add()([L.Dense(3, name="b")(x), L.Dense(3, name="a")(x)])),
}


def save(folder):
    save_models(folder, CASES)


if __name__ == "__main__":
    {"save": save, "predict": predict_all}[sys.argv[1]](Path(sys.argv[2]))
