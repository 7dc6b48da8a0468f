"""The settings, and train, evaluate and predict, which `velveteen digits` calls."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import velveteen as vt
from velveteen.errors import ArgumentError, DataError, unknown_name
from velveteen.recipes import _report
from velveteen.recipes._folders import prepare
from velveteen.recipes._learning import cosine
from velveteen.recipes._measuring import Measured, measure
from velveteen.recipes.digits import data, page, picture
from velveteen.recipes.digits.model import INPUT_SHAPE, NETWORKS
from velveteen.training.ranks import writes_files

EPOCHS = {"dense": 10, "cnn": 12}
BATCH_SIZE = 128
LEARNING_RATE = 0.001
DEMO_EPOCHS = 8
DEMO_BATCH_SIZE = 64

OUT = Path("digits-model")
PAGE = "index.html"


@dataclass(frozen=True)
class Training:
    """What `train` did."""

    folder: Path
    source: str
    epochs: int
    seconds: float
    interrupted: bool
    measured: Measured
    history: dict[str, list[float]]
    files: list[Path]


def train(
    digits: data.Digits,
    model: str = "cnn",
    *,
    epochs: int | None = None,
    batch_size: int = BATCH_SIZE,
    precision: str = "auto",
    out: str | Path = OUT,
    seed: int | None = None,
    verbose: bool = True,
) -> Training:
    """Trains a network, and writes it with its report and its page.

    Args:
        digits: the data, from `data.load`.
        model: "cnn" or "dense".
        epochs: how often to go through the data; by default what the network needs.
        batch_size: examples a step.
        precision: "float32", "bfloat16" or "auto".
        out: the folder to write to; a model in it is replaced.
        seed: makes the training repeatable.
        verbose: whether to show progress.

    Raises:
        UnknownNameError: another model.
        DataError: there are no training examples.
        ArgumentError: `out` is a file, or epochs or batch_size are not positive.
    """
    if model not in NETWORKS:
        raise unknown_name("model", model, NETWORKS)
    epochs = EPOCHS[model] if epochs is None else epochs
    if epochs < 1:
        raise ArgumentError(f"The number of epochs must be positive, got {epochs}.")
    if not len(digits.train):
        raise DataError(f"There is nothing to learn from: {digits.source}. Give training examples too.")
    out = prepare(out)
    if seed is not None:
        vt.set_random_seed(seed)
    network = NETWORKS[model]()
    network.compile("adam", loss="categoricalCrossentropy", metrics=["accuracy"], precision=precision)

    start = time.perf_counter()
    history = network.fit(
        *_embed(digits.train),
        epochs=epochs,
        batch_size=batch_size,
        validation_data=_embed(digits.test),
        callbacks=[vt.callbacks.LearningRateScheduler(lambda epoch: cosine(LEARNING_RATE, epoch, epochs))],
        verbose=verbose,
    )
    seconds = time.perf_counter() - start

    scores = _scores(network, digits.test)
    measured = measure(scores, digits.test.labels)
    network.user_defined_metadata = _metadata(digits, measured, len(history.epoch), seconds)
    network.save(out)
    files = []
    if writes_files(network):  # of several processes the first one
        files += [out / "model.json", page.write(out, out / PAGE, _about(digits, measured, seconds))]
        files += _report.write_pictures(
            out, history.history, measured.confusion, digits.test.images, digits.test.labels, scores, data.CLASSES
        )
    return Training(
        out, digits.source, len(history.epoch), seconds, history.interrupted, measured, history.history, files
    )


def evaluate(model: str | Path, digits: data.Digits) -> Measured:
    """Returns how right a saved model is on data that it has not learned from.

    Args:
        model: the folder that `train` wrote.
        digits: the data, from `data.load`. If they do not say which are the examples to test on, all count; or, when
            this model has learned from these very data, those that were kept.

    Raises:
        MissingFileError, FileFormatError: the model cannot be used.
        ArgumentError: the model is no reader of digits.
    """
    network = load(model)
    examples = digits.test
    learned_from = _learned_from(network)
    if digits.was_split and learned_from != digits.fingerprint():
        examples = digits.everything()
    if digits.part_of is not None and digits.part_of == learned_from:
        print(
            "Careful: the model has learned from these very examples. For an honest figure give others with --data.",
            file=sys.stderr,
        )
    return measure(_scores(network, examples), examples.labels)


def predict(model: str | Path, files: Sequence[str | Path]) -> list[dict[str, Any]]:
    """Reads the digits in picture files.

    Args:
        model: the folder that `train` wrote.
        files: pictures of any size and kind, a digit on each.

    Returns:
        For each file {"file", "digit", "score", "scores"}; the scores are probabilities.

    Raises:
        MissingFileError, FileFormatError, DataError: the model or a picture cannot be used.
        ArgumentError: the model is no reader of digits.
    """
    network = load(model)
    images = np.stack([picture.read(Path(file)) for file in files])
    scores = _scores(network, data.Examples(images, np.zeros(len(images), np.int64)))
    return [
        {"file": str(file), "digit": int(row.argmax()), "score": float(row.max()), "scores": [float(s) for s in row]}
        for file, row in zip(files, scores, strict=True)
    ]


def demo(*, out: str | Path = OUT, verbose: bool = True) -> Training:
    """Trains the convolutional network on the embedded sample, in under a minute on two cores (see `train`).

    Raises:
        MissingFileError: the sample is not installed.
        ArgumentError: `out` is a file.
    """
    return train(data.sample(), "cnn", epochs=DEMO_EPOCHS, batch_size=DEMO_BATCH_SIZE, out=out, seed=1, verbose=verbose)


def load(folder: str | Path) -> Any:
    """Returns the model in a folder, once it is sure that it reads digits."""
    network = vt.load_layers_model(folder)
    shapes = [list(tensor.shape[1:]) for tensor in (*network.inputs, *network.outputs)]
    if shapes != [list(INPUT_SHAPE), [len(data.CLASSES)]]:
        raise ArgumentError(
            f"The model in {folder} does not read digits: it should take {list(INPUT_SHAPE)} and give "
            f"[{len(data.CLASSES)}], but has {' and '.join(map(str, shapes))}. Train one with velveteen digits train."
        )
    return network


def _embed(examples: data.Examples) -> tuple[np.ndarray, np.ndarray]:
    return data.embed_images(examples.images), data.embed_labels(examples.labels)


def _scores(network: Any, examples: data.Examples) -> np.ndarray:
    return network.predict(data.embed_images(examples.images), batch_size=500).numpy()


def _metadata(digits: data.Digits, measured: Measured, epochs: int, seconds: float) -> dict[str, Any]:
    return {
        "recipe": "digits",
        "classes": list(data.CLASSES),
        "input": {
            "shape": list(INPUT_SHAPE),
            "range": [0, 1],
            "ink": "light on black",
            "ink_box": picture.INK_BOX,
            "center": "of mass",
        },
        "training": {
            "source": digits.source,
            "fingerprint": digits.fingerprint(),
            "epochs": epochs,
            "seconds": round(seconds, 1),
            "test_accuracy": measured.accuracy,
        },
    }


def _learned_from(network: Any) -> str | None:
    metadata = network.user_defined_metadata
    training = metadata.get("training") if isinstance(metadata, dict) else None
    return training.get("fingerprint") if isinstance(training, dict) else None


def _about(digits: data.Digits, measured: Measured, seconds: float) -> str:
    return (
        f"Trained with velveteen on {len(digits.train):,} handwritten digits in {seconds:.0f} seconds. "
        f"It read {100 * measured.accuracy:.1f} % of {measured.examples:,} others right."
    )
