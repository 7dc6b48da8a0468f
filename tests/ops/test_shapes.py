"""Operators on whole tensors: messages, and what numbers recorded from elsewhere do not show."""

import math

import numpy as np
import pytest

import velveteen as vt
from velveteen.errors import ArgumentError, ArgumentTypeError, DtypeError, ShapeError, UnknownNameError

MATRIX = [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: vt.sum(MATRIX, 2),
            ShapeError,
            r"Axis 2 does not exist .* rank 2 \(shape \[2, 3\]\). Use one from -2 to 1",
        ),
        (lambda: vt.arg_max(MATRIX, -3), ShapeError, r"Axis -3 does not exist"),
        (lambda: vt.bincount(vt.tensor([-1], dtype="int32"), [], 2), ArgumentError, r"negative"),
        (lambda: vt.bincount([1, 2], [1], 2), ShapeError, r"of the size of x \(2\) or none, got 1"),
        (lambda: vt.bincount([1], [], -1), ArgumentError, r"size of 0 or more, got -1"),
        (lambda: vt.dense_bincount([[[1]]], [], 2), ShapeError, r"rank 1 or 2, got shape \[1, 1, 1\]"),
        (lambda: vt.all(vt.tensor([1.0])), DtypeError, r"all\(\) expects bool"),
        (lambda: vt.unsorted_segment_sum(MATRIX, [0, 1, 2], 2), ShapeError, r"\[2, 3\], got \[3\]"),
        (lambda: vt.moving_average([1], [1, 2], 0.9, 1), ShapeError, r"one shape"),
        (lambda: vt.moving_average([1], [2], 0.9), ArgumentError, r"needs step.*zero_debias=False"),
        (lambda: vt.mat_mul([1, 2], [1, 2]), ShapeError, r"rank 2 or more, got \[2\] and \[2\]\. Use dot\(\)"),
        (lambda: vt.mat_mul(MATRIX, MATRIX), ShapeError, r"3 of \[2, 3\] and 2 of \[2, 3\].*transpose_a"),
        (lambda: vt.dot([1, 2], [1, 2, 3]), ShapeError, r"inner dimensions .* got \[2\] and \[3\]"),
        (lambda: vt.outer_product(MATRIX, [1]), ShapeError, r"two vectors"),
        (lambda: vt.norm([1, 2], 3), ArgumentError, r"for vectors, got 3"),
        (lambda: vt.norm(MATRIX, 2, [0, 1]), ArgumentError, r"for matrices, got 2"),
        (lambda: vt.norm([[MATRIX]], 1, [0, 1, 2]), ArgumentError, r"one axis for vectors or two"),
        (lambda: vt.transpose(MATRIX, [0, 0]), ShapeError, r"each of the 2 axes .* once, got \[0, 0\]"),
        (lambda: vt.cast([1], "string"), DtypeError, r"strings stay strings"),
        (lambda: vt.cast([1], "int"), UnknownNameError, r'Did you mean "int32"'),
        (lambda: vt.reshape(MATRIX, [4, 2]), ShapeError, r"the 6 values of shape \[2, 3\] the shape \[4, 2\]"),
        (lambda: vt.reshape(MATRIX, [4, -1]), ShapeError, r"\[4, -1\]"),
        (lambda: vt.reshape(MATRIX, [-1, -1]), ShapeError, r"\[-1, -1\]"),
        (lambda: vt.ensure_shape(MATRIX, [2, 2]), ShapeError, r"expects shape \[2, 2\], got \[2, 3\]"),
        (lambda: vt.squeeze(MATRIX, [0]), ShapeError, r"dimension 0 of \[2, 3\] has size 2"),
        (lambda: vt.broadcast_to([1, 2], [3]), ShapeError, r"broadcast_to\(\) cannot work on shapes \[2\]"),
        (lambda: vt.broadcast_args([2], [3]), ShapeError, r"broadcast_args\(\) cannot work"),
        (lambda: vt.broadcast_args([[2]], [3]), ShapeError, r"two vectors"),
        (lambda: vt.pad(MATRIX, [[1, 1]]), ShapeError, r"pair \[before, after\] for each dimension"),
        (lambda: vt.pad1d(MATRIX, [1, 1]), ShapeError, r"pad1d\(\) expects a tensor of rank 1"),
        (lambda: vt.mirror_pad([1, 2], [[2, 0]], "reflect"), ShapeError, r"0 to 1 to a dimension of size 2"),
        (lambda: vt.mirror_pad([1, 2], [[1, 0]], "wrap"), ArgumentError, r"\"reflect\" and \"symmetric\", got 'wrap'"),
        (lambda: vt.depth_to_space(vt.zeros([1, 1, 1, 3]), 2), ShapeError, r"divisible by 4, got 3"),
        (lambda: vt.depth_to_space(vt.zeros([1, 1, 1, 4]), 1), ArgumentError, r"2 or more, got 1"),
        (lambda: vt.space_to_batch_nd(vt.zeros([1, 3]), [2], [[0, 0]]), ShapeError, r"divisible by \[2\], got \[3\]"),
        (lambda: vt.space_to_batch_nd([1], [2], [[0, 0]]), ShapeError, r"1 spatial dimensions"),
        (lambda: vt.batch_to_space_nd(vt.zeros([3, 1]), [2], [[0, 0]]), ShapeError, r"batch divisible by 2"),
        (lambda: vt.slice(MATRIX, [1, 1], [2, 1]), ShapeError, r"2 elements from 1 on along dimension 0 of \[2, 3\]"),
        (lambda: vt.slice(MATRIX, [-1]), ShapeError, r"from -1 on"),
        (lambda: vt.slice(3, 0), ShapeError, r"1 begins and 0 sizes for shape \[\]"),
        (lambda: vt.slice1d(MATRIX, 0, 1), ShapeError, r"slice1d\(\) expects a tensor of rank 1"),
        (lambda: vt.strided_slice([1, 2], [0], [2], [0]), ArgumentError, r"no stride of 0"),
        (lambda: vt.strided_slice(MATRIX, [0, 0], [1, 1], [1, 1], 0, 0, 3), ArgumentError, r"one ellipsis"),
        (lambda: vt.concat([]), ArgumentError, r"at least one tensor"),
        (lambda: vt.concat([[1], MATRIX]), ShapeError, r"concat\(\) expects tensors of one rank"),
        (lambda: vt.stack([]), ArgumentError, r"at least one tensor"),
        (lambda: vt.stack([[1], [True]]), DtypeError, r"one dtype"),
        (lambda: vt.split(MATRIX, 2, 1), ShapeError, r"cannot cut 3 into 2 equal parts"),
        (lambda: vt.split(MATRIX, [1, 1], 1), ShapeError, r"add up to 3, got \[1, 1\]"),
        (lambda: vt.tile(MATRIX, [2]), ShapeError, r"each dimension of \[2, 3\], got \[2\]"),
        (lambda: vt.meshgrid([1], [2], indexing="yx"), ArgumentTypeError, r"\"xy\" or \"ij\", got 'yx'"),
        (lambda: vt.boolean_mask(MATRIX, [True]), ShapeError, r"from 0 on, got \[1\]"),
        (lambda: vt.gather(MATRIX, [2]), ShapeError, r"indices from 0 to 1, got 2 to 2"),
        (lambda: vt.gather(MATRIX, vt.tensor([1.0])), DtypeError, r"expects int32 for \"indices\", but got float32"),
        (lambda: vt.gather_nd(MATRIX, [[2, 0]]), ShapeError, r"place outside of the dimensions \[2, 3\]"),
        (lambda: vt.gather_nd(MATRIX, [[0, 0, 0]]), ShapeError, r"at most 2"),
        (lambda: vt.scatter_nd([[0]], [1, 2], [3]), ShapeError, r"updates \[2\], indices \[1, 1\] and shape \[3\]"),
        (lambda: vt.scatter_nd([[3]], [1], [3]), ShapeError, r"place outside of the dimensions \[3\]"),
        (lambda: vt.tensor_scatter_update([1], [[0]], [True]), DtypeError, r"of the tensor's dtype"),
        (lambda: vt.sparse_to_dense([0, 1], [1], [3]), ShapeError, r"1 values for 2 places"),
        (lambda: vt.sparse_to_dense([[[0]]], [1], [3]), ShapeError, r"rank 2 at most"),
        (lambda: vt.topk(3), ShapeError, r"got a scalar"),
        (lambda: vt.topk([1, 2], 3), ArgumentError, r"k from 0 to 2.* got 3"),
        (lambda: vt.in_top_k([[1, 2]], [0, 1]), ShapeError, r"got \[1, 2\] and \[2\]"),
        (lambda: vt.in_top_k([[1, 2]], [0], 3), ArgumentError, r"k from 1 to 2"),
        (lambda: vt.search_sorted([1], [1], "middle"), ArgumentError, r"got 'middle'"),
        (lambda: vt.search_sorted([[1], [2]], [[1]]), ShapeError, r"as many rows"),
        (lambda: vt.unique(3), ShapeError, r"got a scalar"),
        (lambda: vt.setdiff1d([[1]], [1]), ShapeError, r"two vectors"),
        (lambda: vt.setdiff1d([1], [True]), DtypeError, r"one dtype"),
        (lambda: vt.complex([1], [1, 2]), ShapeError, r"one shape"),
        (lambda: vt.linspace(0, 1, 0), ArgumentError, r"num=0"),
        (lambda: vt.range(0, 1, 0), ArgumentError, r"other than 0"),
        (lambda: vt.one_hot([1], 1), ArgumentError, r"2 or more, got 1"),
        (lambda: vt.multinomial([[[1, 2]]], 1), ShapeError, r"rank 1 or 2"),
        (lambda: vt.multinomial([1], 1), ArgumentError, r"at least two outcomes, got 1"),
        (lambda: vt.random_normal([1], 0, 1, "bool"), DtypeError, r"not bool"),
        (lambda: vt.random_gamma([1], 1, 1, "bool"), DtypeError, r"not bool"),
        (lambda: vt.random_uniform([1], 0, 1, "string"), DtypeError, r"not string"),
    ],
)
def test_errors_say_what_to_do(call, error, message):
    with pytest.raises(error, match=message):
        call()


RANDOM = {
    "uniform": lambda seed: vt.random_uniform([2000], -1, 3, seed=seed),
    "uniform int32": lambda seed: vt.random_uniform([2000], 0, 5, "int32", seed),
    "uniform_int": lambda seed: vt.random_uniform_int([2000], 0, 5, seed),
    "normal": lambda seed: vt.random_normal([2000], 2, 3, "float32", seed),
    "standard_normal": lambda seed: vt.random_standard_normal([2000], "float32", seed),
    "truncated": lambda seed: vt.truncated_normal([2000], 2, 3, "float32", seed),
    "gamma": lambda seed: vt.random_gamma([2000], 2, 3, "float32", seed),
    "multinomial": lambda seed: vt.multinomial([[0.0, 0.0], [-9.0, 9.0]], 1000, seed),
}


@pytest.mark.parametrize("name", RANDOM)
def test_random_numbers_are_repeatable(name):
    def twice(seed):
        vt.set_random_seed(1)
        first = RANDOM[name](seed).numpy()
        if seed is None:
            vt.set_random_seed(1)
        return first, RANDOM[name](seed).numpy()

    for seed in (42, "text", None):
        np.testing.assert_array_equal(*twice(seed))
    assert not np.array_equal(RANDOM[name](1).numpy(), RANDOM[name](2).numpy())
    assert not np.array_equal(RANDOM[name](None).numpy(), RANDOM[name](None).numpy())


@pytest.mark.parametrize(
    ("name", "mean", "deviation", "low", "high"),
    [
        ("uniform", 1, 4 / math.sqrt(12), -1, 3),
        ("uniform int32", 2, math.sqrt(2), 0, 4),
        ("normal", 2, 3, -math.inf, math.inf),
        ("standard_normal", 0, 1, -math.inf, math.inf),
        ("truncated", 2, 2.64, -4, 8),
        ("gamma", 6, 3 * math.sqrt(2), 0, math.inf),
    ],
)
def test_random_numbers_are_distributed_as_told(name, mean, deviation, low, high):
    numbers = RANDOM[name](7).numpy()
    assert abs(numbers.mean() - mean) < 5 * deviation / math.sqrt(numbers.size)
    assert abs(numbers.std() / deviation - 1) < 0.15
    assert numbers.min() >= low and numbers.max() <= high


def test_multinomial_follows_the_logits():
    draws = RANDOM["multinomial"](3).numpy()
    assert 0.4 < draws[0].mean() < 0.6 and draws[1].mean() > 0.99
    assert vt.multinomial([0.0, 1.0], 5, 1, True).array_sync() == [1] * 5


def test_dtypes_of_random_numbers():
    assert vt.random_normal([3], dtype="int32", seed=1).dtype == "int32"
    assert vt.random_uniform([3], 0, 2, "bool", 1).dtype == "bool"
    numbers = iter([0.5, 1.5, 2.5, 3.5])
    assert vt.rand([2, 2], lambda: next(numbers), "int32").array_sync() == [[0, 1], [2, 3]]


def test_of_equal_places_the_last_update_counts():
    updated = vt.tensor_scatter_update(vt.zeros([3, 2]), [[1], [0], [1]], [[1, 1], [2, 2], [3, 3]])
    assert updated.array_sync() == [[2, 2], [3, 3], [0, 0]]
    assert vt.tensor_scatter_update([1, 2], vt.zeros([0, 1], "int32"), []).array_sync() == [1, 2]


def test_what_takes_whole_slices_differentiates():
    x = vt.tensor([[1.0, 2.0], [3.0, 4.0]])
    weights = vt.tensor([[1.0, 10.0], [100.0, 1000.0]])
    for function, expected in (
        (lambda x: vt.gather(x, [1, 1]) * weights, [[0, 0], [101, 1010]]),
        (lambda x: vt.gather_nd(x, [[0, 1], [0, 1]]), [[0, 2], [0, 0]]),
        (lambda x: vt.scatter_nd([[2], [0]], x, [3, 2])[:1] * weights[:1], [[0, 0], [1, 10]]),
        (lambda x: vt.boolean_mask(x, [False, True]), [[0, 0], [1, 1]]),
        (lambda x: vt.topk(x, 1).values, [[0, 1], [0, 1]]),
        (lambda x: vt.strided_slice(x, [0, -1], [2, -3], [1, -1]) * weights, [[10, 1], [1000, 100]]),
        (lambda x: vt.cumsum(x, 0), [[2, 2], [1, 1]]),
        (lambda x: vt.batch_to_space_nd(x[:, :, None], [2], [[0, 1]]), [[1, 1], [1, 0]]),
    ):
        assert vt.grad(function)(x).array_sync() == expected


def test_sparse_to_dense_of_strings_and_of_a_plain_default():
    assert vt.sparse_to_dense([[0, 1], [1, 0]], ["a", "b"], [2, 2], "-").array_sync() == [["-", "a"], ["b", "-"]]
    assert vt.sparse_to_dense([0, 2, 0], vt.tensor(["a", "b", "c"]), [3], vt.tensor("")).array_sync() == ["c", "", "b"]
    whole = vt.sparse_to_dense([1], vt.tensor([5], None, "int32"), [3], -1)
    assert whole.dtype == "int32" and whole.array_sync() == [-1, 5, -1]
    with pytest.raises(DtypeError, match="needs a text as default_value, got 0"):
        vt.sparse_to_dense([0], ["a"], [2])
    with pytest.raises(DtypeError, match="dtype, float32, got string"):
        vt.sparse_to_dense([0], [1], [2], "a")
