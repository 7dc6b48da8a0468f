"""Recordings are changed, each in the way that its setting says, and the same seed changes them the same way."""

import dataclasses

import numpy as np
import pytest
import torch

from tests.recipes.commands.conftest import RATE, spoken
from velveteen.errors import ArgumentError
from velveteen.recipes.commands.augmentation import NONE, Augmentation, Strength
from velveteen.recipes.commands.features import LogMel

LOG_MEL = LogMel.at(RATE)


@pytest.fixture(scope="module")
def sounds():
    """Sixty-four sounds of a second, in whose middle something is said."""
    rows = np.zeros((64, RATE), np.float32)
    for number, row in enumerate(rows):
        row[2000:6000] = spoken(("rise", "fall", "stay")[number % 3], 150, number)
    return torch.from_numpy(rows)


def only(talk=None, **settings):
    return Augmentation(dataclasses.replace(NONE, **settings), LOG_MEL, RATE, talk=talk, seed=1)


def test_none_changes_nothing(sounds):
    torch.testing.assert_close(only().sounds(sounds), sounds, atol=1e-5, rtol=0)
    torch.testing.assert_close(only()(sounds), LOG_MEL(sounds), atol=1e-3, rtol=0)


def test_the_seed_decides_and_each_time_is_another(sounds):
    first, again = (Augmentation(Strength(), LOG_MEL, RATE, seed=3) for _ in range(2))
    once = first(sounds)
    assert torch.equal(once, again(sounds))
    assert not torch.equal(once, first(sounds))
    assert once.shape == (64, LOG_MEL.frames(RATE), LOG_MEL.mels, 1)
    assert torch.isfinite(once).all() and once.min() >= 0 and once.max() <= 1


def test_shift_moves_a_word_so_far_at_most(sounds):
    moved = only(shift=0.1).sounds(sounds)
    centers = [(sound.square() @ torch.arange(RATE).float() / sound.square().sum()).item() for sound in moved]
    originals = [(sound.square() @ torch.arange(RATE).float() / sound.square().sum()).item() for sound in sounds]
    shifts = np.subtract(centers, originals) / RATE
    assert np.abs(shifts).max() <= 0.101
    assert shifts.min() < -0.05 and shifts.max() > 0.05


def test_speed_moves_pitch_and_length_together():
    time = torch.arange(RATE) / RATE
    tone = (torch.sin(2 * np.pi * 400 * time) * (time > 0.2) * (time < 0.8)).repeat(64, 1)
    moved = only(speed=1.25).sounds(tone)
    pitches = torch.fft.rfft(moved).abs().argmax(1).float()
    assert 318 <= pitches.min() < 360 and 440 < pitches.max() <= 502
    lengths = torch.tensor([np.ptp(np.flatnonzero(sound.abs() > 0.1)) / (0.6 * RATE) for sound in moved])
    torch.testing.assert_close(lengths.float(), 400 / pitches, atol=0.01, rtol=0)


def test_noise_is_as_loud_as_asked(sounds):
    noise = only(noisy=1.0, noise=(10.0, 10.0)).sounds(sounds) - sounds
    decibels = 10 * (sounds.square().mean(1) / noise.square().mean(1)).log10()
    torch.testing.assert_close(decibels, torch.full((64,), 10.0), atol=0.1, rtol=0)


def test_a_share_is_left_as_it_is(sounds):
    changed = only(unchanged=0.5, noisy=1.0, masks=1)(sounds)
    same = (changed - LOG_MEL(sounds)).abs().amax((1, 2, 3)) < 1e-6
    assert 20 < same.sum() < 44
    few = only(unchanged=0.01)
    for _ in range(5):  # mostly none of two
        torch.testing.assert_close(few(sounds[:2]), LOG_MEL(sounds[:2]), atol=1e-3, rtol=0)


def test_a_share_gets_noise(sounds):
    changed = (only(noisy=0.5).sounds(sounds) - sounds).abs().amax(1) > 1e-5
    assert 20 < changed.sum() < 44


def test_silence_gets_noise_too():
    heard = only(noisy=1.0).sounds(torch.zeros(8, RATE))
    assert (heard.square().mean(1) > 0).all()


def test_recorded_noise_is_mixed_in():
    hum = np.sin(2 * np.pi * 50 * np.arange(3 * RATE) / RATE).astype(np.float32)
    augmentation = Augmentation(dataclasses.replace(NONE, noisy=1.0), LOG_MEL, RATE, [hum], seed=1)
    spectra = torch.fft.rfft(augmentation.sounds(torch.zeros(60, RATE))).abs().square()
    hums = spectra[:, 50] / spectra.sum(1) > 0.9
    assert 25 < hums.sum() < 55  # two thirds


def test_voices_mix_in_others_faintly(sounds):
    heard = only(voices=1.0).sounds(sounds)
    decibels = 10 * (sounds.square().mean(1) / (heard - sounds).square().mean(1)).log10()
    assert decibels.min() > 7.9 and decibels.max() < 25.1


def test_babble_is_as_loud_as_asked_and_there_is_some_without_a_word(sounds):
    talk = np.sin(np.arange(5 * RATE)).astype(np.float32)
    heard = only(talk, babble=1.0, crowd=(5.0, 15.0)).sounds(sounds)
    decibels = 10 * (sounds.square().mean(1) / (heard - sounds).square().mean(1)).log10()
    assert 4.9 < decibels.min() < 8 and 12 < decibels.max() < 15.1
    assert (only(talk, babble=1.0).sounds(torch.zeros(8, RATE)).square().mean(1) > 0).all()
    some = (only(talk, babble=0.5).sounds(sounds) - sounds).abs().amax(1) > 1e-5
    assert 20 < some.sum() < 44


def test_without_talk_there_is_no_babble(sounds):
    torch.testing.assert_close(only(babble=1.0).sounds(sounds), sounds, atol=1e-5, rtol=0)


def test_uneven_raises_and_lowers_loudness_smoothly(sounds):
    augmentation = only(uneven=4.0)
    hills = augmentation._hills(200, 61, 40)
    # Halfway between independent values there is less; over both axes, two thirds in the mean.
    assert hills.std().item() == pytest.approx(4 * 2 / 3, rel=0.1)
    assert (hills[:, 1:] - hills[:, :-1]).abs().mean() < 1 and (hills[:, :, 1:] - hills[:, :, :-1]).abs().mean() < 1
    seen = augmentation(sounds)
    assert not torch.allclose(seen, LOG_MEL(sounds), atol=0.05) and seen.max() <= 1 and seen.min() >= 0


def test_rooms_let_a_sound_die_away_after_it_came(sounds):
    click = torch.zeros(64, RATE)
    click[:, 1000] = 1
    heard = only(rooms=1.0, reverberation=(0.3, 0.3)).sounds(click)
    assert heard[:, :999].abs().max() < 1e-4
    early, late = (heard[:, 1000 + a : 1000 + b].square().mean() for a, b in ((100, 500), (1700, 2100)))
    # -60 dB in 0.3 s: of 0.2 s between both stretches, 40 dB.
    assert (10 * (early / late).log10()).item() == pytest.approx(40, abs=2)


def test_microphones_take_away_what_is_above_and_below(sounds):
    noise = torch.randn(64, RATE, generator=torch.Generator().manual_seed(1))
    before, after = (torch.fft.rfft(x).abs().square() for x in (noise, only(bands=1.0).sounds(noise)))
    change = 10 * (after[:, 20:60].mean(1) / before[:, 20:60].mean(1)).log10()
    assert change.min() < -15
    middle = 10 * (after[:, 900:1100].mean(1) / before[:, 900:1100].mean(1)).log10()
    assert middle.abs().max() < 6


def test_framed_sounds_are_silent_around_the_word(sounds):
    noisy = sounds + 0.02 * torch.randn(64, RATE, generator=torch.Generator().manual_seed(1))
    augmentation = only(framed=1.0)
    heard = augmentation._framed(noisy, sounds)
    assert (heard[:, 3000:5000] == noisy[:, 3000:5000]).all()
    assert (heard[:, :700] == 0).all() and (heard[:, 7300:] == 0).all()


def test_a_silent_sound_is_not_framed():
    noise = torch.randn(4, RATE)
    assert torch.equal(only(framed=1.0)._framed(noise, torch.zeros(4, RATE)), noise)


def test_masks_hide_stretches():
    seen = torch.ones(64, 61, 40, 1)
    hidden = only(masks=1, mask_frames=8, mask_mels=6).masked(seen)[..., 0] == 0
    frames, mels = hidden.all(2).sum(1), hidden.all(1).sum(1)
    assert frames.max() == 8 and mels.max() == 6
    assert frames.min() == 0 or mels.min() == 0


def test_tract_moves_formants_and_not_the_time(sounds):
    plain, warped = LOG_MEL(sounds)[..., 0], only(tract=1.2)(sounds)[..., 0]
    loud = plain.mean(2) > plain.mean()
    difference = (warped - plain).abs().mean((1, 2))
    assert (difference > 0.005).float().mean() > 0.7
    correlation = torch.corrcoef(torch.stack([plain.mean(2).flatten(), warped.mean(2).flatten()]))[0, 1]
    assert loud.any() and correlation > 0.98


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"noisy": 1.5}, "share of noisy must be from 0 to 1"), ({"speed": 0.5}, "speed and tract must be 1 or more")],
)
def test_settings_that_make_no_sense(settings, message):
    with pytest.raises(ArgumentError, match=message):
        Strength(**settings)
