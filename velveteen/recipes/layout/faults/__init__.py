"""The kinds of faults. A kind is a file here and its script beside it; it is known by standing in this list."""

from velveteen.recipes.layout.faults import (
    broken_image,
    collapsed,
    misaligned,
    out_of_viewport,
    overlap,
    text_clipped,
    text_overflow,
    unstyled,
)
from velveteen.recipes.layout.faults._fault import Camera, Edge, Fault, Injected

FAULTS: dict[str, Fault] = {
    module.FAULT.name: module.FAULT
    for module in (
        text_overflow, text_clipped, overlap, out_of_viewport, broken_image, collapsed, misaligned, unstyled,
    )
}  # fmt: skip
"""By name. Their order is that of the classes in masks and models: the first is 1, 0 is sound."""

__all__ = ["FAULTS", "Camera", "Edge", "Fault", "Injected"]
