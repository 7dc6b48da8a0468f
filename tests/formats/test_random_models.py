"""TensorFlow.js in Node loads and predicts what velveteen says that it can, and nothing else.

`VELVETEEN_SEED=… pytest tests/formats/test_random_models.py` draws other models.
"""

import os
from pathlib import Path

import numpy as np
import pytest

import velveteen as vt
from tests._javascript import run_node
from tests.formats._peers import from_json, to_json
from tests.formats._random_models import Draw
from velveteen.formats.browser import obstacles

COUNT = 80

# One worker starts one Node for all.
pytestmark = pytest.mark.xdist_group("tensorflowjs")


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """Models, what they predict, and what TensorFlow.js says to them."""
    folder = tmp_path_factory.mktemp("models")
    seed = int(os.environ.get("VELVETEEN_SEED") or 1)
    models, predicted, requests = [], [], {}
    for place in range(COUNT):
        draw = Draw(1000 * seed + place)
        model = draw.model()
        x = draw.examples(model)
        model.save(folder / str(place))
        models.append(model)
        predicted.append((model.predict(x).numpy(), vt.load_layers_model(folder / str(place)).predict(x).numpy()))
        requests[str(place)] = {"folder": str(folder / str(place)), "inputs": [to_json(x)]}
    answers = run_node(Path(__file__).parents[1] / "browser" / "node_predict.js", requests, folder)
    return [(*each, answers[str(place)]) for place, each in enumerate(zip(models, predicted, strict=True))]


def test_what_is_loaded_again_predicts_the_same(answered):
    for _, (first, again), _ in answered:
        np.testing.assert_array_equal(first, again)


def test_tensorflowjs_agrees_where_nothing_stands_in_the_way(answered):
    agreed = 0
    for place, (model, (ours, _), answer) in enumerate(answered):
        if not obstacles(model):
            assert "error" not in answer, (place, answer["error"], model.to_json())
            theirs = from_json(answer["outputs"][0])
            scale = max(1, np.abs(theirs).max())
            assert np.abs(ours - theirs).max() < 2e-4 * scale, (place, model.to_json())
            agreed += 1
    assert agreed > COUNT / 2


def test_what_stands_in_the_way_does(answered):
    """No model is said to be impossible that TensorFlow.js runs."""
    blocked = [(place, obstacles(model)) for place, (model, _, _) in enumerate(answered) if obstacles(model)]
    assert len(blocked) > 5
    for place, reasons in blocked:
        _, (ours, _), answer = answered[place]
        if "error" not in answer:
            theirs = from_json(answer["outputs"][0])
            assert theirs.shape != ours.shape or np.abs(ours - theirs).max() > 1e-3, (place, reasons)
