"""Two hosts, each with a torchrun of its own, train as one process does."""

import json
import subprocess
import sys

import pytest

from tests.training import distributed_cases
from tests.training.test_distributed import ENVIRONMENT, PROJECT, assert_equal
from tools.two_hosts import CannotSimulateError, two_hosts


@pytest.mark.slow
def test_two_hosts_train_as_one_process(tmp_path):
    try:
        with two_hosts() as hosts:
            running = [_start(host, number, hosts[0].address, tmp_path) for number, host in enumerate(hosts)]
            said = [process.communicate(timeout=300)[0] for process in running]
    except CannotSimulateError as error:
        pytest.skip(f"no hosts can be simulated here: {error}")
    assert [process.returncode for process in running] == [0, 0], "\n".join(said)[-3000:]
    for rank in range(2):
        found = json.loads((tmp_path / f"{rank}.json").read_text())
        for name, case in distributed_cases.CASES.items():
            assert_equal(found[name], case(), 2e-5 if name == "sharded" else 1e-5)


def _start(host, number, first_address, folder):
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node=1", "--nnodes=2", f"--node-rank={number}"]
    command = [*torchrun, f"--master-addr={first_address}", "--master-port=29500"]
    return subprocess.Popen(
        host.command(sys.executable, *command, "-m", "tests.training.distributed_cases", str(folder)),
        cwd=PROJECT,
        env={**ENVIRONMENT, **host.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
