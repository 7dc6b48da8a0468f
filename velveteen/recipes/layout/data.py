"""Pictures and their masks: a folder of them, how it is made, and how they become tensors.

In the folder are `NAME-sound.png`, a page as it is, and beside it the same page with a fault, `NAME-overlap.png`, with
`NAME-overlap.mask.png`, whose grey values are the classes: 0 sound, then the kinds in their order. A picture pixel is a CSS
pixel. A picture without a mask is sound. So pictures of one's own can be put there too. `NAME-….rules.json` has what the rules
find on the page while it is open: [{"kind", "box", "sure"}].
"""

import asyncio
import io
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from velveteen.errors import DataError, FileFormatError, MissingFileError
from velveteen.io.files import write_beside_then_rename
from velveteen.recipes.layout import browser, making, pages
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.making import Example, Tally, Visit
from velveteen.recipes.layout.model import SHRINK
from velveteen.recipes.layout.pages import Page
from velveteen.recipes.layout.targets import Target

MASK, RULES = ".mask.png", ".rules.json"
SOUND = "sound"
OUTSIDE = -1.0
"""What a network sees beside the picture, so that it knows where the page ends; a colour is from 0 to 1."""
BORDER = 32
"""So many pixels of it are put around a picture."""
MARGIN = 24
"""At a crop's edge nobody can tell whether a letter is cut or goes on: pixels that are not learned there."""
ELSEWHERE = 0.25
"""So many crops are from anywhere in the page; the others show the fault."""
ALARMING = 0.5
"""So many of the crops of sound pages alone are from places that look broken to the network, once there are some."""
_CROPS_OF_A_PAGE = 3
"""So many crops of a page are made at once, and of smaller ones more: reading its picture takes longer than a step has time for."""
_WAITING = 20
"""Crops of so many pages wait, and one by chance is next: so those of a page come in different batches."""
_USUAL = 256
"""Height and width of a crop, in pixels, of which so many are made at once; of larger ones too."""
UNSCALED = 0.5
"""So many crops are as they are; the others are made larger or smaller, by a factor between these."""
FACTORS = (0.75, 1.3)
INVERTED = 0.15
"""So many crops have light and dark exchanged."""
GAMMAS, DARKEST, LIGHTEST = (0.8, 1.25), (0.0, 0.15), (0.85, 1.0)
"""Between these each crop's colours are changed: the power of each, and what black and white become."""


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
    def page_path(self) -> Path:
        """The same with the folder: in several folders pages may have the same names."""
        return self.path.with_name(self.page)

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
                await asyncio.to_thread(write, folder, example)  # meanwhile the browsers go on
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
    """Returns what looks at somebody's pages: each number is one of them, see `turn`, in a viewport and scrolled as chance has it.

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
        return Visit(found[turn(seed, len(found))], width, height, 1, max(0.0, chance.uniform(-0.7, 1)))

    return page_of


def turn(seed: int, count: int) -> int:
    """Returns which of so many pages a number is: each page has one turn in each `count` numbers, in an order of chance.

    Kinds of faults take turns too; were the order the same each time, a page could have the same kinds always.
    """
    order = random.Random(f"layout turns {seed // count}").sample(range(count), count)
    return order[seed % count]


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


Place = tuple[Picture, int, int]
"""A picture, and a row and column in it."""
Crop = tuple[np.ndarray, np.ndarray]
"""A crop and its target."""


@dataclass
class Batches:
    """Batches for `fit_dataset`: (crops [count, size, size, 3], targets of a quarter of that height and width, with kinds).

    A pair is a crop of a broken page, and either the same of the sound one, in the same changed colours and size, so that the
    fault alone differs, or one of another sound page: were all the same, nothing would be learned but the last subtleties. The kinds
    take equal parts, and so do folders, if pictures come from several. Beside them are crops of sound pages alone, half of them from
    `alarming`. Targets are bool: where a kind is.

    Args:
        pictures: from `load`; each broken one's sound page must be among them.
        steps: batches in an epoch.
        pairs: in a batch of the largest crops; in others as many more as have no more pixels.
        alone: further crops of sound pages in such a batch.
        sizes: of crops, in pixels.
        twins: the share of pairs that are of the same page.
        seed: of the choices.
        epoch: the number of the next epoch, which each epoch raises.
        alarming: places of sound pages that look broken to the network; it learns from them again.
    """

    pictures: Sequence[Picture]
    steps: int
    pairs: int
    alone: int
    sizes: Sequence[int]
    seed: int
    twins: float = 0.4
    epoch: int = 0
    alarming: Sequence[Place] = ()

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        chance = np.random.default_rng([self.seed, self.epoch])
        self.epoch += 1
        pairs = {
            kind: _by_folder([(each[0].path.parent, each) for each in found])
            for kind, found in paired(self.pictures).items()
        }
        sound = _by_folder([(each.path.parent, each) for each in self.pictures if each.kind is None])

        def one_of(choices: Sequence[Any]) -> Any:
            return choices[int(chance.integers(len(choices)))]

        def pairs_of_a_page(size: int, count: int) -> list[list[Crop]]:
            broken, twin = one_of(one_of(pairs[one_of(list(pairs))]))
            is_twin = chance.random() < self.twins
            first, second = _Read.of(broken), _Read.of(twin if is_twin else one_of(one_of(sound)))
            if is_twin:
                return [_crops([first, second], size, None, chance) for _ in range(count)]
            return [_crops([first], size, None, chance) + _crops([second], size, None, chance) for _ in range(count)]

        def alone_of_a_page(size: int, count: int) -> list[list[Crop]]:
            alarming = self.alarming  # which the end of an epoch may replace meanwhile
            if not len(alarming) or chance.random() >= ALARMING:
                page = _Read.of(one_of(one_of(sound)))
                return [_crops([page], size, None, chance) for _ in range(count)]
            picture, *_ = one_of(alarming)
            page, places = _Read.of(picture), [place for of, *place in alarming if of is picture]
            return [_crops([page], size, one_of(places), chance) for _ in range(count)]

        Source = Callable[[int, int], list[list[Crop]]]
        waiting: dict[tuple[Source, int], list[list[Crop]]] = {}

        def next_of(of_a_page: Source, size: int) -> list[Crop]:
            at_once = max(_CROPS_OF_A_PAGE, _CROPS_OF_A_PAGE * _USUAL**2 // size**2)
            made = waiting.setdefault((of_a_page, size), [])
            while len(made) < _WAITING * at_once:
                made += of_a_page(size, at_once)
            return made.pop(int(chance.integers(len(made))))

        for step in range(self.steps):
            size = self.sizes[step % len(self.sizes)]
            more = max(self.sizes) ** 2 // size**2
            crops = [crop for _ in range(self.pairs * more) for crop in next_of(pairs_of_a_page, size)]
            crops += [crop for _ in range(self.alone * more) for crop in next_of(alone_of_a_page, size)]
            inputs, targets = zip(*crops, strict=True)
            yield np.stack(inputs), np.stack(targets)


def _crops(pages: Sequence["_Read"], size: int, at: Sequence[int] | None, chance: np.random.Generator) -> list[Crop]:
    """The same crop of a page's pictures, and their targets; where a fault is, it is in the first one."""
    factor = 1.0 if chance.random() < UNSCALED else chance.uniform(*FACTORS)
    side = round(size / factor)
    top, left = _place(pages[0], at, side, chance)
    change = _colours(chance)
    crops = []
    for page in pages:
        crop = change(_cut(page.pixels, size, top, left, side, Image.Resampling.BILINEAR))
        height, width = page.mask.shape
        places = np.arange(size) * side // size
        crop[(places < -top) | (places >= height - top)] = OUTSIDE
        crop[:, (places < -left) | (places >= width - left)] = OUTSIDE
        crops.append((crop, _target(_cut(page.mask, size, top, left, side, Image.Resampling.NEAREST))))
    return crops


def _cut(picture: np.ndarray, size: int, top: int, left: int, side: int, how: Image.Resampling) -> np.ndarray:
    """Cuts a square out of a picture, 0 where it leaves it, and scales it to `size`."""
    inside = picture[max(0, top) : top + side, max(0, left) : left + side]
    if inside.shape[:2] != (side, side):
        whole = np.zeros((side, side, *picture.shape[2:]), np.uint8)
        whole[max(0, -top) :, max(0, -left) :][: inside.shape[0], : inside.shape[1]] = inside
        inside = whole
    return inside if side == size else np.asarray(Image.fromarray(inside).resize((size, size), how))


def _place(page: "_Read", at: Sequence[int] | None, side: int, chance: np.random.Generator) -> tuple[int, int]:
    """Returns top and left of a crop, which may begin in the border around the picture."""
    most = [max(0, length + 2 * BORDER - side) for length in page.mask.shape]
    if at is None and len(page.broken) and chance.random() >= ELSEWHERE:
        row, column = divmod(int(chance.choice(page.broken)), page.mask.shape[1])
        at = row, column
    if at is None:
        offsets = [int(chance.integers(limit + 1)) for limit in most]
    else:
        inside = chance.integers(2 * MARGIN, side - 2 * MARGIN, size=2)
        offsets = [
            int(np.clip(place + BORDER - offset, 0, limit))
            for place, offset, limit in zip(at, inside, most, strict=True)
        ]
    return offsets[0] - BORDER, offsets[1] - BORDER


@dataclass(frozen=True)
class _Read:
    """A picture that was read.

    Args:
        pixels: uint8 [height, width, 3].
        mask: the class of each pixel, uint8 [height, width].
        broken: where the mask is not 0, counted row after row.
    """

    pixels: np.ndarray
    mask: np.ndarray
    broken: np.ndarray

    @classmethod
    def of(cls, picture: Picture) -> "_Read":
        mask = picture.mask()
        return cls(picture.pixels(), mask, np.flatnonzero(mask))


def _by_folder(found: Sequence[tuple[Path, Any]]) -> list[list[Any]]:
    folders: dict[Path, list[Any]] = {}
    for folder, each in found:
        folders.setdefault(folder, []).append(each)
    return list(folders.values())


def _target(mask: np.ndarray) -> np.ndarray:
    """Returns what a crop's mask, classes [size, size], teaches: bool [size / 4, size / 4, kinds], where a kind is in a part of it."""
    side = mask.shape[0] // SHRINK
    parts = mask.reshape(side, SHRINK, side, SHRINK)
    target = np.zeros((side, side, len(FAULTS)), bool)
    for number in np.unique(mask[mask > 0]):
        target[..., number - 1] = (parts == number).any(axis=(1, 3))
    return target


def paired(pictures: Sequence[Picture]) -> dict[str, list[tuple[Picture, Picture]]]:
    """Returns by kind the broken pictures, each with its sound page.

    Raises:
        DataError: there is none.
    """
    sound = {each.page_path: each for each in pictures if each.kind is None}
    pairs: dict[str, list[tuple[Picture, Picture]]] = {}
    for each in pictures:
        if each.kind is not None and each.page_path in sound:
            pairs.setdefault(each.kind, []).append((each, sound[each.page_path]))
    if not pairs:
        raise DataError(
            f"There is nothing to learn from: no picture NAME-KIND.png (kinds: {', '.join(FAULTS)}) with NAME-{SOUND}.png "
            "beside it. Make some with velveteen layout make."
        )
    return pairs


def _colours(chance: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a change of colours, uint8 to what the network sees, that leaves every edge of a page where it is."""
    order = chance.permutation(3)
    inverted, gamma = chance.random() < INVERTED, chance.uniform(*GAMMAS)
    low, high = chance.uniform(*DARKEST), chance.uniform(*LIGHTEST)
    # Of 256 values each: much cheaper than of each pixel.
    values = np.linspace(0, 1, 256, dtype=np.float32) ** gamma
    values = low + (high - low) * (1 - values if inverted else values)

    return lambda crop: values[crop[..., order]]


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
