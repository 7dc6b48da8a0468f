"""A training step on the CPU, recorded as PyTorch's operators and replayed: what lies between them is not run again.

In small networks most of a step is Python and PyTorch's bookkeeping for gradients, not computing. The operators that a
step comes down to are the same in every step, so they are noted once, below autograd, and called again one after the
other, on the next batch and on the same weights. A replayed step computes what the recorded one did to the last digit.
"""

import keyword
import operator
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import torch
from torch import fx
from torch.fx.node import map_aggregate
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

_DECIDED_IN_PYTHON = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)
"""What PyTorch calls operators whose result Python may look at, so that what follows depends on the data."""


class NotRecorded(Exception):
    """A step was taken, but cannot be replayed; the message says why.

    Attributes:
        measured: what the step returned.
    """

    def __init__(self, reason: str, measured: torch.Tensor):
        super().__init__(reason)
        self.measured = measured


class OperatorGraph:
    """Records a step.

    Args:
        kept: returns the tensors that a step finds where the one before left them: weights, statistics, moments.
    """

    records_by_doing: ClassVar[bool] = True

    def __init__(self, kept: Callable[[], Iterable[torch.Tensor]]):
        self._kept = kept
        self._run: Callable[..., torch.Tensor] | None = None
        self._constants: list[Any] = []

    def has_room(self) -> bool:
        return True  # a replayed step needs what any other does

    def warm_up(self, step: Callable[[], torch.Tensor]) -> torch.Tensor:
        return step()

    def record(
        self, step: Callable[[], torch.Tensor], batch: list[torch.Tensor], generators: list[torch.Generator]
    ) -> torch.Tensor:
        self._constants = [*self._kept(), *generators]
        recorder = _Recorder(batch, self._constants)
        with recorder:
            measured = step()
        self._run = recorder.program(measured)
        return measured

    def replay(self, batch: list[torch.Tensor]) -> torch.Tensor:
        assert self._run is not None
        # As they were recorded: autograd sees nothing, but operators that look find that there are gradients to come.
        with torch.enable_grad(), torch._C._AutoDispatchBelowAutograd():
            return self._run(*batch, *self._constants)


class _Recorder(TorchDispatchMode):
    """Notes every operator, with the places that its tensors come from.

    Args:
        batch: tensors that are others in each step.
        constants: tensors and random generators that are the same in each step.
    """

    def __init__(self, batch: list[torch.Tensor], constants: list[Any]):
        super().__init__()
        self._graph = fx.Graph()
        self._module = torch.nn.Module()
        self._tensors = WeakTensorKeyDictionary()
        self._generators: dict[int, fx.Node] = {}  # by address: operators get them as other objects of Python
        self._reason: str | None = None
        for place, value in enumerate((*batch, *constants)):
            node = self._graph.placeholder(f"given_{place}")
            if isinstance(value, torch.Tensor):
                self._tensors[value] = node
            else:
                self._generators[value._cdata] = node

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        options = options or {}
        results = function(*arguments, **options)
        if self._reason is None and function.namespace != "profiler":
            self._note(function, arguments, options, results)
        return results

    def _note(self, function: Any, arguments: Any, options: Any, results: Any) -> None:
        if any(tag in function.tags for tag in _DECIDED_IN_PYTHON):
            self._reason = f"{function} tells Python what the data are"
            return
        if function is torch.ops.aten.lift_fresh.default:  # made of numbers in Python, so the same in each step
            self._tensors[results] = self._constant(results.clone())
            return
        try:
            given = map_aggregate((tuple(arguments), options), self._source)
        except KeyError:
            self._reason = f"{function} gets what is made outside of the step"
            return
        if function is torch.ops.aten.detach.default:  # the same numbers, and nothing here has gradients
            self._tensors[results] = given[0][0]
            return
        node = self._graph.call_function(_spelled(function), *given, name=f"step_{len(self._graph.nodes)}")
        if isinstance(results, torch.Tensor):
            self._tensors.setdefault(results, node)  # an operator in place returns what it was given
        elif isinstance(results, list | tuple):
            for place, result in enumerate(results):
                if isinstance(result, torch.Tensor) and result not in self._tensors:
                    self._tensors[result] = self._graph.call_function(operator.getitem, (node, place))

    def _constant(self, value: torch.Tensor) -> fx.Node:
        name = f"constant_{len(self._graph.nodes)}"
        self._module.register_buffer(name, value)
        return self._graph.call_function(torch.ops.aten.clone.default, (self._graph.get_attr(name),))

    def _source(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return self._tensors[value]
        return self._generators[value._cdata] if isinstance(value, torch.Generator) else value  # type: ignore[attr-defined]

    def program(self, measured: torch.Tensor) -> Callable[..., torch.Tensor]:
        """Returns a function of batch and constants that does what was noted, and returns what was `measured`.

        Raises:
            NotRecorded: not everything could be noted.
        """
        if self._reason is not None or measured not in self._tensors:
            raise NotRecorded(self._reason or "the step computes nothing", measured)
        self._graph.output(self._tensors[measured])
        return fx.GraphModule(self._module, self._graph).forward


def _spelled(function: Any) -> Callable[..., Any]:
    """Returns an operator under a name that can stand in a program: random_.from has a word that Python keeps for itself."""
    if not keyword.iskeyword(function._overloadname):
        return function

    def called(*arguments: Any, **options: Any) -> Any:
        return function(*arguments, **options)

    return called
