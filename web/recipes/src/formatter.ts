// Lays out code in a learned style, and changes nothing but white space.

import type { Parser } from "web-tree-sitter";
import { decide } from "./formatter/decode";
import { read } from "./formatter/features";
import { LANGUAGES, type Language } from "./formatter/languages";
import { Network } from "./formatter/network";
import { Reading } from "./formatter/reading";
import { parse, SourceError, type Source } from "./formatter/tokens";
import { checkUnchanged, compose, decode, edits, gapTexts, written, type Edit } from "./formatter/writing";
import { parser } from "./grammars";
import { load, type Origin } from "./model";

/** So many bytes of white space a text may get, and so many times its own size. */
const [LARGEST_SPACE, MOST_SPACE] = [10_000_000, 10];

export interface Formatted {
  /** The formatted code; the old one where there is an error. */
  text: string;
  isChanged: boolean;
  /** What makes the formatted code from the old one. */
  edits: Edit[];
  /** Why the code is left as it was, with the line; null where it is not. */
  error: string | null;
}

export class Formatter {
  private readonly network: Network;
  private readonly reading: Reading;
  /** The languages that the model has learned. */
  readonly languages: string[];

  private constructor(saved: { model: ConstructorParameters<typeof Network>[0]; metadata: Record<string, unknown> }) {
    this.network = new Network(saved.model);
    this.reading = new Reading(saved.metadata as never);
    this.languages = saved.metadata.languages as string[];
  }

  /** Loads what `velveteen formatter train` wrote. */
  static async load(origin: Origin): Promise<Formatter> {
    const saved = await load(origin, "formatter");
    if ((saved.metadata.model ?? "lstm") !== "lstm") {
      saved.model.dispose();
      throw new Error("This model is a baseline that only counts; Formatter takes those that velveteen formatter train writes by default.");
    }
    return new Formatter(saved);
  }

  /**
   * Lays out code anew. Afterwards it is parsed again; if it has other tokens or another tree, it is left as it was.
   * @param language one of `languages`, by default the first of them that the code can be parsed as.
   */
  async format(code: string, language?: string): Promise<Formatted> {
    const unchanged = (error: string | null): Formatted => ({ text: code, isChanged: false, edits: [], error });
    try {
      const text = decode(code);
      const [source, grammar] = await this.parsed(text.body, language);
      if (!source.starts.length) return unchanged(null);
      const decisions = await decide(this.network, read(source, this.reading), this.reading);
      if (source.starts.length > decisions.settled) throw new SourceError("it is so long, or nested so deeply, that its layout would take too long. It is left as it was.");
      const gaps = gapTexts(source, decisions, this.reading);
      if (gaps.reduce((sum, each) => sum + each.length, 0) > LARGEST_SPACE + MOST_SPACE * text.body.length) {
        throw new SourceError("it is nested so deeply that it would be mostly indentation. It is left as it was.");
      }
      const tokens = written(source, decisions.layout.starts, this.reading);
      const composed = compose(source, tokens, gaps, text);
      checkUnchanged(source, composed.slice(text.mark.length).replaceAll("\r\n", "\n"), grammar);
      return { text: composed, isChanged: composed !== code, edits: edits(source, tokens, gaps, text.mark.length), error: null };
    } catch (error) {
      if (error instanceof SourceError) return unchanged(error.message);
      throw error;
    }
  }

  private async parsed(text: string, name?: string): Promise<[Source, Parser]> {
    const names = name === undefined ? this.languages : [name];
    let first: unknown;
    for (const each of names) {
      const language = languageOf(each);
      const grammar = await parser(language.grammar);
      try {
        return [parse(text, language, grammar), grammar];
      } catch (error) {
        first ??= error;
      }
    }
    throw first;
  }

  dispose(): void {
    this.network.dispose();
  }
}

/** Languages from the one in which the least is right, so that a program of few words is not taken for a style sheet. */
const GUESSED = ["json", "javascript", "typescript", "tsx", "css", "python", "go"];

/** Returns the first language that code can be parsed as, or null. JSON comes first, then JavaScript and those around it. */
export async function guessLanguage(code: string): Promise<string | null> {
  for (const name of GUESSED) {
    const language = LANGUAGES.get(name)!;
    try {
      if (parse(code.replace(/^\ufeff/, "").replaceAll("\r\n", "\n"), language, await parser(language.grammar)).starts.length) return name;
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
    }
  }
  return null;
}

function languageOf(name: string): Language {
  const found = LANGUAGES.get(name);
  if (!found) throw new Error(`There is no language "${name}". Known: ${[...LANGUAGES.keys()].join(", ")}.`);
  return found;
}
