"""Initializers: the values that weights start from.

An initializer is a callable `(shape, dtype) -> torch.Tensor`, in TensorFlow.js's layout. With a `seed` it gives the same
values at every call; without, it draws from the generator that `set_random_seed` sets.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch

from velveteen.errors import ArgumentError, ArgumentTypeError, DtypeError, ShapeError, unknown_name
from velveteen.serialization import Serializable, deserialize, named, register_class, snake_case
from velveteen.tensors import TORCH_DTYPES, Tensor, copy_to_store

FanMode = Literal["fan_in", "fan_out", "fan_avg"]
Distribution = Literal["normal", "uniform", "truncated_normal"]


class Initializer(Serializable):
    """Base of all initializers; a subclass writes `__call__` and is saved under its class's name."""

    def __init_subclass__(cls, **options: Any):
        super().__init_subclass__(**options)
        register_class(cls)

    def __call__(self, shape: Sequence[int], dtype: str = "float32") -> torch.Tensor:
        """Returns a new torch tensor of `shape` in TensorFlow.js's layout."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, shape, dtype).")

    def apply(self, shape: Sequence[int], dtype: str = "float32") -> Tensor:
        """Returns such values as a Tensor."""
        return Tensor(self(shape, dtype))


class Zeros(Initializer):
    """All zeros."""

    def __call__(self, shape: Sequence[int], dtype: str = "float32") -> torch.Tensor:
        return torch.zeros(tuple(shape), dtype=TORCH_DTYPES[dtype])


class Ones(Initializer):
    """All ones."""

    def __call__(self, shape: Sequence[int], dtype: str = "float32") -> torch.Tensor:
        return torch.ones(tuple(shape), dtype=TORCH_DTYPES[dtype])


class Constant(Initializer):
    """All the same `value`."""

    def __init__(self, value: float):
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: str = "float32") -> torch.Tensor:
        return torch.full(tuple(shape), self.value, dtype=TORCH_DTYPES[dtype])


class RandomUniform(Initializer):
    """Evenly spread between `minval` and `maxval`."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None):
        self.minval = minval
        self.maxval = maxval
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: str = "float32") -> torch.Tensor:
        values = torch.empty(tuple(shape)).uniform_(self.minval, self.maxval, generator=_generator(self.seed))
        return _as_dtype(values, dtype)


class RandomNormal(Initializer):
    """Normally distributed."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None):
        self.mean = mean
        self.stddev = stddev
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: str = "float32") -> torch.Tensor:
        return _as_dtype(_normal(shape, self.seed).mul_(self.stddev).add_(self.mean), dtype)


class TruncatedNormal(Initializer):
    """Normally distributed, without the values further than two `stddev` from the mean."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None):
        self.mean = mean
        self.stddev = stddev
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: str = "float32") -> torch.Tensor:
        return _as_dtype(_truncated_normal(shape, self.seed).mul_(self.stddev).add_(self.mean), dtype)


class Identity(Initializer):
    """`gain` on the diagonal of a square matrix, 0 elsewhere."""

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: str = "float32") -> torch.Tensor:
        if len(shape) != 2 or shape[0] != shape[1]:
            raise ShapeError(
                f"The identity initializer makes square matrices, but the weight has shape {list(shape)}. "
                'Use another one, such as "glorot_uniform".'
            )
        return _as_dtype(torch.eye(shape[0]) * self.gain, dtype)


class VarianceScaling(Initializer):
    """Random with a variance of `scale / fan`, fan being the number of connections of a unit.

    Sources: Glorot & Bengio 2010; He et al. 2015, arXiv:1502.01852; LeCun et al. 1998.

    Args:
        scale: the factor, at least 0.
        mode: which connections count: `"fan_in"`, `"fan_out"` or `"fan_avg"`.
        distribution: `"normal"` (cut off at two standard deviations, and as in TensorFlow.js not widened to make up for
            that; `"truncated_normal"` is the same) or `"uniform"`.
        seed: an integer for the same values every time.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: FanMode = "fan_in",
        distribution: Distribution = "normal",
        seed: int | None = None,
    ):
        if scale < 0:
            raise ArgumentError(f"scale must be 0 or more, got {scale}.")
        self.scale = scale
        self.mode = _choice("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        self.distribution = _choice("distribution", distribution, ("normal", "uniform", "truncated_normal"))
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: str = "float32") -> torch.Tensor:
        fan_in, fan_out = compute_fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return RandomUniform(-limit, limit, self.seed)(shape, dtype)
        return TruncatedNormal(0.0, math.sqrt(variance), self.seed)(shape, dtype)


class Orthogonal(Initializer):
    """`gain` times a random matrix with orthogonal rows or columns (Saxe et al., 2013, arXiv:1312.6120).

    A weight of more than two axes is such a matrix of all axes but the last, times the last.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None):
        self.gain = gain
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: str = "float32") -> torch.Tensor:
        if len(shape) < 2:
            raise ShapeError(
                f"The orthogonal initializer makes matrices, but the weight has shape {list(shape)}. "
                'Use another one, such as "random_normal".'
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = torch.linalg.qr(_normal((max(rows, columns), min(rows, columns)), self.seed))
        q = q * torch.diagonal(r).sign()  # makes it uniformly distributed over the orthogonal matrices
        if rows < columns:
            q = q.T
        return _as_dtype(self.gain * q.reshape(tuple(shape)), dtype)


def zeros() -> Zeros:
    """Returns the initializer of zeros."""
    return Zeros()


def ones() -> Ones:
    """Returns the initializer of ones."""
    return Ones()


def constant(value: float) -> Constant:
    """Returns the initializer that gives every weight the same `value`."""
    return Constant(value)


def random_uniform(minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> RandomUniform:
    """Returns the initializer of values evenly spread between `minval` and `maxval`."""
    return RandomUniform(minval, maxval, seed)


def random_normal(mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> RandomNormal:
    """Returns the initializer of normally distributed values."""
    return RandomNormal(mean, stddev, seed)


def truncated_normal(mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> TruncatedNormal:
    """Returns the initializer of normally distributed values, at most two `stddev` from the mean."""
    return TruncatedNormal(mean, stddev, seed)


def identity(gain: float = 1.0) -> Identity:
    """Returns the initializer that puts `gain` on the diagonal of a square matrix."""
    return Identity(gain)


def orthogonal(gain: float = 1.0, seed: int | None = None) -> Orthogonal:
    """Returns the initializer of random orthogonal matrices times `gain`."""
    return Orthogonal(gain, seed)


def variance_scaling(
    scale: float = 1.0, mode: FanMode = "fan_in", distribution: Distribution = "normal", seed: int | None = None
) -> VarianceScaling:
    """Returns the initializer of random values with variance `scale / fan`; see `VarianceScaling`."""
    return VarianceScaling(scale, mode, distribution, seed)


def glorot_uniform(seed: int | None = None) -> VarianceScaling:
    """Returns the initializer of Glorot & Bengio 2010, uniform: variance `2 / (fan_in + fan_out)`."""
    return VarianceScaling(1.0, "fan_avg", "uniform", seed)


def glorot_normal(seed: int | None = None) -> VarianceScaling:
    """Returns the initializer of Glorot & Bengio 2010, normal: variance `2 / (fan_in + fan_out)`."""
    return VarianceScaling(1.0, "fan_avg", "normal", seed)


def he_uniform(seed: int | None = None) -> VarianceScaling:
    """Returns the initializer of He et al. 2015, uniform: variance `2 / fan_in`, for relu."""
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


def he_normal(seed: int | None = None) -> VarianceScaling:
    """Returns the initializer of He et al. 2015, normal: variance `2 / fan_in`, for relu."""
    return VarianceScaling(2.0, "fan_in", "normal", seed)


def lecun_uniform(seed: int | None = None) -> VarianceScaling:
    """Returns the initializer of LeCun et al. 1998, uniform: variance `1 / fan_in`, for selu."""
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


def lecun_normal(seed: int | None = None) -> VarianceScaling:
    """Returns the initializer of LeCun et al. 1998, normal: variance `1 / fan_in`, for selu."""
    return VarianceScaling(1.0, "fan_in", "normal", seed)


_FACTORIES: dict[str, Callable[..., Initializer]] = {
    "glorot_uniform": glorot_uniform,
    "glorot_normal": glorot_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "lecun_uniform": lecun_uniform,
    "lecun_normal": lecun_normal,
    "zeros": zeros,
    "ones": ones,
    "constant": constant,
    "random_uniform": random_uniform,
    "random_normal": random_normal,
    "truncated_normal": truncated_normal,
    "identity": identity,
    "orthogonal": orthogonal,
    "variance_scaling": variance_scaling,
}
# Known to Keras as classes, but saved as the VarianceScaling that they are, as TensorFlow.js does.
_SCALED = {
    name.replace("_", ""): factory
    for name, factory in _FACTORIES.items()
    if name.startswith(("glorot_", "he_", "lecun_"))
}


def get(identifier: Any) -> Any:
    """Returns the initializer that `identifier` stands for, a callable `(shape, dtype) -> torch.Tensor`.

    Args:
        identifier: a name in either spelling ("glorotUniform", "glorot_uniform", "GlorotUniform"), an initializer, one
            saved as `{"class_name", "config"}` by TensorFlow.js or Keras, or a function of shape and dtype that returns
            anything tensor-like.

    Raises:
        UnknownNameError: no initializer has that name.
        ArgumentTypeError: it is nothing of those.
    """
    if isinstance(identifier, Initializer):
        return identifier
    if isinstance(identifier, str):
        factory = named(_FACTORIES, identifier, "initializer")
        if factory is constant:
            raise ArgumentError('The initializer "constant" needs its value: use initializers.constant(0.5), say.')
        return factory()
    if isinstance(identifier, dict):
        scaled = _SCALED.get(str(identifier.get("class_name")).replace("_", "").lower())
        if scaled is not None:
            return scaled((identifier.get("config") or {}).get("seed"))
        return deserialize(identifier, Initializer, "initializer")
    if callable(identifier):
        return lambda shape, dtype="float32": _to_torch(identifier(shape, dtype))
    raise ArgumentTypeError(
        f'An initializer must be a name such as "glorot_uniform" or made by one of initializers, got {identifier!r:.200}.'
    )


def compute_fans(shape: Sequence[int]) -> tuple[float, float]:
    """Returns how many connections go into and out of a unit of a weight of this shape, channels last."""
    if len(shape) == 2:
        return shape[0], shape[1]
    if 3 <= len(shape) <= 5:
        receptive_field = math.prod(shape[:-2])
        return shape[-2] * receptive_field, shape[-1] * receptive_field
    root = math.sqrt(math.prod(shape))
    return root, root


def _generator(seed: int | None) -> torch.Generator | None:
    return None if seed is None else torch.Generator().manual_seed(int(seed))


def _normal(shape: Sequence[int], seed: int | None) -> torch.Tensor:
    return torch.empty(tuple(shape)).normal_(generator=_generator(seed))


def _truncated_normal(shape: Sequence[int], seed: int | None) -> torch.Tensor:
    return torch.nn.init.trunc_normal_(torch.empty(tuple(shape)), a=-2.0, b=2.0, generator=_generator(seed))


def _as_dtype(values: torch.Tensor, dtype: str) -> torch.Tensor:
    if dtype == "float32":
        return values
    if dtype == "int32":
        return values.round().to(torch.int32)
    raise DtypeError(f'A weight of dtype {dtype} cannot start from such numbers. Use "zeros" or "ones", or float32.')


def _to_torch(values: Any) -> torch.Tensor:
    store = values if isinstance(values, torch.Tensor) else copy_to_store(values)
    if not isinstance(store, torch.Tensor):
        raise DtypeError("An initializer must return numbers, but this one returned strings.")
    return store


def _choice(argument: str, value: str, choices: Sequence[str]) -> Any:
    if snake_case(str(value)) not in choices:
        raise unknown_name(argument, value, choices)
    return snake_case(value)
