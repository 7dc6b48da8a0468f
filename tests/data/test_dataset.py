"""Datasets: laziness, threads, awaiting, and what they say when used wrongly."""

import asyncio
import itertools
import math
import threading

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError, VelveteenError

data = vt.data


def counted(count=10):
    """Returns a dataset of numbers, and the list of those fetched so far."""
    fetched = []

    def rows():
        for number in range(count):
            fetched.append(number)
            yield number

    return data.generator(rows), fetched


async def double(x):
    await asyncio.sleep(0)
    return 2 * x


PIPELINES = {
    "map": lambda dataset: dataset.map(lambda x: x),
    "filter": lambda dataset: dataset.filter(lambda x: True),
    "take": lambda dataset: dataset.take(8),
    "skip": lambda dataset: dataset.skip(0),
    "repeat": lambda dataset: dataset.repeat(),
    "concatenate": lambda dataset: dataset.concatenate(dataset),
    "zip": lambda dataset: data.zip((dataset, data.array(range(10)))),
    "map_async": lambda dataset: dataset.map_async(double),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_only_what_is_asked_for_is_fetched(name):
    dataset, fetched = counted()
    pipeline = PIPELINES[name](dataset)
    assert fetched == []
    assert len(list(itertools.islice(pipeline, 3))) == 3
    assert len(fetched) <= 4


def test_each_loop_starts_anew():
    dataset, fetched = counted(3)
    pipeline = dataset.map(lambda x: x + 1).batch(2)
    assert [batch.array_sync() for batch in pipeline] == [[1, 2], [3]]
    assert [batch.array_sync() for batch in pipeline] == [[1, 2], [3]]
    assert fetched == [0, 1, 2, 0, 1, 2]


def test_async_for_and_for_each():
    async def main():
        seen = [x async for x in data.array([1, 2, 3]).map_async(double, parallel=2)]
        called = []

        async def note(x):
            called.append(x)

        await data.array([4, 5]).for_each_async(note)
        await data.array([6]).for_each_async(called.append)
        # A loop that is no async one works inside of a running event loop as well.
        return seen, called, data.array([7]).map_async(double).to_array()

    assert asyncio.run(main()) == ([2, 4, 6], [4, 5, 6], [14])
    called = []
    data.array([1, 2]).for_each(called.append)
    assert called == [1, 2]


def test_map_async_runs_several_at_a_time_and_keeps_the_order():
    at_once, most = 0, 0

    async def slow(x):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01 * (3 - x % 3))
        at_once -= 1
        return x

    assert data.array(range(7)).map_async(slow, parallel=3).to_array() == list(range(7))
    assert most == 3


def test_an_async_generator_is_a_source():
    closed = []

    async def rows():
        try:
            for number in range(5):
                await asyncio.sleep(0)
                yield number
        finally:
            closed.append(True)

    assert data.generator(rows).take(2).to_array() == [0, 1]
    assert data.generator(rows).to_array() == [0, 1, 2, 3, 4]
    assert closed == [True, True]


@pytest.mark.parametrize("workers", [1, 4])
def test_workers_keep_the_order_and_hold_little(workers):
    dataset, fetched = counted(100)
    iterator = iter(dataset.map(lambda x: 2 * x, workers=workers))
    assert [next(iterator) for _ in range(3)] == [0, 2, 4]
    assert len(fetched) <= 3 + 2 * workers
    assert list(iterator) == list(range(6, 200, 2))


def prefetching():
    return [thread for thread in threading.enumerate() if thread.name == "velveteen-prefetch" and thread.is_alive()]


def test_prefetch_works_ahead_within_its_buffer():
    ahead = threading.Event()
    fetched = []

    def rows():
        for number in range(100):
            fetched.append(number)
            if len(fetched) == 5:
                ahead.set()
            yield number

    iterator = iter(data.generator(rows).prefetch(3))
    assert next(iterator) == 0
    assert ahead.wait(5)  # one taken, three ready, one that waits for a place
    assert len(fetched) == 5
    assert list(iterator) == list(range(1, 100))


def test_leaving_a_loop_ends_its_thread():
    for _ in data.array(range(100)).prefetch(2):
        break
    for thread in prefetching():
        thread.join(5)
    assert prefetching() == []


def test_an_error_in_the_thread_arrives_where_it_is_asked_for():
    def rows():
        yield 1
        raise KeyError("gone")

    iterator = iter(data.generator(rows).prefetch(2))
    assert next(iterator) == 1
    with pytest.raises(KeyError, match="gone"):
        next(iterator)


def test_shuffle_holds_no_more_than_its_buffer():
    dataset, fetched = counted(1000)
    iterator = iter(dataset.shuffle(10, seed=1))
    next(iterator)
    assert len(fetched) <= 11
    assert sorted(dataset.shuffle(10).to_array()) == list(range(1000))


def test_shuffle_orders():
    numbers = data.array(range(20))
    anew, same = numbers.shuffle(20, 3), numbers.shuffle(20, 3, reshuffle_each_iteration=False)
    assert anew.to_array() != anew.to_array()
    assert same.to_array() == same.to_array()

    def drawn():
        vt.set_random_seed(4)
        return numbers.shuffle(20).to_array()

    assert drawn() == drawn()
    assert numbers.shuffle(20).to_array() != drawn()


def test_func_goes_on_where_it_ended():
    left = iter(range(3))

    def f():
        value = next(left, None)
        return {"value": value, "done": value is None}

    dataset = data.func(f)
    assert dataset.to_array() == [0, 1, 2]
    assert dataset.to_array() == []


def test_zip_of_structures():
    pairs = data.zip({"a": data.array([1, 2]), "b": (data.array(["xyz"]), [data.array(np.eye(2))])})
    first = pairs.to_array()[0]
    assert (first["a"], first["b"][0]) == (1, "xyz")
    np.testing.assert_array_equal(first["b"][1][0], [1, 0])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(1, [2, 3]), (4, [5, 6])], ([1, 4], [[2, 3], [5, 6]])),
        ([np.ones(2), np.zeros(2)], [[1, 1], [0, 0]]),
        ([vt.tensor([1, 2]), vt.tensor([3, 4])], [[1, 2], [3, 4]]),
        ([torch.ones(1), torch.zeros(1)], [[1], [0]]),
        ([[vt.scalar(1), vt.scalar(2)], [vt.scalar(3), vt.scalar(4)]], [[1, 2], [3, 4]]),
        ([np.float64(1), np.float64(2)], [1, 2]),
    ],
)
def test_batch_of(rows, expected):
    def plain(value):
        return tuple(map(plain, value)) if isinstance(value, tuple) else value.array_sync()

    (batch,) = data.array(rows).batch(2)
    assert plain(batch) == expected


def test_missing_numbers_become_nan_and_integers_keep_their_kind():
    (batch,) = data.array([{"a": 1.0, "b": np.int64(3)}, {"a": None, "b": np.int64(4)}]).batch(2)
    assert math.isnan(batch["a"].array_sync()[1])
    assert batch["b"].dtype == "int32"


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([{"a": 1}, {"b": 1}], DataError, r"element 1 of the batch has no \['a'\].*map\(\)"),
        ([(1, 2), (3,)], DataError, r"element 1 of the batch has no \[1\]"),
        ([{"a": 1}, 2], DataError, r"element 1 of the batch has no \['a'\]"),
        ([{"a": "x"}, {"a": None}], DataError, r"element\['a'\] of 2 elements: a value is missing"),
        ([[1, 2], [3]], ShapeError, "batch.. cannot join 2 elements.*same length"),
        ([vt.tensor([1]), vt.tensor([1, 2])], ShapeError, r"shapes differ \(\[1\] and \[2\]\)"),
        ([1, "a"], VelveteenError, "mixes"),
    ],
)
def test_what_does_not_fit_into_a_batch(rows, error, message):
    with pytest.raises(error, match=message):
        data.array(rows).batch(2).to_array()


def test_a_repetition_of_nothing_ends_with_a_word():
    with pytest.raises(DataError, match="finds no elements to repeat"):
        data.generator(lambda: iter(())).repeat().to_array()
    assert data.array([]).repeat().size == 0


NUMBERS = data.array([1, 2, 3])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: NUMBERS.batch(0), ArgumentError, "batch_size to be at least 1, got 0"),
        (lambda: NUMBERS.batch(2.5), ArgumentTypeError, "batch_size to be an integer, got 2.5"),
        (lambda: NUMBERS.shuffle(None), ArgumentTypeError, "buffer_size to be an integer"),
        (lambda: NUMBERS.shuffle(0), ArgumentError, "at least 1"),
        (lambda: NUMBERS.prefetch(0), ArgumentError, "buffer_size to be at least 1"),
        (lambda: NUMBERS.take("x"), ArgumentTypeError, "count to be an integer"),
        (lambda: NUMBERS.map(3), ArgumentTypeError, "a function of one element"),
        (lambda: NUMBERS.map_async(double, parallel=0), ArgumentError, "parallel"),
        (lambda: NUMBERS.concatenate([1]), ArgumentTypeError, "expects a Dataset, got list"),
        (lambda: NUMBERS.repeat().to_array(), ArgumentError, "without end.*take"),
        (lambda: data.zip([1, 2]), ArgumentTypeError, "zip.. expects datasets"),
        (lambda: data.array(x for x in [1]), ArgumentTypeError, "vt.data.generator"),
        (lambda: data.array({"a": 1}), ArgumentTypeError, "list of elements, got dict"),
        (lambda: data.generator(iter([1])), ArgumentTypeError, r"generator\(rows\), not"),
        (lambda: data.generator(lambda: 3).to_array(), ArgumentTypeError, "must yield elements, but returned 3"),
        (lambda: data.func(3), ArgumentTypeError, "expects a function"),
        (lambda: data.func(lambda: 3).to_array(), ArgumentTypeError, '"value": element, "done": False'),
    ],
)
def test_wrong_calls(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_what_a_dataset_looks_like():
    assert repr(NUMBERS.batch(2)) == "<Dataset, 2 elements>"
    assert repr(NUMBERS.filter(bool)) == "<Dataset, unknown elements>"
    assert NUMBERS.skip(-1).to_array() == NUMBERS.take(-1).to_array() == [1, 2, 3]
