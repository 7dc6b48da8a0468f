"""The network of the talk: a CNN over a log-mel spectrogram, which it takes for a picture."""

import velveteen as vt
from velveteen.errors import unknown_name

SIZES = {"small": (16, 32, 48, 48), "default": (32, 48, 80, 96), "large": (40, 64, 96, 112)}
"""The channels of each block of convolutions."""


def build(frames: int, mels: int, classes: int, size: str = "default") -> vt.Sequential:
    """Returns the network: spectrograms [batch, frames, mels, 1] in, probabilities [batch, classes] out.

    Four blocks of convolution, batch normalization and ReLU, the first three ended by pooling; then the mean over time,
    so that a word counts wherever in the window it is spoken, and a softmax.

    Args:
        frames, mels: of the spectrogram.
        classes: how many words, silence and the unknown ones included.
        size: "small" (40,000 parameters with 12 classes), "default" (120,000) or "large" (178,000).

    Raises:
        UnknownNameError: another size.
    """
    if size not in SIZES:
        raise unknown_name("size", size, SIZES)
    blocks: list[vt.layers.Layer] = []
    for number, filters in enumerate(SIZES[size]):
        shape = {"input_shape": (frames, mels, 1)} if number == 0 else {}
        blocks += [
            vt.layers.conv2d(filters, kernel_size=3, padding="same", use_bias=False, **shape),
            vt.layers.batch_normalization(),
            vt.layers.activation("relu"),
        ]
        if number < len(SIZES[size]) - 1:
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
