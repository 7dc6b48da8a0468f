"""The network, as short as on a slide."""

from typing import Any

import velveteen as vt


def network(size: tuple[int, int], channels: int = 1, filters: int = 8) -> vt.Model:
    """Returns a U-Net (Ronneberger et al., 2015): from a picture to how likely each of its points is looked for."""
    picture = vt.input([*size, channels])
    fine = twice(filters, picture)
    middle = twice(2 * filters, smaller(fine))
    coarse = twice(4 * filters, smaller(middle))
    middle = twice(2 * filters, beside(larger(coarse), middle))
    fine = twice(filters, beside(larger(middle), fine))
    return vt.model(picture, vt.layers.conv2d(1, kernel_size=1, activation="sigmoid").apply(fine))


def twice(filters: int, x: Any) -> Any:
    """Two convolutions."""
    for _ in range(2):
        x = vt.layers.conv2d(filters, kernel_size=3, padding="same", activation="relu").apply(x)
    return x


def smaller(x: Any) -> Any:
    """Half the height and width."""
    return vt.layers.max_pooling2d(pool_size=2).apply(x)


def larger(x: Any) -> Any:
    """Twice the height and width."""
    return vt.layers.up_sampling2d(size=[2, 2]).apply(x)


def beside(x: Any, before: Any) -> Any:
    """What the way down knew, beside what the way up knows."""
    return vt.layers.concatenate().apply([x, before])
