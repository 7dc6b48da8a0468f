"""The project from beginning to end, on a few pictures."""

import velveteen as vt
from velveteen.templates.cnn import data, main


def test_it_learns_shapes(tmp_path, capsys):
    vt.set_random_seed(1)
    shapes = data.draw_shapes(tmp_path / "shapes", each=100)
    main.train(shapes, epochs=20, out=tmp_path / "model")
    main.evaluate(shapes, tmp_path / "model")
    assert float(capsys.readouterr().out.split(" % of 60 pictures")[0].split()[-1]) > 45  # a third by chance
    main.predict([shapes / "circle" / "0.png"], tmp_path / "model")
    assert "0.png: " in capsys.readouterr().out
