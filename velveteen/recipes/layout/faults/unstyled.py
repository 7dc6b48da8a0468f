"""A page, or a part of it, without its style sheet."""

from velveteen.recipes.layout.faults._fault import Camera, Fault, Injected, ink

_LEAST = 0.02
"""Of the pixels, so many are other than in the sound page."""


async def shows(injected: Injected, camera: Camera) -> bool:
    """Whether it looks other than before: some parts have no style to lose."""
    region = injected.region()
    return (ink(injected.after, injected.before) & region).sum() >= _LEAST * region.sum()


def tell(off: float, how: str) -> str:
    """Returns what is wrong and what to try."""
    if how == "a part":
        return (
            "This part looks as the browser makes it, and the rest of the page does not. Is its style sheet loaded, and are its "
            "class names those of the style sheet?"
        )
    if how == "untouched":
        return "The page looks as the browser makes it, though it has style sheets. Are its class names those of the style sheets?"
    if how:
        return f"The style sheet {how} could not be loaded. Check its address."
    return "The page has no style at all: its style sheet is missing or empty. Check the link to it."


FAULT = Fault("unstyled", "unstyled page", ("no style sheet", "no style for a part"), shows, tell, (90, 90, 90))
