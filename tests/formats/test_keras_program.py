"""The Keras program of docs/from-keras.md runs in Keras, and what it saves is what the velveteen program beside it makes."""

import re
from pathlib import Path

import numpy as np
import pytest

import velveteen as vt
from tests.formats._peers import keras

PAGE = Path(__file__).parents[2] / "docs" / "from-keras.md"


@pytest.mark.slow
def test_the_program_beside_ours_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [program] = re.findall(r"^```py\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    told = "\nnp.savez('told.npz', x=x, y=y, classes=classes, accuracy=accuracy)\n"
    (tmp_path / "program.py").write_text(program + told, encoding="utf-8")
    keras(tmp_path / "program.py")
    answer = np.load("told.npz")
    assert answer["accuracy"] > 0.95
    model = vt.load_layers_model("square.keras")
    assert (model.predict(answer["x"]).arg_max(-1).numpy() == answer["classes"]).all()
    assert float(model.evaluate(answer["x"], answer["y"])[1]) == pytest.approx(float(answer["accuracy"]), abs=1e-6)
