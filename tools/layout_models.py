"""Makes the layout's pretrained network: `.venv/bin/python tools/layout_models.py`, or `make models-layout`.

Learned from are pages of the generator and of the sites that layout_sites.json lists under "train"; the thresholds are chosen on
those under "validation"; those under "judged" are never learned from. Pictures and trainings stay in build/layout: a run that was
cut goes on where it was. The network goes into the package. `--judged` makes the pictures for its figures, see bench/layout.py.
"""

import argparse
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import layout_sites as sites
from layout_sites import WORK

from velveteen.recipes.layout import data, main

PICTURES = WORK / "pictures"
MODEL = WORK / "model"
SETTINGS = main.Settings(
    epochs=37, steps=300, pairs=2, alone=1, crops=(128, 256, 512), learning_rate=0.004, precision="bfloat16"
)
"""Small crops teach most in the same time; what stands out of its row, and what a whole page looks like, they do not show. Of one size
after the other the network forgets what the size before had taught, so they are learned by turns."""
PAGES = {"generated": 1700, "train": 780, "validation": 460}
"""Pages of each folder of pictures: to learn from, and to choose the thresholds on."""
JUDGED = {"held-out": 80, "judged": 320}
"""The same for those that bench.layout looks at."""
_FAULTS = {"generated": 3, "train": 3, "held-out": 2}
"""In so many ways a page is broken; others in one."""
_ALARMS = 5
"""Per 100 sound pages of validation sites; those of sites that nobody has seen should not be more than twice as many."""
_FIRST = {"generated": 11_000, "held-out": 500_000}
_A_SECOND = 1.4
"""Pages, on two cores."""
_PIXELS_A_SECOND = 66 * 256**2
"""Of crops, on two cores with bfloat16."""


def needed(pages: dict[str, int]) -> str:
    """Returns how long it will take, in words."""
    missing = sum(max(0, count - done(part)) for part, count in pages.items())
    crops = pixels = 0
    if not (MODEL / "model.json").exists():
        pixels = SETTINGS.epochs * SETTINGS.steps * (2 * SETTINGS.pairs + SETTINGS.alone) * max(SETTINGS.crops) ** 2
        crops = sum(pixels // len(SETTINGS.crops) // size**2 for size in SETTINGS.crops)
    minutes = missing / _A_SECOND / 60 + pixels / _PIXELS_A_SECOND / 60
    training = f"{crops:,} crops to be learned from" if crops else "no training"
    return (
        f"{missing:,} pages to be photographed, {training}: about {minutes:.0f} minutes on two cores, and the downloads"
    )


def done(part: str) -> int:
    """Returns how many pages of a folder of pictures are there."""
    return len(list((PICTURES / part).glob(f"*-{data.SOUND}.png")))


def make(part: str, count: int) -> None:
    """Makes the pictures of a part that are not there yet."""
    if done(part) >= count:
        return
    settings: dict[str, Any] = {"faults": _FAULTS.get(part, 1), "first": _FIRST.get(part, 0)}
    if part == "held-out":
        settings["held_out"] = True
    elif part != "generated":
        settings["page_of"] = sites.visits(sites.named(part))
    tally = data.make(PICTURES / part, count, told=_every(50, part), **settings)
    print(f"{part}: {dict(tally.kept)}, {len(tally.failed)} pages passed over", flush=True)


def _every(step: int, name: str) -> Callable[[int], None]:
    def told(count: int) -> None:
        if count % step == 0:
            print(f"{name}: {count} pages", flush=True)

    return told


def train() -> Path:
    """Returns the folder of the trained network; trains it, or goes on with that, where it is not there."""
    if (MODEL / "model.json").exists():
        return MODEL
    pictures = data.load(PICTURES / "generated") + without_faults_of_their_own(data.load(PICTURES / "train"))
    kept = without_faults_of_their_own(data.load(PICTURES / "validation"))
    is_stopped = (MODEL / main.BACKUP / "model.json").exists()
    main.train(pictures, SETTINGS, kept=kept, out=MODEL, resume=is_stopped, seed=1, quantize="float16", alarms=_ALARMS)
    return MODEL


def without_faults_of_their_own(pictures: list[data.Picture]) -> list[data.Picture]:
    """Returns the pictures of those pages in which no rule finds a fault before there should be one: most are broken indeed."""
    poisoned = {
        each.page_path for each in pictures if each.kind is None and any(found["sure"] for found in each.rules() or ())
    }
    return [each for each in pictures if each.page_path not in poisoned]


def ship(folder: Path) -> None:
    """Puts a network into the package."""
    target = main.PRETRAINED
    part = target.with_name(target.name + ".part")
    shutil.copytree(folder, part, dirs_exist_ok=True, ignore=shutil.ignore_patterns(main.BACKUP))
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)


def run() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Makes the layout's pretrained network.")
    parser.add_argument("--anew", action="store_true", help="train again what was trained already")
    parser.add_argument(
        "--judged", action="store_true", help="make the pictures that bench.layout looks at, nothing else"
    )
    given = parser.parse_args()
    os.environ["XDG_DATA_HOME"] = str(sites.fonts())
    if given.judged:
        for part, count in JUDGED.items():
            make(part, count)
        return
    if given.anew:
        shutil.rmtree(MODEL, ignore_errors=True)
    print(needed(PAGES), flush=True)
    for part, count in PAGES.items():
        make(part, count)
    ship(train())
    print(
        f"Wrote {main.PRETRAINED}. For its figures: this with --judged, then .venv/bin/python -m bench.layout measure",
        flush=True,
    )


if __name__ == "__main__":
    run()
