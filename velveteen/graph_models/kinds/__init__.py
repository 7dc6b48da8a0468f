"""The kinds of nodes, a file a family; importing them registers them."""

from velveteen.graph_models.kinds import (
    arithmetic,
    control,
    convolution,
    creation,
    graph,
    image,
    lists,
    matrices,
    reduction,
    slicing,
    texts,
)

__all__ = [
    "arithmetic",
    "control",
    "convolution",
    "creation",
    "graph",
    "image",
    "lists",
    "matrices",
    "reduction",
    "slicing",
    "texts",
]
