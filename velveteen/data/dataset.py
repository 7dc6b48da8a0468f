"""Dataset: a stream of elements that is read anew each time, and the steps on its way."""

import itertools
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any

import torch

from velveteen.data._alea import Alea
from velveteen.data._batching import batches
from velveteen.data._threads import awaited, mapped, prefetched, to_async
from velveteen.errors import ArgumentError, ArgumentTypeError, DataError

Size = int | float | None
"""How many elements there are: a number, `math.inf`, or None where nobody knows."""
_EMPTY = object()


class Dataset:
    """Elements that are fetched one by one while somebody asks for them; each loop starts anew.

    An element is anything: a number, a string, a list, an array, a Tensor, or dicts and tuples of those. `for` and
    `async for` go through them.

    Args:
        make_iterator: returns a new iterator over the elements.
        size: how many there are, if known.
    """

    size: Size

    def __init__(self, make_iterator: Callable[[], Iterable[Any]], size: Size = None):
        self._make_iterator = make_iterator
        self.size = size

    def __iter__(self) -> Iterator[Any]:
        return iter(self._make_iterator())

    def __aiter__(self) -> AsyncIterator[Any]:
        return to_async(iter(self))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, {'unknown' if self.size is None else self.size} elements>"

    # Steps on the way

    def batch(self, batch_size: int, small_last_batch: bool = True) -> "Dataset":
        """Joins so many elements into one, of tensors with the batch first.

        Dicts and tuples keep their structure. Everything in them, lists and arrays too, becomes a tensor; a missing
        number (None) becomes NaN.

        Args:
            batch_size: elements in a batch.
            small_last_batch: whether a rest that fills no batch is given as well.

        Raises:
            ArgumentError: a batch_size that is not positive.
            DataError, ShapeError, DtypeError: when going through it, elements that do not fit together.
        """
        _check_count("batch", "batch_size", batch_size, least=1)
        size = self.size
        if size is not None and size != math.inf:
            size = math.ceil(size / batch_size) if small_last_batch else size // batch_size
        return Dataset(lambda: batches(self, batch_size, small_last_batch), size)

    def concatenate(self, dataset: "Dataset") -> "Dataset":
        """Puts another dataset behind this one."""
        _check_dataset("concatenate", dataset)
        size = math.inf if math.inf in (self.size, dataset.size) else None
        if self.size is not None and dataset.size is not None:
            size = self.size + dataset.size
        return Dataset(lambda: itertools.chain(self, dataset), size)

    def filter(self, predicate: Callable[[Any], Any]) -> "Dataset":
        """Keeps the elements for which `predicate(element)` is true."""
        _check_callable("filter", predicate)
        return Dataset(lambda: filter(predicate, self), math.inf if self.size == math.inf else None)

    def map(self, transform: Callable[[Any], Any], *, workers: int = 0) -> "Dataset":
        """Replaces each element by `transform(element)`.

        Args:
            transform: a function of one element.
            workers: threads that work ahead, which pays where `transform` reads files, decodes or computes on arrays;
                the order stays. With 0 it runs when an element is asked for.
        """
        _check_callable("map", transform)
        _check_count("map", "workers", workers)
        return Dataset(lambda: mapped(transform, self, workers) if workers else map(transform, self), self.size)

    def map_async(self, transform: Callable[[Any], Awaitable[Any] | Any], *, parallel: int = 1) -> "Dataset":
        """Replaces each element by what `await transform(element)` gives.

        Args:
            transform: an async function of one element.
            parallel: how many elements are under way at a time; the order stays.
        """
        _check_callable("map_async", transform)
        _check_count("map_async", "parallel", parallel, least=1)
        return Dataset(lambda: awaited(transform, self, parallel), self.size)

    def prefetch(self, buffer_size: int) -> "Dataset":
        """Fetches ahead: a background thread keeps up to `buffer_size` elements ready."""
        _check_count("prefetch", "buffer_size", buffer_size, least=1)
        return Dataset(lambda: prefetched(self, buffer_size), self.size)

    def repeat(self, count: int | None = None) -> "Dataset":
        """Goes through the dataset `count` times; without end if `count` is None or negative.

        Raises:
            DataError: when going through it, a repetition without end that finds no elements.
        """
        if count is None or count < 0:
            endless = 0 if self.size == 0 else math.inf
            return Dataset(self._repeat_endlessly, None if self.size is None else endless)
        _check_count("repeat", "count", count)
        size = 0 if count == 0 else None if self.size is None else self.size * count
        return Dataset(lambda: itertools.chain.from_iterable(self for _ in range(count)), size)

    def _repeat_endlessly(self) -> Iterator[Any]:
        while True:
            found = False
            for element in self:
                found = True
                yield element
            if not found:
                raise DataError(
                    "repeat() without a count finds no elements to repeat. Check the source; one that can be read only "
                    "once (func, a shared iterator) has nothing the second time."
                )

    def shuffle(
        self, buffer_size: int, seed: int | str | None = None, reshuffle_each_iteration: bool = True
    ) -> "Dataset":
        """Draws the elements in random order from a buffer, which is refilled from the dataset.

        Args:
            buffer_size: elements in the buffer, and in memory; with as many as the dataset has, every order is equally
                likely.
            seed: makes the order repeatable, and the same as in TensorFlow.js. None, and as there also 0, draws one.
            reshuffle_each_iteration: whether each loop has another order.
        """
        _check_count("shuffle", "buffer_size", buffer_size, least=1)
        chosen = str(seed or int(torch.randint(2**62, ()).item()))
        seeds = Alea(chosen)

        def make_iterator() -> Iterator[Any]:
            nonlocal seeds
            if not reshuffle_each_iteration:
                seeds = Alea(chosen)
            inner = seeds.int32()
            if reshuffle_each_iteration:
                inner += seeds.int32()
            return _shuffled(self, buffer_size, str(inner))

        return Dataset(make_iterator, self.size)

    def skip(self, count: int) -> "Dataset":
        """Leaves out the first `count` elements; none if `count` is negative."""
        _check_integer("skip", "count", count)
        left_out = max(count, 0)
        size = None if self.size is None else max(self.size - left_out, 0)
        return Dataset(lambda: itertools.islice(self, left_out, None), size)

    def take(self, count: int) -> "Dataset":
        """Keeps the first `count` elements; all if `count` is negative."""
        _check_integer("take", "count", count)
        if count < 0:
            return Dataset(self.__iter__, self.size)
        size = None if self.size is None else min(self.size, count)
        return Dataset(lambda: itertools.islice(self, count), 0 if count == 0 else size)

    # At the end of the way

    def for_each(self, function: Callable[[Any], Any]) -> None:
        """Calls `function(element)` for every element."""
        _check_callable("for_each", function)
        for element in self:
            function(element)

    async def for_each_async(self, function: Callable[[Any], Any]) -> None:
        """Awaitable `for_each`; the function may be async too."""
        _check_callable("for_each_async", function)
        async for element in self:
            result = function(element)
            if isinstance(result, Awaitable):
                await result

    def to_array(self) -> list[Any]:
        """Returns all elements as a list.

        Raises:
            ArgumentError: a dataset without end.
        """
        if self.size == math.inf:
            raise ArgumentError("to_array() of a dataset without end would never return. Use take() first.")
        return list(self)


def _shuffled(items: Iterable[Any], buffer_size: int, seed: str) -> Iterator[Any]:
    random = Alea(seed).random
    # Behind the end TensorFlow.js fills the buffer with empty places, which are drawn like elements: so do the orders
    # come out equal.
    stream = itertools.chain(items, itertools.repeat(_EMPTY))
    buffer = list(itertools.islice(stream, buffer_size))
    while buffer:
        place = int(random() * len(buffer))
        drawn, last = buffer[place], buffer.pop()
        if place < len(buffer):
            buffer[place] = last
        if drawn is not _EMPTY:
            buffer.extend(itertools.islice(stream, buffer_size - len(buffer)))
            yield drawn


def _check_count(method: str, name: str, value: Any, least: int = 0) -> None:
    _check_integer(method, name, value)
    if value < least:
        raise ArgumentError(f"{method}() expects {name} to be at least {least}, got {value}.")


def _check_integer(method: str, name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentTypeError(f"{method}() expects {name} to be an integer, got {value!r:.60}.")


def _check_callable(method: str, function: Any) -> None:
    if not callable(function):
        raise ArgumentTypeError(f"{method}() expects a function of one element, got {function!r:.60}.")


def _check_dataset(method: str, dataset: Any) -> None:
    if not isinstance(dataset, Dataset):
        raise ArgumentTypeError(
            f"{method}() expects a Dataset, got {type(dataset).__name__}. Make one with vt.data.array(…)."
        )
