"""The project from beginning to end, on a few pictures."""

from velveteen.templates.cnn import data, main


def test_it_learns_shapes(tmp_path, capsys):
    shapes = data.draw_shapes(tmp_path / "shapes", each=100)
    main.train(shapes, epochs=10, out=tmp_path / "model")
    main.evaluate(shapes, tmp_path / "model")
    assert float(capsys.readouterr().out.split(" % of 60 pictures")[0].split()[-1]) > 60
    main.predict([shapes / "circle" / "0.png"], tmp_path / "model")
    assert "0.png: " in capsys.readouterr().out
