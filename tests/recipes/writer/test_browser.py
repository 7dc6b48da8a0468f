"""What TensorFlow.js writes with a saved folder, the state going in and out, is what Python writes."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests._javascript import run_node
from velveteen.recipes.writer import main
from velveteen.recipes.writer.sampling import Choice, texts

pytestmark = pytest.mark.xdist_group("tensorflowjs")


@pytest.mark.parametrize("kind", ["embedding", "one-hot", "combined"])
def test_two_hundred_greedy_characters(corpus, settings, trained, pair, kind, tmp_path):
    folder = pair if kind == "combined" else trained.folder
    if kind == "one-hot":
        folder = tmp_path / "one-hot"
        main.train(corpus, dataclasses.replace(settings, embedding=0, epochs=2), out=folder, seed=1, verbose=False)
    request = {"folder": str(folder), "prompt": "\nThe qüick", "length": 200}
    answer = run_node(Path(__file__).parent / "node_write.js", request, tmp_path)

    writer = main.open_writer(folder, Choice(temperature=0))
    writer.read("\nThe qüick")
    np.testing.assert_allclose(answer["first"], writer.probabilities[0], rtol=0, atol=1e-4)
    assert answer["written"] == texts(writer.write(200), 1)[0]
    last = writer.probabilities[0]
    last[writer.alphabet.rare] = answer["last"][writer.alphabet.rare]
    np.testing.assert_allclose(answer["last"], last, rtol=0, atol=1e-4)
