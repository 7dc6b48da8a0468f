"""The U-Net of the talk: it marks the broken places of a page, a picture for each kind of fault.

Source: Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", 2015; with batch
normalization, borders that are filled up, and sigmoids, since two kinds can be in the same place.
"""

from typing import Any

import velveteen as vt
from velveteen.recipes.layout.faults import FAULTS

SHRINK = 2
"""The first convolution halves the picture: that is a quarter of the work, and letters can still be told."""
_RARE = -4.0
"""Where the sigmoids begin: a broken pixel is rare, and the first steps need not learn that."""
_MOMENTUM = 0.95
"""Of the moving means of batch normalization: at the default, short trainings would end before they are right."""


def unet(width: int = 16, depth: int = 5, kinds: int = len(FAULTS)) -> vt.Model:
    """Returns the network: pictures [batch, height, width, 3] from 0 to 1 in, probabilities [batch, height, width, kinds] out.

    Height and width may be any multiples of `grid(depth)`.

    Args:
        width: channels of the first level; each further level has twice as many. The talk's is 64, which gives 64 … 1024.
        depth: how many levels.
        kinds: how many kinds of faults.
    """
    picture = vt.input(shape=(None, None, 3))
    x = _convolved(picture, width, strides=SHRINK)
    sides = []
    for level in range(depth - 1):
        x = _convolved(_convolved(x, width * 2**level), width * 2**level)
        sides.append(x)
        x = vt.layers.max_pooling2d(pool_size=2).apply(x)
    x = _convolved(_convolved(x, width * 2 ** (depth - 1)), width * 2 ** (depth - 1))
    for level in reversed(range(depth - 1)):
        x = vt.layers.up_sampling2d(size=(2, 2)).apply(x)
        x = vt.layers.concatenate().apply([sides[level], _convolved(x, width * 2**level)])
        x = _convolved(_convolved(x, width * 2**level), width * 2**level)
    start = vt.initializers.constant(_RARE)
    x = vt.layers.conv2d(kinds, kernel_size=1, activation="sigmoid", bias_initializer=start).apply(x)
    x = vt.layers.up_sampling2d(size=(SHRINK, SHRINK), interpolation="bilinear").apply(x)
    return vt.model(inputs=picture, outputs=x)


def grid(depth: int) -> int:
    """Returns of what pixels the height and width of a picture must be a multiple."""
    return SHRINK * 2 ** (depth - 1)


def _convolved(x: Any, filters: int, strides: int = 1) -> Any:
    x = vt.layers.conv2d(filters, kernel_size=3, strides=strides, padding="same", use_bias=False).apply(x)
    return vt.layers.activation("relu").apply(vt.layers.batch_normalization(momentum=_MOMENTUM).apply(x))
