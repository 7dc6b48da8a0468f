"""Who is measured, how each is started, and what it takes part in."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.work import NETWORKS, PRECISIONS
from tools import node, peers

ROOT = Path(__file__).parent.parent
PEERS = Path(__file__).parent / "peers"
VELVETEEN_IMPORT = "import velveteen as vt; vt.layers.dense, vt.sequential, vt.train.adam"
"""Its heavy parts load on first use, so the import alone would tell nothing."""
NODE_IMPORT = """
const start = performance.now();
require("@tensorflow/tfjs"); require("@tensorflow/tfjs-backend-wasm");
console.log((performance.now() - start) / 1000);
"""

TUNING = (
    "PYTHONDONTWRITEBYTECODE",  # others were compiled when pip installed them
    "OMP_",
    "KMP_",
    "MKL_",
    "GOMP_",
    "MALLOC_",
    "THP_",
    "TORCH",
    "TF_",
    "XLA_",
    "JAX_",
    "KERAS_",
    "LD_PRELOAD",
    "VELVETEEN_",
)
"""What a variable begins with that would help or hinder one of them; nobody gets it."""
EQUAL = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3", "VELVETEEN_BACKEND": "cpu"}
"""What everybody gets: all compute on the processor."""


@dataclass(frozen=True)
class Contender:
    """One way to do the work.

    `program` is "python" (this one), "bench" (the environment with Keras) or "node". `batches` has where fewer steps
    than a turn has are enough, as one takes seconds.
    """

    name: str
    title: str
    worker: str
    imports: str
    program: str = "python"
    environment: Mapping[str, str] = field(default_factory=dict)
    precisions: tuple[str, ...] = PRECISIONS
    networks: tuple[str, ...] = tuple(NETWORKS)
    batches: Mapping[str, int] = field(default_factory=dict)
    digits: tuple[str, ...] = ("float32",)
    seeks_goal: bool = False

    def command(self, network: str, precision: str) -> list[str]:
        """Returns how to start the worker, in the project's root."""
        if self.program == "node":
            return [program(self.program), str(PEERS / self.worker), network, precision]
        return [program(self.program), "-m", f"bench.peers.{self.worker}", network, precision]

    def import_command(self) -> list[str]:
        """Returns a command that prints the seconds that importing takes."""
        if self.program == "node":
            return [program(self.program), "-e", self.imports]
        clock = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
        return [program(self.program), "-c", clock.format(self.imports)]

    def variables(self) -> dict[str, str]:
        """Returns the environment of the process."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(TUNING)}
        return {**kept, **EQUAL, **self.environment}


def keras(backend: str, title: str) -> Contender:
    return Contender(
        f"keras-{backend}",
        title,
        "keras_worker",
        "import keras",
        program="bench",
        environment={"KERAS_BACKEND": backend},
        seeks_goal=True,
    )


CONTENDERS = (
    Contender(
        "velveteen",
        "velveteen",
        "velveteen_worker",
        VELVETEEN_IMPORT,
        digits=("float32", "bfloat16"),
        seeks_goal=True,
    ),
    Contender("torch", "PyTorch, plain", "torch_worker", "import torch"),
    Contender(
        "torch-tuned",
        "PyTorch, channels_last, fused Adam",
        "torch_worker",
        "import torch",
        environment={"VARIANT": "tuned"},
    ),
    keras("tensorflow", "Keras on TensorFlow"),
    keras("jax", "Keras on JAX"),
    keras("torch", "Keras on PyTorch"),
    Contender(
        "tensorflowjs-wasm",
        "TensorFlow.js, wasm",
        "tensorflowjs_worker.js",
        NODE_IMPORT,
        program="node",
        environment={"BACKEND": "wasm"},
        precisions=("float32",),
        batches={"dense": 20, "cnn": 1, "unet": 1, "lstm": 1},
        digits=(),
    ),
    Contender(
        "tensorflowjs-cpu",
        "TensorFlow.js, cpu",
        "tensorflowjs_worker.js",
        NODE_IMPORT,
        program="node",
        environment={"BACKEND": "cpu"},
        precisions=("float32",),
        networks=("dense",),
        batches={"dense": 2},
        digits=(),
    ),
)

ROOF = Contender("roof", "a large matrix product", "roof_worker", "import torch")


def program(name: str) -> str:
    """Returns the path of a program; makes its environment if need be.

    Raises:
        RuntimeError: it cannot be installed.
    """
    if name == "python":
        return sys.executable
    if name == "bench":
        return str(peers.python("bench"))
    path = node.install_node()
    if path is None or not node.install_packages(PEERS):
        raise RuntimeError("Node.js 18 or TensorFlow.js cannot be installed here")
    return path
