"""The training of tools/layout_gpu.py, which makes the network that ships: here on the CPU, step by step."""

import numpy as np
import pytest
import torch
from PIL import Image

from tools import layout_gpu
from velveteen.recipes.layout import data, main
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.learning import Alarming
from velveteen.recipes.layout.model import grid

KINDS = list(FAULTS)


@pytest.fixture
def pictures(tmp_path):
    chance = np.random.default_rng(1)
    for number in range(4):
        coarse = Image.fromarray(chance.integers(0, 255, (15, 20, 3), dtype=np.uint8))
        sound = np.asarray(coarse.resize((200, 150 + number), Image.Resampling.BICUBIC))
        broken, mask = sound.copy(), np.zeros(sound.shape[:2], np.uint8)
        broken[60:100, 80:130], mask[60:100, 80:130] = 0, 1 + KINDS.index("overlap")
        Image.fromarray(sound).save(tmp_path / f"{number}-sound.png")
        Image.fromarray(broken).save(tmp_path / f"{number}-overlap.png")
        Image.fromarray(mask).save(tmp_path / f"{number}-overlap.mask.png")
    return data.load(tmp_path)


@pytest.fixture
def on_device(pictures):
    return layout_gpu.Pictures(pictures, torch.device("cpu"), seed=1)


def test_crops_are_those_that_other_trainings_cut(pictures, on_device):
    begins = dict(zip(np.cumsum([0] + [each.mask().size for each in pictures]).tolist(), pictures, strict=False))
    sides = set()
    for _ in range(6):
        cuts = on_device.choose(128, 2, 2)
        for crop, target, place, order, tone in zip(
            *on_device.cut(cuts, 128), cuts.places.tolist(), cuts.orders.numpy(), cuts.tones.tolist(), strict=True
        ):
            begin, height, width, top, left, side = place
            page, (gamma, low, high, inverted) = begins[begin], tone
            assert (height, width) == page.mask().shape
            values = np.linspace(0, 1, 256, dtype=np.float32) ** gamma
            values = low + (high - low) * (1 - values if inverted else values)
            wanted = values[data._cut(page.pixels(), 128, top, left, side, Image.Resampling.BILINEAR)[..., order]]
            rows, columns = (first + np.arange(128) * side // 128 for first in (top, left))
            wanted[(rows < 0) | (rows >= height)] = wanted[:, (columns < 0) | (columns >= width)] = data.OUTSIDE
            # Pillow makes crops smaller in a smoother way, and lets edges of the picture fade into what is outside.
            assert (np.abs(crop.numpy() - wanted).max(axis=-1) > 0.03).mean() < 0.04
            mask = data._cut(page.mask(), 128, top, left, side, Image.Resampling.NEAREST)
            np.testing.assert_array_equal(target.numpy(), data._target(mask))
            sides.add(np.sign(side - 128))
    assert sides == {-1, 0, 1}


def test_a_batch_has_broken_ones_their_partners_and_sound_ones(pictures, on_device):
    begins = np.cumsum([0] + [each.mask().size for each in pictures])[:-1].tolist()
    twins = shown = 0
    for _ in range(40):
        cuts = on_device.choose(128, 3, 2)
        chosen = [pictures[begins.index(begin)] for begin in cuts.places[:, 0].tolist()]
        assert [each.kind for each in chosen] == ["overlap"] * 3 + [None] * 5
        for first in range(3):
            if chosen[first].page == chosen[first + 3].page and cuts.places[first, 3:].equal(
                cuts.places[first + 3, 3:]
            ):
                twins += cuts.tones[first].equal(cuts.tones[first + 3])
        _, targets = on_device.cut(cuts, 128)
        assert not targets[3:].any()
        shown += int(targets[:3].flatten(1).any(dim=1).sum())
    assert 20 < twins < 80 and shown > 80


def test_sound_places_that_look_broken_are_cut_again(pictures, on_device):
    sound = next(index for index, each in enumerate(pictures) if each.kind is None)
    on_device.alarming = [(sound, 75, 100)]
    begin = int(np.cumsum([0] + [each.mask().size for each in pictures])[sound])
    places = torch.cat([on_device.choose(128, 1, 20).places[2:] for _ in range(5)])
    around = [
        each
        for each in places.tolist()
        if each[0] == begin and each[3] <= 75 < each[3] + each[5] and each[4] <= 100 < each[4] + each[5]
    ]
    assert len(around) > 40


def test_it_learns(pictures, monkeypatch, capsys):
    monkeypatch.setattr(layout_gpu, "_LOOK_EVERY", 10)
    monkeypatch.setattr(Alarming, "LEAST", 0.0)
    looked_at = []
    look = layout_gpu.Pictures.look
    monkeypatch.setattr(
        layout_gpu.Pictures, "look", lambda self, *given: (look(self, *given), looked_at.append(len(self.alarming)))
    )
    settings = main.Settings(width=8, depth=2, epochs=4, steps=10, pairs=1, alone=1, crops=(128,), learning_rate=0.01)
    network = layout_gpu.train(pictures, settings, seed=1, every=10)
    losses = [float(line.split()[-1]) for line in capsys.readouterr().out.splitlines()]
    assert len(losses) == 4 and losses[-1] < losses[0] - 3
    assert looked_at == [36, 72, 108, 144]
    found = main.finish(network, pictures, pictures[0].path.parent / "model", settings, 8, 4, 1.0, grid(2), alarms=25.0)
    assert found.recall == 1
