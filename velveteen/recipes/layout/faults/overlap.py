"""Two things, at least one of them text, that stand on each other."""

from velveteen.recipes.layout.faults._fault import Camera, Fault, Injected, ink, pixels

_LEAST = 14
"""Pixels where the ink of one lies within a pixel of the other's."""


async def shows(injected: Injected, camera: Camera) -> bool:
    """Whether their ink collides: letters that pass through gaps of others are not seen, nor what is wholly under the other."""
    neither = await camera(first="__hidden", second="__hidden")
    first_alone, second_alone = await camera(second="__hidden"), await camera(first="__hidden")
    least = _LEAST * injected.scale
    if any(ink(injected.after, without).sum() < least for without in (first_alone, second_alone)):
        return False
    first, second = ink(first_alone, neither), ink(second_alone, neither)
    near = first.copy()
    near[1:] |= first[:-1]
    near[:-1] |= first[1:]
    near[:, 1:] |= first[:, :-1]
    near[:, :-1] |= first[:, 1:]
    injected.leave_out_unseen(near & second)
    return (near & second & injected.region()).sum() >= least


def tell(off: float, how: str) -> str:
    """Returns what is wrong and what to try."""
    return (
        f"Something stands on this, by {pixels(off)}. Look for negative margins, position: absolute, a fixed height, or a "
        "z-index that puts it in the wrong place."
    )


FAULT = Fault(
    "overlap",
    "elements overlapping",
    ("a negative margin", "an absolute position", "a fixed height", "a wrong offset"),
    shows,
    tell,
    (157, 2, 118),
)
