import math

import numpy as np
import pytest

from velveteen.recipes.writer import baselines
from velveteen.recipes.writer.baselines import Copies


def numbers(text):
    return np.array([ord(character) - 97 for character in text], dtype=np.int64)


def witten_bell(train, context, character, symbols):
    """The formula of the paper, word by word: p_k = (c(hx) + t(h)·p_{k-1}) / (c(h) + t(h))."""
    p = 1 / symbols
    for length in range(len(context) + 1):
        history = context[len(context) - length :]
        followers = [train[i + length] for i in range(len(train) - length) if train[i : i + length] == history]
        if followers:
            kinds = len(set(followers))
            p = (followers.count(character) + kinds * p) / (len(followers) + kinds)
    return p


def test_five_gram_is_the_formula():
    train, test = "abracadabraabrakadabra", "cadabrazab"
    whole = train[-4:] + test
    expected = [
        -math.log(witten_bell(train, whole[place : place + 4], character, 26)) for place, character in enumerate(test)
    ]
    assert baselines.five_gram(numbers(train), numbers(test), 26) == pytest.approx(np.mean(expected))


def test_five_gram_of_very_short_texts():
    assert math.isfinite(baselines.five_gram(numbers("a"), numbers("ab"), 26))


def test_xz_knows_the_training_text():
    chance = np.random.default_rng(1)
    noise = "".join(chr(97 + n) for n in chance.integers(26, size=4000))
    assert baselines.xz(noise, noise) < 0.1
    assert baselines.xz(noise[:2000], noise[2000:]) == pytest.approx(math.log(26), rel=0.1)


def longest_common(a, b):
    return max(
        (a[i : i + n] for i in range(len(a)) for n in range(len(a) - i + 1) if a[i : i + n] in b), key=len, default=""
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_longest_copy_is_the_longest_common_passage(seed):
    chance = np.random.default_rng(seed)
    text, *samples = ["".join(chr(97 + n) for n in chance.integers(3, size=size)) for size in (150, 40, 30)]
    found = baselines.copies(numbers(text), [numbers(sample) for sample in samples])
    expected = max((longest_common(sample, text) for sample in samples), key=len)
    assert len(found.longest) == len(expected)
    passage = "".join(chr(97 + n) for n in found.longest)
    assert passage in text and any(passage in sample for sample in samples)


def test_what_is_copied_is_found():
    chance = np.random.default_rng(1)
    text = chance.integers(50, size=20_000)
    fresh = chance.integers(50, size=2000)
    copied = np.concatenate([fresh[:500], text[3000:3400], fresh[500:]])
    usual, found = baselines.copies(text, [fresh]), baselines.copies(text, [copied])
    assert usual.share == 0 and len(usual.longest) < 6
    assert 400 <= len(found.longest) <= 404
    assert found.share == pytest.approx(351 / 2351, rel=0.05)
    assert found.repeats_more_than(usual) and not usual.repeats_more_than(usual)


def test_many_small_copies_count_too():
    usual = Copies(np.zeros(60), 0.01)
    assert Copies(np.zeros(60), 0.2).repeats_more_than(usual)
    assert not Copies(np.zeros(90), 0.02).repeats_more_than(usual)


def test_nothing_to_compare():
    found = baselines.copies(numbers("abc"), [numbers(""), numbers("xyz")])
    assert (len(found.longest), found.share) == (0, 0.0)
