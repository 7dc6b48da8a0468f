// What a model's texts are read with, from its metadata: vocabulary, contexts and style, as Python wrote them.

import { LINE_ENDS, MUST_BREAK, token, type Source } from "./tokens";

export const [NEVER, MAYBE, ALWAYS] = [0, 1, 2] as const;
const [SURELY, HARDLY] = [0.97, 0.0005];

/** The classes, and what holds for all files: velveteen/recipes/formatter/style.py has what each means. */
export interface Style {
  spaces: string[];
  indents: [number, number][];
  blanks: [number, number][];
  tabs: boolean;
  unit: number;
  limit: number;
  star_comments: boolean;
}

interface Saved {
  vocabulary: { kinds: string[]; words: string[] };
  contexts: { size: number; keys: number[]; spaces: number[]; shares: number[] };
  style: Style;
}

export class Reading {
  readonly style: Style;
  /** The number of "there is none" among kinds. */
  readonly none: number;
  private readonly size: number;
  private readonly kindNumbers: Map<string, number>;
  private readonly wordNumbers: Map<string, number>;
  private readonly contexts: Map<number, { space: number; share: number }>;

  constructor({ vocabulary, contexts, style }: Saved) {
    this.style = style;
    this.size = contexts.size;
    this.none = vocabulary.kinds.length + 1;
    this.kindNumbers = new Map(vocabulary.kinds.map((kind, i) => [kind, i + 1]));
    this.wordNumbers = new Map(vocabulary.words.map((word, i) => [word, i + 1]));
    this.contexts = new Map(contexts.keys.map((key, i) => [key, { space: contexts.spaces[i]!, share: contexts.shares[i]! }]));
  }

  /** The class for a line break. */
  get lineBreak(): number {
    return this.style.spaces.length;
  }

  /** The columns of each class of space; 0 for the line break. */
  get widths(): number[] {
    return [...this.style.spaces.map((space) => space.replaceAll("\t", " ".repeat(this.style.unit)).length), 0];
  }

  /** Returns the white space at the beginning of a line. */
  indentation(columns: number): string {
    const { tabs, unit } = this.style;
    return tabs ? "\t".repeat(Math.floor(columns / unit)) + " ".repeat(columns % unit) : " ".repeat(columns);
  }

  /** Returns the numbers of a grammar's kinds, 0 for what was never seen; names of signs are in quotes. */
  kinds(source: Source, ids: number[]): number[] {
    const known = new Map<number, number>();
    const number = (id: number) => {
      const name = source.grammar.nodeTypeForId(id) ?? "";
      return this.kindNumbers.get(source.grammar.nodeTypeIsNamed(id) ? name : `"${name}"`) ?? 0;
    };
    return ids.map((id) => {
      if (!known.has(id)) known.set(id, number(id));
      return known.get(id)!;
    });
  }

  words(source: Source): number[] {
    return source.starts.map((_, i) => this.wordNumbers.get(token(source, i)) ?? 0);
  }

  /** Returns the columns of a gap on one line, and NEVER, MAYBE or ALWAYS for a line break, by the kinds beside and around it. */
  context(before: number, after: number, common: number, rule: number): { space: number; breaking: number } {
    const short = before * this.size + after;
    const { space, share } = this.contexts.get((short + 1) * this.size + common) ?? this.contexts.get(-1 - short) ?? { space: 0, share: 0.5 };
    const always = share >= SURELY || rule === MUST_BREAK || rule === LINE_ENDS;
    return { space, breaking: always ? ALWAYS : share <= HARDLY ? NEVER : MAYBE };
  }
}
