"""A container that has not the room its content needs."""

from velveteen.recipes.layout.faults._fault import Camera, Fault, Injected, ink, pixels

_LEAST = 150
"""Pixels that are other than in the sound page."""


async def shows(injected: Injected, camera: Camera) -> bool:
    """Whether the place of the container looks other than before, and something of its text is there: without, a line is all one sees."""
    region = injected.region()
    changed = ink(injected.after, injected.before) & region[: injected.before.shape[0], : injected.before.shape[1]]
    letters = ink(injected.after, await camera(target="__no_ink")) & region
    return changed.sum() >= _LEAST * injected.scale and letters.sum() >= 20 * injected.scale


def tell(off: float, how: str) -> str:
    """Returns what is wrong and what to try."""
    if how == "width":
        return f"The container is {pixels(off)} wide, so that its words break. Give it a min-width, or flex-shrink: 0."
    return (
        f"The container lacks {pixels(off)} of the height its content needs. Look for height, floats, or children with "
        "position: absolute."
    )


FAULT = Fault(
    "collapsed",
    "collapsed container",
    ("no height", "no height, and cut", "no width", "content out of the flow"),
    shows,
    tell,
    (106, 76, 147),
)
