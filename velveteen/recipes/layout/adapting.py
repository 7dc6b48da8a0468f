"""Fits a network to somebody's pages: makes pictures of them, sound and broken, and learns from these."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from velveteen.recipes._folders import prepare
from velveteen.recipes.layout import data, main
from velveteen.recipes.layout.main import Settings, Training
from velveteen.recipes.layout.targets import Target, resolve
from velveteen.training.precision import gains_from_bfloat16

PICTURES = "pictures"
"""The folder in a model's own with the pictures that it was fitted to."""
VISITS = 160
"""Pages are looked at so often, in viewports and at heights of chance; each gives a sound picture and up to two broken ones."""
SETTINGS = Settings(epochs=4, steps=50, pairs=2, crops=(128, 256, 512), learning_rate=0.0005)
_KEPT = 4
"""A page of so many is kept to choose the thresholds on."""


def settings() -> Settings:
    """Returns how to train, so that it takes minutes."""
    return replace(SETTINGS, precision="bfloat16" if gains_from_bfloat16() else "float32")


def make(
    pages: Sequence[str | Target], out: str | Path, told: Callable[[int], None] = lambda done: None
) -> list[Target]:
    """Makes pictures of pages, which should be sound; what is there of an earlier try is kept.

    Args:
        pages: as targets of `checking.check`: addresses, HTML files, folders, sitemaps; or what `resolve` made of these. Twenty
            pages are a good number.
        out: the model's folder; the pictures are in its folder PICTURES.
        told: is called with the number of visits done.

    Returns:
        The pages; pictures are of them in turn, see `data.turn`.

    Raises: as `data.make`.
    """
    found = [target for page in pages for target in ([page] if isinstance(page, Target) else resolve([page]))]
    targets = [target for target in found if target.address and target.error is None]
    page_of = data.own(targets or found)  # which tells what is wrong when there is none
    data.make(prepare(Path(out) / PICTURES), VISITS, page_of=page_of, told=told)
    return targets


def adapt(
    pages: Sequence[str | Target],
    chosen: Settings | None = None,
    *,
    out: str | Path,
    start: str | Path = main.PRETRAINED,
    resume: bool = False,
    seed: int | None = None,
    verbose: bool = True,
) -> Training:
    """Fits a network to pages and writes it; thresholds are raised, on a page of four, so that hardly a page alarms as it is.

    Args:
        pages: as for `make`.
        chosen: how to train; by default `settings()`.
        out, start, resume, seed, verbose: as for `main.train`.

    Raises: as `make` and `main.train`.
    """
    count = len(make(pages, out))
    pictures = data.load(Path(out) / PICTURES)
    kept = [each for each in pictures if count >= _KEPT and data.turn(int(each.page), count) % _KEPT == 0]
    learned = [each for each in pictures if each not in kept]
    judged = kept + [each for each in learned if each.kind is None] if kept else None
    return main.train(
        learned, chosen or settings(), kept=judged, out=out, start=start, resume=resume, seed=seed, verbose=verbose
    )
