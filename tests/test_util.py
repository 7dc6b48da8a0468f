"""vt.util; the numbers are those that TensorFlow.js 4.22 gives for the same calls."""

import numpy as np
import pytest

import velveteen as vt
from velveteen.errors import ArgumentError, ArgumentTypeError, ShapeError

util = vt.util
require = util.assert_


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (util.flatten([[1, [2]], [[3, 4]]]), [1, 2, 3, 4]),
        (util.flatten(5), [5]),
        (util.flatten((np.ones([1, 2]), vt.tensor([[3.0]])), [0]), [0, 1, 1, 3]),
        (util.size_from_shape([]), 1),
        (util.size_from_shape([2, 0, 3]), 0),
        (util.is_scalar_shape([]), True),
        (util.compute_strides([]), []),
        (util.compute_strides([2, 3, 4]), [12, 4]),
        (util.infer_from_implicit_shape([2, -1], 6), [2, 3]),
        (util.infer_from_implicit_shape([2, 3], 6), [2, 3]),
        (util.squeeze_shape([1, 2, 1, 3]), ([2, 3], [1, 3])),
        (util.squeeze_shape([1, 2, 1], [0]), ([2, 1], [1, 2])),
        (util.parse_axis_param(-1, [2, 3]), [1]),
        (util.parse_axis_param([0, -2], [2, 3]), [0, 0]),
        (util.to_nested_array([2, 2], [1, 2, 3, 4]), [[1, 2], [3, 4]]),
        (util.to_nested_array([], [7]), 7),
        (util.nearest_divisor(12, 5), 6),
        (util.nearest_divisor(7, 2), 7),
        (util.nearest_larger_even(3), 4),
        (util.clamp(0, 5, 3), 3),
        (util.clamp(0, -5, 3), 0),
        (util.clamp(0, 1, 3), 1),
        (util.dist_squared([1, 2], [4, 6]), 25),
        (util.arrays_equal([1, 2], np.array([1, 2])), True),
        (util.arrays_equal([1], [1, 2]), False),
        (util.arrays_equal(None, [1]), False),
        (util.right_pad("a", 3), "a  "),
        (util.decode_string(util.encode_string("größer")), "größer"),
        ([util.is_int(2.0), util.is_int(2.5)], [True, False]),
        (
            [util.is_number(1), util.is_number(True), util.is_boolean(True), util.is_string("")],
            [True, False, True, True],
        ),
        ([util.is_function(len), util.is_typed_array(np.ones(1)), util.is_typed_array([1])], [True, True, False]),
    ],
)
def test_answers(result, expected):
    assert result == expected


def test_shuffling():
    vt.set_random_seed(1)
    names, numbers = list("abcdefghij"), np.arange(10)
    util.shuffle_combo(names, numbers)
    assert names != sorted(names)
    assert names == ["abcdefghij"[place] for place in numbers]
    util.shuffle(names)
    assert sorted(names) == list("abcdefghij")
    indices = util.create_shuffled_indices(1000)
    assert indices.dtype == np.int32
    assert sorted(indices) == list(range(1000))
    vt.set_random_seed(5)
    first = util.create_shuffled_indices(9).tolist(), util.rand_uniform(2, 3)
    vt.set_random_seed(5)
    assert (util.create_shuffled_indices(9).tolist(), util.rand_uniform(2, 3)) == first
    assert 2 <= first[1] < 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: util.shuffle(vt.ones([3])), ArgumentTypeError, "in place, got Tensor"),
        (lambda: util.shuffle_combo([1], [1, 2]), ArgumentError, "one length, got 1 and 2"),
        (lambda: require(False, lambda: "told so"), ArgumentError, "^told so$"),
        (lambda: require(0, "told so"), ArgumentError, "^told so$"),
        (lambda: util.assert_shapes_match([1], [2], "Error in x:"), ShapeError, r"Error in x: Shapes \[1\] and \[2\]"),
        (lambda: util.assert_non_null(None), ArgumentError, "got None"),
        (lambda: util.infer_from_implicit_shape([4, -1], 6), ShapeError, r"6 values do not fit into shape \[4, -1\]"),
        (lambda: util.squeeze_shape([2], [0]), ShapeError, "its size is 2, not 1"),
        (lambda: util.parse_axis_param(2, [1]), ArgumentError, "axes -1 to 0, got 2"),
        (lambda: util.to_nested_array([3], [1]), ShapeError, "do not fit"),
    ],
)
def test_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_what_fits_says_nothing():
    require(True, "no")
    util.assert_shapes_match([1], (1,))
    assert util.now() <= util.now()
