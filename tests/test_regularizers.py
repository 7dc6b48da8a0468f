"""Regularizers against numbers printed by TensorFlow.js 4.22.0."""

import pytest
import torch

from velveteen import regularizers
from velveteen.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from velveteen.serialization import serialize

W = torch.tensor([[1.0, -2.0, 0.0], [3.0, 0.5, 0.0]])


@pytest.mark.parametrize(
    ("regularizer", "value", "config"),
    [
        (regularizers.l1(0.1), 0.65, {"l1": 0.1, "l2": 0}),
        (regularizers.l2(), 0.1425, {"l1": 0, "l2": 0.01}),
        (regularizers.l1_l2(l1=0.2), 1.4425, {"l1": 0.2, "l2": 0.01}),
        (regularizers.l1_l2(0, 0), 0.0, {"l1": 0, "l2": 0}),
    ],
)
def test_values_and_saved_form(regularizer, value, config):
    assert regularizer(W).shape == ()
    assert regularizer(W).item() == pytest.approx(value)
    data = {"class_name": "L1L2", "config": config}
    assert serialize(regularizer) == data
    assert serialize(regularizers.get(data)) == data


def test_gradient_of_l1_at_zero_is_that_of_tensorflowjs():
    w = W.clone().requires_grad_()
    regularizers.l1(0.1)(w).backward()
    torch.testing.assert_close(w.grad, torch.tensor([[0.1, -0.1, -0.1], [0.1, 0.1, -0.1]]))


@pytest.mark.parametrize(
    ("identifier", "config"),
    [
        ("l1", {"l1": 0.01, "l2": 0}),
        ("l2", {"l1": 0, "l2": 0.01}),
        ("l1l2", {"l1": 0.01, "l2": 0.01}),
        ("L1L2", {"l1": 0.01, "l2": 0.01}),
        ("l1_l2", {"l1": 0.01, "l2": 0.01}),
        ({"class_name": "L2", "config": {"l2": 0.5}}, {"l1": 0, "l2": 0.5}),
        ({"class_name": "L1", "config": {"l1": 0.5}}, {"l1": 0.5, "l2": 0}),
        ({"class_name": "L1L2", "config": {"l1": None, "l2": 0.5}}, {"l1": 0.01, "l2": 0.5}),
    ],
)
def test_get(identifier, config):
    assert regularizers.get(identifier).get_config() == config


def test_get_passes_none_and_functions():
    assert regularizers.get(None) is None
    assert regularizers.get(torch.sum) is torch.sum


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: regularizers.get("l3"), UnknownNameError, "Known: l1, l1_l2, l2"),
        (lambda: regularizers.get(0.1), ArgumentTypeError, r"made by regularizers\.l2\(\), got 0\.1"),
        (lambda: regularizers.l1("much"), ArgumentError, "l1 must be a number, got 'much'"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
