"""The network, as short as on a slide."""

import velveteen as vt


def network(columns: int, classes: int) -> vt.Sequential:
    """Returns a network from a row of numbers to the probabilities of the classes."""
    return vt.sequential(
        [
            vt.layers.batch_normalization(momentum=0.9, input_shape=[columns]),  # brings all columns to one scale
            vt.layers.dense(32, activation="relu"),
            vt.layers.dense(32, activation="relu"),
            vt.layers.dense(32, activation="relu"),
            vt.layers.dense(classes, activation="softmax"),
        ]
    )
