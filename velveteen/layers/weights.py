"""A layer's weight as users and files see it, whatever layout the kernel keeps it in."""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import torch
from torch import nn

from velveteen import backend
from velveteen.errors import FileFormatError, ShapeError
from velveteen.tensors import TORCH_DTYPES, Shape, TensorLike, copy_to_store
from velveteen.variables import Variable

_scopes: ContextVar[tuple[str, ...]] = ContextVar("name scopes", default=())


@contextlib.contextmanager
def name_scope(name: str) -> Iterator[None]:
    """Prefixes the names of the weights made inside: "lstm_1" makes "lstm_1/kernel"."""
    token = _scopes.set((*_scopes.get(), name))
    try:
        yield
    finally:
        _scopes.reset(token)


@contextlib.contextmanager
def outer_name_scope() -> Iterator[None]:
    """Weights made inside have no prefix but their layer's: a model inside of others gives none to its layers'."""
    token = _scopes.set(())
    try:
        yield
    finally:
        _scopes.reset(token)


class _Room:
    """How many numbers the weights of a model that is being loaded may still hold."""

    def __init__(self, count: int):
        self.left = count

    def take(self, name: str, shape: tuple[int, ...]) -> None:
        self.left -= math.prod(shape)
        if self.left < 0:
            raise FileFormatError(
                f'The layer of weight "{_full_name(name)}" asks for shape {Shape(shape)}, many times more '
                "numbers than the file holds. The topology and the weights are of different models, or the file is hostile."
            )


_room: ContextVar[_Room | None] = ContextVar("room for weights", default=None)


@contextlib.contextmanager
def weights_come_later(count: int) -> Iterator[None]:
    """Weights made inside start as zeros, since a file's values replace them: initializers would cost time for nothing.

    Args:
        count: how many numbers the file holds. Layers that ask for many times more get a FileFormatError; a small
            excess is left to the comparison by name, whose message says more.
    """
    token = _room.set(_Room(4 * count + 2**20))
    try:
        yield
    finally:
        _room.reset(token)


def _full_name(name: str) -> str:
    return "/".join((*_scopes.get(), name))


def initial_value(
    name: str, shape: Sequence[int], dtype: str, initializer: Callable[..., torch.Tensor]
) -> torch.Tensor:
    """Returns what a weight starts with."""
    room = _room.get()
    if room is None:
        return initializer(tuple(shape), dtype)
    room.take(name, tuple(shape))
    return torch.zeros(tuple(shape), dtype=TORCH_DTYPES[dtype])


class Weight(Variable):
    """A view of an nn.Parameter (or buffer) of a layer, in TensorFlow.js's layout.

    Args:
        module, attribute: where the parameter lives.
        name: as in files, such as "dense_1/kernel".
        shape: in TensorFlow.js's layout.
        stored: how the axes of that layout are permuted in the parameter; None for not at all.
    """

    __slots__ = ("module", "attribute", "full_shape", "stored", "constraint", "regularizer")

    def __init__(
        self,
        module: nn.Module,
        attribute: str,
        name: str,
        shape: Sequence[int],
        stored: Sequence[int] | None,
        regularizer: Callable[[torch.Tensor], torch.Tensor] | None,
        constraint: Callable[[torch.Tensor], torch.Tensor] | None,
    ):
        self._store = None
        self.module = module
        self.attribute = attribute
        self.name = _full_name(name)
        self.full_shape = Shape(shape)
        self.stored = tuple(stored) if stored is not None else None
        self.regularizer = regularizer
        self.constraint = constraint
        Variable._all[id(self)] = self

    @property
    def parameter(self) -> torch.Tensor:
        """The nn.Parameter or buffer itself, in the kernel's layout."""
        return getattr(self.module, self.attribute)

    def inside(self, outside: torch.Tensor) -> torch.Tensor:
        """Returns a value of TensorFlow.js's layout in the kernel's layout, as a view."""
        return outside if self.stored is None else outside.permute(self.stored)

    def outside(self, inside: torch.Tensor) -> torch.Tensor:
        """Returns a value of the kernel's layout in TensorFlow.js's layout, as a view."""
        if self.stored is None:
            return inside
        back = sorted(range(len(self.stored)), key=self.stored.__getitem__)
        return inside.permute(back)

    @property
    def value(self) -> torch.Tensor:
        parameter = self.parameter
        if backend.is_recording():
            return self.outside(parameter)
        # A copy: the optimizer changes the parameter in place, and a Tensor never changes.
        return self.outside(_whole(parameter.detach())).clone(memory_format=torch.contiguous_format)

    @property
    def shape(self) -> Shape:
        return self.full_shape

    @property
    def is_disposed(self) -> bool:
        return False

    @property
    def trainable(self) -> bool:  # type: ignore[override]
        return isinstance(self.parameter, nn.Parameter)

    def read(self) -> "Variable":
        """Returns this weight, which is a tensor as any other (TensorFlow.js's `LayerVariable.read`)."""
        return self

    def assign(self, new_value: TensorLike) -> None:
        """Replaces the weight's values; as in TensorFlow.js, its constraint is applied to the new ones.

        Raises:
            ShapeError: when the shape differs.
        """
        store: Any = new_value if isinstance(new_value, torch.Tensor) else copy_to_store(new_value)
        if Shape(store.shape) != self.full_shape:
            raise ShapeError(
                f'Weight "{self.name}" has shape {self.full_shape}, so it cannot take {Shape(store.shape)}.'
            )
        with torch.no_grad():
            fill(self.parameter, self.inside(store))
        self.constrain()

    write = assign

    def penalty(self) -> torch.Tensor:
        """Returns what the regularizer adds to the loss."""
        assert self.regularizer is not None
        return self.regularizer(self.parameter)

    def constrain(self) -> None:
        """Puts the weight back into the set that its constraint allows."""
        if self.constraint is not None:
            with torch.no_grad():
                view = self.outside(self.parameter)
                view.copy_(self.constraint(view))

    def dispose(self) -> None:
        """Does nothing: the weight lives as long as its layer."""


def _whole(parameter: Any) -> torch.Tensor:
    """Returns a parameter, put together where it is divided among processes (a DTensor, of which only these know)."""
    return parameter.full_tensor() if hasattr(parameter, "full_tensor") else parameter


def fill(parameter: Any, value: torch.Tensor) -> None:
    """Writes a value of the kernel's layout into a parameter, which may be divided among processes."""
    if hasattr(parameter, "full_tensor"):
        from torch.distributed.tensor import distribute_tensor  # slow to import

        value = distribute_tensor(value.contiguous().to(parameter.device), parameter.device_mesh, parameter.placements)
    parameter.copy_(value)
