"""Models through files: what is written, what is accepted, and what hostile topologies get."""

import copy
import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import velveteen as vt
from velveteen import io, layers
from velveteen.errors import ArgumentError, FileFormatError, ShapeError, UnknownNameError, VelveteenError
from velveteen.models.saving import from_artifacts, to_artifacts

X = np.random.default_rng(3).normal(size=(4, 6)).astype(np.float32)


def sequential():
    return vt.sequential(
        [
            layers.dense(5, activation="relu", input_shape=[6], name="first"),
            layers.batch_normalization(name="norm"),
            layers.dense(2, activation="softmax", name="last"),
        ]
    )


def functional():
    x = vt.input([6], name="x")
    hidden = layers.dense(6, activation="tanh", name="first").apply(x)
    total = layers.add(name="sum").apply([x, hidden])
    return vt.model(inputs=x, outputs=layers.dense(2, name="last").apply(total))


def changed(model, change):
    """Returns the artifacts of a model whose topology went through `change`."""
    artifacts = to_artifacts(model)
    topology = copy.deepcopy(artifacts.model_topology)
    artifacts.model_topology = change(topology) or topology
    return artifacts


def check_same(loaded, model):
    np.testing.assert_allclose(loaded.predict(X).numpy(), model.predict(X).numpy(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("build", [sequential, functional])
def test_round_trip(tmp_path, build):
    model = build()
    model.compile(optimizer=vt.train.adam(0.01), loss="meanSquaredError", metrics=["accuracy"])
    model.user_defined_metadata = {"labels": ["a", "ß"], "rate": 16000}
    model.save(tmp_path)
    loaded = vt.load_layers_model(tmp_path)
    check_same(loaded, model)
    assert loaded.user_defined_metadata == {"labels": ["a", "ß"], "rate": 16000}
    assert [weight.name for weight in loaded.weights] == [weight.name for weight in model.weights]
    assert loaded.get_training_config() == model.get_training_config()
    y = np.eye(2, dtype=np.float32)[[0, 1, 0, 1]]
    history = [each.fit(X, y, epochs=2, shuffle=False, verbose=False).history for each in (model, loaded)]
    np.testing.assert_allclose(history[0]["loss"], history[1]["loss"], rtol=1e-6)


def test_model_json_is_what_tensorflowjs_writes(tmp_path):
    model = sequential()
    model.compile(optimizer="sgd", loss="meanSquaredError", metrics=["accuracy"])
    model.save(tmp_path)
    content = json.loads((tmp_path / "model.json").read_text())
    assert content["format"] == "layers-model"
    assert content["generatedBy"] == "TensorFlow.js tfjs-layers v4.22.0"
    assert content["convertedBy"] is None
    topology = content["modelTopology"]
    assert (topology["class_name"], topology["keras_version"]) == ("Sequential", "tfjs-layers 4.22.0")
    assert topology["backend"] == "tensor_flow.js"
    assert topology["config"]["layers"][0]["config"]["batch_input_shape"] == [None, 6]
    assert content["trainingConfig"]["loss"] == "mean_squared_error"
    assert content["trainingConfig"]["metrics"] == ["accuracy"]
    assert content["trainingConfig"]["optimizer_config"]["class_name"] == "SGD"
    assert [weight["name"] for weight in content["weightsManifest"][0]["weights"]] == [
        *("first/kernel", "first/bias", "norm/gamma", "norm/beta", "last/kernel", "last/bias"),
        *("norm/moving_mean", "norm/moving_variance"),
    ]


def test_without_the_optimizer(tmp_path):
    model = sequential()
    model.compile(optimizer="sgd", loss="meanSquaredError")
    model.save(tmp_path, include_optimizer=False)
    assert vt.load_layers_model(tmp_path).get_training_config() is None


def test_a_loss_of_ones_own_is_left_out(tmp_path):
    def my_loss(y_true, y_pred):
        return ((y_true - y_pred) ** 4).mean(-1)

    model = sequential()
    model.compile(optimizer="sgd", loss=my_loss)
    model.save(tmp_path)
    assert "trainingConfig" not in json.loads((tmp_path / "model.json").read_text())
    check_same(vt.load_layers_model(tmp_path), model)


def test_loss_weights_do_not_keep_tensorflowjs_from_loading(tmp_path):
    model = sequential()
    model.compile(optimizer="sgd", loss="meanSquaredError", loss_weights=[3])
    model.save(tmp_path)
    config = json.loads((tmp_path / "model.json").read_text())["trainingConfig"]
    # TensorFlow.js refuses files in which one of these is set.
    assert not any(config.get(key) for key in ("loss_weights", "weighted_metrics", "sample_weight_mode"))
    assert vt.load_layers_model(tmp_path).get_training_config()["loss_weights"] == [3]


def test_quantized(tmp_path):
    model = sequential()
    io.folder(tmp_path).save(to_artifacts(model, quantization="uint16"))
    assert np.abs(vt.load_layers_model(tmp_path).predict(X).numpy() - model.predict(X).numpy()).max() < 1e-3


def test_all_sources(tmp_path):
    model = functional()
    model.save(f"file://{tmp_path}")
    kept = []
    model.save(io.with_save_handler(kept.append))
    for source in (tmp_path, str(tmp_path), tmp_path / "model.json", f"file://{tmp_path}", io.from_memory(kept[0])):
        check_same(vt.load_layers_model(source), model)


# Files as other programs write them


def as_plain_list(topology):
    topology["config"] = topology["config"]["layers"]


def as_keras_file(topology):
    return {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": topology, "training_config": {}}


def as_camel_case(value):
    def camel(key):
        first, *rest = key.split("_")
        return first + "".join(part.capitalize() for part in rest)

    if isinstance(value, list):
        return [as_camel_case(part) for part in value]
    if isinstance(value, dict):
        return {camel(key): as_camel_case(part) for key, part in value.items()}
    return value


def as_keras_3(topology):
    """As Keras 3 writes: calls with args and kwargs, dtypes as policies, batch_shape, modules."""
    topology["class_name"] = "Functional"
    for layer in topology["config"]["layers"]:
        config = layer["config"]
        config["dtype"] = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}}
        if "batch_input_shape" in config:
            config["batch_shape"] = config.pop("batch_input_shape")
        layer |= {"module": "keras.layers", "registered_name": None, "build_config": {"input_shape": [None, 6]}}
        for index, call in enumerate(layer["inbound_nodes"]):
            tensors = [
                {"class_name": "__keras_tensor__", "config": {"shape": [None, 6], "keras_history": place[:3]}}
                for place in call
            ]
            args = tensors if len(tensors) == 1 else [tensors]
            layer["inbound_nodes"][index] = {"args": args, "kwargs": {"mask": None}}
    topology["config"]["input_layers"] = topology["config"]["input_layers"][0]
    topology["config"]["output_layers"] = topology["config"]["output_layers"][0]


def as_functional(topology):
    topology["class_name"] = "Functional"


def with_keras_initializers(topology):
    for layer in topology["config"]["layers"]:
        if "kernel_initializer" in layer["config"]:
            layer["config"]["kernel_initializer"] = {"class_name": "GlorotUniform", "config": {"seed": None}}
            layer["config"]["some_key_of_the_future"] = True


@pytest.mark.parametrize(
    ("build", "change"),
    [
        (sequential, as_plain_list),
        (sequential, as_keras_file),
        (functional, as_keras_file),
        (sequential, as_camel_case),
        (functional, as_camel_case),
        (functional, as_functional),
        (functional, as_keras_3),
        (sequential, with_keras_initializers),
    ],
)
def test_spellings_of_the_world(build, change):
    model = build()
    check_same(from_artifacts(changed(model, change)), model)


def test_stacks_of_keras_2_without_an_input_shape():
    """Keras 2 gave them no graph of their own, and counted their calls from 0."""
    x = vt.input([6])
    stacks = [vt.sequential([layers.dense(6, name=f"dense{n}")], name=f"stack{n}") for n in range(2)]
    total = layers.add().apply([stacks[1].apply(stacks[0].apply(x)), stacks[1].apply(x)])
    model = vt.model(x, stacks[0].apply(total))
    artifacts = to_artifacts(model)
    config = artifacts.model_topology["config"]
    for layer in config["layers"]:
        for call in layer["inbound_nodes"]:
            for place in call:
                place[1] -= place[0].startswith("stack")
        if layer["class_name"] == "Sequential":
            del layer["config"]["layers"][0]["config"]["batch_input_shape"]
    config["output_layers"][0][1] -= 1
    check_same(from_artifacts(artifacts), model)


@pytest.mark.parametrize("class_name", ["BatchNormalization", "BatchNormalizationV1"])
def test_the_axis_of_normalization_in_a_list(class_name):
    """As TensorFlow's Keras wrote from 1.13 on."""
    model = vt.sequential([layers.batch_normalization(input_shape=[6]), layers.dense(2)])
    artifacts = to_artifacts(model)
    described = artifacts.model_topology["config"]["layers"][0]
    described["class_name"] = class_name
    described["config"]["axis"] = [1]
    loaded = from_artifacts(artifacts)
    check_same(loaded, model)
    assert loaded.layers[0].get_config()["axis"] == 1


@pytest.mark.parametrize("write", [lambda topology: topology, json.dumps, lambda topology: {"modelTopology": topology}])
def test_a_model_from_its_topology_alone(write):
    model = functional()
    again = vt.models.model_from_json(write(model.to_json()))
    assert again.to_json() == model.to_json()
    kernel = [each.get_layer("first").get_weights()[0].numpy() for each in (model, again)]
    assert kernel[0].shape == kernel[1].shape and not np.array_equal(*kernel)


@pytest.mark.parametrize("topology", ["{", "[]", {}, [], None, {"class_name": "Sequential"}])
def test_what_is_no_topology(topology):
    with pytest.raises(FileFormatError):
        vt.models.model_from_json(topology)


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: f"{name}:0",
        lambda name: name.replace("/", "/cell/"),
        lambda name: {
            **{"first/kernel": "first/vars/0", "first/bias": "first/vars/1"},
            **{"last/kernel": "last/vars/0", "last/bias": "last/vars/1"},
        }[name],
        lambda name: name.replace("kernel", "0").replace("bias", "1"),
        lambda name: f"functional_1/{name}",
        lambda name: f"sequential/{name}".replace("/kernel", "/cell/kernel"),
    ],
    ids=["TensorFlow's :0", "a cell inside", "Keras 3", "numbers", "the model's name", "the model's and a cell's name"],
)
def test_names_of_weights_in_the_world(rename):
    model = functional()
    artifacts = to_artifacts(model)
    artifacts.weight_specs = [spec | {"name": rename(spec["name"])} for spec in artifacts.weight_specs]
    check_same(from_artifacts(artifacts), model)


def test_the_weights_of_an_optimizer_are_no_weights_of_the_model():
    model = functional()
    artifacts = to_artifacts(model)
    more = io.encode_weights({"iter": vt.Tensor(3, dtype="int32")}, "optimizer")
    artifacts.weight_specs = artifacts.weight_specs + more.specs
    artifacts.weight_data = [artifacts.weight_data, more.data]
    check_same(from_artifacts(artifacts), model)


def test_missing_and_further_weights():
    model = functional()
    artifacts = to_artifacts(model)
    artifacts.weight_specs = [dict(spec) for spec in artifacts.weight_specs]
    artifacts.weight_specs[0]["name"] = "fisrt/kernel"
    with pytest.raises(FileFormatError, match=r'weight "fisrt/kernel".*Did you mean "first/kernel"\?.*strict=False'):
        from_artifacts(artifacts)
    loaded = from_artifacts(artifacts, strict=False)
    np.testing.assert_array_equal(loaded.get_weights()[3].numpy(), model.get_weights()[3].numpy())
    del artifacts.weight_specs[3]
    artifacts.weight_specs[0]["name"] = "first/kernel"
    artifacts.weight_data = artifacts.weight_data[:-8]
    with pytest.raises(FileFormatError, match=r"lacks 1 of the 4 weights of model .*: last/bias\. .*strict=False"):
        from_artifacts(artifacts)


def test_a_weight_of_another_shape():
    artifacts = to_artifacts(functional())
    artifacts.weight_specs = [dict(spec) for spec in artifacts.weight_specs]
    artifacts.weight_specs[2]["shape"] = [2, 6]
    for strict in (True, False):
        with pytest.raises(ShapeError, match=r'"last/kernel" has shape \[2, 6\], but its layer needs \[6, 2\]'):
            from_artifacts(artifacts, strict=strict)


def test_two_weights_of_one_name_cannot_be_saved(tmp_path):
    x = vt.input([6])
    inner = [vt.sequential([layers.dense(6, name="same", input_shape=[6])]) for _ in range(2)]
    model = vt.model(inputs=x, outputs=inner[1].apply(inner[0].apply(x)))
    with pytest.raises(ArgumentError, match=r'two weights named "same/kernel".*different names'):
        model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


# Topologies that lie


def with_layer(index, **config):
    def change(topology):
        topology["config"]["layers"][index]["config"] |= config

    return change


def with_key(key, value):
    def change(topology):
        topology["config"][key] = value

    return change


def in_a_circle(topology):
    by_name = {layer["name"]: layer for layer in topology["config"]["layers"]}
    by_name["first"]["inbound_nodes"] = [[["last", 0, 0, {}]]]


def calling_nobody(topology):
    topology["config"]["layers"][1]["inbound_nodes"] = [[["nobody", 0, 0, {}]]]


def of_class(name):
    def change(topology):
        topology["config"]["layers"][1]["class_name"] = name

    return change


def all_the_way_down(topology):
    for _ in range(3000):
        topology = {"class_name": "Sequential", "config": {"layers": [topology]}}
    return topology


LIES = {
    "no topology": (sequential, lambda topology: {"node": []}, FileFormatError, "load_graph_model"),
    "a cycle": (functional, in_a_circle, FileFormatError, "wait for each other"),
    "a call of nobody": (functional, calling_nobody, FileFormatError, 'names the layer "nobody"'),
    "an unknown class": (sequential, of_class("Desne"), UnknownNameError, 'Did you mean "Dense"'),
    "a class that is no layer": (sequential, of_class("Adam"), UnknownNameError, 'Unknown layer "Adam"'),
    "a module of Python": (sequential, of_class("os.system"), UnknownNameError, 'Unknown layer "os.system"'),
    "10 GB": (sequential, with_layer(0, units=400_000_000), FileFormatError, "more numbers than the file holds"),
    "endless units": (sequential, with_layer(0, units=10**400), VelveteenError, "."),
    "negative units": (sequential, with_layer(0, units=-3), VelveteenError, "."),
    "units as text": (sequential, with_layer(0, units="5"), VelveteenError, "."),
    "no units": (sequential, with_layer(0, units=None), VelveteenError, "."),
    "an unknown activation": (sequential, with_layer(0, activation="rleu"), UnknownNameError, 'Did you mean "relu"'),
    "an activation as list": (sequential, with_layer(0, activation=[1]), VelveteenError, "."),
    "a shape as text": (sequential, with_layer(0, batch_input_shape="6"), VelveteenError, "."),
    "a shape without end": (sequential, with_layer(0, batch_input_shape=[None, 10**12]), VelveteenError, "."),
    "no shape": (sequential, with_layer(0, batch_input_shape=None), FileFormatError, "no input shape"),
    "no layers": (sequential, with_key("layers", None), VelveteenError, "."),
    "layers as numbers": (sequential, with_key("layers", [1, 2]), VelveteenError, "."),
    "an empty stack": (sequential, with_key("layers", []), FileFormatError, "."),
    "no outputs": (functional, with_key("output_layers", []), VelveteenError, "."),
    "an output of nobody": (functional, with_key("output_layers", [["nobody", 0, 0]]), VelveteenError, "."),
    "an output beyond": (functional, with_key("output_layers", [["last", 0, 10**20]]), VelveteenError, "."),
    "models in models in models": (sequential, all_the_way_down, FileFormatError, "."),
}


@pytest.mark.parametrize("name", LIES)
def test_a_topology_that_lies_gets_a_clear_error_and_no_memory(name):
    build, change, kind, message = LIES[name]
    artifacts = changed(build(), change)
    tracemalloc.start()
    try:
        with pytest.raises(kind, match=message) as caught:
            from_artifacts(artifacts)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()
    assert isinstance(caught.value, VelveteenError)


@pytest.mark.parametrize("config", [{}, {"loss": 3}, {"optimizer_config": {"class_name": "Dense"}, "loss": "mse"}])
def test_a_training_config_that_lies(config):
    artifacts = to_artifacts(sequential())
    artifacts.training_config = config
    with pytest.raises(VelveteenError):
        from_artifacts(artifacts)


# Any damage at all


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzzed")
    model = functional()
    model.compile(optimizer="adam", loss="meanSquaredError")
    model.save(folder)
    return folder


def check_damaged(folder):
    """Loads a damaged model: it is fine, or fails with one of velveteen's own errors."""
    try:
        loaded = vt.load_layers_model(folder)
    except VelveteenError:
        return
    assert len(loaded.weights) == 4


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_other_json_raises_our_own_errors(model_folder, tmp_path, data):
    for shard in model_folder.glob("*.bin"):
        (tmp_path / shard.name).write_bytes(shard.read_bytes())
    content = json.loads((model_folder / "model.json").read_text())
    for _ in range(data.draw(st.integers(1, 2))):
        *path, last = data.draw(st.sampled_from([path for path in places(content) if path]))
        parent = content
        for key in path:
            parent = parent[key]
        if data.draw(st.booleans()):
            parent[last] = data.draw(any_json)
        else:
            del parent[last]
    (tmp_path / "model.json").write_text(json.dumps(content))
    check_damaged(tmp_path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_flipped_byte_raises_our_own_errors(model_folder, tmp_path, data):
    for file in model_folder.iterdir():
        content = bytearray(file.read_bytes())
        if file.name == "model.json" or data.draw(st.booleans()):
            place = data.draw(st.integers(0, len(content) - 1))
            content[place] = data.draw(st.integers(0, 255))
        (tmp_path / file.name).write_bytes(content)
    check_damaged(tmp_path)


def test_saving_the_trainable_weights_only(tmp_path):
    model = vt.sequential([vt.layers.dense(2, input_shape=[3], trainable=False), vt.layers.dense(1)])
    model.save(tmp_path, trainable_only=True)
    [group] = json.loads((tmp_path / "model.json").read_text())["weightsManifest"]
    assert [weight["name"] for weight in group["weights"]] == [weight.name for weight in model.trainable_weights]
    with pytest.raises(FileFormatError, match="strict=False"):
        vt.load_layers_model(tmp_path)
    loaded = vt.load_layers_model(tmp_path, strict=False)
    assert loaded.layers[1].get_weights()[0].array_sync() == model.layers[1].get_weights()[0].array_sync()


def test_the_depthwise_kernel_of_keras_3():
    """The converter writes it as Keras 3 calls it: a kernel."""
    model = vt.sequential([layers.depthwise_conv2d(2, name="depth", input_shape=[3, 3, 2])])
    artifacts = to_artifacts(model)
    artifacts.weight_specs = [
        spec | {"name": f"sequential/{spec['name'].replace('depthwise_', '')}"} for spec in artifacts.weight_specs
    ]
    pictures = vt.random_normal([2, 3, 3, 2])
    np.testing.assert_array_equal(from_artifacts(artifacts).predict(pictures).numpy(), model.predict(pictures).numpy())
