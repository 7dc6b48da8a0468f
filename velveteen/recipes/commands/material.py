"""All that a training learns from: recordings and synthesised speech, brought together."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from velveteen.errors import DataError
from velveteen.recipes.commands import data, sounds, synthesis
from velveteen.recipes.commands.data import SILENCE, UNKNOWN, Commands, Examples
from velveteen.recipes.commands.learning import Source
from velveteen.recipes.commands.settings import Settings

_LEAST_EPOCH = 1500
"""Examples of an epoch, unless there are less than a tenth of that many."""
_OTHERS = 200
"""Other words that are spoken to find out how often they are mistaken for commands."""
_UNKNOWN_SHARE = 3.0
"""How many other words are spoken, as that many times the examples of a command."""
_ASIDE = 0.1
"""Of the other words that are recorded."""
_TALK = 1000
"""Words that are enough for babble."""
_EACH_EPOCH, _EACH_EPOCH_ALONE = 0.25, 0.12
"""Of the other words that are spoken, drawn anew each time: with more of them, commands would be taken for other words; above all
where all commands are spoken by espeak-ng too, which people are not alike."""


@dataclass(frozen=True)
class Material:
    """All that a training uses.

    Attributes:
        words: the classes.
        sample_rate, samples: of each example.
        sources: what is learned from.
        validation, test: recordings that are not in the sources.
        aside: other words that are recorded, which are not in the sources either: the threshold is chosen with them.
        noises: float32 [any number], recordings without words.
        name, split: where the recordings are from, and how they were divided, in words.
        rule: how they were divided, as `data.load` was told; None where there are none.
        fingerprints: of all recordings that the model learns from, now or earlier.
        texts: what espeak-ng says for a word, where that is more than the word.
        recordings, spoken: how many of each kind are learned from.
        left_out, notes: of the recordings.
    """

    words: list[str]
    sample_rate: int
    samples: int
    sources: list[Source]
    validation: Examples
    test: Examples
    aside: Examples
    noises: list[np.ndarray]
    name: str
    split: str
    rule: str | None
    fingerprints: list[str]
    texts: dict[str, str]
    recordings: int
    spoken: int
    left_out: list[tuple[str, str]]
    notes: list[str]

    def talk(self, seed: int) -> np.ndarray:
        """Returns what people say in babble: some of the other words; where there are none, some of all.

        Returns:
            float32 [any number], words as loud as each other, one right after the other.
        """
        examples = data.together(source.examples for source in self.sources)
        others = np.flatnonzero(examples.labels == _unknown(self.words))
        places = others if len(others) else np.arange(len(examples))
        chosen = np.random.default_rng(seed).permutation(places)[:_TALK]
        return sounds.joined(data.to_float(examples.waveforms[chosen]))


def gather(
    recordings: Commands | None, words: Sequence[str], settings: Settings, seed: int, tell: Callable[[str], None]
) -> Material:
    """Brings recordings and synthesised speech together."""
    commands = [synthesis.label_of(word) for word in words] or ([] if recordings is None else recordings.words)
    commands = [word for word in dict.fromkeys(commands) if word not in (UNKNOWN, SILENCE)]
    if not commands:
        raise DataError("There is nothing to learn: give recordings, or words to be spoken by espeak-ng with --words.")
    sample_rate = settings.sample_rate if recordings is None else recordings.sample_rate
    samples = round(data.SECONDS * sample_rate) if recordings is None else recordings.samples
    has_unknown = settings.unknown and (
        synthesis.available() or (recordings is not None and bool(set(recordings.words) - set(commands) - {SILENCE}))
    )
    if settings.unknown and not has_unknown:
        tell('Without espeak-ng the model learns no other words. Run: pip install "velveteen[commands]"')
    names = commands + ([UNKNOWN] if has_unknown else []) + ([SILENCE] if settings.silence else [])
    if len(names) < 2:
        raise DataError(
            f'One word alone, "{commands[0]}", cannot be told from anything. Add words, or keep the others.'
        )
    parts = [data.nothing(samples)] * 3
    if recordings is not None:
        pieces = (recordings.train, recordings.validation, recordings.test)
        parts = [data.relabelled(piece, recordings.words, names) for piece in pieces]
    learned, validation, test = parts
    learned, aside = _some_aside(learned, names, seed)
    sources = _recorded(learned, names)

    given = {synthesis.label_of(word): word for word in words}
    recorded = {names[label] for label in np.unique(learned.labels)} - {UNKNOWN, SILENCE}
    to_speak = [word for word in commands if settings.languages is not None or word not in recorded]
    per_word = sources[0].count // len(recorded) if recorded else settings.synthesised
    others = round(_UNKNOWN_SHARE * per_word) if has_unknown else 0
    spoken = 0
    if to_speak or (others and synthesis.available()):
        speech = synthesis.speak(
            [given.get(word, word) for word in to_speak],
            settings.languages or ("en",),
            settings.synthesised,
            sample_rate=sample_rate,
            samples=samples,
            unknown=others,
            seed=seed,
            tell=tell,
        )
        speech = data.relabelled(speech, [*to_speak, UNKNOWN], names)
        spoken = len(speech)
        share = _EACH_EPOCH_ALONE if recordings is None else _EACH_EPOCH
        sources += _parts(speech, names, spoken - others, round(share * others))
    return Material(
        names,
        sample_rate,
        samples,
        sources,
        validation,
        test,
        aside,
        [] if recordings is None else [data.to_float(noise) for noise in recordings.noises],
        f"{spoken:,} words spoken by espeak-ng" if recordings is None else recordings.name,
        "" if recordings is None else recordings.split,
        None if recordings is None else recordings.rule,
        [] if recordings is None else [recordings.train.fingerprint()],
        {label: text for label, text in given.items() if label != text},
        len(learned),
        spoken,
        [] if recordings is None else recordings.left_out,
        [] if recordings is None else recordings.notes,
    )


def _some_aside(learned: Examples, names: Sequence[str], seed: int) -> tuple[Examples, Examples]:
    """Returns what is learned from, and of the other words among it a few that are not."""
    others = np.flatnonzero(learned.labels == _unknown(names))
    aside = np.zeros(len(learned), dtype=bool)
    aside[np.random.default_rng(seed).permutation(others)[: round(_ASIDE * len(others))]] = True
    return learned.pick(~aside), learned.pick(aside)


def _recorded(learned: Examples, names: Sequence[str]) -> list[Source]:
    """Returns recordings of commands, and those of other words, of which there may be far more than an epoch needs."""
    said = learned.pick(learned.labels != _unknown(names))
    count = max(len(said), min(_LEAST_EPOCH, 10 * len(said)))
    others = round(count / max(1, len(np.unique(said.labels)))) if len(said) else len(learned)
    return _parts(learned, names, count, others)


def _parts(examples: Examples, names: Sequence[str], said: int, others: int) -> list[Source]:
    """Returns the commands, and the other words, among examples: so many of each in an epoch, as far as there are any."""
    is_other = examples.labels == _unknown(names)
    parts = ((examples.pick(~is_other), said), (examples.pick(is_other), min(others, int(is_other.sum()))))
    return [Source(part, count) for part, count in parts if len(part)]


def _unknown(names: Sequence[str]) -> int:
    return names.index(UNKNOWN) if UNKNOWN in names else -1


def other_words(
    words: Sequence[str],
    recorded: Iterable[Examples],
    sample_rate: int,
    samples: int,
    languages: Sequence[str],
    seed: int,
) -> Examples:
    """Returns what is to be heard in a stream without commands: other words that are recorded, and spoken ones.

    Args:
        words: of the model.
        recorded: examples of which those are taken that are none of the commands.
        sample_rate, samples: of each example.
        languages: of espeak-ng; where it is not installed nothing is spoken.
        seed: of what is spoken; with another one than the training's the model has not learned just these.
    """
    found = [examples.pick(examples.labels == _unknown(words)) for examples in recorded]
    if synthesis.available():
        commands = [word for word in words if word not in (UNKNOWN, SILENCE)]
        spoken = synthesis.speak(
            [],
            languages or ("en",),
            sample_rate=sample_rate,
            samples=samples,
            unknown=_OTHERS,
            seed=seed,
            besides=commands,
        )
        found.append(spoken)
    return data.together([data.nothing(samples), *found])
