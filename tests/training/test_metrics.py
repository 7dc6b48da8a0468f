"""Metrics against numbers printed by TensorFlow.js 4.22.0."""

import pytest
import torch

import velveteen as vt
from velveteen.errors import ArgumentTypeError, UnknownNameError
from velveteen.training import losses, metrics

ONE_HOT = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
PREDICTED = [[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.1, 0.2, 0.7], [0.2, 0.5, 0.3]]
CASES = [
    ("binary_accuracy", ONE_HOT, PREDICTED, [1, 2 / 3, 1, 2 / 3]),
    ("categorical_accuracy", ONE_HOT, PREDICTED, [1, 0, 1, 0]),
    ("sparse_categorical_accuracy", [[0], [1], [2], [1]], PREDICTED, [1, 0, 1, 1]),
    ("sparse_categorical_accuracy", [0, 1, 2, 1], PREDICTED, [1, 0, 1, 1]),
    ("categorical_crossentropy", ONE_HOT, PREDICTED, [0.35667497, 1.2039728, 0.35667497, 1.6094379]),
    ("binary_crossentropy", ONE_HOT, PREDICTED, [0.228393, 0.69049114, 0.228393, 0.886420]),
    ("cosine_proximity", ONE_HOT, PREDICTED, [-0.95257938, -0.51449579, -0.95257938, -0.32444286]),
    ("mean_squared_error", [[1, 2], [3, 4]], [[1, 1], [5, 1]], [0.5, 6.5]),
    ("mean_absolute_error", [[1, 2], [3, 4]], [[1, 1], [5, 1]], [0.5, 2.5]),
    ("mean_absolute_percentage_error", [[1, 2], [4, 4]], [[1, 1], [5, 1]], [25, 50]),
    ("precision", [[1, 0, 1, 1]], [[1, 1, 0, 1]], 2 / 3),
    ("precision", [[1, 0]], [[0, 0]], 0),
    ("recall", [[1, 0, 1, 1, 1]], [[1, 1, 0, 1, 0]], 0.5),
    ("recall", [[0, 0]], [[1, 0]], 0),
    ("r2_score", [1, 2, 3, 4], [1, 2, 3, 2], 0.2),
]


@pytest.mark.parametrize(("name", "y_true", "y_pred", "expected"), CASES)
def test_values(name, y_true, y_pred, expected):
    result = getattr(vt.metrics, name)(y_true, y_pred)
    assert isinstance(result, vt.Tensor)
    assert result.dtype == "float32"
    torch.testing.assert_close(result.torch(), torch.tensor(expected, dtype=torch.float32), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["binary_accuracy", "categorical_accuracy", "precision", "recall"])
@pytest.mark.parametrize("dtype", [torch.int32, torch.bool])
def test_labels_of_other_dtypes(name, dtype):
    y_true, y_pred = torch.tensor(ONE_HOT), torch.tensor(PREDICTED).round()
    function = getattr(metrics, name)
    torch.testing.assert_close(function(y_true.to(dtype), y_pred), function(y_true.float(), y_pred))


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("mse", "mean_squared_error"),
        ("MSE", "mean_squared_error"),
        ("mape", "mean_absolute_percentage_error"),
        ("MAPE", "mean_absolute_percentage_error"),
    ],
)
def test_aliases(alias, name):
    assert getattr(vt.metrics, alias) is getattr(vt.metrics, name)


@pytest.mark.parametrize(
    ("identifier", "loss", "shape", "short", "function"),
    [
        ("accuracy", "categoricalCrossentropy", [None, 3], "acc", "categorical_accuracy"),
        ("acc", "meanSquaredError", [None, 3], "acc", "categorical_accuracy"),
        ("accuracy", "sparseCategoricalCrossentropy", [None, 3], "acc", "sparse_categorical_accuracy"),
        ("accuracy", "binaryCrossentropy", [None, 3], "acc", "binary_accuracy"),
        ("accuracy", losses.binary_crossentropy, [None, 3], "acc", "binary_accuracy"),
        ("accuracy", "sparse_categorical_crossentropy", [None, 1], "acc", "binary_accuracy"),
        ("accuracy", "a_loss_of_ones_own", [None, 3], "acc", "categorical_accuracy"),
        ("crossentropy", "categoricalCrossentropy", [None, 3], "ce", "categorical_crossentropy"),
        ("ce", "sparseCategoricalCrossentropy", [None, 3], "ce", "sparse_categorical_crossentropy"),
        ("ce", "binaryCrossentropy", [None, 1], "ce", "binary_crossentropy"),
        ("mse", "hinge", [None, 3], "mse", "mean_squared_error"),
        ("MAE", "hinge", [None, 3], "MAE", "mean_absolute_error"),
        ("binaryAccuracy", "hinge", [None, 3], "binaryAccuracy", "binary_accuracy"),
        ("cosine", "hinge", [None, 3], "cosine", "cosine_proximity"),
        (metrics.r2_score, "hinge", [None, 3], "r2_score", "r2_score"),
    ],
)
def test_get_names_and_fits(identifier, loss, shape, short, function):
    assert metrics.get(identifier, loss, shape) == (short, getattr(metrics, function))


def test_losses_are_metrics_too():
    assert metrics.get("squaredHinge") == ("squaredHinge", losses.squared_hinge)


def test_a_function_of_ones_own():
    def largest_error(y_true, y_pred):
        return vt.sub(y_true, y_pred).abs().max()

    name, function = metrics.get(largest_error)
    assert name == "largest_error"
    assert function(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.5, 5.0]])).item() == 3.0


@pytest.mark.parametrize(
    ("identifier", "error", "message"),
    [
        ("acuracy_binary", UnknownNameError, 'Unknown metric "acuracy_binary"'),
        (3, ArgumentTypeError, 'a name such as "accuracy"'),
    ],
)
def test_errors(identifier, error, message):
    with pytest.raises(error, match=message):
        metrics.get(identifier)
