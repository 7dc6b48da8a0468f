"""Moving averages of weights that no longer learn do not stick at subnormal numbers."""

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen.training._vanishing import EVERY, SMALLEST, forget_what_vanished

SUBNORMAL = torch.finfo(torch.float32).tiny


def remembered(model):
    """What the optimizer remembers, as arrays without those that only count."""
    return [np.asarray(weight["tensor"]) for weight in model.optimizer.get_weights() if weight["tensor"].rank]


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", vt.train.momentum(0.1, 0.9)])
def test_no_average_sticks_at_subnormal_numbers(optimizer):
    x = np.ones((4, 3), np.float32)
    model = vt.sequential([vt.layers.dense(5, activation="relu", input_shape=(3,)), vt.layers.dense(1)])
    model.compile(optimizer, "meanSquaredError")
    model.fit(x, np.zeros((4, 1)), epochs=3, verbose=False)
    kernel, _, *others = model.get_weights()
    model.set_weights([kernel, np.full(5, -100.0), *others])  # from now on no unit is active
    model.fit(x, np.zeros((4, 1)), epochs=20 * EVERY, verbose=False)
    averages = remembered(model)
    assert averages
    for average in averages:
        size = np.abs(average[average != 0])
        assert (size >= SUBNORMAL).all()


def test_only_what_is_too_small_to_matter_is_forgotten():
    weight = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=1, momentum=0.9)
    optimizer.state[weight]["momentum_buffer"] = torch.tensor([-2 * SMALLEST, SMALLEST / 2, -1e-45])
    forget_what_vanished(optimizer)
    assert optimizer.state[weight]["momentum_buffer"].tolist() == pytest.approx([-2 * SMALLEST, 0, 0])
