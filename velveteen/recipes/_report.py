"""What a training reports: a table of confusions in the terminal, and pictures beside the model."""

import importlib.util
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.table import Table

from velveteen.io.files import write_beside_then_rename

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MISTAKES = (4, 8)
"""Rows and columns of the picture."""
_TRAINING, _VALIDATION, _QUIET = "#7a3e6d", "#d8893b", "#6f6a61"


def confusion_table(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> Table:
    """Returns the table to print: a row a true class, a column a class it was taken for, zeros left out."""
    table = Table(title="What it is (rows), and what it was taken for (columns)", box=box.SIMPLE, title_justify="left")
    table.add_column("", style="bold")
    for name in classes:
        table.add_column(name, justify="right")
    table.add_column("right", justify="right")
    for i, (name, row) in enumerate(zip(classes, confusion, strict=True)):
        cells = [_cell(count, is_right=i == j) for j, count in enumerate(row)]
        total = sum(row)
        table.add_row(name, *cells, f"{100 * row[i] / total:.1f} %" if total else "–")
    return table


def _cell(count: int, *, is_right: bool) -> str:
    if not count:
        return "[dim]·[/]"
    return f"[green]{count}[/]" if is_right else f"[red]{count}[/]"


def write_pictures(
    folder: Path,
    history: dict[str, list[float]],
    confusion: Sequence[Sequence[int]],
    images: np.ndarray,
    labels: np.ndarray,
    scores: np.ndarray,
    classes: Sequence[str],
) -> list[Path]:
    """Writes the learning curves, the confusions and the worst mistakes; without matplotlib only says what is missing.

    Args:
        folder: where to.
        history: a list a metric, one figure an epoch.
        confusion: [classes, classes], true class first.
        images: the pictures tested on, [count, height, width], or with three channels.
        labels: their classes, [count].
        scores: what the model gave them, [count, classes].
        classes: the classes' names.

    Returns:
        The files written.
    """
    if importlib.util.find_spec("matplotlib") is None:
        print('For pictures of the training: pip install "velveteen[demo]" brings matplotlib.', file=sys.stderr)
        return []
    figures = {
        "learning-curves.png": _learning_curves(history),
        "confusion.png": _confusion(np.asarray(confusion), classes),
        "mistakes.png": _mistakes(images, labels, scores, classes),
    }
    for name, figure in figures.items():
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=110)
        write_beside_then_rename(folder / name, content.getvalue())
    return [folder / name for name in figures]


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure  # not pyplot, which would open windows and keep every figure

    return Figure(figsize=(width, height), layout="constrained")


def _learning_curves(history: dict[str, list[float]]) -> "Figure":
    names = [name for name in history if not name.startswith("val_")]
    figure = _figure(5 * len(names), 3.6)
    for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
        for key, label, color in ((name, "training", _TRAINING), (f"val_{name}", "test", _VALIDATION)):
            values = history.get(key, [])
            axes.plot(range(1, len(values) + 1), values, marker="o", markersize=4, label=label, color=color)
        axes.set(title=name, xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    return figure


def _confusion(confusion: np.ndarray, classes: Sequence[str]) -> "Figure":
    figure = _figure(5.6, 5.2)
    axes = figure.subplots()
    mistakes = confusion * (1 - np.eye(len(classes), dtype=np.int64))  # the right ones would outshine them
    axes.imshow(mistakes, cmap="Purples", vmin=0, vmax=max(1, mistakes.max()) * 2)
    for i, row in enumerate(confusion):
        for j, count in enumerate(row):
            if count:
                axes.text(j, i, str(count), ha="center", va="center", fontsize=9, color=_QUIET if i == j else "black")
    axes.set(title="Confusions", xlabel="taken for", ylabel="is")
    is_long = max(map(len, classes)) > 3
    axes.set_xticks(range(len(classes)), classes, rotation=45 if is_long else 0, ha="right" if is_long else "center")
    axes.set_yticks(range(len(classes)), classes)
    axes.spines[:].set_visible(False)
    return figure


def _mistakes(images: np.ndarray, labels: np.ndarray, scores: np.ndarray, classes: Sequence[str]) -> "Figure":
    """The mistakes that the model was surest of."""
    taken_for = scores.argmax(axis=1)
    wrong = np.flatnonzero(taken_for != labels)
    worst = wrong[np.argsort(scores[wrong, labels[wrong]], kind="stable")][: _MISTAKES[0] * _MISTAKES[1]]
    rows = max(1, -(-len(worst) // _MISTAKES[1]))
    figure = _figure(1.1 * _MISTAKES[1], 1.35 * rows + 0.5)
    figure.suptitle(f"The worst of {len(wrong):,} mistakes" if len(wrong) else "No mistakes", fontsize=12)
    for axes in np.atleast_1d(figure.subplots(rows, _MISTAKES[1])).flat:
        axes.set_axis_off()
    for axes, place in zip(figure.axes, worst, strict=False):
        axes.imshow(images[place], cmap="gray_r", vmin=0, vmax=255)
        share = 100 * scores[place, taken_for[place]]
        title = f"{classes[labels[place]]}, taken for {classes[taken_for[place]]}\n{share:.0f} % sure"
        axes.set_title(title, fontsize=7, color=_QUIET)
    return figure
