"""Element-wise operators: values by numpy or scipy's formulas, gradients by differences."""

import math

import numpy as np
import pytest

import velveteen as vt
from velveteen.errors import ArgumentError, ArgumentTypeError, DtypeError, ShapeError

ANYWHERE = [[-1.7, -0.3, 0.4], [0.9, 1.3, 2.6]]
POSITIVE = [[0.2, 0.7, 1.1], [1.5, 2.5, 8.0]]
UNIT = [[-0.9, -0.3, 0.2], [0.1, 0.5, 0.8]]
ABOVE_ONE = [[1.1, 1.5], [2.0, 30.0]]


@pytest.mark.parametrize(
    ("name", "inputs", "reference"),
    [
        ("abs", ANYWHERE, np.abs),
        ("acos", UNIT, np.arccos),
        ("acosh", ABOVE_ONE, np.arccosh),
        ("asin", UNIT, np.arcsin),
        ("asinh", ANYWHERE, np.arcsinh),
        ("atan", ANYWHERE, np.arctan),
        ("atanh", UNIT, np.arctanh),
        ("ceil", ANYWHERE, np.ceil),
        ("cos", ANYWHERE, np.cos),
        ("cosh", ANYWHERE, np.cosh),
        ("elu", ANYWHERE, lambda x: np.where(x > 0, x, np.expm1(x))),
        ("erf", ANYWHERE, np.vectorize(math.erf)),
        ("exp", ANYWHERE, np.exp),
        ("expm1", ANYWHERE, np.expm1),
        ("floor", ANYWHERE, np.floor),
        ("leaky_relu", ANYWHERE, lambda x: np.where(x > 0, x, 0.2 * x)),
        ("log", POSITIVE, np.log),
        ("log1p", [[0.0, 1e-9, 3.0]], np.log1p),
        ("log_sigmoid", ANYWHERE, lambda x: -np.log1p(np.exp(-x))),
        ("neg", ANYWHERE, np.negative),
        ("reciprocal", ANYWHERE, np.reciprocal),
        ("relu", ANYWHERE, lambda x: np.maximum(x, 0)),
        ("relu6", [[-1.0, 3.0, 9.0]], lambda x: np.clip(x, 0, 6)),
        ("round", ANYWHERE, np.round),
        ("rsqrt", POSITIVE, lambda x: 1 / np.sqrt(x)),
        ("selu", ANYWHERE, lambda x: 1.05070098 * np.where(x > 0, x, 1.67326324 * np.expm1(x))),
        ("sigmoid", ANYWHERE, lambda x: 1 / (1 + np.exp(-x))),
        ("sign", ANYWHERE, np.sign),
        ("sin", ANYWHERE, np.sin),
        ("sinh", ANYWHERE, np.sinh),
        ("softplus", ANYWHERE, lambda x: np.log1p(np.exp(x))),
        ("sqrt", POSITIVE, np.sqrt),
        ("square", ANYWHERE, np.square),
        ("step", ANYWHERE, lambda x: np.where(x > 0, 1, 0)),
        ("tan", UNIT, np.tan),
        ("tanh", ANYWHERE, np.tanh),
    ],
)
def test_unary(check, name, inputs, reference):
    if name in ("ceil", "floor", "round", "sign"):
        check(name, [inputs], reference, gradient=False)
    else:
        check(name, [inputs], reference)


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("add", np.add),
        ("atan2", np.arctan2),
        ("div", np.divide),
        ("div_no_nan", np.divide),
        ("maximum", np.maximum),
        ("minimum", np.minimum),
        ("mod", np.mod),
        ("mul", np.multiply),
        ("pow", np.power),
        ("prelu", lambda x, alpha: np.where(x > 0, x, alpha * x)),
        ("squared_difference", lambda a, b: (a - b) ** 2),
        ("sub", np.subtract),
    ],
)
def test_binary(check, name, reference):
    check(name, [POSITIVE, [[0.6, 1.9, 1.2], [2.2, 0.4, 3.1]]], reference)
    check(name, [POSITIVE, [[0.6], [1.9]]], reference, gradient=False)


def test_clip_by_value(check):
    check("clip_by_value", [ANYWHERE], lambda x: np.clip(x, -1, 1), clip_value_min=-1, clip_value_max=1)


def test_argument_names_are_those_of_the_signature():
    assert vt.sub(a=3, b=vt.tensor([1])).array_sync() == [2]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: vt.add([1, 2], [1, 2, 3]), ShapeError, r"add\(\) cannot work on shapes \[2\] and \[3\]"),
        (
            lambda: vt.sqrt(vt.tensor([1], dtype="int32")),
            DtypeError,
            r'sqrt\(\) expects float32 for "x", but got int32',
        ),
        (lambda: vt.exp(["a"]), DtypeError, r'exp\(\) expects numbers for "x", but got strings'),
        (lambda: vt.exp([[1, 2], [3]]), ShapeError, r'exp\(\), argument "x": Element \[1\] should be .* shape \[2\]'),
        (lambda: vt.erf([True]), DtypeError, r"float32 or int32"),
        (lambda: vt.clip_by_value([1], 2, 1), ArgumentError, r"clip_value_min <= clip_value_max, got 2 and 1.* Swap"),
        (lambda: vt.add_n([]), ArgumentError, r"at least one tensor"),
        (lambda: vt.add_n([[1], [1, 2]]), ShapeError, r"one shape, got \[1\] and \[2\]"),
        (lambda: vt.add_n([[1], [True]]), DtypeError, r"one dtype"),
        (lambda: vt.add_n(3), ArgumentTypeError, r'list of tensors for "tensors", got int. Put it in brackets'),
        (lambda: vt.bitwise_and([1], [1, 2]), ShapeError, r"one shape"),
        (lambda: vt.logical_not(vt.tensor([1.0])), DtypeError, r"expects bool"),
        (lambda: vt.less(["a"], [1]), DtypeError, r"Strings can be compared with strings only"),
        (lambda: vt.less(["a", "b"], ["a", "b", "c"]), ShapeError, r"Cannot compare shapes \[2\] and \[3\]"),
        (lambda: vt.where([True], [1]), ArgumentTypeError, r"both a and b"),
        (lambda: vt.softmax([[1, 2]], 0), ShapeError, r"last dimension, 1, but got dim=0. Transpose first"),
        (lambda: vt.log_softmax([[1, 2]], 0), ShapeError, r"axis=0"),
        (lambda: vt.exp(object()), ArgumentTypeError, r"Cannot make a tensor from object"),
    ],
)
def test_errors_say_what_to_do(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_not_a_number_stays_one_through_every_activation():
    for name in ("relu", "relu6", "elu", "selu", "step", "sigmoid", "softplus", "leaky_relu"):
        assert math.isnan(getattr(vt, name)(math.nan))
