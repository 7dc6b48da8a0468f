"""Constraints against numbers printed by TensorFlow.js 4.22.0."""

import pytest
import torch

from velveteen import constraints
from velveteen.errors import ArgumentTypeError, ShapeError, UnknownNameError
from velveteen.serialization import serialize

W = torch.tensor([[1.0, -2.0, 0.0], [3.0, 0.5, 0.0]])


@pytest.mark.parametrize(
    ("constraint", "values", "saved"),
    [
        (
            constraints.max_norm(1.5),
            [[0.47434163, -1.4552138, 0], [1.4230249, 0.36380345, 0]],
            {"class_name": "MaxNorm", "config": {"max_value": 1.5, "axis": 0}},
        ),
        (
            constraints.max_norm(1.5, axis=1),
            [[0.67082036, -1.3416407, 0], [1.4795908, 0.24659847, 0]],
            {"class_name": "MaxNorm", "config": {"max_value": 1.5, "axis": 1}},
        ),
        (
            constraints.unit_norm(),
            [[0.31622776, -0.97014254, 0], [0.94868326, 0.24253564, 0]],
            {"class_name": "UnitNorm", "config": {"axis": 0}},
        ),
        (
            constraints.unit_norm([0, 1]),
            [[0.26490647, -0.52981293, 0], [0.79471946, 0.13245323, 0]],
            {"class_name": "UnitNorm", "config": {"axis": [0, 1]}},
        ),
        (constraints.non_neg(), [[1, 0, 0], [3, 0.5, 0]], {"class_name": "NonNeg", "config": {}}),
        (
            constraints.min_max_norm(0.5, 1, 0.7),
            [[0.52135944, -1.2790998, 0], [1.5640783, 0.31977496, 0]],
            {"class_name": "MinMaxNorm", "config": {"min_value": 0.5, "max_value": 1, "rate": 0.7, "axis": 0}},
        ),
    ],
)
def test_values_and_saved_form(constraint, values, saved):
    torch.testing.assert_close(constraint(W), torch.tensor(values), rtol=1e-6, atol=1e-7)
    assert serialize(constraint) == saved
    assert serialize(constraints.get(saved)) == saved


@pytest.mark.parametrize("name", ["maxNorm", "max_norm", "MaxNorm"])
def test_names_in_every_spelling(name):
    assert constraints.get(name).get_config() == {"max_value": 2, "axis": 0}


def test_get_passes_none_and_functions():
    assert constraints.get(None) is None
    assert constraints.get(torch.relu) is torch.relu


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: constraints.get("unitnrm"), UnknownNameError, 'Did you mean "unit_norm"'),
        (lambda: constraints.get(2), ArgumentTypeError, r"made by constraints\.max_norm\(\), got 2"),
        (lambda: constraints.unit_norm(2)(W), ShapeError, r"axis 2, but the weight has shape \[2, 3\]"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
