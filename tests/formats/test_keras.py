"""Files of Keras: what velveteen writes it reads, with the paths and spellings of Keras; and what it refuses."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import velveteen as vt
from tests.browser._models import MODELS, inputs_for, with_random_weights
from velveteen import layers
from velveteen.errors import ArgumentError, FileFormatError, MissingFileError, UnknownNameError, VelveteenError
from velveteen.formats._keras_archive import archive_bytes
from velveteen.formats._keras_weights import group_name
from velveteen.formats.browser import obstacles


def as_list(value):
    return value if isinstance(value, list) else [value]


def small():
    return with_random_weights(
        vt.sequential([layers.dense(3, input_shape=[4], name="first"), layers.dense(2, name="last")])
    )


def keras_dense(name, units, **more):
    config = {"name": name, "trainable": True, "dtype": "float32", "units": units, "activation": "linear", **more}
    return {"module": "keras.layers", "class_name": "Dense", "config": config, "registered_name": None}


def keras_config(*entries, shape=(None, 4)):
    first = {"class_name": "InputLayer", "config": {"batch_shape": list(shape), "dtype": "float32", "name": "input"}}
    return {"class_name": "Sequential", "config": {"name": "stack", "layers": [first, *entries]}, "module": "keras"}


def hdf5(content, attributes=()):
    file = io.BytesIO()
    with h5py.File(file, "w") as group:
        for path, array in content.items():
            group[path] = array
        for path, name, value in attributes:
            group.require_group(path).attrs[name] = value
    return file.getvalue()


KERNEL, BIAS = np.arange(12, dtype=np.float32).reshape(4, 3), np.ones(3, np.float32)
WEIGHTS = {"layers/dense/vars/0": KERNEL, "layers/dense/vars/1": BIAS}


def write(path, config, weights=WEIGHTS):
    path.write_bytes(archive_bytes(config, weights if isinstance(weights, bytes) else hdf5(weights), {}))
    return path


def write_h5(path, config, names=(b"d/kernel:0", b"d/bias:0"), content=(KERNEL, BIAS)):
    datasets = {f"model_weights/d/{name.decode()}": array for name, array in zip(names, content, strict=True)}
    attributes = [
        ("/", "model_config", json.dumps(config)),
        ("/", "keras_version", "2.15.0"),
        ("model_weights", "layer_names", [b"input", b"d"]),
        ("model_weights/d", "weight_names", list(names)),
    ]
    path.write_bytes(hdf5(datasets, attributes))
    return path


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ("gru", "two_shards")])
def test_what_is_written_is_read_again(name, tmp_path):
    model = with_random_weights(MODELS[name]())
    model.user_defined_metadata = {"labels": ["a", "ä"]}
    model.save(tmp_path / "model.keras")
    again = vt.load_layers_model(tmp_path / "model.keras")
    assert again.user_defined_metadata == {"labels": ["a", "ä"]}
    inputs = inputs_for(model)
    inputs = inputs if len(inputs) > 1 else inputs[0]
    for ours, before in zip(as_list(again.predict(inputs)), as_list(model.predict(inputs)), strict=True):
        np.testing.assert_allclose(ours.numpy(), before.numpy(), atol=1e-6)


def test_weights_lie_where_keras_looks_for_them(tmp_path):
    model = vt.sequential(
        [layers.bidirectional(layers.lstm(2), input_shape=[3, 2]), layers.dense(3), layers.prelu(), layers.dense(2)]
    )
    model.save(tmp_path / "model.keras")
    with (
        zipfile.ZipFile(tmp_path / "model.keras") as archive,
        h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file,
    ):
        for path in ("bidirectional/backward_layer/cell/vars/2", "dense/vars/0", "dense_1/vars/1", "p_re_lu/vars/0"):
            assert isinstance(file[f"layers/{path}"], h5py.Dataset)
        assert json.loads(archive.read("config.json"))["config"]["layers"][0]["class_name"] == "InputLayer"


def test_attention_is_written_as_keras_calls_it(tmp_path):
    x = vt.input([6, 8])
    model = vt.model(x, layers.multi_head_attention(2, 4, name="look").apply(x))
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        config = json.loads(archive.read("config.json"))
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
            assert weights["layers/multi_head_attention/query_dense/vars/0"].shape == (8, 2, 4)
    call = next(layer for layer in config["config"]["layers"] if layer["name"] == "look")["inbound_nodes"][0]
    assert len(call["args"]) == 2
    rows = np.random.default_rng(0).random((3, 6, 8), dtype=np.float32)
    again = vt.load_layers_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(rows).numpy(), model.predict(rows).numpy())


@pytest.mark.parametrize(
    ("class_name", "expected"),
    [("Conv2DTranspose", "conv2d_transpose"), ("PReLU", "p_re_lu"), ("LSTM", "lstm"), ("LeakyReLU", "leaky_re_lu")],
)
def test_groups_are_called_as_in_keras(class_name, expected):
    assert group_name(class_name) == expected


def resized(*, half_pixel_centers):
    return vt.sequential([layers.resizing(4, 6, half_pixel_centers=half_pixel_centers, input_shape=[3, 3, 1])])


def test_pixels_stay_where_keras_has_them(tmp_path):
    """The expected numbers are those of PyTorch's own resizing with half-pixel centers."""
    with pytest.raises(ArgumentError, match="half_pixel_centers=True, which computes as Keras"):
        resized(half_pixel_centers=False).save(tmp_path / "model.keras")
    resized(half_pixel_centers=True).save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert b"half_pixel" not in archive.read("config.json")
    again = vt.load_layers_model(tmp_path / "model.keras")
    picture = torch.arange(9.0).reshape(1, 3, 3, 1)
    expected = torch.nn.functional.interpolate(picture.movedim(-1, 1), size=(4, 6), mode="bilinear").movedim(1, -1)
    np.testing.assert_allclose(again.predict(picture.numpy()).numpy(), expected.numpy(), atol=1e-6)
    again.save(tmp_path / "web")
    assert vt.load_layers_model(tmp_path / "web").layers[-1].half_pixel_centers
    assert any("half_pixel_centers" in sentence for sentence in obstacles(again))


def masked_bidirectional(**options):
    return vt.sequential(
        [
            layers.embedding(5, 3, mask_zero=True, input_length=4),
            layers.bidirectional(layers.lstm(2, return_sequences=True), **options),
        ]
    )


def test_masks_give_zeros_as_in_keras(tmp_path):
    with pytest.raises(ArgumentError, match="gets a mask.*zero_output_for_mask=True"):
        masked_bidirectional().save(tmp_path / "model.keras")
    masked_bidirectional(zero_output_for_mask=True).save(tmp_path / "model.keras")
    again = vt.load_layers_model(tmp_path / "model.keras")
    outputs = again.predict([[1, 2, 0, 0]]).numpy()[0]
    assert outputs[:2].all() and not outputs[2:].any()
    assert any("repeats the output before" in sentence for sentence in obstacles(again))


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (vt.train.adam(0.003, 0.8), ("Adam", {"learning_rate": 0.003, "beta_1": 0.8})),
        (vt.train.sgd(0.1), ("SGD", {"learning_rate": 0.1})),
        (vt.train.momentum(0.1, 0.9, True), ("SGD", {"momentum": 0.9, "nesterov": True})),
        (vt.train.rmsprop(0.01, 0.8), ("RMSprop", {"rho": 0.8})),
    ],
)
def test_how_a_model_was_compiled_goes_along(optimizer, expected, tmp_path):
    model = small()
    model.compile(optimizer=optimizer, loss="meanSquaredError", metrics=["mae"])
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        written = json.loads(archive.read("config.json"))["compile_config"]
    assert (written["optimizer"]["class_name"], written["loss"], written["metrics"]) == (
        expected[0], "mean_squared_error", ["mae"],
    )  # fmt: skip
    assert expected[1].items() <= written["optimizer"]["config"].items()
    again = vt.load_layers_model(tmp_path / "model.keras")
    assert type(again.optimizer) is type(optimizer)
    assert again.optimizer.get_config() == optimizer.get_config()


def test_what_cannot_be_compiled_says_so(tmp_path):
    config = keras_config(keras_dense("d", 3))
    config["compile_config"] = {"optimizer": {"class_name": "Lion", "config": {"learning_rate": 0.1}}, "loss": "mse"}
    with pytest.warns(UserWarning, match="not compiled: velveteen has no optimizer Lion"):
        model = vt.load_layers_model(write(tmp_path / "model.keras", config))
    assert model.predict([[1, 0, 0, 0]]).numpy().tolist() == [[1, 2, 3]]


def test_a_file_of_keras_2_is_read(tmp_path):
    config = keras_config(keras_dense("d", 3))
    model = vt.load_layers_model(write_h5(tmp_path / "model.h5", config))
    assert model.predict([[1, 0, 0, 0]]).numpy().tolist() == [[1, 2, 3]]


def test_a_model_keras_built_from_data_brings_its_shape(tmp_path):
    config = keras_config(keras_dense("d", 3))
    del config["config"]["layers"][0]
    config["build_config"] = {"input_shape": [None, 4]}
    model = vt.load_layers_model(write(tmp_path / "model.keras", config))
    assert model.inputs[0].shape == [None, 4]


def call(*histories, **kwargs):
    tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": list(history)}} for history in histories]
    return {"args": tensors, "kwargs": kwargs}


def entry(layer, *calls, module="keras.layers"):
    return {**layer, "module": module, "name": layer["config"]["name"], "inbound_nodes": list(calls)}


def test_operators_and_masks_drawn_into_the_graph(tmp_path):
    """2·dense(x) + dense(x), with a mask computed by an operation that nothing else needs."""
    x = {"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "name": "x"}}
    times = {"class_name": "Multiply", "config": {"name": "times"}}
    plus = {"class_name": "Add", "config": {"name": "plus"}}
    mask = {"class_name": "NotEqual", "config": {"name": "not_equal"}}
    multiplied = call(("dense", 0, 0))
    multiplied["args"].append(2.0)
    masked = call(("x", 0, 0))
    masked["args"].append(0)
    entries = [
        entry(x),
        entry(mask, masked, module="keras.src.ops.numpy"),
        entry(keras_dense("dense", 3), call(("x", 0, 0), mask=call(("not_equal", 0, 0))["args"][0], training=False)),
        entry(times, multiplied, module="keras.src.ops.numpy"),
        entry(plus, call(("times", 0, 0), ("dense", 0, 0)), module="keras.src.ops.numpy"),
    ]
    places = {"input_layers": ["x", 0, 0], "output_layers": ["plus", 0, 0]}
    config = {"class_name": "Functional", "config": {"name": "m", "layers": entries, **places}}
    model = vt.load_layers_model(write(tmp_path / "model.keras", config))
    assert [layer.class_name for layer in model.sublayers()] == ["InputLayer", "Dense", "Rescaling", "Add"]
    assert model.predict([[1, 0, 0, 0]]).numpy().tolist() == [[3, 6, 9]]


@pytest.mark.parametrize(("data_format", "shape"), [("channels_last", [2, 1, 1, 3]), ("channels_first", [2, 4, 1, 1])])
def test_pooling_that_keeps_the_dimensions_is_two_layers(data_format, shape, tmp_path):
    """The same pooling is called twice, and both calls are found under its name."""
    x = {"class_name": "InputLayer", "config": {"batch_shape": [None, 4, 5, 3], "name": "x"}}
    options = {"name": "pool", "keepdims": True, "data_format": data_format}
    pool = {"class_name": "GlobalMaxPooling2D", "config": options}
    plus = {"class_name": "Add", "config": {"name": "plus"}}
    twice = call(("pool", 0, 0))
    twice["args"] = [twice["args"] + call(("pool", 1, 0))["args"]]
    entries = [entry(x), entry(pool, call(("x", 0, 0)), call(("x", 0, 0))), entry(plus, twice)]
    places = {"input_layers": ["x", 0, 0], "output_layers": ["plus", 0, 0]}
    config = {"class_name": "Functional", "config": {"name": "m", "layers": entries, **places}}
    model = vt.load_layers_model(write(tmp_path / "model.keras", config, {}))
    values = np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype(np.float32)
    axes = (1, 2) if data_format == "channels_last" else (2, 3)
    np.testing.assert_allclose(model.predict(values).numpy(), 2 * values.max(axes, keepdims=True), rtol=1e-6)
    assert model.predict(values).shape == shape
    assert [layer.name for layer in model.sublayers()] == ["x", "pool_pooled", "pool", "plus"]
    assert obstacles(model) == []


@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [
        ({"class_name": "Lambda", "config": {"name": "f", "function": {}}}, UnknownNameError, "holds code"),
        ({"class_name": "Nonsense", "config": {"name": "n"}}, UnknownNameError, "Nonsense"),
        (keras_dense("d", 3, activation="hard_sigmoid"), UnknownNameError, "another slope"),
        (
            {"class_name": "Resizing", "config": {"name": "r", "height": 2, "width": 2, "interpolation": "bicubic"}},
            UnknownNameError,
            "bicubic",
        ),
        (
            {"class_name": "CenterCrop", "config": {"name": "c", "data_format": "channels_first"}},
            FileFormatError,
            "channels last",
        ),
        (
            {"class_name": "DepthwiseConv2D", "config": {"name": "d", "dilation_rate": [2, 2]}},
            FileFormatError,
            "SeparableConv2D, where it works",
        ),
        (keras_dense("d", 3, twist=2), FileFormatError, "twist=2.*something else"),
        (keras_dense("d", 10**9), FileFormatError, "more numbers than the file holds|many times more"),
    ],
)
def test_what_would_compute_something_else_is_refused(layer, error, message, tmp_path):
    with pytest.raises(error, match=message):
        vt.load_layers_model(write(tmp_path / "model.keras", keras_config(layer)))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"layers/dense/vars/0": KERNEL}, 'lacks layers/dense/vars/1, the weight "d/bias"'),
        ({**WEIGHTS, "layers/dense/vars/2": BIAS}, "weights that the model's layers do not have"),
        ({**WEIGHTS, "layers/dense/vars/0": KERNEL.T}, r"has shape \[3, 4\]"),
        ({"layers/dense/vars/0": h5py.ExternalLink("other.h5", "/x")}, "link to elsewhere"),
        ({"layers/dense/vars/0": h5py.SoftLink("/x")}, "link to elsewhere"),
        (b"nothing", "no HDF5 file"),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights, message, tmp_path):
    with pytest.raises(VelveteenError, match=message):
        vt.load_layers_model(write(tmp_path / "model.keras", keras_config(keras_dense("d", 3)), weights))


def test_numbers_that_are_not_in_the_file_are_refused(tmp_path):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_dataset("layers/dense/vars/0", shape=(4, 10**9), dtype="f4")  # never written, so nowhere stored
        file["layers/dense/vars/1"] = BIAS
    with pytest.raises(FileFormatError, match="0 are stored for it"):
        vt.load_layers_model(write(tmp_path / "a.keras", keras_config(keras_dense("d", 10**9)), content.getvalue()))


def test_numbers_in_another_file_are_refused(tmp_path):
    content = io.BytesIO()
    layout = h5py.VirtualLayout(shape=(4, 3), dtype="f4")
    layout[:] = h5py.VirtualSource("secret.h5", "data", shape=(4, 3))
    with h5py.File(content, "w") as file:
        file.create_virtual_dataset("layers/dense/vars/0", layout)
    with pytest.raises(FileFormatError, match="in another file"):
        vt.load_layers_model(write(tmp_path / "a.keras", keras_config(keras_dense("d", 3)), content.getvalue()))


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(keras_config()))
        archive.writestr("model.weights.h5", bytes(50_000_000))
    with pytest.raises(FileFormatError, match="unpacks to 50000000 bytes"):
        vt.load_layers_model(path)


def test_wrong_names(tmp_path):
    with pytest.raises(MissingFileError, match="is missing"):
        vt.load_layers_model(tmp_path / "none.keras")
    with pytest.raises(ArgumentError, match="written as .keras files"):
        small().save(tmp_path / "model.h5")
    with pytest.raises(ArgumentError, match="Keras 3 does not have"):
        vt.sequential([layers.thresholded_relu(input_shape=[3])]).save(tmp_path / "model.keras")
    weights_only = tmp_path / "weights.h5"
    weights_only.write_bytes(hdf5({"kernel": KERNEL}))
    with pytest.raises(FileFormatError, match="use model.save"):
        vt.load_layers_model(weights_only)


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    small().save(folder / "model.keras")
    write_h5(folder / "model.h5", keras_config(keras_dense("d", 3)))
    return {suffix: (folder / f"model{suffix}").read_bytes() for suffix in (".keras", ".h5")}


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4), end=st.floats(0, 1.5))
def test_changed_bytes_give_a_model_or_a_velveteen_error(originals, tmp_path, suffix, changes, end):
    content = bytearray(originals[suffix])
    for place, value in changes:
        content[int(place * (len(content) - 1))] = value
    path = tmp_path / f"changed{suffix}"
    path.write_bytes(content[: int(end * len(content))] if end < 1 else content)
    try:
        model = vt.load_layers_model(path)
    except VelveteenError:
        return
    assert model.count_params() < 1000
