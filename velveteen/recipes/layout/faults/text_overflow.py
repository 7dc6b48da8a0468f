"""Text that stands out of the box one sees around it."""

from velveteen.recipes.layout.faults._fault import Camera, Fault, Injected, ink, pixels

_LEAST = 25
"""Pixels of ink outside the box, at one picture pixel a CSS pixel."""


async def shows(injected: Injected, camera: Camera) -> bool:
    """Whether letters are outside the box."""
    letters = ink(injected.after, await camera(target="__no_ink"))
    injected.leave_out_unseen(letters)
    return (letters & injected.region()).sum() >= _LEAST * injected.scale


def tell(off: float, how: str) -> str:
    """Returns what is wrong and what to try."""
    if how == "sideways":
        return (
            f"The text leaves its box by {pixels(off)}. Let it wrap (white-space: normal; overflow-wrap: anywhere), or let "
            "the box grow (min-width instead of width)."
        )
    return f"The text is {pixels(off)} higher than its box. Let the box grow: min-height instead of height."


FAULT = Fault(
    "text-overflow",
    "text out of its box",
    (
        "longer text that does not wrap", "longer text in a fixed height", "a larger font", "a narrower box", "a lower box",
    ),
    shows,
    tell,
    (214, 40, 40),
)  # fmt: skip
