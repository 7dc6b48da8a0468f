"""A recorded step gives, to the last digit, what steps give that are not recorded; and only what can be is recorded."""

import logging

import numpy as np
import pytest
import torch

import velveteen as vt
from tests.training.operator_graph import GpuLikeGraph
from velveteen.training import _operator_graph, _vanishing, capture, optimizer
from velveteen.training._operator_graph import NotRecorded, OperatorGraph
from velveteen.training.arrays import training_arrays
from velveteen.training.step import Stepper

layers = vt.layers
random = np.random.default_rng(0)
COUNT = 50  # a last batch of 2
X = random.normal(size=(COUNT, 6)).astype(np.float32)
CLASSES = random.integers(3, size=COUNT)
Y = np.eye(3, dtype=np.float32)[CLASSES]
PICTURES = random.normal(size=(COUNT, 6, 6, 2)).astype(np.float32)
LETTERS = random.integers(12, size=(COUNT, 5))
SEQUENCES = random.normal(size=(COUNT, 5, 4)).astype(np.float32)


@pytest.fixture(autouse=True)
def short_runs(monkeypatch):
    monkeypatch.setattr(capture, "FEWEST_STEPS", 1)
    monkeypatch.setenv("VELVETEEN_REPLAY", "off")


@pytest.fixture
def rates_on_device(monkeypatch):
    """The learning rate is a tensor, as on a GPU."""
    monkeypatch.setattr(optimizer, "_RATE_ON_DEVICE", ("cpu",))


@pytest.fixture
def operator_graphs(monkeypatch):
    """Lets steps be recorded as operators from the call on; returns the graphs that were made."""

    class Counted(OperatorGraph):
        def __init__(self, kept):
            super().__init__(kept)
            self.warm_ups = self.replays = 0
            made.append(self)

        def warm_up(self, step):
            self.warm_ups += 1
            return super().warm_up(step)

        def replay(self, batch):
            self.replays += 1
            return super().replay(batch)

    made = []

    def record():
        monkeypatch.delenv("VELVETEEN_REPLAY")
        monkeypatch.setattr(capture, "OperatorGraph", Counted)
        return made

    return record


@pytest.fixture
def graphs(monkeypatch, rates_on_device):
    """Lets steps be recorded on the CPU wherever they would be on a GPU; returns the graphs that were made."""
    made = []

    def record(fails=None):
        monkeypatch.delenv("VELVETEEN_REPLAY")

        def steps_of(stepper, hears_batches, count, is_watched):
            def state():
                states = stepper.optimizer.state.values()
                remembered = [value for state in states for value in state.values() if isinstance(value, torch.Tensor)]
                return [*stepper.model.parameters(), *stepper.model.buffers(), *remembered]

            def make():
                made.append(GpuLikeGraph(state, fails))
                return made[-1]

            reason = capture.reason_against(stepper, hears_batches, np.inf if count is None else count)
            return capture.Steps(stepper, make if reason is None else None, is_watched)

        monkeypatch.setattr("velveteen.training.loop.steps_of", steps_of)
        return made

    return record


def dense():
    return vt.sequential(
        [
            layers.dense(8, activation="relu", input_shape=[6], kernel_regularizer="l2"),
            layers.dropout(0.3),
            layers.dense(3, activation="softmax"),
        ]
    )


def convolutional():
    return vt.sequential(
        [
            layers.conv2d(4, 3, activation="relu", input_shape=[6, 6, 2]),
            layers.batch_normalization(),
            layers.max_pooling2d(2),
            layers.dropout(0.5, seed=3),
            layers.flatten(),
            layers.dense(3),
        ]
    )


def recurrent():
    return vt.sequential(
        [
            layers.masking(9.0, input_shape=[5, 4]),
            layers.gru(4, return_sequences=True),
            layers.lstm(5, dropout=0.2),
            layers.gaussian_noise(0.1),
            layers.dense(3, activation="softmax"),
        ]
    )


def unet():
    picture = skip = layers.input([6, 6, 2])
    skip = layers.conv2d(4, 3, padding="same", activation="relu").apply(skip)
    x = layers.max_pooling2d(2).apply(skip)
    x = layers.separable_conv2d(6, 3, padding="same", activation="elu").apply(x)
    x = layers.layer_normalization().apply(x)
    x = layers.concatenate().apply(
        [layers.conv2d_transpose(4, 2, strides=2).apply(x), layers.up_sampling2d().apply(x), skip]
    )
    x = layers.global_average_pooling2d().apply(x)
    return vt.model(picture, layers.dense(3, activation="sigmoid").apply(x))


def letters():
    return vt.sequential(
        [
            layers.embedding(12, 4, input_length=5),
            layers.bidirectional(layers.lstm(6, return_sequences=True)),
            layers.lstm(6, recurrent_dropout=0.2),
            layers.dense(3, activation="softmax"),
        ]
    )


def fitted(make, x, y, settings, **options):
    vt.set_random_seed(1)
    model = make()
    model.compile(**({"loss": "meanSquaredError"} | settings))
    options = {"batch_size": 8, "epochs": 3, "verbose": False, "validation_split": 0.2} | options
    history = model.fit(x, y, **options)
    state = [weight.numpy() for weight in model.get_weights()]
    return [*state, *(np.array(values) for values in history.history.values())], model


def halved(epoch, rate):
    return rate / 2 if epoch else rate


CASES = {
    "adam": (dense, X, Y, {"optimizer": "adam", "loss": "categoricalCrossentropy", "metrics": ["accuracy"]}, {}),
    "decay": (
        dense,
        X,
        CLASSES,
        {
            "optimizer": vt.train.adam(0.01, weight_decay=0.1, global_clipnorm=0.5),
            "loss": "sparseCategoricalCrossentropy",
        },
        {"sample_weight": np.linspace(0, 2, COUNT), "class_weight": {1: 3.0}},
    ),
    "convolutions": (convolutional, PICTURES, Y, {"optimizer": vt.train.momentum(0.01, 0.9)}, {}),
    "sequences": (recurrent, SEQUENCES, Y, {"optimizer": vt.train.rmsprop(0.01), "metrics": ["mse"]}, {}),
    "pictures": (unet, PICTURES, Y, {"optimizer": "adam", "loss": "binaryCrossentropy", "metrics": ["accuracy"]}, {}),
    "letters": (letters, LETTERS, Y, {"optimizer": "adam", "loss": "categoricalCrossentropy"}, {}),
    "centered": (dense, X, Y, {"optimizer": vt.train.rmsprop(0.01, 0.9, 0.5, centered=True)}, {}),
    "adagrad": (dense, X, Y, {"optimizer": vt.train.adagrad(0.05)}, {}),
    "schedule": (
        dense,
        X,
        Y,
        {"optimizer": vt.train.sgd(0.5)},
        {"epochs": 5, "callbacks": lambda: [vt.callbacks.LearningRateScheduler(halved)]},
    ),
    "bfloat16": (dense, X, Y, {"optimizer": "adam", "precision": "bfloat16"}, {}),
}


@pytest.mark.parametrize("way", ["graphs", "operator_graphs"])
@pytest.mark.parametrize("case", CASES)
def test_recorded_steps_are_equal_to_the_last_digit(case, way, request):
    record = request.getfixturevalue(way)
    make, x, y, settings, options = CASES[case]

    def run():
        fresh = vt.train.adam if isinstance(settings["optimizer"], str) else None
        optimizer = fresh() if fresh else type(settings["optimizer"]).from_config(settings["optimizer"].get_config())
        given = {name: value() if callable(value) else value for name, value in options.items()}
        return fitted(make, x, y, settings | {"optimizer": optimizer}, **given)

    expected, eager = run()
    made = record()
    found, model = run()
    for own, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(own, wanted)
    epochs = options.get("epochs", 3)
    # A rate that is a number is recorded with the step, so each epoch's needs another recording.
    recordings = epochs if (case, way) == ("schedule", "operator_graphs") else 1
    assert [graph.warm_ups for graph in made] == [capture.WARM_UPS] * recordings
    taken = capture.WARM_UPS + made[0].records_by_doing
    assert sum(graph.replays for graph in made) == 5 * epochs - recordings * taken  # of 40 examples in batches of 8
    assert model.optimizer.iterations == eager.optimizer.iterations == 5 * epochs


def test_a_smaller_last_batch_is_not_replayed(graphs):
    settings = {"optimizer": "adam"}
    expected, _ = fitted(dense, X, Y, settings, validation_split=0.0)
    made = graphs()
    found, model = fitted(dense, X, Y, settings, validation_split=0.0)
    for own, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(own, wanted)
    assert made[0].replays == 3 * 6 - capture.WARM_UPS
    assert model.optimizer.iterations == 3 * 7


def test_a_smaller_last_batch_is_not_replayed_on_the_cpu(operator_graphs):
    settings = {"optimizer": "adam"}
    expected, _ = fitted(dense, X, Y, settings, validation_split=0.0)
    made = operator_graphs()
    found, model = fitted(dense, X, Y, settings, validation_split=0.0)
    for own, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(own, wanted)
    assert made[0].replays == 3 * 6 - capture.WARM_UPS - 1  # one is taken while it is recorded
    assert model.optimizer.iterations == 3 * 7


def test_a_dataset_is_replayed_too(graphs):
    def fit():
        vt.set_random_seed(2)
        model = dense()
        model.compile("adam", "categoricalCrossentropy")
        dataset = vt.data.array([{"xs": x, "ys": y} for x, y in zip(X, Y, strict=True)]).batch(8)
        history = model.fit_dataset(dataset, epochs=3, verbose=False)
        return [*(weight.numpy() for weight in model.get_weights()), np.array(history.history["loss"])]

    expected = fit()
    made = graphs()
    for own, wanted in zip(fit(), expected, strict=True):
        np.testing.assert_array_equal(own, wanted)
    assert made[0].replays > 0


@pytest.mark.parametrize("way", ["graphs", "operator_graphs"])
def test_what_a_callback_changes_between_epochs_is_recorded_anew(way, request):
    record = request.getfixturevalue(way)

    class Frees(vt.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs):
            if epoch == 2:
                self.model.layers[1].rate = 0.0

    def fit():
        return fitted(dense, X, Y, {"optimizer": "adam"}, epochs=4, callbacks=Frees())[0]

    expected = fit()
    made = record()
    for own, wanted in zip(fit(), expected, strict=True):
        np.testing.assert_array_equal(own, wanted)
    assert [graph.replays for graph in made] == [2 * 5 - capture.WARM_UPS - made[0].records_by_doing] * 2


def test_a_learning_rate_set_in_the_middle_of_an_epoch_holds_from_the_next_step_on(operator_graphs):
    made = operator_graphs()
    model = dense()
    model.compile(vt.train.sgd(0.1), "meanSquaredError")
    stepper = Stepper(model, model.compilation)
    take = capture.steps_of(stepper, False, 100).of_epoch()
    batch = training_arrays(model, model.compilation, X[:8], Y[:8])
    for _ in range(6):
        take(batch)
    assert made[0].replays == 2
    model.optimizer.learning_rate = 0.0
    before = model.get_weights()
    for _ in range(6):
        take(batch)
    for own, wanted in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(own.numpy(), wanted.numpy())
    assert [graph.replays for graph in made] == [2, 2]


def test_what_always_changes_is_not_recorded_again_and_again(operator_graphs, monkeypatch):
    made = operator_graphs()
    monkeypatch.setattr(capture, "FEWEST_STEPS", 10)
    rates = vt.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)
    fitted(dense, X, Y, {"optimizer": vt.train.sgd(0.1)}, epochs=5, callbacks=rates)
    assert [graph.replays for graph in made] == [1]


def test_replayed_steps_forget_what_vanished_too(operator_graphs, monkeypatch):
    seen = []
    monkeypatch.setattr(_vanishing, "EVERY", 4)
    monkeypatch.setattr(_vanishing, "forget_what_vanished", seen.append)
    made = operator_graphs()
    fitted(dense, X, Y, {"optimizer": "adam"})
    assert made[0].replays == 11 and len(seen) == 3  # of 15 steps


def test_a_step_that_looks_at_its_data_is_taken_once_and_not_replayed():
    x, stranger = torch.arange(4.0), torch.ones(4)
    steps = {
        "item": lambda: x * float(x.sum()),
        "nonzero": lambda: x.nonzero().sum(),
        "stranger": lambda: x + stranger,
    }
    for name, step in steps.items():
        graph = OperatorGraph(lambda: [])
        with pytest.raises(NotRecorded) as caught:
            graph.record(step, [x], [])
        assert torch.equal(caught.value.measured, step())
        assert ("made outside" if name == "stranger" else "tells Python") in str(caught.value)


def test_operators_may_be_called_as_words_of_python_are():
    x = torch.zeros(4)
    graph = OperatorGraph(lambda: [x])

    def step():
        x.random_(0, 9)  # random_.from: its name is Python's own word
        return x + 1

    torch.manual_seed(1)
    graph.record(step, [], [])
    drawn = [graph.replay([]).clone() for _ in range(2)]
    torch.manual_seed(1)
    expected = [torch.zeros(4).random_(0, 9) + 1 for _ in range(3)]
    assert [values.tolist() for values in drawn] == [values.tolist() for values in expected[1:]]


def test_where_a_step_cannot_be_replayed_training_goes_on_as_ever(operator_graphs, monkeypatch, caplog):
    expected, _ = fitted(dense, X, Y, {"optimizer": "adam"})
    operator_graphs()
    monkeypatch.setattr(_operator_graph._Recorder, "_source", lambda *_: {}[0])
    with caplog.at_level(logging.DEBUG, "velveteen"):
        found, model = fitted(dense, X, Y, {"optimizer": "adam"})
    for own, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(own, wanted)
    assert model.optimizer.iterations == 15
    (said,) = caplog.records
    assert said.levelno == logging.DEBUG and "not replayed" in said.getMessage()


@pytest.mark.parametrize("fails", ["record", "room"])
def test_where_recording_fails_training_goes_on_as_ever(graphs, fails, caplog):
    expected, _ = fitted(dense, X, Y, {"optimizer": "adam"})
    made = graphs(fails)
    with caplog.at_level(logging.DEBUG, "velveteen"):
        found, model = fitted(dense, X, Y, {"optimizer": "adam"})
    for own, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(own, wanted)
    assert len(made) == 1 and made[0].replays == 0
    assert model.optimizer.iterations == 15
    (said,) = caplog.records
    assert said.levelno == logging.DEBUG
    assert ("capturing" if fails == "record" else "too little memory") in said.getMessage()


def test_the_stand_in_for_a_graph_would_notice_a_batch_that_is_not_copied(graphs, monkeypatch):
    expected, _ = fitted(dense, X, Y, {"optimizer": vt.train.sgd(0.1)})
    graphs()
    monkeypatch.setattr(torch, "_foreach_copy_", lambda *_: None)
    found, _ = fitted(dense, X, Y, {"optimizer": vt.train.sgd(0.1)})
    assert not np.array_equal(found[0], expected[0])


def test_an_error_of_the_step_itself_is_told(graphs):
    graphs()
    model = dense()
    model.compile("adam", "categoricalCrossentropy")
    model.layers[2].kernel.data = torch.zeros(3, 4)
    with pytest.raises(vt.errors.VelveteenError, match="dense"):
        model.fit(X, Y, verbose=False)


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam", "rmsprop", "adagrad", "adadelta", "adamax"])
def test_a_learning_rate_on_the_device_gives_the_same_weights_and_follows(name, monkeypatch, rates_on_device):
    def weights():
        vt.set_random_seed(4)
        model = dense()
        arguments = {"momentum": (0.25, 0.5)}.get(name, (0.25,))
        model.compile(getattr(vt.train, name)(*arguments), "meanSquaredError")
        options = {"batch_size": 10, "epochs": 2, "verbose": False}
        model.fit(X, Y, callbacks=vt.callbacks.LearningRateScheduler(halved), **options)
        return np.concatenate([weight.numpy().flatten() for weight in model.get_weights()]), model

    found, model = weights()
    _, bound = model.compilation.bound
    rate = bound.param_groups[0]["lr"]
    assert isinstance(rate, torch.Tensor) and float(rate) == model.optimizer.learning_rate == 0.125
    monkeypatch.setattr(optimizer, "_RATE_ON_DEVICE", ())
    np.testing.assert_allclose(found, weights()[0], rtol=1e-5, atol=1e-6)
