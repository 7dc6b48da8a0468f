"""Several processes train as one does; what is lost when one is killed."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from torch.distributed import HashStore

import velveteen as vt
from tests.training import distributed_cases
from velveteen.errors import UnknownNameError
from velveteen.training._meeting import agreed_name, transport

PROJECT = Path(__file__).parents[2]
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "VELVETEEN_BACKEND": "cpu", "PYTHONPATH": str(PROJECT)}

pytestmark = pytest.mark.xdist_group("distributed")  # the two processes start once for all


def torchrun(*arguments, options=(), timeout=300):
    command = [*TORCHRUN, *options, *map(str, arguments)]
    return subprocess.run(
        command, cwd=PROJECT, env=ENVIRONMENT, capture_output=True, text=True, timeout=timeout, check=False
    )


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """What each of two processes found, and what they wrote on standard error."""
    folder = tmp_path_factory.mktemp("two")
    done = torchrun("-m", "tests.training.distributed_cases", folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)], done.stderr


@pytest.mark.parametrize("name", distributed_cases.CASES)
def test_two_processes_train_as_one(two, name):
    alone = distributed_cases.CASES[name]()
    for found in two[0]:
        assert_equal(found[name], alone, 2e-5 if name == "sharded" else 1e-5)


def test_training_goes_on_after_a_crash(two, tmp_path):
    undisturbed = distributed_cases.result(*fitted())
    alone = distributed_cases.resumed(tmp_path)
    assert alone == undisturbed
    assert not (tmp_path / "backup" / "model.json").exists()
    for found in two[0]:
        assert_equal(found["resumed"], undisturbed, 1e-5)


def fitted():
    model = distributed_cases.dense()
    x, y = distributed_cases.X, distributed_cases.Y
    return model, model.fit(x, y, batch_size=6, epochs=3, verbose=False)


def test_dropout_differs_between_processes(two):
    masks = [found["dropout"] for found in two[0]]
    for first, second in zip(*masks, strict=True):
        assert np.shape(first) == (1, 4, 8)  # of eight examples each has four
        assert first != second


def test_only_the_first_process_shows_and_writes(two):
    (first, second), shown = two
    assert {"only-0/log.csv", "only-0/model/model.json"} <= set(first["files"])
    assert second["files"] == []
    assert shown.count("Epoch 1/1") == 1


def test_recipes_write_from_the_first_process_and_agree_on_what_they_draw(two):
    first, second = (found["recipes"] for found in two[0])
    assert {"writer/model.json", "writer/checkpoint/model.json", "formatter/model.json"} <= set(first["files"])
    assert second["files"] == []
    assert first["nats"] == second["nats"]


def test_the_first_process_decides_on_the_precision(two):
    (yes, no), others = (found["precision"] for found in two[0])
    assert yes[:2] == [True, True] and no[:2] == [False, False]
    assert [yes, no] == others
    assert yes[2] != no[2]


@pytest.mark.parametrize(
    ("device", "processes", "devices", "expected"),
    [
        ("cpu", 4, 0, "gloo"),
        ("cuda", 4, 4, "cpu:gloo,cuda:nccl"),
        ("cuda", 1, 8, "cpu:gloo,cuda:nccl"),
        ("cuda", 2, 1, "cpu:gloo,cuda:gloo"),  # nccl refuses two processes on one GPU
    ],
)
def test_gradients_go_through_nccl_between_gpus(device, processes, devices, expected):
    assert transport(device, processes, devices) == expected


def test_processes_that_do_not_go_together_are_told(two):
    for found in two[0]:
        sizes, batches, clipping = found["errors"]
        assert sizes.startswith("DataError: ") and "process 0 10, process 1 11" in sizes
        assert batches.startswith("DataError: ") and "give shuffle() a seed" in batches
        assert clipping.startswith("ArgumentError: ") and "clipvalue" in clipping


def test_a_misspelt_way_is_told():
    with pytest.raises(UnknownNameError, match='"dpp". Did you mean "ddp"'):
        distributed_cases.dense(distributed="dpp")


def test_one_process_imports_nothing_of_the_others():
    code = (
        "import sys, numpy as np, velveteen as vt\n"
        "model = vt.sequential([vt.layers.dense(1, input_shape=[1])])\n"
        "model.compile('sgd', 'meanSquaredError')\n"
        "model.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=False)\n"
        "print('velveteen.training.distributed' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_killed_process_loses_no_more_than_the_steps_since_the_backup(two, tmp_path):
    done = torchrun("-m", "tests.training.distributed_killed", tmp_path, options=["--max-restarts=1"])
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "killed").read_text() == "epoch 1, batch 2"
    found = json.loads((tmp_path / "result.json").read_text())
    assert found["batches"] == [
        2,
        3,
        0,
        1,
        2,
        3,
    ]  # of the second epoch's four those since the backup, and the third epoch
    assert_equal(found["result"], distributed_cases.result(*fitted()), 1e-5)


def assert_equal(found, expected, tolerance):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, dict):
            assert_equal(found[name], value, tolerance)
        elif name == "weights":
            for one, other in zip(found[name], value, strict=True):
                np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)
        else:
            np.testing.assert_allclose(found[name], value, rtol=tolerance, atol=tolerance, err_msg=name)


def test_processes_agree_on_a_name_beside_those_that_are_dead():
    store = HashStore()
    for rank in (1, 2):
        store.set(f"velveteen/asks/{rank}", "dead")
        store.set(f"velveteen/heard/dead/{rank}", "dead")
    with ThreadPoolExecutor(3) as pool:
        names = list(pool.map(lambda rank: agreed_name(store, rank, 3, lambda: f"new{rank}"), range(3)))
    assert names == ["new0"] * 3


def test_backup_refuses_what_is_none(tmp_path):
    model = distributed_cases.dense()
    model.save(tmp_path / "model")
    backup = vt.callbacks.BackupAndRestore(tmp_path / "model")
    with pytest.raises(vt.errors.FileFormatError, match="not one in training"):
        model.fit(distributed_cases.X, distributed_cases.Y, callbacks=backup, verbose=False)
    with pytest.raises(vt.errors.ArgumentError, match="every_batches must be a positive integer"):
        vt.callbacks.BackupAndRestore(tmp_path, every_batches=0)
