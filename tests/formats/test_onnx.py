"""ONNX that velveteen writes computes the same in onnxruntime, for any batch size."""

import numpy as np
import pytest

import velveteen as vt
from tests.browser._models import MODELS, inputs_for, with_random_weights
from velveteen import layers
from velveteen.errors import ArgumentError, MissingFileError

onnxruntime = pytest.importorskip("onnxruntime")


@pytest.mark.parametrize("name", ["dense", "cnn", "two_by_two"])
def test_onnxruntime_predicts_the_same(name, tmp_path):
    model = with_random_weights(MODELS[name]())
    model.save(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    names = [entry.name for entry in session.get_inputs()]
    assert names == (["input"] if type(model) is vt.Sequential else model.input_names)
    for examples in (1, 3):
        inputs = inputs_for(model, examples)
        answers = session.run(None, dict(zip(names, inputs, strict=True)))
        predicted = model.predict(inputs if len(inputs) > 1 else inputs[0])
        for theirs, ours in zip(answers, predicted if isinstance(predicted, list) else [predicted], strict=True):
            np.testing.assert_allclose(theirs, ours.numpy(), atol=1e-5)


def test_a_convolution_that_is_a_matrix_product_here_takes_any_batch(tmp_path):
    model = vt.sequential([layers.conv2d(1024, 1, input_shape=[2, 2, 1024], kernel_initializer="heNormal")])
    model.save(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    for examples in (1, 3):
        x = np.random.default_rng(0).normal(size=(examples, 2, 2, 1024)).astype(np.float32)
        np.testing.assert_allclose(session.run(None, {"input": x})[0], model.predict(x).numpy(), atol=1e-4)


def test_masked_steps_are_left_out_there_too(tmp_path):
    model = vt.sequential(
        [layers.embedding(9, 6, mask_zero=True, input_length=5), layers.bidirectional(layers.lstm(4)), layers.dense(2)]
    )
    model.save(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    x = np.array([[3, 4, 0, 0, 0], [1, 2, 3, 4, 5], [0, 7, 0, 8, 0]], dtype=np.float32)
    np.testing.assert_allclose(session.run(None, {"input": x})[0], model.predict(x).numpy(), atol=1e-5)


def test_the_input_of_a_sequential_model_is_called_the_same_each_time(tmp_path):
    for first, expected in (({}, "input"), ({}, "input"), ({"name": "pixels"}, "pixels")):
        model = vt.sequential([layers.input_layer(input_shape=[3], **first), layers.dense(2)])
        model.save(tmp_path / "model.onnx")
        session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
        assert [entry.name for entry in session.get_inputs()] == [expected]


def test_what_cannot_be_written_says_why(tmp_path):
    free = vt.sequential([layers.conv2d(2, 3, input_shape=[None, None, 1])])
    with pytest.raises(ArgumentError, match="ONNX needs all sizes except for the batch"):
        free.save(tmp_path / "free.onnx")
    with pytest.raises(MissingFileError, match="There is no folder"):
        MODELS["dense"]().save(tmp_path / "none" / "model.onnx")


def test_the_module_is_the_model():
    model = MODELS["dense"]()
    assert model.to_torch() is model
