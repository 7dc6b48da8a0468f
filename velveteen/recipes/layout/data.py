"""Pictures and their masks: a folder of them, how it is made, and how they become tensors.

In the folder are `NAME-sound.png`, a page as it is, and beside it the same page with a fault, `NAME-overlap.png`, with
`NAME-overlap.mask.png`, whose grey values are the classes: 0 sound, then the kinds in their order. A picture pixel is a CSS
pixel. A picture without a mask is sound. So pictures of one's own can be put there too. `NAME-….rules.json` has what the rules
find on the page while it is open: [{"kind", "box", "sure"}].
"""

import io
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from velveteen.errors import DataError, FileFormatError, MissingFileError
from velveteen.io.files import write_beside_then_rename
from velveteen.recipes.layout import browser, making, pages
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.making import Example, Tally, Visit
from velveteen.recipes.layout.pages import Page
from velveteen.recipes.layout.targets import Target

MASK, RULES = ".mask.png", ".rules.json"
SOUND = "sound"
OUTSIDE = -1.0
"""What a network sees beside the picture, so that it knows where the page ends; a colour is from 0 to 1."""
BORDER = 32
"""So many pixels of it are put around a picture."""
UNKNOWN = -1.0
"""In targets: not to be learned."""
_MARGIN = 24
"""At a crop's edge nobody can tell whether a letter is cut or goes on: pixels that are not learned there."""
_ELSEWHERE = 0.25
"""So many crops are from anywhere in the page; the others show the fault."""


@dataclass(frozen=True)
class Picture:
    """A picture in a folder.

    Args:
        path: the picture.
        kind: of its fault, or None: it is sound.
    """

    path: Path
    kind: str | None

    @property
    def page(self) -> str:
        """What the pictures of one page have in common."""
        return self.path.stem.rsplit(f"-{self.kind or SOUND}", 1)[0]

    @property
    def mask_path(self) -> Path:
        """The file of its mask; sound pictures have none."""
        return self.path.with_name(self.path.stem + MASK)

    def pixels(self) -> np.ndarray:
        """Returns the picture, uint8 [height, width, 3]."""
        return _opened(self.path, "RGB")

    def mask(self) -> np.ndarray:
        """Returns the class of each pixel, uint8 [height, width]."""
        if self.mask_path.exists():
            return _opened(self.mask_path, "L")
        with Image.open(self.path) as picture:
            return np.zeros((picture.height, picture.width), np.uint8)

    def rules(self) -> list[dict[str, Any]] | None:
        """Returns what the rules find on the page, or None where nobody asked them."""
        path = self.path.with_name(self.path.stem + RULES)
        if not path.exists():
            return None
        try:
            return [
                {"kind": each["kind"], "box": [float(part) for part in each["box"]], "sure": bool(each["sure"])}
                for each in json.loads(path.read_text(encoding="utf-8"))
            ]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FileFormatError(
                f"{path} does not say what rules find: {type(error).__name__} {error!s:.100}"
            ) from error


def make(
    folder: str | Path,
    count: int,
    *,
    held_out: bool = False,
    page_of: Callable[[int], Page | Visit] | None = None,
    faults: int = 2,
    browsers: int = 2,
    first: int = 0,
    told: Callable[[int], None] = lambda done: None,
) -> Tally:
    """Makes labelled pictures, or goes on where it was stopped.

    Args:
        folder: where to.
        count: how many pages; each gives a sound picture and up to `faults` broken ones.
        held_out: whether to take the page kinds and designs that are kept to test on, instead of the others.
        page_of: returns the page of a number; by default a generated one.
        faults: broken pictures a page.
        browsers: how many work at once.
        first: the number of the first page.
        told: is called with the number of pages done.

    Raises:
        StateError: there is no browser.
        DataError: not one page could be opened.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    seeds = [seed for seed in range(first, first + count) if not (folder / f"{seed:07d}-{SOUND}.png").exists()]
    tally = Tally()

    async def work() -> None:
        chosen = page_of
        if chosen is None:
            async with browser.started() as chromium:
                scripts = await browser.has_letters(chromium, pages.SAMPLES)
            chosen = generated(scripts, held_out)
        done = count - len(seeds)
        async for examples in making.examples(seeds, chosen, faults=faults, browsers=browsers, tally=tally):
            for example in reversed(examples):  # the sound one last: once it is there, the page is done
                write(folder, example)
            done += 1
            told(done)

    if seeds:
        browser.run(work())
        if len(tally.failed) == len(seeds):
            raise DataError(f"None of the {len(seeds)} pages could be opened. The first: {tally.failed[0]}.")
    return tally


def generated(scripts: Sequence[str], held_out: bool) -> Callable[[int], Page]:
    """Returns what makes pages from numbers, of the kinds and designs to learn from, or of those kept to test on."""
    templates = pages.HELD_OUT_TEMPLATES if held_out else pages.LEARNED_TEMPLATES
    designs = pages.HELD_OUT_DESIGNS if held_out else pages.LEARNED_DESIGNS
    return lambda seed: pages.page(seed, templates=templates, designs=designs, scripts=scripts)


def own(targets: Sequence[Target]) -> Callable[[int], Visit]:
    """Returns what looks at somebody's pages: each number is one of them, in a viewport and scrolled as chance has it.

    Raises:
        DataError: none of them is a page.
    """
    found = [target for target in targets if target.address and target.error is None]
    if not found:
        why = f" The first: {targets[0].error}" if targets and targets[0].error else ""
        raise DataError(f"There is no page to make pictures of.{why}")

    def page_of(seed: int) -> Visit:
        chance = random.Random(f"layout visit {seed}")
        width, height = chance.choice(pages.WIDTHS), chance.choice(pages.HEIGHTS)
        return Visit(found[seed % len(found)], width, height, 1, max(0.0, chance.uniform(-0.7, 1)))

    return page_of


def write(folder: Path, example: Example) -> None:
    """Writes an example, its mask first, a picture pixel for a CSS pixel."""
    name = f"{example.seed:07d}-{example.kind or SOUND}"
    with Image.open(io.BytesIO(example.picture)) as opened:
        picture: Image.Image = opened.convert("RGB")
    mask = Image.fromarray(example.mask)
    if example.page.scale != 1:
        size = (picture.width // example.page.scale, picture.height // example.page.scale)
        picture, mask = picture.resize(size, Image.Resampling.BOX), mask.resize(size, Image.Resampling.NEAREST)
    if example.kind:
        write_beside_then_rename(folder / f"{name}{MASK}", _png(mask))
    rules = [{name: each[name] for name in ("kind", "box", "sure")} for each in example.rules]
    write_beside_then_rename(folder / f"{name}{RULES}", json.dumps(rules).encode())
    write_beside_then_rename(folder / f"{name}.png", _png(picture))


def load(folder: str | Path) -> list[Picture]:
    """Returns the pictures in a folder, in the order of their names.

    Raises:
        MissingFileError: it is not there.
        DataError: it has no pictures.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingFileError(f"{folder} is no folder. Make one with velveteen layout make {folder}.")
    found = []
    for path in sorted(folder.glob("*.png")):
        if path.name.endswith(MASK) or path.name.startswith("."):
            continue
        kind = next((name for name in FAULTS if path.stem.endswith(f"-{name}")), None)
        found.append(Picture(path, kind))
    if not found:
        raise DataError(f"There are no pictures (*.png) in {folder}. Make some with velveteen layout make {folder}.")
    return found


def to_input(picture: np.ndarray) -> np.ndarray:
    """Returns a picture as the network takes it: float32 [height + 2·BORDER, width + 2·BORDER, 3], OUTSIDE around it."""
    inside = picture.astype(np.float32) / 255
    return np.pad(inside, ((BORDER, BORDER), (BORDER, BORDER), (0, 0)), constant_values=OUTSIDE)


@dataclass(frozen=True)
class Batches:
    """Batches for `fit_dataset`: (crops [2·pairs, size, size, 3], targets [2·pairs, size, size, kinds]).

    Each pair is the same crop of a page, broken and sound, in the same changed colours: what differs is the fault alone.
    The kinds take equal parts. Targets are 1 where a kind is, 0 where not, and UNKNOWN at the crop's edges.

    Args:
        pictures: from `load`; each broken one's sound page must be among them.
        steps: batches in an epoch.
        pairs: in a batch.
        size: of a crop, in pixels.
        seed: of the choices.
        epoch: the number of the next epoch, in a list of one, which each epoch raises.
    """

    pictures: Sequence[Picture]
    steps: int
    pairs: int
    size: int
    seed: int
    epoch: list[int] = field(default_factory=lambda: [0])

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        chance = np.random.default_rng([self.seed, self.epoch[0]])
        self.epoch[0] += 1
        pairs = paired(self.pictures)
        for _ in range(self.steps):
            inputs, targets = [], []
            for _ in range(self.pairs):
                kind = list(pairs)[chance.integers(len(pairs))]
                broken, sound = pairs[kind][chance.integers(len(pairs[kind]))]
                made = self._pair(broken, sound, chance)
                inputs += made[0]
                targets += made[1]
            yield np.stack(inputs), np.stack(targets)

    def _pair(
        self, broken: Picture, sound: Picture, chance: np.random.Generator
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        mask = np.pad(broken.mask(), BORDER)
        pictures = [to_input(broken.pixels()), to_input(sound.pixels())]
        missing = [max(0, self.size - length) for length in mask.shape]
        mask = np.pad(mask, ((0, missing[0]), (0, missing[1])))
        edges = ((0, missing[0]), (0, missing[1]), (0, 0))
        pictures = [np.pad(each, edges, constant_values=OUTSIDE) for each in pictures]
        top, left = self._place(mask, chance)
        rows, columns = slice(top, top + self.size), slice(left, left + self.size)
        change = _colours(chance)
        inputs = [change(each[rows, columns]) for each in pictures]
        classes = np.stack([mask[rows, columns], np.zeros((self.size, self.size), np.uint8)])
        targets = (classes[..., None] == np.arange(1, len(FAULTS) + 1)).astype(np.float32)
        for side in (0, 1):
            targets = np.moveaxis(targets, side + 1, 0)
            targets[:_MARGIN], targets[-_MARGIN:] = UNKNOWN, UNKNOWN
            targets = np.moveaxis(targets, 0, side + 1)
        return inputs, list(targets)

    def _place(self, mask: np.ndarray, chance: np.random.Generator) -> tuple[int, int]:
        most = [length - self.size for length in mask.shape]
        rows, columns = np.nonzero(mask)
        if not len(rows) or chance.random() < _ELSEWHERE:
            return int(chance.integers(most[0] + 1)), int(chance.integers(most[1] + 1))
        at = chance.integers(len(rows))
        inside = chance.integers(2 * _MARGIN, self.size - 2 * _MARGIN, size=2)
        top, left = (
            int(np.clip(place - offset, 0, limit))
            for place, offset, limit in zip((rows[at], columns[at]), inside, most, strict=True)
        )
        return top, left


def paired(pictures: Sequence[Picture]) -> dict[str, list[tuple[Picture, Picture]]]:
    """Returns by kind the broken pictures, each with its sound page.

    Raises:
        DataError: there is none.
    """
    sound = {each.page: each for each in pictures if each.kind is None}
    pairs: dict[str, list[tuple[Picture, Picture]]] = {}
    for each in pictures:
        if each.kind is not None and each.page in sound:
            pairs.setdefault(each.kind, []).append((each, sound[each.page]))
    if not pairs:
        raise DataError(
            f"There is nothing to learn from: no picture NAME-KIND.png (kinds: {', '.join(FAULTS)}) with NAME-{SOUND}.png "
            "beside it. Make some with velveteen layout make."
        )
    return pairs


def _colours(chance: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a change of colours that leaves every edge of a page where it is, and what is OUTSIDE as it is."""
    order = chance.permutation(3)
    inverted, gamma = chance.random() < 0.3, chance.uniform(0.7, 1.4)
    low, high = chance.uniform(0, 0.15), chance.uniform(0.85, 1)

    def change(crop: np.ndarray) -> np.ndarray:
        inside = crop[..., :1] > OUTSIDE / 2
        colours = np.clip(crop[..., order], 0, 1) ** gamma
        colours = 1 - colours if inverted else colours
        return np.where(inside, low + (high - low) * colours, OUTSIDE).astype(np.float32)

    return change


def _opened(path: Path, mode: str) -> np.ndarray:
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert(mode))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise FileFormatError(f"{path} is no picture that can be read: {error!s:.200}") from error


def _png(picture: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, "PNG", compress_level=3)
    return content.getvalue()
