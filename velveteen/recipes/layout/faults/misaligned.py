"""An item that stands out of the line of its row, column or grid."""

from velveteen.recipes.layout.faults._fault import Camera, Fault, Injected, ink, pixels

_LEAST = 40
"""Pixels of the item that moved."""


async def shows(injected: Injected, camera: Camera) -> bool:
    """Whether ink of the item moved; how far it is from its neighbours the mask has asked already."""
    drawn = ink(injected.after, await camera(target="__hidden")) & injected.region()
    moved = drawn & ink(injected.after, injected.before)
    return moved.sum() >= _LEAST * injected.scale


def tell(off: float, how: str) -> str:
    """Returns what is wrong and what to try."""
    return (
        f"This stands {pixels(off)} {how or 'away'} from the line of its neighbours. Look at its own margin, and at "
        "align-items of the row or grid."
    )


FAULT = Fault(
    "misaligned",
    "misalignment in a row or grid",
    (
        "an offset in the row", "a margin in the row", "an offset in the column", "a margin in the column",
    ),
    shows,
    tell,
    (188, 140, 0),
)  # fmt: skip
