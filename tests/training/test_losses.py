"""Losses against values and gradients printed by TensorFlow.js 4.22.0."""

import pytest
import torch
from torch.nn import functional

import velveteen as vt
from velveteen.errors import ArgumentTypeError, UnknownNameError
from velveteen.training import losses

Y_TRUE = torch.tensor([[1, 0, 0], [0, 1, 0], [0.2, 0.3, 0.5], [1, -1, 1]])
CLASSES = torch.tensor([[0], [1], [2], [0]])
Y_PRED = torch.tensor([[0.7, 0.2, 0.1], [0.0, 0.4, 1.0], [0.9, 0.05, 0.3], [1, -0.5, -2]])
# One value an example, and the gradients of their sum with respect to Y_PRED.
RECORDED = {
    "meanSquaredError": (
        [0.04666667, 0.4533333, 0.1975, 3.083333],
        [-0.2, 0.1333333, 0.06666667, 0, -0.4, 0.6666667, 0.4666667, -0.1666667, -0.1333333, 0, 0.3333333, -2],
    ),
    "meanAbsoluteError": (
        [0.2, 0.5333334, 0.3833333, 1.166667],
        [
            -0.3333333,
            0.3333333,
            0.3333333,
            -0.3333333,
            -0.3333333,
            0.3333333,
            0.3333333,
            -0.3333333,
            -0.3333333,
            -0.3333333,
            0.3333333,
            -0.3333333,
        ],
    ),
    "meanAbsolutePercentageError": (
        [100000000, 333333300, 157.7778, 116.6667],
        [
            -33.33333,
            333333300,
            333333300,
            333333300,
            -33.33333,
            333333300,
            166.6667,
            -111.1111,
            -66.66666,
            33.33333,
            33.33333,
            -33.33333,
        ],
    ),
    "meanSquaredLogarithmicError": (
        [0.02291251, 0.2025566, 0.09242055, 0.160151],
        [-0.06373291, 0.1012897, 0.05776368, 0, -0.1698452, 0.231049, 0.1612394, -0.1356026, -0.07338506, 0, 0, 0],
    ),
    "squaredHinge": (
        [0.6966667, 0.7866667, 0.788375, 3.083333],
        [-0.2, 0, 0, 0, -0.4, 0, -0.1093333, -0.197, -0.2833334, 0, 0.3333333, -2],
    ),
    "hinge": (
        [0.7666667, 0.8666667, 0.885, 1.166667],
        [-0.3333333, 0, 0, 0, -0.3333333, 0, -0.06666667, -0.1, -0.1666667, 0, 0.3333333, -0.3333333],
    ),
    "categoricalHinge": (
        [0.5, 1.6, 1.375, 1.5],
        [-1, 1, 0, 0, -1, 1, 0.6, -0.3, -0.5, -1, 1, -1],
    ),
    "logcosh": (
        [0.02306686, 0.2013053, 0.09268938, 0.8098143],
        [
            -0.09710419,
            0.06579176,
            0.03322265,
            0,
            -0.1790165,
            0.2538647,
            0.2014559,
            -0.08163956,
            -0.06579176,
            0,
            0.1540391,
            -0.3316849,
        ],
    ),
    "categoricalCrossentropy": (
        [0.356675, 1.252763, 1.744922, 15.01948],
        [
            -0.4285715,
            1,
            1,
            0.7142857,
            -1.785714,
            0.7142857,
            0.5777777,
            -5.2,
            -0.8666666,
            0.6666667,
            -1.333333,
            0.6666667,
        ],
    ),
    "sparseCategoricalCrossentropy": (
        [0.356675, 1.252763, 1.427116, 2.384186e-07],
        [-0.4285715, 1, 1, 0, -1.785714, 0, 0.8, 0.8, -2.533333, 0, 0, 0],
    ),
    "binaryCrossentropy": (
        [0.228393, 5.619559, 1.192696, 3.973645e-08],
        [-0.4761904, 0.4166667, 0.3703703, 0, -0.8333334, 0, 2.592592, -1.754386, -0.3174603, 0, 0, 0],
    ),
    "kullbackLeiblerDivergence": (
        [0.356675, 0.9162908, 0.4921252, 16.1181],
        [-1.428571, 0, 0, 0, -2.5, 0, -0.2222222, -6, -1.666667, -1, 0, 0],
    ),
    "poisson": (
        [0.4522249, 0.7720969, 0.9239258, float("nan")],
        [
            -0.1428571,
            0.3333333,
            0.3333333,
            0.3333333,
            -0.4999998,
            0.3333333,
            0.2592593,
            -1.666663,
            -0.2222221,
            2.980232e-08,
            -0.3333335,
            0.5,
        ],
    ),
    "cosineProximity": (
        [-0.9525794, -0.3713907, -0.58912, 0.1259882],
        [
            -0.1260026,
            0.3528072,
            0.1764036,
            0,
            -0.800411,
            0.3201644,
            0.2459693,
            -0.4796399,
            -0.6579676,
            -0.275974,
            0.2639752,
            -0.2039808,
        ],
    ),
}


def labels_for(name):
    return CLASSES if name.startswith("sparse") else Y_TRUE


@pytest.mark.parametrize("name", RECORDED)
def test_values_and_gradients(name):
    values, gradients = RECORDED[name]
    y_pred = Y_PRED.clone().requires_grad_()
    loss = losses.get(name)(labels_for(name), y_pred)
    loss.sum().backward()
    torch.testing.assert_close(loss, torch.tensor(values), rtol=1e-5, atol=1e-6, equal_nan=True)
    torch.testing.assert_close(y_pred.grad.flatten(), torch.tensor(gradients), rtol=1e-5, atol=1e-6)


def test_every_loss_was_recorded():
    assert {losses.name(name) for name in RECORDED} == {losses.name(loss) for loss in losses.by_name()}


@pytest.mark.parametrize("name", RECORDED)
def test_one_value_for_each_place(name):
    y_true, y_pred = labels_for(name).unsqueeze(0), Y_PRED.unsqueeze(0)
    assert losses.get(name)(y_true, y_pred).shape == (1, 4)


@pytest.mark.parametrize("name", RECORDED)
def test_integer_labels_and_half_precision(name):
    y_true = CLASSES.int() if name.startswith("sparse") else (Y_TRUE > 0.4)
    expected = losses.get(name)(y_true.float(), Y_PRED.bfloat16().float())
    result = losses.get(name)(y_true, Y_PRED.bfloat16())
    assert result.dtype == torch.float32
    torch.testing.assert_close(result, expected, equal_nan=True)


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("mse", "mean_squared_error"),
        ("MSE", "mean_squared_error"),
        ("mae", "mean_absolute_error"),
        ("mape", "mean_absolute_percentage_error"),
        ("msle", "mean_squared_logarithmic_error"),
        ("kld", "kullback_leibler_divergence"),
        ("cosine", "cosine_proximity"),
        ("binary_crossentropy", "binary_crossentropy"),
        ("BinaryCrossentropy", "binary_crossentropy"),
        (losses.hinge, "hinge"),
    ],
)
def test_names(identifier, name):
    assert losses.name(identifier) == name
    assert losses.get(identifier) is getattr(losses, name)


def test_nan_stays_nan():
    assert losses.get("binaryCrossentropy")(torch.ones(1, 1), torch.full((1, 1), float("nan"))).isnan().all()


@pytest.mark.parametrize("name", ["categoricalCrossentropy", "sparseCategoricalCrossentropy"])
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_from_logits_is_the_loss_of_softmax(name, scale):
    generator = torch.Generator().manual_seed(1)
    logits = (scale * torch.randn(50, 4, 7, generator=generator)).requires_grad_()
    y_true = torch.randint(0, 7, (50, 4, 1), generator=generator)
    if not name.startswith("sparse"):
        y_true = functional.one_hot(y_true.squeeze(-1), 7)
    usual = losses.get(name)(y_true, torch.softmax(logits, -1))
    fused = losses.from_logits(name)(y_true, logits)
    torch.testing.assert_close(fused, usual, rtol=0, atol=1e-5)
    (one,) = torch.autograd.grad(usual.sum(), logits)
    (other,) = torch.autograd.grad(fused.sum(), logits)
    torch.testing.assert_close(other, one, rtol=0, atol=1e-5)


def test_other_losses_have_no_form_from_logits():
    assert losses.from_logits("mse") is None
    assert losses.from_logits(lambda y_true, y_pred: y_pred.mean()) is None


def by_tensors(y_true, y_pred):
    return vt.sub(y_true, y_pred).abs().mean(-1)


def by_torch(y_true, y_pred):
    return functional.l1_loss(y_pred, y_true, reduction="none").mean(-1)


@pytest.mark.parametrize("function", [by_tensors, by_torch])
def test_a_function_of_ones_own(function):
    loss = losses.get(function)
    assert losses.name(loss) == function.__name__
    for _ in range(2):  # the first call finds out what the function wants
        y_pred = Y_PRED.clone().requires_grad_()
        result = loss(Y_TRUE, y_pred)
        result.sum().backward()
        torch.testing.assert_close(result.detach(), (Y_TRUE - Y_PRED).abs().mean(-1))
        assert y_pred.grad.abs().sum() > 0


def test_a_mistake_in_ones_own_function_is_shown_as_it_is():
    def mistaken(y_true, y_pred):
        return y_true.no_such_method(y_pred)

    with pytest.raises(AttributeError, match="no_such_method"):
        losses.get(mistaken)(Y_TRUE, Y_PRED)


def test_ones_own_function_must_return_a_tensor():
    def half(y_true, y_pred):
        return 0.5

    with pytest.raises(ArgumentTypeError, match=r"half\(y_true, y_pred\) must return a tensor.*returned float"):
        losses.get(half)(Y_TRUE, Y_PRED)


@pytest.mark.parametrize(
    ("identifier", "error", "message"),
    [
        ("meanSqaredError", UnknownNameError, 'Did you mean "mean_squared_error"'),
        ("softmaxCrossEntropy", UnknownNameError, 'by name it is "categorical_crossentropy"'),
        (3, ArgumentTypeError, 'a name such as "mean_squared_error"'),
    ],
)
def test_errors(identifier, error, message):
    with pytest.raises(error, match=message):
        losses.get(identifier)
