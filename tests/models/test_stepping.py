"""One step at a time gives what `predict` gives for the whole sequence."""

import numpy as np
import pytest

import velveteen as vt
from velveteen.errors import ArgumentError, DataError, ShapeError

layers = vt.layers
TIME, FEATURES = 5, 3
SEQUENCES = np.random.default_rng(0).normal(size=(2, TIME, FEATURES)).astype(np.float32)
CODES = np.array([[0, 3, 1, 2, 3], [2, 2, 0, 1, 0]], dtype=np.int32)


def stacked(first, second):
    return vt.sequential([first, second, layers.dense(4, activation="softmax")])


def normalized():
    return vt.sequential(
        [
            layers.time_distributed(layers.dense(5), input_shape=(None, FEATURES)),
            layers.batch_normalization(),
            layers.dropout(0.5),
            layers.gru(6, return_sequences=True, reset_after=True),
            layers.layer_normalization(),
            layers.dense(2),
        ]
    )


def branching():
    x = vt.input((None, FEATURES))
    h = layers.lstm(4, return_sequences=True).apply(x)
    joined = layers.concatenate().apply([x, h])
    output, state = layers.simple_rnn(3, return_state=True).apply(joined)
    return vt.model(x, layers.add().apply([output, state]))


def embedded():
    return vt.sequential([layers.embedding(4, 3, input_length=TIME), layers.lstm(4), layers.dense(4)])


MODELS = {
    "lstm": lambda: stacked(layers.lstm(6, return_sequences=True, input_shape=(TIME, FEATURES)), layers.lstm(4)),
    "gru": lambda: stacked(layers.gru(6, return_sequences=True, input_shape=(None, FEATURES)), layers.gru(4)),
    "simple": lambda: stacked(
        layers.simple_rnn(6, return_sequences=True, input_shape=(None, FEATURES)),
        layers.simple_rnn(4, activation="relu", use_bias=False),
    ),
    "hard sigmoid": lambda: vt.sequential(
        [layers.lstm(4, recurrent_activation="hard_sigmoid", input_shape=(None, FEATURES))]
    ),
    "cells": lambda: vt.sequential(
        [layers.rnn([layers.gru_cell(3), layers.lstm_cell(4)], input_shape=(None, FEATURES))]
    ),
    "normalized": normalized,
    "branching": branching,
    "embedded": embedded,
}


@pytest.mark.parametrize("name", MODELS)
def test_steps_give_what_predict_gives(name):
    model = MODELS[name]()
    data = CODES if name == "embedded" else SEQUENCES
    step = model.stepper()
    state = None
    for time in range(TIME):
        output, state = step(data[:, time], state)
        if time < TIME - 1 and model.inputs[0].shape[1] is not None:
            continue  # predict takes no shorter sequences
        whole = model.predict(data[:, : time + 1]).numpy()
        expected = whole[:, -1] if whole.ndim == 3 else whole
        np.testing.assert_allclose(output.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_pictures_step_by_step():
    model = vt.sequential([layers.conv_lstm2d(2, 3, input_shape=(None, 6, 6, 1)), layers.flatten(), layers.dense(2)])
    pictures = np.random.default_rng(1).normal(size=(1, 3, 6, 6, 1)).astype(np.float32)
    step, state = model.stepper(), None
    for time in range(3):
        output, state = step(pictures[:, time], state)
    np.testing.assert_allclose(output.numpy(), model.predict(pictures).numpy(), rtol=1e-5, atol=1e-6)


def test_places_stand_for_ones_among_zeros():
    model = vt.sequential([layers.lstm(3, input_shape=(None, 4))])
    step = model.stepper()
    by_place, _ = step(np.array([2, 0]))
    by_row, _ = step(np.eye(4, dtype=np.float32)[[2, 0]])
    np.testing.assert_array_equal(by_place.numpy(), by_row.numpy())
    with pytest.raises(DataError, match=r"a place from 0 to 3 .* but got places from 0 to 4"):
        step(np.array([0, 4]))


def test_a_state_can_be_used_twice():
    step = MODELS["lstm"]().stepper()
    _, state = step(SEQUENCES[:, 0])
    first, _ = step(SEQUENCES[:, 1], state)
    step(SEQUENCES[:, 2], state)
    again, _ = step(SEQUENCES[:, 1], [part.numpy() for part in state])
    np.testing.assert_array_equal(first.numpy(), again.numpy())


def test_it_follows_training_and_drops_nothing_meanwhile():
    model = vt.sequential([layers.lstm(3, dropout=0.5, input_shape=(TIME, FEATURES)), layers.dropout(0.5)])
    model.compile("sgd", "meanSquaredError")
    step = model.stepper()
    seen = []

    def look(epoch, logs):
        seen.append([step(SEQUENCES[:, 0])[0].numpy() for _ in range(2)])

    model.fit(SEQUENCES, np.ones((2, 3)), epochs=2, verbose=False, callbacks={"on_epoch_end": look})
    np.testing.assert_array_equal(*seen[0])
    assert np.abs(seen[0][0] - seen[1][0]).max() > 0
    np.testing.assert_array_equal(step(SEQUENCES[:, 0])[0].numpy(), seen[1][0])


def refused(name):
    x = vt.input((4, FEATURES))
    lstm = layers.lstm(3, return_sequences=True)
    ends = {
        "convolution": lambda: layers.conv1d(3, 2).apply(lstm.apply(x)),
        "both ways": lambda: layers.bidirectional(layers.lstm(3)).apply(x),
        "backwards": lambda: layers.lstm(3, go_backwards=True).apply(x),
        "softmax over time": lambda: layers.softmax(axis=1).apply(lstm.apply(x)),
        "joined in time": lambda: layers.concatenate(axis=1).apply([x, lstm.apply(x)]),
        "flat": lambda: layers.flatten().apply(lstm.apply(x)),
        "decoder": lambda: layers.lstm(3).apply(layers.repeat_vector(4).apply(layers.lstm(3).apply(x))),
        "masked": lambda: lstm.apply(layers.masking().apply(x)),
        "nothing recurrent": lambda: layers.dense(2).apply(x),
    }
    return vt.model(x, ends[name]())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("convolution", r"conv1d.*cannot go one step at a time: it looks at several steps.*Use predict\(\)"),
        ("both ways", r"bidirectional.*several steps"),
        ("backwards", r"goes backwards"),
        ("softmax over time", r"softmax.*several steps"),
        ("joined in time", r"concatenate.*several steps"),
        ("flat", r"flatten.*several steps"),
        ("decoder", r"lstm.*from a whole sequence"),
        ("masked", r"masks steps.*Leave the masking out"),
        ("nothing recurrent", r"no recurrent layer.*Call predict"),
    ],
)
def test_what_cannot_go_step_by_step_is_refused(name, message):
    with pytest.raises(ArgumentError, match=message):
        refused(name).stepper()


def test_what_does_not_fit_is_told():
    step = MODELS["gru"]().stepper()
    with pytest.raises(ShapeError, match=r"A step of .* has shape \[null, 3\], but got \[2, 5, 3\]. Give one step"):
        step(SEQUENCES)
    with pytest.raises(ShapeError, match="state of this model is 2 tensors, got 1"):
        step(SEQUENCES[:, 0], [np.zeros((2, 6))])
    with pytest.raises(ShapeError, match=r"expects 1 state\(s\).*\[2, 6\].*but got \[1, 6\]"):
        step(SEQUENCES[:, 0], [np.zeros((1, 6)), np.zeros((2, 4))])


@pytest.mark.parametrize("layer", [layers.lstm, layers.gru, layers.simple_rnn])
@pytest.mark.parametrize("options", [{}, {"use_bias": False}, {"activation": "relu"}])
def test_places_give_what_predict_gives_for_one_hot(layer, options):
    x = vt.input((None, 6))
    parts = [layer(4, return_sequences=True, **options).apply(x) for _ in range(2)]  # both look the rows up
    model = vt.model(x, layer(3, **options).apply(layers.concatenate().apply(parts)))
    places = np.array([[5, 0, 3], [1, 1, 4]])
    step, state = model.stepper(), None
    for place in places.T:
        output, state = step(place, state)
    expected = model.predict(np.eye(6, dtype=np.float32)[places]).numpy()
    np.testing.assert_allclose(output.numpy(), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(DataError, match="places from -1 to 2"):
        step([2, -1])


def test_places_reach_layers_that_want_rows():
    x = vt.input((None, 4))
    model = vt.model(
        x, layers.concatenate().apply([x, layers.gru(2, reset_after=True, return_sequences=True).apply(x)])
    )
    output, _ = model.stepper()([1, 3])
    np.testing.assert_array_equal(output.numpy()[:, :4], np.eye(4)[[1, 3]])
