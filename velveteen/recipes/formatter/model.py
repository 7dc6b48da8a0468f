"""The network: reads a whole file in both directions, then decides gap by gap knowing what was decided before."""

from typing import Any

import torch

import velveteen as vt
from velveteen.recipes.formatter.features import KIND_COLUMNS, MEASURES, STATE, WORD_COLUMNS

KIND_SIZE = 12
WORD_SIZE = 6
UNITS = 64
READ = "read"
GAP, INDENT, BLANK = HEADS = ("gap", "indent", "blank")


def network(kinds: int, words: int, classes: tuple[int, int, int], units: int = UNITS) -> Any:
    """Returns the network, about 200,000 parameters.

    Args:
        kinds, words: how many of them have numbers.
        classes: how many there are of what stands in a gap, of indentations and of blank lines.
        units: of the LSTM, in each direction.

    Inputs, all [batch, gaps, …]: kinds, words, measures, state (see `features`).
    Outputs: probabilities [batch, gaps, classes], of what stands there, and if it is a line break, of the indentation
    and the blank lines.
    """
    kind = vt.input(shape=[None, KIND_COLUMNS], dtype="int32", name="kinds")
    word = vt.input(shape=[None, WORD_COLUMNS], dtype="int32", name="words")
    measures = vt.input(shape=[None, MEASURES], name="measures")
    state = vt.input(shape=[None, STATE], name="state")

    kind_vectors = vt.layers.embedding(kinds, KIND_SIZE)(kind)
    word_vectors = vt.layers.embedding(words, WORD_SIZE)(word)
    seen = vt.layers.concatenate()(
        [
            vt.layers.reshape([-1, KIND_COLUMNS * KIND_SIZE])(kind_vectors),
            vt.layers.reshape([-1, WORD_COLUMNS * WORD_SIZE])(word_vectors),
            measures,
        ]
    )
    token = vt.layers.dense(2 * units, activation="relu")(seen)
    around = vt.layers.bidirectional(vt.layers.lstm(units, return_sequences=True), merge_mode="concat")(token)
    read = vt.layers.dense(128, name=READ)(vt.layers.concatenate()([around, token]))

    both = vt.layers.add()([read, vt.layers.dense(128, use_bias=False, name="decided")(state)])
    hidden = vt.layers.activation("relu")(both)
    hidden = vt.layers.dense(96, activation="relu", name="hidden")(hidden)
    outputs = [
        vt.layers.dense(count, activation="softmax", name=name)(hidden)
        for name, count in zip(HEADS, classes, strict=True)
    ]
    return vt.model([kind, word, measures, state], outputs)


def set_cross_entropy(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Returns -ln of the probability of all the classes that are right, [batch, gaps].

    Where every class is, there is nothing to learn, and the loss is 0.
    """
    return -torch.log((y_true * y_pred).sum(-1).clamp(1e-7, 1))
