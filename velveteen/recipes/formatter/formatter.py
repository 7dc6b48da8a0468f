"""A trained model at work: laid out files, and how likely their own layout is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import velveteen as vt
from velveteen.errors import ArgumentError, DataError, FileFormatError, VelveteenError
from velveteen.recipes.formatter import data, features, files, languages, layout, style
from velveteen.recipes.formatter.contexts import Contexts
from velveteen.recipes.formatter.counted import Counted
from velveteen.recipes.formatter.data import Reading
from velveteen.recipes.formatter.decode import Decider, Network, decide, probabilities
from velveteen.recipes.formatter.languages import Language
from velveteen.recipes.formatter.style import Style
from velveteen.recipes.formatter.tokens import Source, parse
from velveteen.recipes.formatter.vocabulary import Vocabulary
from velveteen.recipes.formatter.writing import check_unchanged, compose, gap_texts

PRETRAINED = Path(__file__).parent / "pretrained"
RECIPE = "formatter"
_SERVED_BY = {"typescript": "javascript", "tsx": "javascript"}
"""Languages whose pretrained model is in the folder of another one: all of JavaScript is TypeScript too."""
_LARGEST_SPACE, _MOST_SPACE = 10_000_000, 10
"""So many bytes of white space a file may get, and so many times its own size."""
_TOO_DEEP = "it is nested so deeply that it would be mostly indentation. It is left as it was."
_UNSETTLED = "it is so long, or nested so deeply, that its layout would take too long. It is left as it was."


@dataclass(frozen=True)
class Formatted:
    """A file's new content; or why there is none, then `content` is the old one."""

    content: bytes
    error: str | None = None


class Formatter:
    """A model with what its files are read with."""

    def __init__(self, network: Decider, reading: Reading, language_names: Sequence[str]):
        self.network = network
        self.reading = reading
        self.language_names = tuple(language_names)

    @property
    def style(self) -> Style:
        """The learned style."""
        return self.reading.style

    def format(
        self, contents: Sequence[bytes], language: Language, *, lines: tuple[int, int] | None = None
    ) -> list[Formatted]:
        """Returns files laid out anew.

        Args:
            contents: the files' bytes.
            language: what they are written in.
            lines: the first and the last line that may be touched, counted from 1; all by default.
        """
        results: list[Formatted | None] = [None] * len(contents)
        waiting: list[tuple[int, files.Text, Source]] = []
        count = 0
        for number, content in enumerate(contents):
            try:
                text = files.decode(content)
                source = parse(text.body, language)
            except DataError as error:
                results[number] = Formatted(content, str(error))
                continue
            if not len(source):
                results[number] = Formatted(content if not content.strip() else text.encode(b""))
                continue
            if waiting and count + len(source) > data.BATCH:
                self._lay_out(contents, waiting, results, lines)
                waiting, count = [], 0
            waiting.append((number, text, source))
            count += len(source)
        if waiting:
            self._lay_out(contents, waiting, results, lines)
        return [result for result in results if result is not None]

    def _lay_out(
        self,
        contents: Sequence[bytes],
        waiting: Sequence[tuple[int, files.Text, Source]],
        results: list[Formatted | None],
        lines: tuple[int, int] | None,
    ) -> None:
        batch = data.join([source for _, _, source in waiting])
        facts = features.read(batch, self.reading.vocabulary, self.reading.contexts)
        decisions = decide(self.network, facts, self.style)
        begin = 0
        for number, text, source in waiting:
            gaps = slice(begin, begin + len(source) - 1)
            tokens = slice(begin, begin + len(source))
            starts = decisions.layout.starts[tokens]
            new = gap_texts(source, decisions.kinds[gaps], starts[1:], decisions.blanks[gaps], self.style)
            if lines is not None:
                new = _within(source, new, lines)
            try:
                if tokens.stop > decisions.settled:
                    raise DataError(_UNSETTLED)
                if sum(map(len, new)) > _LARGEST_SPACE + _MOST_SPACE * len(source.text):
                    raise DataError(_TOO_DEEP)
                composed = compose(source, new, text, self.style, starts)
                check_unchanged(source, composed.replace(b"\r\n", b"\n"))
                results[number] = Formatted(text.encode(composed))
            except DataError as error:
                results[number] = Formatted(contents[number], str(error))
            begin += len(source)

    def judge(self, sources: Sequence[Source]) -> "Judged":
        """Returns how likely the layout of files is to the model, each gap given the file's own layout before it."""
        batch = data.join(sources)
        facts = features.read(batch, self.reading.vocabulary, self.reading.contexts)
        where, texts = layout.true_layout(batch, self.style.unit)
        seen = features.state(facts, where, self.style.limit, self.style.unit)
        chances = probabilities(self.network, facts, self.style, seen)
        labels = style.label(batch, where, texts, self.style, batch.blanks)
        return Judged(batch, facts, where, labels, chances)


@dataclass(frozen=True)
class Judged:
    """The gaps of files, what stands there as `labels`, and the probabilities of the classes as `chances`."""

    batch: Any
    facts: features.Facts
    where: layout.Layout
    labels: style.Labels
    chances: tuple[np.ndarray, np.ndarray, np.ndarray]


def _within(source: Source, gaps: list[bytes], lines: tuple[int, int]) -> list[bytes]:
    """Returns the new gaps where they touch these lines of the source, elsewhere the old ones."""
    breaks = np.flatnonzero(np.frombuffer(source.text, np.uint8) == 10)
    first = np.searchsorted(breaks, source.ends[:-1], side="left") + 1
    last = np.searchsorted(breaks, source.starts[1:], side="left") + 1
    inside = (last >= lines[0]) & (first <= lines[1])
    return [new if touched else old for new, old, touched in zip(gaps, source.gaps(), inside.tolist(), strict=True)]


def load(folder: str | Path) -> Formatter:
    """Returns the model in a folder that `train` wrote.

    Raises:
        MissingFileError, FileFormatError: it cannot be read.
        ArgumentError: it is no formatter.
    """
    network = vt.load_layers_model(folder)
    metadata = network.user_defined_metadata
    if not isinstance(metadata, dict) or metadata.get("recipe") != RECIPE:
        raise ArgumentError(f"The model in {folder} is no formatter. Train one with velveteen formatter train.")
    try:
        reading = Reading(
            Vocabulary.from_json(metadata["vocabulary"]),
            Contexts.from_json(metadata["contexts"]),
            Style.from_json(metadata["style"]),
        )
        names = [languages.named(name).name for name in metadata["languages"]]
        kind = metadata.get("model", "lstm")
        decider: Decider = (
            Network(network)
            if kind == "lstm"
            else Counted(network, kind, np.array(metadata["situations"], np.int64), reading.vocabulary)
        )
        formatter = Formatter(decider, reading, names)
    except (KeyError, TypeError, ValueError, VelveteenError) as error:
        raise FileFormatError(
            f"What {folder} says about its style is damaged: {error!r:.200}. Train it again."
        ) from error
    return formatter


def pretrained(language: Language) -> Formatter:
    """Returns the model that ships for a language.

    Raises:
        ArgumentError: there is none.
    """
    folder = PRETRAINED / _SERVED_BY.get(language.name, language.name)
    if (folder / "model.json").is_file():
        return load(folder)
    raise ArgumentError(
        f"There is no pretrained model for {language.name}. Train one: velveteen formatter train DIR --language "
        f"{language.name}, and give it with --model."
    )
