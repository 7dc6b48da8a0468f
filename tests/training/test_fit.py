"""fit, evaluate and predict: what they measure, keep, refuse and say."""

import asyncio
import os
import signal
import threading

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen.errors import ArgumentError, DataError, DtypeError, ShapeError, StateError, UnknownNameError
from velveteen.training import precision

layers = vt.layers


def blobs(count=60, classes=3, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=count)
    x = random.normal(size=(count, 4)).astype(np.float32) + 2 * np.eye(classes, 4, dtype=np.float32)[labels]
    return x, np.eye(classes, dtype=np.float32)[labels]


def classifier(**compile_options):
    model = vt.sequential([layers.dense(8, activation="relu", input_shape=[4]), layers.dense(3, activation="softmax")])
    options = {"optimizer": vt.train.sgd(0.1), "loss": "categoricalCrossentropy", "metrics": ["accuracy"]}
    model.compile(**(options | compile_options))
    return model


def test_training_lowers_the_loss_and_history_tells():
    vt.set_random_seed(1)
    model = classifier()
    history = model.fit(*blobs(), epochs=20, verbose=False)
    assert history.epoch == list(range(20))
    assert set(history.history) == {"loss", "acc"}
    assert history.history["loss"][-1] < 0.6 * history.history["loss"][0]
    assert history.history["acc"][-1] > 0.8


def test_a_seed_makes_training_repeatable():
    def weights():
        vt.set_random_seed(5)
        model = vt.sequential(
            [layers.dense(8, input_shape=[4]), layers.dropout(0.5), layers.dense(3, activation="softmax")]
        )
        model.compile("adam", "categoricalCrossentropy")
        model.fit(*blobs(), epochs=2, verbose=False)
        return np.concatenate([w.data_sync() for w in model.get_weights()])

    np.testing.assert_array_equal(weights(), weights())


def test_validation_split_comes_from_the_end():
    x, y = blobs(50)
    one, other = classifier(), classifier()
    other.set_weights(one.get_weights())
    by_split = one.fit(x, y, validation_split=0.2, shuffle=False, verbose=False).history
    by_data = other.fit(x[:40], y[:40], validation_data=(x[40:], y[40:]), shuffle=False, verbose=False).history
    assert by_split == by_data
    assert set(by_split) == {"loss", "acc", "val_loss", "val_acc"}


def test_evaluate_is_the_mean_over_examples_whatever_the_batch():
    x, y = blobs(50)
    model = classifier()
    whole = [float(v) for v in model.evaluate(x, y, batch_size=50)]
    ragged = [float(v) for v in model.evaluate(x, y, batch_size=16)]
    np.testing.assert_allclose(whole, ragged, rtol=1e-5)
    assert model.metrics_names == ["loss", "acc"]


def test_evaluate_without_metrics_is_a_scalar():
    model = classifier(metrics=None)
    assert model.evaluate(*blobs()).shape == []


def test_sample_weights_and_class_weights_count():
    x, y = blobs(30)
    labels = y.argmax(1)
    by_class = {0: 2.0, 2: 0.5}
    by_sample = np.array([by_class.get(label, 1.0) for label in labels], np.float32)
    one, other = classifier(), classifier()
    other.set_weights(one.get_weights())
    one.fit(x, y, class_weight=by_class, shuffle=False, verbose=False)
    other.fit(x, y, sample_weight=by_sample, shuffle=False, verbose=False)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_zero_weight_examples_do_not_teach():
    x, y = blobs(20)
    model = classifier()
    before = [w.numpy() for w in model.get_weights()]
    model.fit(x, y, sample_weight=np.zeros(20), verbose=False)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b.numpy())


def test_several_outputs_have_losses_and_metrics_by_name():
    x = vt.input([4])
    outputs = [layers.dense(1, name="size").apply(x), layers.dense(3, activation="softmax", name="kind").apply(x)]
    model = vt.model(x, outputs)
    model.compile(
        "adam",
        {"size": "mse", "kind": "categoricalCrossentropy"},
        {"kind": "accuracy"},
        loss_weights={"size": 0.5},
    )
    rows, kinds = blobs()
    history = model.fit(rows, {"size": rows[:, :1], "kind": kinds}, verbose=False).history
    assert set(history) == {"loss", "size_loss", "kind_loss", "kind_acc"}
    assert history["loss"][0] == pytest.approx(0.5 * history["size_loss"][0] + history["kind_loss"][0], rel=1e-5)


def test_frozen_layers_stay():
    model = classifier()
    model.layers[0].trainable = False
    before = model.layers[0].get_weights()[0].numpy()
    changing = model.layers[1].get_weights()[0].numpy()
    model.fit(*blobs(), verbose=False)
    np.testing.assert_array_equal(before, model.layers[0].get_weights()[0].numpy())
    assert not np.array_equal(changing, model.layers[1].get_weights()[0].numpy())


def test_regularizers_count_in_training_only():
    x, y = blobs(32)
    model = vt.sequential(
        [layers.dense(3, activation="softmax", kernel_regularizer=vt.regularizers.l2(10), input_shape=[4])]
    )
    model.compile(vt.train.sgd(0.0), "categoricalCrossentropy")
    trained = model.fit(x, y, verbose=False).history["loss"][0]
    assert trained > float(model.evaluate(x, y)) + 1


def constrained(**compile_options):
    model = vt.sequential([layers.dense(3, kernel_constraint=vt.constraints.non_neg(), input_shape=[4])])
    model.compile(vt.train.sgd(0.5), "mse", **compile_options)
    return model


def test_constraints_hold_after_every_step_if_asked():
    model = constrained(apply_constraints=True)
    model.fit(*blobs(), epochs=3, verbose=False)
    assert (model.get_weights()[0].numpy() >= 0).all()


def test_constraints_are_else_applied_only_to_weights_that_are_set_and_fit_says_so(capsys):
    model = constrained()
    model.set_weights([np.full((4, 3), -1), np.zeros(3)])
    assert (model.get_weights()[0].numpy() == 0).all()
    x, y = blobs()
    model.fit(x, -y, epochs=3)
    assert (model.get_weights()[0].numpy() < 0).any()
    assert "apply_constraints=True) applies it" in capsys.readouterr().err


def test_bfloat16_learns_as_well_and_keeps_float32_weights():
    vt.set_random_seed(2)
    model = classifier(precision="bfloat16")
    history = model.fit(*blobs(), epochs=20, verbose=False)
    assert history.history["acc"][-1] > 0.8
    assert all(weight.dtype == "float32" for weight in model.get_weights())


@pytest.mark.parametrize(("gains", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_precision_auto_goes_by_what_the_machine_gains(monkeypatch, gains, dtype):
    monkeypatch.setattr("velveteen.training.compilation.gains_from_bfloat16", lambda: gains)
    seen = []
    model = classifier(precision="auto")
    model.layers[0].register_forward_hook(lambda layer, inputs, output: seen.append(output.dtype))
    model.fit(*blobs(), verbose=False)
    assert set(seen) == {dtype}


def test_finding_out_what_the_machine_gains_draws_no_random_numbers():
    before = torch.get_rng_state()
    precision._measure.__wrapped__()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_second_fit_goes_on_with_the_optimizer_state():
    x, y = blobs()
    once, twice = classifier(optimizer="adam"), classifier(optimizer="adam")
    twice.set_weights(once.get_weights())
    once.fit(x, y, epochs=4, shuffle=False, verbose=False)
    twice.fit(x, y, epochs=2, shuffle=False, verbose=False)
    history = twice.fit(x, y, epochs=4, initial_epoch=2, shuffle=False, verbose=False)
    assert history.epoch == [2, 3]
    for a, b in zip(once.get_weights(), twice.get_weights(), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-7)


def test_train_on_batch_returns_the_measurements():
    loss, accuracy = classifier().train_on_batch(*blobs())
    assert loss > 0 and 0 <= accuracy <= 1


def test_models_are_left_in_inference_mode_even_after_an_error():
    model = classifier()

    def fail(epoch, logs):
        raise RuntimeError("from the callback")

    with pytest.raises(RuntimeError, match="from the callback"):
        model.fit(*blobs(), callbacks={"on_epoch_end": fail}, verbose=False)
    assert not model.training
    model.fit(*blobs(), verbose=False)


# Stopping


def test_ctrl_c_ends_after_the_batch_and_keeps_what_was_learned(capsys):
    model = classifier()
    before = model.get_weights()[0].numpy()
    history = model.fit(
        *blobs(), epochs=50, callbacks={"on_batch_end": lambda batch, logs: os.kill(os.getpid(), signal.SIGINT)}
    )
    assert history.interrupted
    assert len(history.epoch) == 1
    assert not np.array_equal(before, model.get_weights()[0].numpy())
    assert "Stopped by Ctrl-C in epoch 1 of 50. What was learned until here is kept." in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_fit_async_runs_beside_and_can_be_cancelled():
    model = classifier()
    x, y = blobs()

    async def run():
        history = await model.fit_async(x, y, epochs=2, verbose=False)
        assert len(history.epoch) == 2
        started = threading.Event()
        task = asyncio.create_task(
            model.fit_async(
                x, y, epochs=10**6, verbose=False, callbacks={"on_epoch_begin": lambda e, logs: started.set()}
            )
        )
        while not started.is_set():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not model.training

    asyncio.run(run())


def test_two_fits_at_once_are_refused():
    model = classifier()

    def again(epoch, logs):
        model.fit(*blobs(), verbose=False)

    with pytest.raises(StateError, match="training already"):
        model.fit(*blobs(), callbacks={"on_epoch_begin": again}, verbose=False)


# What it says


def test_without_a_terminal_there_is_a_line_an_epoch(capsys):
    classifier().fit(*blobs(), epochs=2, validation_split=0.5)
    lines = capsys.readouterr().err.strip().split("\n")
    assert len(lines) == 2
    assert lines[0].startswith("Epoch 1/2") and "val_acc" in lines[0] and "samples/s" in lines[0]


def test_verbose_false_is_silent(capsys):
    classifier().fit(*blobs(), epochs=2, verbose=False)
    out, err = capsys.readouterr()
    assert out == err == ""


# What it refuses


def test_not_compiled():
    with pytest.raises(StateError, match="is not compiled. Call model.compile"):
        vt.sequential([layers.dense(1, input_shape=[1])]).fit([[1.0]], [[1.0]])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"loss": "categoricalCrossentropi"},
            UnknownNameError,
            'Unknown loss .*Did you mean "categorical_?[cC]rossentropy"',
        ),
        ({"optimizer": "adm"}, UnknownNameError, 'Did you mean "adam"'),
        ({"metrics": ["acuracy"]}, UnknownNameError, 'Did you mean "accuracy"'),
        ({"precision": "bfloat"}, UnknownNameError, 'Did you mean "bfloat16"'),
        ({"loss": None}, ArgumentError, "compile\\(\\) needs a loss"),
    ],
)
def test_misspelt_names(options, error, message):
    with pytest.raises(error, match=message):
        classifier(**options)


GOOD_X, GOOD_Y = blobs(10)


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (GOOD_X[:, :3], GOOD_Y, ShapeError, r"expects x of shape \[null, 4\] .* got \[10, 3\]"),
        (GOOD_X.reshape(10, 2, 2), GOOD_Y, ShapeError, "Add layers.flatten"),
        (GOOD_X, GOOD_Y[:9], DataError, "same number of examples"),
        (GOOD_X, GOOD_Y.argmax(1), ShapeError, "sparseCategoricalCrossentropy"),
        (GOOD_X[:0], GOOD_Y[:0], DataError, "is empty"),
        (
            np.where(GOOD_X.max() - 1e-6 < GOOD_X, np.nan, GOOD_X),
            GOOD_Y,
            DataError,
            "x contains NaN in 1 of 10 examples",
        ),
        (np.where(GOOD_X.max() - 1e-6 < GOOD_X, np.inf, GOOD_X), GOOD_Y, DataError, "x contains infinity"),
        (GOOD_X, GOOD_Y * np.nan, DataError, "y contains NaN in 10 of 10 examples"),
        (np.full((10, 4), "text"), GOOD_Y, DtypeError, "strings"),
        ([[1.0, 2.0, 3.0, 4.0], [1.0]], GOOD_Y, ShapeError, "same length"),
        (5.0, GOOD_Y, ShapeError, r"got \[\]"),
    ],
)
def test_data_that_does_not_fit(x, y, error, message):
    model = classifier()
    before = model.get_weights()[0].numpy()
    with pytest.raises(error, match=message):
        model.fit(x, y, verbose=False)
    np.testing.assert_array_equal(before, model.get_weights()[0].numpy())


@pytest.mark.parametrize("label", [-1, 3])
def test_class_numbers_outside_of_the_output(label):
    model = classifier(loss="sparseCategoricalCrossentropy")
    with pytest.raises(DataError, match=f"has class {label}, but the output has 3 classes"):
        model.fit(GOOD_X, np.full(10, label), verbose=False)


def test_losses_from_logits_are_those_from_probabilities():
    x, y = blobs(32)
    by_softmax, by_function = classifier(), classifier(loss=lambda t, p: -(t * p.log()).sum(-1))
    by_function.set_weights(by_softmax.get_weights())
    one = by_softmax.fit(x, y, shuffle=False, verbose=False, epochs=3).history
    other = by_function.fit(x, y, shuffle=False, verbose=False, epochs=3).history
    np.testing.assert_allclose(one["loss"], other["loss"], rtol=1e-5)
    assert one["acc"] == other["acc"]


def test_predict_inside_of_a_callback_is_inference():
    model = vt.sequential([layers.dropout(0.9, input_shape=[4]), layers.dense(1)])
    model.compile("sgd", "mse")
    seen = []
    callback = {"on_epoch_end": lambda epoch, logs: seen.append((model.predict(GOOD_X), model.predict(GOOD_X)))}
    model.fit(GOOD_X, GOOD_X[:, :1], callbacks=callback, verbose=False)
    np.testing.assert_array_equal(seen[0][0].numpy(), seen[0][1].numpy())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a positive integer"),
        ({"validation_split": 1.5}, "between 0 and 1"),
        ({"validation_split": 0.99}, "one part empty"),
        ({"validation_data": GOOD_X}, r"validation_data must be \(x, y\)"),
        ({"class_weight": [1, 2]}, "class_weight"),
        ({"sample_weight": np.ones(3)}, "one weight an example"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises((ArgumentError, DataError, ShapeError, TypeError), match=message):
        classifier().fit(GOOD_X, GOOD_Y, verbose=False, **options)


def test_integer_pictures_are_converted_by_the_batch():
    model = vt.sequential([layers.flatten(input_shape=[2, 2]), layers.dense(1)])
    model.compile("sgd", "mse")
    pixels = np.arange(40, dtype=np.uint8).reshape(10, 2, 2)
    assert model.predict(pixels).numpy() == pytest.approx(model.predict(pixels.astype(np.float32)).numpy())
    model.fit(pixels, np.zeros((10, 1)), verbose=False)


def test_gradients_and_grad_flags_do_not_leak():
    model = classifier()
    model.fit(*blobs(), verbose=False)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.predict(GOOD_X).value.requires_grad
    assert torch.is_grad_enabled()
