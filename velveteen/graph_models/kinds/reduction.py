"""Nodes that reduce, sort and search."""

from typing import Any

from velveteen import ops
from velveteen.graph_models.kinds._reading import axes, one
from velveteen.graph_models.registry import Call, Function, kind, plain

plain(
    {
        "ArgMax": lambda x, axis=0: ops.arg_max(x, int(one(axis))),
        "ArgMin": lambda x, axis=0: ops.arg_min(x, int(one(axis))),
        "Bincount": lambda x, size, weights: ops.bincount(x, weights, int(one(size))),
    },
    numbers=(1,),
)
plain({"LowerBound": ops.lower_bound, "UpperBound": ops.upper_bound})

_REDUCTIONS: dict[str, Any] = {
    "All": ops.all,
    "Any": ops.any,
    "Max": ops.max,
    "Mean": ops.mean,
    "Min": ops.min,
    "Prod": ops.prod,
    "Sum": ops.sum,
}


@kind(*_REDUCTIONS, numbers=(1,))
def reduction(call: Call) -> Function:
    reduce = _REDUCTIONS[call.op]
    keep = call.attributes.boolean("keep_dims") or call.attributes.boolean("keepdims")
    return lambda x, axis=None: reduce(x, None if axis is None else axes(axis), keep)


@kind("Cumsum", "Cumprod", numbers=(1,))
def cumulative(call: Call) -> Function:
    function = ops.cumsum if call.op == "Cumsum" else ops.cumprod
    exclusive, reverse = call.attributes.boolean("exclusive"), call.attributes.boolean("reverse")
    return lambda x, axis=0: function(x, int(one(axis)), exclusive, reverse)


@kind("DenseBincount", numbers=(1,))
def dense_bincount(call: Call) -> Function:
    binary = call.attributes.boolean("binary_output")
    return lambda x, size, weights: ops.dense_bincount(x, weights, int(one(size)), binary)


@kind("TopKV2", numbers=(1,), outputs=("values", "indices"), many=True)
def top_k(call: Call) -> Function:
    is_sorted = call.attributes.boolean("sorted", True)
    return lambda x, k: list(ops.topk(x, int(one(k)), is_sorted))


@kind("Unique", "UniqueV2", numbers=(1,), outputs=("y", "idx"), many=True)
def unique(call: Call) -> Function:
    def compute(x: Any, axis: Any = 0) -> list[Any]:
        return list(ops.unique(x, 0 if axis == [] else int(one(axis))))

    return compute
