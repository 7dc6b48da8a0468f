// From probabilities to decisions, as velveteen/recipes/formatter/decode.py makes them: each gap's knows those before it, yet all
// are computed at once, again and again until nothing changes.

import type { Facts } from "./features";
import { guess, place, state, STATE, type Classes, type Layout } from "./layout";
import type { Network, Read } from "./network";
import type { Reading } from "./reading";
import { APART, AS_IT_IS, LINE_ENDS, LINE_GOES_ON, MUST_BREAK, NO_BREAK, NO_SPACE, TOGETHER, WORDS, type Source } from "./tokens";

const [FULL_ROUNDS, WINDOW] = [16, 2048];
const MOST_WORK = 50_000_000;
const HARDLY = 1e-30;

/** What was decided: the classes, with `blanks` as numbers of lines, and where all stands; `settled` gaps are so for good. */
export interface Decisions extends Classes {
  layout: Layout;
  settled: number;
}

/** Returns the likeliest decision for each gap, given those before it. */
export async function decide(network: Network, facts: Facts, reading: Reading): Promise<Decisions> {
  const { source } = facts;
  const count = source.starts.length;
  const read = await network.read(facts);
  const allowed = allowedClasses(source, reading);
  const classes = guess(facts, reading);
  const known = new Float32Array(count * STATE).fill(NaN);
  const mostRounds = Math.floor(MOST_WORK / count) + FULL_ROUNDS;
  let first = 0;
  let layout = place(facts, reading, classes);
  for (let round = 0; round < mostRounds; round++) {
    layout = place(facts, reading, classes);
    const end = round < FULL_ROUNDS ? count : Math.min(first + WINDOW, count);
    const rows = Array.from({ length: end - first }, (_, i) => first + i);
    const seen = state(facts, layout, reading, rows);
    const changed = rows.filter((row, place) => {
      for (let i = 0; i < STATE; i++) if (seen[place * STATE + i] !== known[row * STATE + i]) return true;
      return false;
    });
    if (!changed.length) {
      first = end;
      if (first === count) break;
      continue;
    }
    const start = first;
    first = changed[0]!;
    for (const row of changed) known.set(seen.subarray((row - start) * STATE, (row - start + 1) * STATE), row * STATE);
    await update(network, read, known, changed, allowed, classes);
  }
  const blanks = classes.blanks.map((number, i) => {
    const [low, high] = reading.style.blanks[number]!;
    return Math.min(Math.max(source.blanks[i]!, low), high);
  });
  return { kinds: classes.kinds, indents: classes.indents, blanks, layout, settled: first };
}

/** Takes the likeliest allowed classes of some gaps. */
async function update(network: Network, read: Read, known: Float32Array, rows: number[], allowed: number[][], classes: Classes): Promise<void> {
  const { gap, indent, blank } = await network.decide(read, known, rows);
  for (const [place, row] of rows.entries()) {
    classes.kinds[row] = largest(gap[place]!, allowed[row]);
    classes.indents[row] = largest(indent[place]!);
    classes.blanks[row] = largest(blank[place]!);
  }
}

function largest(chances: ArrayLike<number>, weights?: number[]): number {
  let [best, most] = [0, -1];
  for (let i = 0; i < chances.length; i++) {
    const chance = chances[i]! * (weights?.[i] ?? 1);
    if (chance > most) [best, most] = [i, chance];
  }
  return best;
}

/** Returns 1 for each class that the rules of a gap allow, a very small number for the others. */
function allowedClasses(source: Source, { style }: Reading): number[][] {
  const isSpace = [...style.spaces.map((space) => space !== ""), false];
  const isBreak = [...style.spaces.map(() => false), true];
  const every = (may: (space: boolean, lineBreak: boolean) => boolean) => isSpace.map((space, i) => (may(space, isBreak[i]!) ? 1 + HARDLY : HARDLY));
  const rules: Record<number, number[]> = {
    [MUST_BREAK]: every((_, lineBreak) => lineBreak),
    [NO_BREAK]: every((_, lineBreak) => !lineBreak),
    [WORDS]: every((space, lineBreak) => space || lineBreak),
    [NO_SPACE]: every((space) => !space),
    [AS_IT_IS]: every((_, lineBreak) => !lineBreak),
    [LINE_ENDS]: every((_, lineBreak) => lineBreak),
    [LINE_GOES_ON]: every((_, lineBreak) => !lineBreak),
    [TOGETHER]: every((space, lineBreak) => !space && !lineBreak),
    [APART]: every((space, lineBreak) => space || lineBreak),
  };
  const free = every(() => true);
  return source.rules.map((rule) => rules[rule] ?? free);
}
