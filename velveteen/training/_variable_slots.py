"""Steps of an optimizer on variables and layers' weights one by one, outside of `fit`."""

import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from velveteen.errors import ShapeError
from velveteen.tensors import Shape, Tensor, copy_to_store
from velveteen.variables import Variable


class _Slot(NamedTuple):
    variable: "weakref.ref[Variable]"
    leaf: torch.Tensor  # what the torch optimizer changes: a weight's parameter, or a copy of a variable's value


class VariableSlots:
    """Lets a torch optimizer, which knows only tensors, change variables, whose tensors are replaced at every step."""

    def __init__(self, torch_optimizer: Callable[[list[torch.Tensor]], torch.optim.Optimizer]):
        self._make = torch_optimizer
        self._optimizer: torch.optim.Optimizer | None = None
        self._slots: dict[int, _Slot] = {}

    @torch.no_grad()
    def step(self, pairs: list[tuple[Variable, Any]]) -> None:
        """Changes each variable by its gradient, in TensorFlow.js's layout."""
        gradients = [(variable, _gradient_for(variable, gradient)) for variable, gradient in pairs]
        leaves = []
        for variable, gradient in gradients:
            leaf = self._leaf(variable)
            if not hasattr(variable, "parameter"):
                leaf.copy_(variable.value)
            leaf.grad = torch.empty_like(leaf).copy_(gradient)
            leaves.append(leaf)
        if self._optimizer is None:
            return
        try:
            self._optimizer.step()
        finally:
            for leaf in leaves:
                leaf.grad = None
        for (variable, _), leaf in zip(gradients, leaves, strict=True):
            if not hasattr(variable, "parameter"):
                variable.assign(leaf)

    def _leaf(self, variable: Variable) -> torch.Tensor:
        """Returns the tensor that stands for a variable, made known to the torch optimizer when it is new."""
        slot = self._slots.get(id(variable))
        weight = getattr(variable, "parameter", None)
        if slot is not None and slot.variable() is variable and (weight is None or weight is slot.leaf):
            return slot.leaf
        self._forget_the_dead(id(variable))
        leaf = weight if weight is not None else variable.value.detach().clone()
        self._slots[id(variable)] = _Slot(weakref.ref(variable), leaf)
        if self._optimizer is None:
            self._optimizer = self._make([leaf])
        else:
            self._optimizer.param_groups[0]["params"].append(leaf)
        return leaf

    def _forget_the_dead(self, replaced: int) -> None:
        dead = [key for key, slot in self._slots.items() if key == replaced or slot.variable() is None]
        if not dead or self._optimizer is None:
            return
        leaves = {id(self._slots.pop(key).leaf) for key in dead}
        group = self._optimizer.param_groups[0]
        for leaf in group["params"]:
            if id(leaf) in leaves:
                self._optimizer.state.pop(leaf, None)
        group["params"] = [leaf for leaf in group["params"] if id(leaf) not in leaves]


def _gradient_for(variable: Variable, gradient: Any) -> torch.Tensor:
    """Returns the gradient in the layout of the variable's own tensor."""
    store: Any = gradient.value if isinstance(gradient, Tensor) else gradient
    if not isinstance(store, torch.Tensor):
        store = copy_to_store(store)
    if Shape(store.shape) != variable.shape:
        raise ShapeError(
            f'The gradient of "{variable.name}" must have shape {variable.shape}, but it has {Shape(store.shape)}.'
        )
    return variable.inside(store) if hasattr(variable, "inside") else store
