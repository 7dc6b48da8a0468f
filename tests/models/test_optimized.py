"""A model made fast answers the same, says how, and folds batch normalization."""

import logging
import sys

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen.errors import ArgumentError, ShapeError
from velveteen.models.freezing import fold_batch_normalization, frozen_copy

layers = vt.layers
PICTURES = np.random.default_rng(0).normal(size=(3, 8, 8, 2)).astype(np.float32)


@pytest.fixture(autouse=True)
def _the_same_weights_in_every_run():
    """Answers in bfloat16 and int8 are as exact as the weights and examples let them be."""
    vt.set_random_seed(0)


def moved(model, seed=0):
    """Gives every weight a random value, so that no normalization is the identity."""
    random = np.random.default_rng(seed)
    model.set_weights([np.abs(random.normal(size=weight.shape)) + 0.1 for weight in model.get_weights()])
    return model


def difference(found, expected):
    """Returns how far answers are from the expected ones, as part of the largest: what `tolerance` speaks of."""
    found, expected = found.numpy(), expected.numpy()
    return np.abs(found - expected).max() / np.abs(expected).max()


def normalized(maker, **options):
    normalization = layers.batch_normalization(**options)
    return moved(vt.sequential([maker, normalization, layers.activation("tanh"), layers.flatten(), layers.dense(2)]))


MAKERS = {
    "convolution": lambda: layers.conv2d(3, 3, strides=2, input_shape=(8, 8, 2)),
    "without bias": lambda: layers.conv2d(3, 3, use_bias=False, padding="same", input_shape=(8, 8, 2)),
    "transposed": lambda: layers.conv2d_transpose(3, 2, strides=2, input_shape=(8, 8, 2)),
    "dense": lambda: layers.dense(4, input_shape=(8, 8, 2)),
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False, "axis": 3}])
def test_batch_normalization_is_folded(name, options):
    model = normalized(MAKERS[name](), **options)
    before = [weight.numpy() for weight in model.get_weights()]
    copy = frozen_copy(model)
    steps = len(copy.graph.steps)
    assert fold_batch_normalization(copy) == 1
    assert len(copy.graph.steps) == steps - 1
    np.testing.assert_allclose(copy.predict(PICTURES).numpy(), model.predict(PICTURES).numpy(), rtol=2e-5, atol=1e-5)
    for weight, value in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


def branching(last):
    x = vt.input((8, 8, 2))
    convolution = layers.conv2d(2, 3, padding="same", activation="relu" if last == "activation" else None)
    y = convolution.apply(x)
    z = layers.batch_normalization(axis=1 if last == "axis" else -1).apply(y)
    if last == "read again":
        z = layers.add().apply([y, z])
    if last == "called again":
        z = layers.add().apply([convolution.apply(z), z])
    return vt.model(x, [y, z] if last == "an output" else z)


@pytest.mark.parametrize("why", ["activation", "read again", "called again", "an output", "axis"])
def test_what_cannot_be_folded_stays(why):
    model = moved(branching(why))
    copy = frozen_copy(model)
    assert fold_batch_normalization(copy) == 0
    expected, found = model.predict(PICTURES), copy.predict(PICTURES)
    for one, other in zip(*(x if isinstance(x, list) else [x] for x in (expected, found)), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_it_answers_as_predict_does_and_keeps_its_weights():
    model = normalized(MAKERS["convolution"]())
    expected = model.predict(PICTURES)
    fast = model.optimize(PICTURES, precision="float32", seconds=0)
    moved(model, seed=1)
    for batch_size in (1, 2, 32):
        assert difference(fast.predict(PICTURES, batch_size=batch_size), expected) < 1e-4
    assert difference(model.predict(PICTURES), expected) > 1e-3
    assert [way.runtime for way in fast.report] == ["PyTorch", "onnxruntime", "PyTorch", "onnxruntime"]
    assert sum(way.milliseconds is not None for way in fast.report[:2]) >= 1
    assert fast.report[2].note == "not tried: the precision is to be float32"
    assert fast.report.chosen.precision == "float32" and "chosen" in str(fast.report)


def test_onnxruntime_is_a_way_where_it_is_installed(monkeypatch):
    pytest.importorskip("onnxruntime")
    model = normalized(MAKERS["convolution"]())
    way = model.optimize(PICTURES, seconds=0).report[1]
    assert way.milliseconds is not None and way.difference < 1e-5
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    way = model.optimize(PICTURES, seconds=0).report[1]
    assert way.milliseconds is None and 'pip install "velveteen[inference]"' in way.note


def test_bfloat16_is_taken_only_where_it_is_exact_enough():
    model = vt.sequential([layers.embedding(400, 8, input_length=4), layers.lstm(4), layers.dense(3)])
    codes = np.random.default_rng(0).integers(400, size=(6, 4)).astype(np.float32)
    fast = model.optimize(codes, precision="bfloat16", tolerance=0.1, seconds=0)
    assert fast.report.chosen.precision == "bfloat16"
    assert 0 < fast.report.chosen.difference < 0.1
    answers = fast.predict(codes)
    assert answers.dtype == "float32"
    assert difference(answers, model.predict(codes)) == pytest.approx(fast.report.chosen.difference)
    with pytest.raises(ArgumentError, match=r"in bfloat16.*too inexact: .* is above 1e-09.*Raise the tolerance"):
        model.optimize(codes, precision="bfloat16", tolerance=1e-9, seconds=0)
    ways = model.optimize(codes, tolerance=1e-9, seconds=0).report
    assert ways.chosen.precision == "float32" and "too inexact" in ways[2].note


def test_integers_of_8_bits_are_taken_only_where_they_are_exact_enough(capfd, caplog):
    pytest.importorskip("onnxruntime")
    model = normalized(MAKERS["convolution"]())
    # Processors without VNNI cut sums of two products off at 16 bits, so how exact it is depends on the machine.
    fast = model.optimize(PICTURES, precision="int8", tolerance=10, seconds=0)
    chosen = fast.report.chosen
    assert (chosen.runtime, chosen.precision) == ("onnxruntime", "int8")
    assert 1e-4 < chosen.difference < 10
    assert difference(fast.predict(PICTURES), model.predict(PICTURES)) == pytest.approx(chosen.difference)
    with pytest.raises(ArgumentError, match=r"in int8.*too inexact: .* is above 1e-09.*Raise the tolerance"):
        model.optimize(PICTURES, precision="int8", tolerance=1e-9, seconds=0)
    assert capfd.readouterr().err == ""
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_recurrent_layers_stay_with_pytorch():
    pytest.importorskip("onnxruntime")
    model = vt.sequential([layers.lstm(4, input_shape=(3, 2)), layers.dense(1)])
    report = model.optimize(np.ones((2, 3, 2), np.float32), seconds=0).report
    assert [("recurrent" in way.note) for way in report] == [False, True, False, True]


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "int8"])
def test_several_inputs_and_outputs_while_training(precision):
    if precision == "int8":
        pytest.importorskip("onnxruntime")
    a, b = vt.input((3,)), vt.input((3,))
    joined = layers.dropout(0.5).apply(layers.concatenate().apply([a, b]))
    model = vt.model([a, b], [layers.dense(2).apply(joined), layers.dense(1).apply(joined)])
    model.compile("sgd", "meanSquaredError")
    x = list(np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32))
    found = []

    def look(epoch, logs):
        fast = model.optimize(x, precision=precision, tolerance=10, seconds=0)
        found.append((fast.predict(x), model.predict(x), fast.report.chosen))

    model.fit(x, [np.zeros((4, 2)), np.zeros((4, 1))], verbose=False, callbacks={"on_epoch_end": look})
    fast, slow, chosen = found[0]
    assert [answer.shape for answer in fast] == [[4, 2], [4, 1]]
    assert chosen.precision == precision
    largest = max(difference(one, other) for one, other in zip(fast, slow, strict=True))
    assert largest == pytest.approx(chosen.difference, abs=1e-6)
    assert largest < {"float32": 1e-4, "bfloat16": 0.1, "int8": 10}[precision]


def test_without_an_example():
    report = vt.sequential([layers.dense(2, input_shape=[3])]).optimize(seconds=0).report
    assert all("only an example" in way.note for way in report[2:])
    with pytest.raises(ShapeError, match=r"any size, \[null, null, null, 1\].*model.optimize\(example\)"):
        vt.sequential([layers.conv2d(1, 3, input_shape=(None, None, 1))]).optimize()


def test_what_does_not_fit_is_told():
    model = vt.sequential([layers.dense(2, input_shape=[3])])
    with pytest.raises(ArgumentError, match="precision must be one of auto, float32, bfloat16, int8, got 'int4'"):
        model.optimize(precision="int4")
    stateful = vt.sequential([layers.lstm(2, stateful=True, batch_input_shape=(1, 4, 3))])
    with pytest.raises(ArgumentError, match=r"stateful. Use model.stepper\(\)"):
        stateful.optimize()


def test_random_numbers_of_the_program_are_left_alone():
    model = vt.sequential([layers.dense(2, input_shape=[3])])
    vt.set_random_seed(3)
    model.optimize(seconds=0)
    after = torch.rand(1)
    vt.set_random_seed(3)
    assert torch.equal(after, torch.rand(1))
