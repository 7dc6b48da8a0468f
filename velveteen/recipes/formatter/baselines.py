"""What a formatter has to be better than: the commonest gap of a situation, known by two letters or by two tokens."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence

from velveteen.recipes.formatter import data, layout
from velveteen.recipes.formatter.batch import Batch
from velveteen.recipes.formatter.data import Reading
from velveteen.recipes.formatter.tokens import Source

Situation = Callable[[Batch, Reading], Sequence[Hashable]]


def bigrams(batch: Batch, reading: Reading) -> Sequence[Hashable]:
    """The last letter before the gap and the first one after it: the talk's character bigrams."""
    tokens = batch.tokens()
    return [(before[-1], after[0]) for before, after in zip(tokens, [*tokens[1:], b"\n"], strict=True)]


def majority(batch: Batch, reading: Reading) -> Sequence[Hashable]:
    """The kinds of the tokens on both sides and of the node around them."""
    kinds = reading.vocabulary.kinds(batch.kinds, batch)
    common = reading.vocabulary.kinds(batch.node_kinds, batch)[batch.common]
    return list(zip(kinds.tolist(), [*kinds[1:].tolist(), 0], common.tolist(), strict=True))


BASELINES: dict[str, Situation] = {"bigrams": bigrams, "majority": majority}


def measure(name: str, learned_from: Sequence[Source], tested_on: Sequence[Source], reading: Reading) -> float:
    """Returns the share of gaps that a baseline finds: their space, or the break with its change of indentation.

    Blank lines count as found, since they are the source's.
    """
    situation = BASELINES[name]
    counts: defaultdict[Hashable, Counter[str]] = defaultdict(Counter)
    whole: Counter[str] = Counter()
    for batch in data.batches(learned_from):
        for key, what in _gaps(batch, situation, reading):
            counts[key][what] += 1
            whole[what] += 1
    common = whole.most_common(1)[0][0] if whole else ""
    rule = {key: counter.most_common(1)[0][0] for key, counter in counts.items()}
    right = total = 0
    for batch in data.batches(tested_on):
        for key, what in _gaps(batch, situation, reading):
            right += rule.get(key, common) == what
            total += 1
    return right / max(total, 1)


def _gaps(batch: Batch, situation: Situation, reading: Reading) -> list[tuple[Hashable, str]]:
    where, texts = layout.true_layout(batch, reading.style.unit)
    change = layout.changes(where)
    return [
        (key, f"\n{step}" if broken else text)
        for key, text, broken, step, ends in zip(
            situation(batch, reading),
            texts,
            where.breaks.tolist(),
            change.tolist(),
            batch.ends_file.tolist(),
            strict=True,
        )
        if not ends
    ]
