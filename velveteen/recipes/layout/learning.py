"""The loss: broken pixels are rare, and few sound ones are difficult. And what is learned again: sound places that look broken."""

import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.functional import softplus

import velveteen as vt
from velveteen.layers.normalization import BatchNormalization
from velveteen.recipes.layout.data import MARGIN, Batches, Picture
from velveteen.recipes.layout.heat import heat_map
from velveteen.recipes.layout.model import RARE, SHRINK

_LEAST = 5
"""Pixels of the network's own, a quarter of the picture's: a fault of fewer counts for less, since its mask is less exact."""
_HIGHEST, _HIGHEST_COUNT = 16, 0.5
"""So many of a crop's pixels, of each kind, count once more, and so much."""


def rare_pixels(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns what broken places cost that are not marked, and sound ones that are, both alike however rare a kind is: [batch].

    Both are means of the cross entropy, for each kind. One is over the broken pixels of a crop, and then over the crops that have
    the kind, so that a small fault counts as a large one. The other is over the sound pixels, each by how broken it looks: at
    first all alike, later those that would raise a false alarm. It is what hard negatives are chosen for in detectors (Shrivastava,
    Gupta and Girshick, "Training Region-Based Object Detectors with Online Hard Example Mining", 2016), without a choice.
    Since a page is called broken for its highest places, the highest of each crop count once more: the fault's, and the sound ones'.
    All this would teach to call a place broken that is as likely sound, which on a whole page are too many. So it is not told of the
    network's logits but of what they were if broken places were as frequent as sound ones; then the network's own stay rare (Menon et al.,
    "Long-tail learning via logit adjustment", 2021, equation 10). What is near a crop's edge does not count, see `data.MARGIN`.

    Args:
        y_true: bool [batch, height, width, kinds]: where a kind is.
        y_pred: logits of the same shape, from `model.before_sigmoids`.
    """
    inner = slice(MARGIN // SHRINK, -(MARGIN // SHRINK))
    logits = (y_pred[:, inner, inner].float() - RARE).flatten(1, 2)
    is_broken = y_true[:, inner, inner].flatten(1, 2) > 0
    pixels = is_broken.sum(dim=1)
    crops = (pixels > 0).sum(dim=0).clamp(min=1)
    missed = ((is_broken * softplus(-logits)).sum(dim=1) / (pixels + _LEAST)).sum(dim=0) / crops
    weight = torch.sigmoid(logits.detach()).masked_fill(is_broken, 0)
    alarms = (weight * softplus(logits)).sum(dim=(0, 1)) / weight.sum(dim=(0, 1)).clamp(min=1)

    highest_missed = _of_highest(-1, logits, is_broken).sum(dim=0) / crops
    highest_alarms = _of_highest(1, logits, ~is_broken).mean(dim=0)
    cost = missed + alarms + _HIGHEST_COUNT * (highest_missed + highest_alarms)
    return cost.sum().expand(len(y_true))


def _of_highest(sign: int, logits: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """Returns the mean cost of the highest pixels of some, [batch, pixels, kinds]: [batch, kinds]; 0 where there are none."""
    highest, places = logits.detach().masked_fill(~where, -math.inf).topk(min(_HIGHEST, logits.shape[1]), dim=1)
    counts = highest > -math.inf
    return (counts * softplus(sign * logits.gather(1, places))).sum(dim=1) / counts.sum(dim=1).clamp(min=1)


class KeptStatistics(vt.callbacks.Callback):
    """Lets batch normalization go on with the means and variances that a network brings along, as it does when it predicts.

    A short training on some pages of a site has small batches, whose means and variances are rough, and all of the same design.
    """

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any]) -> None:
        for layer in self.model.modules():
            if isinstance(layer, BatchNormalization):
                layer.eval()


class Alarming(vt.callbacks.Callback):
    """Looks at some sound pages after each epoch, and gives `Batches` the places that look broken, to learn them again.

    Source: Shrivastava, Gupta and Girshick, "Training Region-Based Object Detectors with Online Hard Example Mining", 2016.

    Args:
        network: whose probabilities are looked at, with the weights that are trained.
        batches: to be given them.
        pages: sound pictures.
        multiple: as `heat_map`.
        seed: of the choices.
    """

    LOOKED_AT = 12
    """Pages an epoch: a tenth of its time."""
    KEPT = 600
    """Places that are learned again; the oldest are forgotten."""
    LEAST = 0.05
    """Probability from which a place looks broken: few sound ones reach more."""
    OF_A_PAGE = 3
    APART = 64
    """Pixels: a block of so many has one place at most."""

    def __init__(self, network: vt.Model, batches: Batches, pages: Sequence[Picture], multiple: int, seed: int):
        self.network, self.batches, self.pages, self.multiple = network, batches, pages, multiple
        self._chance = random.Random(seed)

    def get_state(self) -> dict[str, Any]:
        return {"alarming": [(page.path.as_posix(), row, column) for page, row, column in self.batches.alarming]}

    def set_state(self, state: dict[str, Any]) -> None:
        known = {page.path.as_posix(): page for page in self.pages}
        self.batches.alarming = [
            (known[path], row, column) for path, row, column in state.get("alarming", []) if path in known
        ]

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        found = list(self.batches.alarming)
        for page in self._chance.sample(self.pages, min(self.LOOKED_AT, len(self.pages))):
            found += [
                (page, row, column)
                for row, column in self._places(heat_map(self.network, page.pixels(), self.multiple))
            ]
        self.batches.alarming = found[-self.KEPT :]

    def _places(self, heat: np.ndarray) -> list[tuple[int, int]]:
        highest = heat.max(axis=-1)
        rows, columns = (-(-length // self.APART) for length in highest.shape)
        padded = np.zeros((rows * self.APART, columns * self.APART), np.uint8)
        padded[: highest.shape[0], : highest.shape[1]] = highest
        blocks = padded.reshape(rows, self.APART, columns, self.APART).max(axis=(1, 3))
        order = np.argsort(-blocks, axis=None)[: self.OF_A_PAGE]
        chosen = [np.unravel_index(index, blocks.shape) for index in order if blocks.flat[index] >= self.LEAST * 255]
        return [(int((row + 0.5) * self.APART), int((column + 0.5) * self.APART)) for row, column in chosen]
