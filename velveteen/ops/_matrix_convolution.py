"""Convolutions of few places with many channels, as one matrix product.

Deep in a U-Net a picture is 8×8 with 1,024 channels. There the kernel is far larger than the picture, and a convolution is
limited by how its library rearranges the kernel and the kernel's gradient. Copying the windows costs little instead, and
what remains are matrix products with the kernel as it lies in memory.
"""

from typing import Any

import torch
import torch.nn.functional as F

from velveteen.ops._padding import Windows

_MOST_PLACES = 512
_FEWEST_WEIGHTS = 1 << 20
"""Measured: above and below, the library's own convolution is as fast or faster."""


def fits(x: torch.Tensor, kernel: torch.Tensor, place: Windows, groups: int) -> bool:
    """Returns whether the matrix product is the faster way for these.

    Args:
        x: [batch, channels, height, width].
        kernel: [output channels, channels, height, width], both in channels_last.
    """
    return (
        not torch.compiler.is_compiling()  # first: looking at the sizes would fix them
        and kernel.numel() >= _FEWEST_WEIGHTS
        and x.dim() == 4
        and x.shape[0] * place.sizes[0] * place.sizes[1] <= _MOST_PLACES
        and groups == 1
        and x.is_cpu
        and x.dtype == kernel.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and kernel.is_contiguous(memory_format=torch.channels_last)
    )


def convolve(x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None, place: Windows) -> torch.Tensor:
    """Returns [batch, output channels, *output sizes] in channels_last; see `fits` for the arguments."""
    return _Convolution.apply(x, kernel, bias, place)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None, place: Windows
    ) -> torch.Tensor:
        batch = x.shape[0]
        (top, left), (bottom, right) = place.before, place.after
        padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, left, right, top, bottom)).contiguous()
        rows = _windows(padded, place).reshape(-1, kernel[0].numel())
        matrix = kernel.permute(0, 2, 3, 1).reshape(kernel.shape[0], -1)
        shape = (batch, kernel.shape[0], *place.sizes)
        result = torch.empty(shape, dtype=x.dtype, memory_format=torch.channels_last)
        flat = result.permute(0, 2, 3, 1).view(-1, kernel.shape[0])
        if bias is None:
            torch.mm(rows, matrix.t(), out=flat)
        else:
            torch.addmm(bias, rows, matrix.t(), out=flat)
        ctx.save_for_backward(rows, matrix)
        ctx.place, ctx.padded_shape, ctx.kernel_shape = place, padded.shape, kernel.shape
        return result  # not a view, so that an activation may overwrite it

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        rows, matrix = ctx.saved_tensors
        place = ctx.place
        outputs, channels, height, width = ctx.kernel_shape
        gradient = gradients[0].permute(0, 2, 3, 1).reshape(-1, outputs)
        for_x = for_kernel = for_bias = None
        if ctx.needs_input_grad[0]:
            padded = gradient.new_zeros(ctx.padded_shape)
            parts = (gradient @ matrix).view(-1, *place.sizes, height, width, channels)
            windows = _windows(padded, place)
            for row in range(height):
                for column in range(width):  # windows overlap, but not in their own first element, second element, …
                    windows[:, :, :, row, column].add_(parts[:, :, :, row, column])
            (top, left), (bottom, right) = place.before, place.after
            for_x = F.pad(padded, (0, 0, -left, -right, -top, -bottom)).permute(0, 3, 1, 2)
        if ctx.needs_input_grad[1]:
            for_kernel = (gradient.t() @ rows).view(outputs, height, width, channels).permute(0, 3, 1, 2)
        if ctx.needs_input_grad[2]:
            for_bias = gradient.sum(0)
        return for_x, for_kernel, for_bias, None


def _windows(padded: torch.Tensor, place: Windows) -> torch.Tensor:
    """Returns the view [batch, *output sizes, *kernel sizes, channels] of [batch, height, width, channels]."""
    batch, row, column, channel = padded.stride()
    (down, right), (row_step, column_step) = place.strides, place.dilations
    return padded.as_strided(
        (padded.shape[0], *place.sizes, *place.kernel, padded.shape[3]),
        (batch, row * down, column * right, row * row_step, column * column_step, channel),
    )
