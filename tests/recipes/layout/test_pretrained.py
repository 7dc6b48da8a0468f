"""The network that ships."""

import numpy as np
import pytest

from tests._javascript import run_node
from tests.recipes.layout.test_making import made
from tests.recipes.layout.test_network import PREDICT
from velveteen.recipes.layout import evaluation, main
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.faults._fault import filled

MOST_BYTES = 8_000_000


def page() -> np.ndarray:
    """Lines of text-like bars on white, in the colours of a page."""
    chance = np.random.default_rng(2)
    picture = np.full((192, 224, 3), 250, np.uint8)
    for top in range(20, 170, 24):
        for left in range(20, int(chance.integers(90, 200)), 14):
            picture[top : top + 9, left : left + 9] = 60
    return picture


def test_it_is_small_and_says_what_it_needs():
    assert sum(path.stat().st_size for path in main.PRETRAINED.iterdir()) <= MOST_BYTES
    detector = main.load(main.PRETRAINED)
    assert list(detector.thresholds) == list(FAULTS) and detector.multiple == 64
    assert all(0 < each.unsure <= each.sure <= 1 for each in detector.thresholds.values())
    assert detector.about["input"] == {"range": [0, 1], "outside": -1.0, "border": 32, "pixel": "CSS"}


def test_tensorflowjs_gives_the_same_heat_map(tmp_path):
    inside = np.full((1, 256, 320, 3), -1, np.float32)
    inside[0, 32:224, 32:256] = page() / 255
    ours = main.load(main.PRETRAINED).network.predict(inside).numpy()
    request = {"shape": list(inside.shape), "dtype": "float32", "data": inside.ravel().tolist()}
    answer = run_node(PREDICT, {"m": {"folder": str(main.PRETRAINED), "inputs": [request]}}, tmp_path)["m"]
    assert "error" not in answer, answer
    theirs = np.array(answer["outputs"][0]["data"], np.float32).reshape(ours.shape)
    np.testing.assert_allclose(theirs, ours, atol=1e-3)


@pytest.mark.usefixtures("needs_chromium")
def test_it_finds_a_broken_image_and_nothing_on_the_sound_page():
    detector = main.load(main.PRETRAINED)
    found, _ = made("broken-image")
    assert len(found) > 3
    for before, after, boxes in found:
        assert detector.spots(detector.heat(before)) == []
        spots = [each for each in detector.spots(detector.heat(after), ["broken-image"]) if each.sure]
        mask = filled(boxes, after.shape, 1)
        assert spots and all(evaluation.touches(spot, mask) for spot in spots)
