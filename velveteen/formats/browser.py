"""What a browser could not run: read from a model's config, and tried with TensorFlow.js in Node where that is there."""

import json
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from velveteen.errors import StateError
from velveteen.models import Model

# What TensorFlow.js 4.22 has registered.
_LAYERS = frozenset(
    [
        "InputLayer",
        "Model",
        "Functional",
        "Sequential",
        "ReLU",
        "LeakyReLU",
        "PReLU",
        "ELU",
        "ThresholdedReLU",
        "Softmax",
        "Conv1D",
        "Conv2D",
        "Conv3D",
        "Conv2DTranspose",
        "Conv3DTranspose",
        "SeparableConv2D",
        "DepthwiseConv2D",
        "Cropping2D",
        "UpSampling2D",
        "ZeroPadding2D",
        "RNN",
        "SimpleRNNCell",
        "SimpleRNN",
        "GRUCell",
        "GRU",
        "LSTMCell",
        "LSTM",
        "StackedRNNCells",
        "ConvLSTM2DCell",
        "ConvLSTM2D",
        "Dropout",
        "SpatialDropout1D",
        "Dense",
        "Flatten",
        "Activation",
        "RepeatVector",
        "Reshape",
        "Permute",
        "Masking",
        "Embedding",
        "Add",
        "Multiply",
        "Average",
        "Maximum",
        "Minimum",
        "Concatenate",
        "Dot",
        "GaussianNoise",
        "GaussianDropout",
        "AlphaDropout",
        "BatchNormalization",
        "LayerNormalization",
        "MaxPooling1D",
        "AveragePooling1D",
        "MaxPooling2D",
        "AveragePooling2D",
        "MaxPooling3D",
        "AveragePooling3D",
        "GlobalAveragePooling1D",
        "GlobalMaxPooling1D",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling2D",
        "TimeDistributed",
        "Bidirectional",
        "Rescaling",
        "CenterCrop",
        "CategoryEncoding",
        "Resizing",
        "RandomWidth",
    ]
)
_EXAMPLES = 2
_FREE_SIZE = 16
_SCRIPT = """
const fs = require("fs"), path = require("path");
const tf = require(process.argv[1]);
const [folder, request] = process.argv.slice(2);
(async () => {
  const content = JSON.parse(fs.readFileSync(path.join(folder, "model.json"), "utf8"));
  const files = content.weightsManifest.flatMap(group => group.paths).map(name => fs.readFileSync(path.join(folder, name)));
  const data = new Uint8Array(Buffer.concat(files)).buffer;
  const specs = content.weightsManifest.flatMap(group => group.weights);
  const model = await tf.loadLayersModel(tf.io.fromMemory(content.modelTopology, specs, data));
  const inputs = JSON.parse(fs.readFileSync(request, "utf8")).map(x => tf.tensor(x.data, x.shape, x.dtype));
  const outputs = model.predict(inputs.length > 1 ? inputs : inputs[0]);
  console.log(JSON.stringify((Array.isArray(outputs) ? outputs : [outputs]).map(
    y => ({shape: y.shape, data: Array.from(y.dataSync()).map(v => Number.isFinite(v) ? v : String(v))}))));
})().catch(error => { console.error(String(error)); process.exit(1); });
"""


class Comparison(NamedTuple):
    """How far TensorFlow.js's predictions are from velveteen's."""

    largest_difference: float | None
    """None where TensorFlow.js could not compute the model."""
    error: str | None


def obstacles(model: Model) -> list[str]:
    """Returns what in a model TensorFlow.js cannot load or computes otherwise, in sentences; none is fine."""
    found = []
    for name, class_name, config in _layers(model.to_json()):
        if class_name not in _LAYERS:
            found.append(f'"{name}": TensorFlow.js has no layer {class_name}. Register one of that name on the page.')
        if config.get("reset_after"):
            found.append(
                f'"{name}": TensorFlow.js has no {class_name} with reset_after. '
                "Train it with reset_after=False; the weights cannot be turned into each other."
            )
        if class_name == "Conv1D" and config.get("padding") == "causal":
            found.append(f'"{name}": TensorFlow.js has no causal padding.')
        if config.get("half_pixel_centers"):
            found.append(f'"{name}": TensorFlow.js takes other pixels than half_pixel_centers asks for.')
        if class_name == "Bidirectional" and config.get("zero_output_for_mask"):
            found.append(f'"{name}": where a mask is false, TensorFlow.js repeats the output before instead of zeros.')
        if class_name == "Bidirectional" and config.get("layer", {}).get("class_name") == "RNN":
            found.append(
                f'"{name}": TensorFlow.js cannot load a bidirectional RNN of a cell. Use LSTM, GRU or SimpleRNN.'
            )
    return found


def compare(model: Model, timeout: float = 300) -> Comparison | None:
    """Lets TensorFlow.js predict on random inputs in Node; returns None where Node or TensorFlow.js is not there.

    TensorFlow.js is looked for as a program in the current folder would find it, then in the folders of NODE_PATH.

    Args:
        timeout: seconds.
    """
    found = find_tensorflowjs()
    if found is None:
        return None
    node, package = found
    inputs = random_inputs(model)
    predicted = model.predict(inputs if len(inputs) > 1 else inputs[0])
    ours = [tensor.numpy() for tensor in (predicted if isinstance(predicted, list) else [predicted])]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model.save(folder / "model")
        request = [
            {
                "shape": list(x.shape),
                "dtype": "float32" if x.dtype == np.float32 else "int32",
                "data": x.ravel().tolist(),
            }
            for x in inputs
        ]
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        command = [node, "-e", _SCRIPT, package, str(folder / "model"), str(folder / "request.json")]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise StateError(f"TensorFlow.js did not answer within {timeout:.0f} seconds.") from error
    if answer.returncode != 0:
        return Comparison(None, (answer.stderr.strip().splitlines() or ["no reason given"])[-1][:500])
    theirs = json.loads(answer.stdout.strip().splitlines()[-1])
    if [list(y.shape) for y in ours] != [y["shape"] for y in theirs]:
        return Comparison(None, f"the outputs' shapes differ: {[y['shape'] for y in theirs]}")
    differences = [
        np.abs(y - np.array([float(v) for v in other["data"]], np.float32).reshape(y.shape)).max(initial=0)
        for y, other in zip(ours, theirs, strict=True)
    ]
    return Comparison(max(math.inf if math.isnan(value) else float(value) for value in differences), None)


def find_tensorflowjs() -> tuple[str, str] | None:
    """Returns the paths of Node and of its package @tensorflow/tfjs, or None."""
    node = shutil.which("node")
    if node is None:
        return None
    look = 'console.log(require.resolve("@tensorflow/tfjs"))'
    answer = subprocess.run([node, "-e", look], capture_output=True, text=True, cwd=os.getcwd())
    return (node, answer.stdout.strip()) if answer.returncode == 0 else None


def random_inputs(model: Model) -> list[np.ndarray]:
    """Returns two random examples for each input, repeatable; small whole numbers where an embedding looks them up."""
    random = np.random.default_rng(0)
    configs = [config for _, class_name, config in _layers(model.to_json()) if class_name == "Embedding"]
    largest = min((config["input_dim"] for config in configs), default=0)
    inputs = []
    for tensor in model.inputs:
        shape = [tensor.shape[0] or _EXAMPLES, *(size or _FREE_SIZE for size in tensor.shape[1:])]
        if largest or tensor.dtype == "int32":
            whole = random.integers(0, largest or 2, shape)
            inputs.append(whole.astype(np.int32 if tensor.dtype == "int32" else np.float32))
        else:
            inputs.append(random.normal(size=shape).astype(np.float32))
    return inputs


def _layers(value: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yields name, class and config of all layers in a topology, also of those inside of others."""
    if isinstance(value, list):
        for part in value:
            yield from _layers(part)
    elif isinstance(value, dict):
        config = value.get("config")
        if isinstance(value.get("class_name"), str) and isinstance(config, dict) and "name" in config:
            yield config["name"], value["class_name"], config
        for part in value.values():
            yield from _layers(part)
