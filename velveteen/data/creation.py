"""Datasets from what a program has: lists, generators, functions, other datasets."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

from velveteen.data._threads import from_async
from velveteen.data.dataset import Dataset, Size
from velveteen.errors import ArgumentTypeError

_END = object()


def array(items: Any) -> Dataset:
    """Makes a dataset of the items of a list; of an array or a Tensor, of its rows.

    Example: `vt.data.array([{"xs": [1, 2], "ys": [0]}, {"xs": [3, 4], "ys": [1]}])`.

    Raises:
        ArgumentTypeError: what has no length, such as a generator.
    """
    if isinstance(items, str | bytes | dict) or not (hasattr(items, "__len__") and hasattr(items, "__getitem__")):
        raise ArgumentTypeError(
            f"array() expects a list of elements, got {type(items).__name__}. For a function that yields elements use "
            "vt.data.generator(function)."
        )
    return Dataset(lambda: iter(items), len(items))


def generator(generator: Callable[[], Any]) -> Dataset:
    """Makes a dataset of what a generator yields; it is called anew for each loop.

    Args:
        generator: a function without arguments that returns an iterator, such as a function with `yield` in it; it may
            be async.

    Raises:
        ArgumentTypeError: what is no function; when gone through, a function that returns no iterator.
    """
    if not callable(generator):
        raise ArgumentTypeError(
            f"generator() expects a function that yields elements, got {type(generator).__name__}. Give the function "
            "itself, so that it can be called for each loop: generator(rows), not generator(rows())."
        )

    def make_iterator() -> Iterator[Any]:
        made = generator()
        if isinstance(made, AsyncIterator):
            return from_async(made)
        if not isinstance(made, Iterable):
            raise ArgumentTypeError(
                f"The function given to generator() must yield elements, but returned {made!r:.60}."
            )
        return iter(made)

    return Dataset(make_iterator)


def func(f: Callable[[], dict[str, Any]]) -> Dataset:
    """Makes a dataset that calls a function for each element.

    Args:
        f: returns `{"value": element, "done": False}`, and `{"value": None, "done": True}` behind the last element.
            What it remembers is its own: a second loop goes on where the first one ended.

    Raises:
        ArgumentTypeError: when gone through, an answer of another form.
    """
    if not callable(f):
        raise ArgumentTypeError(f"func() expects a function, got {type(f).__name__}.")

    def make_iterator() -> Iterator[Any]:
        while True:
            answer = f()
            if not isinstance(answer, dict) or "done" not in answer:
                raise ArgumentTypeError(
                    'The function given to func() must return {"value": element, "done": False}, but returned '
                    f"{answer!r:.60}. For a function with yield use vt.data.generator(function)."
                )
            if answer["done"]:
                return
            yield answer.get("value")

    return Dataset(make_iterator)


def zip(datasets: Any) -> Dataset:
    """Goes through several datasets at a time; it ends with the shortest.

    Args:
        datasets: a list, tuple or dict of datasets (and of such in turn). Each element has that structure; give
            `(xs, ys)` or `{"xs": xs, "ys": ys}` to train on.

    Raises:
        ArgumentTypeError: anything else than datasets inside.
    """
    leaves = _leaves(datasets)
    sizes = [leaf.size for leaf in leaves]
    size: Size = None if not sizes or None in sizes else min(size for size in sizes if size is not None)

    def make_iterator() -> Iterator[Any]:
        iterators = [iter(leaf) for leaf in leaves]
        while iterators:
            # All are asked before any ends it, as in TensorFlow.js.
            values = [next(iterator, _END) for iterator in iterators]
            if any(value is _END for value in values):
                return
            yield _filled(datasets, iter(values))

    return Dataset(make_iterator, size)


def _leaves(structure: Any) -> list[Dataset]:
    if isinstance(structure, Dataset):
        return [structure]
    if isinstance(structure, dict | list | tuple):
        parts = structure.values() if isinstance(structure, dict) else structure
        return [leaf for part in parts for leaf in _leaves(part)]
    raise ArgumentTypeError(
        f"zip() expects datasets in a list, tuple or dict, got {type(structure).__name__}. Make one with vt.data.array(…)."
    )


def _filled(structure: Any, values: Iterator[Any]) -> Any:
    """Returns the structure with the next values in place of its datasets."""
    if isinstance(structure, Dataset):
        return next(values)
    if isinstance(structure, dict):
        return {key: _filled(part, values) for key, part in structure.items()}
    parts = [_filled(part, values) for part in structure]
    if isinstance(structure, list):
        return parts
    return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)
