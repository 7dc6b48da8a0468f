"""Which device computes: chosen by itself, asked for, or fallen back from."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen import backend
from velveteen.errors import UnknownNameError


@pytest.fixture(autouse=True)
def same_backend_afterwards():
    before = backend.device()
    yield
    backend._device = before


def machine_with(monkeypatch, *names):
    monkeypatch.setattr(backend, "_is_available", lambda name: name in (*names, "cpu"))


@pytest.mark.parametrize(
    ("present", "chosen"),
    [((), "cpu"), (("mps",), "mps"), (("xpu",), "xpu"), (("cuda", "mps", "xpu"), "cuda")],
)
def test_the_best_device_is_chosen(monkeypatch, present, chosen):
    machine_with(monkeypatch, *present)
    assert vt.set_backend("auto") is True
    assert vt.get_backend() == chosen


def test_what_is_not_there_falls_back_with_one_line(monkeypatch, capsys):
    machine_with(monkeypatch)
    assert vt.set_backend("cuda") is False
    assert vt.get_backend() == "cpu"
    assert capsys.readouterr().err == 'velveteen: backend "cuda" is not available here, using the CPU instead.\n'


@pytest.mark.parametrize(("name", "means"), [("webgl", "cuda"), ("webgpu", "cuda"), ("wasm", "cpu"), ("cpu", "cpu")])
def test_names_of_tensorflowjs_are_understood(monkeypatch, name, means):
    machine_with(monkeypatch, "cuda")
    assert vt.set_backend(name) is True
    assert vt.get_backend() == means


@pytest.mark.parametrize(("process", "number"), [(0, 0), (1, 1), (2, 0)])
def test_each_process_of_torchrun_takes_the_gpu_of_its_number(monkeypatch, process, number):
    machine_with(monkeypatch, "cuda")
    chosen = []
    monkeypatch.setenv("LOCAL_RANK", str(process))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    assert vt.set_backend("auto") is True
    assert backend.device() == torch.device("cuda", number)
    assert chosen == [torch.device("cuda", number)]


def test_a_misspelt_backend_is_told_and_changes_nothing():
    before = vt.get_backend()
    with pytest.raises(UnknownNameError, match='Unknown backend "cudda". Did you mean "cuda"'):
        vt.set_backend("cudda")
    assert vt.get_backend() == before


@pytest.mark.parametrize(("value", "line"), [("cpu", ""), ("", ""), ("xpu", "not available here")])
def test_the_environment_variable_chooses(value, line):
    answer = subprocess.run(
        [sys.executable, "-c", "import velveteen as vt; print(vt.tensor([1]).value.device.type)"],
        env=os.environ | {"VELVETEEN_BACKEND": value, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    if line:
        assert line in answer.stderr
        assert answer.stdout == "cpu\n"
    else:
        assert answer.stderr == ""


def test_a_seed_repeats_everything_random():
    def draw():
        vt.set_random_seed(3)
        kernel = vt.layers.dense(4, input_shape=[3])
        kernel.apply(vt.zeros([1, 3]))
        dropped = vt.layers.dropout(0.5).apply(vt.ones([20]), training=True)
        return [vt.random_normal([5]).numpy(), kernel.get_weights()[0].numpy(), dropped.numpy()]

    for first, second in zip(draw(), draw(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_under_torchrun_each_process_takes_the_device_of_its_number(monkeypatch):
    machine_with(monkeypatch, "cuda")
    monkeypatch.setenv("LOCAL_RANK", "5")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    chosen = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    vt.set_backend("auto")
    assert backend.device() == chosen[0] == torch.device("cuda", 1)
    assert vt.get_backend() == "cuda"
