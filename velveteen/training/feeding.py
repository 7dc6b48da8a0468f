"""Where the batches of an epoch come from: arrays in memory, or a dataset read while training goes on."""

import collections
import itertools
import math
from collections.abc import Generator, Iterable, Iterator
from typing import Any

import numpy as np
import torch

from velveteen.data._threads import prefetched
from velveteen.data.dataset import Dataset
from velveteen.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError, VelveteenError
from velveteen.tensors import Shape
from velveteen.training.arrays import Arrays, training_arrays
from velveteen.training.ranks import ALONE, Alone

_AHEAD = 4  # batches made ready while a step runs; with fewer the threads hand over too often, more only hold memory


class ArrayFeed:
    """Batches of arrays, in a new order each epoch if asked to."""

    def __init__(self, arrays: Arrays, batch_size: int, shuffle: bool, ranks: Alone = ALONE):
        self._arrays = arrays
        self._batch_size = batch_size
        self._shuffle = shuffle
        self._ranks = ranks
        self.ran_out = False

    def has_more(self) -> bool:
        """Returns whether there is a batch to begin another epoch with: always."""
        return True

    def epoch(self) -> Iterator[Arrays]:
        """Yields the batches of one epoch."""
        arrays = self._arrays
        with self._ranks.common_random():
            order = torch.randperm(arrays.size).to(arrays.inputs[0].device) if self._shuffle else None
        return array_batches(arrays, self._batch_size, order, self._ranks)

    def skip(self, epochs: int) -> None:
        """Goes on as after so many epochs: each is drawn anew, so there is nothing to skip."""


class DatasetFeed:
    """Batches of a dataset: all of them each epoch, or so many an epoch from one pass through all epochs.

    The first batch is fetched at once, so that what does not fit is told before training begins.
    """

    def __init__(
        self,
        model: Any,
        compilation: Any,
        dataset: Iterable[Any],
        batches_per_epoch: int | None,
        class_weight: Any,
        ranks: Alone = ALONE,
    ):
        self._make_stream = lambda: ranks.parts_of(
            dataset_batches(model, compilation, dataset, "dataset", class_weight)
        )
        self._batches_per_epoch = batches_per_epoch
        self._stream: Iterator[Arrays] | None = self._opened()
        self.ran_out = False
        """Whether an epoch ended before it had its `batches_per_epoch`."""

    def _opened(self) -> Iterator[Arrays]:
        stream = self._make_stream()
        first = next(stream, None)
        if first is None:
            raise DataError(
                "The dataset has no batches. Check its source, and any filter(), take() or skip() on the way; one that "
                "can be read only once (func, a shared iterator) is empty in the second epoch."
            )
        return itertools.chain([first], stream)

    def has_more(self) -> bool:
        """Returns whether there is a batch to begin another epoch with."""
        if self._batches_per_epoch is None:
            return True
        assert self._stream is not None
        first = next(self._stream, None)
        if first is None:
            self.ran_out = True
            return False
        self._stream = itertools.chain([first], self._stream)
        return True

    def epoch(self) -> Generator[Arrays]:
        """Yields the batches of one epoch."""
        if self._batches_per_epoch is None:
            stream, self._stream = self._stream or self._opened(), None
            yield from stream
            return
        assert self._stream is not None
        done = 0
        for batch in itertools.islice(self._stream, self._batches_per_epoch):
            done += 1
            yield batch
        self.ran_out = done < self._batches_per_epoch

    def skip(self, epochs: int) -> None:
        """Goes on as after so many epochs. Orders drawn with a seed are then those of these epochs."""
        for _ in range(epochs):
            stream = self.epoch()
            if self._batches_per_epoch is None:
                next(stream, None)  # a new look at the dataset draws a new order
                stream.close()
            else:
                collections.deque(stream, maxlen=0)


def array_batches(
    arrays: Arrays, batch_size: int, order: torch.Tensor | None = None, ranks: Alone = ALONE
) -> Iterator[Arrays]:
    """Yields so many examples at a time, in the order given; among several processes this one's part of them."""
    is_there = arrays.is_on_device
    for start in range(0, arrays.size, batch_size):
        end = min(start + batch_size, arrays.size)
        first, last = ranks.part(start, end)
        part = arrays.select(slice(first, last) if order is None else order[first:last])
        yield (part if is_there else part.sent())._replace(whole=end - start)


def dataset_batches(
    model: Any, compilation: Any, dataset: Iterable[Any], what: str, class_weight: Any = None
) -> Iterator[Arrays]:
    """Yields the dataset's batches, checked and on the device; a thread makes the next ones ready."""
    if not isinstance(dataset, Iterable) or isinstance(dataset, dict | str):
        raise ArgumentTypeError(
            f"Expected a Dataset of batches as {what}, got {type(dataset).__name__}. Make one with vt.data, such as "
            "vt.data.array(examples).batch(32); for arrays there are fit() and evaluate()."
        )
    checked = (
        _arrays(model, compilation, element, f"Batch {number} of the {what}", class_weight)
        for number, element in enumerate(dataset)
    )
    return prefetched(checked, _AHEAD)


def batch_count(dataset: Any, limit: int | None) -> int | None:
    """Returns how many batches an epoch has, or None where nobody knows."""
    if limit is not None:
        return limit
    size = dataset.size if isinstance(dataset, Dataset) else len(dataset) if hasattr(dataset, "__len__") else None
    return None if size is None or size == math.inf else int(size)


def _arrays(model: Any, compilation: Any, element: Any, where: str, class_weight: Any) -> Arrays:
    x, y, sample_weight = _parts(element, where)
    try:
        x = _named(x, model, "input_names")
        y = _named(y, model, "output_names")
        return training_arrays(model, compilation, x, y, sample_weight, class_weight)
    except VelveteenError as error:
        raise type(error)(f"{where}: {error}{_batch_hint(model, x, error)}") from error


def _parts(element: Any, where: str) -> tuple[Any, Any, Any]:
    if isinstance(element, dict) and element.get("xs") is not None and element.get("ys") is not None:
        return element["xs"], element["ys"], None
    if isinstance(element, tuple | list) and len(element) in (2, 3):
        return (*element, None)[:3]
    found = f"a dict with {', '.join(map(repr, element)) or 'nothing'}" if isinstance(element, dict) else ""
    raise ArgumentTypeError(
        f'{where} must be {{"xs": inputs, "ys": targets}} or (inputs, targets), but is '
        f"{found or type(element).__name__}. Bring it into that form with map()."
    )


def _named(values: Any, model: Any, names: str) -> Any:
    """Returns the values that have the model's names; as in TensorFlow.js there may be others."""
    if not isinstance(values, dict) or not model.built:
        return values
    wanted = getattr(model, names)
    missing = [name for name in wanted if name not in values]
    if missing:
        raise ArgumentError(
            f"there is no {', '.join(missing)} among {', '.join(map(str, values))}. Name the model's inputs and outputs "
            "like the dataset's columns, or join columns before batch(): "
            'dataset.map(lambda row: {"xs": list(row["xs"].values()), "ys": list(row["ys"].values())}).'
        )
    return {name: values[name] for name in wanted}


def _batch_hint(model: Any, x: Any, error: VelveteenError) -> str:
    if isinstance(error, ShapeError) and model.built and len(model.inputs) == 1:
        x = next(iter(x.values())) if isinstance(x, dict) else x
        try:
            is_single = Shape(np.shape(x)) == model.inputs[0].shape[1:]
        except ValueError:  # a ragged list, which the error is about already
            is_single = False
        if is_single:
            return " Or does the dataset give single examples? Group them with dataset.batch(32)."
    return ""
