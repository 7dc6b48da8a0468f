"""Numbers for kinds of nodes and for frequent words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from velveteen.recipes.formatter.batch import Batch
from velveteen.recipes.formatter.languages import Language, parser

WORDS = 200
_LONGEST_WORD = 24
_SHORT_WORD = 3


@dataclass(frozen=True)
class Vocabulary:
    """Kinds of nodes and words by number. 0 is what was never seen; the last kind stands for "there is none"."""

    kind_names: tuple[str, ...]
    word_list: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.kind_names) + 2

    def kinds(self, ids: np.ndarray, batch: Batch) -> np.ndarray:
        """Returns numbers for a grammar's ids of kinds."""
        names = {name: number for number, name in enumerate(self.kind_names, 1)}
        return self._table(batch.sources[0].language, names)[ids]

    def _table(self, language: Language, names: Mapping[str, int]) -> np.ndarray:
        return np.array([names.get(name, 0) for name in kind_names(language)] + [0], np.int64)

    def words(self, batch: Batch) -> np.ndarray:
        """Returns numbers for the texts of tokens."""
        numbers = {word.encode(): number for number, word in enumerate(self.word_list, 1)}
        return np.array([numbers.get(token, 0) for token in batch.tokens()], np.int64)

    @staticmethod
    def shapes(batch: Batch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns whether tokens begin with a capital, are of three letters at most, and begin with two dashes."""
        initials = np.array([source.text[start] for source in batch.sources for start in source.starts.tolist()])
        dashed = [source.text.startswith(b"--", start) for source in batch.sources for start in source.starts.tolist()]
        return (initials >= 65) & (initials <= 90), batch.widths <= _SHORT_WORD, np.array(dashed)

    def to_json(self) -> dict[str, Any]:
        """Returns plain lists, for a model's metadata."""
        return {"kinds": list(self.kind_names), "words": list(self.word_list)}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "Vocabulary":
        """Returns what `to_json` wrote."""
        return Vocabulary(tuple(value["kinds"]), tuple(value["words"]))


def kind_names(language: Language) -> list[str]:
    """Returns the name of each id of a kind in a language's grammar; names of signs are in quotes."""
    grammar = parser(language).language
    names = []
    for number in range(grammar.node_kind_count):
        name = grammar.node_kind_for_id(number) or ""
        names.append(name if grammar.node_kind_is_named(number) else f'"{name}"')
    return names


def is_named(language: Language) -> np.ndarray:
    """Returns for each id of a kind in a language's grammar whether it is more than a sign or a word of the language."""
    grammar = parser(language).language
    return np.array([grammar.node_kind_is_named(number) for number in range(grammar.node_kind_count)] + [True])


def learn(batches: Sequence[Batch]) -> Vocabulary:
    """Returns the kinds of nodes in files, and the words that most of the files have."""
    kinds: Counter[str] = Counter()
    words: Counter[bytes] = Counter()
    files: Counter[bytes] = Counter()
    for batch in batches:
        names = kind_names(batch.sources[0].language)
        ids, counts = np.unique(batch.node_kinds, return_counts=True)
        kinds.update({names[number]: count for number, count in zip(ids.tolist(), counts.tolist(), strict=True)})
        for source in batch.sources:
            found = Counter(token for token in source.tokens() if len(token) <= _LONGEST_WORD)
            words.update(found)
            files.update(found.keys())
    frequent = sorted(words, key=lambda word: (-files[word], -words[word], word))
    chosen = [word.decode() for word in frequent[: 4 * WORDS] if word[:1].isalpha() or word[:1] in b"@$_:"]
    return Vocabulary(tuple(sorted(kinds)), tuple(chosen[:WORDS]))
