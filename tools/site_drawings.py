"""What the pictures in docs/concepts.md show: computed by velveteen, drawn by matplotlib."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

import velveteen as vt
from velveteen.recipes.digits import data

COLORS = ("#7a3e6d", "#d8893b", "#3f7d8c", "#6f6a61")
# Without a fixed salt, every drawing of the same numbers would be another file.
matplotlib.rcParams.update({"svg.hashsalt": "velveteen", "svg.fonttype": "none", "font.family": "sans-serif"})


def activations() -> bytes:
    """The curves of four activations."""
    figure = Figure(figsize=(9, 2.5), layout="constrained")
    x = np.linspace(-4, 4, 201, dtype=np.float32)
    for axes, name in zip(figure.subplots(1, 4), ("relu", "sigmoid", "tanh", "elu"), strict=True):
        axes.plot(x, getattr(vt, name)(x).numpy(), color=COLORS[0], linewidth=2)
        axes.axhline(0, color="#bbb", linewidth=0.6, zorder=0)
        axes.axvline(0, color="#bbb", linewidth=0.6, zorder=0)
        axes.set(title=name, ylim=(-1.5, 4.2) if name in ("relu", "elu") else (-1.2, 1.2))
        axes.spines[["top", "right"]].set_visible(False)
    return _written(figure, "svg")


def learning_rates(network: Callable[[], vt.Sequential], points: np.ndarray, answers: np.ndarray) -> bytes:
    """The loss of one network that begins from the same weights, over 25 epochs with four learning rates."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    for rate, color in zip((0.003, 0.1, 1.0, 10.0), COLORS, strict=True):
        vt.set_random_seed(1)
        model = network()
        model.compile(vt.train.sgd(rate), "binaryCrossentropy")
        history = model.fit(points, answers, epochs=25, verbose=False).history["loss"]
        axes.plot(range(1, len(history) + 1), history, label=f"{rate:g}", color=color)
    axes.set(xlabel="epoch", ylabel="loss", ylim=(0, 1.6))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(title="learning rate", frameon=False, loc="upper center", ncols=4)
    return _written(figure, "svg")


def overfitting(history: dict[str, list[float]]) -> bytes:
    """Both losses over the epochs, and where they part."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    for name, label, color in (("loss", "learned from", COLORS[0]), ("val_loss", "kept back", COLORS[1])):
        axes.plot(range(1, len(history[name]) + 1), history[name], label=label, color=color)
    best = int(np.argmin(history["val_loss"])) + 1
    axes.axvline(best, color=COLORS[3], linewidth=0.8, linestyle=":")
    axes.text(best + 1, axes.get_ylim()[1], "stop here", va="top", color=COLORS[3])
    axes.set(xlabel="epoch", ylabel="loss")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return _written(figure, "svg")


def convolution() -> bytes:
    """A digit, and the four liveliest of the eight channels of a convolution that has learned to read digits."""
    vt.set_random_seed(1)
    digits = data.sample()
    layers = vt.layers
    model = vt.sequential(
        [
            layers.conv2d(8, kernel_size=3, activation="relu", input_shape=[28, 28, 1]),
            layers.max_pooling2d(pool_size=4),
            layers.flatten(),
            layers.dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "categoricalCrossentropy")
    model.fit(data.embed_images(digits.train.images), data.embed_labels(digits.train.labels), epochs=5, verbose=False)
    place = int(np.flatnonzero(digits.test.labels == 8)[0])
    picture = data.embed_images(digits.test.images[place : place + 1])
    channels = vt.model(model.inputs, model.layers[0].output).predict(picture).numpy()[0]
    kernels = model.get_weights()[0].numpy()[:, :, 0]
    figure = Figure(figsize=(8, 3.1), layout="constrained")
    grid = figure.subplots(2, 5, height_ratios=(1, 2))
    for axes in grid.flat:
        axes.set_axis_off()
    grid[1, 0].imshow(picture[0, :, :, 0], cmap="gray_r")
    grid[1, 0].set_title("the digit", fontsize=9)
    largest = np.abs(kernels).max()
    liveliest = sorted(np.argsort(-channels.var(axis=(0, 1)))[:4])
    for column, number in enumerate(liveliest, 1):
        grid[0, column].imshow(kernels[:, :, number], cmap="PuOr", vmin=-largest, vmax=largest)
        grid[0, column].set_title(f"kernel {number + 1}", fontsize=9)
        grid[1, column].imshow(channels[:, :, number], cmap="gray_r")
    return _written(figure, "png")


def circles(rows: Sequence[Sequence[Image.Image]]) -> bytes:
    """Rows of a picture, its mask, and what the network answers."""
    figure = Figure(figsize=(4.6, 1.55 * len(rows) + 0.2), layout="constrained")
    grid = figure.subplots(len(rows), 3)
    for line, row in zip(grid, rows, strict=True):
        for axes, picture in zip(line, row, strict=True):
            axes.imshow(np.asarray(picture), cmap="gray", vmin=0, vmax=255)
            axes.set_axis_off()
    for axes, title in zip(grid[0], ("the picture", "what was drawn", "what it finds"), strict=True):
        axes.set_title(title, fontsize=9)
    return _written(figure, "png")


def _written(figure: Figure, form: str) -> bytes:
    content = io.BytesIO()
    options: dict[str, Any] = {"metadata": {"Date": None}} if form == "svg" else {"dpi": 110}
    figure.savefig(content, format=form, **options)
    return content.getvalue()
