"""Convolutions on torch tensors, as layers call them, and what wrong calls are told."""

import pytest
import torch

import velveteen as vt
from velveteen.errors import ArgumentError, DtypeError, ShapeError, UnknownNameError
from velveteen.ops._padding import windows
from velveteen.ops.convolution import conv_nd, conv_transpose_nd, depthwise_conv_nd

SIZES = {3: (7,), 4: (7, 6), 5: (5, 6, 4)}
SPATIAL = {3: "w", 4: "hw", 5: "dhw"}


def channels_first(x):
    return x.movedim(-1, 1)


@pytest.mark.parametrize("rank", [3, 4, 5])
@pytest.mark.parametrize("padding", ["same", "valid", 1])
@pytest.mark.parametrize("strides", [1, 2])
def test_both_layouts_agree(rank, padding, strides):
    x = torch.randn(2, *SIZES[rank], 4)
    kernel, bias = torch.randn(6, 2, *(3,) * (rank - 2)), torch.randn(6)
    last = conv_nd(x, kernel, bias, strides, padding, 1, 2)
    first = conv_nd(channels_first(x), kernel, bias, strides, padding, 1, 2, channels_first=True)
    torch.testing.assert_close(channels_first(last), first, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rank", [3, 4, 5])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("strides", [1, 2, 3])
def test_transposed_is_the_gradient(rank, padding, strides):
    x = torch.randn(2, *SIZES[rank], 2, requires_grad=True)
    kernel = torch.randn(3, 2, *(2,) * (rank - 2))
    y = conv_nd(x, kernel, None, strides, padding)
    above = torch.randn_like(y)
    y.backward(above)
    bias = torch.randn(2)
    transposed = conv_transpose_nd(above, kernel, bias, SIZES[rank], strides, padding)
    torch.testing.assert_close(transposed, x.grad + bias, rtol=1e-4, atol=1e-4)


def test_depthwise_keeps_the_outputs_of_a_channel_together():
    x, kernel = torch.randn(1, 5, 5, 2), torch.randn(2, 3, 2, 2)
    y = depthwise_conv_nd(x, kernel)
    for channel in range(2):
        alone = conv_nd(x[..., channel : channel + 1], kernel[channel].unsqueeze(1))
        torch.testing.assert_close(y[..., 3 * channel : 3 * channel + 3], alone)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [2, 3])
def test_channels_last_needs_no_copy(channels, size):
    x = torch.randn(2, 8, 8, channels)
    assert conv_nd(x, torch.randn(4, channels, size, size), None, 1, "same").is_contiguous()


def test_nothing_in_the_input_is_changed():
    x = torch.ones(1, 4, 4, 1)
    conv_nd(x, torch.ones(1, 1, 2, 2), None, 1, "same")
    assert torch.equal(x, torch.ones(1, 4, 4, 1))


def test_same_puts_the_odd_padding_at_the_end():
    place = windows((6,), 4, 1, "same")
    assert (place.before, place.after, place.sizes) == ((1,), (2,), (6,))


def test_lists_and_tuples_mean_the_same():
    assert windows([6, 5], [2, 3], [1, 2], [[0, 0], [1, 2], [0, 1], [0, 0]]) == windows(
        (6, 5), (2, 3), (1, 2), ((0, 0), (1, 2), (0, 1), (0, 0))
    )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x, k: vt.conv2d(x, k, 1, "sane"), UnknownNameError, 'Did you mean "same"'),
        (lambda x, k: vt.conv2d(x, k, 2, "same", "NHWC", 2), ArgumentError, "either strides or dilations"),
        (lambda x, k: vt.conv2d(x, k, 0, "same"), ArgumentError, "strides as a positive integer or a list of 2, got 0"),
        (lambda x, k: vt.conv2d(x, k, 1, "same", "NWHC"), ArgumentError, "NHWC or NCHW"),
        (lambda x, k: vt.conv2d(x, k, 1, "same", "NHWC", 1, "floor"), ArgumentError, "padding as a number"),
        (lambda x, k: vt.conv2d(x, k, 1, 1, "NHWC", 1, "flor"), UnknownNameError, 'Did you mean "floor"'),
        (lambda x, k: vt.conv2d(x, k, 1, [[1, 1]]), ArgumentError, "needs 4 pairs"),
        (lambda x, k: vt.conv2d(x[0, 0], k, 1, "same"), ShapeError, r"rank 4, or 3 without batch, got shape \[5, 3\]"),
        (lambda x, k: vt.conv2d(x, k[0], 1, "same"), ShapeError, "filter of rank 4"),
        (
            lambda x, k: vt.conv2d(x.tile([1, 1, 1, 2]), k, 1, "same"),
            ShapeError,
            "with 6 channels, but a filter .* for 3",
        ),
        (
            lambda x, k: vt.conv2d(x, vt.zeros([9, 9, 3, 1]), 1, "valid"),
            ShapeError,
            "does not fit .* Make the kernel smaller",
        ),
        (lambda x, k: vt.conv2d(x.cast("int32"), k, 1, "same"), DtypeError, r"cast\(\"float32\"\)"),
        (lambda x, k: vt.conv2d_transpose(x, k, [2, 5, 5, 3], 1, "same"), ShapeError, "x's batch first"),
        (
            lambda x, k: vt.conv2d_transpose(x, vt.zeros([2, 2, 1, 3]), [1, 50, 50, 1], 2, "same"),
            ShapeError,
            "needs an input",
        ),
        (lambda x, k: vt.separable_conv2d(x, vt.zeros([2, 2, 3, 1]), k, 1, "same"), ShapeError, "pointwise filter"),
    ],
)
def test_wrong_calls_are_told(call, error, message):
    with pytest.raises(error, match=message):
        call(vt.ones([1, 5, 5, 3]), vt.ones([2, 2, 3, 3]))


@pytest.mark.parametrize(("size", "window"), [((5, 3), (2, 2)), ((5, 5, 3), (2, 2, 3)), ((4, 5, 3), (1, 1, 2))])
def test_one_channel_and_one_column(size, window):
    """With strides, PyTorch 2.13's kernel computes this wrongly when the channels are last."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, *size, 1, generator=generator)
    kernel = torch.randn(8, 1, *window, generator=generator)
    strides = (*[1] * (len(size) - 1), 2)
    convolution = torch.nn.functional.conv2d if len(size) == 2 else torch.nn.functional.conv3d
    expected = convolution(x.movedim(-1, 1).double().contiguous(), kernel.double(), stride=strides).movedim(1, -1)
    torch.testing.assert_close(conv_nd(x, kernel, None, strides, "valid"), expected.float())
