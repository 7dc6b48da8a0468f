"""The picture of docs/performance.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.contenders import CONTENDERS
from bench.work import NETWORKS

SHOWN = ("velveteen", "torch", "keras-tensorflow", "keras-jax", "keras-torch")
COLOURS = ("#c2185b", "#ee4c2c", "#ffa000", "#5e97f6", "#9e9e9e")
TITLES = {contender.name: contender.title for contender in CONTENDERS}


def draw(times: Mapping[str, Mapping[tuple[str, str], float]], networks: Sequence[str], path: Path) -> None:
    """Draws how many times as long as velveteen a step takes, a panel a precision, and writes it as SVG.

    Args:
        times: for each precision, milliseconds by contender and network.
        networks: those to show.
        path: where to write; replaced as a whole.
    """
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    # Without these, every drawing of the same numbers would be another file.
    matplotlib.rcParams.update({"svg.hashsalt": "velveteen", "svg.fonttype": "none", "font.family": "sans-serif"})
    figure, panels = pyplot.subplots(1, len(times), figsize=(5 * len(times), 3.4), squeeze=False)
    for panel, (precision, by_key) in zip(panels[0], times.items(), strict=True):
        shown = [name for name in SHOWN if any(key[0] == name for key in by_key)]
        width = 0.8 / max(len(shown), 1)
        for index, name in enumerate(shown):
            for place, network in enumerate(networks):
                ours, theirs = by_key.get(("velveteen", network)), by_key.get((name, network))
                if ours is None or theirs is None:
                    continue
                at = place + (index - (len(shown) - 1) / 2) * width
                label = TITLES[name] if place == 0 else None
                panel.bar(at, theirs / ours, 0.92 * width, color=COLOURS[SHOWN.index(name)], label=label)
                panel.text(at, theirs / ours, f"{theirs / ours:.1f}", ha="center", va="bottom", fontsize=6)
        panel.axhline(1, color="#c2185b", linewidth=0.6, zorder=0)
        panel.set_xticks(range(len(networks)), [NETWORKS[network].title for network in networks])
        panel.set_title(precision, fontsize=10)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0][0].set_ylabel("training step, velveteen = 1")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(SHOWN), frameon=False, fontsize=8)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    temporary = path.with_suffix(".partial")
    figure.savefig(temporary, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    temporary.replace(path)
