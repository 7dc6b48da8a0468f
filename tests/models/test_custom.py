"""Losses and metrics of one's own through files, by registered name."""

import json

import numpy as np
import pytest

import velveteen as vt
from velveteen import layers, serialization
from velveteen.errors import ArgumentError, ArgumentTypeError

X = np.random.default_rng(0).normal(size=(16, 3)).astype(np.float32)
Y = X.sum(1, keepdims=True)


@vt.register_function
def quartic(y_true, y_pred):
    return (y_true - y_pred).pow(4).mean(-1)


def largest_error(y_true, y_pred):
    return (y_true - y_pred).abs().max()


vt.register_function(largest_error, "worst")


def unregistered(y_true, y_pred):
    return (y_true - y_pred).abs().mean(-1)


def mean_squared_error(y_true, y_pred):
    """Not the one of that name."""
    return 0 * y_pred.mean(-1)


def net():
    return vt.sequential([layers.dense(1, input_shape=[3], name="only")])


def through_a_file(model, folder):
    model.save(folder)
    return vt.load_layers_model(folder)


def test_registered_functions_come_back(tmp_path):
    model = net()
    model.compile("sgd", quartic, metrics=[largest_error, "mae"])
    assert model.metrics_names == ["loss", "worst", "mae"]
    loaded = through_a_file(model, tmp_path)
    assert (loaded.loss, loaded.metrics_names) == ("quartic", ["loss", "worst", "mae"])
    for ours, theirs in zip(loaded.evaluate(X, Y), model.evaluate(X, Y), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    again = through_a_file(loaded, tmp_path)
    assert again.loss == "quartic"


def test_tensorflowjs_finds_no_name_that_it_does_not_know(tmp_path):
    model = net()
    model.compile("sgd", "meanSquaredError", metrics=["worst"])
    model.save(tmp_path)
    assert "trainingConfig" not in json.loads((tmp_path / "model.json").read_text())


def test_several_outputs_keep_theirs(tmp_path):
    x = vt.input([3])
    outputs = [layers.dense(1, name=name).apply(x) for name in ("a", "b")]
    model = vt.model(inputs=x, outputs=outputs)
    model.compile("sgd", {"a": quartic, "b": "mse"}, metrics={"b": [largest_error]}, loss_weights={"a": 0.5, "b": 2})
    loaded = through_a_file(model, tmp_path)
    assert loaded.metrics_names == model.metrics_names
    assert loaded.compilation.loss_scales == [0.5, 2]


@pytest.mark.parametrize("loss", [unregistered, mean_squared_error, lambda y_true, y_pred: y_pred.mean(-1)])
def test_others_are_left_out(tmp_path, loss):
    model = net()
    model.compile("sgd", loss)
    model.fit(X, Y, verbose=False)
    loaded = through_a_file(model, tmp_path)
    with pytest.raises(vt.VelveteenError, match="is not compiled"):
        _ = loaded.optimizer


def test_a_program_that_does_not_know_the_name_is_told(tmp_path, monkeypatch):
    model = net()
    model.compile("sgd", quartic)
    model.save(tmp_path)
    monkeypatch.delitem(serialization._functions, "quartic")
    with pytest.warns(
        UserWarning, match='"only"|not compiled: Unknown loss "quartic".*register_function before loading'
    ):
        loaded = vt.load_layers_model(tmp_path)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: vt.register_function(3), ArgumentTypeError, "expects a function of y_true and y_pred, got 3"),
        (lambda: vt.register_function(layers.Dense), ArgumentTypeError, r"registered by register_class\(\)"),
        (lambda: vt.register_function(mean_squared_error), ArgumentError, "another name"),
        (lambda: vt.register_function(unregistered, "accuracy"), ArgumentError, 'named "accuracy" already'),
        (lambda: vt.register_function(unregistered, "worst"), ArgumentError, 'named "worst" already'),
    ],
)
def test_wrong_registrations(call, error, message):
    with pytest.raises(error, match=message):
        call()
