// A text as tokens, the tree over them, and the gaps between neighbours: velveteen/recipes/formatter/tokens.py for one file.

import { eastAsianWidth } from "get-east-asian-width";
import type { Language as Grammar, Node, Parser, Tree } from "web-tree-sitter";
import type { Language } from "./languages";

/** What may stand in a gap; tokens.py tells what each means. */
export const [FREE, MUST_BREAK, NO_BREAK, WORDS, NO_SPACE, AS_IT_IS, LINE_ENDS, LINE_GOES_ON, TOGETHER, APART] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

const MOST_BLANKS = 2;

/** A text that cannot be formatted; the message says where and why. */
export class SourceError extends Error {}

/**
 * A parsed text. Gap i is behind token i; the last one is where the text ends, and always a line break.
 *
 * `widths` are in columns, up to the token's first line break, and `tails` after its last, or -1 when it has none. A gap's
 * `common` is the smallest node around both tokens, and `left` and `right` are its children that they are in (-1: the token
 * is a part of a node that is one token). `blanks` and `spaces` are the lines and columns that the source leaves empty there.
 * Nodes are in preorder; `enclosing` is each one's parent, and the root's is itself.
 */
export interface Source {
  language: Language;
  grammar: Grammar;
  text: string;
  starts: number[];
  ends: number[];
  kinds: number[];
  widths: number[];
  tails: number[];
  comments: boolean[];
  rules: number[];
  common: number[];
  left: number[];
  right: number[];
  blanks: number[];
  spaces: number[];
  nodes: { kinds: number[]; parents: number[]; enclosing: number[]; firsts: number[]; lasts: number[]; indexes: number[]; counts: number[] };
}

/** Returns the text of a token. */
export const token = (source: Source, index: number): string => source.text.slice(source.starts[index], source.ends[index]);

/** Returns what stands between a token and the next one. */
export const gap = (source: Source, index: number): string => source.text.slice(source.ends[index], source.starts[index + 1]);

/** Returns the tokens and the tree of a text with "\n" between lines. Throws a SourceError when it does not parse. */
export function parse(text: string, language: Language, parser: Parser): Source {
  if (text.includes("\0")) throw new SourceError(`${placeOf(text, text.indexOf("\0"))}: a NUL byte. This is no text file.`);
  const tree = parser.parse(text)!;
  try {
    if (tree.rootNode.hasError) throw new SourceError(`${placeOf(text, firstError(tree.rootNode))}: this is no ${language.name} that can be parsed.`);
    return new Walk(text, language, parser.language!).run(tree);
  } finally {
    tree.delete();
  }
}

/** Goes through a tree once, and fills the lists. */
class Walk {
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly kinds: number[] = [];
  private readonly comments: boolean[] = [];
  private readonly common: number[] = [];
  private readonly left: number[] = [];
  private readonly right: number[] = [];
  private readonly shown = new Map<number, number>(); // gaps with a rule of their own
  private readonly nodes: Omit<Source["nodes"], "enclosing"> = { kinds: [], parents: [], firsts: [], lasts: [], indexes: [], counts: [] };

  constructor(private readonly text: string, private readonly language: Language, private readonly grammar: Grammar) {}

  run(tree: Tree): Source {
    const { language, nodes, starts, common, left, right } = this;
    const spaced = new Set<number>();
    const path: number[] = []; // the nodes from the root to here
    const seen = [0]; // named children so far, by depth
    let [lowest, closed] = [0, -1]; // since the last token: how far up the walk went, and what it left there
    const cursor = tree.walk();
    for (;;) {
      const number = nodes.kinds.length;
      const kind = cursor.nodeType;
      nodes.kinds.push(cursor.nodeTypeId);
      nodes.parents.push(path.at(-1) ?? -1);
      nodes.firsts.push(starts.length);
      nodes.lasts.push(-1);
      nodes.indexes.push(seen.at(-1)!);
      nodes.counts.push(0);
      if (cursor.nodeIsNamed) seen[seen.length - 1]!++;
      path.push(number);
      if (language.spaced.has(kind)) spaced.add(number);
      const [start, end, id] = [cursor.startIndex, cursor.endIndex, cursor.nodeTypeId];
      if (!language.verbatim.has(kind) && cursor.gotoFirstChild()) {
        seen.push(0);
        continue;
      }
      const before = starts.length;
      if (kind === "jsx_text") this.words(start, end, id);
      else this.leaf(start, end, id, language.comments.has(kind));
      if (starts.length > before) {
        if (before) {
          common.push(path[lowest]!);
          if (spaced.has(path[lowest]!)) this.shown.set(before - 1, WORDS);
          left.push(closed);
          right.push(path[lowest + 1] ?? -1);
        }
        for (let inside = before + 1; inside < starts.length; inside++) {
          common.push(number);
          left.push(-1);
          right.push(-1);
        }
        lowest = path.length;
      }
      for (;;) {
        const done = path.pop()!;
        nodes.lasts[done] = starts.length - 1;
        if (path.length <= lowest) [lowest, closed] = [path.length - 1, done];
        if (cursor.gotoNextSibling()) break;
        if (!cursor.gotoParent()) {
          cursor.delete();
          return this.source();
        }
        nodes.counts[path.at(-1)!] = seen.pop()!;
      }
    }
  }

  private add(start: number, end: number, kind: number, isComment: boolean): void {
    this.starts.push(start);
    this.ends.push(end);
    this.kinds.push(kind);
    this.comments.push(isComment);
  }

  private leaf(start: number, end: number, kind: number, isComment: boolean): void {
    if (isComment || !this.language.verbatim.size) while (end > start && " \t\n".includes(this.text[end - 1]!)) end--;
    if (!isSpace(this.text.slice(start, end))) this.add(start, end, kind, isComment);
  }

  /** Takes the words of JSX text as tokens; spaces between words are where lines may break. */
  private words(start: number, end: number, kind: number): void {
    const text = this.text.slice(start, end);
    const here = this.starts.length;
    const found = [...text.matchAll(/[^ \t\r\n]+/g)];
    if (!found.length) {
      this.shown.set(here - 1, text.includes("\n") ? NO_SPACE : AS_IT_IS);
      return;
    }
    const rule = (space: string) => (!space || space.includes("\n") ? NO_SPACE : AS_IT_IS);
    this.shown.set(here - 1, rule(text.slice(0, found[0]!.index)));
    for (const [number, word] of found.entries()) {
      this.add(start + word.index, start + word.index + word[0].length, kind, false);
      if (number) this.shown.set(here + number - 1, WORDS);
    }
    this.shown.set(this.starts.length - 1, rule(this.text.slice(this.ends.at(-1), end)));
  }

  private source(): Source {
    const { text, language, starts, ends, comments, nodes } = this;
    const count = starts.length;
    const gaps = Array.from({ length: Math.max(count - 1, 0) }, (_, i) => text.slice(ends[i], starts[i + 1]));
    const lines = gaps.map((space) => space.split("\n").length - 1);
    for (const [i, space] of gaps.entries()) {
      if (!isSpace(space)) throw new SourceError(`${placeOf(text, ends[i]!)}: "${space.trim().slice(0, 20)}" is no ${language.name} that can be parsed.`);
    }
    const rules = gaps.map((_, i) => (comments[i] || comments[i + 1] ? (lines[i] ? MUST_BREAK : NO_BREAK) : FREE) as number);
    if (language.linesMatter) this.lineSigns(rules, lines);
    this.statementEnds(rules);
    this.wordEnds(rules);
    for (const [i, rule] of this.shown) if (i >= 0 && i < rules.length) rules[i] = rule;
    const last = (values: number[], value: number) => (count ? [...values, value] : values);
    const measured = starts.map((start, i) => measure(text.slice(start, ends[i]), comments[i]!));
    return {
      language, grammar: this.grammar, text, starts, ends, kinds: this.kinds, comments,
      widths: measured.map(([width]) => width),
      tails: measured.map(([, tail]) => tail),
      rules: last(rules, MUST_BREAK),
      common: last(this.common, 0),
      left: last(this.left, -1),
      right: last(this.right, -1),
      blanks: last(lines.map((number) => Math.min(Math.max(number - 1, 0), MOST_BLANKS)), 0),
      spaces: last(gaps.map((space) => space.length), 0),
      nodes: { ...nodes, enclosing: nodes.parents.map((parent, i) => (parent < 0 ? i : parent)) },
    };
  }

  /** Outside of brackets, keeps what ends a line and what does not; only a body may move to a line of its own. */
  private lineSigns(rules: number[], lines: number[]): void {
    const body = this.grammar.idForNodeType("block", true);
    const depths = bracketDepths(this.starts.map((start, i) => this.text.slice(start, this.ends[i])));
    for (const [i, rule] of rules.entries()) {
      const right = this.right[i]!;
      const beginsBody = right >= 0 && this.nodes.kinds[right] === body;
      if (depths[i] === 0 && rule === FREE && !beginsBody) rules[i] = lines[i] ? LINE_ENDS : LINE_GOES_ON;
    }
  }

  /** Keeps the line breaks that end statements without semicolons. */
  private statementEnds(rules: number[]): void {
    const ended = new Set(this.language.ended.map((kind) => this.grammar.idForNodeType(kind, true) || -1));
    for (const [node, kind] of this.nodes.kinds.entries()) {
      const i = this.nodes.lasts[node]!;
      if (!ended.has(kind) || rules[i] !== FREE || ";,".includes(this.text[this.ends[i]! - 1]!)) continue;
      if (!";,)]}".includes(this.text[this.starts[i + 1]!]!)) rules[i] = LINE_ENDS;
    }
  }

  /** Keeps apart what is apart, and together what is together, where tokens would be others otherwise. */
  private wordEnds(rules: number[]): void {
    const free = this.language.free.map(([kind, signs]) => [kind && this.grammar.idForNodeType(kind, true), signs] as const);
    for (const [i, rule] of rules.entries()) {
      if (rule !== FREE) continue;
      const [before, after] = [this.text[this.ends[i]! - 1]!, this.text[this.starts[i + 1]!]!];
      const kind = this.nodes.kinds[this.common[i]!];
      const matters = free.length
        ? !"([{".includes(before) && !")]}".includes(after) && !free.some(([within, signs]) => (signs.includes(before) || signs.includes(after)) && (within === "" || within === kind))
        : (isWord(before) && isWord(after)) || (before === after && "+-".includes(before));
      if (matters) rules[i] = this.starts[i + 1]! > this.ends[i]! ? APART : TOGETHER;
    }
  }
}

/** Returns in how many brackets each token is; an opening one is inside of its own, a closing one is not. */
export function bracketDepths(tokens: string[]): number[] {
  let depth = 0;
  return tokens.map((text) => (depth += Number(text === "(" || text === "[" || text === "{") - Number(text === ")" || text === "]" || text === "}")));
}

/** Whether a text is nothing but white space of ASCII, as Python's bytes.isspace() or nothing at all. */
const isSpace = (text: string): boolean => /^[ \t\n\r\v\f]*$/.test(text);

const isWord = (letter: string): boolean => /[A-Za-z0-9_$\u0080-\uffff]/.test(letter);

/** Returns a token's width up to its first line break, and after its last (-1: there is none). */
function measure(text: string, isComment: boolean): [number, number] {
  const lines = text.split("\n");
  if (lines.length === 1) return [columns(text), -1];
  let last = lines.at(-1)!;
  // Formatting may move it, so where it is now must not matter.
  if (isComment && lines.slice(1).every((line) => /^[ \t]*\*/.test(line))) last = " " + last.replace(/^[ \t]+/, "");
  return [columns(lines[0]!), columns(last)];
}

/** Returns how many columns a text takes; Chinese characters and the like take two, combining ones none. */
function columns(text: string): number {
  if (/^[\0-\x7f]*$/.test(text)) return text.length;
  return [...text].reduce((width, character) => width + eastAsianWidth(character.codePointAt(0)!) - Number(combines(character)), 0);
}

/** Whether a character has a canonical combining class: then it comes before U+0345, whose class is the highest. */
const combines = (character: string): boolean => character === "\u0345" || !`\u0345${character}`.normalize("NFD").startsWith("\u0345");

function placeOf(text: string, offset: number): string {
  const lines = text.slice(0, offset).split("\n");
  return `line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
}

/** Returns where the first thing is that does not belong there, or is missing. */
function firstError(node: Node): number {
  while (!(node.isError || node.isMissing)) {
    const inner = node.children.find((child) => child !== null && (child.hasError || child.isMissing));
    if (!inner) break;
    node = inner;
  }
  return node.startIndex;
}
