"""The network of the talk: a CNN over a log-mel spectrogram, which it takes for a picture."""

import velveteen as vt
from velveteen.errors import unknown_name

SIZES = {"small": (16, 32, 48, 64), "default": (32, 64, 96, 112), "large": (40, 72, 112, 128)}
"""The channels of each block of convolutions."""
_MOMENTUM = 0.9
"""Of the moving means of batch normalization: short trainings would end before slower ones are right."""


def build(frames: int, mels: int, classes: int, size: str = "default") -> vt.Sequential:
    """Returns the network: spectrograms [batch, frames, mels, 1] in, probabilities [batch, classes] out.

    Four blocks of convolution, batch normalization and ReLU: the first one with strides, the next two ended by pooling; then
    the mean over all places, so that a word counts wherever in the window it is spoken, and a softmax.

    Args:
        frames, mels: of the spectrogram.
        classes: how many words, silence and the unknown ones included.
        size: "small" (48,000 parameters with 12 classes), "default" (174,000) or "large" (231,000).

    Raises:
        UnknownNameError: another size.
    """
    if size not in SIZES:
        raise unknown_name("size", size, SIZES)
    first, *others = SIZES[size]
    blocks = [
        vt.layers.conv2d(
            first, kernel_size=5, strides=2, padding="same", use_bias=False, input_shape=(frames, mels, 1)
        ),
        vt.layers.batch_normalization(momentum=_MOMENTUM),
        vt.layers.activation("relu"),
    ]
    for filters in others:
        blocks += [
            vt.layers.conv2d(filters, kernel_size=3, padding="same", use_bias=False),
            vt.layers.batch_normalization(momentum=_MOMENTUM),
            vt.layers.activation("relu"),
        ]
        if filters != others[-1]:
            blocks.append(vt.layers.max_pooling2d(pool_size=2, padding="same"))
    return vt.sequential(
        [
            *blocks,
            vt.layers.dropout(0.2),
            vt.layers.global_average_pooling2d(),
            vt.layers.dropout(0.3),
            vt.layers.dense(classes, activation="softmax"),
        ]
    )
