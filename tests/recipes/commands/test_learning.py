"""An epoch has what it was asked for, in a new order each time, with the labels that belong to it."""

import dataclasses

import numpy as np
import pytest

from velveteen.recipes.commands.augmentation import NONE, Augmentation
from velveteen.recipes.commands.data import Examples
from velveteen.recipes.commands.features import LogMel
from velveteen.recipes.commands.learning import Batches, Source

RATE = 8000
LOG_MEL = LogMel.at(RATE)


def tones(pitches, label):
    time = np.arange(RATE) / RATE
    waves = np.stack([8000 * np.sin(2 * np.pi * pitch * time) for pitch in pitches]).astype(np.int16)
    return Examples(waves, np.full(len(waves), label), [None] * len(waves), [""] * len(waves))


@pytest.fixture
def batches():
    """Ten low tones, each twice an epoch; ten high ones with soft targets; and silence."""
    low, high = tones(range(200, 300, 10), 0), tones(range(2000, 3000, 100), 1)
    soft = np.tile(np.float32([0.25, 0.75, 0]), (10, 1))
    augmentation = Augmentation(NONE, LOG_MEL, RATE)
    return Batches([Source(low, 20), Source(high, 10, soft)], augmentation, 3, 2, 5, 0.0, 1)


def test_an_epoch_has_as_many_of_each_as_asked_for(batches):
    found = list(batches)
    assert len(found) == len(batches) == 9 and batches.silent == 15
    seen, targets = (np.concatenate(parts) for parts in zip(*found, strict=True))
    assert seen.shape == (45, LOG_MEL.frames(RATE), LOG_MEL.mels, 1) and seen.dtype == np.float32
    kinds, counts = np.unique(targets, axis=0, return_counts=True)
    assert kinds.tolist() == [[0, 0, 1], [0.25, 0.75, 0], [1, 0, 0]] and counts.tolist() == [15, 10, 20]
    # Targets stand beside what they belong to: low tones are loud at low pitches, silence is even.
    loudest = seen[:, 30, :, 0].argmax(axis=1)
    assert (loudest[targets[:, 0] == 1] < 10).all() and (loudest[targets[:, 1] == 0.75] > 20).all()
    assert (np.ptp(seen[targets[:, 2] == 1], axis=(1, 2, 3)) == 0).all()


def test_each_epoch_has_another_order_and_the_seed_decides(batches):
    first, second = ([targets.tolist() for _, targets in batches] for _ in range(2))
    assert first != second
    again = dataclasses.replace(batches, epoch=[0])
    assert [targets.tolist() for _, targets in again] == first


def test_smoothing_gives_a_little_to_all(batches):
    smooth = dataclasses.replace(batches, smoothing=0.3)
    targets = np.concatenate([targets for _, targets in smooth])
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    assert targets.min() == pytest.approx(0.1, abs=0.05)
    assert targets.max() == pytest.approx(0.8)


def test_without_a_class_for_silence_there_is_none(batches):
    assert dataclasses.replace(batches, silence=None).silent == 0
