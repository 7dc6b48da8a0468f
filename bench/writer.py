"""Times the writer's training and writing beside plain PyTorch doing the same; and compares the ways to train.

Both train 2 × LSTM 512 on the same windows: one-hot in, dropout, cross entropy, gradients clipped, AdamW (fused), the state
carried on. Both write on one core with the state kept. They take turns, so that a machine that slows down slows both.
`--modes SECONDS` trains once by each of the recipe's modes for that long instead, and tells what came of it.
`python -m bench.writer --help` tells the options; results go to bench/results/writer.json.
"""

import dataclasses
import itertools
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
from velveteen.recipes._learning import AveragedWeights, CosineSchedule
from velveteen.recipes.writer import data, evaluation, model, sampling
from velveteen.recipes.writer.main import MODES, Settings

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


class PlainSteps(nn.Module):
    """The same network character by character, as people write it in PyTorch."""

    def __init__(self, symbols: int, settings: Settings):
        super().__init__()
        self.cells = nn.ModuleList([nn.LSTMCell(symbols, settings.units), nn.LSTMCell(settings.units, settings.units)])
        self.output = nn.Linear(settings.units, symbols)

    @torch.inference_mode()
    def write(self, versions: int, characters: int) -> list[list[int]]:
        """Returns the numbers of the characters, one list a character."""
        numbers = torch.zeros(versions, dtype=torch.long)
        states: list[Any] = [None, None]
        written = []
        for _ in range(characters):
            x = functional.one_hot(numbers, self.output.out_features).float()
            for place, cell in enumerate(self.cells):
                states[place] = cell(x, states[place])
                x = states[place][0]
            chances = torch.softmax(self.output(x) / sampling.Choice().temperature, dim=-1)
            numbers = torch.multinomial(chances, 1)[:, 0]
            written.append(numbers.tolist())
        return written


def writing(
    alphabet: data.Alphabet, settings: Settings, versions: int, characters: int, rounds: int
) -> dict[str, float]:
    """Returns characters a second of both, all versions together, medians; and the median of the rounds' ratios."""
    saved = model.with_states(len(alphabet), units=settings.units)
    writer = sampling.Writer(model.without_states(saved), alphabet, versions=versions, seed=1)
    plain = PlainSteps(len(alphabet), settings)

    def plainly() -> None:
        with sampling.one_thread():
            plain.write(versions, characters)

    contenders = {"velveteen": lambda: list(writer.write(characters, until_end=False)), "torch": plainly}
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name in sorted(contenders, reverse=bool(number % 2)):
            start = time.perf_counter()
            contenders[name]()
            if number > 0:  # the first round warms up
                speeds[name].append(versions * characters / (time.perf_counter() - start))
    pairs = zip(speeds["velveteen"], speeds["torch"], strict=True)
    medians = {name: statistics.median(found) for name, found in speeds.items()}
    return {**medians, "ratio": statistics.median(ours / theirs for ours, theirs in pairs)}


class Cycled:
    """So many batches, epoch after epoch, as one epoch."""

    def __init__(self, batches: Any, steps: int):
        self.batches = batches
        self.steps = steps

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[Any]:
        epochs = itertools.chain.from_iterable(iter(self.batches) for _ in itertools.count())
        return itertools.islice(epochs, self.steps)


def trained_for(corpus: data.Corpus, settings: Settings, seconds: float) -> dict[str, float]:
    """Trains as the recipe does for about so many seconds of processor time.

    Returns:
        Its steps and seconds, the characters that it foretold, and its nats a character on the validation text.
    """
    symbols, (streams, length) = len(corpus.alphabet), settings.batch
    is_stateful = settings.mode == "stateful"
    streams, length = data.sizes(len(corpus.train), streams, length)

    def run(steps: int) -> tuple[Any, AveragedWeights, float]:
        vt.set_random_seed(1)
        network = model.network(
            symbols,
            units=settings.units,
            dropout=settings.dropout,
            streams=streams if is_stateful else None,
            last_only=not is_stateful,
        )
        optimizer = vt.train.adam(
            settings.learning_rate, 0.9, 0.99, weight_decay=settings.weight_decay, global_clipnorm=settings.clip
        )
        network.compile(optimizer, loss="sparseCategoricalCrossentropy")
        averages = AveragedWeights()
        batches = Cycled(data.batches(settings.mode, corpus, True, streams, length, 1), steps)
        schedule = CosineSchedule(settings.learning_rate, steps, 1)
        # The processor's time, not the clock's: other programs on the machine would give one mode less of it.
        start = time.process_time()
        network.fit_dataset(batches, callbacks=[schedule, averages], verbose=False)
        return network, averages, time.process_time() - start

    run(2)
    steps = max(1, round(seconds / (run(10)[2] / 10)))
    network, averages, taken = run(steps)
    saved = model.with_states(symbols, units=settings.units)
    with averages.in_place():
        saved.set_weights(network.get_weights())
    foretold = steps * streams * (length if is_stateful else 1)
    nats = evaluation.nats_per_char(saved, corpus.validation, corpus.train)
    return {"steps": steps, "seconds": taken, "foretold": foretold, "nats_per_char": nats}


def compare_modes(corpus: data.Corpus, settings: Settings, seconds: float) -> None:
    """Prints what each mode has learned after so many seconds of processor time."""
    table = Table("mode", "steps", "processor's s", "characters foretold", "nats a character")
    for mode in MODES:
        found = trained_for(corpus, dataclasses.replace(settings, mode=mode), seconds)
        numbers = (f"{found['steps']:,}", f"{found['seconds']:.0f}", f"{found['foretold']:,}")
        table.add_row(mode, *numbers, f"{found['nats_per_char']:.3f}")
    Console().print(table)


def main(
    source: Annotated[Path | None, typer.Argument(help="The text; by default Python's documentation.")] = None,
    steps: Annotated[int, typer.Option(help="Training steps a round.")] = 20,
    rounds: Annotated[int, typer.Option(help="Measured rounds of each, after one to warm up.")] = 5,
    characters: Annotated[int, typer.Option(help="Characters to write a round.")] = 500,
    units: Annotated[int, typer.Option(help="Of each LSTM layer.")] = 512,
    modes: Annotated[
        float | None, typer.Option(help="Only compare the modes, trained for so many seconds each.")
    ] = None,
) -> None:
    """Prints milliseconds a training step of velveteen and of PyTorch, and characters written a second."""
    corpus = data.load([] if source is None else [source])
    settings, symbols = Settings(units=units), len(corpus.alphabet)
    if modes is not None:
        compare_modes(corpus, settings, modes)
        return
    streams, length = settings.batch
    batches = First(data.batches("stateful", corpus, True, streams, length, 1), steps)
    figures = training(batches, symbols, settings, rounds)
    steps_an_epoch = (len(corpus.train) - 1) // (streams * length)
    table = Table("training", "velveteen", "PyTorch", "ratio")
    table.add_row("ms a step", f"{figures['velveteen']:.1f}", f"{figures['torch']:.1f}", f"{figures['ratio']:.3f}")
    epoch = {name: figures[name] * steps_an_epoch / 1000 for name in ("velveteen", "torch")}
    table.add_row(f"s an epoch of {steps_an_epoch:,} steps", f"{epoch['velveteen']:.0f}", f"{epoch['torch']:.0f}", "")
    console = Console()
    console.print(table)
    written = {str(count): writing(corpus.alphabet, settings, count, characters, rounds) for count in (1, 32)}
    table = Table("characters written a second", "velveteen", "PyTorch", "ratio")
    for count, speeds in written.items():
        table.add_row(
            f"{count} at once", f"{speeds['velveteen']:,.0f}", f"{speeds['torch']:,.0f}", f"{speeds['ratio']:.3f}"
        )
    console.print(table)
    RESULTS.mkdir(exist_ok=True)
    answer = {
        "machine": {**machine.describe(), "threads": torch.get_num_threads(), "backend": vt.get_backend()},
        "training": {**figures, "steps_an_epoch": steps_an_epoch},
        "characters_a_second": written,
    }
    (RESULTS / "writer.json").write_text(json.dumps(answer, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
