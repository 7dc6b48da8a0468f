import numpy as np
import pytest
import torch

from tests.layers._check import check_layer
from velveteen import layers
from velveteen.errors import ArgumentError, ShapeError, UnknownNameError


@pytest.mark.parametrize("activation", [None, "relu", "softmax"])
@pytest.mark.parametrize(
    ("make", "shape", "output_shape", "open_output"),
    [
        (layers.conv1d, (7, 3), (5, 4), (None, 4)),
        (layers.conv2d, (7, 8, 3), (5, 6, 4), (None, None, 4)),
        (layers.conv3d, (4, 5, 6, 3), (2, 3, 4, 4), (None, None, None, 4)),
        (layers.conv2d_transpose, (4, 5, 3), (6, 7, 4), (None, None, 4)),
        (layers.conv3d_transpose, (2, 3, 4, 3), (4, 5, 6, 4), (None, None, None, 4)),
        (layers.separable_conv2d, (7, 8, 3), (5, 6, 4), (None, None, 4)),
    ],
)
def test_convolutions(make, shape, output_shape, open_output, activation):
    check_layer(
        lambda: make(4, 3, activation=activation),
        shape,
        output_shape=output_shape,
        weights=3 if make is layers.separable_conv2d else 2,
        open_axes=range(1, len(shape)),
        open_output=open_output,
    )


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({"strides": 2}, (3, 3)),
        ({"strides": (1, 2), "padding": "same"}, (7, 4)),
        ({"dilation_rate": 2}, (3, 4)),
        ({"dilation_rate": (1, 3), "padding": "same"}, (7, 8)),
    ],
)
@pytest.mark.parametrize("make", [layers.conv2d, layers.separable_conv2d])
def test_windows_of_pictures(make, options, sizes, data_format):
    first = data_format == "channels_first"
    check_layer(
        lambda: make(4, 3, data_format=data_format, activation="relu", **options),
        (3, 7, 8) if first else (7, 8, 3),
        output_shape=(4, *sizes) if first else (*sizes, 4),
        weights=3 if make is layers.separable_conv2d else 2,
    )


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("kernel_size", "strides"), [(3, 2), (2, 2), (1, 3), ((3, 2), (1, 2))])
def test_transposed_sizes(kernel_size, strides, padding, data_format):
    first = data_format == "channels_first"
    kernels = (kernel_size,) * 2 if isinstance(kernel_size, int) else kernel_size
    steps = (strides,) * 2 if isinstance(strides, int) else strides
    sizes = [
        size * step + (max(kernel - step, 0) if padding == "valid" else 0)
        for size, kernel, step in zip((4, 5), kernels, steps, strict=True)
    ]
    check_layer(
        lambda: layers.conv2d_transpose(2, kernel_size, strides=strides, padding=padding, data_format=data_format),
        (3, 4, 5) if first else (4, 5, 3),
        output_shape=(2, *sizes) if first else (*sizes, 2),
        weights=2,
    )


@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_depthwise(multiplier, data_format):
    first = data_format == "channels_first"
    check_layer(
        lambda: layers.depthwise_conv2d(3, depth_multiplier=multiplier, data_format=data_format),
        (3, 7, 8) if first else (7, 8, 3),
        output_shape=(3 * multiplier, 5, 6) if first else (5, 6, 3 * multiplier),
        weights=2,
    )


def test_kernels_are_tensorflowjs_outside_and_pytorchs_inside():
    layer = layers.conv2d(4, (2, 3))
    layer.apply(layers.input([5, 6, 7]))
    assert [weight.shape for weight in layer.weights] == [[2, 3, 7, 4], [4]]
    assert layer.kernel.shape == (4, 7, 2, 3)
    assert layer.kernel.is_contiguous(memory_format=torch.channels_last)
    kernel = np.arange(2 * 3 * 7 * 4, dtype=np.float32).reshape(2, 3, 7, 4)
    layer.set_weights([kernel, np.zeros(4, np.float32)])
    np.testing.assert_array_equal(layer.get_weights()[0].numpy(), kernel)
    np.testing.assert_array_equal(layer.kernel.detach().numpy(), kernel.transpose(3, 2, 0, 1))


def test_pictures_are_not_copied_on_their_way():
    x = torch.randn(2, 6, 6, 3)
    y = layers.conv2d(4, 3, activation="relu")(x)
    assert y.is_contiguous()
    assert torch.equal(layers.flatten()(y), y.view(2, -1))
    assert layers.flatten()(y).data_ptr() == y.data_ptr()


def test_integers_become_one_a_dimension_in_the_config():
    config = layers.conv2d(4, 3, dilation_rate=2).get_config()
    assert (config["kernel_size"], config["strides"], config["dilation_rate"]) == ([3, 3], [1, 1], [2, 2])
    assert layers.conv1d(4, 3).get_config()["kernel_size"] == [3]


def test_spellings_of_javascript_are_understood():
    assert layers.conv2d(4, 3, data_format="channelsFirst").data_format == "channels_first"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.conv2d(0, 3), ArgumentError, '"filters" must be a positive integer, got 0'),
        (lambda: layers.conv2d(4, [3]), ArgumentError, r'"kernel_size" must be an integer or 2 integers, got 1: \[3\]'),
        (lambda: layers.conv2d(4, 3, padding="causal"), UnknownNameError, 'Unknown padding "causal".*same, valid'),
        (lambda: layers.conv2d(4, 3, data_format="NHWC"), UnknownNameError, 'Unknown data_format "NHWC"'),
        (
            lambda: layers.conv2d(4, 3, strides=2, dilation_rate=2),
            ArgumentError,
            r"conv2d\(\) expects either strides or dil",
        ),
        (lambda: layers.conv2d_transpose(4, 3, dilation_rate=2), ArgumentError, "no dilation in TensorFlow.js"),
        (
            lambda: layers.separable_conv2d(4, 3, kernel_initializer="ones"),
            ArgumentError,
            "depthwise_initializer and point",
        ),
    ],
)
def test_wrong_arguments_say_what_is_right(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            [28, 28],
            r'"pictures" expects input of shape \[null, null, null, null\] but got \[null, 28, 28\]. Add an axis for the ch',
        ),
        ([28, 28, None], r"must know the number of channels.*\[null, 28, 28, null\].*input_shape"),
        ([2, 2, 1], r'"pictures" has windows that do not fit into its input.*padding="same"'),
    ],
)
def test_wrong_inputs_say_what_to_do(shape, message):
    with pytest.raises(ShapeError, match=message):
        layers.conv2d(4, 3, name="pictures").apply(layers.input(shape))


def test_another_number_of_channels_is_refused():
    layer = layers.conv2d(4, 3, name="pictures")
    layer.apply(layers.input([28, 28, 3]))
    with pytest.raises(
        ShapeError, match=r'"pictures" expects input of shape \[null, null, null, 3\] but got \[1, 28, 28, 1\]'
    ):
        layer.apply(np.ones((1, 28, 28, 1)))


class TestDepthwiseAsTensorFlowJsHasIt:
    def test_dilation_is_ignored_and_said(self, capsys):
        layer = layers.depthwise_conv2d(3, dilation_rate=2, strides=2, name="d")
        assert layer.apply(layers.input([7, 7, 1])).shape == [None, 3, 3, 1]
        assert capsys.readouterr().err == (
            'velveteen: layer "d" ignores its dilation_rate, as TensorFlow.js does. '
            "separable_conv2d() has one that works.\n"
        )

    def test_regularizer_in_the_constraints_place_is_no_constraint(self):
        config = layers.depthwise_conv2d(3, depthwise_regularizer="l2").get_config()
        again = layers.DepthwiseConv2d.from_config({**config, "depthwise_constraint": config["depthwise_regularizer"]})
        assert again.depthwise_constraint is None
        assert again.depthwise_regularizer is not None


@pytest.mark.parametrize(("options", "time"), [({}, 7), ({"strides": 2}, 4), ({"dilation_rate": 3}, 7)])
def test_causal_outputs_see_nothing_that_comes_after(options, time):
    layer = check_layer(
        lambda: layers.conv1d(3, 3, padding="causal", **options), [7, 2], output_shape=[time, 3], weights=2
    )
    x = torch.randn(1, 7, 2)
    later = x.clone()
    later[:, 4:] += 1
    seen = 4 if layer.strides == (1,) else 2
    torch.testing.assert_close(layer(x)[:, :seen], layer(later)[:, :seen])
    assert not torch.allclose(layer(x)[:, seen], layer(later)[:, seen])
    kernel, bias = (weight.value for weight in layer.weights)
    last = sum(x[0, 6 - place * layer.dilation_rate[0]] @ kernel[2 - place] for place in range(3)) + bias
    torch.testing.assert_close(layer(x)[0, -1], last)


def test_only_conv1d_is_causal():
    with pytest.raises(ValueError, match='Unknown padding "causal".* Known: same, valid'):
        layers.conv2d(3, 3, padding="causal")
