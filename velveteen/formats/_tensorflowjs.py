"""Asks TensorFlow.js in Node what a model predicts."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from velveteen.errors import StateError

_SCRIPT = """
const fs = require("fs"), path = require("path");
const tf = require(process.argv[1]);
const [folder, request] = process.argv.slice(2);
(async () => {
  const content = JSON.parse(fs.readFileSync(path.join(folder, "model.json"), "utf8"));
  const files = content.weightsManifest.flatMap(group => group.paths).map(name => fs.readFileSync(path.join(folder, name)));
  const weightData = new Uint8Array(Buffer.concat(files)).buffer;
  const weightSpecs = content.weightsManifest.flatMap(group => group.weights);
  const isGraph = "node" in content.modelTopology;
  const source = isGraph
    ? {load: async () => ({...content, weightSpecs, weightData})}
    : tf.io.fromMemory(content.modelTopology, weightSpecs, weightData);
  const model = await (isGraph ? tf.loadGraphModel(source) : tf.loadLayersModel(source));
  const inputs = JSON.parse(fs.readFileSync(request, "utf8")).map(x => tf.tensor(x.data, x.shape, x.dtype));
  const given = inputs.length > 1 ? inputs : inputs[0];
  const outputs = await (isGraph ? model.executeAsync(given, model.outputNodes) : model.predict(given));
  const write = value => typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  console.log(JSON.stringify([].concat(outputs).map(y => ({shape: y.shape, data: Array.from(y.dataSync(), write)}))));
})().catch(error => { console.error(String(error)); process.exit(1); });
"""


def find_tensorflowjs() -> tuple[str, str] | None:
    """Returns the paths of Node and of its package @tensorflow/tfjs, or None."""
    node = shutil.which("node")
    if node is None:
        return None
    look = 'console.log(require.resolve("@tensorflow/tfjs"))'
    answer = subprocess.run([node, "-e", look], capture_output=True, text=True, cwd=os.getcwd())
    return (node, answer.stdout.strip()) if answer.returncode == 0 else None


def predictions(
    found: tuple[str, str], model: Any, inputs: list[np.ndarray], timeout: float
) -> tuple[list[dict[str, Any]], str | None]:
    """Returns what TensorFlow.js predicts, each output as {"shape", "data"}, or why it could not.

    Args:
        found: what `find_tensorflowjs` returned.
        model: of layers or a graph; it is saved into a folder for the time being.
        inputs: in the model's order.
        timeout: seconds.

    Raises:
        StateError: no answer within that time.
    """
    node, package = found
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model.save(folder / "model")
        request = [{"shape": list(x.shape), "dtype": _dtype(x), "data": x.ravel().tolist()} for x in inputs]
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        command = [node, "-e", _SCRIPT, package, str(folder / "model"), str(folder / "request.json")]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise StateError(f"TensorFlow.js did not answer within {timeout:.0f} seconds.") from error
    if answer.returncode != 0:
        return [], (answer.stderr.strip().splitlines() or ["no reason given"])[-1][:500]
    return json.loads(answer.stdout.strip().splitlines()[-1]), None


def _dtype(array: np.ndarray) -> str:
    return {"f": "float32", "i": "int32", "b": "bool", "O": "string"}[array.dtype.kind]
