"""Datasets against what TensorFlow.js's answered to cases.json (record.js)."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import velveteen as vt
from velveteen.errors import VelveteenError
from velveteen.serialization import snake_case

FOLDER = Path(__file__).parent
CASES = json.loads((FOLDER / "cases.json").read_text())
RECORDED = json.loads((FOLDER / "recorded.json").read_text())


def recorded(kind):
    pairs = list(zip(CASES[kind], RECORDED[kind], strict=True))
    return pytest.mark.parametrize(("case", "expected"), pairs, ids=[str(at) for at in range(len(pairs))])


def shown(value):
    if isinstance(value, vt.Tensor):
        return {"tensor": value.dtype, "shape": list(value.shape), "values": value.data_sync().tolist()}
    if isinstance(value, float) and math.isinf(value):
        return {"number": "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, dict):
        return {key: shown(part) for key, part in value.items()}
    return [shown(part) for part in value] if isinstance(value, list) else value


def numbers(count):
    return list(range(1, count + 1))


@recorded("csv")
def test_csv(case, expected):
    def read():
        options = {snake_case(key): value for key, value in case.get("config", {}).items()}
        source = vt.data.FileDataSource(case["text"].encode(), chunk_size=7)
        dataset = vt.data.csv(source, **options)
        return {"names": dataset.column_names(), "rows": shown(dataset.to_array())}

    if "error" in expected:
        with pytest.raises(VelveteenError):
            read()
    else:
        assert read() == expected


@recorded("shuffles")
def test_shuffle(case, expected):
    dataset = vt.data.array(numbers(case["count"])).shuffle(case["buffer"], case["seed"])
    assert [dataset.to_array(), dataset.to_array()] == expected


@recorded("batches")
def test_batch(case, expected):
    dataset = vt.data.array(case["items"]).batch(case["size"], case.get("small_last", True))
    assert {"size": dataset.size, "elements": shown(dataset.to_array())} == expected


async def square_async(x):
    return x * x


STEPS = {
    "even": lambda dataset: dataset.filter(lambda x: x % 2 == 0),
    "square": lambda dataset: dataset.map(lambda x: x * x),
    "square_async": lambda dataset: dataset.map_async(square_async),
    "concatenate": lambda dataset, count: dataset.concatenate(vt.data.array(numbers(count))),
    "zip": lambda dataset, count: vt.data.zip({"a": dataset, "b": vt.data.array(numbers(count))}),
}


@recorded("pipelines")
def test_pipeline(case, expected):
    dataset = vt.data.array(numbers(case["items"]))
    for name, *arguments in case["steps"]:
        step = STEPS.get(name)
        dataset = step(dataset, *arguments) if step else getattr(dataset, name)(*arguments)
    assert dataset.size == expected["size"]
    assert dataset.to_array() == expected["elements"]
    assert dataset.to_array() == expected["elements"]


@recorded("training")
def test_training(case, expected):
    model = vt.sequential([vt.layers.dense(3, activation="softmax", input_shape=[2])])
    model.set_weights([[[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]], [0, 0.1, -0.1]])
    model.compile(vt.train.sgd(0.1), "categoricalCrossentropy", ["accuracy"])
    rows = [{"xs": [i / 7, i * i % 5], "ys": [i % 3 == 0, i % 3 == 1, i % 3 == 2]} for i in numbers(7)]
    held = [{"xs": [i % 2, i / 5], "ys": [i % 3 == 1, i % 3 == 0, i % 3 == 2]} for i in numbers(5)]
    examples = vt.data.array([{"xs": row["xs"], "ys": [int(y) for y in row["ys"]]} for row in rows]).batch(
        case["batch"]
    )
    validation = {
        "dataset": lambda: vt.data.array(held).batch(2),
        "arrays": lambda: ([row["xs"] for row in held], [row["ys"] for row in held]),
    }.get(case.get("validation"))
    options = {
        "epochs": case["epochs"],
        "initial_epoch": case.get("initial_epoch", 0),
        "batches_per_epoch": case.get("batches_per_epoch"),
        "validation_data": validation and validation(),
        "validation_batches": case.get("validation_batches"),
        "class_weight": case.get("class_weight"),
    }
    history = model.fit_dataset(examples.repeat() if case.get("repeat") else examples, verbose=False, **options)
    assert history.epoch == expected["epoch"]
    assert set(history.history) == set(expected["history"])
    for name, values in expected["history"].items():
        np.testing.assert_allclose(history.history[name], values, rtol=1e-4)
    evaluated = [value.array_sync() for value in model.evaluate_dataset(examples, batches=2)]
    np.testing.assert_allclose(evaluated, expected["evaluated"], rtol=1e-4)
    for weight, wanted in zip(model.get_weights(), expected["weights"], strict=True):
        np.testing.assert_allclose(weight.data_sync(), wanted["values"], rtol=1e-4, atol=1e-6)
