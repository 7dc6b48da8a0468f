"""Makes the layout's pretrained network: `.venv/bin/python tools/layout_models.py`, or `make models-layout`.

Learned from are pages of the generator and of the sites that layout_sites.json lists under "train"; the thresholds are chosen on
those under "validation"; those under "judged" are never learned from. Pictures and trainings stay in build/layout: a run that was
cut goes on where it was. The network goes into the package. `--judged` makes the pictures for its figures, see bench/layout.py.
"""

import argparse
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import layout_gpu
import layout_sites as sites
from layout_sites import PICTURES, WORK

from velveteen import backend
from velveteen.recipes.layout import data, main
from velveteen.recipes.layout.model import grid
from velveteen.training.precision import gains_from_bfloat16

MODEL = WORK / "model"
SETTINGS = main.Settings(
    width=48, widest=160, epochs=30, steps=300, pairs=2, alone=1, crops=(128, 256, 512), learning_rate=0.004
)
"""On two cores, as much as there is time for. Small crops teach most in the same time; what stands out of its row, and what a whole page
looks like, they do not show. Of one size after the other the network forgets what the size before had taught, so they are by turns."""
ON_GPU = main.Settings(
    epochs=197,
    steps=100,
    pairs=8,
    alone=4,
    crops=(128, 256, 512),
    learning_rate=0.005,
    precision="bfloat16",
)
"""On a GPU, where the network that ships was trained: a larger one, and nine times as many pixels."""
PAGES = {"generated": 1700, "train": 780, "validation": 460}
"""Pages of each folder of pictures: to learn from, and to choose the thresholds on."""
JUDGED = {"held-out": 80, "judged": 320}
"""The same for those that bench.layout looks at."""
_FAULTS = {"generated": 3, "train": 3, "held-out": 2}
"""In so many ways a page is broken; others in one."""
_ALARMS = 8
"""Per 100 sound pages of validation sites; of sites that nobody has seen no more than ten should alarm."""
_FIRST = {"generated": 11_000, "held-out": 500_000}
_A_SECOND = 1.0
"""Pages, on two cores."""
_PIXELS_A_SECOND, _PIXELS_A_SECOND_ON_GPU = 26 * 256**2, 330e6
"""Of crops, on two cores without instructions for bfloat16, and on an H200."""


def needed(pages: dict[str, int]) -> str:
    """Returns how long it will take, in words."""
    missing = sum(max(0, count - done(part)) for part, count in pages.items())
    minutes = missing / _A_SECOND / 60
    training, where = "no training", "two cores"
    if not (MODEL / "model.json").exists():
        chosen, rate = settings(), float(_PIXELS_A_SECOND)
        if chosen is ON_GPU:
            where, rate = "two cores and a GPU", _PIXELS_A_SECOND_ON_GPU
        pixels = chosen.epochs * chosen.steps * (2 * chosen.pairs + chosen.alone) * max(chosen.crops) ** 2
        crops = sum(pixels // len(chosen.crops) // size**2 for size in chosen.crops)
        training = f"{crops:,} crops to be learned from"
        minutes += pixels / rate / 60
    return (
        f"{missing:,} pages to be photographed, {training}: about {minutes:.0f} minutes on {where}, and the downloads"
    )


def settings() -> main.Settings:
    """Returns how to train on this machine."""
    if backend.get_backend() == "cuda":
        return ON_GPU
    return replace(SETTINGS, precision="bfloat16" if gains_from_bfloat16() else "float32")


def done(part: str) -> int:
    """Returns how many pages of a folder of pictures are there."""
    return len(list((PICTURES / part).glob(f"*-{data.SOUND}.png")))


def make(part: str, count: int) -> None:
    """Makes the pictures of a part that are not there yet."""
    if done(part) >= count:
        return
    options: dict[str, Any] = {"faults": _FAULTS.get(part, 1), "first": _FIRST.get(part, 0)}
    if part == "held-out":
        options["held_out"] = True
    elif part != "generated":
        options["page_of"] = sites.visits(sites.named(part))
    tally = data.make(PICTURES / part, count, told=_every(50, part), **options)
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
    pictures = sites.pictures("generated") + without_faults_of_their_own(sites.pictures("train"))
    kept = without_faults_of_their_own(sites.pictures("validation"))
    chosen = settings()
    if chosen is ON_GPU:  # where it takes minutes, so that it begins anew when it was stopped
        began = time.monotonic()
        network = layout_gpu.train(pictures, chosen, seed=1)
        seconds, multiple = time.monotonic() - began, grid(chosen.depth)
        main.finish(network, kept, MODEL, chosen, len(pictures), chosen.epochs, seconds, multiple, "float16", _ALARMS)
        return MODEL
    is_stopped = (MODEL / main.BACKUP / "model.json").exists()
    main.train(pictures, chosen, kept=kept, out=MODEL, resume=is_stopped, seed=1, quantize="float16", alarms=_ALARMS)
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
