"""Real Keras 3 → velveteen → TensorFlow.js in Node and Chromium → velveteen → real Keras 3: predictions stay the same."""

from pathlib import Path

import numpy as np
import pytest

import velveteen as vt
from tests._javascript import chromium_page, run_node, serve, tensorflowjs_folder
from tests.formats._peers import from_json, keras, numbered, predict, to_json

BROWSER = Path(__file__).parents[1] / "browser"
NAMES = (
    "dense", "cnn", "unet", "lstm", "gru_bidirectional", "separable_cnn", "nested", "multi_input", "embedding",
    "layer_norm", "mobile_net", "autoencoder",
)  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("keras")]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What each of the programs predicts, by model and program; the first is Keras."""
    folder = tmp_path_factory.mktemp("keras")
    keras("keras_zoo.py", "save", folder)
    found, requests = {}, {}
    (folder / "back").mkdir()
    for name in NAMES:
        data = np.load(folder / f"{name}.npz")
        inputs = numbered(data, "input")
        found[name] = {"keras": numbered(data, "output")}
        for program, suffix in (("keras file", "keras"), ("h5", "h5")):
            model = vt.load_layers_model(folder / f"{name}.{suffix}")
            found[name][program] = predict(model, inputs)
        model.save(folder / name)
        vt.load_layers_model(folder / name).save(folder / "back" / f"{name}.keras")
        np.savez(folder / "back" / f"{name}.npz", **{f"input{place}": x for place, x in enumerate(inputs)})
        requests[name] = {"folder": str(folder / name), "inputs": [to_json(x) for x in inputs]}
    keras("keras_zoo.py", "predict", folder / "back")
    in_node = run_node(BROWSER / "node_predict.js", requests, folder)
    in_chromium = ask_chromium(folder, requests)
    for name in NAMES:
        found[name]["back in keras"] = numbered(np.load(folder / "back" / f"{name}.answer.npz"), "arr")
        for program, answers in (("node", in_node), ("chromium", in_chromium)):
            assert "error" not in answers[name], answers[name]
            outputs = answers[name]["outputs"]
            found[name][program] = [from_json(y) for y in outputs]
    return found


def ask_chromium(root, requests):
    ask = """async ({url, inputs}) => {
        await tf.setBackend("cpu");
        try { return await predict(tf, url, inputs); } catch (error) { return {error: String(error.stack)}; }
    }"""
    with serve({"/": BROWSER, "/tfjs": tensorflowjs_folder(), "/models": root}) as address, chromium_page() as page:
        page.goto(f"{address}/page.html")
        return {
            name: page.evaluate(ask, {"url": f"{address}/models/{name}/model.json", "inputs": request["inputs"]})
            for name, request in requests.items()
        }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("program", ["keras file", "h5", "node", "chromium", "back in keras"])
def test_all_programs_predict_the_same(results, name, program):
    for theirs, ours in zip(results[name]["keras"], results[name][program], strict=True):
        print(name, program, np.abs(theirs - ours).max())
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4)
