"""Text of which a part is cut off, through its letters."""

from velveteen.recipes.layout.faults._fault import Camera, Fault, Injected, crossing, ink, pixels

_LEAST = 3
"""Pixels along the edge where letters go on beyond it."""


async def shows(injected: Injected, camera: Camera) -> bool:
    """Whether the edge goes through letters: a cut between two lines, or two words, is not seen."""
    letters = ink(await camera(target="__no_clip"), await camera(target="__no_clip __no_ink"))
    return max(crossing(letters, edge, injected.scale) for edge in injected.edges) >= _LEAST * injected.scale


def tell(off: float, how: str) -> str:
    """Returns what is wrong and what to try."""
    if how in ("left", "right"):
        return (
            f"The text is cut off at the {how}, {pixels(off)} of it. Let it wrap, let the box grow, or shorten it on "
            "purpose (text-overflow: ellipsis)."
        )
    return f"A line of text is cut through, {pixels(off)} of it. Let the box grow: min-height instead of height."


FAULT = Fault(
    "text-clipped",
    "text cut off",
    (
        "a fixed height", "longer text that does not wrap", "longer text in a fixed height", "a larger font", "a narrower box",
    ),
    shows,
    tell,
    (232, 93, 4),
)  # fmt: skip
