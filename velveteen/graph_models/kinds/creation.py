"""Nodes that make tensors from numbers."""

from typing import Any

import torch

from velveteen import ops
from velveteen.graph_models.kinds._reading import integers, one
from velveteen.graph_models.registry import Call, Function, kind, plain

plain({"OnesLike": ops.ones_like, "ZerosLike": ops.zeros_like})
plain({"LinSpace": lambda start, stop, num: ops.linspace(one(start), one(stop), int(one(num)))}, numbers=(0, 1, 2))


@kind("Fill", numbers=(0, 1))
def fill(call: Call) -> Function:
    dtype = call.attributes.dtype("T")

    def compute(shape: Any, value: Any) -> Any:
        value = one(value)
        if dtype is None and isinstance(value, int) and not isinstance(value, bool):
            return ops.fill(integers(shape), value, "int32")
        return ops.fill(integers(shape), value, dtype)

    return compute


@kind("Ones", "Zeros", numbers=(0,))
def ones_or_zeros(call: Call) -> Function:
    make = ops.ones if call.op == "Ones" else ops.zeros
    dtype = call.attributes.dtype("T", "float32")
    return lambda shape: make(integers(shape), dtype)


@kind("OneHot", numbers=(1, 2, 3))
def one_hot(call: Call) -> Function:
    dtype = call.attributes.dtype("T", "float32")
    axis = int(call.attributes.number("axis", -1))

    def compute(indices: torch.Tensor, depth: Any, on: Any = 1, off: Any = 0) -> torch.Tensor:
        hot = ops.one_hot(indices, int(one(depth)), one(on), one(off), dtype)
        return hot if axis == -1 else hot.movedim(-1, axis)

    return compute


@kind("Range", numbers=(0, 1, 2))
def make_range(call: Call) -> Function:
    dtype = call.attributes.dtype("Tidx", "float32")
    return lambda start, stop, step=1: ops.range(one(start), one(stop), one(step), dtype)


@kind("RandomStandardNormal", numbers=(0,))
def random_standard_normal(call: Call) -> Function:
    dtype, seed = call.attributes.dtype("dtype", "float32"), _seed(call)
    return lambda shape: ops.random_standard_normal(integers(shape), dtype, seed)


@kind("RandomUniform", numbers=(0,))
def random_uniform(call: Call) -> Function:
    low, high = call.attributes.number("minval", 0), call.attributes.number("maxval", 1)
    dtype, seed = call.attributes.dtype("dtype", "float32"), _seed(call)
    return lambda shape: ops.random_uniform(integers(shape), low, high, dtype, seed)


@kind("RandomUniformInt", numbers=(0, 1, 2))
def random_uniform_int(call: Call) -> Function:
    given = call.attributes.number("minval", 0), call.attributes.number("maxval", 1)
    seed = _seed(call)

    def compute(shape: Any, *limits: Any) -> Any:
        low, high = [one(limit) for limit in limits] or given  # TensorFlow gives them as inputs
        return ops.random_uniform_int(integers(shape), low, high, seed)

    return compute


@kind("TruncatedNormal", numbers=(0,))
def truncated_normal(call: Call) -> Function:
    mean, deviation = call.attributes.number("means", 0), call.attributes.number("stddev", 1)
    dtype, seed = call.attributes.dtype("dtype", "float32"), _seed(call)
    return lambda shape: ops.truncated_normal(integers(shape), mean, deviation, dtype, seed)


@kind("Multinomial", numbers=(1,))
def multinomial(call: Call) -> Function:
    seed = _seed(call)
    return lambda logits, samples: ops.multinomial(logits, int(one(samples)), seed)


def _seed(call: Call) -> int | None:
    """Returns the seed, of which 0 means that each run is another."""
    return int(call.attributes.number("seed", 0)) or None
