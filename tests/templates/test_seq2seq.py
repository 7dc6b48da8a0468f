"""Dates and sums through the encoder and the decoder, in Python and in TensorFlow.js."""

import datetime
import random
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import velveteen as vt
from tests._javascript import run_node
from velveteen.templates.seq2seq import addition, data, dates, main, model

SOME = ["the 3rd of march, 2019", "2019-03-03", "march third, 2019", "17. dezember 1984", "3.iii.2019"]


@pytest.fixture(scope="module")
def pairs():
    return dates.pairs(count=20_000)


@pytest.fixture(scope="module")
def trained(pairs, tmp_path_factory):
    """The folder of networks that have seen dates for a few seconds: right or wrong, they must be so everywhere."""
    folder = tmp_path_factory.mktemp("dates")
    vt.set_random_seed(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(data.TASKS, "dates", lambda: pairs)
        patch.setattr(main, "STEPS", 60)
        main.train(None, epochs=1, out=folder)
    return folder


# The tasks


def test_dates_are_spelled_in_many_ways():
    assert len(dates.SPELLINGS) == len(set(dates.SPELLINGS)) >= 30
    chance = random.Random(1)
    texts = [dates.spell(chance, spelling, 2019, 3, 3) for spelling in dates.SPELLINGS]
    assert len(set(texts)) == len(texts)
    assert {
        "2019-03-03", "3.3.2019", "03/03/2019", "the 3rd of march, 2019", "march third, 2019", "3.iii.2019",
        "sunday, march 3, 2019", "sun, 03 mar 2019", "3. märz 2019", "3 mars 2019", "3 de marzo de 2019",
    } <= set(texts)  # fmt: skip
    ends = [dates.spell(chance, "{d}{th}", 2019, 3, day) for day in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 31)]
    assert ends == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "31st"]


def test_no_date_is_learned_and_tested(pairs):
    learned, test = pairs
    unseen = {target for _, target in test["unseen dates"]}
    assert len(unseen) == 7304
    assert len(test["unseen dates"]) == 7304 * len(dates.SPELLINGS)
    assert not unseen & {target for _, target in learned}
    days = [datetime.date.fromisoformat(target) for target in unseen]
    assert {(day.month, day.day) for day in days} == {
        (day.month, day.day) for day in (datetime.date(2000, 1, 1) + datetime.timedelta(n) for n in range(366))
    }
    assert (min(day.year for day in days), max(day.year for day in days)) == (1900, 2099)


def test_what_is_to_be_refused_is_no_date():
    chance = random.Random(2)
    for _ in range(2000):
        text, target = dates.impossible(chance)
        assert dates.refusal(target, 1.0), text
    assert dates.refusal(dates.REFUSED, 1.0)
    for _ in range(2000):
        day = dates.FIRST + datetime.timedelta(chance.randrange(73_049))
        assert dates.refusal(dates.valid(chance, day)[1], 1.0) is None
    noise = [dates.no_date(chance) for _ in range(2000)]
    assert len(set(noise)) > 1900 and all(noise)


def test_the_calendar_says_why():
    assert dates.refusal("2019-02-30", 1.0) == "2019-02-30 is in no calendar (day is out of range for month)"
    assert dates.refusal("1850-02-03", 1.0) == "1850-02-03 is not from 1900 to 2099"
    assert dates.refusal("2019-03-03", 0.4) == "2019-03-03 is only 40 % sure"
    assert dates.refusal("?", 1.0) == "it has no date in it, or more than one"


def test_no_sum_is_learned_and_tested():
    learned, test = addition.pairs()
    known = {frozenset(text.split("+")) for text, _ in learned}
    assert not known & {frozenset(text.split("+")) for text, _ in test["unseen sums"]}
    assert len(test["unseen sums"]) == 50_050
    assert all(sum(map(int, text.split("+"))) == int(total) for text, total in (*learned, *test["unseen sums"]))


# Texts as numbers


def test_embedding():
    alphabet = data.Alphabet("ab")
    assert alphabet.encode(["b", "abA"]).tolist() == [[3, 1, 0, 0], [2, 3, 2, 1]]
    assert alphabet.decode([2, 3]) == "ab"
    (given, late), wanted = data.embed([("a", "bb"), ("b", "")], alphabet, alphabet)
    assert late.tolist() == [[1, 3, 3], [1, 1, 0]]
    assert given.shape == (2, 2)
    assert wanted.argmax(-1).tolist() == [[3, 3, 1], [1, 0, 0]]
    assert wanted.sum(-1).tolist() == [[1, 1, 1], [1, 0, 0]]  # nothing is asked behind the end


def test_a_symbol_nobody_has_seen_is_told(trained):
    with pytest.raises(vt.VelveteenError, match='"3 März 2019 ☃" has .☃. in it, which the network has never seen'):
        main.Translator(trained)(["3 März 2019 ☃"])


def test_pairs_of_a_file(tmp_path):
    file = tmp_path / "pairs.tsv"
    file.write_text("".join(f"a{n}\tb{n}\n" for n in range(40)))
    learned, test = data.load(file)
    assert len(learned) == 36 and len(test["pairs"]) == 4
    assert sorted(learned + test["pairs"]) == sorted((f"a{n}", f"b{n}") for n in range(40))
    for text, message in [
        ("a\tb\n" * 5, "has 5 pairs. Give at least 20"),
        ("a\tb\n" * 30 + "a b\n", "Pair 31 of .* has 1 parts. Write both texts on a line"),
        ("a\tb\n" * 30 + "a\t\n", "Pair 31 of .* has 2 parts"),
    ]:
        file.write_text(text)
        with pytest.raises(vt.VelveteenError, match=message):
            data.load(file)
    with pytest.raises(vt.VelveteenError, match="There is no file"):
        data.load(tmp_path / "gone.tsv")


# The networks


def test_what_is_filled_up_is_not_read():
    """A text gives the same beside a longer one as alone: masks reach the encoder and the attention."""
    vt.set_random_seed(3)
    encoder, decoder, _ = model.networks(9, 7, units=8)
    alone, together = np.array([[3, 4, 1]]), np.array([[3, 4, 1, 0, 0, 0], [5, 6, 7, 8, 3, 1]])
    short = decoder.predict_on_batch([np.array([[1, 4]]), *encoder.predict_on_batch(alone)])
    long = decoder.predict_on_batch([np.array([[1, 4]] * 2), *encoder.predict_on_batch(together)])
    np.testing.assert_allclose(long[0].numpy()[:1], short[0].numpy(), atol=1e-6)
    np.testing.assert_allclose(long[1].numpy()[:1, :, :3], short[1].numpy(), atol=1e-6)
    assert not long[1].numpy()[0, :, 3:].any()
    np.testing.assert_allclose(long[1].numpy().sum(-1), 1, atol=1e-6)


def test_step_by_step_is_as_all_at_once():
    vt.set_random_seed(4)
    encoder, decoder, whole = model.networks(9, 7, units=8)
    given, late = np.array([[3, 4, 5, 1]]), np.array([[1, 4, 3, 6]])
    at_once = whole.predict([given, late]).numpy()[0]
    memory, mask, h, c = encoder.predict_on_batch(given)
    for place in range(4):
        probabilities, _, h, c = decoder.predict_on_batch([late[:, place : place + 1], memory, mask, h, c])
        np.testing.assert_allclose(probabilities.numpy()[0, 0], at_once[place], atol=1e-6)


def test_training_leaves_the_mask_alone(trained):
    encoder = vt.load_layers_model(trained / "encoder")
    (nowhere,) = encoder.get_layer("nowhere").get_weights()
    assert nowhere.numpy()[0, 0] == np.float32(model.NOWHERE) and not nowhere.numpy()[1:].any()


def test_more_beams_find_what_is_as_likely_or_likelier(trained):
    greedy, wider = main.Translator(trained)(SOME), main.Translator(trained, beams=4)(SOME)
    assert np.mean([found[1] for found in wider]) >= np.mean([found[1] for found in greedy])


def test_the_answer_is_teacher_forcings_own(trained):
    """Decoding step by step gives each answer the probability that the network gives it at once."""
    translator = main.Translator(trained)
    for text, (answer, probability, attention) in zip(SOME, translator(SOME), strict=True):
        inputs, wanted = data.embed([(text, answer)], translator.source, translator.target)
        states = translator.encoder.predict_on_batch(inputs[0])
        at_once = translator.decoder.predict_on_batch([inputs[1], *states])[0].numpy()
        assert probability == pytest.approx((at_once * wanted).sum(-1).prod(), rel=1e-3)
        assert attention.shape[0] == len(answer) + 1


@pytest.mark.xdist_group("tensorflowjs")
def test_tensorflowjs_writes_the_same(trained, tmp_path):
    translator = main.Translator(trained)
    request = {"folder": str(trained), "texts": SOME, "longest": 20}
    answers = run_node(Path(__file__).parent / "node_translate.js", request, tmp_path)
    assert [each["written"] for each in answers] == [answer for answer, _, _ in translator(SOME)]
    states = translator.encoder.predict_on_batch(translator.source.encode(SOME))
    found = vt.beam_search(translator.step, states, end=data.END, length=20)
    for answer, (ours,) in zip(answers, found, strict=True):
        written = [translator.target.numbers[symbol] for symbol in answer["written"]]
        assert ours.symbols == written
        np.testing.assert_allclose(answer["attention"], ours.notes, rtol=0, atol=1e-4)
        told = [step[number] for step, number in zip(answer["probabilities"], [*written, data.END], strict=True)]
        assert np.prod(told) == pytest.approx(ours.probability, abs=1e-4)


# The commands


def run(*arguments):
    return CliRunner().invoke(main.app, [str(argument) for argument in arguments])


def test_an_impossible_date_ends_with_code_2(trained, monkeypatch):
    monkeypatch.setattr(main.Translator, "__call__", lambda self, texts: [("2019-02-30", 0.99, None)] * len(texts))
    answered = run("predict", "30 february 2019", "--folder", trained)
    assert answered.exit_code == 2
    assert answered.stderr == (
        'error: "30 february 2019" is refused: 2019-02-30 is in no calendar (day is out of range for month).\n'
    )


def test_a_picture_of_the_attention(trained, tmp_path):
    from PIL import Image

    picture = tmp_path / "attention.png"
    assert run("predict", SOME[0], "--folder", trained, "--picture", picture).exit_code in (0, 2)
    with Image.open(picture) as image:
        assert image.width > image.height > 100


def test_evaluate_tells_each_kind(trained, monkeypatch):
    few = {"unseen dates": [("2019-03-03", "2019-03-03")], "impossible dates": [("30.2.2019", "2019-02-30")]}
    monkeypatch.setattr(data, "load", lambda source, task: ([], few))
    monkeypatch.setattr(main.Translator, "__call__", lambda self, texts: [("2019-02-31", 0.99, None)] * len(texts))
    lines = run("evaluate", "--folder", trained).stdout.splitlines()
    assert lines == [
        "unseen dates: 0.000 % right (1 of 1 wrong)",
        "impossible dates: 100.000 % right (0 of 1 wrong)",
    ]
