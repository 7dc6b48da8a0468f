"""What the network may see of a gap: nothing that stands in it, only tokens, tree, lengths, and earlier decisions.

`read` makes what does not depend on decisions, once a file. `Facts.state` makes what does: where the line is, and what
was decided before the gap.
"""

from dataclasses import dataclass

import numpy as np

from velveteen.recipes.formatter.batch import Batch
from velveteen.recipes.formatter.contexts import ALWAYS, NEVER, Contexts
from velveteen.recipes.formatter.languages import parser
from velveteen.recipes.formatter.layout import Layout, first_gaps
from velveteen.recipes.formatter.tokens import AS_IT_IS, FREE
from velveteen.recipes.formatter.vocabulary import Vocabulary, is_named

KIND_COLUMNS = 16
WORD_COLUMNS = 4
SPANS = 11
MEASURES = 2 * SPANS + 34
"""The measures that a model takes: all, or the first of them if it is older than the others."""
STATE = 3 * SPANS + 3 * 4 + 3 * 4 + 29


@dataclass(frozen=True)
class Facts:
    """What is known of gaps before any is decided.

    Args:
        kinds: [gaps, KIND_COLUMNS], numbers of kinds of tokens and nodes.
        words: [gaps, WORD_COLUMNS], numbers of words.
        measures: [gaps, MEASURES], numbers between about -1 and 1.
        spans: [gaps, SPANS], how long what follows is on one line, up to ten places where it may end.
        space: [gaps], columns of the gap on one line.
        breaking: [gaps], NEVER, MAYBE or ALWAYS a line break in such gaps.
    """

    batch: Batch
    kinds: np.ndarray
    words: np.ndarray
    measures: np.ndarray
    spans: np.ndarray
    space: np.ndarray
    breaking: np.ndarray
    first: np.ndarray
    before: np.ndarray
    order: np.ndarray
    group_starts: np.ndarray
    ancestors: np.ndarray
    sizes: np.ndarray
    groups: np.ndarray


def read(batch: Batch, vocabulary: Vocabulary, contexts: Contexts) -> Facts:
    """Returns what can be known of the gaps of files beforehand."""
    count = len(batch)
    numbers = np.arange(count)
    node_kinds = vocabulary.kinds(batch.node_kinds, batch)
    kinds = vocabulary.kinds(batch.kinds, batch)
    words = vocabulary.words(batch)
    common = batch.common
    parents = batch.node_parents
    parent = batch.enclosing[common]
    grand = batch.enclosing[parent]
    space, breaking = contexts.look_up(kinds, node_kinds[common], batch)
    breaking = np.where(batch.ends_file, ALWAYS, breaking)

    flat = np.cumsum(batch.widths) + np.append(0, np.cumsum(np.where(breaking == ALWAYS, 1, space))[:-1])
    stops = (breaking == ALWAYS) | np.append(batch.tails[1:] >= 0, False)
    hard = _Hard(breaking == ALWAYS, batch.tails >= 0)
    next_place = _next(breaking != NEVER)
    next_stop = _next(stops)
    next_stop += breaking[next_stop] != ALWAYS

    firsts, lasts = batch.node_firsts, batch.node_lasts
    final, initial = _children(batch)
    inside = hard.inside(firsts, lasts)
    after = np.minimum(numbers + 1, count - 1)
    right_last = np.where(batch.right >= 0, lasts[np.maximum(batch.right, 0)], after)
    right_last = np.maximum(right_last, after)
    last_part = np.where(final[common] >= 0, firsts[np.maximum(final[common], 0)], after)
    top = _tops(batch)
    chain, outer, links = _chains(batch, top)
    group = chain[common]
    places = np.stack(
        [
            after,
            next_place[after],
            next_place[right_last],
            lasts[common],
            next_place[lasts[common]],
            next_place[lasts[parent]],
            next_place[lasts[grand]],
            np.minimum(next_stop, count - 1),
            next_place[np.maximum(last_part, after)],
            next_place[lasts[top[common]]],
            next_place[lasts[group]],
        ],
        axis=1,
    )
    places = np.maximum(places, numbers[:, None])
    spans = np.clip(flat[places] - flat[numbers, None], 0, 2000)
    spans_hard = hard.between(numbers[:, None], places) > 0
    sizes = np.stack(
        [
            flat[next_place[lasts[node]]] - flat[firsts[node]] + batch.widths[firsts[node]]
            for node in (common, parent, grand, group)
        ],
        axis=1,
    )
    first = first_gaps(batch)
    order = np.argsort(group, kind="stable")
    group_starts = np.zeros(count, np.int64)
    begins = np.append(True, group[order][1:] != group[order][:-1])
    group_starts[order] = np.maximum.accumulate(np.where(begins, numbers, 0))
    before = np.full(count, -1)
    before[order[1:]] = np.where(begins[1:], -1, order[:-1])
    ancestors = np.stack([_gap_before(batch, group), _gap_before(batch, batch.enclosing[group])], axis=1)

    right_index = np.where(batch.right >= 0, batch.node_indexes[np.maximum(batch.right, 0)], 0)
    children = batch.node_counts[common]
    is_last = np.ones(count, bool)
    is_last[before[before >= 0]] = False
    down, up = _spines(batch)
    largest = np.zeros(len(batch.node_kinds))
    np.maximum.at(largest, np.maximum(parents, 0), (lasts - firsts + 1) * (parents >= 0))
    maybe = _counted(breaking != NEVER, order, group_starts)
    total = np.zeros(len(batch.node_kinds))
    np.maximum.at(total, group, maybe)
    starts_upper, short_word, starts_dashed = vocabulary.shapes(batch)
    signs, beside = _parts(batch)
    rules = np.eye(6)[np.where(batch.rules > AS_IT_IS, FREE, batch.rules)]
    measures = np.column_stack(
        [
            np.log1p(spans) / 6,
            spans_hard,
            space.clip(0, 4) / 2,
            breaking == NEVER,
            breaking == ALWAYS,
            right_index.clip(0, 7) / 7,
            (children - right_index).clip(0, 7) / 7,
            children.clip(0, 7) / 7,
            np.log1p(children) / 4,
            before < 0,
            is_last,
            np.log1p(batch.widths.clip(0, 200)) / 5,
            np.log1p(batch.widths[after].clip(0, 200)) / 5,
            starts_upper,
            starts_upper[after],
            short_word[after],
            inside[common] > 0,
            hard.between(firsts[common], numbers) > 0,
            inside[common] > _of(inside, final[common]),
            _of(inside, final[common]) > 0,
            _of(inside, initial[common]) > 0,
            down[common].clip(0, 12) / 12,
            up[common].clip(0, 12) / 12,
            np.log1p(total[group]) / 4,
            np.log1p(maybe) / 4,
            np.log1p(links[group]) / 3,
            np.log1p(largest[common]) / 5,
            rules,
            np.log1p(signs[common]) / 3,
            beside[common].clip(0, 4) / 4,
            starts_dashed[firsts[common]],
        ]
    ).astype(np.float32)
    no = len(vocabulary) - 1

    def kind_of(nodes: np.ndarray) -> np.ndarray:
        return np.where(nodes >= 0, node_kinds[nodes], no)

    great = batch.enclosing[grand]
    kind_table = np.stack(
        [
            kinds,
            kinds[after],
            node_kinds[common],
            node_kinds[parent],
            node_kinds[grand],
            node_kinds[great],
            kind_of(outer[common]),
            kind_of(np.where(outer[common] >= 0, parents[outer[common]], -1)),
            kind_of(batch.left),
            kind_of(batch.right),
            kind_of(initial[common]),
            kind_of(final[common]),
            node_kinds[top[common]],
            kind_of(final[parent]),
            kind_of(np.where(final[common] >= 0, final[final[common]], -1)),
            kind_of(np.where(batch.right >= 0, final[batch.right], -1)),
        ],
        axis=1,
    )
    word_table = np.stack([words, words[after], words[firsts[common]], words[firsts[parent]]], axis=1)
    for table in (kind_table, word_table, measures):
        table[batch.ends_file] = 0  # what is behind it belongs to the next file
    return Facts(
        batch,
        kind_table,
        word_table,
        measures,
        spans,
        space,
        breaking,
        first,
        before,
        order,
        group_starts,
        ancestors,
        sizes,
        group,
    )


def state(facts: Facts, layout: Layout, limit: int, unit: int, rows: np.ndarray | None = None) -> np.ndarray:
    """Returns what depends on the decisions before each gap, float32 [gaps, STATE].

    Args:
        facts: from `read`.
        layout: where the tokens stand. A row depends only on what comes before its gap.
        limit: how wide lines may be, in columns.
        unit: a step of indentation, in columns.
        rows: the gaps to compute it for; all by default.
    """
    batch = facts.batch
    numbers = np.arange(len(batch)) if rows is None else rows
    column = layout.ends[numbers]
    common = batch.common[numbers]
    parent = batch.enclosing[common]
    grand = batch.enclosing[parent]
    first = batch.node_firsts[common]
    spans = facts.spans[numbers]
    line_indent = layout.indents[first]
    moved = line_indent[:, None] + unit + spans[:, [1, 2, 4, 7]] - facts.space[numbers, None]
    group = batch.node_firsts[facts.groups[numbers]]
    starts = layout.starts[np.stack([first, batch.node_firsts[parent], batch.node_firsts[grand], group], axis=1)]
    breaks = layout.breaks
    broken = _counted(breaks, facts.order, facts.group_starts)
    unbroken = _counted(~breaks & (facts.breaking != NEVER), facts.order, facts.group_starts)
    decided = []
    for gap in (facts.before[numbers], facts.ancestors[numbers, 0], facts.ancestors[numbers, 1]):
        known = gap >= 0
        decided += [
            known,
            known & breaks[gap],
            known & (broken[gap] > 0),
            known & (unbroken[gap] > 0),
        ]
    opens = breaks & ~batch.ends_file
    first_gap = facts.first[numbers]
    line = layout.lines[numbers]
    left = np.where(batch.left[numbers] >= 0, batch.node_firsts[np.maximum(batch.left[numbers], 0)], numbers)
    indent = layout.indents[numbers]
    line_first = layout.line_firsts[numbers]
    return np.column_stack(
        [
            _room(limit - column[:, None] - spans),
            _room(limit - moved),
            _room(limit - starts - facts.sizes[numbers]),
            *decided,
            (first_gap < numbers) & breaks[first_gap],
            opens[first - 1],  # of the very first token the last gap, where a file ends
            opens[batch.node_firsts[parent] - 1],
            layout.lines[first] == line,
            layout.lines[left] == line,
            layout.lines[group] == line,
            layout.lines[batch.node_firsts[parent]] == line,
            layout.lines[batch.node_firsts[grand]] == line,
            layout.line_firsts[first] == first,
            column.clip(0, 160) / 80,
            indent.clip(0, 160) / 80,
            (column - indent).clip(0, 80) / 80,
            (numbers - line_first).clip(0, 20) / 20,
            ((indent - line_indent) / max(unit, 1)).clip(-4, 4) / 4,
            ((layout.indents[batch.node_firsts[parent]] - line_indent) / max(unit, 1)).clip(-4, 4) / 4,
            (column - indent <= unit),
            (numbers - line_first) == 0,
        ]
    ).astype(np.float32)


def _room(columns: np.ndarray) -> np.ndarray:
    """Returns what is left of the line, coarse, fine, and whether it is enough."""
    return np.concatenate([(columns / 40).clip(-1, 1), (columns / 4).clip(-1, 1), columns >= 0], axis=1)


def _counted(true: np.ndarray, order: np.ndarray, group_starts: np.ndarray) -> np.ndarray:
    """Returns for each gap how many of its node's gaps up to it are true."""
    sums = np.cumsum(true[order])
    result = np.empty(len(order), np.int64)
    begins = group_starts[order]
    result[order] = sums - np.where(begins > 0, sums[begins - 1], 0)
    return result


def _next(true: np.ndarray) -> np.ndarray:
    """Returns for each gap the first one from it on that is true, or the last of all."""
    count = len(true)
    places = np.where(true, np.arange(count), count - 1)
    return np.minimum.accumulate(places[::-1])[::-1]


def _gap_before(batch: Batch, nodes: np.ndarray) -> np.ndarray:
    """Returns the gap in front of each node if its parent is around that gap, else -1."""
    gap = batch.node_firsts[nodes] - 1
    return np.where((gap >= 0) & (batch.common[gap] == batch.node_parents[nodes]), gap, -1)


def _children(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """Returns each node's last and first named child (-1: it has none)."""
    count = len(batch.node_kinds)
    nodes = np.arange(count)
    parents = batch.node_parents
    is_child = (parents >= 0) & (batch.node_lasts >= batch.node_firsts)
    final, initial = np.full(count, -1), np.full(count, -1)
    is_final = is_child & (batch.node_indexes == batch.node_counts[np.maximum(parents, 0)] - 1)
    is_initial = is_child & (batch.node_indexes == 0)
    # A sign such as a comma has the index of the named child behind it, and comes before that, which wins.
    final[parents[is_final]] = nodes[is_final]
    initial[parents[is_initial]] = nodes[is_initial]
    return final, initial


def _of(values: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Returns the nodes' values, 0 for no node."""
    return np.where(nodes >= 0, values[nodes], 0)


class _Hard:
    """Counts what cannot be on one line: line breaks that must be, and tokens of several lines."""

    def __init__(self, gaps: np.ndarray, tokens: np.ndarray):
        self.gaps = np.append(0, np.cumsum(gaps))
        self.tokens = np.append(0, np.cumsum(tokens))

    def between(self, gap: np.ndarray, token: np.ndarray) -> np.ndarray:
        """Returns how many there are from a gap to a token behind it, its first line taken alone."""
        return self.gaps[token] - self.gaps[gap] + np.maximum(self.tokens[token] - self.tokens[gap + 1], 0)

    def inside(self, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Returns how many there are from one token to another."""
        empty = last < first
        last = np.maximum(last, first - 1)
        counts = self.gaps[np.maximum(last, 0)] - self.gaps[first.clip(0, len(self.gaps) - 1)]
        return np.where(empty, 0, counts + self.tokens[last + 1] - self.tokens[first])


def _tops(batch: Batch) -> np.ndarray:
    """Returns for each node the outermost one that begins with the same token."""
    enclosing = batch.enclosing
    goes_on = batch.node_firsts[enclosing] == batch.node_firsts
    goes_on &= batch.node_parents[enclosing] >= 0  # not the whole file
    top = np.where(goes_on, enclosing, np.arange(len(enclosing)))
    while True:
        further = top[top]
        if np.array_equal(further, top):
            return top
        top = further


def _chains(batch: Batch, top: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns what belongs to one chain, such as `a + b + c` or `a.b().c()`, which the tree has as nodes within nodes.

    Returns:
        For each node the outermost of its kind that begins with the same token, the innermost node around it that is of
        another kind (-1: none), and how many nodes the chain has.
    """
    parents, kinds = batch.node_parents, _alike(batch)
    key = top * (int(kinds.max(initial=0)) + 1) + kinds
    _, first, inverse, counts = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    outer = parents.copy()
    while True:
        same = (outer >= 0) & (kinds[outer] == kinds)
        if not same.any():
            return first[inverse.reshape(-1)], outer, counts[inverse.reshape(-1)]
        further = np.where(same, outer[outer], outer)
        if np.array_equal(further, outer):
            return first[inverse.reshape(-1)], outer, counts[inverse.reshape(-1)]
        outer = further


def _alike(batch: Batch) -> np.ndarray:
    """Returns the nodes' kinds, one for all those that make one chain with each other."""
    language = batch.sources[0].language
    grammar = parser(language).language
    together = [grammar.id_for_node_kind(kind, True) for kind in sorted(language.alike)]
    return (
        np.where(np.isin(batch.node_kinds, together), together[0], batch.node_kinds) if together else batch.node_kinds
    )


def _parts(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """Returns how many signs each node has between its parts, and how many of these stand beside each other without one."""
    named = is_named(batch.sources[0].language)[batch.node_kinds]
    known = (batch.left >= 0) & (batch.right >= 0)
    left, right = named[np.maximum(batch.left, 0)], named[np.maximum(batch.right, 0)]
    counts = [np.zeros(len(batch.node_kinds), np.int64) for _ in range(2)]
    for count, gaps in zip(counts, (known & ~left & right, known & left & right), strict=True):
        np.add.at(count, batch.common[gaps], 1)
    return counts[0], counts[1]


def _spines(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """Returns how many nodes below and above each begin with the same token."""
    same = batch.node_firsts
    starts = np.append(True, same[1:] != same[:-1])
    numbers = np.arange(len(same))
    begin = np.maximum.accumulate(np.where(starts, numbers, 0))
    end = np.append(numbers[1:][starts[1:]], len(same))
    last = end[np.cumsum(starts) - 1]
    return last - numbers - 1, numbers - begin
