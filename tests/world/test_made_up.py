"""What is peculiar about published models, in tiny ones: layers of their own, any size, old topologies, quantized weights."""

import json

import numpy as np
import pytest

import velveteen as vt
from tests.world import _upscaler_layers as _upscaler_layers  # registered by being defined
from velveteen.errors import UnknownNameError


def upscaler(folder, shuffle="PixelShuffle2x"):
    """Writes a model as the converter of 2020 wrote it from Keras 2.4: camelCase is rare in it, defaults are missing."""
    convolution = {"name": "c", "filters": 12, "kernel_size": [3, 3], "padding": "same", "trainable": True}
    layers = [
        ("InputLayer", {"batch_input_shape": [None, None, None, 3], "dtype": "float32", "ragged": False}, "LR", []),
        ("Conv2D", convolution, "c", [[["LR", 0, 0, {}]]]),
        ("MultiplyBeta", {"trainable": True, "dtype": "float32", "beta": 0.2}, "m", [[["c", 0, 0, {}]]]),
        ("Add", {"trainable": True}, "a", [[["c", 0, 0, {}], ["m", 0, 0, {}]]]),
        (shuffle, {"trainable": True, "scale": 2}, "p", [[["a", 0, 0, {}]]]),
    ]
    described = [
        {"class_name": kind, "config": {"name": name, **config}, "name": name, "inbound_nodes": calls}
        for kind, config, name, calls in layers
    ]
    graph = {"name": "g", "layers": described, "input_layers": [["LR", 0, 0]], "output_layers": [["p", 0, 0]]}
    quantization = {"min": -1.0, "scale": 2 / 255, "dtype": "uint8"}
    weights = [
        {"name": "c/kernel", "shape": [3, 3, 3, 12], "dtype": "float32", "quantization": quantization},
        {"name": "c/bias", "shape": [12], "dtype": "float32", "quantization": quantization},
    ]
    content = {
        "format": "layers-model",
        "generatedBy": "keras v2.4.0",
        "modelTopology": {
            "keras_version": "2.4.0",
            "backend": "tensorflow",
            "model_config": {"class_name": "Functional", "config": graph},
        },
        "weightsManifest": [{"paths": ["first", "a b/second"], "weights": weights}],
    }
    numbers = np.random.default_rng(3).integers(0, 256, 3 * 3 * 3 * 12 + 12).astype(np.uint8).tobytes()
    (folder / "a b").mkdir()
    (folder / "first").write_bytes(numbers[:100])  # in the middle of a weight
    (folder / "a b" / "second").write_bytes(numbers[100:])
    (folder / "model.json").write_text(json.dumps(content))


def test_a_picture_of_any_size_grows(tmp_path):
    upscaler(tmp_path)
    model = vt.load_layers_model(tmp_path)
    assert model.inputs[0].shape == [None, None, None, 3]
    for height, width in ((4, 6), (7, 5)):
        x = vt.random_uniform([2, height, width, 3])
        grown = model.predict(x)
        kernel, bias = model.get_weights()
        expected = vt.depth_to_space(1.2 * (vt.conv2d(x, kernel, 1, "same") + bias), 2)
        assert grown.shape == [2, 2 * height, 2 * width, 3]
        np.testing.assert_allclose(grown.numpy(), expected.numpy(), rtol=1e-4, atol=1e-4)


def test_saved_again_with_the_same_classes(tmp_path):
    upscaler(tmp_path)
    model = vt.load_layers_model(tmp_path)
    model.save(tmp_path / "again")
    topology = json.loads((tmp_path / "again" / "model.json").read_text())["modelTopology"]
    classes = [layer["class_name"] for layer in topology["config"]["layers"]]
    assert classes == ["InputLayer", "Conv2D", "MultiplyBeta", "Add", "PixelShuffle2x"]
    assert topology["config"]["layers"][0]["config"]["batch_input_shape"] == [None, None, None, 3]
    again = vt.load_layers_model(tmp_path / "again")
    x = vt.random_uniform([1, 3, 4, 3])
    assert again.predict(x).array_sync() == model.predict(x).array_sync()


def test_a_class_that_nobody_registered_is_named(tmp_path):
    upscaler(tmp_path, shuffle="PixelShuffle16x")
    with pytest.raises(UnknownNameError, match=r'"PixelShuffle16x".*register_class'):
        vt.load_layers_model(tmp_path)
