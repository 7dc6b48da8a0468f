"""TensorFlow.js loads what velveteen saves, and velveteen what TensorFlow.js saves; both compute the same."""

from pathlib import Path

import numpy as np
import pytest

import velveteen as vt
from tests._javascript import chromium_page, run_node, serve, tensorflowjs_folder
from tests.browser._models import MODELS, inputs_for, with_random_weights
from velveteen import io
from velveteen.models.saving import to_artifacts

HERE = Path(__file__).parent

# One worker saves, and starts one Node and one Chromium for all.
pytestmark = pytest.mark.xdist_group("tensorflowjs")


QUANTIZATIONS = ("uint8", "uint16", "float16")


def to_json(array):
    return {"shape": list(array.shape), "dtype": "float32", "data": array.ravel().tolist()}


def from_json(tensor):
    return np.array(tensor["data"], np.float32).reshape(tensor["shape"])


def as_list(value):
    return value if isinstance(value, list) else [value]


def failed(error):
    pytest.fail(f"this model could not be made: {error!r}")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The models of velveteen by name: their folder, inputs and predictions, or the error that building one gave."""
    root = tmp_path_factory.mktemp("models")
    found = {}
    for name, build in MODELS.items():
        try:
            model = with_random_weights(build())
            model.user_defined_metadata = {"labels": ["ä", name]}
            model.compile(optimizer="adam", loss="meanSquaredError", metrics=["mse"])
            model.save(root / name)
            inputs = inputs_for(model)
            predictions = as_list(model.predict(inputs if len(inputs) > 1 else inputs[0]))
            found[name] = (root / name, inputs, [prediction.numpy() for prediction in predictions])
        except Exception as error:  # each test tells of its own model
            found[name] = error
    for quantization in QUANTIZATIONS:
        io.folder(root / quantization).save(
            to_artifacts(with_random_weights(MODELS["dense"]()), quantization=quantization)
        )
        model = vt.load_layers_model(root / quantization)
        found[quantization] = (root / quantization, inputs_for(model), [model.predict(inputs_for(model)[0]).numpy()])
    return root, found


@pytest.fixture(scope="module")
def in_node(saved, tmp_path_factory):
    fine = {name: case for name, case in saved[1].items() if not isinstance(case, Exception)}
    request = {
        name: {"folder": str(folder), "inputs": list(map(to_json, inputs))}
        for name, (folder, inputs, _) in fine.items()
    }
    return run_node(HERE / "node_predict.js", request, tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="module")
def in_chromium(saved):
    root, cases = saved
    answers = {}
    ask = """async ({url, inputs}) => {
        await tf.setBackend("cpu");
        try { return await predict(tf, url, inputs); } catch (error) { return {error: String(error.stack)}; }
    }"""
    folders = {"/": HERE, "/tfjs": tensorflowjs_folder(), "/models": root}
    with serve(folders) as address, chromium_page() as page:
        page.goto(f"{address}/page.html")
        for name, case in cases.items():
            if not isinstance(case, Exception):
                request = {"url": f"{address}/models/{name}/model.json", "inputs": list(map(to_json, case[1]))}
                answers[name] = page.evaluate(ask, request)
    return answers


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("where", ["in_node", "in_chromium"])
def test_tensorflowjs_predicts_the_same(saved, request, where, name):
    case = saved[1][name]
    if isinstance(case, Exception):
        failed(case)
    answer = request.getfixturevalue(where)[name]
    assert "error" not in answer, answer["error"]
    assert answer["metadata"] == {"labels": ["ä", name]}
    assert (answer["optimizer"], answer["loss"]) == ("Adam", "meanSquaredError")
    assert len(answer["outputs"]) == len(case[2])
    for theirs, ours in zip(answer["outputs"], case[2], strict=True):
        assert theirs["shape"] == list(ours.shape)
        np.testing.assert_allclose(from_json(theirs), ours, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", QUANTIZATIONS)
def test_tensorflowjs_reads_quantized_weights_the_same(saved, in_node, name):
    answer = in_node[name]
    assert "error" not in answer, answer["error"]
    np.testing.assert_allclose(from_json(answer["outputs"][0]), saved[1][name][2][0], rtol=0, atol=1e-5)


def test_a_large_model_comes_in_shards(saved):
    assert len(list((saved[0] / "two_shards").glob("group1-shard*of2-*.bin"))) == 2


@pytest.mark.parametrize("name", MODELS)
def test_velveteen_loads_what_it_saved(saved, name):
    case = saved[1][name]
    if isinstance(case, Exception):
        failed(case)
    folder, inputs, predictions = case
    loaded = vt.load_layers_model(folder)
    again = as_list(loaded.predict(inputs if len(inputs) > 1 else inputs[0]))
    for ours, before in zip(again, predictions, strict=True):
        np.testing.assert_allclose(ours.numpy(), before, rtol=1e-6, atol=1e-7)


def one_hot(classes, count):
    return np.eye(count, dtype=np.float32)[classes]


def random_data():
    random = np.random.default_rng(5)

    def normal(*shape):
        return random.normal(size=shape).astype(np.float32)

    labels = one_hot(random.integers(0, 3, 12), 3)
    tokens = random.integers(1, 12, (12, 6))
    tokens[::2, 4:] = 0
    return {
        "dense": ([normal(12, 4)], [labels]),
        "convolutions": ([normal(12, 8, 8, 2)], [labels]),
        "recurrent": ([tokens.astype(np.float32)], [labels]),
        "branches": ([normal(12, 4), normal(12, 3)], [one_hot(random.integers(0, 2, 12), 2), normal(12, 1)]),
    }


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """Models that TensorFlow.js saved, what they predict, and how they train on."""
    root = tmp_path_factory.mktemp("theirs")
    data = random_data()
    request = {
        name: {"folder": str(root / name), "inputs": list(map(to_json, x)), "targets": list(map(to_json, y))}
        for name, (x, y) in data.items()
    }
    return root, data, run_node(HERE / "node_models.js", request, tmp_path_factory.mktemp("node"))


@pytest.mark.parametrize("name", random_data())
def test_a_model_of_tensorflowjs_predicts_and_trains_the_same_here(theirs, name):
    root, data, answers = theirs
    answer = answers[name]
    assert "error" not in answer, answer["error"]
    model = vt.load_layers_model(root / name)
    assert model.user_defined_metadata == {"made": name}
    x, y = (part if len(part) > 1 else part[0] for part in data[name])

    def check_predictions(expected):
        for prediction, output in zip(as_list(model.predict(x)), expected, strict=True):
            np.testing.assert_allclose(prediction.numpy(), from_json(output), rtol=1e-4, atol=1e-5)

    check_predictions(answer["outputs"])
    history = model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=False).history
    assert list(history) == list(answer["history"])
    for key, values in answer["history"].items():
        np.testing.assert_allclose(history[key], values, rtol=1e-3, atol=1e-4, err_msg=key)
    check_predictions(answer["trained"])
