// The network on TensorFlow.js, in the two parts that decoding needs: what reads the text once, and what decides.

import * as tf from "@tensorflow/tfjs";
import { KIND_COLUMNS, WORD_COLUMNS, type Facts } from "./features";
import { STATE } from "./layout";

const HEADS = ["gap", "indent", "blank"] as const;
const [CORE, MARGIN] = [384, 64];
const LENGTHS = [64, 128, 256, CORE + 2 * MARGIN];
const WINDOWS = 16;
/** The network decides about so many gaps at once, filled up with zeros, since a graphics card compiles a program for each shape. */
const ROWS = [64, 256, 1024];

/** What the network has read around each gap, [gaps, units]. */
export interface Read {
  values: Float32Array;
  units: number;
}

/** The probabilities of the classes of some gaps: of what stands there, of indentation, of blank lines. */
export type Chances = Record<(typeof HEADS)[number], Float32Array[]>;

export class Network {
  private readonly reader: tf.LayersModel;
  private readonly measures: number;

  constructor(private readonly model: tf.LayersModel) {
    this.reader = tf.model({ inputs: model.inputs.slice(0, 3), outputs: model.getLayer("read").output as tf.SymbolicTensor });
    this.measures = model.inputs[2]!.shape.at(-1)!;
  }

  /** Reads a text, window by window: a window's margins are read along, and belong to its neighbours. */
  async read({ source, kinds, words, measures }: Facts): Promise<Read> {
    const count = source.starts.length;
    const byLength = new Map<number, Window[]>();
    for (let first = 0; first < count; first += CORE) {
      const last = Math.min(first + CORE, count);
      const [start, end] = [Math.max(first - MARGIN, 0), Math.min(last + MARGIN, count)];
      const length = LENGTHS.find((each) => each >= end - start)!;
      byLength.set(length, [...(byLength.get(length) ?? []), { start, end, first, last }]);
    }
    const known = measures.length / count; // a model takes all the measures, or the first ones if it is older than the others
    let [values, units] = [new Float32Array(), 0];
    for (const [length, all] of byLength) {
      for (let from = 0; from < all.length; from += WINDOWS) {
        const some = all.slice(from, from + WINDOWS);
        const output = tf.tidy(() => {
          const shape = (columns: number): [number, number, number] => [some.length, length, columns];
          return this.reader.predict([
            tf.tensor3d(cut(kinds, KIND_COLUMNS, KIND_COLUMNS, some, length, Int32Array), shape(KIND_COLUMNS), "int32"),
            tf.tensor3d(cut(words, WORD_COLUMNS, WORD_COLUMNS, some, length, Int32Array), shape(WORD_COLUMNS), "int32"),
            tf.tensor3d(cut(measures, known, this.measures, some, length, Float32Array), shape(this.measures)),
          ]) as tf.Tensor3D;
        });
        units = output.shape[2];
        const data = await output.data();
        output.dispose();
        if (!values.length) values = new Float32Array(count * units);
        for (const [row, { start, first, last }] of some.entries()) {
          const begin = (row * length + first - start) * units;
          values.set(data.subarray(begin, begin + (last - first) * units), first * units);
        }
      }
    }
    return { values, units };
  }

  /** Returns the probabilities for some gaps, given [gaps, STATE], what was decided before each. */
  async decide({ values, units }: Read, seen: Float32Array, rows: number[]): Promise<Chances> {
    const chances: Chances = { gap: [], indent: [], blank: [] };
    for (let from = 0; from < rows.length; from += ROWS.at(-1)!) {
      const some = rows.slice(from, from + ROWS.at(-1)!);
      const size = ROWS.find((each) => each >= some.length)!;
      const [around, before] = [new Float32Array(size * units), new Float32Array(size * STATE)];
      for (const [place, row] of some.entries()) {
        around.set(values.subarray(row * units, (row + 1) * units), place * units);
        before.set(seen.subarray(row * STATE, (row + 1) * STATE), place * STATE);
      }
      const outputs = tf.tidy(() => {
        const layer = (name: string, input: tf.Tensor) => this.model.getLayer(name).apply(input) as tf.Tensor;
        const both = layer("decided", tf.tensor2d(before, [size, STATE])).add(tf.tensor2d(around, [size, units]));
        const hidden = layer("hidden", both.relu());
        return HEADS.map((name) => layer(name, hidden));
      });
      for (const [head, name] of HEADS.entries()) {
        const output = outputs[head]!;
        const classes = output.shape[1]!;
        const data = (await output.data()) as Float32Array;
        for (const place of some.keys()) chances[name].push(data.subarray(place * classes, (place + 1) * classes));
        output.dispose();
      }
    }
    return chances;
  }

  dispose(): void {
    this.model.dispose();
  }
}

interface Window {
  start: number;
  end: number;
  first: number;
  last: number;
}

/** Returns the rows of windows, [windows, length, taken], of a table with so many columns; what is missing is zero. */
function cut<T extends Int32Array | Float32Array>(table: T, columns: number, taken: number, windows: Window[], length: number, kind: new (size: number) => T): T {
  const result = new kind(windows.length * length * taken);
  for (const [row, { start, end }] of windows.entries()) {
    for (let i = start; i < end; i++) result.set(table.subarray(i * columns, i * columns + taken), (row * length + i - start) * taken);
  }
  return result;
}
