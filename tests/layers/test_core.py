import numpy as np
import pytest
import torch

from tests.layers._check import check_layer
from velveteen import layers
from velveteen.errors import ArgumentError, ArgumentTypeError, ShapeError, UnknownNameError
from velveteen.tensors import Tensor


@pytest.mark.parametrize("shape", [(5,), (4, 5), (3, 4, 5)])
@pytest.mark.parametrize("activation", ["relu", "softmax", None])
def test_dense(shape, activation):
    check_layer(
        lambda: layers.dense(7, activation=activation),
        shape,
        output_shape=(*shape[:-1], 7),
        weights=2,
        open_axes=range(1, len(shape)),
        open_output=(*[None] * (len(shape) - 1), 7),
    )


def test_dense_computes_in_tensorflowjs_layout():
    layer = layers.dense(2, weights=[[[1, 2], [3, 4], [5, 6]], [10, 20]], input_shape=[3])
    np.testing.assert_allclose(layer.apply([[1, 0, 2]]).numpy(), [[21, 34]])
    assert [weight.shape for weight in layer.weights] == [[3, 2], [2]]
    assert layer.kernel.shape == (2, 3)


def test_dense_without_bias_and_with_whole_numbers():
    layer = layers.dense(2, use_bias=False, kernel_initializer="ones")
    np.testing.assert_array_equal(layer.apply(np.array([[1, 2]], np.int32)).numpy(), [[3, 3]])
    assert len(layer.weights) == 1


def test_dense_config_is_tensorflowjs():
    config = layers.dense(32, activation="relu", name="d").get_config()
    glorot = {
        "class_name": "VarianceScaling",
        "config": {"scale": 1, "mode": "fan_avg", "distribution": "normal", "seed": None},
    }
    assert config == {
        "name": "d",
        "trainable": True,
        "units": 32,
        "activation": "relu",
        "use_bias": True,
        "kernel_initializer": glorot,
        "bias_initializer": {"class_name": "Zeros", "config": {}},
        "kernel_regularizer": None,
        "bias_regularizer": None,
        "activity_regularizer": None,
        "kernel_constraint": None,
        "bias_constraint": None,
    }


def test_dense_input_dim_is_an_input_shape():
    assert layers.dense(1, input_dim=3).batch_input_shape == [None, 3]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.dense(0), ArgumentError, r'"units" must be a positive integer, got 0'),
        (lambda: layers.dense("3"), ArgumentTypeError, r"\"units\" must be a positive integer, got '3'"),
        (lambda: layers.dense(3, unit=3), ArgumentTypeError, r'no argument "unit". Did you mean "units"'),
        (lambda: layers.dense(3, activation="rleu"), UnknownNameError, r'Did you mean "relu"'),
        (lambda: layers.dense(3, activity_regularizer="l2"), ArgumentError, r"must be None.*kernel_regularizer"),
    ],
)
def test_wrong_arguments_say_what_is_right(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_dense_says_which_shape_it_expects():
    layer = layers.dense(3, name="classes")
    layer.apply(layers.input([5]))
    with pytest.raises(ShapeError, match=r'"classes" expects input of shape \[null, 5\] but got \[2, 4\]\.'):
        layer.apply(np.ones((2, 4)))
    with pytest.raises(ShapeError, match=r"\[null, 5\] but got \[2, 28, 28\]\. Add layers\.flatten\(\) before it"):
        layer.apply(np.ones((2, 28, 28)))
    with pytest.raises(ShapeError, match=r"must know the size of the last axis.*\[null, null\].*input_shape"):
        layers.dense(3).apply(layers.input([None]))


def test_activation():
    check_layer(lambda: layers.activation("tanh"), (4, 3), output_shape=(4, 3), wrong_rank=False)
    np.testing.assert_array_equal(layers.activation("relu").apply([-1, 2]).numpy(), [0, 2])


def test_relu_in_place_leaves_the_input_alone():
    x = torch.tensor([[-1.0, 1.0]])
    layers.activation("relu")(x)
    layers.dense(2, activation="relu")(x)
    assert x.tolist() == [[-1.0, 1.0]]


class TestDropout:
    def test_all_questions(self):
        check_layer(lambda: layers.dropout(0.5), (4, 3), output_shape=(4, 3), wrong_rank=False)

    def test_drops_only_while_training(self):
        layer, x = layers.dropout(0.25), np.ones((100, 100))
        np.testing.assert_array_equal(layer.apply(x).numpy(), x)
        dropped = layer.apply(x, training=True).numpy()
        assert set(np.unique(dropped)) == {np.float32(0), np.float32(1 / 0.75)}
        assert 0.2 < (dropped == 0).mean() < 0.3

    @pytest.mark.parametrize(("given", "rate"), [(0, 0), (1, 1), (1.5, 1), (-1, 0)])
    def test_rates_at_the_ends_do_nothing(self, given, rate):
        layer = layers.dropout(given)
        assert layer.rate == rate
        np.testing.assert_array_equal(layer.apply([[1, 2]], training=True).numpy(), [[1, 2]])

    def test_noise_shape_shares_the_pattern(self):
        dropped = layers.dropout(0.5, noise_shape=[None, 1, 4]).apply(np.ones((3, 5, 4)), training=True).numpy()
        assert (dropped == dropped[:, :1]).all()
        assert 0 < (dropped == 0).mean() < 1

    def test_seed_makes_it_repeatable(self):
        x = np.ones((4, 4))
        first, second = layers.dropout(0.5, seed=3), layers.dropout(0.5, seed=3)
        patterns = [layer.apply(x, training=True).numpy() for layer in (first, second, first, second)]
        assert (patterns[0] == patterns[1]).all()
        assert (patterns[2] == patterns[3]).all()
        assert (patterns[0] != patterns[2]).any()

    def test_noise_shape_of_another_rank(self):
        with pytest.raises(ShapeError, match=r'"d" has the noise_shape \[3, 1\], but got input of shape \[3, 5, 4\]'):
            layers.dropout(0.5, noise_shape=[3, 1], name="d").apply(np.ones((3, 5, 4)), training=True)

    def test_spatial_drops_whole_channels(self):
        check_layer(lambda: layers.spatial_dropout1d(0.5), (4, 3), output_shape=(4, 3))
        dropped = layers.spatial_dropout1d(0.5).apply(np.ones((3, 5, 40)), training=True).numpy()
        assert (dropped == dropped[:, :1]).all()
        assert 0 < (dropped == 0).mean() < 1


def test_masking():
    layer = check_layer(lambda: layers.masking(7.0), (4, 3), output_shape=(4, 3), wrong_rank=False)
    x = np.array([[[7, 7], [7, 1], [2, 3]]], np.float32)
    np.testing.assert_array_equal(layer.apply(x).numpy(), [[[0, 0], [7, 1], [2, 3]]])
    assert layer.compute_mask(torch.from_numpy(x)).tolist() == [[False, True, True]]
    assert layers.masking().apply(layers.input([4, 3])).masked


class TestInput:
    def test_function_makes_a_symbolic_tensor(self):
        x = layers.input([28, None], dtype="int32", name="pictures")
        assert (x.shape, x.dtype, x.name) == ([None, 28, None], "int32", "pictures")
        assert x.source_layer.input is x.source_layer.output is x
        assert layers.input(batch_shape=[3, 4]).shape == [3, 4]

    def test_config(self):
        layer = layers.input_layer(input_shape=[3], name="i")
        expected = {
            "batch_input_shape": [None, 3],
            "dtype": "float32",
            "sparse": False,
            "name": "i",
            "trainable": False,
        }
        assert layer.get_config() == expected
        assert layers.InputLayer.from_config(expected).output.shape == [None, 3]

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: layers.input(), "neither"),
            (lambda: layers.input([1], [None, 1]), "both"),
            (lambda: layers.input_layer(), "needs an input_shape"),
            (lambda: layers.input_layer(input_shape=[1], batch_input_shape=[2, 1]), "got both"),
            (lambda: layers.input([3]).source_layer.apply(layers.input([3])), "nothing goes into it"),
            (lambda: layers.input([3], dtype="float16"), "Unknown dtype"),
        ],
    )
    def test_wrong_calls(self, make, message):
        with pytest.raises(ValueError, match=message):
            make()


def test_autocast_computes_in_bfloat16():
    model = [layers.conv2d(4, 3, activation="relu"), layers.batch_normalization(), layers.flatten(), layers.dense(2)]
    x = torch.randn(2, 6, 6, 3)
    with torch.autocast("cpu", torch.bfloat16):
        for layer in model:
            x = layer(x)
    assert x.dtype == torch.bfloat16
    x.float().sum().backward()
    assert model[0].kernel.grad.isfinite().all()


def test_tensors_come_back_as_tensors():
    assert isinstance(layers.dense(1).apply([[1.0]]), Tensor)
