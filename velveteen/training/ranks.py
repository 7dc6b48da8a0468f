"""Which of several processes this one is, and what training asks of the others. Alone, it asks nothing.

`torchrun` says so in the environment; only then is anything of torch.distributed imported.
"""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import torch

from velveteen import backend
from velveteen.layers.core import Dropout
from velveteen.training.arrays import Arrays
from velveteen.training.step import Meter, Stepper

_SEEDS = 2**31


class Alone:
    """One process, which does everything itself."""

    index = 0
    count = 1

    @property
    def is_first(self) -> bool:
        """Whether this process shows progress and writes files."""
        return self.index == 0

    def for_call(self, model: Any, what: str, batches: int | None) -> "Alone":
        """Returns the processes that share a call outside of training."""
        return self

    def training(self, model: Any, examples: int | None, hears_batches: bool) -> AbstractContextManager[None]:
        """Returns the context of a whole `fit`: before it the processes are made alike."""
        return contextlib.nullcontext()

    def stepper(self, model: Any, compilation: Any) -> Stepper:
        """Returns what takes the steps."""
        return Stepper(model, compilation)

    def runner(self, model: Any) -> Callable[[list[torch.Tensor]], list[torch.Tensor]]:
        """Returns what computes a model's outputs."""
        return model.graph.run

    # Data

    def common_random(self) -> AbstractContextManager[None]:
        """Returns the context in which every process draws the same numbers."""
        return contextlib.nullcontext()

    def part(self, start: int, end: int) -> tuple[int, int]:
        """Returns the part of these examples that this process computes on."""
        return start, end

    def parts_of(self, batches: Iterator[Arrays]) -> Iterator[Arrays]:
        """Yields this process's part of each batch of a dataset."""
        return batches

    def rows(self, part: torch.Tensor, count: int) -> torch.Tensor:
        """Returns the results for all examples from those for `part(0, count)`."""
        return part

    # Figures

    def share(self, batch: Arrays) -> float:
        """Returns how many examples a part counts."""
        return batch.size

    def of_batch(self, measured: torch.Tensor, batch: Arrays) -> torch.Tensor:
        """Returns the figures of a whole batch from those of the part, where callbacks hear of batches."""
        return measured

    def totals(self, meter: Meter) -> tuple[torch.Tensor, float]:
        """Returns the sums of what all processes have measured, and of how many examples."""
        return meter.state

    def read(self, meter: Meter) -> list[float]:
        """Returns the means over what all processes have measured."""
        return meter.read()

    # Stopping

    def stops_after_batch(self, wanted: bool) -> bool:
        """Returns whether training ends here, which all processes answer alike."""
        return wanted

    def any(self, value: bool) -> bool:
        """Returns whether it is true in any process."""
        return value

    def gather_statistics(self, model: Any) -> None:
        """Brings together what the layers of each process have measured: moving means and variances."""

    # Randomness, for files from which training goes on

    def random_state(self, model: Any) -> torch.Tensor:
        """Returns the state of the random generators of all processes, one row each."""
        return own_random_state(model).unsqueeze(0)

    def common_random_state(self) -> torch.Tensor:
        """Returns the state of the generator that all share."""
        return torch.get_rng_state()

    def set_common_random_state(self, state: torch.Tensor) -> None:
        torch.set_rng_state(state)

    def from_first(self, content: Callable[[], bytes]) -> bytes:
        """Returns what the first process has read."""
        return content()


ALONE = Alone()


def ranks_of(model: Any) -> Alone:
    """Returns the processes among which the model's training is shared."""
    distributed = "auto" if model._compilation is None else model._compilation.distributed
    if distributed == "alone" or process_count() == 1:
        return ALONE
    from velveteen.training.distributed import Ranks  # slow to import

    return Ranks.joined(distributed == "fsdp")


def ranks_of_call(model: Any, what: str, batches: int | None) -> Alone:
    """As `ranks_of`, for a call outside of training: one batch is computed by each process that asks, without the others.

    Args:
        what: the method that was called.
        batches: how many batches it has, None where nobody knows.
    """
    return ranks_of(model).for_call(model, what, batches)


def process_count() -> int:
    """Returns how many processes torchrun has started, 1 without it."""
    if "WORLD_SIZE" not in os.environ or "RANK" not in os.environ or "MASTER_ADDR" not in os.environ:
        return 1
    return int(os.environ["WORLD_SIZE"])


def process_index() -> int:
    """Returns this process's number among those that torchrun has started, 0 without it."""
    return int(os.environ["RANK"]) if process_count() > 1 else 0


def writes_files(model: Any) -> bool:
    """Returns whether this process writes the model's files: the first one does, or each where each trains alone."""
    compilation = getattr(model, "_compilation", None)
    is_alone = compilation is not None and compilation.distributed == "alone"
    return is_alone or process_index() == 0


def common_seed() -> int:
    """Returns a seed drawn anew, the same one in all processes that train together; each must call it."""
    if process_count() == 1:
        return secrets.randbelow(_SEEDS)
    from velveteen.training.distributed import Ranks  # slow to import

    return int.from_bytes(Ranks.joined(False).from_first(lambda: secrets.token_bytes(4))) % _SEEDS


def own_random_state(model: Any) -> torch.Tensor:
    """Returns the state of this process's random generators, those of layers with a seed included, as bytes."""
    states = [torch.get_rng_state(), *(generator.get_state() for generator in _generators(model))]
    return torch.cat([*states, torch.cuda.get_rng_state()] if backend.get_backend() == "cuda" else states)


def set_own_random_state(model: Any, state: torch.Tensor) -> None:
    """Puts the random generators back to a state that `own_random_state` returned."""
    places: list[Callable[[torch.Tensor], Any]] = [torch.set_rng_state]
    sizes = [torch.get_rng_state().numel()]
    for generator in _generators(model):
        places.append(generator.set_state)
        sizes.append(generator.get_state().numel())
    if backend.get_backend() == "cuda":
        places.append(torch.cuda.set_rng_state)
        sizes.append(torch.cuda.get_rng_state().numel())
    if sum(sizes) != state.numel():
        return  # from another kind of machine: what is drawn next is random all the same
    for place, part in zip(places, state.split(sizes), strict=True):
        place(part.clone())


def _generators(model: Any) -> list[torch.Generator]:
    generators = []
    for layer in model.modules():
        generator = (
            layer._seeded(backend.device()) if isinstance(layer, Dropout) else getattr(layer, "_generator", None)
        )
        if generator is not None:
            generators.append(generator)
    return generators
