"""Gradients: of one argument, of several, of variables, of gradients, and a function's own."""

import math

import numpy as np
import pytest

import velveteen as vt
from velveteen.errors import ArgumentError, ArgumentTypeError, DtypeError, ShapeError


def test_grad_of_a_scalar_and_of_a_sum():
    assert vt.grad(lambda x: x.square().sum())([1, 2, 3]).array_sync() == [2, 4, 6]
    assert vt.grad(lambda x: x.square())([1, 2, 3]).array_sync() == [2, 4, 6]
    assert vt.grad(lambda x: x.square())([1, 2], dy=[10, 100]).array_sync() == [20, 400]


def test_grads_of_several():
    a, b = vt.tensor([2, 3]), vt.tensor(4)
    found = vt.grads(lambda a, b: a * b)([a, b])
    assert [gradient.array_sync() for gradient in found] == [[4, 4], 5]
    found = vt.grads(lambda a, b: a * b)([a, b], [1, 10])
    assert [gradient.array_sync() for gradient in found] == [[4, 40], 32]


def test_value_and_gradients():
    value, gradient = vt.value_and_grad(lambda x: x.square())([3])
    assert (value.array_sync(), gradient.array_sync()) == ([9], [6])
    answer = vt.value_and_grads(lambda a, b: a.sub(b))([5, 2])
    assert answer.value.array_sync() == 3
    assert [gradient.array_sync() for gradient in answer.grads] == [1, -1]


def test_results_are_ordinary_tensors():
    answer = vt.value_and_grad(lambda x: x.exp())([1.0])
    for tensor in answer:
        assert not tensor.value.requires_grad
        tensor.numpy()


def test_gradients_of_gradients():
    cube = vt.grad(lambda x: x**3)
    assert vt.grad(cube)([2]).array_sync() == [12]
    assert vt.grad(vt.grad(cube))([2]).array_sync() == [6]
    mixed = vt.grad(lambda x: vt.grad(lambda y: x.square() * y.square())(vt.scalar(3)))
    assert mixed(vt.scalar(2)).array_sync() == 24  # d/dx 2 x² y
    penalty = vt.grad(lambda x: vt.value_and_grad(lambda y: y.exp())(x).grad.square().sum())
    np.testing.assert_allclose(penalty([0.5]).numpy(), 2 * math.e, rtol=1e-5)


def test_gradients_that_tensorflowjs_defines_differ_at_corners():
    zero = vt.scalar(0)
    assert vt.grad(vt.relu)(zero).array_sync() == 0
    assert vt.grad(vt.abs)(zero).array_sync() == -1
    assert vt.grad(vt.elu)(zero).array_sync() == 1
    assert vt.grad(vt.relu6)(vt.scalar(6)).array_sync() == 1
    assert vt.grad(lambda x: vt.clip_by_value(x, 0, 1))([0, 1, 2]).array_sync() == [1, 1, 0]
    assert vt.grad(lambda x: vt.prelu(x, 0.5))(zero).array_sync() == 0.5
    assert [g.array_sync() for g in vt.grads(vt.maximum)([1, 1])] == [1, 0]
    assert [g.array_sync() for g in vt.grads(vt.minimum)([1, 1])] == [1, 0]
    assert vt.grad(vt.max)([2, 1, 2]).array_sync() == [1, 0, 1]
    assert vt.grad(vt.min)([2, 1, 1]).array_sync() == [0, 1, 1]
    assert vt.grads(vt.pow)([-2, 3])[1].array_sync() == 0
    assert math.isnan(vt.grad(vt.norm)([0, 0]).array_sync()[0])
    assert vt.grad(vt.step)([1, -1]).array_sync() == [0, 0]
    assert vt.grad(lambda x: vt.mirror_pad(x, [[1, 0]], "symmetric"))([1, 2]).array_sync() == [1, 1]
    assert vt.grads(vt.div_no_nan)([1, 0])[0].array_sync() == 0


def test_gradients_of_complex_numbers_reach_their_parts():
    gradients = vt.grads(lambda a, b: vt.abs(vt.complex(a, b)).square())([[3], [4]])
    np.testing.assert_allclose([gradient.array_sync()[0] for gradient in gradients], [6, 8], rtol=1e-5)


def test_variable_grads():
    a, b = vt.variable(3.0, name="a_of_test"), vt.variable(4.0, name="b_of_test")
    answer = vt.variable_grads(lambda: a.square() * b, [a, b])
    assert answer.value.array_sync() == 36
    assert {name: gradient.array_sync() for name, gradient in answer.grads.items()} == {
        "a_of_test": 24,
        "b_of_test": 9,
    }
    assert vt.variable_grads(lambda: a * b, [b]).grads["b_of_test"].array_sync() == 3
    assert not a.value.requires_grad


def test_variable_grads_finds_the_trainable_variables_that_are_used():
    used, fixed, unused = vt.variable(2.0), vt.variable(5.0, False), vt.variable(1.0)
    answer = vt.variable_grads(lambda: used * fixed)
    assert list(answer.grads) == [used.name]
    assert unused.name not in answer.grads and answer.grads[used.name].array_sync() == 5


def test_variable_grads_of_a_layer():
    layer = vt.layers.dense(1, use_bias=False, kernel_initializer="ones", input_shape=[2])
    model = vt.sequential([layer])
    found = vt.variable_grads(lambda: model.apply(vt.tensor([[2, 3]])).sum()).grads
    assert [gradient.array_sync() for gradient in found.values()] == [[[2], [3]]]


def test_a_variable_is_whole_after_an_error():
    variable = vt.variable(1.0)
    with pytest.raises(ZeroDivisionError):
        vt.variable_grads(lambda: 1 / 0, [variable])
    assert not variable.value.requires_grad
    variable.assign(2.0)
    assert (variable * 2).array_sync() == 4


def test_custom_grad():
    def f(x, save):
        save([x])
        return {"value": x.square(), "grad_func": lambda dy, saved: [dy * saved[0].abs() * 100]}

    custom = vt.custom_grad(f)
    assert custom([-2, 3]).array_sync() == [4, 9]
    assert vt.grad(custom)([-2, 3]).array_sync() == [200, 300]
    assert vt.grad(lambda x: custom(x * 2).sum())([1]).array_sync() == [400]


def test_custom_grad_of_several_and_as_a_pair():
    custom = vt.custom_grad(lambda a, b, save: (a * b, lambda dy, saved: [dy * 2, dy * 3]))
    assert [gradient.array_sync() for gradient in vt.grads(custom)([5, 7])] == [2, 3]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: vt.grads(lambda a: a)(3), ArgumentTypeError, r"takes them in a list: g\(\[a, b\]\)"),
        (lambda: vt.grad(lambda x: vt.scalar(1))([1]), ArgumentError, r"does not depend on argument 0"),
        (
            lambda: vt.grads(lambda a, b: a)([1, 2]),
            ArgumentError,
            r"does not depend on argument 1.*velveteen operators",
        ),
        (lambda: vt.grad(lambda x: x)(vt.scalar(1, "int32")), DtypeError, r'Argument 0 is int32.*cast\("float32"\)'),
        (lambda: vt.grad(lambda x: x)(["a"]), DtypeError, r"Argument 0 is that"),
        (lambda: vt.grad(lambda x: 3)([1]), ArgumentTypeError, r"must return a Tensor, but returned int"),
        (lambda: vt.grad(lambda x: x)([1, 2], [1]), ShapeError, r"dy has shape \[1\], but f's result has shape \[2\]"),
        (lambda: vt.variable_grads(lambda: vt.scalar(1), []), ArgumentError, r"at least one trainable variable"),
        (
            lambda: vt.variable_grads(lambda: vt.ones([2]), [vt.variable(1.0)]),
            ShapeError,
            r"must return a scalar, but its result has shape \[2\].*mean",
        ),
        (
            lambda: vt.variable_grads(lambda: vt.scalar(1), [vt.variable(1.0)]),
            ArgumentError,
            r"depends on none of the variables",
        ),
        (lambda: vt.variable_grads(lambda: vt.scalar(1)), ArgumentError, r"uses no trainable variable"),
        (lambda: vt.custom_grad(lambda x, save: x)([1]), ArgumentTypeError, r'must return \{"value": a Tensor'),
        (
            lambda: vt.grads(vt.custom_grad(lambda a, b, save: (a, lambda dy, saved: [dy])))([1, 2]),
            ArgumentError,
            r"must return 2 gradients.* returned 1",
        ),
    ],
)
def test_errors_say_what_to_do(call, error, message):
    with pytest.raises(error, match=message):
        call()
