"""Pages of a generator: from a number comes a page, always the same."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from velveteen.errors import unknown_name
from velveteen.recipes.layout.pages.designs import DESIGNS, css
from velveteen.recipes.layout.pages.parts import Parts
from velveteen.recipes.layout.pages.templates import TEMPLATES
from velveteen.recipes.layout.pages.texts import SAMPLES, SCRIPTS, Texts

HELD_OUT_TEMPLATES = ("mail", "pricing")
HELD_OUT_DESIGNS = ("terminal", "soft")
"""What `velveteen layout train` never sees, so that it can be tested on."""
LEARNED_TEMPLATES = tuple(name for name in TEMPLATES if name not in HELD_OUT_TEMPLATES)
LEARNED_DESIGNS = tuple(name for name in DESIGNS if name not in HELD_OUT_DESIGNS)

WIDTHS = (320, 360, 390, 412, 600, 768, 834, 1024, 1280, 1280, 1366, 1440, 1920)
HEIGHTS = (600, 700, 800, 900, 1024)
LAYERED = 0.1
"""So many pages have a dialog or message over them."""

__all__ = [
    "DESIGNS", "HELD_OUT_DESIGNS", "HELD_OUT_TEMPLATES", "LEARNED_DESIGNS", "LEARNED_TEMPLATES", "SAMPLES", "SCRIPTS", "TEMPLATES", "Page", "page",
]  # fmt: skip


@dataclass(frozen=True)
class Page:
    """A page, and how to look at it.

    Args:
        html: the whole document; it needs no other file.
        template: its kind, one of TEMPLATES.
        design: its family of designs, one of DESIGNS.
        script: what it is written in, one of SCRIPTS.
        dark: whether its theme is.
        width: of the viewport, in CSS pixels.
        height: of the viewport, in CSS pixels.
        scale: picture pixels in a CSS pixel, 1 or 2.
        scroll: how far down to look, from 0, the top, to 1, the end.
    """

    html: str
    template: str
    design: str
    script: str
    dark: bool
    width: int
    height: int
    scale: int
    scroll: float


def page(
    seed: int,
    *,
    templates: Sequence[str] = tuple(TEMPLATES),
    designs: Sequence[str] = tuple(DESIGNS),
    scripts: Sequence[str] = SCRIPTS,
) -> Page:
    """Returns the page of a number.

    Args:
        seed: any integer.
        templates: which kinds of pages to choose from.
        designs: which families of designs to choose from.
        scripts: which scripts to choose from; half of the pages are in Latin letters, if those are among them.

    Raises:
        UnknownNameError: a name that is not known.
    """
    for kind, names, known in (
        ("template", templates, TEMPLATES),
        ("design", designs, DESIGNS),
        ("script", scripts, SCRIPTS),
    ):
        for name in names:
            if name not in known:
                raise unknown_name(kind, name, known)
    chance = random.Random(f"layout page {seed}")
    template, design = chance.choice(list(templates)), chance.choice(list(designs))
    script = "latin" if "latin" in scripts and chance.random() < 0.5 else chance.choice(list(scripts))
    dark = chance.random() < 0.3
    width, height = chance.choice(WIDTHS), chance.choice(HEIGHTS)
    scale = 2 if width <= 834 and chance.random() < 0.35 else 1
    texts = Texts(chance, script)
    parts = Parts(chance, texts, width)
    body = TEMPLATES[template](parts) + parts.maybe(LAYERED, parts.layer())
    html = (
        f'<!doctype html><html lang="{texts.language()}" dir="{texts.direction}"><head><meta charset="utf-8"><title>{texts.title()}</title>'
        f"<style>{css(chance, design, dark)}</style></head><body>{body}</body></html>"
    )
    return Page(html, template, design, script, dark, width, height, scale, max(0.0, chance.uniform(-0.7, 1)))
