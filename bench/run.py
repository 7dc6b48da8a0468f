"""Measures velveteen beside its peers, on the same work, in one session: `python -m bench.run --help`, or `make bench`.

Everything is done by turns, round by round, so that a machine that slows down slows everybody; what counts is the ratio
of the medians. Results go to bench/results, the tables and the plot of docs/performance.md are made from them.
"""

import datetime
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from bench import flops, machine, measure, report
from bench.choice import Choice, choose
from bench.contenders import ROOF, Contender
from bench.measure import Effort, Race
from bench.work import write_digits
from velveteen.recipes.digits import data as digits_data

RESULTS = Path(__file__).parent / "results"
PARTIAL = RESULTS / "partial"
console = Console(highlight=False)


def main(
    only: Annotated[
        str, typer.Option(help="Words of what to measure, such as training,cnn,lstm,velveteen,torch.")
    ] = "",
    rounds: Annotated[int, typer.Option(help="Measured rounds of each, after one to warm up.")] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="One short round: to see that everything runs.")] = False,
    mnist: Annotated[Path | None, typer.Option(help="A folder with MNIST's four .gz files.")] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Replaces what is measured in the last whole run's results, and the page.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Where the results go; the documentation follows a whole run and --update only.")
    ] = None,
) -> None:
    """Measures velveteen beside PyTorch, Keras and TensorFlow.js."""
    choice = choose(only)
    if update and (quick or out is not None):
        raise typer.BadParameter("--update goes with neither --quick nor --out.")
    is_published = out is None and not quick and (update or not only)
    out = out or (RESULTS if is_published else PARTIAL)
    before = report.read(out) if update else {}
    effort = Effort(rounds=1, budget=2, predicting=0.1, goal_seconds=0) if quick else Effort(rounds=rounds)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        log_path = Path(place) / "log"
        with log_path.open("wb") as log:
            session = Session(choice, effort, out, log, before)
            if {"training", "predicting"} & set(choice.parts):
                session.train_and_predict()
            if "digits" in choice.parts:
                session.digits(_digits_folder(mnist, Path(place)))
            if "imports" in choice.parts:
                session.imports()
        if session.failed:
            out.mkdir(parents=True, exist_ok=True)
            (out / "failures.log").write_bytes(log_path.read_bytes()[-100_000:])
    console.print(f"{(time.perf_counter() - start) / 60:.1f} minutes; results in {os.path.relpath(out)}")
    measured = {part: results for part, results in report.read(out).items() if part in choice.parts}
    for name, text in report.tables(measured).items():
        if name != "picture":
            console.print("\n" + text, markup=False, soft_wrap=True)
    if is_published:
        report.main(out)


class Session:
    """One run of the chosen measurements. Every part is written when it is done.

    `before` has the results of an earlier run by part: what is not measured now stays as it was.
    """

    def __init__(self, choice: Choice, effort: Effort, out: Path, log: Any, before: report.Results | None = None):
        self.choice, self.effort, self.out, self.log, self.before = choice, effort, out, log, before or {}
        self.failed = False
        self._head = {
            "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
            "machine": machine.describe(),
            "versions": {},
        }

    def train_and_predict(self) -> None:
        """Trains and predicts with every network in every precision."""
        training: list[dict[str, Any]] = []
        roofs: list[dict[str, Any]] = []
        predicting: list[dict[str, Any]] = []
        for precision in self.choice.precisions:
            for network in self.choice.networks:
                takes_part = self._taking_part(network, precision)
                is_predicted = "predicting" in self.choice.parts and precision == "float32"
                if "training" not in self.choice.parts and not is_predicted:
                    continue
                with Race([*takes_part, ROOF], network, precision, self.log) as race:
                    if "training" in self.choice.parts:
                        records, roof = measure.train(race, self.effort)
                        training += records
                        roofs.append({"network": network, "precision": precision, "gflops": roof})
                        self._tell(f"{network} {precision}, ms a step", records)
                    if is_predicted:
                        records = measure.predict(race, self.effort)
                        predicting += records
                        self._tell(f"{network} {precision}, ms a prediction of a row", records[len(records) // 2 :])
                    self._conclude(race)
        if "training" in self.choice.parts:
            counted = {network: flops.of_step(network) for network in self.choice.networks}
            self._write("training", results=training, roofs=roofs, flops=counted)
        if predicting:
            self._write("predicting", results=predicting)

    def digits(self, folder: tuple[Path, str]) -> None:
        """Trains the CNN on MNIST."""
        path, source = folder
        results: list[dict[str, Any]] = []
        for precision in self.choice.precisions:
            takes_part = [each for each in self._taking_part("cnn", precision) if precision in each.digits]
            with Race(takes_part, "cnn", precision, self.log) as race:
                results += measure.digits(race, self.effort, path)
                self._conclude(race)
        for record in results:
            told = ", ".join(f"{epoch['seconds']:.1f} s {epoch['accuracy']:.4f}" for epoch in record["epochs"])
            console.print(f"digits {record['precision']}, {record['contender']}: {told}")
        self._write("digits", results=results, source=source, goal=measure.GOAL)

    def imports(self) -> None:
        """Imports everything, each in a new process."""
        self._write("imports", results=measure.import_times(self.choice.contenders, min(self.effort.rounds, 5)))

    def _taking_part(self, network: str, precision: str) -> list[Contender]:
        return [each for each in self.choice.contenders if network in each.networks and precision in each.precisions]

    def _conclude(self, race: Race) -> None:
        self._head["versions"] |= race.versions
        self.failed |= bool(race.failures)
        for name, reason in race.failures.items():
            console.print(f"{race.network} {race.precision}: {name} cannot: {reason}", markup=False)

    def _tell(self, what: str, records: list[dict[str, Any]]) -> None:
        def figure(record: dict[str, Any]) -> str:
            value = record.get("milliseconds", "cannot")
            value = value["predict"] if isinstance(value, dict) else value
            return f"{record['contender']} {value if isinstance(value, str) else format(value, '.3g')}"

        console.print(f"{what}: {', '.join(map(figure, records))}", soft_wrap=True)

    def _write(self, part: str, **content: Any) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        path = self.out / f"{part}.json"
        temporary = path.with_suffix(".partial")
        made = {**self._head, "rounds": self.effort.rounds, **content}
        if part in self.before:
            made = updated(self.before[part], made)
        temporary.write_text(json.dumps(made, indent=1) + "\n")
        temporary.replace(path)


def updated(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Returns a part's results with what is measured now in the place of what it was before.

    Raises:
        SystemExit: the two were measured on different machines.
    """
    if before["machine"] != now["machine"]:
        raise SystemExit("The last whole run was on another machine; measure everything anew: make bench.")

    def place(record: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(record.get(key) for key in ("precision", "network", "contender", "rows"))

    made = {**before, **now, "versions": before["versions"] | now["versions"]}
    for name in ("results", "roofs"):
        if name in now:
            measured = {place(record): record for record in now[name]}
            kept = {place(record): record for record in before[name]}
            made[name] = list((kept | measured).values())
    if "flops" in now:
        made["flops"] = before["flops"] | now["flops"]
    return made


def _digits_folder(given: Path | None, place: Path) -> tuple[Path, str]:
    """Returns a folder with MNIST's files, and what they are; from the recipe's sample where there are none."""
    if given is not None:
        return given.resolve(), f"MNIST in {given.name}"
    digits = digits_data.load()
    for split, examples in (("train", digits.train), ("t10k", digits.test)):
        write_digits(place, split, examples.images, examples.labels.astype(np.uint8))
    return place, digits.source


if __name__ == "__main__":
    typer.run(main)
