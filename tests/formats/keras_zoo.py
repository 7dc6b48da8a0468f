"""A dozen models of Keras 3 and what they predict, run in the environment of tools/peers.py: save or predict FOLDER."""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers as L


def dense():
    return keras.Sequential(
        [
            keras.Input([12]),
            L.Dense(16, "relu", kernel_regularizer="l2"),
            L.Dropout(0.3),
            L.Dense(8, "gelu"),
            L.LeakyReLU(),
            L.Dense(5, "softmax"),
        ]
    )


def cnn():
    return keras.Sequential(
        [
            keras.Input([12, 12, 2]),
            L.Conv2D(6, 3, padding="same", activation="relu"),
            L.MaxPooling2D(),
            L.ZeroPadding2D(1),
            L.Conv2D(7, [3, 2], strides=2, use_bias=False),
            L.AveragePooling2D(2),
            L.Flatten(),
            L.Dense(4, "softmax"),
        ]
    )


def unet():
    x = keras.Input([16, 16, 3])
    first = L.Conv2D(4, 3, padding="same", activation="relu")(x)
    second = L.Conv2D(6, 3, padding="same", activation="relu")(L.MaxPooling2D()(first))
    bottom = L.Conv2D(8, 3, padding="same", activation="relu")(L.MaxPooling2D()(second))
    up = L.Conv2DTranspose(6, 2, strides=2, padding="same")(bottom)
    up = L.Conv2D(6, 3, padding="same", activation="relu")(L.Concatenate()([second, up]))
    up = L.UpSampling2D()(up)
    up = L.Conv2D(4, 3, padding="same", activation="relu")(L.Concatenate()([first, up]))
    return keras.Model(x, L.Conv2D(1, 1, activation="sigmoid")(up))


def lstm():
    return keras.Sequential(
        [keras.Input([6, 5]), L.LSTM(8, return_sequences=True), L.LSTM(7, go_backwards=True), L.Dense(4, "softmax")]
    )


def gru_bidirectional():
    return keras.Sequential(
        [
            keras.Input([6, 4]),
            L.Bidirectional(L.GRU(5, return_sequences=True, reset_after=False)),
            L.TimeDistributed(L.Dense(3, "tanh")),
            L.GRU(4, reset_after=False),
        ]
    )


def separable_cnn():
    return keras.Sequential(
        [
            keras.Input([9, 9, 3]),
            L.SeparableConv2D(6, 3, depth_multiplier=2, padding="same"),
            L.BatchNormalization(),
            L.ReLU(),
            L.DepthwiseConv2D(3, strides=2),
            L.Cropping2D(((1, 0), (0, 1))),
            L.GlobalMaxPooling2D(),
        ]
    )


def nested():
    inner_input = keras.Input([5])
    inner = keras.Model(inner_input, L.Dense(5, "tanh")(inner_input), name="inner")
    stack = keras.Sequential([keras.Input([5]), L.Dense(5, "relu"), L.BatchNormalization()], name="stack")
    x = keras.Input([5])
    return keras.Model(x, L.Dense(2)(L.Average()([inner(inner(x)), stack(stack(x))])))


def multi_input():
    left, right = keras.Input([6], name="left"), keras.Input([4, 3], name="right")
    flat = L.Flatten()(right)
    shared = L.Dense(6, "elu", name="shared")
    both = L.Concatenate()([left, shared(flat)])
    total = left * 0.5 + shared(flat)
    return keras.Model([left, right], [L.Dense(3, "softmax", name="first")(both), L.Dense(1, name="second")(total)])


def embedding():
    x = keras.Input([7], dtype="int32")
    y = L.Embedding(11, 6, mask_zero=True)(x)
    y = L.LSTM(5, return_sequences=True)(y)
    return keras.Model(x, L.Dense(3, "softmax")(L.GRU(4, reset_after=False)(y)))


def layer_norm():
    x = keras.Input([6, 8])
    y = L.LayerNormalization(epsilon=1e-5)(x)
    y = L.Add()([x, L.Dense(8, "silu")(y)])
    return keras.Model(x, L.GlobalAveragePooling1D()(L.Conv1D(4, 3, activation="relu")(L.LayerNormalization()(y))))


def mobile_net():
    def block(x, filters, stride):
        y = L.BatchNormalization()(L.Conv2D(2 * filters, 1, use_bias=False)(x))
        y = L.ReLU(6.0)(y)
        y = L.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(y)
        y = L.ReLU(6.0)(L.BatchNormalization()(y))
        y = L.BatchNormalization()(L.Conv2D(filters, 1, use_bias=False)(y))
        return L.Add()([x, y]) if stride == 1 else y

    x = keras.Input([32, 32, 3])
    y = L.Rescaling(1 / 127.5, offset=-1.0)(x)
    y = L.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(y)
    y = L.ReLU(6.0)(L.BatchNormalization()(y))
    for stride in (1, 2, 1):
        y = block(y, 8, stride)
    y = L.Dropout(0.2)(L.GlobalAveragePooling2D()(y))
    return keras.Model(x, L.Dense(10, "softmax")(y))


def autoencoder():
    encoder = keras.Sequential(
        [keras.Input([8, 8, 1]), L.Conv2D(4, 3, strides=2, padding="same", activation="relu"), L.Flatten(), L.Dense(5)],
        name="encoder",
    )
    decoder = keras.Sequential(
        [
            keras.Input([5]),
            L.Dense(64, "relu"),
            L.Reshape([4, 4, 4]),
            L.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),
        ],
        name="decoder",
    )
    x = keras.Input([8, 8, 1])
    return keras.Model(x, decoder(encoder(x)))


MODELS = [
    dense,
    cnn,
    unet,
    lstm,
    gru_bidirectional,
    separable_cnn,
    nested,
    multi_input,
    embedding,
    layer_norm,
    mobile_net,
    autoencoder,
]


def with_random_weights(model):
    random = np.random.default_rng(7)
    for weight in model.weights:
        values = random.normal(size=weight.shape) * 0.4
        weight.assign(np.abs(values) + 0.5 if "variance" in weight.path else values)
    return model


def inputs_for(model):
    random = np.random.default_rng(11)
    values = []
    for tensor in model.inputs:
        shape = [3, *tensor.shape[1:]]
        if tensor.dtype == "int32":
            numbers = random.integers(1, 11, shape)
            numbers[:, -2:] = 0
            values.append(numbers.astype(np.int32))
        else:
            values.append(random.normal(size=shape).astype(np.float32))
    return values


def as_list(value):
    return value if isinstance(value, list | tuple) else [value]


def predict(model, inputs):
    return [np.asarray(y) for y in as_list(model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0))]


def save_models(folder, builders):
    """Writes each model as .keras and .h5, and beside it its inputs and what it predicts."""
    for name, build in builders.items():
        keras.backend.clear_session()
        model = with_random_weights(build())
        inputs = inputs_for(model)
        model.save(folder / f"{name}.keras")
        model.save(folder / f"{name}.h5")
        arrays = {f"input{i}": x for i, x in enumerate(inputs)}
        arrays |= {f"output{i}": y for i, y in enumerate(predict(model, inputs))}
        np.savez(folder / f"{name}.npz", **arrays)


def save_all(folder):
    save_models(folder, {build.__name__: build for build in MODELS})


def predict_all(folder):
    """Answers for each .keras file that has an .npz beside it."""
    for file in sorted(folder.glob("*.keras")):
        data = np.load(file.with_suffix(".npz"))
        model = keras.saving.load_model(file)
        inputs = [data[name] for name in data.files if name.startswith("input")]
        np.savez(file.with_suffix(".answer.npz"), *predict(model, inputs))


if __name__ == "__main__":
    {"save": save_all, "predict": predict_all}[sys.argv[1]](Path(sys.argv[2]))
