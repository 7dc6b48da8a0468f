"""A picture that could not be loaded, and shows the browser's own sign for that."""

from velveteen.recipes.layout.faults._fault import Camera, Fault, Injected, ink

_LEAST = 30
"""Pixels of the sign, the frame and the words."""


async def shows(injected: Injected, camera: Camera) -> bool:
    """Whether the sign is there: a picture that fails where it has no room leaves nothing to see."""
    drawn = ink(injected.after, await camera(target="__hidden"))
    return (drawn & injected.region()).sum() >= _LEAST * injected.scale


def tell(off: float, how: str) -> str:
    """Returns what is wrong and what to try."""
    return f"The picture could not be loaded{f' ({how})' if how else ''}. Check its address."


FAULT = Fault(
    "broken-image",
    "broken image",
    ("an image that fails", "an image that fails, of a fixed size", "an image that fails, with other words"),
    shows,
    tell,
    (0, 150, 136),
)
