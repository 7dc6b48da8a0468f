"""Several files behind one another, so that one computation serves all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from velveteen.recipes.formatter.tokens import MUST_BREAK, Source


@dataclass(frozen=True)
class Batch:
    """The arrays of `Source`, joined. A gap stands behind every token: the last one of a file is a line break.

    `spaces` are columns of the source's that must stay. Nodes and tokens are counted through; `ends_file` marks the gaps
    between files. `enclosing` is each node's parent, and of a file's root the root itself. A file without tokens takes no
    place.
    """

    sources: list[Source]
    offsets: np.ndarray
    kinds: np.ndarray
    widths: np.ndarray
    tails: np.ndarray
    comments: np.ndarray
    rules: np.ndarray
    blanks: np.ndarray
    spaces: np.ndarray
    common: np.ndarray
    left: np.ndarray
    right: np.ndarray
    node_kinds: np.ndarray
    node_parents: np.ndarray
    node_firsts: np.ndarray
    node_lasts: np.ndarray
    node_indexes: np.ndarray
    node_counts: np.ndarray
    enclosing: np.ndarray
    ends_file: np.ndarray

    def __len__(self) -> int:
        return len(self.kinds)

    def tokens(self) -> list[bytes]:
        """Returns the texts of all the tokens."""
        return [token for source in self.sources for token in source.tokens()]


def join(sources: Sequence[Source]) -> Batch:
    """Returns the sources as one batch."""
    lengths = [len(source) for source in sources]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    nodes = np.concatenate([[0], np.cumsum([len(source.node_kinds) for source in sources])]).astype(np.int64)

    def tokens(name: str) -> np.ndarray:
        return np.concatenate([getattr(source, name) for source in sources])

    def gaps(name: str, last: int) -> np.ndarray:
        parts = [np.append(getattr(source, name), last)[: len(source)] for source in sources]
        return np.concatenate(parts).astype(np.int64)

    def node_gaps(name: str, last: int) -> np.ndarray:
        parts = []
        for source, offset in zip(sources, nodes, strict=False):
            values = np.append(getattr(source, name), last)[: len(source)]
            parts.append(np.where(values < 0, -1, values + offset))
        return np.concatenate(parts).astype(np.int64)

    parents = np.concatenate(
        [
            np.where(source.node_parents < 0, -1, source.node_parents + offset)
            for source, offset in zip(sources, nodes, strict=False)
        ]
    )
    places = [
        (source.node_firsts + offset, source.node_lasts + offset)
        for source, offset in zip(sources, offsets, strict=False)
    ]
    ends_file = np.zeros(offsets[-1], bool)
    ends_file[offsets[1:][np.array(lengths) > 0] - 1] = True
    return Batch(
        list(sources), offsets, tokens("kinds"), tokens("widths"), tokens("tails"), tokens("comments"),
        gaps("rules", MUST_BREAK), gaps("blanks", 0), gaps("spaces", 0), node_gaps("common", 0), node_gaps("left", -1),
        node_gaps("right", -1), tokens("node_kinds"), parents,
        np.concatenate([first for first, _ in places]), np.concatenate([last for _, last in places]),
        tokens("node_indexes"), tokens("node_counts"), np.where(parents < 0, np.arange(len(parents)), parents), ends_file,
    )  # fmt: skip
