"""Other words than the commands: everyday ones, made-up ones; and how foreigners pronounce what they read."""

from collections.abc import Sequence

import numpy as np

_EVERYDAY = """
about after again always animal answer apple around baby bad banana because bed before bicycle bird blue body book bread bring
brother butter camera car cat chair children city clean close cloud coffee cold computer cook country cup dance day deep dinner
doctor dog door dream drink early earth easy egg evening eye family farm father finger fire fish floor flower follow food friend
garden glass green hand happy hello help hospital house hungry ice island jump kitchen lamp language later laugh letter light
listen little long machine maybe milk minute money monkey morning mother mountain music name never night number ocean office
often orange paper people phone picture please police question quick rain read ready remember river road room sailor school
sheila shoe sister sleep slow small snow sometimes song spring street summer sugar sun table talk tea teacher thank thing think
today tomorrow tree under visual wait walk want warm water weather welcome window winter woman wonder word work write yellow young
"""
_BEGINNINGS = "b d f g h k l m n p r s t v z br dr fl gr kl kr pl pr sk sl sp st tr w y ch sh"
_MIDDLES = "a e i o u ai ee oo ou a e i o u"
_ENDS = "n l r s t k m p"

_ACCENT = {
    "I2": "i", "I#": "i", "I": "i", "V": "a", "0": "o", "O:": "o", "O": "o", "A:": "a", "aa": "a", "a#": "a", "@": "e", "3:": "e",
    "3": "e", "i@": "i", "e@": "e", "U@": "u", "o@": "or", "oU": "o", "aI": "ai", "eI": "ei", "OI": "oi", "aU": "au", "E": "e",
    "U": "u", "u:": "u", "i:": "i", "T": "t", "D": "d", "N": "n", "r-": "r", "r": "r", "tS": "tS", "dZ": "dZ",
}  # fmt: skip
"""English sounds in espeak-ng's letters, and which ones nearly all languages have in their place."""


def unknown(words: Sequence[str], count: int, chance: np.random.Generator) -> list[str]:
    """Returns so many words that are none of these: half of them everyday ones, half of them made up."""
    taken = {word.lower() for word in words}
    everyday = [word for word in _EVERYDAY.split() if word not in taken]
    found: list[str] = []
    while len(found) < count:
        word = str(chance.choice(everyday)) if chance.random() < 0.5 else _made_up(chance)
        if word not in taken:
            found.append(word)
    return found


def _made_up(chance: np.random.Generator) -> str:
    syllables = int(chance.integers(1, 4))
    beginnings, middles, ends = _BEGINNINGS.split(), _MIDDLES.split(), ["", "", "", *_ENDS.split()]
    parts = [(chance.choice(beginnings), chance.choice(middles), chance.choice(ends)) for _ in range(syllables)]
    return "".join("".join(part) for part in parts)


def with_accent(phonemes: str, chance: np.random.Generator) -> str:
    """Returns phonemes of espeak-ng with those that few languages have replaced by near ones, as a foreigner would.

    Args:
        phonemes: what `Espeak.phonemes` returned.
        chance: draws how `th` is mistaken.
    """
    table = _ACCENT | {"T": str(chance.choice(["t", "s", "f"])), "D": str(chance.choice(["d", "z"]))}
    longest = max(map(len, table))
    spoken, place = "", 0
    while place < len(phonemes):
        for length in range(longest, 0, -1):
            piece = phonemes[place : place + length]
            if piece in table:
                spoken += table[piece]
                place += length
                break
        else:
            spoken += phonemes[place]
            place += 1
    return spoken
