"""Models that only count: the commonest layout of each situation. They are what a network has to be better than.

They are trained, saved and used like the network, and take the place of `decode.Network`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

import velveteen as vt
from velveteen.recipes.formatter import data, layout, style
from velveteen.recipes.formatter.batch import Batch
from velveteen.recipes.formatter.data import Reading
from velveteen.recipes.formatter.decode import Chances
from velveteen.recipes.formatter.features import Facts
from velveteen.recipes.formatter.model import HEADS
from velveteen.recipes.formatter.tokens import Source
from velveteen.recipes.formatter.vocabulary import Vocabulary

Situation = Callable[[Batch, Vocabulary], np.ndarray]


def bigrams(batch: Batch, vocabulary: Vocabulary) -> np.ndarray:
    """The last letter before the gap and the first one after it: the talk's character bigrams."""
    tokens = batch.tokens()
    before = np.array([token[-1] for token in tokens], np.int64)
    return before * 256 + np.array([token[0] for token in [*tokens[1:], b"\n"]], np.int64)


def majority(batch: Batch, vocabulary: Vocabulary) -> np.ndarray:
    """The kinds of the tokens on both sides and of the node around them."""
    kinds = vocabulary.kinds(batch.kinds, batch)
    common = vocabulary.kinds(batch.node_kinds, batch)[batch.common]
    return (kinds * len(vocabulary) + np.append(kinds[1:], 0)) * len(vocabulary) + common


SITUATIONS: dict[str, Situation] = {"bigrams": bigrams, "majority": majority}


class Counted:
    """Decides by the situation alone."""

    def __init__(self, model: Any, name: str, situations: np.ndarray, vocabulary: Vocabulary):
        self.model = model
        self._situation = SITUATIONS[name]
        self._situations = situations
        self._vocabulary = vocabulary
        if any(len(weight) != len(situations) + 1 for weight in model.get_weights()) or not len(situations):
            raise ValueError("the model knows other situations than its description")

    def read(self, facts: Facts) -> torch.Tensor:
        """Returns the number of the situation of each gap, 0 for an unknown one."""
        keys = self._situation(facts.batch, self._vocabulary)
        place = np.searchsorted(self._situations, keys).clip(0, len(self._situations) - 1)
        return torch.from_numpy(np.where(self._situations[place] == keys, place + 1, 0))

    @torch.inference_mode()
    def decide(self, read: torch.Tensor, seen: np.ndarray, rows: np.ndarray) -> Chances:
        """Returns the probabilities of the classes of some gaps; `seen` does not matter."""
        gap, indent, blank = (head[0].numpy() for head in self.model(read[torch.from_numpy(rows)][None]))
        return gap, indent, blank


def network(situations: int, classes: tuple[int, int, int]) -> Any:
    """Returns a model that looks probabilities up.

    Args:
        situations: how many there are, the unknown one included.
        classes: as for `model.network`.

    Input: [batch, gaps], numbers of situations. Outputs: as of `model.network`.
    """
    situation = vt.input(shape=[None], dtype="int32", name="situations")
    outputs = [
        vt.layers.activation("softmax", name=name)(vt.layers.embedding(situations, count)(situation))
        for name, count in zip(HEADS, classes, strict=True)
    ]
    return vt.model(situation, outputs)


def learn(name: str, sources: Sequence[Source], reading: Reading) -> tuple[Any, np.ndarray]:
    """Returns a baseline's model and its situations, counted in files."""
    keys: list[np.ndarray] = []
    labels: list[style.Labels] = []
    for batch in data.batches(sources):
        where, texts = layout.true_layout(batch, reading.style.unit)
        labels.append(style.label(batch, where, texts, reading.style, batch.blanks))
        keys.append(SITUATIONS[name](batch, reading.vocabulary))
    situations, numbers = np.unique(np.concatenate(keys), return_inverse=True)
    logits = []
    for part in ("kinds", "indents", "blanks"):
        sets = np.concatenate([getattr(label, part) for label in labels])
        known = ~(sets > 0).all(axis=1)
        counts = np.zeros((len(situations) + 1, sets.shape[1]))
        np.add.at(counts, numbers.reshape(-1)[known] + 1, sets[known])
        whole = counts.sum(axis=0) + 1e-3
        # What a situation does not tell, all of them together do.
        logits.append(np.log(counts + whole / whole.sum()).astype(np.float32))
    model = network(len(situations) + 1, (logits[0].shape[1], logits[1].shape[1], logits[2].shape[1]))
    model.set_weights(logits)
    return model, situations
