"""A U-Net: it marks the broken places of a page, a picture for each kind of fault.

Source: Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", 2015; with batch
normalization, borders that are filled up, sides that are added instead of put beside (Chaurasia and Culurciello, "LinkNet",
2017: half the work on the way up), and sigmoids, since two kinds can be in the same place.
"""

from typing import Any

import velveteen as vt
from velveteen.recipes.layout.faults import FAULTS

SHRINK = 4
"""Two of the first three convolutions halve the picture: so there is time for many channels where letters are told."""
RARE = -4.0
"""Where the sigmoids begin: broken places are rare, and that need not be learned."""
LAST = f"logits_of_{SHRINK}"
"""The name of the layer that sigmoids take; networks of earlier versions have another, or none."""
_MOMENTUM = 0.95
"""Of the moving means of batch normalization: at the default, short trainings would end before they are right."""


def unet(width: int = 64, depth: int = 5, widest: int = 184, kinds: int = len(FAULTS)) -> vt.Model:
    """Returns the network: pictures [batch, height, width, 3] from 0 to 1 in, probabilities [batch, height, width, kinds] out.

    Height and width may be any multiples of `grid(depth)`. Five levels see some 700 pixels around each: whether an item stands
    out of its row is a question of the whole row.

    Args:
        width: channels of the first level; each further level has twice as many. The talk's is 64, which gives 64 … 1024.
        depth: how many levels.
        widest: the most channels of a level.
        kinds: how many kinds of faults.
    """
    channels = [min(width * 2**level, max(width, widest)) for level in range(depth)]
    picture = vt.input(shape=(None, None, 3))
    x = _convolved(picture, max(1, width // 2), strides=2)
    x = _convolved(x, max(1, width // 2))
    x = _convolved(x, channels[0], strides=2)
    sides = []
    for level in range(depth - 1):
        x = _level(x, channels[level])
        sides.append(x)
        x = vt.layers.max_pooling2d(pool_size=2).apply(x)
    x = _level(x, channels[-1])
    for level in reversed(range(depth - 1)):
        x = vt.layers.conv2d(channels[level], kernel_size=1, use_bias=False).apply(x)
        x = vt.layers.up_sampling2d(size=(2, 2)).apply(x)
        x = vt.layers.add().apply([sides[level], x])
        x = _level(x, channels[level])
    x = vt.layers.conv2d(kinds, kernel_size=1, bias_initializer=vt.initializers.constant(RARE), name=LAST).apply(x)
    x = vt.layers.activation("sigmoid").apply(x)
    x = vt.layers.up_sampling2d(size=(SHRINK, SHRINK), interpolation="bilinear").apply(x)
    return vt.model(inputs=picture, outputs=x)


def before_sigmoids(network: vt.Model) -> vt.Model:
    """Returns the part of a network that learns, with the same weights: [batch, height / 4, width / 4, kinds], what sigmoids take.

    The picture's own size is only needed to look at; to learn it would be sixteen times the numbers.
    """
    return vt.model(inputs=network.inputs, outputs=network.get_layer(LAST).output)


def is_ours(network: vt.Model) -> bool:
    """Returns whether a network has the part that `before_sigmoids` takes; those of earlier versions do not."""
    return any(layer.name == LAST for layer in network.layers)


def grid(depth: int) -> int:
    """Returns of what pixels the height and width of a picture must be a multiple."""
    return SHRINK * 2 ** (depth - 1)


def _level(x: Any, filters: int) -> Any:
    """The two convolutions of a level."""
    return _convolved(_convolved(x, filters), filters)


def _convolved(x: Any, filters: int, strides: int = 1) -> Any:
    x = vt.layers.conv2d(filters, kernel_size=3, strides=strides, padding="same", use_bias=False).apply(x)
    return vt.layers.activation("relu").apply(vt.layers.batch_normalization(momentum=_MOMENTUM).apply(x))
