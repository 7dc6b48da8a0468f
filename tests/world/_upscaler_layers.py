"""The layers that @upscalerjs's programs register with TensorFlow.js, for velveteen."""

import velveteen as vt


class MultiplyBeta(vt.layers.Layer):
    """0.2 · x. Upscalers add what a block found to what came in, but not all of it."""

    def call(self, x):
        return 0.2 * x


class PixelShuffle2x(vt.layers.Layer):
    """[batch, height, width, scale²·channels] → [batch, scale·height, scale·width, channels]."""

    scale = 2

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return batch, height and self.scale * height, width and self.scale * width, channels // self.scale**2

    def call(self, x):
        return vt.depth_to_space(x, self.scale)


class PixelShuffle3x(PixelShuffle2x):
    """The same, three times as large."""

    scale = 3


class PixelShuffle4x(PixelShuffle2x):
    """The same, four times as large."""

    scale = 4


class PixelShuffle8x(PixelShuffle2x):
    """The same, eight times as large."""

    scale = 8


class PixelShuffle(PixelShuffle4x):
    """What the oldest package calls it."""
