// Decisions become text again, and the proof that nothing but white space is different: velveteen/recipes/formatter/writing.py.

import type { Parser } from "web-tree-sitter";
import type { Decisions } from "./decode";
import type { Reading } from "./reading";
import { AS_IT_IS, bracketDepths, gap, NO_SPACE, parse, SourceError, token, WORDS, type Source } from "./tokens";

/** A text with "\n" between lines, and what else it takes to write it again. New line ends are `lineEnd`. */
export interface Text {
  body: string;
  mark: string;
  lineEnds: string[];
  lineEnd: string;
}

/** Returns a text without its byte order mark and its own line ends. Throws a SourceError for line ends of the old Mac. */
export function decode(content: string): Text {
  const mark = content.startsWith("\ufeff") ? "\ufeff" : "";
  const pieces = content.slice(mark.length).split("\n");
  const lineEnds = pieces.slice(0, -1).map((piece) => (piece.endsWith("\r") ? "\r\n" : "\n"));
  const body = content.slice(mark.length).replaceAll("\r\n", "\n");
  if (body.includes("\r")) {
    const line = body.slice(0, body.indexOf("\r")).split("\n").length;
    throw new SourceError(`line ${line}: a carriage return without a line feed. Convert the file's line ends first.`);
  }
  const windows = lineEnds.filter((end) => end === "\r\n").length;
  return { body, mark, lineEnds, lineEnd: windows * 2 > lineEnds.length ? "\r\n" : "\n" };
}

/** Returns what stands behind each token but the last, "\n" for line breaks. */
export function gapTexts(source: Source, { kinds, blanks, layout }: Decisions, reading: Reading): string[] {
  return kinds.slice(0, -1).map((kind, i) => {
    if (kind === reading.lineBreak) return "\n".repeat(blanks[i]! + 1) + reading.indentation(layout.starts[i + 1]!);
    return source.rules[i] === AS_IT_IS ? gap(source, i) : reading.style.spaces[kind]!;
  });
}

/** Returns the tokens as they are written: of comments whose lines begin with stars, these are moved below each other. */
export function written(source: Source, starts: number[], reading: Reading): string[] {
  return source.starts.map((_, i) => {
    const own = token(source, i);
    const isMoved = source.tails[i]! >= 0 && source.comments[i] && reading.style.star_comments;
    return (isMoved && withStars(own, reading.indentation(starts[i]!))) || own;
  });
}

/** Returns the text, with its own line ends. */
export function compose(source: Source, tokens: string[], gaps: string[], text: Text): string {
  const parts = tokens.map((own, i) => {
    const isMoved = own !== token(source, i);
    return (isMoved ? own.replaceAll("\n", text.lineEnd) : ownLineEnds(source, i, text)) + (gaps[i] ?? "").replaceAll("\n", text.lineEnd);
  });
  return text.mark + parts.join("") + (tokens.at(-1)!.endsWith("\n") ? "" : text.lineEnd);
}

/** White space that is replaced: from `start` to `end`, which count UTF-16 units of the code with "\n" between lines. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Returns the edits that make the formatted text from the source, which begins at an offset of the code. */
export function edits(source: Source, tokens: string[], gaps: string[], offset: number): Edit[] {
  const { starts, ends, text } = source;
  const end = tokens.at(-1)!.endsWith("\n") ? "" : "\n";
  const all = [{ start: 0, end: starts[0]!, text: "" }];
  for (const [i, own] of tokens.entries()) {
    all.push({ start: starts[i]!, end: ends[i]!, text: own }, { start: ends[i]!, end: starts[i + 1] ?? text.length, text: gaps[i] ?? end });
  }
  const real = all.filter((edit) => edit.text !== text.slice(edit.start, edit.end));
  return real.map((edit) => ({ ...edit, start: edit.start + offset, end: edit.end + offset }));
}

/** Returns a token with the line ends that it had. */
function ownLineEnds(source: Source, index: number, text: Text): string {
  if (source.tails[index]! < 0) return token(source, index);
  const line = source.text.slice(0, source.starts[index]).split("\n").length - 1;
  const lines = token(source, index).split("\n");
  return lines.map((each, i) => each + (i < lines.length - 1 ? text.lineEnds[line + i] : "")).join("");
}

/** Returns a comment whose further lines all begin with a star, with the stars below each other; else null. */
function withStars(comment: string, margin: string): string | null {
  const [first, ...lines] = comment.split("\n");
  const bodies = lines.map(stripped);
  if (!first!.startsWith("/*") || !bodies.every((body) => body.startsWith("*"))) return null;
  return [first!.replace(/[ \t]+$/, ""), ...bodies.map((body) => `${margin} ${body}`)].join("\n");
}

const stripped = (line: string): string => line.replace(/^[ \t]+|[ \t]+$/g, "");

/** Makes sure that a formatted text ("\n" between lines) has the tokens and the tree of the source; throws a SourceError if not. */
export function checkUnchanged(before: Source, after: string, parser: Parser): void {
  let now: Source;
  try {
    now = parse(after, before.language, parser);
  } catch (error) {
    throw new SourceError(`formatting would break it: ${(error as Error).message} It is left as it was.`);
  }
  const both = Math.min(before.starts.length, now.starts.length);
  for (let i = 0; i < both; i++) {
    const [old, other] = [token(before, i), token(now, i)];
    if (old !== other && !(before.comments[i] && plain(old) === plain(other))) throw changed(before, i);
  }
  if (before.starts.length !== now.starts.length) throw changed(before, both - 1);
  const isShown = (rule: number) => rule === NO_SPACE || rule === WORDS || rule === AS_IT_IS;
  const shown = before.rules.findIndex((rule, i) => rule !== now.rules[i] && (isShown(rule) || isShown(now.rules[i]!)));
  if (shown >= 0) throw changed(before, shown);
  const misplaced = before.language.linesMatter ? misindented(now) : null;
  if (misplaced !== null) throw changed(before, misplaced);
  const [oldTree, newTree] = [tree(before), tree(now)];
  const unequal = oldTree.findIndex((node, i) => !newTree[i] || newTree[i].kind !== node.kind || newTree[i].parent !== node.parent || newTree[i].first !== node.first);
  if (unequal >= 0 || oldTree.length !== newTree.length) throw changed(before, Math.min(oldTree.at(unequal)!.first, both - 1));
}

/** Returns kinds, parents and first tokens of the nodes, comments left out: where these belong is a matter of taste. */
function tree(source: Source): { kind: number; parent: number; first: number }[] {
  const { nodes, comments, kinds } = source;
  const ofComments = new Set(kinds.filter((_, i) => comments[i]));
  const code = [0]; // tokens that are no comments, before each
  for (const isComment of comments) code.push(code.at(-1)! + Number(!isComment));
  let kept = 0;
  const numbers = nodes.kinds.map((kind) => (ofComments.has(kind) ? kept - 1 : kept++));
  return nodes.kinds.flatMap((kind, i) => {
    const parent = nodes.parents[i]!;
    return ofComments.has(kind) ? [] : [{ kind, parent: parent < 0 ? -1 : numbers[parent]!, first: code[nodes.firsts[i]!]! }];
  });
}

/** Returns the first token of a line whose indentation Python would refuse, which its grammar does not, or null. */
function misindented(source: Source): number | null {
  const depths = bracketDepths(source.starts.map((_, i) => token(source, i)));
  const open = [0];
  let code = 0; // the last token that is no comment
  for (let i = 0; i < source.starts.length - 1; i++) {
    if (!source.comments[i]) code = i;
    const space = gap(source, i);
    if (!space.includes("\n") || depths[i] || source.comments[i + 1]) continue;
    let column = 0;
    for (const sign of space.slice(space.lastIndexOf("\n") + 1)) column = sign === "\t" ? column - (column % 8) + 8 : column + 1;
    if (column > open.at(-1)! && token(source, code) === ":") open.push(column);
    while (column < open.at(-1)!) open.pop();
    if (column !== open.at(-1)) return i + 1;
  }
  return null;
}

/** Returns a comment without the white space around its lines, if its further lines begin with stars. */
function plain(comment: string): string {
  const lines = comment.split("\n").map(stripped);
  return lines.slice(1).every((line) => line.startsWith("*")) ? lines.join("\n") : comment;
}

function changed(source: Source, index: number): SourceError {
  const line = source.text.slice(0, source.starts[index]).split("\n").length;
  const near = token(source, index).slice(0, 30).split("\n")[0];
  return new SourceError(`line ${line}: formatting would change more than white space, near "${near}". It is left as it was.`);
}
