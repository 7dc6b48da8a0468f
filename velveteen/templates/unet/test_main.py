"""The project from beginning to end, on a few pictures."""

from PIL import Image

import velveteen as vt
from velveteen.templates.unet import data, main


def test_it_finds_circles(tmp_path, capsys):
    vt.set_random_seed(1)
    circles = data.draw_circles(tmp_path / "circles", count=150)
    main.train(circles, epochs=8, out=tmp_path / "model")
    main.evaluate(circles, tmp_path / "model")
    assert float(capsys.readouterr().out.split("Overlap ")[1].split()[0]) > 0.4
    main.predict(circles / "pictures" / "0.png", tmp_path / "model", tmp_path / "mask.png")
    assert Image.open(tmp_path / "mask.png").size == (64, 64)
