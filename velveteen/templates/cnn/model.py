"""The network, as short as on a slide."""

import velveteen as vt


def network(size: tuple[int, int], channels: int, classes: int) -> vt.Sequential:
    """Returns a network from a picture to the probabilities of the classes."""
    return vt.sequential(
        [
            vt.layers.conv2d(16, kernel_size=3, activation="relu", input_shape=[*size, channels]),
            vt.layers.max_pooling2d(pool_size=2),
            vt.layers.conv2d(32, kernel_size=3, activation="relu"),
            vt.layers.max_pooling2d(pool_size=2),
            vt.layers.conv2d(64, kernel_size=3, activation="relu"),
            vt.layers.flatten(),
            vt.layers.dropout(0.3),
            vt.layers.dense(64, activation="relu"),
            vt.layers.dense(classes, activation="softmax"),
        ]
    )
