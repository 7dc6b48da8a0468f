"""The measurements: everybody does the same work by turns, while the others are stopped."""

import statistics
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bench.contenders import PEERS, ROOF, ROOT, Contender
from bench.protocol import Worker, WorkerError
from bench.work import NETWORKS

PATIENCE = 300
"""Seconds after which a worker is given up."""
SLOW = 2000
"""Milliseconds of a prediction above which one is enough."""
GOAL = 0.99


@dataclass(frozen=True)
class Effort:
    """How long to measure: `rounds` turns of each, but no more than fit into `budget` seconds of a contender."""

    rounds: int = 5
    budget: float = 25
    predicting: float = 0.4
    goal_seconds: float = 90

    def rounds_for(self, turn: float) -> int:
        """Returns how many more turns one gets whose first has taken `turn` seconds, none if that has to do."""
        return min(self.rounds, int(self.budget / turn)) if turn > 0 else self.rounds


class Race:
    """The workers of one network in one precision. Whoever fails is out; `failures` says why."""

    def __init__(self, contenders: Iterable[Contender], network: str, precision: str, log: IO[bytes]):
        self.network, self.precision = network, precision
        self.versions: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        self._workers: dict[str, Worker] = {}
        self._contenders: dict[str, Contender] = {}
        self._log = log
        self._stack = ExitStack()
        for contender in contenders:
            self._start(contender)

    def __enter__(self) -> "Race":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def running(self) -> list[Contender]:
        """Those that have not failed."""
        return [contender for name, contender in self._contenders.items() if name not in self.failures]

    def ask(self, contender: Contender, **question: Any) -> dict[str, Any] | None:
        """Returns the contender's answer, or None when it does not take part or fails, now or earlier."""
        if contender.name not in self._workers or contender.name in self.failures:
            return None
        try:
            return self._workers[contender.name].ask(PATIENCE, **question)
        except WorkerError as error:
            self.failures[contender.name] = str(error)
            self._workers[contender.name].close()
            return None

    def peak_memory(self, contender: Contender) -> int | None:
        return self._workers[contender.name].peak_memory()

    def _start(self, contender: Contender) -> None:
        self._contenders[contender.name] = contender
        try:
            command = contender.command(self.network, self.precision)
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            self.failures[contender.name] = str(error)
            return
        worker = Worker(command, contender.variables(), ROOT, self._log)
        self._stack.callback(worker.close)
        self._workers[contender.name] = worker
        if contender is not ROOF:
            answer = self.ask(contender, do="hello")
            self.versions.update(answer["versions"] if answer else {})


def train(race: Race, effort: Effort) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Returns a record for each contender, and the roof in 10⁹ operations a second for each library."""
    batches = {
        contender.name: contender.batches.get(race.network, NETWORKS[race.network].batches)
        for contender in race.running
    }

    def turn(contender: Contender) -> float | None:
        answer = race.ask(contender, do="train", batches=batches[contender.name])
        return None if answer is None else answer["milliseconds"]

    contestants = [contender for contender in race.running if contender is not ROOF]
    first = {contender.name: turn(contender) for contender in contestants}
    times: dict[str, list[float]] = {name: [] for name in first}
    left = {
        name: 0 if value is None else effort.rounds_for(value * batches[name] / 1000) for name, value in first.items()
    }
    roofs: list[dict[str, float]] = []
    for number in range(effort.rounds):
        measured = race.ask(ROOF, do="roof", precision=race.precision)
        roofs += [measured] if measured else []
        # Who goes first alternates, so that nobody always comes after the same one.
        for contender in _by_turns(contestants, number):
            if number < left[contender.name]:
                value = turn(contender)
                times[contender.name] += [] if value is None else [value]
    records = []
    for contender in contestants:
        once = first[contender.name]
        record: dict[str, Any] = {
            "contender": contender.name, "network": race.network, "precision": race.precision,
        }  # fmt: skip
        if contender.name in race.failures or once is None:
            record["cannot"] = race.failures[contender.name]
        else:
            rounds = times[contender.name] or [once]
            record |= {
                "milliseconds": statistics.median(rounds),
                "rounds": rounds,
                "first": once,
                "peak_memory": race.peak_memory(contender),
            }
        records.append(record)
    roof = {name: statistics.median(each[name] for each in roofs) for name in (roofs[0] if roofs else {})}
    return records, roof


def predict(race: Race, effort: Effort) -> list[dict[str, Any]]:
    """Returns a record for each contender and number of rows: milliseconds of each way to predict."""
    records = []
    rounds = min(effort.rounds, 3)
    contestants = [contender for contender in race.running if contender is not ROOF]
    for rows in (NETWORKS[race.network].batch_size, 1):
        answers: dict[str, list[dict[str, float]]] = {contender.name: [] for contender in contestants}
        for number in range(rounds):
            for contender in _by_turns(contestants, number):
                given = answers[contender.name]
                if given and given[-1]["predict"] > SLOW:
                    continue
                answer = race.ask(contender, do="predict", rows=rows, seconds=effort.predicting)
                given += [answer] if answer else []
        for contender in contestants:
            record: dict[str, Any] = {
                "contender": contender.name, "network": race.network, "precision": race.precision, "rows": rows,
            }  # fmt: skip
            if contender.name in race.failures:
                record["cannot"] = race.failures[contender.name]
            else:
                given = answers[contender.name]
                record["milliseconds"] = {way: statistics.median(each[way] for each in given) for way in given[0]}
            records.append(record)
    return records


def digits(race: Race, effort: Effort, folder: Path) -> list[dict[str, Any]]:
    """Trains on MNIST, an epoch each by turns, until those that seek the goal have it or their time is over.

    Returns a record for each contender: for each epoch the seconds, from the file on, and the accuracy after it.
    """
    epochs: dict[str, list[dict[str, float]]] = {contender.name: [] for contender in race.running}
    contestants = race.running
    while contestants:
        for contender in contestants:
            answer = race.ask(contender, do="digits", folder=str(folder))
            epochs[contender.name] += [answer] if answer else []
        contestants = [
            contender
            for contender in contestants
            if contender.name not in race.failures and contender.seeks_goal and _goes_on(epochs[contender.name], effort)
        ]
    return [
        {"contender": name, "network": race.network, "precision": race.precision, "epochs": done}
        | ({"cannot": race.failures[name]} if name in race.failures else {})
        for name, done in epochs.items()
    ]


def import_times(contenders: Sequence[Contender], rounds: int) -> list[dict[str, Any]]:
    """Returns a record for each contender: the median seconds of importing it in a new process."""
    times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(rounds + 1):
        for contender in _by_turns(contenders, number):
            try:
                command = contender.import_command()
                folder = PEERS if contender.program == "node" else ROOT
                done = subprocess.run(command, env=contender.variables(), cwd=folder, capture_output=True, check=True)
            except (RuntimeError, OSError, subprocess.CalledProcessError):
                continue
            if number > 0:  # the first fills the disk's cache
                times[contender.name].append(float(done.stdout))
    return [{"contender": name, "seconds": statistics.median(each)} for name, each in times.items() if each]


def _goes_on(epochs: Sequence[dict[str, float]], effort: Effort) -> bool:
    spent = sum(epoch["seconds"] for epoch in epochs)
    return epochs[-1]["accuracy"] < GOAL and spent + epochs[-1]["seconds"] <= effort.goal_seconds


def _by_turns(contenders: Sequence[Contender], number: int) -> Iterable[Contender]:
    return reversed(contenders) if number % 2 else contenders
