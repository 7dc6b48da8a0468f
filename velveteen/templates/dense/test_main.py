"""The project from beginning to end, on a few rows."""

import numpy as np

import velveteen as vt
from velveteen.templates.dense import data, main


def test_it_learns_a_table(tmp_path, capsys):
    vt.set_random_seed(1)
    table = tmp_path / "table.csv"
    chance = np.random.default_rng(1)
    rows = [f"{x},{1000 * y},{'above' if y > x else 'below'}" for x, y in chance.random((300, 2))]
    table.write_text("\n".join(["x,y,where", *rows]))
    main.train(table, epochs=20, out=tmp_path / "model")
    main.evaluate(table, tmp_path / "model")
    assert float(capsys.readouterr().out.split(" % of 60 rows")[0].split()[-1]) > 85
    main.predict([0.1, 900], tmp_path / "model")
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert vt.load_layers_model(tmp_path / "model").user_defined_metadata["classes"] == ["above", "below"]


def test_the_spirals_turn_around_each_other():
    learned, test = data.load()
    assert (len(learned.x), len(test.x), learned.classes) == (800, 200, ["left", "right"])
    assert 0.4 < learned.y[:, 0].mean() < 0.6
