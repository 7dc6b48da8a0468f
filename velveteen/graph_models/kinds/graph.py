"""Nodes of the graph itself: inputs, copies, shapes."""

from typing import Any

import torch

from velveteen import backend
from velveteen.graph_models.program import as_numbers
from velveteen.graph_models.registry import Call, Function, kind, plain

plain(
    {
        "Identity": lambda x, *order: x,
        "Snapshot": lambda x, *order: x,
        "PreventGradient": lambda x, *order: x,
        "StopGradient": lambda x, *order: x.detach() if isinstance(x, torch.Tensor) else x,
        "FakeQuantWithMinMaxVars": lambda x, *order: x,  # ignored by TensorFlow.js too
        "PlaceholderWithDefault": lambda default: default,
        "LoopCond": lambda condition: condition,
    }
)


def _int32(values: Any) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int32, device=backend.device())


plain(
    {
        "Shape": lambda x: _int32(x.shape),
        "Rank": lambda x: _int32(x.ndim),
        "Size": lambda x: _int32(x.numel() if isinstance(x, torch.Tensor) else x.size),
        "NoOp": lambda *order: torch.ones((), device=backend.device()),
    }
)


@kind("IdentityN", outputs=("output",), many=True)
def identity_n(call: Call) -> Function:
    return lambda *values: list(values)


@kind("ShapeN", outputs=("output",), many=True)
def shape_n(call: Call) -> Function:
    return lambda *values: [_int32(value.shape).float() for value in values]  # floats in TensorFlow.js


@kind("Print")
def print_values(call: Call) -> Function:
    message = call.attributes.text("message")
    count = int(call.attributes.number("summarize", 3))

    def compute(x: Any, *data: Any) -> Any:
        print(message, *[as_numbers(value.reshape(-1))[:count] for value in data])
        return x

    return compute
