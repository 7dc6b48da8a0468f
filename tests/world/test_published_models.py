"""Models from packages on npm load, predict as TensorFlow.js does, and, if they are of layers, load there again."""

import json

import numpy as np
import pytest

import velveteen as vt
from tests._javascript import run_node
from tests.world._models import MODELS, PACKAGES, TEXTS, compare, packages_folder, unpacked


@pytest.fixture(scope="module")
def packages():
    if packages_folder() is None:
        pytest.skip("This test needs npm packages that cannot be installed here.")
    return packages_folder()


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_agrees_with_tensorflowjs(model, packages, tmp_path):
    file = unpacked([model], tmp_path)[model.name]
    largest, classes = compare(model, file, tmp_path)
    assert largest < model.tolerance
    if model.kind == "layers":
        topology = json.loads(file.read_text())["modelTopology"]
        layers = topology.get("model_config", topology)["config"]["layers"]
        assert sorted(classes) == sorted(layer["class_name"] for layer in layers)


@pytest.mark.slow
def test_several_texts_at_once(packages):
    """TensorFlow.js 4.22 frees tensors of this loop too early, so the texts one by one are what must come out."""
    model = vt.load_graph_model(packages / "@vscode" / "vscode-languagedetection" / "model")
    scores, names = model.predict(vt.tensor(TEXTS))
    for row, text in enumerate(TEXTS):
        score, name = model.predict(vt.tensor([text]))
        np.testing.assert_allclose(scores.array_sync()[row], score.array_sync()[0], rtol=1e-4)
        assert names.array_sync()[row] == name.array_sync()[0]


@pytest.mark.slow
def test_weights_without_a_model(packages, tmp_path):
    """face-api publishes weights in a manifest of their own, for networks that its program builds."""
    folder = packages / "@vladmandic" / "face-api" / "model"
    manifests = sorted(folder.glob("*-weights_manifest.json"))
    assert len(manifests) == 7
    expected = run_node(PACKAGES / "read_weights.js", [str(path) for path in manifests], tmp_path)
    for path, sums in zip(manifests, expected, strict=True):
        weights = vt.io.load_weights(json.loads(path.read_text()), str(folder))
        assert set(weights) == set(sums)
        for name, (shape, total) in sums.items():
            assert weights[name].shape == shape
            values = weights[name].numpy().astype(np.float64)
            assert values.sum() == pytest.approx(total, rel=1e-6, abs=1e-6 * np.abs(values).sum())
