"""Layers with absurd settings, in a file or from a program: a VelveteenError says what is wrong, and nothing else comes out."""

import contextlib
import copy
import random

import pytest

import velveteen as vt
from velveteen import layers
from velveteen.errors import (
    ArgumentError,
    ArgumentTypeError,
    ComputationError,
    ShapeError,
    VelveteenError,
)

PICTURE, SEQUENCE, PLACES = [2, 8, 6, 3], [2, 5, 4], [2, 4]
INPUTS = {"picture": vt.ones(PICTURE), "sequence": vt.ones(SEQUENCE), "places": vt.ones(PLACES, "int32")}


def stack(*stacked):
    return vt.sequential([layers.input_layer(input_shape=stacked[0]), *stacked[1:]])


def pictures():
    return stack(
        PICTURE[1:],
        layers.conv2d(4, 3, padding="same", dilation_rate=2, activation="relu"),
        layers.batch_normalization(),
        layers.zero_padding2d(1),
        layers.depthwise_conv2d(2),
        layers.prelu(shared_axes=[1, 2]),
        layers.up_sampling2d(2),
        layers.separable_conv2d(3, 2, strides=2),
        layers.cropping2d(1),
        layers.leaky_relu(),
        layers.conv2d_transpose(2, 2, strides=2),
        layers.max_pooling2d(2),
        layers.dropout(0.5, noise_shape=[None, 1, 1, 2]),
        layers.average_pooling2d(2, strides=1, padding="same"),
        layers.resizing(4, 4),
        layers.center_crop(3, 3),
        layers.rescaling(1 / 255),
        layers.global_average_pooling2d(),
    )


def sequences():
    return stack(
        SEQUENCE[1:],
        layers.conv1d(4, 2, padding="causal"),
        layers.multi_head_attention(2, 2),
        layers.permute([2, 1]),
        layers.softmax(axis=-1),
        layers.reshape([-1, 4]),
        layers.masking(mask_value=-1.0),
        layers.lstm(3, return_sequences=True),
        layers.bidirectional(layers.gru(2, return_sequences=True)),
        layers.time_distributed(layers.dense(4)),
        layers.layer_normalization(),
        layers.rnn([layers.lstm_cell(2), layers.simple_rnn_cell(3)]),
        layers.repeat_vector(2),
        layers.flatten(),
        layers.gaussian_noise(0.1),
        layers.alpha_dropout(0.1),
    )


def merges():
    places = vt.input(PLACES[1:], dtype="int32")
    embedded = layers.embedding(5, 3, input_length=4).apply(places)
    wide = layers.dense(3, activation="elu").apply(embedded)
    joined = layers.concatenate(axis=1).apply([embedded, wide])
    summed = layers.add().apply([embedded, layers.relu(max_value=6).apply(wide)])
    counted = layers.category_encoding(5, output_mode="count").apply(places)
    return vt.model(places, [layers.dot(2, normalize=True).apply([joined, summed]), counted])


BUILDERS = {"picture": pictures, "sequence": sequences, "places": merges}
ABSURD = [
    None, True, "x", "", [], {}, {"a": 1}, [1, "a"], [None, 2], [2, 3], [[1, 2], [3, 4]], 0, -1, 3, 7, 0.5, -2.5, 1e-30, 1e30,
    2**31 - 1, 2**31, 2**40, 2**62, 2**63, 2**64, -(2**63), 10**30, 10**400,
]  # fmt: skip


@pytest.fixture(scope="module")
def saved():
    files = {}
    for name, build in BUILDERS.items():
        kept = []
        build().save(vt.io.with_save_handler(kept.append))
        files[name] = kept[0]
    return files


def places_in(content):
    """Returns (container, key) of everything inside, so that it can be replaced."""
    found, waiting = [], [content]
    while waiting:
        part = waiting.pop()
        for key in list(part) if isinstance(part, dict) else range(len(part)):
            found.append((part, key))
            if isinstance(part[key], dict | list):
                waiting.append(part[key])
    return found


def damaged(saved, seed):
    """Returns the name of a model, and its artifacts with one to three of its settings absurd."""
    dice = random.Random(seed)
    name = dice.choice(list(saved))
    artifacts = copy.copy(saved[name])
    artifacts.model_topology = copy.deepcopy(artifacts.model_topology)
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        part, key = dice.choice(places_in(artifacts.model_topology["config"]))
        part[key] = dice.choice(ABSURD)
    return name, artifacts


def run(saved, seed):
    name, artifacts = damaged(saved, seed)
    with contextlib.suppress(VelveteenError):
        vt.load_layers_model(vt.io.from_memory(artifacts)).predict(INPUTS[name])
        return True
    return False


def test_absurd_settings(saved):
    ran = sum(run(saved, seed) for seed in range(250))
    assert 25 < ran < 225  # some change nothing that counts, most are refused


@pytest.mark.slow
def test_thousands_of_absurd_settings(saved):
    ran = sum(run(saved, seed) for seed in range(1000, 6000))
    assert 500 < ran < 4500


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.batch_normalization(epsilon=[1]), ArgumentTypeError, r'"epsilon" must be a number, got \[1\]'),
        (lambda: layers.batch_normalization(axis="x"), ArgumentTypeError, "\"axis\" must be an integer, got 'x'"),
        (lambda: layers.layer_normalization(epsilon=float("nan")), ArgumentError, "must be a finite number, got nan"),
        (lambda: layers.gaussian_noise("much"), ArgumentTypeError, '"stddev" must be a number'),
        (lambda: layers.dropout([0.5]), ArgumentTypeError, '"rate" must be a number'),
        (lambda: layers.dropout(0.5, noise_shape=3), ArgumentTypeError, '"noise_shape" must be a list of sizes'),
        (lambda: layers.conv2d(1, 3, dilation_rate=2**40), ArgumentError, "positive integer of at most 2147483647"),
        (lambda: layers.up_sampling2d(10**30), ArgumentError, '"size" must be a positive integer of at most'),
        (lambda: layers.reshape(4), ArgumentTypeError, '"target_shape" must be a list of sizes, got 4'),
        (lambda: layers.permute([1.5]), ArgumentTypeError, '"dims" must be an integer, got 1.5'),
        (lambda: layers.softmax("last"), ArgumentTypeError, '"axis" must be an integer or a list of integers'),
        (lambda: layers.dense(2, name=3), ArgumentTypeError, "name of a layer must be a text, got 3"),
    ],
)
def test_settings_are_checked_at_once(make, error, message):
    with pytest.raises(error, match=message):
        make()


def two_inputs(shapes, merge):
    inputs = [vt.input(shape) for shape in shapes]
    return vt.model(inputs, merge.apply(inputs))


def test_merges_check_the_shapes_of_the_data():
    model = two_inputs([[None, 2], [None, 2]], layers.concatenate(name="side_by_side"))
    with pytest.raises(ShapeError, match=r'"side_by_side" puts tensors together along axis -1.*\[1, 3, 2\]'):
        model.predict([vt.ones([1, 3, 2]), vt.ones([1, 4, 2])])


@pytest.mark.parametrize(
    ("raised", "error"), [(TypeError, ArgumentTypeError), (ValueError, ArgumentError), (KeyError, ComputationError)]
)
def test_an_unexpected_error_names_the_layer(raised, error):
    class Failing(layers.Layer):
        def call(self, x):
            raise raised("of all things")

    model = vt.sequential([layers.dense(2, input_shape=[3]), Failing(name="culprit")])
    with pytest.raises(
        error, match=rf'"culprit" \(Failing\).*shape \[1, 2\]: {raised.__name__}: .*of all things'
    ) as told:
        model.predict(vt.ones([1, 3]))
    assert isinstance(told.value.__cause__, raised)


@pytest.mark.parametrize("raised", [VelveteenError("enough"), UserWarning("enough")])
def test_what_says_enough_stays(raised):
    class Telling(layers.Layer):
        def call(self, x):
            raise raised

    with pytest.raises(type(raised), match="^enough$"):
        vt.sequential([Telling(input_shape=[3])]).predict(vt.ones([1, 3]))


def test_masked_models_name_the_layer_too():
    class FailingLater(layers.Layer):
        supports_masking = True

        def call(self, x):
            raise RuntimeError("no")

    model = vt.sequential([layers.masking(input_shape=[3, 2]), FailingLater(name="later")])
    with pytest.raises(ComputationError, match='"later"'):
        model.predict(vt.ones([1, 3, 2]))
