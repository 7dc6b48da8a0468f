"""Times the writer's training beside plain PyTorch doing the same, and how many characters a second it writes.

Both train 2 × LSTM 512 on the same windows: one-hot in, dropout, cross entropy, gradients clipped, AdamW (fused), the state
carried on. They take turns, so that a machine that slows down slows both. `python -m bench.writer --help` tells the
options; results go to bench/results/writer.json.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.nn import functional

import velveteen as vt
from bench import machine
from velveteen.recipes.writer import data, model, sampling
from velveteen.recipes.writer.main import Settings

RESULTS = Path(__file__).parent / "results"


class First:
    """The first batches of an epoch."""

    def __init__(self, batches: Any, steps: int):
        self.batches = [batch for batch, _ in zip(batches, range(steps), strict=False)]

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.batches)


def velveteen_round(batches: First, symbols: int, settings: Settings) -> Callable[[], None]:
    """Returns a function that trains on the batches with velveteen, as the recipe does."""
    streams, _ = settings.batch
    network = model.network(symbols, units=settings.units, dropout=settings.dropout, streams=streams)
    optimizer = vt.train.adam(
        settings.learning_rate, 0.9, 0.99, weight_decay=settings.weight_decay, global_clipnorm=settings.clip
    )
    network.compile(optimizer, loss="sparseCategoricalCrossentropy")

    def epoch() -> None:
        network.reset_states()
        network.fit_dataset(batches, verbose=False)

    return epoch


class PlainWriter(nn.Module):
    """The same network as people write it in PyTorch."""

    def __init__(self, symbols: int, settings: Settings):
        super().__init__()
        self.first = nn.LSTM(symbols, settings.units, batch_first=True)
        self.second = nn.LSTM(settings.units, settings.units, batch_first=True)
        self.output = nn.Linear(settings.units, symbols)
        self.dropout = settings.dropout

    def forward(self, x: torch.Tensor, states: list[Any]) -> tuple[torch.Tensor, list[Any]]:
        x, first = self.first(x, states[0])
        x, second = self.second(functional.dropout(x, self.dropout), states[1])
        return self.output(functional.dropout(x, self.dropout)), [first, second]


def torch_round(batches: First, symbols: int, settings: Settings) -> Callable[[], None]:
    """Returns a function that trains on the batches with PyTorch."""
    device = vt.get_backend()
    network = PlainWriter(symbols, settings).to(device)
    optimizer = torch.optim.AdamW(
        network.parameters(),
        lr=settings.learning_rate,
        betas=(0.9, 0.99),
        weight_decay=settings.weight_decay,
        fused=True,
    )

    def epoch() -> None:
        states: list[Any] = [None, None]
        total = torch.zeros((), device=device)
        for x, y in batches:
            logits, states = network(torch.from_numpy(x).to(device), states)
            states = [(h.detach(), c.detach()) for h, c in states]
            loss = functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(y).flatten().to(device))
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            total += loss.detach()
        total.item()

    return epoch


def training(batches: First, symbols: int, settings: Settings, rounds: int) -> dict[str, float]:
    """Returns milliseconds a step of both, medians over the rounds, and the median of the rounds' ratios."""
    contenders = {
        "velveteen": velveteen_round(batches, symbols, settings),
        "torch": torch_round(batches, symbols, settings),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name in sorted(contenders, reverse=bool(number % 2)):
            start = time.perf_counter()
            contenders[name]()
            if number > 0:  # the first round warms up
                seconds[name].append(time.perf_counter() - start)
    pairs = zip(seconds["velveteen"], seconds["torch"], strict=True)
    milliseconds = {name: 1000 * statistics.median(times) / len(batches) for name, times in seconds.items()}
    return {**milliseconds, "ratio": statistics.median(ours / theirs for ours, theirs in pairs)}


def writing(alphabet: data.Alphabet, settings: Settings, versions: int, characters: int, rounds: int) -> float:
    """Returns characters a second, all versions together: the median of the rounds."""
    saved = model.with_states(len(alphabet), units=settings.units)
    writer = sampling.Writer(model.without_states(saved), alphabet, versions=versions, seed=1)
    speeds = []
    for number in range(rounds + 1):
        start = time.perf_counter()
        count = sum(map(len, writer.write(characters, until_end=False)))
        if number > 0:
            speeds.append(count / (time.perf_counter() - start))
    return statistics.median(speeds)


def main(
    source: Annotated[Path | None, typer.Argument(help="The text; by default Python's documentation.")] = None,
    steps: Annotated[int, typer.Option(help="Training steps a round.")] = 20,
    rounds: Annotated[int, typer.Option(help="Measured rounds of each, after one to warm up.")] = 5,
    characters: Annotated[int, typer.Option(help="Characters to write a round.")] = 500,
) -> None:
    """Prints milliseconds a training step of velveteen and of PyTorch, and characters written a second."""
    corpus = data.load([] if source is None else [source])
    settings, symbols = Settings(), len(corpus.alphabet)
    streams, length = settings.batch
    batches = First(data.batches("stateful", corpus, True, streams, length, 1), steps)
    figures = training(batches, symbols, settings, rounds)
    steps_an_epoch = (len(corpus.train) - 1) // (streams * length)
    table = Table("training", "velveteen", "PyTorch", "ratio")
    table.add_row("ms a step", f"{figures['velveteen']:.1f}", f"{figures['torch']:.1f}", f"{figures['ratio']:.3f}")
    epoch = {name: figures[name] * steps_an_epoch / 1000 for name in ("velveteen", "torch")}
    table.add_row(f"s an epoch of {steps_an_epoch:,} steps", f"{epoch['velveteen']:.0f}", f"{epoch['torch']:.0f}", "")
    written = {str(count): writing(corpus.alphabet, settings, count, characters, rounds) for count in (1, 32)}
    console = Console()
    console.print(table)
    for count, speed in written.items():
        console.print(f"writes {speed:,.0f} characters a second ({count} at once)")
    RESULTS.mkdir(exist_ok=True)
    answer = {
        "machine": {**machine.describe(), "threads": torch.get_num_threads(), "backend": vt.get_backend()},
        "training": {**figures, "steps_an_epoch": steps_an_epoch},
        "characters_a_second": written,
    }
    (RESULTS / "writer.json").write_text(json.dumps(answer, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
