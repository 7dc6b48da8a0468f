"""The network: small enough to learn from a few dozen pictures, and to answer many times a second in a browser."""

import velveteen as vt

_FILTERS = (16, 32, 64, 128)
_MOMENTUM = 0.9
"""With 0.99, few steps would not be enough for the means to forget where they began."""


def network(side: int, classes: int) -> vt.Sequential:
    """Returns a network from a picture [side, side, 3], 0 to 1, to the probabilities of the classes.

    Four times conv-normalization-relu-pool, so that a place knows of the whole picture; then the mean over all places: what it
    has found counts, not where. Without that, a network would need a weight for each place, more than a few dozen pictures
    can teach.
    """
    layers = []
    for place, filters in enumerate(_FILTERS):
        first = {"input_shape": [side, side, 3]} if place == 0 else {}
        layers += [
            vt.layers.conv2d(filters, kernel_size=3, padding="same", use_bias=False, **first),
            vt.layers.batch_normalization(momentum=_MOMENTUM),
            vt.layers.activation("relu"),
            vt.layers.max_pooling2d(pool_size=2),
        ]
    return vt.sequential(
        [
            *layers,
            vt.layers.conv2d(_FILTERS[-1], kernel_size=3, padding="same", activation="relu"),
            vt.layers.global_average_pooling2d(),
            vt.layers.dropout(0.3),
            vt.layers.dense(classes, activation="softmax"),
        ]
    )
