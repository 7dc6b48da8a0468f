"""The settings, and make, train, evaluate and predict, which `velveteen layout` calls."""

import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import velveteen as vt
from velveteen.errors import ArgumentError, DataError, FileFormatError
from velveteen.models.saving import save_model
from velveteen.recipes._folders import prepare
from velveteen.recipes._learning import CosineSchedule
from velveteen.recipes._muon import Muon
from velveteen.recipes.layout import data, evaluation
from velveteen.recipes.layout.data import Picture
from velveteen.recipes.layout.evaluation import Comparison, Evaluation
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.heat import Spot, Thresholds, heat_map, spots
from velveteen.recipes.layout.learning import Alarming, KeptStatistics, rare_pixels
from velveteen.recipes.layout.model import before_sigmoids, grid, is_ours, unet

OUT = Path("layout-model")
PRETRAINED = Path(__file__).parent / "pretrained"
"""The network that ships; tools/layout_models.py makes it."""
BACKUP = "training"
"""The folder in a model's own, from which a training that was stopped goes on."""
_UNSURE = 3
"""So many times as many sound pages may raise an unsure alarm as a sure one."""
_ALARMS_WITH_PAGE = 1.0
"""Sound pages kept to choose the thresholds on, per 100, that may raise a sure alarm where the DOM is there."""
_KEPT = 10
"""A page of so many is kept to choose the thresholds on."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        width, depth, widest: as `model.unet`.
        epochs: how many.
        steps: batches in an epoch.
        pairs: in a batch of the largest crops; each is a crop of a broken page and the same of the sound one.
        alone: further crops of sound pages in such a batch.
        crops: height and width of crops, in pixels: batches are of each in turn, all with as many pixels.
        learning_rate: the highest, see `CosineSchedule`.
        precision: "float32" or "bfloat16".
    """

    width: int = 64
    depth: int = 5
    widest: int = 184
    epochs: int = 20
    steps: int = 150
    pairs: int = 6
    alone: int = 1
    crops: tuple[int, ...] = (256,)
    learning_rate: float = 0.002
    precision: str = "float32"

    def __post_init__(self) -> None:
        for name in ("width", "depth", "widest", "epochs", "steps", "pairs"):
            if getattr(self, name) < 1:
                raise ArgumentError(f"The {name} must be positive, got {getattr(self, name)}.")
        multiple = grid(self.depth)
        if not self.crops or any(crop % multiple or crop < 128 for crop in self.crops):
            raise ArgumentError(
                f"Each crop must be a multiple of {multiple} and at least 128, since {self.depth} levels halve it so often, got {self.crops}."
            )


@dataclass(frozen=True)
class Training:
    """What `train` did.

    Attributes:
        folder: where the model is.
        pictures: learned from.
        epochs: done.
        seconds: of this call.
        interrupted: whether Ctrl-C ended it.
        measured: on the pages that were kept to choose thresholds on; so it is a little too good.
        history: a figure an epoch.
    """

    folder: Path
    pictures: int
    epochs: int
    seconds: float
    interrupted: bool
    measured: Evaluation
    history: dict[str, list[float]]


@dataclass(frozen=True)
class Detector:
    """A network with what is needed to use it.

    Args:
        network: takes pictures.
        thresholds: of each kind.
        multiple: of what the network needs height and width to be a multiple.
        about: what the folder tells of its training.
    """

    network: Any
    thresholds: Mapping[str, Thresholds]
    multiple: int
    about: Mapping[str, Any]

    def heat(self, picture: np.ndarray) -> np.ndarray:
        """Returns the heat map of a picture, uint8 [height, width, 3]: uint8 [height, width, kinds]."""
        return heat_map(self.network, picture, self.multiple)

    def spots(self, heat: np.ndarray, kinds: Sequence[str] = tuple(FAULTS)) -> list[Spot]:
        """Returns what a heat map marks."""
        return spots(heat, self.thresholds, kinds)


def train(
    pictures: Sequence[Picture],
    settings: Settings | None = None,
    *,
    kept: Sequence[Picture] | None = None,
    out: str | Path = OUT,
    start: str | Path | None = None,
    resume: bool = False,
    seed: int | None = None,
    verbose: bool = True,
    quantize: str | None = None,
    alarms: float = 1.0,
) -> Training:
    """Trains a network on labelled pictures, and writes it.

    Args:
        pictures: from `data.load`.
        settings: how to train.
        kept: pictures to choose the thresholds on, which are not learned from; by default those of a page of ten. Give pages
            of other sites, if there are any: the thresholds hold for pages that are as strange to the network as these.
        out: the folder to write to; a model in it is replaced.
        start: a model to begin from, whose width and depth hold then, and whose thresholds are the least; by default from nothing.
        resume: whether to go on with the training in `out` that was stopped; give the same settings and seed.
        seed: makes the training repeatable.
        verbose: whether to show progress.
        quantize: of weights in the file, "float16" halves it; by default they are as they are.
        alarms: of 100 sound pictures among those kept, so many may raise a sure alarm. More of them means more faults found.

    Raises:
        DataError: there is nothing to learn from.
        ArgumentError: a setting that makes no sense, `out` is a file, or nothing is there to go on with.
        MissingFileError, FileFormatError: the model to begin from cannot be used.
    """
    settings, began = settings or Settings(), time.monotonic()
    out = prepare(out)
    backup = out / BACKUP
    if resume and not (backup / "model.json").exists():
        raise ArgumentError(f"There is no stopped training in {backup}. Leave out --resume to begin one.")
    if not resume and (backup / "model.json").exists():
        vt.io.folder(backup).remove()
    seed = secrets.randbelow(2**31) if seed is None else seed
    learned, kept = split(pictures) if kept is None else (pictures, kept)
    batches = data.Batches(learned, settings.steps, settings.pairs, settings.alone, settings.crops, seed)
    data.paired(learned)  # nothing to learn from is told before anything is built
    vt.set_random_seed(seed)
    multiple, least = grid(settings.depth), None
    if start is None:
        network = unet(settings.width, settings.depth, settings.widest)
    else:
        old = load(start)
        network, multiple, least = old.network, old.multiple, old.thresholds
        if not is_ours(network):
            raise ArgumentError(
                f"The model in {start} is of an earlier version and cannot be trained any further. Begin from another."
            )
    learner = before_sigmoids(network)
    learner.compile(Muon(settings.learning_rate), loss=rare_pixels, precision=settings.precision)
    history = learner.fit_dataset(
        batches,
        epochs=settings.epochs,
        verbose=verbose,
        callbacks=[
            CosineSchedule(settings.learning_rate, settings.steps, settings.epochs),
            Alarming(network, batches, [each for each in learned if each.kind is None], multiple, seed),
            *([KeptStatistics()] if start is not None else []),
            vt.callbacks.TerminateOnNaN(),
            vt.callbacks.BackupAndRestore(backup, every_batches=50),
        ],
    )
    if verbose:
        print(f"Choosing thresholds on {len(kept)} pictures …", file=sys.stderr)
    done, taken = len(history.epoch), time.monotonic() - began
    measured = finish(network, kept, out, settings, len(learned), done, taken, multiple, quantize, alarms, least)
    seconds = time.monotonic() - began
    return Training(out, len(learned), done, seconds, history.interrupted, measured, dict(history.history))


def finish(
    network: Any,
    kept: Sequence[Picture],
    out: str | Path,
    settings: Settings,
    pictures: int,
    epochs: int,
    seconds: float,
    multiple: int,
    quantize: str | None = None,
    alarms: float = 1.0,
    least: Mapping[str, Thresholds] | None = None,
) -> Evaluation:
    """Chooses the thresholds of a network that was trained, and writes it.

    Args:
        network: from `model.unet`.
        kept, out, quantize, alarms: as `train`.
        settings, pictures, epochs, seconds: how it was trained, of which the model tells.
        multiple: as `Detector`.
        least: as `evaluation.chosen_thresholds`.

    Returns:
        How well it finds the faults in the pictures that were kept.
    """
    heats = {each.path: heat_map(network, each.pixels(), multiple) for each in kept}
    pages = [evaluation.scored(each, heats[each.path]) for each in kept]
    thresholds = evaluation.chosen_thresholds(pages, alarms, _UNSURE * alarms, _ALARMS_WITH_PAGE, least)
    measured = evaluation.measure(kept, lambda each: heats[each.path], thresholds).network
    assert measured is not None
    network.user_defined_metadata = {
        "recipe": "layout",
        "kinds": list(FAULTS),
        "thresholds": {kind: list(astuple(each)) for kind, each in thresholds.items()},
        "multiple": multiple,
        "input": {"range": [0, 1], "outside": data.OUTSIDE, "border": data.BORDER, "pixel": "CSS"},
        "training": {
            "settings": asdict(settings),
            "pictures": pictures,
            "epochs": epochs,
            "seconds": round(seconds, 1),
            "mean_iou": measured.mean_iou,
            "recall": measured.recall,
            "false_alarms": measured.false_alarms,
        },
    }
    save_model(network, out, include_optimizer=False, quantization=quantize)
    return measured


def split(pictures: Sequence[Picture]) -> tuple[list[Picture], list[Picture]]:
    """Returns the pictures to learn from, and those to choose thresholds on: all pictures of a page of ten, by order."""
    names = sorted({each.page_path for each in pictures})
    kept = set(names[::_KEPT] if len(names) > _KEPT else names[:1])
    return [each for each in pictures if each.page_path not in kept], [
        each for each in pictures if each.page_path in kept
    ]


def load(folder: str | Path) -> Detector:
    """Returns the model in a folder, once it is sure that it finds broken layout.

    Raises:
        MissingFileError, FileFormatError: there is none, or it is damaged.
        ArgumentError: it is a model for something else.
    """
    network = vt.load_layers_model(folder)
    about = network.user_defined_metadata
    if not isinstance(about, dict) or about.get("recipe") != "layout" or about.get("kinds") != list(FAULTS):
        raise ArgumentError(
            f"The model in {folder} does not find broken layout, or other kinds of it than {', '.join(FAULTS)}. "
            "Train one with velveteen layout train."
        )
    try:
        limits = {kind: Thresholds(*map(float, values)) for kind, values in about["thresholds"].items()}
        return Detector(network, limits, int(about["multiple"]), about)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(f"What {folder} says of its thresholds is damaged: {error!s:.200}") from error


def evaluate(
    pictures: Sequence[Picture],
    model: str | Path | Detector | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> Comparison:
    """Returns how well the rules, a model, and both find the faults in labelled pictures.

    Args:
        pictures: from `data.load`; such as the model has not learned from.
        model: the folder that `train` wrote, or what `load` returned; without one the rules alone are measured.
        told: is called with the number of pictures done.

    Raises: as `load`; FileFormatError for a picture that cannot be read; DataError where there is neither a model nor
        what the rules found.
    """
    detector = model if isinstance(model, Detector) or model is None else load(model)
    if detector is None:
        if any(each.rules() is None for each in pictures):
            raise DataError(
                f"Not all pictures have a NAME{data.RULES}, so there is nothing to measure without a model."
            )
        return evaluation.measure(pictures, None, {}, told)
    return evaluation.measure(pictures, lambda each: detector.heat(each.pixels()), detector.thresholds, told)


def predict(model: str | Path | Detector, picture: str | Path) -> list[dict[str, Any]]:
    """Returns what a model finds in a picture file: [{"kind", "sure", "box": [x, y, width, height], "score"}].

    Raises: as `load`; FileFormatError for a picture that cannot be read.
    """
    detector = model if isinstance(model, Detector) else load(model)
    found = detector.spots(detector.heat(Picture(Path(picture), None).pixels()))
    return [{"kind": each.kind, "sure": each.sure, "box": list(each.box), "score": each.score} for each in found]


def heat_picture(picture: np.ndarray, heat: np.ndarray) -> Image.Image:
    """Returns a picture in grey with what a heat map marks in the kinds' colours."""
    grey = np.repeat(picture.mean(axis=-1, keepdims=True), 3, axis=-1) * 0.5 + 110
    strength = heat.max(axis=-1, keepdims=True) / 255
    colours = np.array([fault.colour for fault in FAULTS.values()])[heat.argmax(axis=-1)]
    return Image.fromarray((grey * (1 - strength) + colours * strength).clip(0, 255).astype(np.uint8))
