"""The network, as short as on a slide."""

import velveteen as vt


def network(symbols: int, units: int = 128) -> vt.Sequential:
    """Returns a network from characters to the probabilities of the next one, at each place of a text."""
    return vt.sequential(
        [
            vt.layers.embedding(symbols, 32, input_shape=[None]),
            vt.layers.lstm(units, return_sequences=True),
            vt.layers.dropout(0.2),
            vt.layers.dense(symbols, activation="softmax"),
        ]
    )
