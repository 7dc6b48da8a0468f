"""The project from beginning to end, on a few pairs."""

import itertools

import velveteen as vt
from velveteen.templates.seq2seq import dates, main


def test_it_learns_to_write_backwards(tmp_path, capsys):
    vt.set_random_seed(1)
    pairs = tmp_path / "pairs.tsv"
    texts = ["".join(text) for length in (1, 2, 3, 4) for text in itertools.product("abcd", repeat=length)]
    pairs.write_text("\n".join(f"{text}\t{text[::-1]}" for text in texts))
    main.train(pairs, epochs=2, out=tmp_path / "model")
    main.evaluate(pairs, tmp_path / "model")
    assert float(capsys.readouterr().out.split("pairs: ")[1].split()[0]) > 50
    main.predict("CD", tmp_path / "model", picture=tmp_path / "attention.png")
    assert capsys.readouterr().out.startswith("dc (")
    assert (tmp_path / "attention.png").stat().st_size > 1000


def test_impossible_dates_are_refused():
    assert dates.refusal("2000-02-29", 1.0) is None
    for answer in ("1900-02-29", "2019-02-30", "2019-04-31", "2019-13-01", "1899-12-31", "2100-01-01", "?", "20"):
        assert dates.refusal(answer, 1.0)
    assert dates.refusal("2019-03-03", 0.3)
