"""Trains the layout's network on an NVIDIA GPU, which learns faster than processors make crops.

Network, loss, optimizer and the choice of crops are those of `velveteen.recipes.layout.main.train`, the order of work is another: all
pictures are in the GPU's memory, the crops of a batch are cut there at once, and a step is recorded for each size of crops and
replayed. So an H200 learns from 330 million pixels a second; two cores, from some millions.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image

import velveteen as vt
from velveteen import backend
from velveteen.recipes._learning import CosineSchedule
from velveteen.recipes._muon import Muon
from velveteen.recipes.layout import data
from velveteen.recipes.layout.data import BORDER, MARGIN, OUTSIDE, Picture
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.learning import Alarming, rare_pixels
from velveteen.recipes.layout.main import Settings
from velveteen.recipes.layout.model import SHRINK, before_sigmoids, grid, unet

_PICKS = 256
"""Broken pixels of a picture among which one is chosen to cut a crop around."""
_READERS = 16
_LOOK_EVERY = 300
"""Steps between two looks for sound places that look broken."""


@dataclass(frozen=True)
class Cuts:
    """What to cut out of which pictures, and how to change it.

    Args:
        places: int64 [crops, 6]: where the picture begins, its height and width, top, left and side of the square.
        orders: int64 [crops, 3]: of the colours.
        tones: float32 [crops, 4]: gamma, the darkest, the lightest, and 1 for inverted colours.
    """

    places: torch.Tensor
    orders: torch.Tensor
    tones: torch.Tensor

    def tensors(self) -> list[torch.Tensor]:
        return [self.places, self.orders, self.tones]


class Pictures:
    """Pictures in the memory of a device, from which whole batches of crops are cut at once.

    Args:
        pictures: from `data.load`, broken ones with the sound pages that they come from.
        device: where they are kept.
        seed: of the choices.
    """

    def __init__(self, pictures: Sequence[Picture], device: torch.device, seed: int):
        self.device = device
        self.alarming: list[tuple[int, int, int]] = []
        self._chance = np.random.default_rng(seed)
        with ThreadPoolExecutor(_READERS) as readers:
            sizes = list(readers.map(_size, pictures))
            self._sizes = np.array(sizes, np.int64)
            ends = np.cumsum(self._sizes.prod(axis=1))
            self._begins = np.concatenate([[0], ends[:-1]])
            self._pixels = torch.zeros((int(ends[-1]), 3), dtype=torch.uint8, device=device)
            self._masks = torch.zeros(int(ends[-1]), dtype=torch.uint8, device=device)
            self._picks = np.full((len(pictures), _PICKS, 2), -1, np.int64)
            list(readers.map(self._read, range(len(pictures)), pictures))
        number = {each.path: index for index, each in enumerate(pictures)}
        pairs = data.paired(pictures)
        self._sound_of = {number[broken.path]: number[sound.path] for each in pairs.values() for broken, sound in each}
        self._broken = [_by_folder([(number[broken.path], broken) for broken, _ in each]) for each in pairs.values()]
        self._sound = _by_folder([(index, each) for index, each in enumerate(pictures) if each.kind is None])

    def _read(self, index: int, picture: Picture) -> None:
        part = slice(int(self._begins[index]), int(self._begins[index] + self._sizes[index].prod()))
        self._pixels[part] = torch.tensor(picture.pixels().reshape(-1, 3), device=self.device)
        if picture.kind is not None:
            mask = picture.mask()
            self._masks[part] = torch.tensor(mask.ravel(), device=self.device)
            broken = np.flatnonzero(mask)
            if len(broken):
                chosen = broken[np.random.default_rng(index).integers(len(broken), size=_PICKS)]
                self._picks[index] = np.stack(np.divmod(chosen, mask.shape[1]), axis=1)

    def choose(self, size: int, pairs: int, alone: int) -> Cuts:
        """Returns what a batch is to be cut from, as `data.Batches` chooses: broken ones, their partners, and sound ones alone."""
        chance = self._chance
        broken = [_one_of(_one_of(_one_of(self._broken, chance), chance), chance) for _ in range(pairs)]
        is_twin = chance.random(pairs) < data.Batches.twins
        partners = [
            self._sound_of[page] if same else _one_of(_one_of(self._sound, chance), chance)
            for page, same in zip(broken, is_twin, strict=True)
        ]
        others = [_one_of(_one_of(self._sound, chance), chance) for _ in range(alone)]
        chosen = np.array(broken + partners + others)
        at = np.full((len(chosen), 2), -1, np.int64)
        at[:pairs] = self._picks[broken, chance.integers(_PICKS, size=pairs)]
        at[:pairs][chance.random(pairs) < data.ELSEWHERE] = -1
        if self.alarming:
            for index in 2 * pairs + np.flatnonzero(chance.random(alone) < data.ALARMING):
                chosen[index], *at[index] = _one_of(self.alarming, chance)

        count = len(chosen)
        factors = np.where(chance.random(count) < data.UNSCALED, 1.0, chance.uniform(*data.FACTORS, size=count))
        sides = np.round(size / factors).astype(np.int64)
        most = np.maximum(0, self._sizes[chosen] + 2 * BORDER - sides[:, None])
        anywhere = chance.integers(most + 1)
        inside = chance.integers(2 * MARGIN, (sides - 2 * MARGIN)[:, None], size=(count, 2))
        corners = np.where(at[:, :1] < 0, anywhere, np.clip(at + BORDER - inside, 0, most)) - BORDER
        orders = np.argsort(chance.random((count, 3)), axis=1)
        tones = np.stack(
            [
                chance.uniform(*data.GAMMAS, count),
                chance.uniform(*data.DARKEST, count),
                chance.uniform(*data.LIGHTEST, count),
                chance.random(count) < data.INVERTED,
            ],
            axis=1,
        ).astype(np.float32)
        first, second = np.flatnonzero(is_twin), pairs + np.flatnonzero(is_twin)
        for each in (sides, corners, orders, tones):
            each[second] = each[first]
        places = np.column_stack([self._begins[chosen], self._sizes[chosen], corners, sides])
        return Cuts(*(torch.from_numpy(each) for each in (places, orders, tones)))

    def cut(self, cuts: Cuts, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns crops, float32 [crops, size, size, 3], and their targets, bool [crops, size / 4, size / 4, kinds]."""
        begin, height, width, top, left, side = (each[:, None] for each in cuts.places.unbind(1))
        steps = torch.arange(size, device=cuts.places.device)
        between = ((steps + 0.5) * (side / size) - 0.5).clamp(min=0)
        before = between.floor().long()
        after = torch.minimum(before + 1, side - 1)
        part = (between - before)[..., None]

        def values(kept: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
            """What a picture has there; outside of it, what its edge has."""
            rows, columns = (top + rows).clamp(min=0), (left + columns).clamp(min=0)
            rows, columns = torch.minimum(rows, height - 1), torch.minimum(columns, width - 1)
            return kept[(begin + rows * width)[:, :, None] + columns[:, None, :]]

        def is_out(steps: torch.Tensor) -> torch.Tensor:
            rows, columns = top + steps, left + steps
            return ((rows < 0) | (rows >= height))[:, :, None] | ((columns < 0) | (columns >= width))[:, None, :]

        def pixels(rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
            return values(self._pixels, rows, columns).float()

        upper = pixels(before, before).lerp(pixels(before, after), part[:, None])
        lower = pixels(after, before).lerp(pixels(after, after), part[:, None])
        crops = upper.lerp(lower, part[:, :, None]).round() / 255
        crops = crops.gather(3, cuts.orders[:, None, None, :].expand_as(crops))
        gamma, low, high, is_inverted = (each[:, None, None, None] for each in cuts.tones.unbind(1))
        crops = crops**gamma
        crops = low + (high - low) * (is_inverted + (1 - 2 * is_inverted) * crops)
        crops = crops.masked_fill(is_out(steps * side // size)[..., None], OUTSIDE)

        nearest = ((steps + 0.5) * (side / size)).long()
        classes = values(self._masks, nearest, nearest).masked_fill(is_out(nearest), 0)
        parts = classes.view(len(crops), size // SHRINK, SHRINK, size // SHRINK, SHRINK)
        targets = [(parts == number + 1).any(dim=4).any(dim=2) for number in range(len(FAULTS))]
        return crops, torch.stack(targets, dim=-1)

    def look(self, learner: Any, multiple: int) -> None:
        """Adds to `alarming` the places of some sound pages that look broken, as `learning.Alarming` does."""
        apart = Alarming.APART // SHRINK
        for _ in range(Alarming.LOOKED_AT):
            index = int(_one_of(_one_of(self._sound, self._chance), self._chance))
            begin, (height, width) = int(self._begins[index]), self._sizes[index].tolist()
            page = self._pixels[begin : begin + height * width].view(height, width, 3)
            sides = [-(-(side + 2 * BORDER) // multiple) * multiple for side in (height, width)]
            picture = torch.full((1, *sides, 3), OUTSIDE, device=self.device)
            picture[0, BORDER : BORDER + height, BORDER : BORDER + width] = page / 255
            with torch.no_grad(), torch.autocast(self.device.type, torch.bfloat16):
                heat = learner.graph.run([picture])[0].float().sigmoid()[0].amax(dim=-1)
            inner = BORDER // SHRINK
            heat = heat[inner : inner + -(-height // SHRINK), inner : inner + -(-width // SHRINK)]
            blocks = torch.nn.functional.max_pool2d(heat[None, None], apart, ceil_mode=True)[0, 0]
            highest, places = blocks.flatten().topk(min(Alarming.OF_A_PAGE, blocks.numel()))
            for value, place in zip(highest.tolist(), places.tolist(), strict=True):
                if value >= Alarming.LEAST:
                    row, column = divmod(place, blocks.shape[1])
                    self.alarming.append(
                        (index, int((row + 0.5) * Alarming.APART), int((column + 0.5) * Alarming.APART))
                    )
        del self.alarming[: -Alarming.KEPT]


def train(found: Sequence[Picture], settings: Settings, seed: int, every: int = 500) -> vt.Model:
    """Returns a network that has learned from pictures.

    Args:
        found: from `data.load`.
        settings: how to train.
        seed: of the choices and the first weights.
        every: so many steps after each other a line tells the mean loss.
    """
    vt.set_random_seed(seed)
    pictures = Pictures(found, backend.device(), seed)
    network = unet(settings.width, settings.depth, settings.widest)
    learner = before_sigmoids(network)
    optimizer = Muon(settings.learning_rate)
    weights = [weight.parameter.requires_grad_() for weight in learner.trainable_weights]
    rule = optimizer.torch_optimizer(weights)
    schedule = CosineSchedule(settings.learning_rate, settings.steps, settings.epochs)
    total, multiple = settings.steps * settings.epochs, grid(settings.depth)
    losses = torch.zeros((), device=pictures.device)

    def step(size: int) -> Callable[[Cuts], torch.Tensor]:
        def taken(cuts: Cuts) -> torch.Tensor:
            crops, targets = pictures.cut(cuts, size)
            is_short = settings.precision == "bfloat16"
            with torch.autocast(pictures.device.type, torch.bfloat16, enabled=is_short, cache_enabled=False):
                logits = learner.graph.run([crops])[0]
            loss = rare_pixels(targets, logits.float()).mean()
            loss.backward()
            rule.step()
            rule.zero_grad(set_to_none=True)
            return loss.detach()

        return taken

    def choose(size: int) -> Cuts:
        more = max(settings.crops) ** 2 // size**2
        return pictures.choose(size, settings.pairs * more, settings.alone * more)

    torch.backends.cudnn.benchmark = True
    learner.train()
    steps = {size: _Recorded(step(size), partial(choose, size), pictures.device) for size in settings.crops}
    torch.backends.cudnn.benchmark = False  # pages that are looked at have sizes of their own
    for done in range(total):
        optimizer.learning_rate = schedule.rate(done)
        losses += steps[settings.crops[done % len(settings.crops)]]()
        if (done + 1) % _LOOK_EVERY == 0:
            learner.eval()
            pictures.look(learner, multiple)
            learner.train()
        if (done + 1) % every == 0:
            print(f"{done + 1} of {total} steps, loss {losses.item() / every:.2f}", flush=True)
            losses.zero_()
    learner.eval()
    return network


class _Recorded:
    """A step that is recorded on a GPU, and replayed with other cuts; elsewhere it is taken as ever."""

    _WARM_UPS = 3

    def __init__(self, step: Callable[[Cuts], torch.Tensor], choose: Callable[[], Cuts], device: torch.device):
        self._step, self._choose, self._device = step, choose, device
        self._graph: Any = None
        if device.type != "cuda":
            return
        self._cuts = self._sent(choose())
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(self._WARM_UPS):
                step(self._cuts)
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._loss = step(self._cuts)

    def __call__(self) -> torch.Tensor:
        if self._graph is None:
            return self._step(self._sent(self._choose()))
        for own, new in zip(self._cuts.tensors(), self._choose().tensors(), strict=True):
            own.copy_(new.pin_memory(), non_blocking=True)
        self._graph.replay()
        return self._loss

    def _sent(self, cuts: Cuts) -> Cuts:
        return Cuts(*(each.to(self._device) for each in cuts.tensors()))


def _size(picture: Picture) -> tuple[int, int]:
    with Image.open(picture.path) as opened:
        return opened.height, opened.width


def _by_folder(found: Sequence[tuple[int, Picture]]) -> list[np.ndarray]:
    folders: dict[Any, list[int]] = {}
    for index, picture in found:
        folders.setdefault(picture.path.parent, []).append(index)
    return [np.array(each) for each in folders.values()]


def _one_of(choices: Sequence[Any], chance: np.random.Generator) -> Any:
    return choices[int(chance.random() * len(choices))]
