// What the network may see of a gap before any is decided: velveteen/recipes/formatter/features.py for one text.

import { ALWAYS, NEVER, type Reading } from "./reading";
import { AS_IT_IS, FREE, type Source } from "./tokens";

export const [KIND_COLUMNS, WORD_COLUMNS, SPANS] = [16, 4, 11] as const;
const MOST_SPAN = 2000;

/** What is known of gaps. The tables have a row a gap; what belongs to a node is by its number. */
export interface Facts {
  source: Source;
  kinds: Int32Array;
  words: Int32Array;
  measures: Float32Array;
  /** How long what follows is on one line, up to SPANS places where it may end. */
  spans: number[][];
  /** How long the nodes around and the chain are on one line. */
  sizes: number[][];
  space: number[];
  breaking: number[];
  /** The node whose gaps are counted together: the outermost one of a chain. */
  groups: number[];
  /** The first gap with the same node around it; the gap before in the group; those in front of the group and its parent. */
  first: number[];
  before: number[];
  ancestors: [number, number][];
}

/** Returns what can be known of a text's gaps beforehand. */
export function read(source: Source, reading: Reading): Facts {
  const { nodes, common, left, right, widths, tails, rules } = source;
  const { parents, enclosing, firsts, lasts } = nodes;
  const count = source.starts.length;
  const gaps = Array.from({ length: count }, (_, i) => i);
  const after = gaps.map((i) => Math.min(i + 1, count - 1));
  const nodeKinds = reading.kinds(source, nodes.kinds);
  const kinds = reading.kinds(source, source.kinds);
  const words = reading.words(source);
  const contexts = gaps.map((i) => reading.context(kinds[i]!, i + 1 < count ? kinds[i + 1]! : 0, nodeKinds[common[i]!]!, rules[i]!));
  const space = contexts.map((each) => each.space);
  const breaking = contexts.map((each) => each.breaking as number);
  breaking[count - 1] = ALWAYS;

  const flat: number[] = []; // where each token ends if all is on one line
  for (const i of gaps) flat.push((i ? flat[i - 1]! + (breaking[i - 1] === ALWAYS ? 1 : space[i - 1]!) : 0) + widths[i]!);
  const hard = new Hard(breaking.map((each) => each === ALWAYS), tails.map((tail) => tail >= 0));
  const nextPlace = next(breaking.map((each) => each !== NEVER));
  const stops = next(gaps.map((i) => breaking[i] === ALWAYS || (i + 1 < count && tails[i + 1]! >= 0)));
  const nextStop = stops.map((stop) => Math.min(stop + Number(breaking[stop] !== ALWAYS), count - 1));

  const inside = firsts.map((first, node) => hard.inside(first, lasts[node]!));
  const insideOf = (node: number) => (node < 0 ? 0 : inside[node]!);
  const { final, initial } = children(source);
  const top = tops(source);
  const { chain, outer, links } = chains(source, top);
  const groups = common.map((node) => chain[node]!);
  const { first, before, isLast } = neighbours(common, groups);
  const gapBefore = (node: number) => {
    const place = firsts[node]! - 1;
    return place >= 0 && common[place] === parents[node] ? place : -1;
  };
  const { down, up } = spines(firsts);
  const largest = firsts.map(() => 0);
  for (const [node, parent] of parents.entries()) if (parent >= 0) largest[parent] = Math.max(largest[parent]!, lasts[node]! - firsts[node]! + 1);
  const maybe = counted(breaking.map((each) => each !== NEVER), groups);
  const total = firsts.map(() => 0);
  for (const i of gaps) total[groups[i]!] = Math.max(total[groups[i]!]!, maybe[i]!);
  const { signs, beside } = parts(source);

  const spans: number[][] = [];
  const sizes: number[][] = [];
  const rows: { kinds: number[]; words: number[]; measures: number[] }[] = [];
  const kindOf = (node: number) => (node < 0 ? reading.none : nodeKinds[node]!);
  const isUpper = (i: number) => /[A-Z]/.test(source.text[source.starts[i]!]!);
  const many = (number: number, scale: number) => Math.log1p(number) / scale;
  for (const i of gaps) {
    const [a, around, child] = [after[i]!, common[i]!, right[i]!];
    const parent = enclosing[around]!;
    const grand = enclosing[parent]!;
    const group = groups[i]!;
    const lastPart = final[around]! >= 0 ? firsts[final[around]!]! : a;
    const places = [
      a, nextPlace[a]!, nextPlace[Math.max(child >= 0 ? lasts[child]! : a, a)]!, lasts[around]!, nextPlace[lasts[around]!]!,
      nextPlace[lasts[parent]!]!, nextPlace[lasts[grand]!]!, nextStop[i]!, nextPlace[Math.max(lastPart, a)]!,
      nextPlace[lasts[top[around]!]!]!, nextPlace[lasts[group]!]!,
    ].map((place) => Math.max(place, i));
    spans.push(places.map((place) => Math.min(Math.max(flat[place]! - flat[i]!, 0), MOST_SPAN)));
    sizes.push([around, parent, grand, group].map((node) => flat[nextPlace[lasts[node]!]!]! - flat[firsts[node]!]! + widths[firsts[node]!]!));
    const index = child >= 0 ? nodes.indexes[child]! : 0;
    const parted = nodes.counts[around]!;
    rows.push({
      kinds: [
        kinds[i]!, kinds[a]!, nodeKinds[around]!, nodeKinds[parent]!, nodeKinds[grand]!, nodeKinds[enclosing[grand]!]!, kindOf(outer[around]!),
        kindOf(outer[around]! >= 0 ? parents[outer[around]!]! : -1), kindOf(left[i]!), kindOf(child), kindOf(initial[around]!),
        kindOf(final[around]!), nodeKinds[top[around]!]!, kindOf(final[parent]!),
        kindOf(final[around]! >= 0 ? final[final[around]!]! : -1), kindOf(child >= 0 ? final[child]! : -1),
      ],
      words: [words[i]!, words[a]!, words[firsts[around]!]!, words[firsts[parent]!]!],
      measures: [
        ...spans[i]!.map((span) => many(span, 6)),
        ...places.map((place) => Number(hard.between(i, place) > 0)),
        clip(space[i]!, 0, 4) / 2,
        Number(breaking[i] === NEVER),
        Number(breaking[i] === ALWAYS),
        clip(index, 0, 7) / 7,
        clip(parted - index, 0, 7) / 7,
        clip(parted, 0, 7) / 7,
        many(parted, 4),
        Number(before[i]! < 0),
        Number(isLast[i]),
        many(clip(widths[i]!, 0, 200), 5),
        many(clip(widths[a]!, 0, 200), 5),
        Number(isUpper(i)),
        Number(isUpper(a)),
        Number(widths[a]! <= 3),
        Number(inside[around]! > 0),
        Number(hard.between(firsts[around]!, i) > 0),
        Number(inside[around]! > insideOf(final[around]!)),
        Number(insideOf(final[around]!) > 0),
        Number(insideOf(initial[around]!) > 0),
        clip(down[around]!, 0, 12) / 12,
        clip(up[around]!, 0, 12) / 12,
        many(total[group]!, 4),
        many(maybe[i]!, 4),
        many(links[group]!, 3),
        many(largest[around]!, 5),
        ...[0, 1, 2, 3, 4, 5].map((rule) => Number((rules[i]! > AS_IT_IS ? FREE : rules[i]!) === rule)),
        many(signs[around]!, 3),
        clip(beside[around]!, 0, 4) / 4,
        Number(source.text.startsWith("--", source.starts[firsts[around]!]!)),
      ],
    });
  }
  // What is behind the end is unknown.
  rows[count - 1] = { kinds: rows[0]!.kinds.map(() => 0), words: rows[0]!.words.map(() => 0), measures: rows[0]!.measures.map(() => 0) };
  return {
    source,
    kinds: Int32Array.from(rows.flatMap((row) => row.kinds)),
    words: Int32Array.from(rows.flatMap((row) => row.words)),
    measures: Float32Array.from(rows.flatMap((row) => row.measures)),
    spans, sizes, space, breaking, groups, first, before,
    ancestors: groups.map((node) => [gapBefore(node), gapBefore(enclosing[node]!)]),
  };
}

export const clip = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

/** Returns for each gap how many of its group's gaps up to it are true. */
export function counted(isTrue: boolean[], groups: number[]): number[] {
  const sums = new Map<number, number>();
  return isTrue.map((each, i) => {
    const sum = (sums.get(groups[i]!) ?? 0) + Number(each);
    sums.set(groups[i]!, sum);
    return sum;
  });
}

/** Returns for each gap the first one from it on that is true, or the last of all. */
function next(isTrue: boolean[]): number[] {
  const found: number[] = [];
  for (let i = isTrue.length - 1; i >= 0; i--) found[i] = isTrue[i] ? i : (found[i + 1] ?? i);
  return found;
}

/** Returns each gap's first one of the same node, the one before in its group (-1: none), and whether none of that follows. */
function neighbours(common: number[], groups: number[]): { first: number[]; before: number[]; isLast: boolean[] } {
  const [firsts, lasts] = [new Map<number, number>(), new Map<number, number>()];
  const isLast = groups.map(() => true);
  const before = groups.map((group, i) => {
    const place = lasts.get(group) ?? -1;
    if (place >= 0) isLast[place] = false;
    lasts.set(group, i);
    return place;
  });
  const first = common.map((node, i) => {
    if (!firsts.has(node)) firsts.set(node, i);
    return firsts.get(node)!;
  });
  return { first, before, isLast };
}

/** Returns each node's last and first named child (-1: it has none). */
function children({ nodes }: Source): { final: number[]; initial: number[] } {
  const [final, initial] = [nodes.kinds.map(() => -1), nodes.kinds.map(() => -1)];
  for (const [node, parent] of nodes.parents.entries()) {
    if (parent < 0 || nodes.lasts[node]! < nodes.firsts[node]!) continue;
    // A sign such as a comma has the index of the named child behind it, and comes before that, which wins.
    if (nodes.indexes[node] === nodes.counts[parent]! - 1) final[parent] = node;
    if (nodes.indexes[node] === 0) initial[parent] = node;
  }
  return { final, initial };
}

/** Counts what cannot be on one line: line breaks that must be, and tokens of several lines. */
class Hard {
  private readonly gaps: number[];
  private readonly tokens: number[];

  constructor(gaps: boolean[], tokens: boolean[]) {
    this.gaps = sums(gaps);
    this.tokens = sums(tokens);
  }

  /** Returns how many there are from a gap to a token behind it, its first line taken alone. */
  between(gap: number, token: number): number {
    return this.gaps[token]! - this.gaps[gap]! + Math.max(this.tokens[token]! - this.tokens[gap + 1]!, 0);
  }

  /** Returns how many there are from one token to another. */
  inside(first: number, last: number): number {
    return last < first ? 0 : this.gaps[last]! - this.gaps[first]! + this.tokens[last + 1]! - this.tokens[first]!;
  }
}

const sums = (isTrue: boolean[]): number[] => isTrue.reduce((all, each) => (all.push(all.at(-1)! + Number(each)), all), [0]);

/** Returns for each node the outermost one that begins with the same token, the whole text left out. */
function tops({ nodes }: Source): number[] {
  const top: number[] = [];
  for (const [node, around] of nodes.enclosing.entries()) {
    const goesOn = nodes.firsts[around] === nodes.firsts[node] && nodes.parents[around]! >= 0;
    top.push(goesOn ? top[around]! : node);
  }
  return top;
}

/**
 * Returns what belongs to one chain, such as `a + b + c` or `a.b().c()`, which the tree has as nodes within nodes: for each
 * node the outermost of its kind that begins with the same token, the innermost node around it that is of another kind
 * (-1: none), and how many nodes the chain has.
 */
function chains({ nodes, language, grammar }: Source, top: number[]): { chain: number[]; outer: number[]; links: number[] } {
  const together = [...language.alike].sort().map((kind) => grammar.idForNodeType(kind, true));
  const kinds = nodes.kinds.map((kind) => (together.includes(kind) ? together[0]! : kind));
  const found = new Map<string, { node: number; links: number }>();
  const outer: number[] = [];
  const members = kinds.map((kind, node) => {
    const parent = nodes.parents[node]!;
    outer.push(parent >= 0 && kinds[parent] === kind ? outer[parent]! : parent);
    const key = `${top[node]} ${kind}`;
    if (!found.has(key)) found.set(key, { node, links: 0 });
    const chain = found.get(key)!;
    chain.links++;
    return chain;
  });
  return { chain: members.map((chain) => chain.node), outer, links: members.map((chain) => chain.links) };
}

/** Returns how many signs each node has between its parts, and how many of these stand beside each other without one. */
function parts({ nodes, grammar, common, left, right }: Source): { signs: number[]; beside: number[] } {
  const [signs, beside] = [nodes.kinds.map(() => 0), nodes.kinds.map(() => 0)];
  const isNamed = (node: number) => grammar.nodeTypeIsNamed(nodes.kinds[node]!);
  for (const [i, node] of common.entries()) {
    if (left[i]! < 0 || right[i]! < 0 || !isNamed(right[i]!)) continue;
    (isNamed(left[i]!) ? beside : signs)[node]!++;
  }
  return { signs, beside };
}

/** Returns how many nodes below and above each begin with the same token. */
function spines(firsts: number[]): { down: number[]; up: number[] } {
  const [down, up] = [firsts.map(() => 0), firsts.map(() => 0)];
  for (let i = 1; i < firsts.length; i++) if (firsts[i] === firsts[i - 1]) up[i] = up[i - 1]! + 1;
  for (let i = firsts.length - 2; i >= 0; i--) if (firsts[i] === firsts[i + 1]) down[i] = down[i + 1]! + 1;
  return { down, up };
}
