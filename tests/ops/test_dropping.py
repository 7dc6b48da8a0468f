"""Dropout from numbers of 16 bits, for processors on which PyTorch's own is slow."""

import numpy as np
import pytest
import torch
from torch.nn import functional

import velveteen as vt
from velveteen.ops import _dropping


@pytest.fixture(autouse=True)
def everywhere(monkeypatch):
    """Uses it on every processor."""
    monkeypatch.setattr(_dropping, "_is_worthwhile", lambda: True)
    torch.manual_seed(0)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_values_fall_as_often_as_asked_and_the_others_make_up_for_them(rate, dtype):
    y = _dropping.dropout(torch.full((500, 1001), 2.0, dtype=dtype), rate)
    kept = y[y != 0]
    assert y.dtype == dtype and 1 - len(kept) / y.numel() == pytest.approx(rate, abs=0.003)
    torch.testing.assert_close(
        kept, torch.full_like(kept, 2 / (1 - rate)), rtol=1e-2 if dtype == torch.bfloat16 else 1e-3, atol=0
    )


def test_no_place_is_dropped_with_another():
    """Neighbours come from the same number of 64 bits, so that they might."""
    dropped = (_dropping.dropout(torch.ones(100_000, 4), 0.3) == 0).float()
    assert torch.corrcoef(dropped.t()).fill_diagonal_(0).abs().max() < 0.015
    torch.testing.assert_close(dropped.mean(0), torch.full((4,), 0.3), rtol=0, atol=0.01)


@pytest.mark.parametrize("count", [4097, 4098, 4099, 4100])
def test_the_gradient_falls_where_the_value_does(count):
    x = torch.ones(count, requires_grad=True)
    y = _dropping.dropout(x, 0.4)
    y.sum().backward()
    torch.testing.assert_close(x.grad, y.detach())


def test_the_order_in_memory_stays():
    x = torch.ones(2, 40, 40, 8).permute(0, 3, 1, 2)
    assert _dropping.dropout(x, 0.5).stride() == x.stride()


def test_a_seed_repeats_it():
    first = vt.dropout(vt.ones([70, 70]), 0.5).numpy()
    torch.manual_seed(0)
    again = vt.dropout(vt.ones([70, 70]), 0.5).numpy()
    assert (first == again).all()
    assert (first != vt.dropout(vt.ones([70, 70]), 0.5).numpy()).any()


def test_a_training_of_recorded_steps_is_that_of_others(monkeypatch):
    """In each step of both other values are dropped."""
    numbers = np.random.default_rng(0)
    x, y = numbers.normal(size=(6400, 10)).astype("float32"), numbers.normal(size=(6400, 1)).astype("float32")
    found = []
    for switch in ("on", "off"):
        monkeypatch.setenv("VELVETEEN_REPLAY", switch)
        vt.set_random_seed(1)
        model = vt.sequential()
        model.add(vt.layers.dense(128, input_shape=[10], activation="tanh"))
        model.add(vt.layers.dropout(0.5))
        model.add(vt.layers.dense(1))
        model.compile("sgd", loss="meanSquaredError")
        model.fit(x, y, epochs=2, batch_size=64, verbose=False)
        found.append(model.get_weights()[0].numpy())
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(("count", "rate"), [(100, 0.5), (5000, 0.001)])
def test_small_tensors_and_rates_at_the_ends_are_pytorchs(count, rate):
    y = _dropping.dropout(torch.ones(count), rate)
    torch.manual_seed(0)
    torch.testing.assert_close(y, functional.dropout(torch.ones(count), rate))


def test_intels_processors_have_a_faster_way(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(_dropping, "vendor", lambda: "GenuineIntel")
    _dropping._is_worthwhile.cache_clear()
    assert not _dropping._is_worthwhile()
    monkeypatch.setattr(_dropping, "vendor", lambda: "AuthenticAMD")
    _dropping._is_worthwhile.cache_clear()
    assert _dropping._is_worthwhile()
    _dropping._is_worthwhile.cache_clear()
