"""An encoder reads the source; a decoder writes the target symbol by symbol, and looks back at what it needs."""

import numpy as np

import velveteen as vt

PADDING = 0
NOWHERE = -1e9
"""Added to the score of a place with PADDING, so that nobody looks there."""


def networks(source_symbols: int, target_symbols: int, units: int = 64) -> tuple[vt.Model, vt.Model, vt.Model]:
    """Returns the encoder, the decoder, and both as one network to train.

    encoder: source [batch, n] → memory [batch, n, 2·units], mask [batch, 1, n], state h and c [batch, 2·units]
    decoder: target so far [batch, m], memory, mask, h, c → probabilities [batch, m, symbols], attention [batch, m, n],
        h and c after; m is 1 where it writes step by step, and the whole target in training.
    """
    source = vt.input([None], name="source")
    embedded = vt.layers.embedding(source_symbols, units, mask_zero=True).apply(source)
    read = vt.layers.bidirectional(vt.layers.lstm(units, return_sequences=True, return_state=True))
    memory, *ends = read.apply(embedded)
    h, c = (vt.layers.concatenate().apply([ends[i], ends[i + 2]]) for i in (0, 1))
    nowhere = vt.layers.embedding(source_symbols, 1, trainable=False, name="nowhere")
    mask = vt.layers.permute([2, 1]).apply(nowhere.apply(source))
    nowhere.set_weights([np.where(np.arange(source_symbols) == PADDING, NOWHERE, 0)[:, None]])
    encoder = vt.model(source, [memory, mask, h, c], name="encoder")

    so_far = vt.input([None], name="target")
    seen = [
        vt.input(list(part.shape[1:]), name=name)
        for name, part in zip(["memory", "mask", "h", "c"], encoder.outputs, strict=True)
    ]
    symbols = vt.layers.embedding(target_symbols, units).apply(so_far)
    write = vt.layers.lstm(2 * units, return_sequences=True, return_state=True)
    written, *after = write.apply(symbols, initial_state=seen[2:])
    scores = vt.layers.dot(axes=2).apply([written, seen[0]])
    attention = vt.layers.activation("softmax").apply(vt.layers.add().apply([scores, seen[1]]))
    context = vt.layers.dot(axes=[2, 1]).apply([attention, seen[0]])
    thought = vt.layers.dense(2 * units, activation="tanh").apply(vt.layers.concatenate().apply([written, context]))
    probabilities = vt.layers.dense(target_symbols, activation="softmax").apply(thought)
    decoder = vt.model([so_far, *seen], [probabilities, attention, *after], name="decoder")

    whole = vt.model([source, so_far], decoder.apply([so_far, *encoder.apply(source)])[0])
    return encoder, decoder, whole
