import io

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from velveteen.recipes import _report


def printed(table):
    console = Console(file=io.StringIO(), width=100)
    console.print(table)
    return console.file.getvalue()


def test_the_table_counts_confusions_and_leaves_zeros_out():
    lines = printed(_report.confusion_table([[9, 1], [0, 0]], ["cat", "dog"])).splitlines()
    assert next(line.split() for line in lines if "cat" in line and "%" in line) == ["cat", "9", "1", "90.0", "%"]
    assert next(line.split() for line in lines if line.split()[:1] == ["dog"]) == ["dog", "·", "·", "–"]


@pytest.mark.parametrize("mistakes", [0, 1, 200])
@pytest.mark.parametrize(
    "history",
    [{"loss": [1.0]}, {"loss": [1.0, 0.5], "acc": [0.5, 0.9], "val_loss": [1.0, float("nan")], "val_acc": [0.4, 0.6]}],
    ids=["loss", "all"],
)
def test_pictures_of_any_training(tmp_path, history, mistakes):
    labels = np.arange(250) % 3
    scores = np.eye(3, dtype=np.float32)[labels]
    scores[:mistakes] = np.roll(scores[:mistakes], 1, axis=1)
    confusion = np.zeros((3, 3), int)
    np.add.at(confusion, (labels, scores.argmax(axis=1)), 1)
    images = np.zeros((250, 28, 28), np.uint8)
    files = _report.write_pictures(tmp_path, history, confusion.tolist(), images, labels, scores, ["a", "b", "c"])
    assert [file.name for file in files] == ["learning-curves.png", "confusion.png", "mistakes.png"]
    for file in files:
        with Image.open(file) as picture:
            picture.load()
            assert picture.format == "PNG"
    assert sorted(tmp_path.iterdir()) == sorted(files)
