"""Variable: a tensor whose value can be replaced."""

import weakref
from typing import ClassVar

from velveteen.errors import DtypeError, ShapeError
from velveteen.tensors import Dtype, Shape, Tensor, TensorLike, copy_to_store, dtype_name


class Variable(Tensor):
    """A tensor whose value can be replaced with `assign`; gradients can be taken with respect to it.

    Args:
        initial_value: anything tensor-like; it is copied.
        trainable: whether optimizers and `variable_grads` change it when no list of variables is given.
        name: a name; by default `variable_1`, `variable_2`, …
        dtype: as for Tensor.
    """

    __slots__ = ("trainable",)
    _count = 0
    _all: ClassVar["weakref.WeakValueDictionary[int, Variable]"] = weakref.WeakValueDictionary()

    def __init__(
        self,
        initial_value: TensorLike,
        trainable: bool = True,
        name: str | None = None,
        dtype: Dtype | None = None,
    ):
        self._adopt(copy_to_store(initial_value, None, dtype))
        Variable._count += 1
        self.name = name or f"variable_{Variable._count}"
        self.trainable = trainable
        Variable._all[id(self)] = self

    @staticmethod
    def trainable_variables() -> list["Variable"]:
        """Returns the living variables that are trainable, in the order of their names' counting."""
        living = [v for v in Variable._all.values() if v.trainable and not v.is_disposed]
        return sorted(living, key=lambda v: (len(v.name or ""), v.name or ""))

    def assign(self, new_value: TensorLike) -> None:
        """Replaces the value. Tensors computed from the old one keep theirs.

        Raises:
            ShapeError, DtypeError: when shape or dtype differ from the variable's.
        """
        store = copy_to_store(new_value, None, None)
        if Shape(store.shape) != self.shape:
            raise ShapeError(
                f'Variable "{self.name}" has shape {self.shape}, so it cannot take {Shape(store.shape)}. '
                "Reshape the new value, or make a new variable."
            )
        if dtype_name(store) != self.dtype:
            raise DtypeError(
                f'Variable "{self.name}" is {self.dtype}, so it cannot take {dtype_name(store)}. '
                f'Use .cast("{self.dtype}") first.'
            )
        self._store = store

    def __repr__(self) -> str:
        return f'Variable "{self.name}"\n{super().__repr__()}'
