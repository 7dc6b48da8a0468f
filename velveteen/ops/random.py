"""Tensors / Random: tensors of random numbers.

Without a seed they follow `set_random_seed`. With one, the same call gives the same numbers; not those that
TensorFlow.js gives for it, since the generator is PyTorch's.
"""

import random as python_random
from collections.abc import Callable, Sequence

import torch

from velveteen import backend
from velveteen.errors import ArgumentError, DtypeError, ShapeError
from velveteen.ops._operator import operator
from velveteen.ops._semantics import to_int32
from velveteen.tensors import TORCH_DTYPES, Dtype, Shape, check_dtype

Seed = int | float | str | None


@operator("Tensors", "Random")
def random_uniform(
    shape: Sequence[int], minval: float = 0, maxval: float = 1, dtype: Dtype | None = "float32", seed: Seed = None
):
    """Returns random numbers, all equally likely.

    Args:
        shape: the shape.
        minval: the smallest possible number.
        maxval: the end of the range, which does not occur.
        dtype: `"float32"`, `"int32"` or `"bool"`; for the latter two the fraction is dropped.
        seed: makes the numbers repeatable.
    """
    device = backend.device()
    numbers = torch.rand(tuple(shape), generator=_generator(seed), device=device) * (maxval - minval) + minval
    return _as(to_int32(numbers) if dtype in ("int32", "bool") else numbers, dtype)


@operator("Tensors", "Random")
def random_uniform_int(shape: Sequence[int], minval: float, maxval: float, seed: Seed = None):
    """Returns random integers, int32, all equally likely, from `minval` up to and without `maxval`.

    Args:
        shape: the shape.
        minval: the smallest possible number.
        maxval: the end of the range, which does not occur.
        seed: makes the numbers repeatable.
    """
    return random_uniform(shape, minval, maxval, "int32", seed)


@operator("Tensors", "Random")
def random_normal(
    shape: Sequence[int], mean: float = 0, std_dev: float = 1, dtype: Dtype | None = None, seed: Seed = None
):
    """Returns random numbers of a normal distribution.

    Args:
        shape: the shape.
        mean: the mean.
        std_dev: the standard deviation.
        dtype: `"float32"`, or `"int32"` for rounded numbers.
        seed: makes the numbers repeatable.
    """
    numbers = torch.randn(tuple(shape), generator=_generator(seed), device=backend.device()) * std_dev + mean
    return _rounded(numbers, dtype, "random_normal")


@operator("Tensors", "Random")
def random_standard_normal(shape: Sequence[int], dtype: Dtype | None = None, seed: Seed = None):
    """Returns random numbers of the normal distribution of mean 0 and standard deviation 1.

    Args:
        shape: the shape.
        dtype: `"float32"`, or `"int32"` for rounded numbers.
        seed: makes the numbers repeatable.
    """
    return random_normal(shape, 0, 1, dtype, seed)


@operator("Tensors", "Creation")
def truncated_normal(
    shape: Sequence[int], mean: float = 0, std_dev: float = 1, dtype: Dtype | None = None, seed: Seed = None
):
    """Returns random numbers of a normal distribution, none further from the mean than two standard deviations.

    Args:
        shape: the shape.
        mean: the mean.
        std_dev: the standard deviation.
        dtype: `"float32"`, or `"int32"` for rounded numbers.
        seed: makes the numbers repeatable.
    """
    numbers = torch.empty(tuple(shape), device=backend.device())
    torch.nn.init.trunc_normal_(numbers, 0.0, 1.0, -2.0, 2.0, generator=_generator(seed))
    return _rounded(numbers * std_dev + mean, dtype, "truncated_normal")


@operator("Tensors", "Random")
def random_gamma(
    shape: Sequence[int], alpha: float, beta: float = 1, dtype: Dtype | None = "float32", seed: Seed = None
):
    """Returns random numbers of a gamma distribution of mean `alpha * beta`.

    Args:
        shape: the shape.
        alpha: the shape of the distribution.
        beta: its scale: TensorFlow.js calls it the inverse scale, but multiplies by it.
        dtype: `"float32"`, or `"int32"` for rounded numbers.
        seed: makes the numbers repeatable.
    """
    if dtype == "bool":
        raise DtypeError('random_gamma() makes "float32" or "int32", not bool.')
    # On the CPU, since not every device has this distribution.
    generator = None if seed is None else torch.Generator().manual_seed(_number(seed))
    numbers = torch._standard_gamma(torch.full(tuple(shape), float(alpha)), generator=generator) * beta
    return _rounded(numbers.to(backend.device()), dtype, "random_gamma")


@operator("Tensors", "Random")
def multinomial(logits, num_samples: int, seed: Seed = None, normalized: bool = False):
    """Returns random draws, int32: the index of an outcome each.

    Args:
        logits: tensor of shape [outcomes] or [batch, outcomes]: the logarithms of the probabilities.
        num_samples: how many to draw for each row.
        seed: makes the draws repeatable.
        normalized: whether `logits` are the probabilities themselves.

    Returns:
        A tensor of shape [num_samples] or [batch, num_samples].

    Raises:
        ShapeError: another rank.
        ArgumentError: fewer than two outcomes.
    """
    if logits.dim() not in (1, 2):
        raise ShapeError(f"multinomial() expects logits of rank 1 or 2, got shape {Shape(logits.shape)}.")
    if logits.numel() < 2:
        raise ArgumentError(f"multinomial() needs at least two outcomes, got {logits.numel()}.")
    probabilities = logits.float() if normalized else torch.softmax(logits.float(), -1)
    return torch.multinomial(probabilities, num_samples, replacement=True, generator=_generator(seed)).int()


@operator("Tensors", "Random")
def rand(shape: Sequence[int], rand_function: Callable[[], float], dtype: Dtype | None = None):
    """Returns numbers that a function gives, one call each, row by row.

    Args:
        shape: the shape.
        rand_function: takes nothing, returns a number.
        dtype: `"float32"`, `"int32"` (the fraction is dropped) or `"bool"`.
    """
    size = torch.Size(tuple(shape))
    numbers = torch.tensor([float(rand_function()) for _ in range(size.numel())], device=backend.device())
    return _as(to_int32(numbers) if dtype in ("int32", "bool") else numbers, dtype).reshape(size)


def _as(numbers: torch.Tensor, dtype: Dtype | None) -> torch.Tensor:
    check_dtype(dtype or "float32")
    if dtype in ("string", "complex64"):
        raise DtypeError(f'Random numbers are "float32", "int32" or "bool", not {dtype}.')
    return numbers.to(TORCH_DTYPES[dtype or "float32"])


def _rounded(numbers: torch.Tensor, dtype: Dtype | None, operator_name: str) -> torch.Tensor:
    if dtype == "bool":
        raise DtypeError(f'{operator_name}() makes "float32" or "int32", not bool.')
    return to_int32(torch.floor(numbers + 0.5)) if dtype == "int32" else _as(numbers, dtype)


def _generator(seed: Seed) -> torch.Generator | None:
    """Returns a generator that starts from the seed; None, PyTorch's own, without one."""
    return None if seed is None else torch.Generator(backend.device()).manual_seed(_number(seed))


def _number(seed: Seed) -> int:
    return python_random.Random(str(seed)).getrandbits(63)
