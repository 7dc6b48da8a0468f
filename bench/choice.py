"""Which part of the work a run does: what the words after --only mean."""

from collections.abc import Sequence
from typing import NamedTuple

from bench.contenders import CONTENDERS, Contender
from bench.work import NETWORKS, PRECISIONS

PARTS = ("training", "predicting", "digits", "imports")


class Choice(NamedTuple):
    """What is measured, of whom."""

    parts: Sequence[str]
    networks: Sequence[str]
    precisions: Sequence[str]
    contenders: Sequence[Contender]


def choose(words: str) -> Choice:
    """Returns what words, separated by commas, name; of a kind that none of them names, everything.

    Raises:
        SystemExit: a word is none of them.
    """
    by_name = {contender.name: contender for contender in CONTENDERS}
    kinds: list[Sequence[str]] = [PARTS, tuple(NETWORKS), PRECISIONS, tuple(by_name)]
    named = [word.strip() for word in words.split(",") if word.strip()]
    known = [word for kind in kinds for word in kind]
    unknown = [word for word in named if word not in known]
    if unknown:
        raise SystemExit(f'--only does not know "{unknown[0]}". It knows: {", ".join(known)}.')
    parts, networks, precisions, names = ([word for word in kind if word in named] or kind for kind in kinds)
    return Choice(parts, networks, precisions, [by_name[name] for name in names])
