// What the classes compute, to be compared with what Python computes: in Node by numbers.test.ts, in Chromium by tests/web.

import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { Formatter, Layout, type Origin } from "../src/index";
import { decide } from "../src/formatter/decode";
import { read } from "../src/formatter/features";
import { LANGUAGES } from "../src/formatter/languages";
import { state } from "../src/formatter/layout";
import type { Network } from "../src/formatter/network";
import type { Reading } from "../src/formatter/reading";
import { parse } from "../src/formatter/tokens";
import { parser } from "../src/grammars";

export interface Sample {
  language: string;
  code: string;
}

/** Chooses TensorFlow.js's WebAssembly; the address of its files is told to pages. */
export async function useWasm(address: string): Promise<void> {
  setWasmPaths(address);
  await tf.setBackend("wasm");
}

/** Returns formatted texts, and at each gap of the code what is likely, flat. */
export async function formatted(origin: Origin, samples: Sample[]): Promise<{ text: string; error: string | null; applied: string; gap: number[] }[]> {
  const formatter = await Formatter.load(origin);
  const { network, reading } = formatter as unknown as { network: Network; reading: Reading };
  const answers = [];
  for (const { code, language } of samples) {
    const { text, error, edits } = await formatter.format(code, language);
    const applied = edits.reduceRight((now, edit) => now.slice(0, edit.start) + edit.text + now.slice(edit.end), code.replaceAll("\r\n", "\n"));
    let gap: number[] = [];
    if (error === null && code.trim()) {
      const told = LANGUAGES.get(language)!;
      const source = parse(code.replaceAll("\r\n", "\n"), told, await parser(told.grammar));
      const facts = read(source, reading);
      const { layout } = await decide(network, facts, reading);
      const rows = [...source.starts.keys()];
      gap = (await network.decide(await network.read(facts), state(facts, layout, reading, rows), rows)).gap.flatMap((row) => [...row]);
    }
    answers.push({ text, error, applied, gap });
  }
  formatter.dispose();
  return answers;
}

/** Returns what is found in pictures (colours flat, three bytes a pixel), with the heat maps. */
export async function found(origin: Origin, pictures: { width: number; height: number; colours: number[] }[]): Promise<{ findings: object[]; heat: number[] }[]> {
  const layout = await Layout.load(origin);
  const answers = [];
  for (const { width, height, colours } of pictures) {
    const data = Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => (i % 4 === 3 ? 255 : colours[3 * Math.floor(i / 4) + (i % 4)]!));
    const { findings, heat } = await layout.find({ data, width, height });
    answers.push({ findings, heat: [...heat] });
  }
  layout.dispose();
  return answers;
}
