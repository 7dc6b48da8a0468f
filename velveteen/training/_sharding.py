"""Weights divided among processes (PyTorch's `fully_shard`), for models that do not fit into one.

Each process keeps a part of every weight and of the optimizer's state. A layer's weights are put together when it runs and
taken apart again behind it.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from velveteen import backend
from velveteen.errors import ArgumentError


class Call(torch.nn.Module):
    """Calls functions of a model so that PyTorch sees when the model is used."""

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model
        self.units = torch.nn.ModuleList()
        self._parts: list[tuple[Any, torch.nn.Parameter]] = []

    def forward(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    def own_parts(self, parameters: list[torch.Tensor]) -> list[torch.Tensor]:
        """Returns this process's part of each parameter, for the optimizer, whose rules go element by element."""
        if [id(whole) for whole, _ in self._parts] != [id(parameter) for parameter in parameters]:
            self._parts = [(parameter, _own_part(parameter)) for parameter in parameters]
        return [part for _, part in self._parts]

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Lets the optimizer step on the parts."""
        for whole, part in self._parts:
            part.grad = None if whole.grad is None else whole.grad.to_local()
            whole.grad = None
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


class _Unit(torch.nn.Module):
    """A layer in a graph's program, whose weights come and go with its call."""

    before_softmax = None

    def __init__(self, layer: Any):
        super().__init__()
        self.layer = layer

    def forward(self, inputs: Any, **arguments: Any) -> Any:
        return self.layer(inputs, **arguments)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(input_shape)


def root_of(model: Any) -> Call | None:
    """Returns through what a model with divided weights is called, None for any other model."""
    return model.__dict__.get("_sharded_root")


def shard(model: Any) -> Call:
    """Divides a model's weights, which then stay divided; returns through what it is called."""
    root = root_of(model)
    if root is not None:
        return root
    for tensor in [*model.parameters(), *model.buffers()]:
        dist.broadcast(tensor.detach(), 0)
    root = Call(model)
    mesh = init_device_mesh(backend.get_backend(), (dist.get_world_size(),))
    alone = _that_come_and_go(model)
    units: dict[int, Any] = {id(layer): fully_shard(_Unit(layer), mesh=mesh) for layer in alone}
    model.graph.steps = [step._replace(layer=units.get(id(step.layer), step.layer)) for step in model.graph.steps]
    root.units = torch.nn.ModuleList(units.values())
    # They are in the tree as the model's layers too, where nothing tells that they are divided already.
    divided = {parameter for unit in units.values() for parameter in unit.parameters()}
    fully_shard(root, mesh=mesh, reshard_after_forward=True, ignored_params=divided)
    model.__dict__["_sharded_root"] = root  # as a submodule it would contain itself
    return root


def whole(parameter: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    """Returns something that an optimizer remembers of a parameter for the whole parameter."""
    sharded = getattr(parameter, "sharded", None)
    if sharded is None or tensor.shape != parameter.shape:
        return tensor
    mesh, placements = sharded.device_mesh, sharded.placements
    together = DTensor.from_local(
        tensor, mesh, placements, run_check=False, shape=sharded.shape, stride=sharded.stride()
    )
    return together.full_tensor()


def part(parameter: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    """Returns this process's part of what `whole` returned."""
    sharded = getattr(parameter, "sharded", None)
    if sharded is None or tensor.shape != sharded.shape:
        return tensor
    return distribute_tensor(tensor, sharded.device_mesh, sharded.placements).to_local()


def check_optimizer(compilation: Any) -> None:
    """Raises where a step needs more of a weight than a part."""
    optimizer = compilation.optimizer
    if getattr(optimizer, "clipnorm", None) is not None or getattr(optimizer, "global_clipnorm", None) is not None:
        raise ArgumentError(
            'Clipping by norm needs whole gradients, but distributed="fsdp" divides them. Use clipvalue, or "ddp".'
        )
    if compilation.apply_constraints:
        raise ArgumentError(
            'apply_constraints=True needs whole weights, but distributed="fsdp" divides them. Use distributed="ddp".'
        )


def _own_part(parameter: Any) -> torch.nn.Parameter:
    local = torch.nn.Parameter(parameter.detach().to_local())
    local.sharded = parameter  # type: ignore[attr-defined]
    return local


def _that_come_and_go(model: Any) -> list[Any]:
    """Returns the layers that can be divided each for itself.

    The weights of the others are put together for the whole pass: of layers that are called twice, or whose softmax is
    left to the loss, or that have regularizers, which look at the weights at the end.
    """
    if model.graph.has_masks:
        return []
    calls = Counter(id(step.layer) for step in model.graph.steps)
    regularized = {id(weight.module) for weight in model.trainable_weights if weight.regularizer is not None}
    return [
        step.layer
        for step in model.graph.steps
        if calls[id(step.layer)] == 1
        and step.layer.before_softmax is None
        and any(True for _ in step.layer.parameters())
        and not any(id(module) in regularized for module in step.layer.modules())
    ]
