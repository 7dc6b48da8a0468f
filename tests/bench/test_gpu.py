"""What of `make bench-gpu` needs no GPU: the loop in PyTorch, the turns, the arithmetic, the tables."""

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from bench import gpu
from bench.peers import torch_gpu
from bench.work import NETWORKS

PLACES = {"contender": "velveteen", "network": "dense", "precision": "tf32"}


def test_without_a_gpu_it_says_what_is_missing_and_writes_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(gpu.torch.cuda, "is_available", lambda: False)
    app = typer.Typer()
    app.command()(gpu.main)
    answer = CliRunner().invoke(app, ["--out", str(tmp_path)])
    assert answer.exit_code == 2
    assert "bench-gpu measures on an NVIDIA GPU, but" in answer.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("is_built", "reason"), [(False, "is built without CUDA"), (True, "nvidia-smi")])
def test_the_reason_for_having_no_gpu_says_what_to_do(monkeypatch, is_built, reason):
    monkeypatch.setattr(gpu.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(gpu.torch.backends.cuda, "is_built", lambda: is_built)
    assert reason in gpu.what_is_missing()


def test_words_narrow_what_is_measured():
    assert gpu.choose("cnn, tf32") == (["cnn"], ["tf32"], tuple(gpu.CONTENDERS))
    assert gpu.choose("") == (tuple(NETWORKS), gpu.PRECISIONS, tuple(gpu.CONTENDERS))
    with pytest.raises(typer.BadParameter, match="densse"):
        gpu.choose("densse")


def test_busy_time_counts_overlapping_work_once():
    assert gpu.busy([(0, 10), (5, 20), (30, 40), (32, 35)]) == pytest.approx(30e-6)
    assert gpu.busy([]) == 0


@pytest.mark.parametrize("network", ["dense", "cnn"])
def test_the_loop_in_pytorch_learns_its_data_and_predicts(network):
    work = NETWORKS[network]
    random = np.random.default_rng(0)
    x = random.random((16, *work.input_shape), dtype=np.float32)
    y = np.eye(10, dtype=np.float32)[random.integers(10, size=16)]
    torch.manual_seed(1)
    loop = torch_gpu.Loop(network, "float32", "eager", x, y, 8, device="cpu")
    first = loop.train(1)
    assert loop.train(20) < 0.9 * first
    found = loop.predict(x[:3])
    assert found.shape == (3, 10)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)


class Sleepless:
    """A contender that does nothing; `log` has what all were asked."""

    def __init__(self, name, log):
        if name == "compiled":
            raise RuntimeError("no compiler")
        self.name, self.log = name, log

    def train(self, epochs):
        self.log.append(self.name)
        return 0.0

    def predict(self, x):
        return x


def test_all_take_turns_and_who_cannot_is_recorded(monkeypatch):
    log = []
    monkeypatch.setattr(gpu, "make_peer", lambda name, *_: Sleepless(name, log))
    monkeypatch.setattr(gpu, "device_seconds", lambda call: (call(), 0.3)[1])
    records = gpu.training("dense", "tf32", 8, ["velveteen", "eager", "compiled"], rounds=2, seconds=0)
    by_name = {record["contender"]: record for record in records}
    assert by_name["compiled"]["cannot"] == "no compiler"
    assert len(by_name["velveteen"]["rounds"]) == 2
    # 0.3 s in three epochs are 100 ms an epoch
    assert by_name["eager"]["device"] == pytest.approx(100 / gpu.BATCHES["dense"])
    assert log[4:8] == ["velveteen", "eager", "eager", "velveteen"]  # after two to warm up each
    found = gpu.predicting("dense", "tf32", ["velveteen", "graph", "compiled"], rounds=1, seconds=0)
    assert [(record["contender"], record["rows"], "cannot" in record) for record in found] == [
        ("velveteen", 1, False),
        ("velveteen", 128, False),
        ("compiled", 1, True),
        ("compiled", 128, True),
    ]


def test_tables_show_time_ratio_and_how_busy_the_device_is():
    training = [
        PLACES | {"batch": 128, "milliseconds": 0.5, "busy": 0.95},
        PLACES | {"contender": "graph", "batch": 128, "milliseconds": 0.55, "busy": 0.9},
        PLACES | {"contender": "compiled", "batch": 128, "cannot": "no compiler"},
    ]
    found = {
        "date": "2026-11-26",
        "device": "A GPU",
        "machine": {"processor": "A processor"},
        "versions": {"torch": "2.13.0"},
        "training": training,
        "predicting": [PLACES | {"rows": 1, "milliseconds": 0.125}],
    }
    text = gpu.tables(found)
    assert text.startswith("Measured on 2026-11-26: A GPU, A processor; torch 2.13.0.")
    assert "| tf32, a step | dense, 128 |" in text
    assert "| velveteen | 0.500 ms · 95 % |" in text
    assert "| PyTorch, a loop with CUDA graphs | 0.550 ms · ×1.10 · 90 % |" in text
    assert "| PyTorch, torch.compile | cannot |" in text
    assert "| tf32, predict | dense, 1 |" in text
