"""A model's parts by name: weights, outputs inside, calls, losses, metadata, hooks."""

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen import layers
from velveteen.errors import (
    ArgumentError,
    ArgumentTypeError,
    FileFormatError,
    ShapeError,
    StateError,
    UnknownNameError,
)


def net():
    return vt.sequential(
        [
            layers.dense(3, activation="relu", input_shape=[2], name="first"),
            layers.batch_normalization(name="norm"),
            layers.dense(1, name="last"),
        ]
    )


def test_named_weights_come_and_go():
    model, other = net(), net()
    names = [each["name"] for each in model.get_named_weights()]
    assert names[:2] == ["first/kernel", "first/bias"] and "norm/moving_mean" in names
    assert "norm/moving_mean" not in [each["name"] for each in model.get_named_weights(trainable_only=True)]
    other.load_weights({each["name"]: each["tensor"] for each in model.get_named_weights()})
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    other.load_weights({"first/bias": [1, 2, 3], "else": [1]}, strict=False)
    assert other.get_layer("first").get_weights()[1].array_sync() == [1, 2, 3]


def test_wrong_named_weights_change_nothing():
    model = net()
    before = model.get_layer("first").get_weights()[1]
    with pytest.raises(FileFormatError, match=r"lacks 7 of the 8 weights"):
        model.load_weights({"first/bias": [1, 2, 3]})
    with pytest.raises(ShapeError, match="first/bias"):
        model.load_weights({"first/bias": [1, 2]}, strict=False)
    with pytest.raises(ArgumentTypeError, match=r"dict from names to tensors, got str.*load_layers_model"):
        model.load_weights("folder")
    np.testing.assert_array_equal(model.get_layer("first").get_weights()[1], before)


def test_execute_computes_what_layers_inside_return():
    model = net()
    x = vt.random_normal([5, 2])
    np.testing.assert_allclose(model.execute(x, "last"), model.predict(x), rtol=1e-6)
    first, last = model.execute(x, ["first", model.get_layer("last").output])
    np.testing.assert_allclose(first, model.get_layer("first").apply(x), rtol=1e-6)
    assert last.shape == [5, 1]
    assert len(model.execute([x], ["norm"])) == 1


def test_execute_takes_inputs_by_name_and_leaves_out_what_is_not_needed():
    a, b = vt.input([2], name="a"), vt.input([2], name="b")
    doubled = layers.add(name="doubled").apply([a, a])
    model = vt.model(inputs=[a, b], outputs=layers.multiply(name="out").apply([doubled, b]))
    found = model.execute({"a": [[1, 2]], "b": [[3, 4]]}, ["doubled", "out", "a"])
    assert [each.array_sync() for each in found] == [[[2, 4]], [[6, 16]], [[1, 2]]]


def test_execute_says_what_is_wrong():
    model = net()
    with pytest.raises(UnknownNameError, match='Did you mean "first"'):
        model.execute([[1, 2]], "frist")
    with pytest.raises(ArgumentError, match="at least one output"):
        model.execute([[1, 2]], [])
    with pytest.raises(ArgumentError, match="not among the inputs"):
        model.execute([[1, 2]], vt.input([2]))
    with pytest.raises(ShapeError):
        model.execute([[1, 2, 3]], "first")


def test_calls_by_number():
    shared, x = layers.dense(2), vt.input([2])
    once = shared.apply(x)
    twice = shared.apply(once)
    assert shared.get_input_at(1) is once and shared.get_output_at(1) is twice and shared.get_input_at(0) is x
    with pytest.raises(ArgumentError, match="called 2 times, so there is no call 2"):
        shared.get_output_at(2)
    with pytest.raises(StateError, match=r"no single output. Use get_output_at\(0\)"):
        _ = shared.output


def test_built_stateful_and_class_names():
    model = vt.sequential([layers.dense(1)])
    assert not model.built and not model.stateful
    model.build([None, 2])
    assert model.built and model.get_class_name() == "Sequential" and model.updates == []
    assert layers.conv2d(1, 1).get_class_name() == "Conv2D"
    recurrent = vt.sequential([layers.lstm(2, stateful=True, batch_input_shape=[1, 2, 2])])
    assert recurrent.stateful and layers.bidirectional(layers.gru(1, stateful=True)).stateful


def test_metadata():
    model = net()
    assert model.get_user_defined_metadata() is None
    model.set_user_defined_metadata({"labels": ["a"]})
    assert model.user_defined_metadata == model.get_user_defined_metadata() == {"labels": ["a"]}
    with pytest.raises(ArgumentTypeError, match="must be a dict, got str"):
        model.set_user_defined_metadata("a")


def test_a_call_hook_sees_every_call_until_it_is_cleared():
    model, seen = net(), []
    model.get_layer("norm").set_call_hook(lambda inputs, arguments: seen.append((tuple(inputs.shape), arguments)))
    model.predict(vt.zeros([4, 2]))
    model.get_layer("norm").apply(vt.zeros([2, 3]))
    assert seen == [((4, 3), {}), ((2, 3), {})]
    model.get_layer("norm").clear_call_hook()
    model.predict(vt.zeros([4, 2]))
    assert len(seen) == 2


# What training adds to the loss; the numbers are TensorFlow.js's


def loss_of(model, *shape):
    model.compile(vt.train.sgd(0), "meanSquaredError")
    return model.fit(vt.zeros([1, *shape]), vt.zeros([1, *model.outputs[0].shape[1:]]), verbose=False).history["loss"][
        0
    ]


def heavy(units, **options):
    return layers.dense(units, kernel_initializer="ones", kernel_regularizer=vt.regularizers.l2(100), **options)


def test_each_call_of_a_layer_counts_its_regularizers():
    x, shared = vt.input([2]), heavy(2)
    assert loss_of(vt.model(inputs=x, outputs=shared.apply(shared.apply(x))), 2) == 800
    inner, x = vt.sequential([heavy(2, input_shape=[2])]), vt.input([2])
    assert loss_of(vt.model(inputs=x, outputs=inner.apply(inner.apply(x))), 2) == 800
    assert loss_of(vt.sequential([inner]), 2) == 400


def test_a_frozen_layer_counts_its_regularizers():
    assert loss_of(vt.sequential([heavy(1, input_shape=[2], trainable=False), layers.dense(1)]), 2) == 200


def test_a_wrapped_layer_counts_its_regularizers():
    assert loss_of(vt.sequential([layers.time_distributed(heavy(1), input_shape=[2, 2])]), 2, 2) == 200


def test_added_losses_count_and_have_gradients():
    class Pulled(layers.Dense):
        def __init__(self, units, **options):
            super().__init__(units, **options)
            self.add_loss(lambda: self.kernel.sum())
            self.add_loss([lambda: vt.scalar(7)])

    model = vt.sequential([Pulled(1, kernel_initializer="ones", input_shape=[2])])
    assert len(model.losses) == 2
    assert loss_of(model, 2) == 9
    model.compile(vt.train.sgd(0.5), "meanSquaredError")
    model.fit(vt.zeros([1, 2]), vt.zeros([1, 1]), verbose=False)
    assert model.get_weights()[0].array_sync() == [[0.5], [0.5]]


def test_an_added_loss_must_be_a_scalar():
    model = net()
    with pytest.raises(ArgumentTypeError, match="a function that takes nothing"):
        model.add_loss(3)
    model.add_loss(lambda: torch.zeros(2))
    with pytest.raises(ShapeError, match=r"must return a scalar tensor, but returned Tensor of shape \[2\]. Reduce"):
        loss_of(model, 2)
