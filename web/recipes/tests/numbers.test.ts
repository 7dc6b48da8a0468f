// `VELVETEEN_NUMBERS` names a file with inputs and what Python makes of them; tests/web/test_numbers.py writes it.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fromFolder, useWasm } from "../src/node";
import { formatted, found, type Sample } from "./numbers";

const file = process.env.VELVETEEN_NUMBERS;

interface Told {
  formatter: { folder: string; samples: (Sample & { text: string; error: string | null; gap: number[] })[] }[];
  layout: { folder: string; pictures: { width: number; height: number; colours: number[]; findings: object[]; heat: number[] }[] };
}

/** The largest difference of two lists of numbers. */
function difference(ours: number[], theirs: number[]): number {
  expect(ours.length).toBe(theirs.length);
  return ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0);
}

describe.skipIf(!file)("the numbers of Python", () => {
  const told = (file ? JSON.parse(readFileSync(file, "utf8")) : { formatter: [], layout: { pictures: [] } }) as Told;

  it("are the formatter's", { timeout: 120_000 }, async () => {
    await useWasm();
    for (const { folder, samples } of told.formatter) {
      const answers = await formatted(fromFolder(folder), samples);
      for (const [i, { text, error, gap }] of samples.entries()) {
        expect(answers[i]).toMatchObject({ text, error });
        expect(answers[i]!.applied).toBe(text.replaceAll("\r\n", "\n"));
        expect(difference(answers[i]!.gap, gap)).toBeLessThan(1e-4);
      }
    }
  });

  it("are the layout's", { timeout: 120_000 }, async () => {
    await useWasm();
    const answers = await found(fromFolder(told.layout.folder), told.layout.pictures);
    for (const [i, { findings, heat }] of told.layout.pictures.entries()) {
      expect(answers[i]!.findings).toEqual(findings);
      expect(difference(answers[i]!.heat, heat)).toBeLessThanOrEqual(1); // of 255, where a probability is rounded
    }
  });
});
