"""Makes the layout's pretrained network: `.venv/bin/python tools/layout_models.py`, or `make models-layout`.

Learned from are pages of the generator and of the sites that layout_sites.json lists under "train"; the thresholds are chosen on
those under "validation"; those under "judged" are never learned from. Pictures and trainings stay in build/layout: a run that was
cut goes on where it was, and a further one measures again. The network goes into the package, the figures into bench/results.
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
SETTINGS = main.Settings(epochs=16, precision="bfloat16")
PAGES = {"generated": 1200, "train": 1000, "validation": 160, "held-out": 160, "judged": 240}
"""Pages of each folder of pictures, which are sound, and broken in two ways to learn from, or in one to be judged on."""
_FAULTS = {"generated": 2, "train": 2, "held-out": 2}
_FIRST = {"generated": 1000, "held-out": 500_000}
_A_SECOND = 1.2
"""Pages of sites, on two cores; the generator's are quicker."""
_CROPS_A_SECOND = 33.0
"""Of a training, on one core with bfloat16; two are quicker."""


def needed(pages: dict[str, int], settings: main.Settings) -> str:
    """Returns how long it will take, in words."""
    missing = sum(max(0, count - done(part)) for part, count in pages.items())
    crops = settings.epochs * settings.steps * (2 * settings.pairs + settings.alone)
    is_trained = (WORK / "model" / "model.json").exists()
    minutes = missing / _A_SECOND / 60 + (0 if is_trained else crops / _CROPS_A_SECOND / 60)
    return f"{missing:,} pages to be photographed, {'no training' if is_trained else f'{crops:,} crops to be learned from'}: about {minutes:.0f} minutes on two cores, and the downloads"


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


def train(settings: main.Settings) -> Path:
    """Returns the folder of the trained network; trains it, or goes on with that, where it is not there."""
    out = WORK / "model"
    if not (out / "model.json").exists():
        pictures = data.load(PICTURES / "generated") + without_faults_of_their_own(data.load(PICTURES / "train"))
        kept = data.load(PICTURES / "validation")
        is_stopped = (out / main.BACKUP / "model.json").exists()
        main.train(pictures, settings, kept=kept, out=out, resume=is_stopped, seed=1, quantize="float16")
    return out


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
    parser = argparse.ArgumentParser(description="Makes the layout's pretrained network, and tells how good it is.")
    parser.add_argument("--anew", action="store_true", help="train again what was trained already")
    given = parser.parse_args()
    if given.anew:
        shutil.rmtree(WORK / "model", ignore_errors=True)
    print(needed(PAGES, SETTINGS), flush=True)
    os.environ["XDG_DATA_HOME"] = str(sites.fonts())
    for part, count in PAGES.items():
        make(part, count)
    ship(train(SETTINGS))
    print(f"Wrote {main.PRETRAINED}. Its figures: .venv/bin/python -m bench.layout", flush=True)


if __name__ == "__main__":
    run()
