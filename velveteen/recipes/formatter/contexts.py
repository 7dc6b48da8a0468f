"""What stands between two tokens as a rule: how wide it is on one line, and whether a line may or must break there.

It tells the network how long things are on one line, and is the baseline called "majority".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from velveteen.recipes.formatter.batch import Batch
from velveteen.recipes.formatter.tokens import LINE_ENDS, MUST_BREAK

NEVER, MAYBE, ALWAYS = range(3)
_ALWAYS = 0.97
_NEVER = 0.0005
_LEAST = 4
"""Gaps that a rule needs; what is rarer is judged by the two tokens alone."""


@dataclass(frozen=True)
class Contexts:
    """For each known context its space on one line, in columns, and the share of line breaks.

    A context is the kinds of the tokens on both sides and of the node around them, or of the tokens alone.
    """

    keys: np.ndarray
    spaces: np.ndarray
    shares: np.ndarray
    size: int

    def look_up(self, kinds: np.ndarray, common: np.ndarray, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """Returns the columns on one line, and NEVER, MAYBE or ALWAYS for a line break, of each gap."""
        full, short = _keys(kinds, common, self.size)
        space, share = np.zeros(len(batch), np.int64), np.full(len(batch), 0.5)
        for key in (short, full):
            place = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
            found = self.keys[place] == key
            space[found], share[found] = self.spaces[place[found]], self.shares[place[found]]
        breaking = np.where(share >= _ALWAYS, ALWAYS, np.where(share <= _NEVER, NEVER, MAYBE))
        breaking[np.isin(batch.rules, (MUST_BREAK, LINE_ENDS))] = ALWAYS
        return space, breaking

    def to_json(self) -> dict[str, Any]:
        """Returns plain lists, for a model's metadata."""
        return {
            "size": self.size,
            "keys": self.keys.tolist(),
            "spaces": self.spaces.tolist(),
            "shares": [round(float(share), 4) for share in self.shares],
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "Contexts":
        """Returns what `to_json` wrote."""
        return Contexts(
            np.array(value["keys"], np.int64),
            np.array(value["spaces"], np.int64),
            np.array(value["shares"]),
            value["size"],
        )


def learn(kinds: np.ndarray, common: np.ndarray, breaks: np.ndarray, spaces: np.ndarray, size: int) -> Contexts:
    """Counts the contexts of gaps.

    Args:
        kinds: [gaps + 1] or [gaps], the kinds of the tokens.
        common: [gaps], the kind of the node around the gap.
        breaks: [gaps], whether a line breaks there.
        spaces: [gaps], how many columns are there if none does.
        size: how many kinds there are.
    """
    full, short = _keys(kinds, common, size)
    tables = []
    for key in (full, short):
        order = np.argsort(key, kind="stable")
        keys, begins, counts = np.unique(key[order], return_index=True, return_counts=True)
        broken = np.add.reduceat(breaks[order].astype(np.int64), begins)
        flat = counts - broken
        wide = np.add.reduceat(np.where(breaks, 0, np.minimum(spaces, 4))[order], begins)
        space = np.rint(wide / np.maximum(flat, 1)).astype(np.int64)
        enough = counts >= (_LEAST if key is full else 1)
        tables.append((keys[enough], space[enough], (broken / counts)[enough]))
    keys = np.concatenate([table[0] for table in tables])
    order = np.argsort(keys)
    spaces, shares = (np.concatenate([table[part] for table in tables])[order] for part in (1, 2))
    return Contexts(keys[order], spaces, shares, size)


def _keys(kinds: np.ndarray, common: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the keys of contexts with the node around and without it; the kinds are numbered from 0."""
    before = kinds.astype(np.int64)
    after = np.append(before[1:], 0)
    short = before * size + after
    return (short + 1) * size + common, -1 - short
