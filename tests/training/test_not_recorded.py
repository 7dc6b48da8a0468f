"""Which steps are not recorded: those that need Python, or that are too few."""

import pytest
import torch

import velveteen as vt
from tests.training.test_capture import dense
from velveteen.training import capture
from velveteen.training.step import Stepper

layers = vt.layers


@pytest.fixture(autouse=True)
def _as_by_default(monkeypatch):
    monkeypatch.delenv("VELVETEEN_REPLAY", raising=False)


class Doubled(layers.Layer):
    def call(self, inputs):
        return 2 * inputs


def own_loss(y_true, y_pred):
    return (y_true - y_pred).square().mean(-1)


def hooked():
    model = dense()
    model.layers[0].register_forward_hook(lambda *_: None)
    return model


def watched():
    model = dense()
    model.layers[0].kernel.register_hook(lambda gradient: gradient)
    return model


def with_loss():
    model = dense()
    model.layers[0].add_loss(lambda: torch.zeros(()))
    return model


def ending_with(*more, **options):
    return lambda: vt.sequential([layers.dense(3, input_shape=[6], **options), *(make() for make in more)])


REASONS = [
    (ending_with(Doubled), {}, "a layer is the user's: Doubled"),
    (ending_with(activation=lambda x: x), {}, "a layer is the user's: Dense"),
    (ending_with(lambda: layers.activation(lambda x: x)), {}, "a layer is the user's: Activation"),
    (hooked, {}, "a layer has hooks: Dense"),
    (watched, {}, "a weight has hooks"),
    (with_loss, {}, "a layer adds a loss of the user's: Dense"),
    (dense, {"loss": own_loss}, "a loss or metric is the user's"),
    (dense, {"metrics": [own_loss]}, "a loss or metric is the user's"),
    (dense, {"optimizer": "adamax"}, "the optimizer needs Python"),
    (ending_with(kernel_constraint="maxNorm"), {"apply_constraints": True}, "there are constraints"),
]


@pytest.mark.parametrize(("make", "settings", "reason"), REASONS)
def test_what_needs_python_is_not_recorded(make, settings, reason):
    assert reason_for(make(), settings) == reason


def test_a_layer_that_remembers_is_not_recorded():
    model = vt.sequential([layers.lstm(3, stateful=True, batch_input_shape=[8, 5, 4])])
    assert reason_for(model).startswith("a layer decides in Python")


def reason_for(model, settings=None, hears=False, count=100.0, kind=Stepper):
    model.compile(**({"optimizer": "adam", "loss": "meanSquaredError"} | (settings or {})))
    return capture.reason_against(kind(model, model.compilation), hears, count)


def test_callbacks_of_batches_few_steps_other_steppers_and_the_switch_speak_against_it(monkeypatch):
    class Other(Stepper):
        pass

    assert reason_for(dense()) is None
    assert reason_for(dense(), hears=True) == "a callback hears of every batch"
    assert reason_for(dense(), count=0) == "there are few"
    assert reason_for(dense(), kind=Other) == "several processes train together"
    monkeypatch.setenv("VELVETEEN_REPLAY", "off")
    assert reason_for(dense()) == "VELVETEEN_REPLAY=off"


def test_on_other_devices_nothing_is_recorded(monkeypatch):
    monkeypatch.setattr(capture.backend, "get_backend", lambda: "mps")
    model = dense()
    model.compile("adam", "meanSquaredError")
    stepper = Stepper(model, model.compilation)
    assert capture.steps_of(stepper, False, 1000).of_epoch() == stepper.train
