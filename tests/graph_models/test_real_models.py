"""Real graph models, of each kind there is in the package, agree with TensorFlow.js."""

import numpy as np
import pytest

import velveteen as vt
from tests._javascript import run_node
from tests.graph_models._real_models import PACKAGES, input_shapes, made_up, models_folder

WASM = [
    "antispoof",
    "blazeface-front",
    "emotion",
    "faceboxes",
    "facemesh",
    "gear",
    "gender",
    "handlandmark-lite",
    "iris",
    "liveness",
    "meet",
    "mobileface",
    "movenet-lightning",
    "movenet-multipose",
    "nanodet",
    "posenet",
    "rvm",
    "selfie",
]
CPU = ["handtrack"]  # the WebAssembly backend selects other boxes than TensorFlow.js's own cpu backend


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "names"), [("wasm", WASM), ("cpu", CPU)])
def test_agrees_with_tensorflowjs(backend, names, tmp_path):
    folder = models_folder()
    if folder is None:
        pytest.skip("This test needs npm packages that cannot be installed here.")
    models = {name: vt.load_graph_model(folder / f"{name}.json") for name in names}
    asked = {name: input_shapes(name, model) for name, model in models.items()}
    request = {
        "folder": str(folder),
        "backend": backend,
        "repeats": 0,
        "models": [{"name": name, "inputs": inputs} for name, inputs in asked.items()],
    }
    for answer in run_node(PACKAGES / "run_models.js", request, tmp_path):
        name = answer["name"]
        results = models[name].execute({key: made_up(**info) for key, info in asked[name].items()})
        for result, output in zip(results if isinstance(results, list) else [results], answer["outputs"], strict=True):
            assert result.shape == output["shape"], name
            assert result.dtype == output["dtype"], name
            expected = np.array(output["values"], dtype=np.float64).reshape(output["shape"])
            scale = max(np.abs(expected).max(initial=0), 1e-6)
            np.testing.assert_allclose(result.numpy(), expected, rtol=1e-3, atol=1e-3 * scale, err_msg=name)
