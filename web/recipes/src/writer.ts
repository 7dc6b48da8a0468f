// Writes on, character by character, with the network's state kept between them.

import * as tf from "@tensorflow/tfjs";
import { load, type Origin, type Saved } from "./model";

export interface Choice {
  /** Below 1 the likely characters become likelier; 0 takes the likeliest always. */
  temperature?: number;
  /** Draw among so many likeliest ones; 0 for all. */
  topK?: number;
  /** Draw among the likeliest ones that have this probability together; 1 for all. */
  topP?: number;
  /** The most characters to write. */
  length?: number;
  /** Makes what is written repeatable: numbers from 0 to 1. */
  random?: () => number;
}

export class Writer {
  private readonly alphabet: string[];
  private readonly rare: number;
  private readonly end: number | null;
  private readonly oneHot: boolean;

  private constructor(private readonly saved: Saved) {
    const { alphabet, rare, end, input } = saved.metadata;
    this.alphabet = alphabet as string[];
    this.rare = rare as number;
    this.end = (end as number | null) ?? null;
    this.oneHot = input !== "numbers";
  }

  /** Loads what `velveteen writer train` wrote. */
  static async load(origin: Origin): Promise<Writer> {
    return new Writer(await load(origin, "writer"));
  }

  /** Yields the characters that follow a prompt, until the end of a message or `length`. */
  async *write(prompt: string, choice: Choice = {}): AsyncGenerator<string> {
    const { length = 500, random = Math.random } = choice;
    let states = this.saved.model.inputs.slice(1).map((state) => tf.zeros([1, state.shape[1]!]));
    let probabilities: Float32Array = new Float32Array();
    const read = async (place: number) => {
      const [output, ...after] = tf.tidy(() => this.saved.model.predict([this.input(place), ...states]) as tf.Tensor[]);
      tf.dispose(states);
      states = after as tf.Tensor2D[];
      probabilities = (await output!.data()) as Float32Array;
      output!.dispose();
    };
    try {
      const beginning = this.end ?? this.alphabet.indexOf("\n");
      await read(beginning < 0 ? this.rare : beginning);
      for (const character of prompt) {
        const place = this.alphabet.indexOf(character);
        await read(place < 0 ? this.rare : place);
      }
      for (let count = 0; count < length; count++) {
        const place = draw(probabilities, this.rare, choice, random);
        if (place === this.end) return;
        yield this.alphabet[place]!;
        await read(place);
      }
    } finally {
      tf.dispose(states);
    }
  }

  private input(place: number): tf.Tensor {
    return this.oneHot ? tf.oneHot([[place]], this.alphabet.length).toFloat() : tf.tensor2d([[place]]);
  }

  dispose(): void {
    this.saved.model.dispose();
  }
}

/** Draws a place with these probabilities, as velveteen/recipes/writer/sampling.py does; never `left`. */
export function draw(probabilities: ArrayLike<number>, left: number, choice: Choice, random: () => number): number {
  const { temperature = 0.8, topK = 0, topP = 1 } = choice;
  const order = Array.from(probabilities, (_, place) => place).filter((place) => place !== left);
  order.sort((a, b) => probabilities[b]! - probabilities[a]!);
  if (temperature === 0 || topK === 1) return order[0]!;
  const likeliest = probabilities[order[0]!]!;
  let kept = topK > 0 ? order.slice(0, topK) : order;
  let weights = kept.map((place) => (probabilities[place]! / likeliest) ** (1 / temperature));
  if (topP < 1) {
    const enough = topP * weights.reduce((sum, weight) => sum + weight, 0);
    let before = 0;
    const count = weights.findIndex((weight) => (before += weight) >= enough) + 1;
    [kept, weights] = [kept.slice(0, count || kept.length), weights.slice(0, count || weights.length)];
  }
  let rest = random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    rest -= weight;
    if (rest < 0) return kept[index]!;
  }
  return kept.at(-1)!;
}
