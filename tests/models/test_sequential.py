"""Sequential models: adding, taking off, building from data, configs."""

import numpy as np
import pytest

import velveteen as vt
from velveteen.errors import ArgumentError, ArgumentTypeError, ShapeError, StateError

layers = vt.layers
ROWS = np.random.default_rng(0).random((4, 3)).astype(np.float32)


def test_layers_are_applied_in_order():
    model = vt.sequential([layers.dense(5, activation="relu", input_shape=[3]), layers.dense(2)])
    w1, b1, w2, b2 = (weight.numpy() for weight in model.get_weights())
    np.testing.assert_allclose(model.predict(ROWS).numpy(), np.maximum(ROWS @ w1 + b1, 0) @ w2 + b2, rtol=1e-5)


def test_weights_are_named_after_their_layers_however_the_model_is_built():
    named = {}
    for shape in ({"input_shape": [3]}, {}):
        model = vt.sequential([layers.dense(2, name="one", **shape), layers.dense(1, name="two")], name="stack")
        vt.sequential([model]).predict([[1, 2, 3]])
        named[bool(shape)] = [weight.name for weight in model.weights]
    assert named[False] == named[True] == ["one/kernel", "one/bias", "two/kernel", "two/bias"]


def test_without_input_shape_it_is_built_from_data():
    model = vt.sequential([layers.dense(5), layers.dense(2)])
    with pytest.raises(StateError, match="not built yet"):
        model.inputs  # noqa: B018
    assert model.predict(ROWS).shape == [4, 2]
    assert model.get_config()["layers"][0]["config"]["batch_input_shape"] == [None, 3]


def test_add_and_pop():
    model = vt.sequential([layers.dense(5, input_shape=[3])])
    model.add(layers.dense(2))
    assert model.outputs[0].shape == [None, 2]
    model.pop()
    assert model.outputs[0].shape == [None, 5]
    model.add(layers.dense(7))
    assert model.predict(ROWS).shape == [4, 7]


def test_pop_to_the_bottom_and_again():
    model = vt.sequential([layers.dense(5, input_shape=[3])])
    model.pop()
    with pytest.raises(StateError, match="no layer to take off"):
        model.pop()
    model.add(layers.dense(1, input_shape=[3]))
    assert model.predict(ROWS).shape == [4, 1]


def test_an_input_layer_may_come_first():
    model = vt.sequential([layers.input_layer(input_shape=[3]), layers.dense(2)])
    assert model.predict(ROWS).shape == [4, 2]


def test_models_nest():
    inner = vt.sequential([layers.dense(4, input_shape=[3])])
    outer = vt.sequential([inner, layers.dense(2)])
    assert outer.predict(ROWS).shape == [4, 2]
    assert len(outer.weights) == 4
    again = vt.Sequential.from_config(outer.get_config())
    again.set_weights(outer.get_weights())
    np.testing.assert_array_equal(again.predict(ROWS).numpy(), outer.predict(ROWS).numpy())


def test_what_is_no_layer_cannot_be_added():
    with pytest.raises(ArgumentTypeError, match="can only add layers"):
        vt.sequential().add(lambda x: x)


def test_the_same_name_twice():
    with pytest.raises(ArgumentError, match='Two layers are named "a"'):
        vt.sequential([layers.dense(1, input_shape=[1], name="a"), layers.dense(1, name="a")])


def test_a_layer_that_does_not_fit_leaves_the_model_as_it_was():
    model = vt.sequential([layers.dense(5, input_shape=[3])])
    with pytest.raises(ShapeError, match=r'Layer "wide" expects input of shape \[null, null, null, null\]'):
        model.add(layers.conv2d(2, 3, name="wide"))
    assert model.predict(ROWS).shape == [4, 5]


def test_an_empty_model_says_what_to_do():
    with pytest.raises(StateError, match="has no layers. Add some"):
        vt.sequential().predict(ROWS)


def test_several_outputs_cannot_be_followed():
    model = vt.sequential([layers.embedding(5, 2, input_shape=[3])])
    with pytest.raises(ArgumentError, match="has 3 outputs"):
        model.add(layers.lstm(4, return_state=True))
    assert model.predict(np.ones((2, 3))).shape == [2, 3, 2]


def test_predict_in_batches_is_the_same():
    model = vt.sequential([layers.dense(2, input_shape=[3])])
    rows = np.random.default_rng(1).random((70, 3)).astype(np.float32)
    np.testing.assert_allclose(
        model.predict(rows, batch_size=16).numpy(), model.predict(rows, batch_size=70).numpy(), rtol=1e-5
    )


def test_set_weights_says_how_many_are_needed():
    model = vt.sequential([layers.dense(2, input_shape=[3])])
    with pytest.raises(ArgumentError, match="has 2 weights, but got 1"):
        model.set_weights([np.zeros((3, 2))])
    with pytest.raises(ShapeError, match=r"has shape \[3, 2\], so it cannot take \[2, 3\]"):
        model.set_weights([np.zeros((2, 3)), np.zeros(2)])
