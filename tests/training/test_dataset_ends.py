"""fit_dataset ends early: by Ctrl-C, an error or a cancelled task. Nothing hangs or runs on; what was learned stays."""

import asyncio
import contextlib
import os
import signal
import threading
import time

import numpy as np
import pytest
from PIL import Image

import velveteen as vt


@pytest.fixture
def folder(tmp_path):
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for number in range(260):  # so many are decoded by processes
            Image.new("L", (4, 4), number % 256).save(tmp_path / label / f"{number}.png")
    return tmp_path


def model():
    made = vt.sequential([vt.layers.flatten(input_shape=[4, 4, 1]), vt.layers.dense(2, activation="softmax")])
    made.compile("adam", "categoricalCrossentropy")
    return made


def assert_threads_end():
    deadline = time.monotonic() + 10
    while running := [thread.name for thread in threading.enumerate() if thread.name.startswith("velveteen-")]:
        assert time.monotonic() < deadline, running
        time.sleep(0.01)


def test_ctrl_c_keeps_what_was_learned(folder):
    trained = model()
    before = trained.get_weights()[0].numpy()
    seen = []

    def press(batch, logs):
        seen.append(batch)
        if batch == 2:
            os.kill(os.getpid(), signal.SIGINT)

    endless = vt.data.image_folder(folder, (4, 4), 1).batch(8).repeat()
    history = trained.fit_dataset(
        endless, batches_per_epoch=50, epochs=9, verbose=False, callbacks={"on_batch_end": press}
    )
    assert history.interrupted
    assert seen == [0, 1, 2]
    assert not np.array_equal(trained.get_weights()[0].numpy(), before)
    assert not trained.training
    del endless
    assert_threads_end()


def test_a_second_ctrl_c_interrupts_at_once(folder):
    trained = model()

    def press(batch, logs):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        trained.fit_dataset(
            vt.data.image_folder(folder, (4, 4), 1).batch(8), verbose=False, callbacks={"on_batch_end": press}
        )
    assert not trained.training
    assert_threads_end()
    trained.fit_dataset(vt.data.image_folder(folder, (4, 4), 1).batch(64), verbose=False)


def test_fit_dataset_async_trains_and_can_be_cancelled(folder):
    trained = model()
    batches = vt.data.image_folder(folder, (4, 4), 1).batch(16)

    async def train():
        history = await trained.fit_dataset_async(batches, epochs=2, verbose=False)
        assert len(history.epoch) == 2
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()
        callbacks = {"on_batch_end": lambda batch, logs: loop.call_soon_threadsafe(begun.set)}
        task = asyncio.create_task(trained.fit_dataset_async(batches, epochs=10**6, verbose=False, callbacks=callbacks))
        await begun.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(train())
    assert not trained.training
    assert_threads_end()
