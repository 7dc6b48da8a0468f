"""The four networks on a GPU in PyTorch, by a loop as those write it who know it well; `bench.gpu` measures it.

Data on the device, channels_last, the fused Adam, nothing read before the end of an epoch. The ways: "eager"; "graph",
whole steps in a CUDA graph; "compiled", the network through torch.compile.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import nn

from bench import work
from bench.peers.torch_worker import NETWORKS

WAYS = ("eager", "graph", "compiled")
WARM_UPS = 3


class Loop:
    """Trains one network on data that it keeps.

    Args:
        network: its name.
        precision: "float32", "tf32" or "bfloat16"; whether TF32 is used is a setting of PyTorch's, not of this loop's.
        way: one of WAYS.
        x, y: inputs and targets, the channels last; a whole number of batches.
        batch_size: examples a step.
        device: where to compute.
    """

    def __init__(
        self,
        network: str,
        precision: str,
        way: str,
        x: np.ndarray,
        y: np.ndarray,
        batch_size: int,
        device: str = "cuda",
    ):
        self.device = torch.device(device)
        self.precision = precision
        self.batch_size = batch_size
        self.is_binary = work.NETWORKS[network].is_binary
        self.x, self.y = (torch.from_numpy(array).to(self.device) for array in (x, y))
        self.model = NETWORKS[network]().to(self.device, memory_format=torch.channels_last)
        self.network: Callable[[torch.Tensor], torch.Tensor] = (
            torch.compile(self.model) if way == "compiled" else self.model
        )
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=work.LEARNING_RATE, eps=work.EPSILON, fused=True, capturable=way == "graph"
        )
        self.loss = nn.BCEWithLogitsLoss() if self.is_binary else nn.CrossEntropyLoss()
        self.total = torch.zeros((), device=self.device)
        self.graph: torch.cuda.CUDAGraph | None = None
        if way == "graph":
            self._record()

    def train(self, epochs: int) -> float:
        """Trains so many epochs in random order; returns the mean loss of the last one, which waits for the device."""
        batches = len(self.x) // self.batch_size
        for _ in range(epochs):
            self.total.zero_()
            for places in torch.randperm(len(self.x), device=self.device).split(self.batch_size):
                if self.graph is None:
                    self._step(self.x[places], self.y[places])
                else:
                    torch.index_select(self.x, 0, places, out=self.inputs)
                    torch.index_select(self.y, 0, places, out=self.targets)
                    self.graph.replay()
            mean = self.total.item() / batches
        return mean

    @torch.inference_mode()
    def predict(self, x: np.ndarray) -> np.ndarray:
        """Returns the outputs for rows, from numpy to numpy."""
        logits = self.network(_channels_first(torch.from_numpy(x).to(self.device)))
        return (logits.sigmoid() if self.is_binary else logits.softmax(1)).cpu().numpy()

    def _step(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        with self._autocast():
            logits = self.network(_channels_first(inputs))
        loss = self.loss(logits.float(), _channels_first(targets))
        loss.backward()
        self.optimizer.step()
        self.total += loss.detach()

    def _record(self) -> None:
        """Records a step, as PyTorch's documentation of CUDA graphs shows it."""
        self.inputs, self.targets = self.x[: self.batch_size].clone(), self.y[: self.batch_size].clone()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                self._step(self.inputs, self.targets)
        torch.cuda.current_stream().wait_stream(side)
        self.optimizer.zero_grad(set_to_none=True)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self._step(self.inputs, self.targets)

    def _autocast(self) -> AbstractContextManager:
        if self.precision != "bfloat16":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)


def _channels_first(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.permute(0, 3, 1, 2) if tensor.dim() == 4 else tensor
