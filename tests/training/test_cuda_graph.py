"""A CUDA graph is recorded as PyTorch wants it: asked of what stands for PyTorch's side of a GPU."""

import contextlib
import inspect
from types import SimpleNamespace

import pytest
import torch

from velveteen.training import capture


class Recording:
    """Stands for what PyTorch has for GPUs; `log` has what was asked of it."""

    def __init__(self, monkeypatch, fails=False):
        self.log = []
        self.fails = fails
        self.current = "default"
        self.generators = [torch.Generator()]
        for name in ("CUDAGraph", "Stream", "current_stream", "stream"):
            monkeypatch.setattr(torch.cuda, name, getattr(self, name))
        monkeypatch.setattr(torch.cuda, "graph", self.capturing)
        monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
        monkeypatch.setattr(torch.cuda, "default_generators", self.generators)

    def CUDAGraph(self):
        log = self.log
        return SimpleNamespace(
            register_generator_state=lambda generator: log.append(("register", generator)),
            replay=lambda: log.append("replay"),
        )

    def Stream(self):
        return SimpleNamespace(wait_stream=lambda other: self.log.append("side waits"))

    def current_stream(self):
        return SimpleNamespace(wait_stream=lambda other: self.log.append("current waits"), was=self.current)

    @contextlib.contextmanager
    def stream(self, stream):
        before, self.current = self.current, getattr(stream, "was", "side")
        try:
            yield
        finally:
            self.current = before

    @contextlib.contextmanager
    def capturing(self, *arguments, **options):
        inspect.signature(GRAPH.__init__).bind(None, *arguments, **options)
        self.current = "side"  # and stays, when recording fails
        yield
        if self.fails:
            raise RuntimeError("operation failed due to a previous error during capture")
        self.current = "default"


GRAPH = torch.cuda.graph


def test_a_graph_of_the_gpu_is_recorded_beside_the_stream_in_use(monkeypatch):
    gpu = Recording(monkeypatch)
    graph = capture.CudaGraph()
    assert graph.warm_up(lambda: gpu.log.append(gpu.current) or "measured") == "measured"
    assert gpu.log == ["side waits", "side", "current waits"]
    generator = torch.Generator()
    own, other = torch.zeros(2), torch.ones(2)
    assert graph.record(lambda: gpu.current, [own], [generator]) == "side"
    assert graph.replay([other]) == "side"
    assert torch.equal(own, other)
    assert gpu.log[3:] == [("register", generator), "replay"]
    assert gpu.current == "default"


def test_after_a_failed_recording_stream_and_generators_are_as_before(monkeypatch):
    gpu = Recording(monkeypatch, fails=True)
    own = generator_of(gpu.log, "layer")
    gpu.generators[0] = generator_of(gpu.log, "device")
    with pytest.raises(RuntimeError, match="during capture"):
        capture.CudaGraph().record(lambda: None, [], [own])
    assert gpu.current == "default"
    assert gpu.log == [("register", own), "device as before", "layer as before"]


def generator_of(log, name):
    """CPU's own generators have no states that can be put back in this way."""
    return SimpleNamespace(
        clone_state=lambda: f"{name} as before",
        graphsafe_set_state=log.append,
    )


@pytest.mark.parametrize(("free", "has_room"), [(140, True), (139, False)])
def test_a_recording_leaves_room_for_steps_that_are_not_replayed(monkeypatch, free, has_room):
    Recording(monkeypatch)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 100)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 20)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda: 40)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (free, 1000))
    assert capture.CudaGraph().has_room() is has_room
