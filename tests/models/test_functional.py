"""Functional models: graphs of layers, their order, their configs and their errors."""

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen.errors import ArgumentError, ArgumentTypeError, FileFormatError, ShapeError, UnknownNameError

layers = vt.layers


def two_in_two_out():
    left, right = vt.input([3], name="left"), vt.input([2], name="right")
    joined = layers.concatenate(name="joined").apply([left, right])
    hidden = layers.dense(4, activation="tanh", name="hidden").apply(joined)
    return vt.model(
        [left, right], [layers.dense(1, name="one").apply(hidden), layers.dense(2, name="two").apply(joined)]
    )


def with_shared_layer():
    a, b = vt.input([4], name="a"), vt.input([4], name="b")
    shared = layers.dense(3, name="shared")
    return vt.model([a, b], layers.add(name="sum").apply([shared.apply(a), shared.apply(b)]))


def with_nested_models():
    inner = vt.sequential([layers.dense(4, activation="relu", input_shape=[3], name="inside")], name="inner")
    x = vt.input([3], name="x")
    return vt.model(x, layers.dense(1, name="head").apply(inner.apply(x)))


def test_many_inputs_and_outputs_compute_what_the_layers_do():
    model = two_in_two_out()
    left, right = np.ones((5, 3), np.float32), np.full((5, 2), 2, np.float32)
    one, two = model.predict([left, right])
    joined = vt.tensor(np.concatenate([left, right], 1))
    hidden = model.get_layer("hidden").apply(joined)
    np.testing.assert_allclose(one.numpy(), model.get_layer("one").apply(hidden).numpy(), rtol=1e-6)
    np.testing.assert_allclose(two.numpy(), model.get_layer("two").apply(joined).numpy(), rtol=1e-6)


def test_inputs_may_be_a_dict_by_names():
    model = two_in_two_out()
    left, right = np.ones((5, 3), np.float32), np.ones((5, 2), np.float32)
    by_list, by_name = model.predict([left, right]), model.predict({"right": right, "left": left})
    np.testing.assert_array_equal(by_list[0].numpy(), by_name[0].numpy())


def test_shared_layer_has_one_set_of_weights():
    model = with_shared_layer()
    assert len(model.weights) == 2
    x = np.random.default_rng(0).random((2, 4)).astype(np.float32)
    kernel, bias = (w.numpy() for w in model.get_weights())
    np.testing.assert_allclose(model.predict([x, 2 * x]).numpy(), 3 * x @ kernel + 2 * bias, rtol=1e-5)


@pytest.mark.parametrize("make", [two_in_two_out, with_shared_layer, with_nested_models])
def test_config_round_trip_predicts_the_same(make):
    model = make()
    again = vt.Model.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    again.set_weights(model.get_weights())
    x = [np.random.default_rng(1).random((3, *symbolic.shape[1:])).astype(np.float32) for symbolic in model.inputs]
    before, after = model.predict(x), again.predict(x)
    for a, b in zip(*(r if isinstance(r, list) else [r] for r in (before, after)), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_nested_model_is_saved_with_the_node_index_of_tensorflowjs():
    model = with_nested_models()
    inner = next(entry for entry in model.get_config()["layers"] if entry["name"] == "head")
    assert inner["inbound_nodes"] == [[["inner", 1, 0, {}]]]


def test_layers_are_ordered_by_depth_as_in_tensorflowjs():
    names = [layer.name for layer in two_in_two_out().layers]
    assert names == ["left", "right", "joined", "hidden", "one", "two"]


def test_trainable_weights_come_first_and_frozen_layers_count_as_not_trainable():
    model = two_in_two_out()
    model.get_layer("hidden").trainable = False
    assert [w.name for w in model.non_trainable_weights] == ["hidden/kernel", "hidden/bias"]
    assert [w.name for w in model.weights[-2:]] == ["hidden/kernel", "hidden/bias"]
    model.trainable = False
    assert model.trainable_weights == []


def test_a_model_is_a_torch_module():
    model = two_in_two_out()
    x = [torch.ones(5, 3), torch.ones(5, 2)]
    one, two = model(x)
    (one.sum() + two.sum()).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert set(model.state_dict()) >= {"layers.3.kernel"}


def test_unconnected_output_names_the_missing_input():
    a, b = vt.input([2], name="a"), vt.input([2], name="b")
    with pytest.raises(ArgumentError, match='need the input "b".*Add it to inputs'):
        vt.model(a, layers.add().apply([a, b]))


def test_two_layers_of_one_name_are_refused():
    x = vt.input([2])
    with pytest.raises(ArgumentError, match='Two layers are named "same"'):
        vt.model(x, layers.dense(2, name="same").apply(layers.dense(2, name="same").apply(x)))


def test_real_tensors_cannot_make_a_model():
    with pytest.raises(ArgumentTypeError, match=r"symbolic tensors, from vt.input\(\)"):
        vt.model(vt.tensor([1.0]), vt.tensor([1.0]))


def test_misspelt_layer_name_is_explained():
    with pytest.raises(UnknownNameError, match='Unknown layer "hiden". Did you mean "hidden"'):
        two_in_two_out().get_layer("hiden")


def test_wrong_number_of_inputs():
    with pytest.raises(ArgumentError, match=r"list of 2 arrays \(left, right\)"):
        two_in_two_out().predict(np.ones((5, 3), np.float32))


def test_wrong_shape_names_the_input_and_what_to_do():
    model = vt.sequential([layers.dense(2, input_shape=[784])])
    with pytest.raises(ShapeError, match=r"expects x of shape \[null, 784\] .* got \[32, 28, 28\].*flatten"):
        model.predict(np.zeros((32, 28, 28), np.float32))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["layers"][3].update(inbound_nodes=[[["two", 0, 0, {}]]]), "cycle|wait for each other"),
        (lambda c: c["layers"][3].update(inbound_nodes=[[["nowhere", 0, 0, {}]]]), 'names the layer "nowhere"'),
        (lambda c: c["layers"][3].update(inbound_nodes=[[["joined", -1, 0, {}]]]), "node index"),
        (lambda c: c["layers"][3].update(inbound_nodes=[[["joined", 0, 7, {}]]]), "names output 7"),
        (lambda c: c.update(output_layers=[]), 'no "output_layers"'),
    ],
)
def test_damaged_graphs_are_refused(change, message):
    config = two_in_two_out().get_config()
    two = next(entry for entry in config["layers"] if entry["name"] == "two")
    config["layers"].remove(two)
    config["layers"].insert(3, two)
    two["inbound_nodes"] = [[["hidden", 0, 0, {}]]]
    hidden = next(entry for entry in config["layers"] if entry["name"] == "hidden")
    config["layers"].remove(hidden)
    config["layers"].insert(3, hidden)
    change(config)
    with pytest.raises(FileFormatError, match=message):
        vt.Model.from_config(config)


def test_thousands_of_layers_need_no_recursion():
    x = entry = vt.input([2])
    for _ in range(1500):
        x = layers.activation("linear").apply(x)
    model = vt.model(entry, x)
    np.testing.assert_array_equal(model.predict(np.ones((1, 2), np.float32)).numpy(), [[1, 1]])


def test_intermediate_values_are_let_go(monkeypatch):
    """The program forgets a value after its last reader, so that a deep model predicts in little memory."""
    x = entry = vt.input([2])
    for _ in range(3):
        x = layers.dense(2).apply(x)
    assert [step.last_use for step in vt.model(entry, x).graph.steps] == [(0,), (1,), (2,)]
