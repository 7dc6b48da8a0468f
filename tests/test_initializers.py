"""Initializers: distributions, fans, seeds, names in files."""

import math

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen import initializers
from velveteen.errors import ArgumentError, ArgumentTypeError, DtypeError, ShapeError, UnknownNameError

RANDOM = {
    "random_uniform": {},
    "random_normal": {},
    "truncated_normal": {},
    "orthogonal": {},
    "variance_scaling": {},
    "glorot_uniform": {},
    "glorot_normal": {},
    "he_uniform": {},
    "he_normal": {},
    "lecun_uniform": {},
    "lecun_normal": {},
}
# A normal distribution cut off at two standard deviations has this share of its standard deviation left.
CUT = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))


@pytest.mark.parametrize(
    ("name", "variance", "limit"),
    [
        ("glorot_uniform", 2 / (400 + 100), math.sqrt(6 / 500)),
        ("glorot_normal", CUT**2 * 2 / (400 + 100), 2 * math.sqrt(2 / 500)),
        ("he_uniform", 2 / 400, math.sqrt(6 / 400)),
        ("he_normal", CUT**2 * 2 / 400, 2 * math.sqrt(2 / 400)),
        ("lecun_uniform", 1 / 400, math.sqrt(3 / 400)),
        ("lecun_normal", CUT**2 / 400, 2 * math.sqrt(1 / 400)),
        ("random_uniform", 0.1**2 / 12, 0.05),
        ("truncated_normal", (CUT * 0.05) ** 2, 0.1),
        ("random_normal", 0.05**2, math.inf),
    ],
)
def test_distribution(name, variance, limit):
    values = initializers.get(name)((400, 100))
    assert values.shape == (400, 100)
    assert values.dtype == torch.float32
    assert abs(values.mean()) < 5 * math.sqrt(variance / values.numel())
    assert values.var().item() == pytest.approx(variance, rel=0.05)
    assert values.abs().max() <= limit


@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((3, 4), (3, 4)),
        ((5, 3, 4), (15, 20)),
        ((2, 5, 3, 4), (30, 40)),
        ((2, 2, 5, 3, 4), (60, 80)),
        ((16,), (4, 4)),
        ((), (1, 1)),
    ],
)
def test_fans_are_those_of_channels_last(shape, fans):
    assert initializers.compute_fans(shape) == fans


@pytest.mark.parametrize(("mode", "fan"), [("fanIn", 300), ("fan_out", 900), ("fanAvg", 600)])
def test_variance_scaling_modes(mode, fan):
    values = initializers.variance_scaling(2.0, mode, "uniform", seed=1)((3, 10, 10, 30))
    assert values.var().item() == pytest.approx(2 / fan, rel=0.1)


@pytest.mark.parametrize("name", RANDOM)
def test_seed(name):
    factory = getattr(initializers, name)
    torch.testing.assert_close(factory(seed=7)((6, 4)), factory(seed=7)((6, 4)), rtol=0, atol=0)
    assert not torch.equal(factory(seed=7)((6, 4)), factory(seed=8)((6, 4)))
    before = torch.random.get_rng_state()
    factory(seed=7)((6, 4))
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("name", RANDOM)
def test_without_a_seed_the_common_generator_rules(name):
    initializer = getattr(initializers, name)()
    vt.set_random_seed(3)
    first, second = initializer((6, 4)), initializer((6, 4))
    vt.set_random_seed(3)
    assert torch.equal(first, initializer((6, 4)))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (2, 3, 4)])
def test_orthogonal(shape):
    matrix = initializers.orthogonal(2.0, seed=1)(shape).reshape(-1, shape[-1])
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    torch.testing.assert_close(matrix.T @ matrix, 4 * torch.eye(matrix.shape[1]), atol=1e-5, rtol=0)


def test_fixed_values():
    assert initializers.zeros()((2,), "int32").tolist() == [0, 0]
    assert initializers.ones()((2, 1)).tolist() == [[1.0], [1.0]]
    assert initializers.constant(0.5)((2,)).tolist() == [0.5, 0.5]
    assert initializers.identity(3)((2, 2)).tolist() == [[3.0, 0.0], [0.0, 3.0]]
    assert initializers.zeros()((1,), "bool").tolist() == [False]


def test_limits_of_zero_are_meant():
    values = initializers.random_uniform(0, 1, seed=1)((1000,))
    assert 0 <= values.min() < 0.01
    assert initializers.truncated_normal(3.0, 0.0)((4,)).tolist() == [3.0] * 4


def test_integers_are_rounded():
    values = initializers.random_normal(0.0, 10.0, seed=1)((50,), "int32")
    assert values.dtype == torch.int32
    assert values.unique().numel() > 10


SAVED = {
    "VarianceScaling": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": 3},
    "RandomUniform": {"minval": -0.2, "maxval": 0.1, "seed": None},
    "RandomNormal": {"mean": 0.5, "stddev": 0.1, "seed": 2},
    "TruncatedNormal": {"mean": 0.5, "stddev": 0.1, "seed": 2},
    "Orthogonal": {"gain": 2, "seed": None},
    "Identity": {"gain": 2},
    "Constant": {"value": 0.5},
    "Zeros": {},
    "Ones": {},
}


@pytest.mark.parametrize("class_name", SAVED)
def test_saved_form_goes_round(class_name):
    data = {"class_name": class_name, "config": SAVED[class_name]}
    assert vt.serialization.serialize(initializers.get(data)) == data


@pytest.mark.parametrize(
    ("class_name", "config"),
    [
        ("GlorotUniform", {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": 3}),
        ("GlorotNormal", {"scale": 1.0, "mode": "fan_avg", "distribution": "normal", "seed": 3}),
        ("HeUniform", {"scale": 2.0, "mode": "fan_in", "distribution": "uniform", "seed": 3}),
        ("HeNormal", {"scale": 2.0, "mode": "fan_in", "distribution": "normal", "seed": 3}),
        ("LeCunNormal", {"scale": 1.0, "mode": "fan_in", "distribution": "normal", "seed": 3}),
        ("LecunUniform", {"scale": 1.0, "mode": "fan_in", "distribution": "uniform", "seed": 3}),
    ],
)
def test_class_names_of_keras(class_name, config):
    initializer = initializers.get({"class_name": class_name, "config": {"seed": 3, "dtype": "float32"}})
    assert initializer.class_name == "VarianceScaling"
    assert initializer.get_config() == config


@pytest.mark.parametrize("name", ["leCunNormal", "lecun_normal", "LeCunNormal", "lecunNormal"])
def test_names_in_every_spelling(name):
    assert initializers.get(name).get_config() == initializers.lecun_normal().get_config()


def test_a_function_may_be_an_initializer():
    initializer = initializers.get(lambda shape, dtype: vt.Tensor(np.full(shape, 2.0)))
    assert torch.equal(initializer((2, 3)), torch.full((2, 3), 2.0))


def test_apply_gives_a_tensor():
    assert initializers.ones().apply([2]).array_sync() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: initializers.get("glorotnormel"), UnknownNameError, 'Did you mean "glorot_normal"'),
        (lambda: initializers.get("constant"), ArgumentError, r"initializers\.constant\(0\.5\)"),
        (lambda: initializers.get(3), ArgumentTypeError, 'a name such as "glorot_uniform"'),
        (lambda: initializers.get({"class_name": "Zeroes", "config": {}}), UnknownNameError, 'Did you mean "Zeros"'),
        (lambda: initializers.identity()((2, 3)), ShapeError, r"square matrices.*\[2, 3\]"),
        (lambda: initializers.orthogonal()((3,)), ShapeError, r"matrices.*\[3\]"),
        (lambda: initializers.variance_scaling(-1), ArgumentError, "0 or more, got -1"),
        (lambda: initializers.variance_scaling(mode="fan"), UnknownNameError, "Known: fan_avg, fan_in, fan_out"),
        (lambda: initializers.random_normal()((2,), "bool"), DtypeError, "dtype bool"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
