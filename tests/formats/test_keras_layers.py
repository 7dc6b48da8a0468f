"""Every layer of keras_layers.py: real Keras 3 → velveteen → Keras, and TensorFlow.js where that has the layer."""

import numpy as np
import pytest

import velveteen as vt
from tests._javascript import run_node
from tests.browser.test_models import HERE as BROWSER
from tests.formats._peers import from_json, keras, numbered, predict, to_json
from velveteen.errors import VelveteenError
from velveteen.formats.browser import obstacles

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("keras")]

REFUSED = {
    "activation_celu": 'Unknown activation "celu"',
    "activation_exponential": 'Unknown activation "exponential"',
    "activation_hard_sigmoid": "another slope",
    "activation_hard_swish": 'Unknown activation "hard_silu"',
    "activation_leaky_relu": 'Unknown activation "leaky_relu"',
    "attention_axes": "attention_axes",
    "attention_both_axes": "attention_axes",
    "attention_shape": "output_shape",
    "bidirectional_two": "backward_layer with options of its own",
    "conv2d_groups": "groups=2",
    "depthwise_dilated": "dilation_rate.*SeparableConv2D",
    "elu": "alpha 1",
    "global_masked": "does not support masking",
    "lstm_hard": "another slope",
    "resizing_bicubic": "bicubic",
}
# Keras on PyTorch fills the border with copies, where TensorFlow, JAX, TensorFlow.js and velveteen count no border.
KERAS_ON_TORCH_DIFFERS = ("average_pooling2dsame", "average_pooling3dsame")
TOLERANCES = {"mixed_precision": 0.05}  # computed in bfloat16 there


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What each program predicts, or the error that reading gave, by case and program."""
    folder = tmp_path_factory.mktemp("layers")
    (folder / "back").mkdir()
    keras("keras_layers.py", "save", folder)
    found, requests = {}, {}
    for file in sorted(folder.glob("*.npz")):
        name, data = file.stem, np.load(file)
        inputs = numbered(data, "input")
        found[name] = {"keras": numbered(data, "output")}
        for program, suffix in (("keras file", "keras"), ("h5", "h5")):
            try:
                model = vt.load_layers_model(folder / f"{name}.{suffix}")
                found[name][program] = predict(model, inputs)
            except VelveteenError as error:
                found[name][program] = error
        if isinstance(found[name]["keras file"], VelveteenError):
            continue
        model.save(folder / "back" / f"{name}.keras")
        np.savez(folder / "back" / f"{name}.npz", **{f"input{place}": x for place, x in enumerate(inputs)})
        model.save(folder / name)
        found[name]["obstacles"] = obstacles(model)
        requests[name] = {"folder": str(folder / name), "inputs": [to_json(x) for x in inputs]}
    keras("keras_layers.py", "predict", folder / "back")
    in_node = run_node(BROWSER / "node_predict.js", requests, folder)
    for name in requests:
        answer = in_node[name]
        found[name]["node"] = answer.get("error") or [from_json(y) for y in answer["outputs"]]
    for file in (folder / "back").glob("*.answer.npz"):
        found[file.name.removesuffix(".answer.npz")]["back in keras"] = numbered(np.load(file), "arr")
    return found


def test_all_programs_predict_the_same(results):
    wrong = []
    for name, programs in results.items():
        for program in {"keras file", "h5", "back in keras", "node"} & set(programs):
            known = name in KERAS_ON_TORCH_DIFFERS and program != "back in keras"
            if not known and not (program == "node" and programs["obstacles"]):
                wrong += different(name, program, programs["keras"], programs[program])
    assert not wrong, "\n".join(wrong)


def test_what_tensorflowjs_computes_otherwise_is_known(results):
    """Each obstacle that is told is one, but for masks: there it depends on the numbers."""
    told = {name: programs for name, programs in results.items() if programs.get("obstacles")}
    assert len(told) > 10
    harmless = [
        name
        for name, programs in told.items()
        if not different(name, "node", programs["keras"], programs["node"])
        and not any("mask" in sentence for sentence in programs["obstacles"])
    ]
    assert harmless == []


def different(name, program, theirs, ours):
    if name in REFUSED:
        return []
    if isinstance(ours, VelveteenError | str):
        return [f"{name}, {program}: {ours!s:.300}"]
    if [y.shape for y in theirs] != [y.shape for y in ours]:
        return [f"{name}, {program}: {[y.shape for y in ours]}, expected {[y.shape for y in theirs]}"]
    largest = max(np.abs(y - expected).max() for y, expected in zip(ours, theirs, strict=True))
    return [] if largest < TOLERANCES.get(name, 1e-4) else [f"{name}, {program}: off by {largest}"]


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("program", ["keras file", "h5"])
def test_what_would_compute_something_else_says_so(results, name, program):
    error = results[name][program]
    assert isinstance(error, VelveteenError)
    with pytest.raises(type(error), match=REFUSED[name]):
        raise error
