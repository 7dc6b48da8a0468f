"""A picture of a recording: its waveform, its spectrogram, and what the network hears over time."""

import importlib.util
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from velveteen.errors import StateError
from velveteen.io.files import write_beside_then_rename
from velveteen.recipes.commands import sounds
from velveteen.recipes.commands.features import LogMel
from velveteen.recipes.commands.listening import Event, Listener
from velveteen.recipes.commands.recognizer import CommandModel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SAMPLE_RATE = 16000
"""At which a sound is shown where there is no model that says."""
_DECIBELS = 80
"""Below the loudest place; what is fainter is white."""
_COLUMNS = 2000
"""That a picture has at most; a longer sound shows the loudest of several frames."""
_HERTZ = (100, 250, 500, 1000, 2000, 4000, 8000)
_INK, _QUIET, _ACCENT = "#7a3e6d", "#6f6a61", "#d8893b"


def show(file: str | Path, model: CommandModel | None, picture: str | Path) -> list[Event]:
    """Draws a recording into a PNG file.

    Args:
        file: a sound of any kind; ten minutes of it at most.
        model: what is to listen to it, or None for waveform and spectrogram alone.
        picture: the file to write.

    Returns:
        The words that were heard.

    Raises:
        MissingFileError, FileFormatError, DataError: the sound cannot be used.
        StateError: matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise StateError('Pictures need matplotlib. Run: pip install "velveteen[demo]"')
    from matplotlib.figure import Figure  # not pyplot, which would open windows and keep every figure

    rate = SAMPLE_RATE if model is None else model.sample_rate
    sound = sounds.read(file, rate)
    seconds = len(sound) / rate
    words = [] if model is None else model.words
    heights = [1.2, 2.2] + ([0.6 + 0.22 * len(words)] if words else [])
    figure = Figure(figsize=(min(24.0, max(8.0, 1.2 * seconds)), sum(heights) + 0.9), layout="constrained")
    panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    _waveform(panels[0], sound, rate)
    _spectrogram(panels[1], sound, LogMel.at(rate) if model is None else model.log_mel)
    events: list[Event] = []
    if model is not None:
        listener = Listener(model)
        events = listener.feed(sound)
        scores = [listener.scores]
        events += listener.finish()
        scores.append(listener.scores)
        _heard(panels[2], np.concatenate(scores), listener, events)
        for event in events:
            panels[0].annotate(
                event.label, (event.time, 1), xycoords=("data", "axes fraction"), va="bottom", color=_INK, weight="bold"
            )
            for panel in panels[:2]:
                panel.axvline(event.time, color=_ACCENT, linewidth=1)
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(colors=_QUIET)
    panels[0].set(xlim=(0, seconds))
    panels[-1].set_xlabel("seconds")
    figure.suptitle(Path(file).name, x=0.01, ha="left", fontsize=11, color=_QUIET)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    write_beside_then_rename(Path(picture), content.getvalue())
    return events


def _waveform(axes: "Axes", sound: np.ndarray, rate: int) -> None:
    """Draws the highest and lowest sample of each stretch, as a sound editor does."""
    width = max(1, -(-len(sound) // _COLUMNS))
    padded = np.resize(np.pad(sound, (0, -len(sound) % width)), (-(-len(sound) // width), width))
    time = np.arange(len(padded)) * width / rate
    axes.fill_between(time, padded.min(axis=1), padded.max(axis=1), color=_INK, linewidth=0.6)
    most = max(0.01, float(np.abs(sound).max()))
    axes.set(ylim=(-1.05 * most, 1.05 * most), ylabel="amplitude")


@torch.no_grad()
def _spectrogram(axes: "Axes", sound: np.ndarray, log_mel: LogMel) -> None:
    """Draws loudness by time and pitch, on the mel scale of the network."""
    padded = torch.from_numpy(np.pad(sound, (0, max(0, log_mel.window - len(sound)))))
    energies = (log_mel.power(padded[None]) @ log_mel.filters)[0].numpy()
    level = 10 * np.log10(np.maximum(energies, log_mel.floor))
    together = max(1, -(-len(level) // _COLUMNS))
    level = np.maximum.reduceat(level, np.arange(0, len(level), together))
    frame = log_mel.hop / log_mel.sample_rate
    axes.imshow(
        level.T,
        aspect="auto",
        origin="lower",
        cmap="magma_r",
        vmin=level.max() - _DECIBELS,
        vmax=level.max(),
        interpolation="nearest",
        extent=(0, len(level) * together * frame + log_mel.window / log_mel.sample_rate - frame, 0, log_mel.mels),
    )
    places = [(place + 0.5, hertz) for hertz in _HERTZ if 0 <= (place := log_mel.place(hertz)) < log_mel.mels]
    axes.set_yticks([place for place, _ in places], [f"{hertz:g}" for _, hertz in places])
    axes.set(ylabel="hertz")


def _heard(axes: "Axes", scores: np.ndarray, listener: Listener, events: list[Event]) -> None:
    """Draws the scores of all words over time, and what counted as heard."""
    words = listener.model.words
    half = listener.step / 2
    axes.imshow(
        scores.T,
        aspect="auto",
        cmap="Purples",
        vmin=0,
        vmax=1,
        interpolation="nearest",
        extent=(listener.middle(0) - half, listener.middle(len(scores) - 1) + half, len(words) - 0.5, -0.5),
    )
    axes.set_yticks(range(len(words)), words)
    axes.set(ylabel="heard")
    for event in events:
        axes.plot(event.time, words.index(event.label), marker=">", color=_ACCENT, clip_on=False)
