"""What the families share: numbers from inputs, and which data format a node has."""

from collections.abc import Callable
from typing import Any

import torch

from velveteen.errors import ArgumentError
from velveteen.graph_models.registry import Call


def one(value: Any) -> Any:
    """Returns a number that may come as a list of one, as constants of older files do."""
    while isinstance(value, list):
        value = value[0]
    return value


def integers(value: Any) -> list[int]:
    """Returns a flat list of integers, from one as well."""
    return [int(each) for each in value] if isinstance(value, list) else [int(value)]


def axes(value: Any) -> Any:
    """Returns an axis, or a list of them."""
    return integers(value) if isinstance(value, list) else int(value)


def channels_first(call: Call) -> bool:
    """Returns whether a node's tensors are [batch, channels, …]."""
    data_format = call.attributes.text("data_format", "NHWC").upper()
    if data_format not in ("NHWC", "NWC", "NDHWC", "NCHW", "NCW", "NCDHW"):
        raise ArgumentError(f"Expected a data format such as NHWC or NCHW, got {data_format!r:.40}.")
    return data_format[1] == "C"


def spatial(call: Call, attribute: str, first: bool) -> tuple[int, ...]:
    """Returns the spatial ones of an attribute's numbers, which has one a dimension; ones where there are none."""
    numbers = call.attributes.numbers(attribute) or [1, 1, 1, 1]
    return tuple(numbers[2:] if first else numbers[1:-1])


def padding(call: Call) -> Any:
    """Returns a node's padding as the operators take it, hashable."""
    name = call.attributes.text("padding", "VALID").lower()
    if name != "explicit":
        return name
    sizes = call.attributes.numbers("explicit_paddings")
    return tuple((sizes[place], sizes[place + 1]) for place in range(0, len(sizes), 2))


def last_to_first(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Returns a function of channels-last pictures for [batch, channels, …]."""

    def call(x: torch.Tensor, *rest: Any) -> torch.Tensor:
        return function(x.movedim(1, -1), *rest).movedim(-1, 1)

    return call
