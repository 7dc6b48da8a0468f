"""How right the models that only count are, beside which a network has to stand."""

from collections.abc import Sequence

from velveteen.errors import DataError
from velveteen.recipes.formatter import data, measuring
from velveteen.recipes.formatter.counted import SITUATIONS, Counted, learn
from velveteen.recipes.formatter.data import Reading
from velveteen.recipes.formatter.formatter import Formatter
from velveteen.recipes.formatter.tokens import Source

_FOLDS = 5


def measure(name: str, learned_from: Sequence[Source], tested_on: Sequence[Source], reading: Reading) -> float:
    """Returns the share of gaps that a baseline finds, under the same rules as the network."""
    model, situations = learn(name, learned_from, reading)
    counted = Counted(model, name, situations, reading.vocabulary)
    return measuring.measure(Formatter(counted, reading, ()), tested_on).gap_accuracy


def measure_across(sources: Sequence[Source]) -> dict[str, float]:
    """Returns the share of gaps that each baseline finds in files, having learned from four fifths of the others.

    Raises:
        DataError: there is only one file.
    """
    if len(sources) < 2:
        raise DataError("The baselines learn from the other files, and there is only one. Give at least two.")
    right = dict.fromkeys(SITUATIONS, 0.0)
    for fold in range(_FOLDS):
        tested = list(sources[fold::_FOLDS])
        learned = [source for number, source in enumerate(sources) if number % _FOLDS != fold]
        if tested:
            reading = data.learn_reading(learned)
            gaps = sum(len(source) - 1 for source in tested)
            for name in SITUATIONS:
                right[name] += gaps * measure(name, learned, tested, reading)
    gaps = sum(len(source) - 1 for source in sources)
    return {name: count / gaps for name, count in right.items()}
