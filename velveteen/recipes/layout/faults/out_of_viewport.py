"""Content that leaves the page at its left or right side."""

from velveteen.recipes.layout.faults._fault import Camera, Fault, Injected, filled, ink, pixels

_LEAST = 3
"""Pixels of ink in the two outermost columns."""


async def shows(injected: Injected, camera: Camera) -> bool:
    """Whether there is ink up to the very edge: what ends before it is not seen to go on."""
    drawn = ink(injected.after, await camera(target="__hidden"))
    width = drawn.shape[1] / injected.scale
    last: list[tuple[float, float, float, float]] = [
        (0 if edge.side == "left" else width - 2, edge.box[1], 2, edge.box[3]) for edge in injected.edges
    ]  # x, y, width, height
    return (drawn & filled(last, drawn.shape, injected.scale)).sum() >= _LEAST * injected.scale


def tell(off: float, how: str) -> str:
    """Returns what is wrong and what to try."""
    return (
        f"This leaves the page at the {how or 'side'}, by {pixels(off)}. Look for a fixed width, a long word or "
        "white-space: nowrap; max-width: 100% keeps it inside."
    )


FAULT = Fault(
    "out-of-viewport",
    "content out of the viewport",
    (
        "a large margin", "a fixed width", "text that does not wrap", "a negative margin", "an absolute position",
        "a page wider than its viewport",
    ),
    shows,
    tell,
    (58, 134, 255),
)  # fmt: skip
