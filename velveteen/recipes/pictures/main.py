"""The settings, and train, evaluate and predict, which `velveteen pictures` calls."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import velveteen as vt
from velveteen.errors import ArgumentError
from velveteen.recipes import _report
from velveteen.recipes._folders import prepare
from velveteen.recipes._learning import cosine
from velveteen.recipes._measuring import Measured, measure
from velveteen.recipes.pictures import data
from velveteen.recipes.pictures.model import network as make_network
from velveteen.training.ranks import writes_files

SIDE = 64
SIDES = (16, 256)
BATCH_SIZE = 16
LEARNING_RATE = 0.001
OUT = Path("pictures-model")

_SEEN = 20_000
_EPOCHS = (12, 200)
_FEW = 30
"""Pictures of a class with which it begins to work, by our measurements (docs/pictures.md)."""


@dataclass(frozen=True)
class Training:
    """What `train` did; `advice` says what would make it better."""

    folder: Path
    source: str
    classes: list[str]
    epochs: int
    seconds: float
    interrupted: bool
    measured: Measured
    history: dict[str, list[float]]
    advice: list[str]
    files: list[Path]


def train(
    pictures: data.Pictures,
    *,
    epochs: int | None = None,
    batch_size: int = BATCH_SIZE,
    mirror: bool = False,
    precision: str = "auto",
    out: str | Path = OUT,
    seed: int | None = None,
    verbose: bool = True,
) -> Training:
    """Trains a network, and writes it with its report.

    Args:
        pictures: from `data.load`.
        epochs: how often to go through the pictures; by default more often where there are few.
        batch_size: pictures a step.
        mirror: whether a picture and its mirror image mean the same, so that the network learns from both.
        precision: "float32", "bfloat16" or "auto".
        out: the folder to write to; a model in it is replaced.
        seed: makes the training repeatable.
        verbose: whether to show progress.

    Raises:
        ArgumentError: `out` is a file, or epochs or batch_size are not positive.
    """
    classes = len(pictures.classes)
    if batch_size < 2:
        raise ArgumentError(f"The batch size must be at least 2, got {batch_size}.")
    if seed is not None:
        vt.set_random_seed(seed)
    batches = data.varied(pictures.train, classes, batch_size, mirror, seed)
    epochs = default_epochs(int(batches.size or 0) * batch_size) if epochs is None else epochs
    if epochs < 1:
        raise ArgumentError(f"The number of epochs must be positive, got {epochs}.")
    out = prepare(out)
    network = make_network(pictures.train.images.shape[1], classes)
    network.compile("adam", loss="categoricalCrossentropy", metrics=["accuracy"], precision=precision)
    tested = data.embed(pictures.test.images)

    start = time.perf_counter()
    history = network.fit_dataset(
        batches,
        epochs=epochs,
        validation_data=(tested, data.embed_labels(pictures.test.labels, classes)),
        callbacks=[vt.callbacks.LearningRateScheduler(lambda epoch: cosine(LEARNING_RATE, epoch, epochs))],
        verbose=verbose,
    )
    seconds = time.perf_counter() - start

    scores = _scores(network, pictures.test.images)
    measured = measure(scores, pictures.test.labels)
    network.user_defined_metadata = _metadata(pictures, measured, len(history.epoch), seconds)
    network.save(out)
    files = []
    if writes_files(network):  # of several processes the first one
        names = pictures.classes
        shown = pictures.test.images, pictures.test.labels
        report = _report.write_pictures(out, history.history, measured.confusion, *shown, scores, names)
        files += [out / "model.json", *report]
    return Training(
        out, pictures.source, list(pictures.classes), len(history.epoch), seconds, history.interrupted, measured,
        history.history, advice(pictures, measured), files,
    )  # fmt: skip


def evaluate(model: str | Path, folder: str | Path) -> Measured:
    """Returns how right a saved model is on the pictures in a folder, all of them.

    Raises:
        MissingFileError, FileFormatError: the model cannot be used.
        ArgumentError: the model does not tell pictures apart.
        MissingFileError, UnknownNameError, DataError: the folder lacks a class of the model's, or has no pictures.
    """
    network, classes = load(model)
    examples = data.load_all(folder, _side(network), classes)
    return measure(_scores(network, examples.images), examples.labels)


def predict(model: str | Path, files: Sequence[str | Path]) -> list[dict[str, Any]]:
    """Tells what is on picture files.

    Returns:
        For each file {"file", "label", "score", "scores"}; the scores are probabilities by class.

    Raises:
        MissingFileError, FileFormatError: the model or a picture cannot be used.
        ArgumentError: the model does not tell pictures apart.
    """
    network, classes = load(model)
    images = np.stack([data.read(file, _side(network)) for file in files])
    rows = network.predict(images, batch_size=64).numpy().tolist()
    found = []
    for file, row in zip(files, rows, strict=True):
        scores = dict(zip(classes, row, strict=True))
        label = max(scores, key=scores.__getitem__)
        found.append({"file": str(file), "label": label, "score": scores[label], "scores": scores})
    return found


def load(folder: str | Path) -> tuple[Any, tuple[str, ...]]:
    """Returns the model in a folder and its classes, once it is sure that it tells pictures apart."""
    network = vt.load_layers_model(folder)
    metadata = network.user_defined_metadata
    known = metadata if isinstance(metadata, dict) else {}
    classes = known.get("classes")
    if (
        known.get("recipe") != "pictures"
        or not isinstance(classes, list)
        or not all(isinstance(c, str) for c in classes)
    ):
        raise ArgumentError(
            f"The model in {folder} does not tell pictures apart. Train one with velveteen pictures train."
        )
    side = network.inputs[0].shape[1]
    shapes = [list(tensor.shape[1:]) for tensor in (*network.inputs, *network.outputs)]
    if not side or shapes != [[side, side, data.CHANNELS], [len(classes)]]:
        raise ArgumentError(
            f"The model in {folder} has {' and '.join(map(str, shapes))}, which do not fit its classes."
        )
    return network, tuple(classes)


def default_epochs(pictures: int) -> int:
    """Returns how often to go through so many pictures: until 20,000 were seen, but not more than 200 times."""
    least, most = _EPOCHS
    return min(most, max(least, round(_SEEN / max(1, pictures))))


def advice(pictures: data.Pictures, measured: Measured) -> list[str]:
    """Returns what would make a model better, in plain words."""
    counts = np.bincount(np.concatenate([pictures.train.labels, pictures.test.labels]), minlength=len(pictures.classes))
    found = []
    few = [f"{name} ({count})" for name, count in zip(pictures.classes, counts, strict=True) if count < _FEW]
    if few:
        found.append(
            f"There are few pictures of {', '.join(few)}: this network begins from nothing, without what others have "
            f"learned from millions of pictures. Give {_FEW} or more, from different places and in different light."
        )
    if counts.max() > 5 * counts.min():
        most, least = pictures.classes[int(counts.argmax())], pictures.classes[int(counts.argmin())]
        found.append(
            f"There are {counts.max():,} pictures of {most} and {counts.min():,} of {least}: add some of {least}."
        )
    if pictures.broken:
        found.append(f"{pictures.broken} files could not be read, and were left out.")
    for name, row in zip(pictures.classes, measured.confusion, strict=True):
        if sum(row) and max(row) > row[pictures.classes.index(name)]:
            other = pictures.classes[int(np.argmax(row))]
            found.append(f"{name} is taken for {other}: add pictures of both that show the difference.")
    return found


def _scores(network: Any, images: np.ndarray) -> np.ndarray:
    # In parts, since as float32 all of them take four times the memory.
    parts = [network.predict(data.embed(images[start : start + 256])).numpy() for start in range(0, len(images), 256)]
    return np.concatenate(parts)


def _side(network: Any) -> int:
    return int(network.inputs[0].shape[1])


def _metadata(pictures: data.Pictures, measured: Measured, epochs: int, seconds: float) -> dict[str, Any]:
    return {
        "recipe": "pictures",
        "classes": list(pictures.classes),
        "input": {"range": [0, 1], "fit": "crop", "transparent": "white"},
        "training": {
            "source": pictures.source,
            "epochs": epochs,
            "seconds": round(seconds, 1),
            "test_accuracy": measured.accuracy,
        },
    }
