"""The project from beginning to end, on a short text."""

import velveteen as vt
from velveteen.templates.lstm import main


def test_it_learns_a_sentence(tmp_path, capsys):
    vt.set_random_seed(1)
    text = tmp_path / "fox.txt"
    text.write_text("The quick brown fox jumps over the lazy dog.\n" * 200)
    main.train(text, epochs=30, out=tmp_path / "model")
    main.evaluate(text, tmp_path / "model")
    assert float(capsys.readouterr().out.split(" nats")[0].split()[-1]) < 1
    main.predict("The quick", length=20, temperature=0.1, folder=tmp_path / "model")
    assert capsys.readouterr().out.startswith("The quick brown")
