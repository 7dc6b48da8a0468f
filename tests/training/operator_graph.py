"""A stand-in for a CUDA graph on the CPU: it records operators with the tensors they had, and does them again.

As with a GPU's graph, nothing of Python runs in a replay; what was a number when it was recorded stays that number, and
every result is written where the recorded one was.
"""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class GpuLikeGraph:
    """Records a step.

    Args:
        state: returns all tensors that a step changes.
        fails: "record" lets recording fail in the middle, "room" says that there is no memory.
    """

    records_by_doing = False

    def __init__(self, state, fails=None):
        self.state = state
        self.fails = fails
        self.warm_ups = self.replays = 0
        self.recorder = None

    def has_room(self):
        return self.fails != "room"

    def warm_up(self, step):
        self.warm_ups += 1
        return step()

    def record(self, step, batch, generators):
        assert self.recorder is None
        self.batch = batch
        # A GPU only notes what it is to do; here it is done, and undone.
        kept = [(tensor, tensor.clone()) for tensor in self.state()]
        random = torch.get_rng_state()
        own = [(generator, generator.get_state()) for generator in generators]
        self.recorder = _Recorder(10 if self.fails == "record" else None)
        try:
            with self.recorder:
                self.measured = step()
        finally:
            with torch.no_grad():
                for tensor, before in kept:
                    tensor.copy_(before)
            torch.set_rng_state(random)
            for generator, before in own:
                generator.set_state(before)
        return self.measured

    @torch.no_grad()
    def replay(self, batch):
        self.replays += 1
        torch._foreach_copy_(self.batch, batch)
        for function, arguments, options, results in self.recorder.operators:
            with torch.enable_grad(), torch._C._AutoDispatchBelowAutograd():  # as they were recorded
                again = function(*arguments, **options)
            for old, new in zip(tree_leaves(results), tree_leaves(again), strict=True):
                if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():  # no view, nor done in place
                    old.copy_(new)
        return self.measured


class _Recorder(TorchDispatchMode):
    def __init__(self, most: int | None):
        super().__init__()
        self.most = most
        self.operators: list[tuple[Any, ...]] = []

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        if self.most is not None and len(self.operators) >= self.most:
            raise RuntimeError("operation not permitted when stream is capturing")
        if function._schema.name in ("aten::_local_scalar_dense", "aten::nonzero"):
            raise RuntimeError(f"{function} waits for the device")
        results = function(*arguments, **(options or {}))
        self.operators.append((function, _detached(arguments), options or {}, _detached(results)))
        return results


def _detached(tree):
    return torch.utils._pytree.tree_map_only(torch.Tensor, lambda tensor: tensor.detach(), tree)
