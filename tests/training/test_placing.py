"""Data go to the device as a whole where they fit, and batch by batch where they do not.

PyTorch's device "meta" stands for a GPU here: tensors on it have a shape and no numbers.
"""

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen import backend
from velveteen.training import placing
from velveteen.training.arrays import Arrays
from velveteen.training.feeding import array_batches

META = torch.device("meta")
DATA = Arrays([torch.ones(10, 3)], [torch.ones(10, 1)], [torch.ones(10)])


@pytest.fixture
def elsewhere(monkeypatch):
    monkeypatch.setattr(backend, "_device", META)


@pytest.fixture
def gpu_with(monkeypatch):
    """Makes a GPU with so many free bytes, to be asked whether data fit."""

    def make(free):
        monkeypatch.setattr(backend, "_device", torch.device("cuda"))
        monkeypatch.setattr(placing, "free_bytes", lambda device: free)
        monkeypatch.setattr(placing, "_SMALL", 0)

    return make


@pytest.mark.parametrize(("free", "fit"), [(320, True), (319, False)])
def test_data_may_take_half_of_the_free_memory(gpu_with, free, fit):
    gpu_with(free)
    assert placing._fit([torch.ones(30), None, torch.ones(10)]) is fit


def test_small_data_are_sent_unasked(gpu_with, monkeypatch):
    gpu_with(0)
    monkeypatch.setattr(placing, "_SMALL", 160)
    assert placing._fit([torch.ones(40)])
    assert not placing._fit([torch.ones(41)])


def test_what_is_free_is_what_the_driver_and_pytorch_have(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (100, 1000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 70)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 30)
    assert placing.free_bytes(torch.device("cuda")) == 140


@pytest.mark.usefixtures("elsewhere")
def test_data_that_fit_go_there_together(monkeypatch):
    tensor, nothing = placing.placed([torch.ones(3), None])
    assert tensor.device == META and nothing is None
    assert placing.placed([tensor])[0] is tensor
    monkeypatch.setattr(placing, "_fit", lambda tensors: False)
    assert placing.placed([DATA.inputs[0]])[0] is DATA.inputs[0]


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("order", [None, torch.arange(10).flip(0)])
def test_batches_of_what_stayed_are_sent_one_by_one(order):
    batches = list(array_batches(DATA, 4, order))
    assert [batch.size for batch in batches] == [4, 4, 2]
    for batch in batches:
        tensors = [*batch.inputs, *batch.targets, *batch.weights]
        assert {tensor.device for tensor in tensors} == {META}
    assert DATA.inputs[0].device.type == "cpu"


def test_batches_of_what_is_there_are_not_sent(monkeypatch):
    monkeypatch.setattr(Arrays, "sent", lambda self: pytest.fail("it was sent"))
    assert len(list(array_batches(DATA, 5))) == 2


@pytest.mark.parametrize("fits", [True, False])
def test_training_and_predicting_are_the_same_however_data_lie(monkeypatch, fits):
    monkeypatch.setattr(placing, "_fit", lambda tensors: fits)
    vt.set_random_seed(0)
    model = vt.sequential([vt.layers.dense(2, activation="softmax", input_shape=[3])])
    model.compile("adam", "sparseCategoricalCrossentropy", metrics=["accuracy"])
    x = np.arange(30, dtype=np.float32).reshape(10, 3) / 30
    y = np.arange(10) % 2
    history = model.fit(x, y, batch_size=4, epochs=2, sample_weight=np.ones(10), class_weight={0: 2}, verbose=False)
    assert np.isfinite(history.history["loss"]).all()
    whole = model.predict(x).numpy()
    np.testing.assert_allclose(model.predict(x, batch_size=4).numpy(), whole, rtol=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(x).numpy(), whole, rtol=1e-6)
