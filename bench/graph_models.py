"""Times ten real graph models against TensorFlow.js's WebAssembly backend in Node, on pictures of the models' sizes.

`python bench/graph_models.py` installs the models from npm (170 MB) if need be, and prints the table of
docs/graph-models.md: medians in milliseconds, and the largest difference between the answers as part of the largest value.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import velveteen as vt  # noqa: E402
from tests.graph_models._real_models import PACKAGES, input_shapes, made_up, models_folder  # noqa: E402
from tools import node  # noqa: E402

MODELS = {
    "blazeface": "where faces are",
    "facemesh": "468 points of a face",
    "iris": "71 points of an eye",
    "emotion": "what a face shows",
    "gear": "age, sex, origin",
    "handlandmark-full": "21 points of a hand",
    "movenet-lightning": "17 points of a body",
    "blazepose-full": "39 points of a body",
    "posenet": "bodies in a picture",
    "selfie": "who is not background",
}


def main(
    runs: Annotated[int, typer.Option(help="Measured runs of each model.")] = 30,
    threads: Annotated[int, typer.Option(help="Threads for PyTorch; 0 for its own choice.")] = 0,
) -> None:
    """Prints a table of the models' times."""
    if threads:
        torch.set_num_threads(threads)
    folder = models_folder()
    program = node.node_path()
    if folder is None or program is None:
        raise SystemExit("Node.js 18 or the npm packages of tests/graph_models cannot be installed here.")
    models = {name: vt.load_graph_model(folder / f"{name}.json") for name in MODELS}
    asked = {name: input_shapes(name, model) for name, model in models.items()}
    theirs = {each["name"]: each["times"] for each in ask(program, folder, asked, runs)}
    answers = {each["name"]: each["outputs"] for each in ask(program, folder, asked, 0)}
    print(
        f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads; TensorFlow.js 4.22.0 wasm, {os.cpu_count()} cores"
    )
    print(
        "\n| model | finds | TensorFlow.js wasm | velveteen | times as fast | difference |\n|---|---|---|---|---|---|"
    )
    for name, model in models.items():
        inputs = {key: made_up(**info) for key, info in asked[name].items()}
        times, results = measure(model, inputs, runs)
        wasm, ours = statistics.median(theirs[name][3:]), statistics.median(times[3:])
        largest = max(map(difference, results, answers[name]))
        print(f"| {name} | {MODELS[name]} | {wasm:.1f} ms | {ours:.1f} ms | {wasm / ours:.1f} | {largest:.0e} |")


def measure(model: vt.GraphModel, inputs: dict[str, vt.Tensor], runs: int) -> tuple[list[float], list[vt.Tensor]]:
    """Returns the milliseconds of each run, until the numbers are there, and the last run's outputs."""
    times = []
    for _ in range(runs + 3):
        start = time.perf_counter()
        results = model.execute(inputs)
        results = results if isinstance(results, list) else [results]
        for result in results:
            result.data_sync()
        times.append(1000 * (time.perf_counter() - start))
    return times, results


def ask(program: str, folder: Path, asked: dict[str, Any], repeats: int) -> Any:
    """Runs the models in TensorFlow.js; with repeats it answers times, without them values."""
    with tempfile.TemporaryDirectory() as place:
        request, answer = Path(place) / "request.json", Path(place) / "answer.json"
        models = [{"name": name, "inputs": inputs} for name, inputs in asked.items()]
        content = {"folder": str(folder), "backend": "wasm", "repeats": repeats and repeats + 3, "models": models}
        request.write_text(json.dumps(content), encoding="utf-8")
        subprocess.run([program, str(PACKAGES / "run_models.js"), str(request), str(answer)], check=True)
        return json.loads(answer.read_text(encoding="utf-8"))


def difference(result: vt.Tensor, answer: dict[str, Any]) -> float:
    """Returns the largest difference, as part of the largest value."""
    expected = np.array(answer["values"], dtype=np.float64)
    scale = max(float(np.abs(expected).max(initial=0)), 1e-30)
    return float(np.abs(result.data_sync() - expected).max(initial=0)) / scale


if __name__ == "__main__":
    typer.run(main)
