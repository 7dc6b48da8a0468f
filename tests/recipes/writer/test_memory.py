import json

import numpy as np
import pytest
from typer.testing import CliRunner

from velveteen.cli.main import app
from velveteen.recipes.writer import evaluation, main, memory
from velveteen.recipes.writer.memory import TRUST, Memory
from velveteen.recipes.writer.sampling import Choice

EVEN = np.full(5, 0.2)


def remembered(numbers):
    found = Memory()
    for number in numbers:
        found.take(number)
    return found


def test_after_a_known_context_what_followed_it_is_likelier():
    assert Memory().mixed(EVEN).tolist() == EVEN.tolist()
    assert remembered([0, 1, 2, 3]).mixed(EVEN).tolist() == EVEN.tolist()  # no three characters came twice
    mixed = remembered([0, 1, 2, 3, 0, 1, 2]).mixed(EVEN)
    assert mixed[3] == pytest.approx((1 + TRUST * 0.2) / (1 + TRUST))
    assert mixed.sum() == pytest.approx(1)


def test_longer_contexts_refine_what_shorter_ones_say():
    chance = np.random.default_rng(1)
    found = remembered(chance.integers(2, size=300).tolist())
    probabilities = chance.dirichlet(np.ones(5))
    mixed = found.mixed(probabilities)
    assert mixed.sum() == pytest.approx(1)
    assert mixed == pytest.approx([found.probability(number, probabilities) for number in range(5)])
    assert mixed[2:] == pytest.approx(mixed[2] / probabilities[2] * probabilities[2:])  # what never came


def test_what_is_long_ago_is_forgotten(monkeypatch):
    numbers = np.random.default_rng(2).integers(3, size=400).tolist()
    monkeypatch.setattr(memory, "REMEMBERED", 100)
    late = remembered(numbers)
    early = Memory()
    early._context = late._read[0][0]
    for number in numbers[-100:]:
        early.take(number)
    assert late._followers == early._followers


def test_a_character_is_scored_before_it_is_remembered(trained, corpus):
    saved, _ = main.load(trained.folder)
    chance = np.random.default_rng(3)
    phrase = chance.permutation(len(corpus.alphabet))  # no context comes twice in it
    alone = evaluation.nats_per_char(saved, phrase, corpus.train)
    assert evaluation.nats_per_char(saved, phrase, corpus.train, Memory()) == pytest.approx(alone, rel=1e-5)
    twice = np.tile(phrase, 4)
    better = evaluation.nats_per_char(saved, twice, corpus.train, Memory())
    assert better < evaluation.nats_per_char(saved, twice, corpus.train) - 0.1


def test_a_long_text_is_scored_in_parts(trained, corpus, monkeypatch):
    saved, _ = main.load(trained.folder)
    whole = evaluation.nats_per_char(saved, corpus.train[:3000], corpus.train)
    monkeypatch.setattr(evaluation, "STREAMS", 1)
    monkeypatch.setattr(evaluation, "_PART", 1)
    assert evaluation.nats_per_char(saved, corpus.train[:3000], corpus.train) == pytest.approx(whole, rel=0.02)


def test_a_writer_expects_again_what_it_has_read(trained):
    prompt = "The xxyxz fox. The xxyxz dog. The xxy"
    known = main.open_writer(trained.folder, memory=True).alphabet
    chances = {}
    for with_memory in (False, True):
        writer = main.open_writer(trained.folder, samples=2, memory=with_memory)
        writer.read(prompt)
        assert writer.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
        chances[with_memory] = writer.probabilities[:, known.symbols.index("x")]
    assert (chances[True] > chances[False]).all()
    texts = [main.write(trained.folder, prompt, Choice(), length=30, samples=2, seed=1, memory=True) for _ in range(2)]
    assert texts[0] == texts[1]


def test_memory_on_the_command_line(trained, tmp_path):
    run = CliRunner().invoke
    (tmp_path / "other.txt").write_text("The dog overlooks every jumpy zebra.\n" * 60)
    call = ["writer", "evaluate", str(trained.folder), str(tmp_path / "other.txt"), "--json"]
    plain, remembering = (json.loads(run(app, [*call, *more]).stdout) for more in ([], ["--memory"]))
    assert remembering["chars"] == plain["chars"]
    assert remembering["nats_per_char"] < plain["nats_per_char"]  # it has one sentence again and again
    written = run(app, ["writer", "write", str(trained.folder), "--memory", "--length", "20", "--seed", "1"])
    assert written.exit_code == 0 and written.stdout.strip()
