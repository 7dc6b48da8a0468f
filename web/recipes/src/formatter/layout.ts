// Where tokens stand once it is decided what is in the gaps, and what the network sees of that.

import { clip, counted, type Facts } from "./features";
import { ALWAYS, NEVER, type Reading } from "./reading";
import { AS_IT_IS } from "./tokens";

export const STATE = 86;

/** What was decided for each gap: its class, the class of its indentation, and that of its blank lines. */
export interface Classes {
  kinds: number[];
  indents: number[];
  blanks: number[];
}

/** `starts` and `ends` are the tokens' columns, `lineFirsts` the first token of each one's line, `indents` what it is indented by. */
export interface Layout {
  breaks: boolean[];
  starts: number[];
  ends: number[];
  lineFirsts: number[];
  indents: number[];
  lines: number[];
}

/** Returns where the tokens stand; indentations are counted from earlier lines. */
export function place({ source, first }: Facts, { style, lineBreak, widths }: Reading, classes: Classes): Layout {
  const { nodes, common } = source;
  const count = common.length;
  const breaks = classes.kinds.map((kind, i) => kind === lineBreak || i === count - 1);
  const layout: Layout = { breaks, starts: [], ends: [], lineFirsts: [], indents: [], lines: [] };
  const { starts, ends, lineFirsts, indents, lines } = layout;

  /** The columns behind a line break: counted from an anchor, in the order of layout.py's ANCHORS. */
  const indentation = (i: number): number => {
    const [anchor, more] = style.indents[classes.indents[i]!]!;
    const node = nodes.firsts[common[i]!]!;
    const second = first[i]! + 1;
    switch (anchor) {
      case 0: return Math.max(indents[node]! + more, 0);
      case 1: return Math.max(indents[i]! + more, 0);
      case 2: return Math.max(starts[node]! + more, 0);
      case 3: return Math.max(starts[second > i ? node : second]! + more, 0);
      case 4: return Math.max(indents[nodes.firsts[nodes.enclosing[common[i]!]!]!]! + more, 0);
      default: return 0;
    }
  };
  for (let i = 0; i < count; i++) {
    const begins = i === 0 || breaks[i - 1]!;
    const indent = i && begins ? indentation(i - 1) : 0;
    const space = i && !begins ? (source.rules[i - 1] === AS_IT_IS ? source.spaces[i - 1]! : widths[classes.kinds[i - 1]!]!) : 0;
    starts.push(begins ? indent : ends[i - 1]! + space);
    ends.push(source.tails[i]! >= 0 ? source.tails[i]! : starts[i]! + source.widths[i]!);
    lineFirsts.push(begins ? i : lineFirsts[i - 1]!);
    indents.push(begins ? indent : indents[i - 1]!);
    lines.push(i ? lines[i - 1]! + Number(begins) + Number(source.tails[i - 1]! >= 0) : 1);
  }
  return layout;
}

/** Returns what depends on the decisions before each of some gaps, [rows, STATE]; a row depends only on what comes before its gap. */
export function state(facts: Facts, layout: Layout, { style: { limit, unit } }: Reading, rows: number[]): Float32Array {
  const { source, groups, space, breaking } = facts;
  const { common, left, nodes: { firsts, enclosing } } = source;
  const { breaks, starts, ends, lineFirsts, indents, lines } = layout;
  const count = common.length;
  const broken = counted(breaks, groups);
  const unbroken = counted(breaks.map((each, i) => !each && breaking[i] !== NEVER), groups);
  const opens = (node: number) => Number(node > 0 && breaks[node - 1]! && node - 1 < count - 1);
  const decided = (gap: number) => (gap < 0 ? [0, 0, 0, 0] : [1, Number(breaks[gap]), Number(broken[gap]! > 0), Number(unbroken[gap]! > 0)]);
  // What is left of the line, coarse, fine, and whether it is enough.
  const room = (columns: number[]) => [...columns.map((each) => clip(each / 40, -1, 1)), ...columns.map((each) => clip(each / 4, -1, 1)), ...columns.map((each) => Number(each >= 0))];
  const table = new Float32Array(rows.length * STATE);
  for (const [row, i] of rows.entries()) {
    const parent = enclosing[common[i]!]!;
    const [first, ofParent, ofGrand, group] = [firsts[common[i]!]!, firsts[parent]!, firsts[enclosing[parent]!]!, firsts[groups[i]!]!];
    const [column, indent, line, lineFirst] = [ends[i]!, indents[i]!, lines[i]!, lineFirsts[i]!];
    const spans = facts.spans[i]!;
    const lineIndent = indents[first]!;
    const before = left[i]! >= 0 ? firsts[left[i]!]! : i;
    const firstGap = facts.first[i]!;
    const steps = (columns: number) => clip(columns / Math.max(unit, 1), -4, 4) / 4;
    table.set([
      ...room(spans.map((span) => limit - column - span)),
      ...room([1, 2, 4, 7].map((end) => limit - (lineIndent + unit + spans[end]! - space[i]!))),
      ...room([first, ofParent, ofGrand, group].map((token, which) => limit - starts[token]! - facts.sizes[i]![which]!)),
      ...decided(facts.before[i]!),
      ...decided(facts.ancestors[i]![0]),
      ...decided(facts.ancestors[i]![1]),
      Number(firstGap < i && breaks[firstGap]!),
      opens(first),
      opens(ofParent),
      ...[first, before, group, ofParent, ofGrand].map((token) => Number(lines[token] === line)),
      Number(lineFirsts[first] === first),
      clip(column, 0, 160) / 80,
      clip(indent, 0, 160) / 80,
      clip(column - indent, 0, 80) / 80,
      clip(i - lineFirst, 0, 20) / 20,
      steps(indent - lineIndent),
      steps(indents[ofParent]! - lineIndent),
      Number(column - indent <= unit),
      Number(i === lineFirst),
    ], row * STATE);
  }
  return table;
}

/** The classes to begin with: what is on one line, as a rule. */
export function guess(facts: Facts, { style, lineBreak }: Reading): Classes {
  const kinds = facts.breaking.map((each, i) => (each === ALWAYS ? lineBreak : clip(facts.space[i]!, 0, style.spaces.length - 1)));
  return { kinds, indents: kinds.map(() => 0), blanks: kinds.map(() => 0) };
}
