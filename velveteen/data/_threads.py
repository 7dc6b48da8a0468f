"""Working ahead: a thread that fetches, threads that transform, and a loop for what is awaited."""

import asyncio
import collections
import concurrent.futures
import inspect
import itertools
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any

_END = object()


def prefetched(items: Iterable[Any], size: int) -> Iterator[Any]:
    """Yields the items, of which a thread keeps up to `size` ready; what it raises is raised here."""
    buffer = _Buffer(size)
    # The thread knows the buffer but not this generator, so that leaving a loop early ends both.
    threading.Thread(target=_fill, args=(buffer, items), name="velveteen-prefetch", daemon=True).start()
    try:
        while True:
            item, error = buffer.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        buffer.close()


def mapped(function: Callable[[Any], Any], items: Iterable[Any], workers: int) -> Iterator[Any]:
    """Yields `function(item)` for each item, in order, computed ahead by so many threads."""
    pool = concurrent.futures.ThreadPoolExecutor(workers, thread_name_prefix="velveteen-map")
    pending: collections.deque[concurrent.futures.Future[Any]] = collections.deque()
    iterator = iter(items)
    try:
        # Two for each worker: one in work, one waiting. What is held does not grow with the data.
        for item in itertools.islice(iterator, 2 * workers):
            pending.append(pool.submit(function, item))
        while pending:
            result = pending.popleft().result()
            for item in itertools.islice(iterator, 1):
                pending.append(pool.submit(function, item))
            yield result
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def awaited(function: Callable[[Any], Any], items: Iterable[Any], parallel: int) -> Iterator[Any]:
    """Yields what `function(item)` gives when awaited, in order; so many are under way at a time."""
    with _Loop() as loop:
        pending: collections.deque[Any] = collections.deque()
        iterator = iter(items)
        for item in itertools.islice(iterator, parallel):
            pending.append(loop.start(function(item)))
        while pending:
            result = pending.popleft().result()
            for item in itertools.islice(iterator, 1):
                pending.append(loop.start(function(item)))
            yield result


def from_async(items: AsyncIterator[Any]) -> Iterator[Any]:
    """Yields the items of an asynchronous iterator, such as an async generator."""
    with _Loop() as loop:
        try:
            while (item := loop.start(_next(items)).result()) is not _END:
                yield item
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                loop.start(close()).result()


async def to_async(items: Iterator[Any]) -> AsyncIterator[Any]:
    """Yields the items to `async for`; each is fetched in a worker thread."""
    while (item := await asyncio.to_thread(next, items, _END)) is not _END:
        yield item


class _Buffer:
    """A bounded queue that either end can close."""

    def __init__(self, size: int):
        self._size = size
        self._items: collections.deque[tuple[Any, BaseException | None]] = collections.deque()
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: Any, error: BaseException | None = None) -> bool:
        """Waits for a place; returns whether anybody still wants more."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._items) < self._size)
            self._items.append((item, error))
            self._changed.notify_all()
            return not self._closed

    def get(self) -> tuple[Any, BaseException | None]:
        with self._changed:
            self._changed.wait_for(lambda: self._items)
            found = self._items.popleft()
            self._changed.notify_all()
            return found

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()


def _fill(buffer: _Buffer, items: Iterable[Any]) -> None:
    try:
        for item in items:
            if not buffer.put(item):
                return
        buffer.put(_END)
    except BaseException as error:
        buffer.put(None, error)


class _Loop:
    """An event loop in a thread of its own, since the caller's thread may be running one already."""

    def __enter__(self) -> "_Loop":
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="velveteen-await", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        asyncio.run_coroutine_threadsafe(_cancel_others(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def start(self, value: Any) -> concurrent.futures.Future[Any]:
        """Starts to await a value; one that needs no waiting is passed on."""
        return asyncio.run_coroutine_threadsafe(_settle(value), self._loop)


async def _settle(value: Any | Awaitable[Any]) -> Any:
    return await value if inspect.isawaitable(value) else value


async def _next(items: AsyncIterator[Any]) -> Any:
    try:
        return await anext(items)
    except StopAsyncIteration:
        return _END


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
